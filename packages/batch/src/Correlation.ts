/**
 * From a reply to a verdict per input. Pure; what it promises, whatever HubSpot answers:
 *
 * - every input gets exactly one verdict;
 * - no id is given to two inputs;
 * - `Created` and `Rejected` only on evidence about this very input; position is never evidence;
 * - what the reply does account for is never in doubt;
 * - what fits no input is reported as surplus, not dropped.
 *
 * The evidence, in this order: the trace id in a result or in an error's context; for results without
 * trace ids, content that can belong to one input (or to one of several identical ones) only; for a batch
 * of a single input, the single result.
 *
 * @since 0.1.0
 */
import {
  BatchStatus,
  ErrorBody,
  Properties,
  type BatchResponse,
  type CrmObject
} from "@effect-hubspot/schema"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { Unaccounted } from "./Outcome.ts"
import type { TracedInput } from "./Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Created"; readonly object: CrmObject.CrmObject }
  | { readonly _tag: "Rejected"; readonly errors: ReadonlyArray<ErrorBody.StandardError> }
  | { readonly _tag: "Unaccounted"; readonly why: Unaccounted }

/**
 * `verdicts` in the order of the inputs. `surplus` are results that fit no input, `unattributed` errors
 * that name none of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly verdicts: ReadonlyArray<Verdict>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
  readonly unattributed: ReadonlyArray<ErrorBody.StandardError>
}

/**
 * The account of a reply to a batch of inputs with unique trace ids.
 *
 * **Example**
 *
 * ```ts
 * import { Correlation } from "@effect-hubspot/batch"
 *
 * const inputs = ["a", "b"].map((name) => ({ properties: { name }, objectWriteTraceId: `t-${name}` }))
 * const account = Correlation.correlate(inputs, {
 *   status: "COMPLETE",
 *   results: [{ id: "7", objectWriteTraceId: "t-b" }],
 *   errors: [{ message: "no", context: { objectWriteTraceId: ["t-a"] } }]
 * })
 * const tags = account.verdicts.map((verdict) => verdict._tag)
 * tags // => ["Rejected", "Created"]
 * ```
 *
 * @category correlating
 * @since 0.1.0
 */
export const correlate = (
  inputs: ReadonlyArray<TracedInput>,
  response: BatchResponse.BatchResponse
): Account => {
  const claims = inputs.map((): Claim => ({ objects: [], errors: [] }))
  const byTraceId = new Map(inputs.map((input, index) => [input.objectWriteTraceId, index]))
  const surplus: Array<CrmObject.CrmObject> = []
  const loose: Array<CrmObject.CrmObject> = []
  const unattributed: Array<ErrorBody.StandardError> = []

  const unfinished = isUnfinished(response)
  for (const object of response.results) {
    // Without an id that can be one there is nothing to point to.
    if (!/^[\w-]{1,64}$/.test(object.id)) surplus.push(object)
    else if (typeof object.objectWriteTraceId !== "string") loose.push(object)
    else {
      const index = byTraceId.get(object.objectWriteTraceId)
      if (index === undefined) surplus.push(object)
      else claims[index]?.objects.push(object)
    }
  }
  for (const error of response.errors ?? []) {
    const known = new Set(traceIdsOf(error).flatMap((traceId) => byTraceId.get(traceId) ?? []))
    if (known.size === 0) unattributed.push(error)
    // An error in a batch that HubSpot is still at work on, or of HubSpot's own, is no refusal yet.
    if (unfinished || isServersOwn(error)) continue
    for (const index of known) claims[index]?.errors.push(error)
  }

  const shared = sharedIds(response.results)
  const verdicts: Array<Verdict | undefined> = claims.map((claim) => fromClaim(claim, shared))

  const open = verdicts.flatMap((verdict, index) => (verdict === undefined ? [index] : []))
  const placed = matchByContent(
    open.map((index) => inputs[index]!),
    loose.filter((object) => !shared.has(object.id)),
    inputs.length === 1
  )
  for (const [position, object] of placed.matched) verdicts[open[position]!] = { _tag: "Created", object }
  surplus.push(...placed.surplus, ...loose.filter((object) => shared.has(object.id)))

  const why = unaccountedBy(response)
  return {
    verdicts: verdicts.map(
      (verdict, index) =>
        verdict ?? {
          _tag: "Unaccounted",
          why: placed.ambiguous.has(open.indexOf(index)) ? "ambiguous" : why
        }
    ),
    surplus,
    unattributed
  }
}

interface Claim {
  readonly objects: Array<CrmObject.CrmObject>
  readonly errors: Array<ErrorBody.StandardError>
}

const traceIdsOf = (error: ErrorBody.StandardError): ReadonlyArray<string> => [
  ...ErrorBody.contextValues(error.context, "objectWriteTraceId"),
  ...(error.errors ?? []).flatMap((detail) => ErrorBody.contextValues(detail.context, "objectWriteTraceId"))
]

/** What the reply says of an input by its trace id; `undefined` if nothing. */
const fromClaim = (claim: Claim, shared: ReadonlySet<string>): Verdict | undefined => {
  const [object] = claim.objects
  if (object === undefined) {
    return claim.errors.length === 0 ? undefined : { _tag: "Rejected", errors: claim.errors }
  }
  if (claim.errors.length > 0 || claim.objects.some((other) => other.id !== object.id)) {
    return { _tag: "Unaccounted", why: "contradiction" }
  }
  return shared.has(object.id) ? { _tag: "Unaccounted", why: "duplicateId" } : { _tag: "Created", object }
}

/** Ids that stand in the results for more than one record; an exact repetition of one is harmless. */
const sharedIds = (results: ReadonlyArray<CrmObject.CrmObject>): ReadonlySet<string> => {
  const owners = new Map<string, string>()
  const shared = new Set<string>()
  for (const { id, objectWriteTraceId } of results) {
    // Without a trace id a repetition cannot be told from a second record.
    const owner = typeof objectWriteTraceId === "string" ? `t${objectWriteTraceId}` : `#${owners.size}`
    const known = owners.get(id)
    if (known === undefined) owners.set(id, owner)
    else if (known !== owner || owner.startsWith("#")) shared.add(id)
  }
  return shared
}

const isUnfinished = (response: BatchResponse.BatchResponse): boolean => {
  const status = response.status === undefined ? undefined : BatchStatus.fromString(response.status)
  return status === "PENDING" || status === "PROCESSING"
}

const isServersOwn = ({ category }: ErrorBody.StandardError): boolean =>
  /INTERNAL|TIMEOUT|TIMED_OUT|UNAVAILABLE/i.test(category ?? "")

const unaccountedBy = (response: BatchResponse.BatchResponse): Unaccounted => {
  const status = response.status === undefined ? "COMPLETE" : BatchStatus.fromString(response.status)
  return status === "COMPLETE" ? "missing" : "unfinished"
}

// -----------------------------------------------------------------------------
// Results without trace ids
// -----------------------------------------------------------------------------

interface Placed {
  readonly matched: ReadonlyArray<readonly [position: number, object: CrmObject.CrmObject]>
  readonly ambiguous: ReadonlySet<number>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
}

/**
 * Gives loose results to the inputs they must belong to. A result could be of every input whose values it
 * repeats; it is given to a group of identical inputs if, in every way to give each result an input of
 * its own, it falls into that group.
 */
const matchByContent = (
  inputs: ReadonlyArray<TracedInput>,
  loose: ReadonlyArray<CrmObject.CrmObject>,
  single: boolean
): Placed => {
  const [only] = loose
  if (only === undefined) return { matched: [], ambiguous: new Set(), surplus: [] }
  if (single && inputs.length === 1 && loose.length === 1) {
    return { matched: [[0, only]], ambiguous: new Set(), surplus: [] }
  }
  const groups = groupIdentical(inputs)
  const candidates = loose.map((object) =>
    groups.flatMap((group, index) => (couldBe(inputs[group[0]!]!, object) ? [index] : []))
  )
  const surplus = loose.filter((_, result) => candidates[result]!.length === 0)
  const results = loose.flatMap((_, result) => (candidates[result]!.length > 0 ? [result] : []))
  const capacity = groups.map((group) => group.length)
  const assignment = assign(results, candidates, capacity, new Map())
  const touched = new Set(results.flatMap((result) => candidates[result]!).flatMap((group) => groups[group]!))
  // More results than inputs they could be of: none of them is certain.
  if (assignment === undefined) {
    return {
      matched: [],
      ambiguous: touched,
      surplus: [...surplus, ...results.map((result) => loose[result]!)]
    }
  }

  const matched: Array<readonly [number, CrmObject.CrmObject]> = []
  const filled = groups.map(() => 0)
  const uncertain: Array<CrmObject.CrmObject> = []
  for (const result of results) {
    const group = assignment.get(result)!
    const certain =
      candidates[result]!.length === 1 ||
      assign(results, candidates, capacity, new Map([[result, group]])) === undefined
    if (certain) matched.push([groups[group]![filled[group]!++]!, loose[result]!])
    else uncertain.push(loose[result]!)
  }
  for (const [position] of matched) touched.delete(position)
  return {
    matched,
    ambiguous: uncertain.length > 0 ? touched : new Set(),
    surplus: [...surplus, ...uncertain]
  }
}

/** A group per result with no group over its capacity, if there is one. `without` forbids one pair. */
const assign = (
  results: ReadonlyArray<number>,
  candidates: ReadonlyArray<ReadonlyArray<number>>,
  capacity: ReadonlyArray<number>,
  without: ReadonlyMap<number, number>
): ReadonlyMap<number, number> | undefined => {
  const members = capacity.map(() => new Set<number>())
  const place = (result: number, seen: Set<number>): boolean => {
    for (const group of candidates[result]!) {
      if (seen.has(group) || without.get(result) === group) continue
      seen.add(group)
      const taken = members[group]!
      if (taken.size < capacity[group]!) {
        taken.add(result)
        return true
      }
      for (const other of taken) {
        if (place(other, seen)) {
          taken.delete(other)
          taken.add(result)
          return true
        }
      }
    }
    return false
  }
  for (const result of results) if (!place(result, new Set())) return undefined
  return new Map(members.flatMap((taken, group) => [...taken].map((result) => [result, group] as const)))
}

/** Positions of inputs that HubSpot itself could not tell apart, in their order. */
const groupIdentical = (inputs: ReadonlyArray<TracedInput>): ReadonlyArray<ReadonlyArray<number>> => {
  const groups = new Map<string, Array<number>>()
  for (const [position, { associations, properties }] of inputs.entries()) {
    const key = JSON.stringify([
      Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)),
      associations ?? []
    ])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [position])
    else group.push(position)
  }
  return [...groups.values()]
}

/** Whether a record repeats every value of an input; HubSpot may write a number in another way. */
const couldBe = (input: TracedInput, object: CrmObject.CrmObject): boolean => {
  for (const name in input.properties) {
    const sent = input.properties[name]
    const got = object.properties?.[name]
    if (sent === undefined || typeof got !== "string" || (sent !== got && !sameNumber(sent, got)))
      return false
  }
  return true
}

const sameNumber = (a: string, b: string): boolean =>
  Properties.isDecimalText(a) &&
  Properties.isDecimalText(b) &&
  Option.getOrElse(
    Option.zipWith(BigDecimal.fromString(a), BigDecimal.fromString(b), BigDecimal.equals),
    () => false
  )
