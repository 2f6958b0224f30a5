/**
 * The requests of the batch endpoints.
 *
 * These schemas say what is legal on the wire. Whether an input makes sense (a property name that can
 * exist, one parent, text that is a number) is `InputIssue`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Association } from "./Association.ts"

/** The most inputs HubSpot takes in one batch. */
export const maxInputs = 100

/**
 * One line item to create: `{ properties, associations?, objectWriteTraceId? }`.
 *
 * HubSpot's description calls `associations` required; its server takes inputs without.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CreateInput = Schema.Struct({
  associations: Schema.optionalKey(Schema.Array(Association)),
  properties: Schema.Record(Schema.String, Schema.String),
  objectWriteTraceId: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type CreateInput = typeof CreateInput.Type

/**
 * `{ inputs }` of `POST /crm/v3/objects/line_items/batch/create`, 1 to 100 of them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchCreate = Schema.Struct({
  inputs: Schema.Array(CreateInput).check(Schema.isBetweenLength(1, maxInputs))
})

/**
 * @category models
 * @since 0.1.0
 */
export type BatchCreate = typeof BatchCreate.Type
