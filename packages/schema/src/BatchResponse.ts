/**
 * The replies of the batch endpoints.
 *
 * One schema serves 200, 201 and 207: HubSpot's versions differ in the success code, and the dated ones
 * put `errors` into the plain reply. What became of an input is decided by this body, never by the
 * status number. Unknown fields are kept.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as BatchStatus from "./BatchStatus.ts"
import { CrmObject } from "./CrmObject.ts"
import { StandardError } from "./ErrorBody.ts"

const unknownFields = [Schema.Record(Schema.String, Schema.Unknown)] as const

const envelope = {
  completedAt: Schema.optional(Schema.String),
  requestedAt: Schema.optional(Schema.NullOr(Schema.String)),
  startedAt: Schema.optional(Schema.String),
  status: Schema.optional(BatchStatus.FromWire),
  links: Schema.optional(Schema.NullOr(Schema.Record(Schema.String, Schema.String))),
  numErrors: Schema.optional(Schema.NullOr(Schema.Int))
}

/**
 * `{ completedAt, requestedAt?, startedAt, status, results[], links?, errors?, numErrors? }`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchResponse = Schema.StructWithRest(
  Schema.Struct({
    ...envelope,
    results: Schema.Array(CrmObject),
    errors: Schema.optional(Schema.NullOr(Schema.Array(StandardError)))
  }),
  unknownFields
)

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchResponse extends Schema.Schema.Type<typeof BatchResponse> {}

const readWhole = Schema.decodeUnknownOption(BatchResponse)
const readEnvelope = Schema.decodeUnknownOption(Schema.Struct(envelope))
const readObject = Schema.decodeUnknownOption(CrmObject)
const readError = Schema.decodeUnknownOption(StandardError)

/**
 * A reply, read as far as it can be. `unreadable` counts what had a wrong shape and was left out:
 * entries of `results` or `errors`, or the rest of the envelope.
 *
 * @category models
 * @since 0.1.0
 */
export interface Salvaged {
  readonly response: BatchResponse
  readonly unreadable: number
}

/**
 * Reads a reply entry by entry, so that one result of a wrong shape does not hide the ninety-nine that
 * were created. `None` when there is no list of results at all.
 *
 * **Example**
 *
 * ```ts
 * import { BatchResponse } from "@effect-hubspot/schema"
 * import { Option } from "effect"
 *
 * const salvaged = BatchResponse.salvage({ status: "COMPLETE", results: [{ id: "1" }, { id: 2 }] })
 * const counts = Option.map(salvaged, (_) => [_.response.results.length, _.unreadable])
 * Option.getOrNull(counts) // => [1, 1]
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const salvage = (json: unknown): Option.Option<Salvaged> =>
  Option.orElse(
    Option.map(readWhole(json), (response) => ({ response, unreadable: 0 })),
    () =>
      Predicate.isObject(json) && Array.isArray(json.results)
        ? Option.some(entryByEntry(json))
        : Option.none()
  )

const entryByEntry = (json: { readonly [name: string]: unknown }): Salvaged => {
  const givenResults = json.results as ReadonlyArray<unknown>
  const givenErrors = json.errors ?? []
  const results = givenResults.flatMap((entry) => Option.toArray(readObject(entry)))
  const errors = Array.isArray(givenErrors)
    ? givenErrors.flatMap((entry) => Option.toArray(readError(entry)))
    : []
  const rest = readEnvelope(json)
  return {
    response: {
      ...Option.getOrElse(rest, () => (typeof json.status === "string" ? { status: json.status } : {})),
      results,
      ...(errors.length > 0 && { errors })
    },
    unreadable:
      givenResults.length -
      results.length +
      (Array.isArray(givenErrors) ? givenErrors.length - errors.length : 1) +
      (Option.isNone(rest) ? 1 : 0)
  }
}
