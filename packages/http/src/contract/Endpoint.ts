/**
 * What the endpoints of the contract share: their refusals, and the forms of ids and queries.
 *
 * It declares no endpoint.
 *
 * @since 0.1.0
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"

/** The statuses of HubSpot's refusals and failures that come with an error body. */
const errorStatuses = [400, 401, 403, 404, 409, 413, 415, 423, 429, 477, 500, 502, 503, 504] as const

/**
 * A schema by the type that it decodes to. Every declaration of an endpoint would repeat the fields of its schemas: that of
 * `HubSpotApi` would be three times as long.
 */
export const of = <A>(schema: Schema.Codec<A, unknown>): Schema.Codec<A, unknown> => schema

/** Every refusal of an endpoint. */
export const error: ReadonlyArray<Schema.Codec<ErrorBody.ErrorBody, unknown>> = errorStatuses.map((status) =>
  ErrorBody.ErrorBody.pipe(HttpApiSchema.status(status))
)

/** The id in a path. */
export const id = { id: Schema.String }

/** HubSpot takes lists in a query separated by commas, or as repeated parameters. */
export const list = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))

/** The last of repeated parameters counts. */
export const flag = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))

/** The title and the description of an endpoint. */
export const about = (title: string, description: string) =>
  OpenApi.annotations({ title, summary: title, description })
