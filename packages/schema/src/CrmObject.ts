/**
 * The envelope HubSpot puts around every CRM record, here around a line item.
 *
 * Only `id` is certain. Timestamps stay the ISO 8601 text that was sent: decoding a hundred of them
 * costs more than everything else in a reply, and a record was created even if its date is odd.
 * Unknown fields are kept.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { OpenStruct } from "./internal/openStruct.ts"
import * as ObjectId from "./ObjectId.ts"
import { PropertyValues, ValueFromWire } from "./internal/values.ts"

/**
 * One earlier value of a property, as `propertiesWithHistory` lists them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ValueWithTimestamp = OpenStruct({
  value: Schema.optional(Schema.NullOr(ValueFromWire)),
  timestamp: Schema.optional(Schema.String),
  sourceType: Schema.optional(Schema.String),
  sourceId: Schema.optional(Schema.NullOr(ObjectId.FromWire)),
  sourceLabel: Schema.optional(Schema.NullOr(Schema.String)),
  updatedByUserId: Schema.optional(Schema.NullOr(Schema.Int))
})

/**
 * HubSpot's warning about a record that it accepted nevertheless.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Warning = OpenStruct({
  category: Schema.optional(Schema.String),
  context: Schema.optional(Schema.Unknown),
  message: Schema.optional(Schema.String)
})

/**
 * Ids of one object type that a record is associated with, as a single read lists them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociatedIds = OpenStruct({
  results: Schema.Array(OpenStruct({ id: ObjectId.FromWire, type: Schema.optional(Schema.String) }))
})

/**
 * `{ id, properties, createdAt, updatedAt, archived, archivedAt?, objectWriteTraceId?, propertiesWithHistory?, url?, warnings?, associations?, new? }`.
 *
 * Only a single read that asks for `associations` has them, and only the results of an upsert have `new`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CrmObject = OpenStruct({
  id: ObjectId.FromWire,
  properties: Schema.optional(PropertyValues),
  createdAt: Schema.optional(Schema.String),
  updatedAt: Schema.optional(Schema.String),
  archived: Schema.optional(Schema.Boolean),
  archivedAt: Schema.optional(Schema.NullOr(Schema.String)),
  objectWriteTraceId: Schema.optional(Schema.NullOr(ObjectId.FromWire)),
  propertiesWithHistory: Schema.optional(
    Schema.NullOr(Schema.Record(Schema.String, Schema.Array(ValueWithTimestamp)))
  ),
  url: Schema.optional(Schema.NullOr(Schema.String)),
  warnings: Schema.optional(Schema.NullOr(Schema.Array(Warning))),
  associations: Schema.optional(Schema.NullOr(Schema.Record(Schema.String, AssociatedIds))),
  new: Schema.optional(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface CrmObject extends Schema.Schema.Type<typeof CrmObject> {}

/**
 * Whether a text can be the id of a record. An id from which a secret was redacted cannot.
 *
 * @category reading
 * @since 0.1.0
 */
export const isId = (text: string): boolean => /^[\w-]{1,64}$/.test(text)

/**
 * When the record was created, if HubSpot said so in a readable way.
 *
 * @category reading
 * @since 0.1.0
 * @public
 */
export const createdAt = (object: CrmObject): Option.Option<DateTime.Utc> =>
  DateTime.make(object.createdAt ?? "")
