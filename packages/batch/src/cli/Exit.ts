/**
 * How a command ends otherwise than well: an exit code, and the lines to print before.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Report from "./Report.ts"

/** `lines` go to the standard error, each complete in itself. */
export class Exit extends Schema.TaggedError<Exit>()("Exit", {
  code: Schema.Int,
  lines: Schema.Array(Schema.String)
}) {}

/** Ends a command with this code; the lines it had to say are said. */
export const exitWith = (code: number) =>
  code === 0 ? Effect.void : Effect.fail(new Exit({ code, lines: [] }))

/** The command was used wrongly. */
export const usage = (line: string) => new Exit({ code: Report.exitCodes.usage, lines: [line] })
