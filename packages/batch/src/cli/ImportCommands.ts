/**
 * The commands that take a file: `import` sends its rows, `submit` plans them for workers.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as Declare from "./Declare.ts"
import { type Exit, exitWith, refused, usage } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import type * as Import from "./Import.ts"
import { load } from "./load.ts"
import * as Manual from "./Manual.ts"
import * as Output from "./Output.ts"

const input = Argument.String("input").pipe(
  Argument.withDescription('A CSV, Excel (.xlsx), NDJSON or JSON file, or "-" for the standard input')
)

/** How rows are read and created. */
const what = {
  format: Flags.format,
  ...Declare.flags,
  accept: Flag.Boolean("accept").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Read the file as line-items check proposes, if anything has to be declared")
  ),
  batchSize: Flags.batchSize,
  strategy: Flags.strategy,
  verifyRejections: Flags.verifyRejections,
  keyProperty: Flags.keyProperty.pipe(Flag.optional),
  keyColumn: Flags.keyColumn.pipe(Flag.optional)
}

interface What extends Declare.Given {
  readonly input: string
  readonly format: Option.Option<"csv" | "ndjson" | "json">
  readonly accept: boolean
  readonly batchSize: number
  readonly strategy: keyof typeof Flags.strategies
  readonly verifyRejections: boolean
  readonly keyProperty: Option.Option<string>
  readonly keyColumn: Option.Option<string>
}

const whatOf = Effect.fnUntraced(function* (
  flags: What
): Effect.fn.Return<
  Omit<Import.Options, "rejects" | "doubts" | "created" | "report">,
  Exit,
  FileSystem.FileSystem
> {
  if (flags.accept && Option.isSome(flags.formatFile)) {
    return yield* usage("--accept and --format-file exclude each other; give one")
  }
  if (flags.verifyRejections && flags.strategy !== "fail-visible") {
    return yield* usage(`--verify-rejections is for fail-visible; ${flags.strategy} does not use it`)
  }
  return {
    input: flags.input === "-" ? "stdin" : { path: flags.input },
    format: Option.getOrUndefined(flags.format),
    declared: yield* Declare.formatOf(flags),
    // What does not match a format file is wrong, and no reason for another proposal.
    proposals: Option.isSome(flags.formatFile) ? "none" : flags.accept ? "accept" : "show",
    batchSize: flags.batchSize,
    strategy: flags.verifyRejections ? DoubtStrategy.failVisibleVerified() : Flags.strategies[flags.strategy],
    keyProperty: Option.getOrUndefined(flags.keyProperty),
    keyColumn: Option.getOrUndefined(flags.keyColumn)
  }
})

export const importCommand = Command.make(
  "import",
  {
    input,
    emulator: Flag.Boolean("emulator").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Import into a HubSpot inside this process; nothing leaves the machine")
    ),
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    latency: Flags.latency,
    emulatorProperties: Flags.emulatorProperties,
    rejects: Flags.file(
      "rejects",
      "Write the rows that were not created to this file, with the reason, ready to be corrected"
    ),
    doubts: Flags.file("doubts", "Write the rows in doubt to this file"),
    created: Flags.file("created", "Write the rows that were created to this file, with their ids"),
    report: Flags.report,
    ...what,
    keepGoing: Flags.keepGoing,
    job: Flags.jobId,
    stateDir: Flags.stateDir,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    if (flags.emulator && Option.isSome(flags.baseUrl)) {
      return yield* usage("--emulator and --base-url exclude each other; give one")
    }
    if (flags.emulator && Option.isSome(flags.tokenFile)) {
      return yield* usage("--emulator needs no token; leave --token-file out")
    }
    if (!flags.emulator && Option.isSome(flags.latency)) {
      return yield* usage("--latency needs --emulator")
    }
    if (!flags.emulator && Option.isSome(flags.emulatorProperties)) {
      return yield* usage("--emulator-properties needs --emulator, or line-items serve")
    }
    const [Connection, EmulatorProperties] = yield* load(() => [
      import("./Connection.ts"),
      import("./EmulatorProperties.ts")
    ])
    const keyProperty = Option.getOrUndefined(flags.keyProperty)
    const own = yield* EmulatorProperties.read(flags.emulatorProperties, keyProperty)
    const what: Import.Options = {
      ...(yield* whatOf(flags)),
      rejects: Option.getOrUndefined(flags.rejects),
      doubts: Option.getOrUndefined(flags.doubts),
      created: Option.getOrUndefined(flags.created),
      report: Option.getOrUndefined(flags.report),
      concurrency: flags.concurrency,
      stopWhenAllRejected: !flags.keepGoing,
      emulated: flags.emulator ? yield* EmulatorProperties.withStandard(own) : undefined
    }
    const jobId = Option.getOrUndefined(flags.job)
    if (jobId === undefined && Option.isSome(flags.stateDir)) {
      return yield* usage("--state-dir is for durable imports; give --job <id> as well")
    }
    if (jobId !== undefined && flags.emulator) {
      return yield* usage(
        "--emulator forgets everything when it ends, so a job on it cannot be resumed; run line-items serve and give --base-url"
      )
    }
    const { code } = yield* Output.ofImport(flags.json, (show) =>
      Effect.gen(function* () {
        if (jobId === undefined) {
          const [Import] = yield* load(() => [import("./Import.ts")])
          return yield* Import.run(what, show)
        }
        const [DurableImport, JobRun] = yield* load(() => [
          import("./DurableImport.ts"),
          import("./JobRun.ts")
        ])
        return yield* Effect.flatMap(DurableImport.plan({ ...what, jobId }), (requests) =>
          JobRun.carryOn({ ...what, jobId, check: false, requests }, show)
        ).pipe(Connection.onJob(flags, jobId))
      }).pipe(
        Effect.scoped,
        Effect.provide(
          flags.emulator
            ? Connection.emulator(
                { limit: flags.limit, timeout: flags.timeout },
                Option.getOrUndefined(flags.latency),
                own
              )
            : Connection.hubspot(flags)
        ),
        Effect.mapError(refused)
      )
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Create a line item for every row of a file. The token comes from HUBSPOT_ACCESS_TOKEN, or from OAuth (--token-file). A column is a property by its internal name; deal_id, quote_id, … name the parent."
  ),
  Command.withExamples([
    {
      command: "line-items import items.csv --rejects rejects.csv",
      description: "Import, and keep what failed"
    },
    { command: "line-items import items.csv --emulator", description: "Try a file without HubSpot" },
    { command: "cat items.ndjson | line-items import - --json", description: "From a pipe, for a script" }
  ]),
  Command.withShortDescription("Create a line item for every row of a file"),
  Manual.ofImport
)

export const checkCommand = Command.make(
  "check",
  {
    input,
    format: Flags.format,
    ...Declare.flags,
    emulator: Flag.Boolean("emulator").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Check for the emulator, which has HubSpot's standard properties")
    ),
    emulatorProperties: Flags.emulatorProperties,
    baseUrl: Flags.baseUrl,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    save: Flags.file("save", "Write what is declared and proposed to this file, for import --format-file"),
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    if (flags.emulator && Option.isSome(flags.baseUrl)) {
      return yield* usage("--emulator and --base-url exclude each other; give one")
    }
    const [BeforeImport, Check, Connection, EmulatorProperties, Tokens] = yield* load(() => [
      import("./BeforeImport.ts"),
      import("./Check.ts"),
      import("./Connection.ts"),
      import("./EmulatorProperties.ts"),
      import("./Tokens.ts")
    ])
    const emulated = flags.emulator
      ? yield* EmulatorProperties.withStandard(
          yield* EmulatorProperties.read(flags.emulatorProperties, undefined)
        )
      : undefined
    const asked = BeforeImport.definitions(flags.input, undefined).pipe(
      Effect.provide(Connection.hubspot(flags)),
      Effect.mapError(refused)
    )
    const isAsked = emulated === undefined && (Option.isSome(flags.baseUrl) || (yield* Tokens.isGiven(flags)))
    const { code, text } = yield* Check.check(
      {
        path: flags.input,
        format: Option.getOrUndefined(flags.format),
        declared: yield* Declare.formatOf(flags),
        emulated,
        ask: isAsked ? asked : BeforeImport.standard(emulated)
      },
      { json: flags.json, save: Option.getOrUndefined(flags.save) }
    ).pipe(Effect.scoped)
    yield* Output.line(text)
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Show what a file is: its encoding and layout, the property that each column becomes, its problems, and the command that imports it. It sends no line item."
  ),
  Command.withExamples([
    { command: "line-items check items.csv", description: "Before the first import" },
    {
      command: "line-items check items.csv --save items.format.json",
      description: "Keep the declaration, for import --format-file"
    }
  ]),
  Command.withShortDescription("Show what a file is, and the command that imports it"),
  Manual.ofAccount
)

export const submitCommand = Command.make(
  "submit",
  {
    input,
    job: Flags.requiredJobId,
    databaseUrl: Flags.databaseUrl,
    ...what,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, DurableImport] = yield* load(() => [
      import("./Connection.ts"),
      import("./DurableImport.ts")
    ])
    const what = { ...(yield* whatOf(flags)), jobId: flags.job, rejects: undefined, doubts: undefined }
    yield* Effect.andThen(DurableImport.plan(what), DurableImport.submitted(flags.job, flags.json)).pipe(
      Connection.onJob(
        { ...flags, stateDir: Option.none(), databaseUrl: Option.some(flags.databaseUrl) },
        flags.job
      )
    )
  })
).pipe(
  Command.withDescription("Plan an import in a PostgreSQL database; its workers run it"),
  Command.withExamples([
    {
      command: "line-items submit items.csv --job q3",
      description: "With the database in LINE_ITEMS_DATABASE_URL"
    }
  ]),
  Command.withShortDescription("Plan an import for the workers of a PostgreSQL database"),
  Manual.ofBoth
)
