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
import { OpenStruct } from "./internal/openStruct.ts"
import * as ObjectId from "./ObjectId.ts"
import { ValueFromWire } from "./Properties.ts"

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
export const BatchResponse = OpenStruct({
  ...envelope,
  results: Schema.Array(CrmObject),
  errors: Schema.optional(Schema.NullOr(Schema.Array(StandardError)))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchResponse extends Schema.Schema.Type<typeof BatchResponse> {}

const readWhole = Schema.decodeUnknownOption(BatchResponse)
const readEnvelope = Schema.decodeUnknownOption(Schema.Struct(envelope))
const readObject = Schema.decodeUnknownOption(CrmObject)
const readId = Schema.decodeUnknownOption(ObjectId.FromWire)
const readValue = Schema.decodeUnknownOption(Schema.NullOr(ValueFromWire))
const readError = Schema.decodeUnknownOption(StandardError)

/**
 * A reply, read as far as it can be. `unreadable` counts what had a wrong shape and was left out, as a whole or in part:
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
 * were created, nor a field of a wrong shape the id of its result. A result that names its input but has no id that
 * can be read (a number beyond 2⁵³ − 1, which has lost digits) has the id `""`: something was created, and
 * where is not known. `None` when there is no list of results at all.
 *
 * **Example**
 *
 * ```ts
 * import { BatchResponse } from "@effect-hubspot/schema"
 * import { Option } from "effect"
 *
 * const salvaged = BatchResponse.salvage({ status: "COMPLETE", results: [{ id: "1" }, { id: 2, archived: "no" }, null] })
 * const read = Option.map(salvaged, (_) => [..._.response.results, _.unreadable])
 * Option.getOrNull(read) // => [{ id: "1" }, { id: "2" }, 2]
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
  const whole = givenResults.map((entry) => readObject(entry))
  const results = whole.flatMap((read, n) =>
    Option.toArray(Option.orElse(read, () => inPart(givenResults[n])))
  )
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
      whole.filter(Option.isNone).length +
      (Array.isArray(givenErrors) ? givenErrors.length - errors.length : 1) +
      (Option.isNone(rest) ? 1 : 0)
  }
}

/** What of a result says which record it is, and of which input. */
const inPart = (entry: unknown): Option.Option<CrmObject> => {
  if (!Predicate.isObject(entry)) return Option.none()
  const { id, new: isNew, objectWriteTraceId, properties } = entry as { readonly [name: string]: unknown }
  const known = Option.getOrElse(readId(id), () => "")
  const traceId = Option.getOrUndefined(readId(objectWriteTraceId))
  if (known === "" && traceId === undefined) return Option.none()
  return Option.some({
    id: known,
    ...(traceId !== undefined && { objectWriteTraceId: traceId }),
    ...(Predicate.isObject(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).flatMap(([name, value]) =>
          Option.match(readValue(value), { onNone: () => [], onSome: (read) => [[name, read] as const] })
        )
      )
    }),
    ...(typeof isNew === "boolean" && { new: isNew })
  })
}
