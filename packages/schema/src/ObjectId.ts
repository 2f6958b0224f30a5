/**
 * The ids of records and of other things that HubSpot numbers. They are decimal text and stay text: no code
 * calculates with an id.
 *
 * HubSpot's descriptions say that ids are text. Some of its replies have a JSON number instead.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Transformation from "effect/SchemaTransformation"

/**
 * An id on the wire: text, or a number, which is read as its decimal text. It is written as text.
 *
 * A number beyond 2⁵³ − 1 does not decode, nor does the record that holds it: JavaScript has lost digits of it.
 *
 * **Example**
 *
 * ```ts
 * import { ObjectId } from "@effect-hubspot/schema"
 * import { Option, Schema } from "effect"
 *
 * const decode = Schema.decodeUnknownOption(ObjectId.FromWire)
 * const read = ["20000000001", 20000000001, 2 ** 60].map((id) => Option.getOrNull(decode(id)))
 * read // => ["20000000001", "20000000001", null]
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const FromWire = Schema.Union([
  Schema.String,
  Schema.Natural.pipe(
    Schema.decodeTo(Schema.String, Transformation.transform({ decode: String, encode: Number }))
  )
])
