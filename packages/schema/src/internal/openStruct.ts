/**
 * A struct as HubSpot's replies have it: fields that this version does not know are kept.
 */
import * as Schema from "effect/Schema"

const unknownFields = [Schema.Record(Schema.String, Schema.Unknown)] as const

export const OpenStruct = <const Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.StructWithRest(Schema.Struct(fields), unknownFields)
