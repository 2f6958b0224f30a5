/**
 * The contract: HubSpot's line items endpoints as one `HttpApi`.
 *
 * The client takes its path and schemas from here, the emulator serves it, and the OpenAPI page is made
 * of it. It says what may be on the wire, not what to make of it: that is `HubSpotError` for failures
 * and the batch package for accepted replies.
 *
 * @since 0.1.0
 */
import { ApiVersion, BatchRequest, BatchResponse, ErrorBody, LineItem } from "@effect-hubspot/schema"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"

/**
 * The statuses of HubSpot's refusals and failures that come with an error body.
 *
 * @category constants
 * @since 0.1.0
 */
export const errorStatuses = [400, 401, 403, 404, 409, 413, 415, 423, 429, 477, 500, 502, 503, 504] as const

const errors = errorStatuses.map((status) => ErrorBody.ErrorBody.pipe(HttpApiSchema.status(status)))

/**
 * Where the operations on line items live, by API version.
 *
 * @category paths
 * @since 0.1.0
 */
export const paths = (version: ApiVersion.ApiVersion) => {
  const root = ApiVersion.objectPath(version, LineItem.objectType)
  return { batchCreate: `${root}/batch/create` } as const
}

const lineItems = (version: ApiVersion.ApiVersion) =>
  HttpApiGroup.make("lineItems").add(
    HttpApiEndpoint.post("batchCreate", paths(version).batchCreate, {
      payload: BatchRequest.BatchCreate,
      success: [
        BatchResponse.BatchResponse.pipe(HttpApiSchema.status(201)),
        BatchResponse.BatchResponse.pipe(HttpApiSchema.status(207)),
        BatchResponse.BatchResponse.pipe(HttpApiSchema.status(200))
      ],
      error: errors
    }).annotateMerge(
      OpenApi.annotations({
        title: "Create a batch of line items",
        description:
          "1 to 100 inputs. With a unique objectWriteTraceId on every input a partial failure is a 207; without, one bad input refuses the whole batch. Not idempotent."
      })
    )
  )

/**
 * The contract in one of HubSpot's API versions.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (version: ApiVersion.ApiVersion) =>
  HttpApi.make("hubspot")
    .add(lineItems(version))
    .annotateMerge(OpenApi.annotations({ title: "HubSpot CRM line items", version }))

/**
 * The contract in version `v3`.
 *
 * @category models
 * @since 0.1.0
 */
export const HubSpotApi = make("v3")
