/**
 * The command `undo`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Declare from "./Declare.ts"
import { exitWith, refused } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import { load } from "./load.ts"
import * as Manual from "./Manual.ts"

export const undoCommand = Command.make(
  "undo",
  {
    created: Argument.String("created").pipe(Argument.withDescription("A file that --created wrote")),
    yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("Archive without asking")),
    format: Flags.format,
    ...Declare.flags,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Undo] = yield* load(() => [import("./Connection.ts"), import("./Undo.ts")])
    const declared = yield* Declare.formatOf(flags)
    const { json, yes } = flags
    const format = Option.getOrUndefined(flags.format)
    const code = yield* Undo.run({ path: flags.created, format, declared, yes, json }).pipe(
      Effect.scoped,
      Effect.provide(Connection.hubspot(flags)),
      Effect.mapError(refused)
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Archive the line items that an import created, if they are still as their rows made them; it compares first, and asks"
  ),
  Command.withExamples([
    { command: "line-items undo created.csv", description: "Show what would be archived, and ask" },
    { command: "line-items undo created.csv --yes --json", description: "For a script" }
  ]),
  Command.withShortDescription("Archive what an import created"),
  Manual.ofJob
)
