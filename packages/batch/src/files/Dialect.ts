/**
 * How the text of a file is written: its encoding, its delimiter, its quotes and its line ends. A file of rows that were not
 * created is written in the dialect of its input.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const yes = Schema.optionalKey(Schema.Literal(true))
const character = Schema.optionalKey(Schema.NonEmptyString)

/**
 * What differs from UTF-8 without a byte order mark, commas, `"` around cells, and LF.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Dialect = Schema.Struct({
  /** As the Encoding standard names it. */
  encoding: character,
  /** The text begins with a byte order mark. */
  mark: yes,
  /** A `sep=` line names the delimiter. */
  sep: yes,
  delimiter: character,
  /** The character around cells, or `none`. */
  quote: character,
  newline: Schema.optionalKey(Schema.Literals(["\r\n", "\r"])),
  /** Records that break the syntax are rows too, by their text. */
  broken: yes
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Dialect extends Schema.Schema.Type<typeof Dialect> {}
