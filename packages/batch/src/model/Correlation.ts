/**
 * From the end of a batch to a verdict for each input. Pure. It guarantees, for any answer of HubSpot's:
 *
 * - every input gets exactly one verdict;
 * - no id is given to two inputs;
 * - `Done` and `Rejected` need evidence about this very input, and position is never evidence;
 * - an input that the reply accounts for is never in doubt;
 * - a result that fits no input is reported as surplus, not dropped.
 *
 * The evidence, in this order: the trace id in a result or in an error's context; the id of the record that an input is
 * about; the value of the key property; for creates, content that can belong to one input only (or to one of several
 * identical inputs); for a batch of a single create, the single result. `Identities` and `ContentMatch` find it.
 *
 * A result contradicts its trace id in two cases: it has the key of another input of the batch, or it shows no key and has
 * the values of another input, but not those of the input that it names. Then both inputs are in doubt. HubSpot and products
 * change values, so a result that fits neither input, or both, belongs to its trace id. So does a result that shows nothing to
 * compare. A record whose `hs_object_id` differs from the id under which it came contradicts that id.
 *
 * @since 0.1.0
 */
import { type BatchResponse, CrmObject, ErrorBody } from "@effect-hubspot/schema"
import type * as BatchState from "./BatchState.ts"
import * as ContentMatch from "./ContentMatch.ts"
import {
  differences,
  type Identity,
  isAnonymous,
  otherIdOf,
  type Registry,
  registryOf,
  repeats
} from "./Identities.ts"
import type { Unaccounted } from "./Outcome.ts"
import type { TracedInput } from "./Plan.ts"

export type { Identity } from "./Identities.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Done"; readonly object: CrmObject.CrmObject }
  | { readonly _tag: "Rejected"; readonly errors: ReadonlyArray<ErrorBody.StandardError> }
  /** `seen` is what the reply says instead, if it says something. */
  | { readonly _tag: "Unaccounted"; readonly why: Unaccounted; readonly seen?: string }

/**
 * The `verdicts` are in the order of the inputs. `surplus` has the results that fit no input, `unattributed` the errors that
 * name no input. `unread` has the ids of results that may belong to inputs without a verdict and do not show enough, and the
 * properties that would tell: see {@link withRecords}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly verdicts: ReadonlyArray<Verdict>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
  readonly unattributed: ReadonlyArray<ErrorBody.StandardError>
  readonly unread: { readonly ids: ReadonlyArray<string>; readonly properties: ReadonlyArray<string> }
}

/**
 * The account of a batch of creates with unique trace ids, at its end. `keyProperty` is the property that holds the key of
 * every input, if there is one.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 * import * as Correlation from "@effect-hubspot/batch/model/Correlation"
 *
 * const inputs = ["a", "b"].map((name) => ({ properties: { name }, objectWriteTraceId: `t-${name}` }))
 * const reply = {
 *   status: "COMPLETE",
 *   results: [{ id: "7", objectWriteTraceId: "t-b" }],
 *   errors: [{ message: "no", context: { objectWriteTraceId: ["t-a"] } }]
 * }
 * const account = Correlation.correlate(inputs, BatchState.endOf(reply))
 * const tags = account.verdicts.map((verdict) => verdict._tag)
 * tags // => ["Rejected", "Done"]
 * ```
 *
 * @category correlating
 * @since 0.1.0
 */
export const correlate = (
  inputs: ReadonlyArray<TracedInput>,
  end: BatchState.End,
  keyProperty?: string | undefined
): Account =>
  judge(
    inputs.map(({ objectWriteTraceId, properties }): Identity => {
      const value = keyProperty === undefined ? undefined : properties[keyProperty]
      return {
        objectWriteTraceId,
        properties,
        key: value === undefined ? undefined : { property: keyProperty!, value }
      }
    }),
    end,
    (open, loose, isWhole) =>
      ContentMatch.matchByContent(
        open.map((position) => inputs[position]!),
        loose,
        { isWhole, single: inputs.length === 1 }
      )
  )

/**
 * The account of a batch by identities alone, at its end. `place` finds inputs for results that nothing identifies; its
 * `isWhole` says that the rest of the reply is without contradiction. Without it, those results are surplus.
 *
 * @category correlating
 * @since 0.1.0
 */
export const judge = (identities: ReadonlyArray<Identity>, end: BatchState.End, place?: Place): Account =>
  allDone(identities, end) ?? judgeEach(identities, end, place)

type Place = (
  open: ReadonlyArray<number>,
  loose: ReadonlyArray<CrmObject.CrmObject>,
  isWhole: boolean
) => ContentMatch.Placed

/**
 * The account of a reply that has a result for each input, under its trace id and with its values, and nothing else. Most replies
 * are so, and this costs little. Undefined for all others. `judgeEach` says the same.
 */
const allDone = (
  identities: ReadonlyArray<Identity>,
  { response: { errors, results } }: BatchState.End
): Account | undefined => {
  if (results.length !== identities.length || (errors?.length ?? 0) > 0) return undefined
  const positions = new Map<string, number>()
  for (const [position, { objectWriteTraceId }] of identities.entries()) {
    if (objectWriteTraceId !== undefined) positions.set(objectWriteTraceId, position)
  }
  const verdicts = new Map<number, Verdict>()
  const ids = new Set<string>()
  for (const object of results) {
    const position = positions.get(object.objectWriteTraceId ?? "")
    if (position === undefined || ids.has(object.id) || !isId(object.id)) return undefined
    const { id, key, properties } = identities[position]!
    const isIts =
      (id === undefined || id === object.id) &&
      (key === undefined || properties?.[key.property] === key.value) &&
      otherIdOf(object) === undefined &&
      repeats(properties, object)
    if (!isIts) return undefined
    ids.add(object.id)
    verdicts.set(position, { _tag: "Done", object })
  }
  // A second result of an input leaves another one without.
  if (verdicts.size < identities.length) return undefined
  return {
    verdicts: identities.map((_, position) => verdicts.get(position)!),
    surplus: none,
    unattributed: none,
    unread: { ids: none, properties: none }
  }
}

const none: ReadonlyArray<never> = []

/** The same for any reply. */
export const judgeEach = (
  identities: ReadonlyArray<Identity>,
  { _tag: ended, response }: BatchState.End,
  place?: Place
): Account => {
  const claims = identities.map(({ id }): Claim => ({ id, objects: [], errors: [] }))
  const registry = registryOf(identities)
  const surplus: Array<CrmObject.CrmObject> = []
  const loose: Array<CrmObject.CrmObject> = []
  const unattributed: Array<ErrorBody.StandardError> = []

  for (const object of response.results) {
    const position = registry.ofObject(object)
    if (position === "foreign") surplus.push(object)
    else if (position !== undefined) claims[position]!.objects.push(object)
    // A result without an id of its own cannot be given to an input.
    else (isId(object.id) && otherIdOf(object) === undefined ? loose : surplus).push(object)
  }
  const isLastWord = ended === "Complete" || ended === "Canceled" || ended === "UnknownStatus"
  for (const error of response.errors ?? []) {
    const known = registry.ofError(error)
    if (known.size === 0) unattributed.push(error)
    // An error of HubSpot's own is no refusal, and neither is an error in a batch that HubSpot has not finished.
    if (!isLastWord || !ErrorBody.isRefusal(error)) continue
    for (const position of known) claims[position]!.errors.push(error)
  }

  const shared = sharedIds(response.results, registry)
  const contradicted = contradictions(identities, claims, registry)
  const verdicts: Array<Verdict | undefined> = claims.map((claim, position) => {
    const seen = contradicted.get(position)
    return seen === undefined ? fromClaim(claim, shared) : unaccounted("contradiction", seen.join("; "))
  })

  // A loose result may belong to a contradicted input, so such inputs take part, but get no result.
  const open = [
    ...verdicts.flatMap((verdict, position) => (verdict === undefined ? [position] : [])),
    ...contradicted.keys()
  ]
  const own = loose.filter((object) => !shared.has(object.id))
  const isWhole = surplus.length + unattributed.length + shared.size + contradicted.size === 0
  const placed = place?.(open, own, isWhole) ?? { ...ContentMatch.nothing, surplus: own }
  for (const [position, object] of placed.matched) {
    if (contradicted.has(open[position]!)) surplus.push(object)
    else verdicts[open[position]!] = { _tag: "Done", object }
  }
  surplus.push(...placed.surplus, ...loose.filter((object) => shared.has(object.id)))

  const isRefused = ended === "Complete" && isRefusalOfAll(identities, response)
  const silence = ended === "Complete" ? unaccounted("missing") : unaccounted("unfinished", response.status)
  const remaining = (position: number): Verdict => {
    if (isRefused) return { _tag: "Rejected", errors: distinct(unattributed) }
    const objects = placed.unassigned.get(position)
    if (objects !== undefined) {
      return unaccounted("unassigned", `created under one of ${objects.map(({ id }) => id).join(", ")}`)
    }
    return placed.ambiguous.has(position) ? unaccounted("ambiguous") : silence
  }
  return {
    verdicts: verdicts.map((verdict, position) => verdict ?? remaining(open.indexOf(position))),
    surplus,
    unattributed,
    unread: {
      ids: placed.unread,
      properties:
        placed.unread.length === 0
          ? []
          : [...new Set(open.flatMap((position) => Object.keys(identities[position]!.properties ?? {})))]
    }
  }
}

/** Errors without those that say the same. */
const distinct = (errors: ReadonlyArray<ErrorBody.StandardError>): ReadonlyArray<ErrorBody.StandardError> => [
  ...new Map(errors.map((error) => [JSON.stringify(ErrorBody.problems(error)), error])).values()
]

/** Whether a reply has an error for each input and nothing else, so that its errors need not name their inputs. */
const isRefusalOfAll = (
  { length: inputs }: ReadonlyArray<Identity>,
  { errors, results }: BatchResponse.BatchResponse
): boolean =>
  results.length === 0 &&
  errors?.length === inputs &&
  errors.every((error) => ErrorBody.isRefusal(error) && isAnonymous(error))

/**
 * The end of a batch with what was read of the records that its results do not show: every result without a trace id
 * shows the properties that were read under its id.
 *
 * @category reading
 * @since 0.1.0
 */
export const withRecords = (end: BatchState.End, records: Iterable<CrmObject.CrmObject>): BatchState.End => {
  const byId = new Map(Array.from(records, (record) => [record.id, record]))
  const results = end.response.results.map((result) => {
    const record = typeof result.objectWriteTraceId === "string" ? undefined : byId.get(result.id)
    return record === undefined
      ? result
      : { ...result, properties: { ...result.properties, ...record.properties } }
  })
  return { ...end, response: { ...end.response, results } }
}

/**
 * An account with what a later one, of the same reply with records, says of inputs that it leaves open.
 *
 * @category reading
 * @since 0.1.0
 */
export const refined = (first: Account, later: Account): Account => {
  const idOf = (verdict: Verdict) => (verdict._tag === "Done" ? [verdict.object.id] : [])
  const known = new Set(first.verdicts.flatMap(idOf))
  const verdicts = first.verdicts.map((verdict, position): Verdict => {
    const now = later.verdicts[position]!
    if (verdict._tag !== "Unaccounted") return verdict
    if (now._tag === "Done") return known.has(now.object.id) ? verdict : now
    return now._tag === "Unaccounted" && now.why === "unassigned" ? now : verdict
  })
  const placed = new Set(verdicts.flatMap(idOf))
  return { ...later, verdicts, surplus: first.surplus.filter(({ id }) => !placed.has(id)) }
}

interface Claim {
  readonly id: string | undefined
  readonly objects: Array<CrmObject.CrmObject>
  readonly errors: Array<ErrorBody.StandardError>
}

const { isId } = CrmObject

const unaccounted = (why: Unaccounted, seen?: string): Verdict => ({
  _tag: "Unaccounted",
  why,
  ...(seen !== undefined && { seen })
})

/** The most contradictions that are reported of one input. */
const maxSeen = 3

/**
 * The inputs that are in doubt because a result belongs to another input than its trace id says, with what was seen. An input
 * is not in doubt if a result of its own has its values, and not those of the input that the trace id names.
 */
const contradictions = (
  identities: ReadonlyArray<Identity>,
  claims: ReadonlyArray<Claim>,
  registry: Registry
): ReadonlyMap<number, ReadonlyArray<string>> => {
  const seen = new Map<number, ReadonlyArray<string>>()
  const note = (position: number, text: string): void => {
    const texts = seen.get(position) ?? []
    if (texts.length < maxSeen) seen.set(position, [...texts, text])
  }
  const nameOf = (position: number): string => identities[position]!.objectWriteTraceId ?? "another input"
  const isDifferent = (position: number, object: CrmObject.CrmObject): boolean =>
    differences(identities[position]!.properties, object).length > 0
  for (const [position, { objects }] of claims.entries()) {
    for (const object of objects) {
      if (typeof object.objectWriteTraceId !== "string") continue
      const others = registry.others(object, position)
      if (others === undefined) continue
      const { by, positions } = others
      const id = `id ${ErrorBody.showable(object.id, 64)} came`
      note(position, `${id} under its trace id with the ${by} of ${nameOf(positions[0]!)}`)
      for (const other of positions) {
        const isItsOwn = (one: CrmObject.CrmObject) => !isDifferent(other, one) && isDifferent(position, one)
        if (by === "values" && claims[other]!.objects.some(isItsOwn)) continue
        note(other, `${id} with its ${by} under the trace id ${nameOf(position)}`)
      }
    }
  }
  return seen
}

/** What the reply says of an input, or undefined if it says nothing. */
const fromClaim = ({ errors, id, objects }: Claim, shared: ReadonlySet<string>): Verdict | undefined => {
  const [object] = objects
  if (object === undefined) return errors.length === 0 ? undefined : { _tag: "Rejected", errors }
  const other = objects.map(otherIdOf).find((own) => own !== undefined)
  if (errors.length === 0 && !objects.some((one) => isId(one.id))) {
    return unaccounted("noId", other && `its hs_object_id is ${ErrorBody.showable(other, 64)}`)
  }
  const contradicts = errors.length > 0 || objects.some((one) => one.id !== (id ?? object.id))
  if (!contradicts && shared.has(object.id)) return unaccounted("duplicateId", `id ${object.id}`)
  if (!contradicts && other === undefined) return { _tag: "Done", object }
  const ids = objects
    .flatMap((one) => [one.id, otherIdOf(one) ?? []].flat())
    .map((one) => (isId(one) ? `id ${one}` : "no id that can be read"))
  const answers = [...new Set(ids), ...(errors.length > 0 ? ["an error"] : [])]
  return unaccounted("contradiction", `${answers.join(" and ")} came for it`)
}

/** Ids that the results give to more than one record. A repetition for the same input is harmless. */
const sharedIds = (results: ReadonlyArray<CrmObject.CrmObject>, registry: Registry): ReadonlySet<string> => {
  const owners = new Map<string, string | number | undefined>()
  const shared = new Set<string>()
  for (const object of results) {
    const position = registry.ofObject(object)
    // If nothing identifies a result, a repetition looks the same as a second record.
    const owner = position === "foreign" ? `${object.objectWriteTraceId}` : position
    if (!owners.has(object.id)) owners.set(object.id, owner)
    else if (owner === undefined || owners.get(object.id) !== owner) shared.add(object.id)
  }
  return shared
}
