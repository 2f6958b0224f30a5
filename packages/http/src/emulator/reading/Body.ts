/**
 * The bodies of requests about line items as the emulator reads them: bytes within bounds, and the shape
 * of the inputs.
 *
 * It reads like a lenient server, not like our own schemas: `associations` may be absent, numbers and booleans are taken as
 * text, null counts as absent, and unknown fields are ignored. `Rules` decides whether an input is good.
 *
 * @since 0.1.0
 */
import type * as Association from "@effect-hubspot/schema/Association"
import * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import * as Effect from "effect/Effect"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Behaviour from "../Behaviour.ts"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Json from "./Json.ts"
import * as Refusal from "../answering/Refusal.ts"
import type { Account } from "../state/Account.ts"

/**
 * One input to create, every value as text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly properties: Readonly<Record<string, string>>
  readonly associations: ReadonlyArray<Association.Association>
  readonly objectWriteTraceId: string | undefined
}

/**
 * One record to change, or to create where an upsert finds none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change {
  readonly id: string
  readonly idProperty: string | undefined
  readonly properties: Readonly<Record<string, string>>
  readonly objectWriteTraceId: string | undefined
}

/** The largest body in bytes, of an admin request too. Not known of HubSpot, so the account is told. */
export const maxBytes = 10 * 1024 * 1024

/**
 * The largest body that the account reads, in bytes.
 *
 * @category reading
 * @since 0.1.0
 */
export const ceilingOf = ({ bodyCeiling }: Behaviour.Behaviour): number =>
  bodyCeiling === "10MiB" ? maxBytes : 1024 * 1024

/**
 * The text of a request's body. It is refused with 413 as soon as it is too large.
 *
 * @category reading
 * @since 0.1.0
 */
export const readText = (
  request: HttpServerRequest,
  ceiling: number = maxBytes
): Effect.Effect<string, Refusal.Refusal | HttpServerError> =>
  Effect.suspend(() => {
    if (Number(request.headers["content-length"]) > ceiling) return Effect.fail(Refusal.tooLarge)
    const decoder = new TextDecoder()
    return request.stream.pipe(
      Stream.runFoldEffect(
        () => ({ bytes: 0, text: "" }),
        (read, chunk) => {
          const bytes = read.bytes + chunk.byteLength
          return bytes > ceiling
            ? Effect.fail(Refusal.tooLarge)
            : Effect.succeed({ bytes, text: read.text + decoder.decode(chunk, { stream: true }) })
        }
      ),
      Effect.map((read) => read.text + decoder.decode())
    )
  })

/**
 * A batch that was read: how many inputs it has (null if that is unknown), and the inputs or the refusal of the whole
 * request. `fields` are all fields of the body.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch<A> {
  readonly count: number | null
  readonly fields: Json.Fields
  readonly inputs: Json.Reading<ReadonlyArray<A>>
}

/**
 * Reads the text of a batch. `bound` says, from its fields, how many inputs it may have, and `behaviour` what is not known
 * of lists without inputs or with too many.
 *
 * @category reading
 * @since 0.1.0
 */
export const readBatch = <A>(
  text: string,
  readOne: (given: unknown) => Json.Reading<A>,
  behaviour: Behaviour.Behaviour,
  bound: (fields: Json.Fields) => Bound = () => hundred
): Batch<A> => {
  const json = Json.readObject(text, "BatchInput")
  if (Result.isFailure(json)) return { count: null, fields: {}, inputs: Result.fail(json.failure) }
  const fields = json.success
  const { inputs } = fields
  // Assumption, from the observed words for missing fields. Behind some SDKs a body without `inputs`
  // was answered with an empty 2xx COMPLETE (observation, other endpoints).
  if (!Json.isPresent(inputs)) {
    return behaviour.noInputs === "accepted"
      ? { count: 0, fields, inputs: Result.succeed([]) }
      : { count: null, fields, inputs: Result.fail(Refusal.missingFields("inputs")) }
  }
  if (!Array.isArray(inputs)) return { count: null, fields, inputs: Json.mismatch("ArrayList", inputs) }
  const count = inputs.length
  const { max, refusal } = bound(fields)
  // Assumption: the words for an empty list are not known, nor whether it is refused.
  if (count === 0 && behaviour.emptyInputs !== "accepted") {
    const refusal = behaviour.emptyInputs === "unset" ? Refusal.missingFields("inputs") : Refusal.noInputs
    return { count, fields, inputs: Result.fail(refusal) }
  }
  if (count > max) {
    const isCounted = behaviour.tooManyInputs === "counted"
    return { count, fields, inputs: Result.fail(isCounted ? refusal : Refusal.unreadableInputs(max)) }
  }
  return { count, fields, inputs: Json.readList(inputs, readOne) }
}

/** A request whose body has arrived, as handlers have it. */
interface Received {
  readonly account: Pick<Account, "crm">
  readonly text: string
  readonly entry: { inputs: number | null }
}

/**
 * Reads a batch that is to be decided. Its inputs are counted in the entry of the request, even if they are refused.
 *
 * @category reading
 * @since 0.1.0
 */
export const readCounted = <A>(
  { account, entry, text }: Received,
  readOne: (given: unknown) => Json.Reading<A>,
  bound?: (fields: Json.Fields) => Bound
) => {
  const { count, fields, inputs } = readBatch(text, readOne, account.crm.behaviour, bound)
  entry.inputs = count
  return Effect.map(Effect.fromResult(inputs), (inputs) => ({ fields, inputs }))
}

/**
 * The most inputs of a batch, and the refusal of more.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bound {
  readonly max: number
  readonly refusal: Refusal.Refusal
}

const hundred: Bound = { max: BatchRequest.maxInputs, refusal: Refusal.tooManyInputs }

/**
 * The bound of a batch read: fewer with histories. Observation.
 *
 * @category reading
 * @since 0.1.0
 */
export const boundOfRead = (fields: Json.Fields): Bound =>
  Array.isArray(fields.propertiesWithHistory) && fields.propertiesWithHistory.length > 0
    ? { max: BatchRequest.maxInputsWithHistory, refusal: Refusal.tooManyInputsWithHistory }
    : hundred

/** The longest trace id that is taken, if long ones are not. */
const maxTraceId = 100

/**
 * The refusal of trace ids that are too long. HubSpot documents no bound, so the account is told.
 *
 * @category checking
 * @since 0.1.0
 */
export const checkTraceIds = (
  inputs: ReadonlyArray<{ readonly objectWriteTraceId: string | undefined }>,
  { longTraceIds }: Behaviour.Behaviour
): Json.Reading<void> =>
  longTraceIds === "refused" && inputs.some((input) => (input.objectWriteTraceId ?? "").length > maxTraceId)
    ? Result.fail(Refusal.invalid(`objectWriteTraceId is longer than ${maxTraceId} characters`))
    : Result.succeed(undefined)

/**
 * Whether every input has an `objectWriteTraceId` of its own.
 *
 * @category predicates
 * @since 0.1.0
 */
export const haveUniqueTraceIds = (
  inputs: ReadonlyArray<{ readonly objectWriteTraceId: string | undefined }>
): boolean => new Set(inputs.flatMap((input) => input.objectWriteTraceId || [])).size === inputs.length

/**
 * An input of a create. Observation: a field of a wrong type or a missing sub-field refuses the whole
 * request.
 *
 * @category reading
 * @since 0.1.0
 */
export const readInput = (given: unknown): Json.Reading<Input> => {
  if (!Json.isRecord(given)) return Json.mismatch("ObjectBatchInput", given)
  return Result.all({
    properties: readProperties(given),
    associations: Json.readList(given.associations, readAssociation),
    objectWriteTraceId: Json.optionalText(given.objectWriteTraceId)
  })
}

/**
 * An input of an update or an upsert, where `associations` is an unknown field.
 *
 * @category reading
 * @since 0.1.0
 */
export const readChange = (given: unknown): Json.Reading<Change> => {
  if (!Json.isRecord(given)) return Json.mismatch("ObjectBatchInput", given)
  return Result.all({
    id: readId(given),
    properties: readProperties(given),
    idProperty: Json.optionalText(given.idProperty),
    objectWriteTraceId: Json.optionalText(given.objectWriteTraceId)
  })
}

/**
 * An input that only says which record is meant.
 *
 * @category reading
 * @since 0.1.0
 */
export const readId = (given: unknown): Json.Reading<string> => {
  if (!Json.isRecord(given)) return Json.mismatch("ObjectId", given)
  const id = Json.asText(given.id)
  if (id !== undefined) return Result.succeed(id)
  return Json.isPresent(given.id)
    ? Json.mismatch("String", given.id)
    : Result.fail(Refusal.missingFields("id"))
}

/**
 * The property map of an input.
 *
 * @category reading
 * @since 0.1.0
 */
export const readProperties = (given: Json.Fields): Json.Reading<Readonly<Record<string, string>>> => {
  if (!Json.isPresent(given.properties)) return Result.fail(Refusal.missingFields("properties"))
  if (!Json.isRecord(given.properties)) return Json.mismatch("LinkedHashMap", given.properties)
  const properties: Array<[string, string]> = []
  for (const [name, value] of Object.entries(given.properties)) {
    // Assumption: null counts as absent.
    if (value === null) continue
    const text = Json.asText(value)
    if (text === undefined) return Json.mismatch("String", value)
    properties.push([name, text])
  }
  return Result.succeed(Object.fromEntries(properties))
}

const readAssociation = (given: unknown): Json.Reading<Association.Association> => {
  if (!Json.isRecord(given)) return Json.mismatch("Association", given)
  if (!Json.isPresent(given.to)) return Result.fail(Refusal.missingFields("to"))
  if (!Json.isPresent(given.types)) return Result.fail(Refusal.missingFields("types"))
  const id = Json.isRecord(given.to) ? Json.asText(given.to.id) : undefined
  if (id === undefined) return Result.fail(Refusal.missingFields("id"))
  return Result.map(Json.readList(given.types, readSpec), (types) => ({ to: { id }, types }))
}

/**
 * An association type, as a create and the association endpoints name it.
 *
 * @category reading
 * @since 0.1.0
 */
export const readSpec = (spec: unknown): Json.Reading<Association.AssociationSpec> => {
  if (
    !Json.isRecord(spec) ||
    !Json.isPresent(spec.associationCategory) ||
    !Json.isPresent(spec.associationTypeId)
  ) {
    return Result.fail(Refusal.missingFields("associationCategory", "associationTypeId"))
  }
  const { associationCategory } = spec
  const typeId = Json.asText(spec.associationTypeId)
  return typeof associationCategory === "string" && typeId !== undefined && /^-?\d{1,10}$/.test(typeId)
    ? Result.succeed({ associationCategory, associationTypeId: Number(typeId) })
    : Json.mismatch("AssociationSpec", spec)
}
