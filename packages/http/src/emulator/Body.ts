/**
 * The body of a batch create as the emulator reads it: bytes within bounds, JSON, the shape of the
 * inputs.
 *
 * It reads the way a lenient server does, not the way our own schemas do: `associations` may be absent,
 * numbers and booleans are taken as their text, null is nothing. Whether an input makes sense is
 * `Rules`.
 *
 * @since 0.1.0
 */
import { type Association, BatchRequest } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Refusal from "./Refusal.ts"

/**
 * One input, every value as text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly properties: Readonly<Record<string, string>>
  readonly associations: ReadonlyArray<Association.Association>
  readonly objectWriteTraceId: string | undefined
}

/** The largest body in bytes. Assumption: no ceiling is documented. */
export const maxBytes = 10 * 1024 * 1024

/**
 * The text of a request's body, refused with 413 as soon as it is known to be too large.
 *
 * @category reading
 * @since 0.1.0
 */
export const readText = (
  request: HttpServerRequest
): Effect.Effect<string, Refusal.Refusal | HttpServerError> =>
  Effect.suspend(() => {
    if (Number(request.headers["content-length"]) > maxBytes) return Effect.fail(Refusal.tooLarge)
    const decoder = new TextDecoder()
    return request.stream.pipe(
      Stream.runFoldEffect(
        () => ({ bytes: 0, text: "" }),
        (read, chunk) => {
          const bytes = read.bytes + chunk.byteLength
          return bytes > maxBytes
            ? Effect.fail(Refusal.tooLarge)
            : Effect.succeed({ bytes, text: read.text + decoder.decode(chunk, { stream: true }) })
        }
      ),
      Effect.map((read) => read.text + decoder.decode())
    )
  })

/**
 * What was read of a body: how many inputs it has (null when that cannot be told), and the inputs or
 * the refusal of the whole request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch {
  readonly count: number | null
  readonly inputs: Result.Result<ReadonlyArray<Input>, Refusal.Refusal>
}

/**
 * Reads the text of a batch create.
 *
 * @category reading
 * @since 0.1.0
 */
export const readBatch = (text: string): Batch => {
  if (text.trim() === "") return unreadable(Refusal.noBody)
  const json = parse(text)
  if (Result.isFailure(json)) return unreadable(Refusal.invalidJson(syntaxError(json.failure, text)))
  if (!isRecord(json.success)) {
    return unreadable(Refusal.invalidJson(mismatch("BatchInput", json.success)))
  }
  const { inputs } = json.success
  // Assumption, from the observed words for missing fields. Behind some SDKs a body without `inputs`
  // was answered with an empty 2xx COMPLETE (observation, other endpoints); not imitated here.
  if (inputs === undefined || inputs === null) return unreadable(Refusal.missingFields("inputs"))
  if (!Array.isArray(inputs)) return unreadable(Refusal.invalidJson(mismatch("ArrayList", inputs)))
  const count = inputs.length
  // Assumption: the words for an empty list are not known.
  if (count === 0) return { count, inputs: Result.fail(Refusal.noInputs) }
  if (count > BatchRequest.maxInputs) return { count, inputs: Result.fail(Refusal.tooManyInputs) }
  const read: Array<Input> = []
  for (const given of inputs as ReadonlyArray<unknown>) {
    const input = readInput(given)
    if (Result.isFailure(input)) return { count, inputs: Result.fail(input.failure) }
    read.push(input.success)
  }
  return { count, inputs: Result.succeed(read) }
}

/**
 * Whether every input carries an `objectWriteTraceId` that no other one has.
 *
 * @category predicates
 * @since 0.1.0
 */
export const haveUniqueTraceIds = (inputs: ReadonlyArray<Input>): boolean =>
  new Set(inputs.flatMap((input) => input.objectWriteTraceId || [])).size === inputs.length

const unreadable = (refusal: Refusal.Refusal): Batch => ({ count: null, inputs: Result.fail(refusal) })

type Reading<A> = Result.Result<A, Refusal.Refusal>

// Observation: a field of a wrong type or a missing sub-field refuses the whole request.
const readInput = (given: unknown): Reading<Input> => {
  if (!isRecord(given)) return Result.fail(Refusal.invalidJson(mismatch("ObjectBatchInput", given)))
  if (!isPresent(given.properties)) return Result.fail(Refusal.missingFields("properties"))
  if (!isRecord(given.properties)) {
    return Result.fail(Refusal.invalidJson(mismatch("LinkedHashMap", given.properties)))
  }
  const properties: Array<[string, string]> = []
  for (const [name, value] of Object.entries(given.properties)) {
    // Assumption: null is the same as nothing.
    if (value === null) continue
    const text = asText(value)
    if (text === undefined) return Result.fail(Refusal.invalidJson(mismatch("String", value)))
    properties.push([name, text])
  }
  const associations: Array<Association.Association> = []
  const listed = given.associations ?? []
  if (!Array.isArray(listed)) return Result.fail(Refusal.invalidJson(mismatch("ArrayList", listed)))
  for (const one of listed as ReadonlyArray<unknown>) {
    const association = readAssociation(one)
    if (Result.isFailure(association)) return Result.fail(association.failure)
    associations.push(association.success)
  }
  const traceId = given.objectWriteTraceId
  if (isPresent(traceId) && asText(traceId) === undefined) {
    return Result.fail(Refusal.invalidJson(mismatch("String", traceId)))
  }
  return Result.succeed({
    properties: Object.fromEntries(properties),
    associations,
    objectWriteTraceId: asText(traceId)
  })
}

const readAssociation = (given: unknown): Reading<Association.Association> => {
  if (!isRecord(given)) return Result.fail(Refusal.invalidJson(mismatch("Association", given)))
  if (!isPresent(given.to)) return Result.fail(Refusal.missingFields("to"))
  if (!isPresent(given.types)) return Result.fail(Refusal.missingFields("types"))
  const id = isRecord(given.to) ? asText(given.to.id) : undefined
  if (id === undefined) return Result.fail(Refusal.missingFields("id"))
  if (!Array.isArray(given.types)) return Result.fail(Refusal.invalidJson(mismatch("ArrayList", given.types)))
  const types: Array<Association.AssociationSpec> = []
  for (const spec of given.types as ReadonlyArray<unknown>) {
    if (!isRecord(spec) || !isPresent(spec.associationCategory) || !isPresent(spec.associationTypeId)) {
      return Result.fail(Refusal.missingFields("associationCategory", "associationTypeId"))
    }
    const typeId = asText(spec.associationTypeId)
    if (
      typeof spec.associationCategory !== "string" ||
      typeId === undefined ||
      !/^-?\d{1,10}$/.test(typeId)
    ) {
      return Result.fail(Refusal.invalidJson(mismatch("AssociationSpec", spec)))
    }
    types.push({ associationCategory: spec.associationCategory, associationTypeId: Number(typeId) })
  }
  return Result.succeed({ to: { id }, types })
}

const isRecord = (json: unknown): json is { readonly [name: string]: unknown } =>
  Predicate.isObject(json) && !(json instanceof NumberText)

const isPresent = (json: unknown): boolean => json !== undefined && json !== null

/** A number of the body, in the digits it was sent with. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

// Documentation: numbers and booleans are accepted for property values and read back as text.
const asText = (json: unknown): string | undefined =>
  typeof json === "string"
    ? json
    : typeof json === "boolean"
      ? String(json)
      : json instanceof NumberText
        ? json.text
        : undefined

// Numbers keep their source, so that 19.90 stays 19.90 and no amount becomes a binary float. Engines
// without source access give the shortest text of the number.
const parse = (text: string): Result.Result<unknown, unknown> =>
  Result.try((): unknown =>
    JSON.parse(text, (_name: string, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value
    )
  )

const mismatch = (type: string, json: unknown): string => {
  const [kind, token] = Array.isArray(json)
    ? ["Array", "START_ARRAY"]
    : json instanceof NumberText
      ? ["Number", "VALUE_NUMBER"]
      : typeof json === "string"
        ? ["String", "VALUE_STRING"]
        : typeof json === "boolean"
          ? ["Boolean", `VALUE_${String(json).toUpperCase()}`]
          : json === null
            ? ["null", "VALUE_NULL"]
            : ["Object", "START_OBJECT"]
  return `line 1, column 1: Cannot deserialize value of type \`${type}\` from ${kind} value (token \`JsonToken.${token}\`)`
}

// The engine tells the position of an error in long texts only; line 1, column 1 stands for unknown.
const syntaxError = (cause: unknown, text: string): string => {
  const atEnd = /end of JSON input|Unterminated/.test(String(cause))
  const position = atEnd ? text.length : Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0)
  const before = text.slice(0, position).split("\n")
  const column = before[before.length - 1]!.length + 1
  return `line ${before.length}, column ${column}: Unexpected ${atEnd ? "end-of-input" : "character"}`
}
