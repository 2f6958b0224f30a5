/**
 * How a command ends otherwise than well: an exit code, and the lines to print before.
 */
import * as Schema from "effect/Schema"

/** `lines` go to the standard error, each complete in itself. */
export class Exit extends Schema.TaggedError<Exit>()("Exit", {
  code: Schema.Int,
  lines: Schema.Array(Schema.String)
}) {}
