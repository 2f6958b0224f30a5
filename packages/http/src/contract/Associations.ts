/**
 * The association endpoints of the contract: those of v4, which the client uses in part, and those of v3.
 *
 * One of the two object types of a path is line items. `Aliases` has the paths of the dated versions.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { AssociationBatchResponse, AssociationPage, BatchAssociate } from "./AssociationBatch.ts"
import { about, error, flag, id } from "./Endpoint.ts"

const associated = (status: 200 | 201) => [
  AssociationBatchResponse.pipe(HttpApiSchema.status(status)),
  AssociationBatchResponse.pipe(HttpApiSchema.status(207))
]

const types = { fromObjectType: Schema.String, toObjectType: Schema.String }
const pair = { ...types, ...id, toObjectId: Schema.String }

const batches = "/crm/v4/associations/:fromObjectType/:toObjectType"
const objects = "/crm/v4/objects/:fromObjectType/:id/associations"

/**
 * Those that the client asks.
 *
 * @category models
 * @since 0.1.0
 */
export const associations = HttpApiGroup.make("associations").add(
  HttpApiEndpoint.post("batchAssociate", `${batches}/batch/create`, {
    params: types,
    payload: BatchAssociate,
    success: associated(201),
    error
  }).annotateMerge(about("Associate line items", "Up to 2,000 at once; idempotent.")),
  HttpApiEndpoint.post("batchAssociateDefault", `${batches}/batch/associate/default`, {
    params: types,
    payload: BatchAssociate,
    success: associated(200),
    error
  }).annotateMerge(about("Associate line items by the default type", "Up to 2,000 at once; idempotent.")),
  HttpApiEndpoint.get("associationsOf", `${objects}/:toObjectType`, {
    params: { ...types, ...id },
    query: { limit: flag, after: flag },
    success: AssociationPage,
    error
  }).annotateMerge(about("What an object is associated with", "A direct read, not an index."))
)

const open = Schema.Record(Schema.String, Schema.Unknown)
const inputs = Schema.Struct({ inputs: Schema.Array(open) })
// A batch that removes is answered with nothing, in dated versions with an empty batch reply.
const removed = [HttpApiSchema.NoContent, open.pipe(HttpApiSchema.status(200))]

const byName = "/crm/v3/associations/:fromObjectType/:toObjectType"
const byNameOfOne = "/crm/v3/objects/:fromObjectType/:id/associations/:toObjectType"
const named = { ...pair, associationType: Schema.String }

/**
 * Those that other programs ask. In v3 an association type has a name.
 *
 * @category models
 * @since 0.1.0
 */
export const otherAssociations = HttpApiGroup.make("otherAssociations").add(
  HttpApiEndpoint.put("associatePair", `${objects}/:toObjectType/:toObjectId`, {
    params: pair,
    payload: Schema.Array(Association.AssociationSpec),
    success: open.pipe(HttpApiSchema.status(201)),
    error
  }).annotateMerge(about("Associate two objects", "By one or more types; idempotent.")),
  HttpApiEndpoint.put("associatePairDefault", `${objects}/default/:toObjectType/:toObjectId`, {
    params: pair,
    success: AssociationBatchResponse,
    error
  }).annotateMerge(about("Associate two objects by the default type", "Idempotent.")),
  HttpApiEndpoint.delete("dissociatePair", `${objects}/:toObjectType/:toObjectId`, {
    params: pair,
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Remove all associations of two objects", "")),
  HttpApiEndpoint.post("batchReadAssociations", `${batches}/batch/read`, {
    params: types,
    payload: inputs,
    success: associated(200),
    error
  }).annotateMerge(about("Read associations", "Of up to 1,000 objects.")),
  HttpApiEndpoint.post("batchDissociate", `${batches}/batch/archive`, {
    params: types,
    payload: inputs,
    success: removed,
    error
  }).annotateMerge(about("Remove associations", "All types of each pair.")),
  HttpApiEndpoint.post("batchDissociateTypes", `${batches}/batch/labels/archive`, {
    params: types,
    payload: inputs,
    success: removed,
    error
  }).annotateMerge(about("Remove association types", "Only the types that are named.")),
  HttpApiEndpoint.get("associationLabels", `${batches}/labels`, {
    params: types,
    success: open,
    error
  }).annotateMerge(about("The association types of two object types", "")),
  HttpApiEndpoint.put("associateByName", `${byNameOfOne}/:toObjectId/:associationType`, {
    params: named,
    success: open,
    error
  }).annotateMerge(about("Associate two objects, v3", "By the name or the id of a type; idempotent.")),
  HttpApiEndpoint.delete("dissociateByName", `${byNameOfOne}/:toObjectId/:associationType`, {
    params: named,
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Remove an association, v3", "")),
  HttpApiEndpoint.get("associatedIds", byNameOfOne, {
    params: { ...types, ...id },
    query: { limit: flag, after: flag },
    success: open,
    error
  }).annotateMerge(about("What an object is associated with, v3", "")),
  HttpApiEndpoint.post("batchAssociateByName", `${byName}/batch/create`, {
    params: types,
    payload: inputs,
    success: associated(201),
    error
  }).annotateMerge(about("Associate objects, v3", "Up to 2,000 at once; idempotent.")),
  HttpApiEndpoint.post("batchReadByName", `${byName}/batch/read`, {
    params: types,
    payload: inputs,
    success: associated(200),
    error
  }).annotateMerge(about("Read associations, v3", "")),
  HttpApiEndpoint.post("batchDissociateByName", `${byName}/batch/archive`, {
    params: types,
    payload: inputs,
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Remove associations, v3", "")),
  HttpApiEndpoint.get("associationTypes", `${byName}/types`, {
    params: types,
    success: open,
    error
  }).annotateMerge(about("The association types of two object types, v3", ""))
)
