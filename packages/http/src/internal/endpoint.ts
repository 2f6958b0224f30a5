/**
 * What all endpoints of the contract share: the refusals that come with an error body, and how an endpoint is described.
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"

export const errorStatuses = [400, 401, 403, 404, 409, 413, 415, 423, 429, 477, 500, 502, 503, 504] as const

export const error = errorStatuses.map((status) => ErrorBody.ErrorBody.pipe(HttpApiSchema.status(status)))

export const about = (title: string, description: string) =>
  OpenApi.annotations({ title, summary: title, description })
