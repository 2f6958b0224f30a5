/**
 * The requests of the batch endpoints.
 *
 * These schemas say what is legal on the wire. `InputIssue` says whether an input makes sense (a property name
 * that can exist, one parent, text that is a number).
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Association, type Given as GivenAssociation } from "./Association.ts"

/** The most inputs HubSpot takes in one batch. */
export const maxInputs = 100

/** The most inputs HubSpot takes in a batch read that asks for histories. */
export const maxInputsWithHistory = 50

const oneToAHundred = Schema.isBetweenLength(1, maxInputs)

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
export interface CreateInput extends Schema.Schema.Type<typeof CreateInput> {}

/**
 * An input, or a request, as a program may give it: property values may be numbers and booleans, and ids of association
 * types may be text. `InputIssue.read` makes the form that is sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Given<In> = {
  readonly [K in keyof In]: K extends "properties"
    ? Readonly<Record<string, string | number | boolean>>
    : K extends "associations"
      ? ReadonlyArray<GivenAssociation>
      : K extends "inputs"
        ? In[K] extends ReadonlyArray<infer One>
          ? ReadonlyArray<Given<One>>
          : never
        : In[K]
}

/**
 * `{ inputs }` of `POST /crm/v3/objects/line_items/batch/create`, 1 to 100 of them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchCreate = Schema.Struct({
  inputs: Schema.Array(CreateInput).check(oneToAHundred)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchCreate extends Schema.Schema.Type<typeof BatchCreate> {}

/**
 * A record to read or archive, by its id or, in a batch read, by the value of `idProperty`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const IdInput = Schema.Struct({ id: Schema.String })

/**
 * `POST …/batch/read`. With `idProperty`, a property with unique values, `inputs` hold its values instead
 * of ids. 1 to 100 inputs, at most 50 with `propertiesWithHistory`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchRead = Schema.Struct({
  inputs: Schema.Array(IdInput).check(oneToAHundred),
  properties: Schema.optionalKey(Schema.Array(Schema.String)),
  propertiesWithHistory: Schema.optionalKey(Schema.Array(Schema.String)),
  idProperty: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchRead extends Schema.Schema.Type<typeof BatchRead> {}

/**
 * The new values of one record. Associations cannot be changed by an update.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UpdateInput = Schema.Struct({
  id: Schema.String,
  properties: Schema.Record(Schema.String, Schema.String),
  idProperty: Schema.optionalKey(Schema.String),
  objectWriteTraceId: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface UpdateInput extends Schema.Schema.Type<typeof UpdateInput> {}

/**
 * `POST …/batch/update`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchUpdate = Schema.Struct({ inputs: Schema.Array(UpdateInput).check(oneToAHundred) })

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchUpdate extends Schema.Schema.Type<typeof BatchUpdate> {}

/**
 * A record to create or, if one with this value of `idProperty` exists, to update. It takes no
 * associations.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UpsertInput = Schema.Struct({
  id: Schema.String,
  idProperty: Schema.String,
  properties: Schema.Record(Schema.String, Schema.String),
  objectWriteTraceId: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface UpsertInput extends Schema.Schema.Type<typeof UpsertInput> {}

/**
 * `POST …/batch/upsert`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchUpsert = Schema.Struct({ inputs: Schema.Array(UpsertInput).check(oneToAHundred) })

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchUpsert extends Schema.Schema.Type<typeof BatchUpsert> {}

/**
 * `POST …/batch/archive`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchArchive = Schema.Struct({ inputs: Schema.Array(IdInput).check(oneToAHundred) })

/**
 * @category models
 * @since 0.1.0
 */
export type BatchArchive = typeof BatchArchive.Type

/**
 * The body of a single create. It has no trace id: the answer is about the only input.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Create = Schema.Struct({
  properties: Schema.Record(Schema.String, Schema.String),
  associations: Schema.optionalKey(Schema.Array(Association))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Create extends Schema.Schema.Type<typeof Create> {}

/**
 * The body of a single update.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Update = Schema.Struct({ properties: Schema.Record(Schema.String, Schema.String) })

/**
 * @category models
 * @since 0.1.0
 */
export interface Update extends Schema.Schema.Type<typeof Update> {}
