/**
 * The ids of records, and of whatever else HubSpot counts. They are decimal text, and text they stay: no id
 * is ever calculated with.
 *
 * HubSpot's descriptions say text everywhere, and some of its replies have a JSON number in that place.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Transformation from "effect/SchemaTransformation"

/**
 * An id as it stands on the wire: text, or a number, which is read as its decimal text. It is written as text.
 *
 * A number beyond 2⁵³ − 1 has lost digits when JavaScript has read it, so it is no id, and the record it stands
 * in does not decode.
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
