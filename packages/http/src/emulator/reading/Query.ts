/**
 * The query of a request about line items: lists with commas or repeated, flags, page bounds.
 *
 * It reads the raw url: HubSpot answers in its own words what a schema would refuse.
 *
 * @since 0.1.0
 */
import type * as Association from "@effect-hubspot/schema/Association"
import * as Result from "effect/Result"
import * as Crm from "../state/Crm.ts"
import type { Reading } from "./Json.ts"
import type { Wanted } from "../answering/RecordView.ts"
import * as Refusal from "../answering/Refusal.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Query {
  readonly get: (name: string) => string | undefined
  readonly list: (name: string) => ReadonlyArray<string>
  /** Documentation: `archived` is false unless said otherwise; anything but true is taken as false. */
  readonly archived: boolean
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const fromUrl = (url: string): Query => {
  const start = url.indexOf("?")
  const params = new URLSearchParams(start < 0 ? "" : url.slice(start + 1))
  return {
    get: (name) => params.get(name) ?? undefined,
    list: (name) => [
      ...new Set(
        params
          .getAll(name)
          .flatMap((value) => value.split(","))
          .map((value) => value.trim())
          .filter((value) => value !== "")
      )
    ],
    archived: params.get("archived") === "true"
  }
}

/**
 * The properties and associations that a list or a single read asks for.
 *
 * @category reading
 * @since 0.1.0
 */
export const wanted = (query: Query): Reading<Wanted> =>
  Result.map(Result.all(query.list("associations").map(target)), (associations) => ({
    properties: query.list("properties"),
    propertiesWithHistory: query.list("propertiesWithHistory"),
    associations: [...new Set(associations)]
  }))

/**
 * The kind of object that the name of an object type stands for.
 *
 * @category reading
 * @since 0.1.0
 */
export const target = (objectType: string): Reading<Association.Target> =>
  Result.fromNullishOr(Crm.targetOfObjectType(objectType), () => Refusal.unknownObjectType(objectType))

/**
 * The size of the page and the cursor, which is decimal here. Observation: more than the maximum is a 400. The words are an
 * assumption.
 *
 * @category reading
 * @since 0.1.0
 */
export const page = (
  query: Query,
  bounds: { readonly limit: number; readonly maximum: number }
): Reading<{ readonly limit: number; readonly after: string | undefined }> => {
  const given = query.get("limit")
  const limit = given === undefined ? bounds.limit : /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (limit < 1) return Result.fail(Refusal.invalid(`Invalid limit: ${given}`))
  if (limit > bounds.maximum) {
    return Result.fail(
      Refusal.invalid(`The limit ${limit} is too large: the maximum number of results is ${bounds.maximum}`)
    )
  }
  const after = query.get("after")
  return after === undefined || /^\d{1,15}$/.test(after)
    ? Result.succeed({ limit, after })
    : Result.fail(Refusal.invalid(`Invalid paging cursor: ${after}`))
}
