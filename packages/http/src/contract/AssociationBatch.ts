/**
 * What the client sends to the association endpoints and reads from them.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as ObjectId from "@effect-hubspot/schema/ObjectId"
import * as Schema from "effect/Schema"

/** Fields beside those that are named. */
const unknownFields = [Schema.Record(Schema.String, Schema.Unknown)] as const

/** One association of a batch: `{ from, to, types }`. */
const AssociationInput = Schema.Struct({
  from: Schema.Struct({ id: Schema.String }),
  to: Schema.Struct({ id: Schema.String }),
  types: Schema.optionalKey(Schema.Array(Association.AssociationSpec))
})

/** `POST /crm/v4/associations/…/batch/create`: up to 2,000 associations, idempotent. */
export const BatchAssociate = Schema.Struct({ inputs: Schema.Array(AssociationInput) })

/**
 * The reply to a batch of associations. With types, a result names its pair by ids; by default, a result is one of the
 * two directions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociationBatchResponse = Schema.StructWithRest(
  Schema.Struct({
    status: Schema.optional(Schema.String),
    results: Schema.Array(
      Schema.StructWithRest(
        Schema.Struct({
          fromObjectId: Schema.optional(ObjectId.FromWire),
          from: Schema.optional(Schema.Struct({ id: ObjectId.FromWire }))
        }),
        unknownFields
      )
    ),
    errors: Schema.optional(Schema.NullOr(Schema.Array(ErrorBody.StandardError)))
  }),
  unknownFields
)

/**
 * A page of the ids that an object is associated with.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociationPage = Schema.StructWithRest(
  Schema.Struct({
    results: Schema.Array(
      Schema.StructWithRest(Schema.Struct({ toObjectId: ObjectId.FromWire }), unknownFields)
    ),
    paging: Schema.optional(
      Schema.NullOr(
        Schema.Struct({ next: Schema.optional(Schema.NullOr(Schema.Struct({ after: ObjectId.FromWire }))) })
      )
    )
  }),
  unknownFields
)
