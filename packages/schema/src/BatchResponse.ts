/**
 * The replies of the batch endpoints.
 *
 * One schema serves 200, 201 and 207: HubSpot's versions differ in the success code, and the dated ones
 * put `errors` into the plain reply. This body says what became of an input; the status number does not.
 * Unknown fields are kept.
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
import { isPlainReply } from "./internal/plainReply.ts"
import * as ObjectId from "./ObjectId.ts"
import { ValueFromWire } from "./internal/values.ts"

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
 * The readable part of a reply. `unreadable` counts the parts of a wrong shape, which are missing wholly or partly:
 * entries of `results` or `errors`, and the rest of the envelope.
 *
 * @category models
 * @since 0.1.0
 */
export interface Salvaged {
  readonly response: BatchResponse
  readonly unreadable: number
}

/**
 * Reads a reply entry by entry. One result of a wrong shape does not hide the ninety-nine others, and a field of
 * a wrong shape does not hide the id of its result. A result that names its input without a readable id (such as
 * a number beyond 2⁵³ − 1) gets the id `""`: a record was created, and its id is not known. `None` if the reply has
 * no list of results, unless it is a batch with a known status that lists errors alone.
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
  isPlainReply(json)
    ? Option.some({ response: json as BatchResponse, unreadable: 0 })
    : Option.orElse(
        Option.map(readWhole(json), (response) => ({ response, unreadable: 0 })),
        () => {
          if (!Predicate.isObject(json)) return Option.none()
          const results = hasErrorsAlone(json) ? [] : json.results
          return Array.isArray(results) ? Option.some(entryByEntry(json, results)) : Option.none()
        }
      )

/** Whether a batch with a known status says which inputs it refuses, and nothing of results. */
const hasErrorsAlone = ({ errors, results, status }: { readonly [name: string]: unknown }): boolean =>
  (results === undefined || results === null) &&
  Array.isArray(errors) &&
  errors.length > 0 &&
  typeof status === "string" &&
  BatchStatus.fromString(status) !== undefined

const entryByEntry = (
  json: { readonly [name: string]: unknown },
  givenResults: ReadonlyArray<unknown>
): Salvaged => {
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

/** The fields of a result that name its record and its input. */
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
