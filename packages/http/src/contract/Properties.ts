/**
 * HubSpot's properties API: the definitions of the properties of a type of object, and their groups.
 *
 * It is the same in every version. It says what may be on the wire, as `HubSpotApi` does, which it is a part of.
 */
import * as Property from "@effect-hubspot/schema/Property"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { about, error, flag } from "./Endpoint.ts"

const root = "/crm/v3/properties/:objectType" as const

const params = { objectType: Schema.String }
const named = { ...params, name: Schema.String }
const query = { archived: flag }

const batch = <Status extends 200 | 201>(status: Status) => [
  Property.BatchResponse.pipe(HttpApiSchema.status(status)),
  Property.BatchResponse.pipe(HttpApiSchema.status(207))
]

export const properties = HttpApiGroup.make("properties").add(
  HttpApiEndpoint.get("listProperties", root, {
    params,
    query,
    success: Property.Properties,
    error
  }).annotateMerge(about("The properties of a type", "What a record of this type may hold in this account.")),
  HttpApiEndpoint.post("createProperty", root, {
    params,
    payload: Property.PropertyCreate,
    success: Property.Property.pipe(HttpApiSchema.status(201)),
    error
  }).annotateMerge(about("Define a property", "Only its definition can make its values unique.")),
  HttpApiEndpoint.get("getProperty", `${root}/:name`, {
    params: named,
    query,
    success: Property.Property,
    error
  }).annotateMerge(about("A property", "")),
  HttpApiEndpoint.patch("updateProperty", `${root}/:name`, {
    params: named,
    payload: Property.PropertyUpdate,
    success: Property.Property,
    error
  }).annotateMerge(about("Change a definition", "Name and uniqueness stay.")),
  HttpApiEndpoint.delete("archiveProperty", `${root}/:name`, {
    params: named,
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Archive a property", "")),
  HttpApiEndpoint.post("batchCreateProperties", `${root}/batch/create`, {
    params,
    payload: Schema.Struct({ inputs: Schema.Array(Property.PropertyCreate) }),
    success: batch(201),
    error
  }).annotateMerge(about("Define several properties", "")),
  HttpApiEndpoint.post("batchReadProperties", `${root}/batch/read`, {
    params,
    payload: Schema.Struct({
      inputs: Schema.Array(Schema.Struct({ name: Schema.String })),
      archived: Schema.optionalKey(Schema.Boolean)
    }),
    success: batch(200),
    error
  }).annotateMerge(about("Several properties", "")),
  HttpApiEndpoint.post("batchArchiveProperties", `${root}/batch/archive`, {
    params,
    payload: Schema.Struct({ inputs: Schema.Array(Schema.Struct({ name: Schema.String })) }),
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Archive several properties", "")),
  HttpApiEndpoint.get("listGroups", `${root}/groups`, {
    params,
    success: Property.Groups,
    error
  }).annotateMerge(about("The groups of properties", "")),
  HttpApiEndpoint.post("createGroup", `${root}/groups`, {
    params,
    payload: Property.GroupCreate,
    success: Property.Group.pipe(HttpApiSchema.status(201)),
    error
  }).annotateMerge(about("Add a group", "")),
  HttpApiEndpoint.get("getGroup", `${root}/groups/:name`, {
    params: named,
    success: Property.Group,
    error
  }).annotateMerge(about("A group of properties", "")),
  HttpApiEndpoint.patch("updateGroup", `${root}/groups/:name`, {
    params: named,
    payload: Property.GroupUpdate,
    success: Property.Group,
    error
  }).annotateMerge(about("Change a group", "")),
  HttpApiEndpoint.delete("archiveGroup", `${root}/groups/:name`, {
    params: named,
    success: HttpApiSchema.NoContent,
    error
  }).annotateMerge(about("Archive a group", "Its properties stay."))
)
