/**
 * `line-items demo`: imports the sample into the embedded HubSpot, explains the output, and compares the report
 * with the emulator's ledger.
 */
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Report from "./Report.ts"
import { Exit } from "./Exit.ts"
import * as Import from "./Import.ts"

/** How long the embedded HubSpot takes for a request, in milliseconds: about as long as the real one. */
export const latency = { min: 80, max: 400 }

/** The sample, beside the sources or in the published package. */
const findSample = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const here = path.dirname(yield* Effect.orDie(path.fromFileUrl(new URL(import.meta.url))))
  const places = ["../../../../docs/examples/line-items.csv", "../../examples/line-items.csv"]
  for (const place of places) {
    const file = path.relative(path.resolve("."), path.join(here, place))
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) return file
  }
  return yield* new Exit({
    code: Report.exitCodes.usage,
    lines: ["the sample file is not installed; try: line-items import <your file> --emulator"]
  })
})

const introduction = `This imports 10,000 rows into a HubSpot that runs inside this process.
It keeps state, checks rows as HubSpot does, answers as slowly, and allows
190 requests per 10 seconds. HubSpot will reject 27 of the rows, and 73 are
invalid in the file itself. No request leaves this machine.
`

/** Imports the sample; the exit code says whether report and ledger agree. */
export const run = Effect.gen(function* () {
  const emulator = yield* Emulator.Emulator
  const path = yield* findSample
  const byNpx = yield* Effect.orElseSucceed(Config.String("npm_command"), () => "")
  // From the sources, by npx, or installed.
  const command = import.meta.url.endsWith(".ts")
    ? "npx -y pnpm@12 line-items"
    : byNpx === "exec"
      ? "npx -p @effect-hubspot/batch line-items"
      : "line-items"
  yield* Console.log(introduction)
  const { name, summary } = yield* Import.run(
    {
      input: { path },
      format: undefined,
      rejects: undefined,
      doubts: undefined,
      batchSize: undefined,
      concurrency: undefined,
      emulated: Emulator.propertiesOf(),
      named: 8
    },
    () => Effect.void
  )
  const ledger = yield* emulator.ledger
  const ids = new Set(ledger.created.map((record) => record.id))
  const sum = summary.created + summary.rejected + summary.invalid + summary.notSent + summary.inDoubt
  const agree =
    sum === summary.inputs &&
    ids.size === summary.created &&
    ids.size === ledger.created.length &&
    ledger.requests.length === summary.requests
  yield* Console.log(
    [
      "",
      Report.toText(name, summary),
      "",
      `The emulator's ledger: ${Report.format(ledger.created.length)} line items, ${Report.format(ledger.requests.length)} requests.`,
      agree
        ? "Report and ledger agree: every row has one outcome, nothing was lost, nothing was doubled."
        : "Report and ledger DO NOT agree. This is a bug; please report it.",
      "",
      "Next:",
      `  ${command} import ${path} --emulator --rejects rejects.csv`,
      `  ${command} serve`,
      `  ${command} --help`
    ].join("\n")
  )
  return agree ? Report.exitCodes.done : Report.exitCodes.bug
})
