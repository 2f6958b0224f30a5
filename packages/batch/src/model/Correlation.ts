/**
 * From the end of a batch to a verdict per input. Pure; what it promises, whatever HubSpot answers:
 *
 * - every input gets exactly one verdict;
 * - no id is given to two inputs;
 * - `Done` and `Rejected` only on evidence about this very input; position is never evidence;
 * - what the reply does account for is never in doubt;
 * - what fits no input is reported as surplus, not dropped.
 *
 * The evidence, in this order: the trace id in a result or in an error's context; the id of the record an
 * input is about; the value of the key property; for creates, content that can belong to one input (or to
 * one of several identical ones) only; for a batch of a single create, the single result.
 *
 * A result contradicts its trace id where it has the key of another input of the batch, or, if it shows no key,
 * values that are another input's and not those of the one it names; then both are in doubt. HubSpot and products change values, so
 * a result that fits no input, or both, is that of its trace id; so is one that shows nothing to compare. A record that
 * shows another `hs_object_id` than the id it came under contradicts that id.
 *
 * @since 0.1.0
 */
import { CrmObject, ErrorBody, Properties } from "@effect-hubspot/schema"
import type * as BatchState from "./BatchState.ts"
import type { Unaccounted } from "./Outcome.ts"
import type { TracedInput } from "./Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Done"; readonly object: CrmObject.CrmObject }
  | { readonly _tag: "Rejected"; readonly errors: ReadonlyArray<ErrorBody.StandardError> }
  /** `seen` is what the reply says instead, where it says something. */
  | { readonly _tag: "Unaccounted"; readonly why: Unaccounted; readonly seen?: string }

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
 * By what an input is recognised in a reply: the trace id it was sent with, the record it is about, the
 * value of a property that no other input has. What is given must be unique among the inputs, but for the `properties`
 * it was sent with: a result under its trace id may show that it is of another input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly objectWriteTraceId?: string | undefined
  readonly id?: string | undefined
  readonly key?: { readonly property: string; readonly value: string } | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/**
 * The account of the end of a batch of creates with unique trace ids. `keyProperty` holds a key in every
 * input, where there is such a property.
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
    (open, loose) =>
      matchByContent(
        open.map((position) => inputs[position]!),
        loose,
        inputs.length === 1
      )
  )

/**
 * The account of the end of a batch by identities alone. `place` finds inputs for results that have nothing to be
 * recognised by; without it they are surplus.
 *
 * @category correlating
 * @since 0.1.0
 */
export const judge = (
  identities: ReadonlyArray<Identity>,
  { _tag: ended, response }: BatchState.End,
  place?: (open: ReadonlyArray<number>, loose: ReadonlyArray<CrmObject.CrmObject>) => Placed
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
    // Without an id that can be its own there is nothing to point to.
    else (isId(object.id) && otherIdOf(object) === undefined ? loose : surplus).push(object)
  }
  const isLastWord = ended === "Complete" || ended === "Canceled" || ended === "UnknownStatus"
  for (const error of response.errors ?? []) {
    const known = registry.ofError(error)
    if (known.size === 0) unattributed.push(error)
    // An error in a batch that HubSpot is still at work on, or of HubSpot's own, is no refusal yet.
    if (!isLastWord || isServersOwn(error)) continue
    for (const position of known) claims[position]!.errors.push(error)
  }

  const shared = sharedIds(response.results, registry)
  const contradicted = contradictions(identities, claims, registry)
  const verdicts: Array<Verdict | undefined> = claims.map((claim, position) => {
    const seen = contradicted.get(position)
    return seen === undefined ? fromClaim(claim, shared) : unaccounted("contradiction", seen.join("; "))
  })

  // An input whose trace id came with another one's record may be that of a loose result, and gets none.
  const open = [
    ...verdicts.flatMap((verdict, position) => (verdict === undefined ? [position] : [])),
    ...contradicted.keys()
  ]
  const own = loose.filter((object) => !shared.has(object.id))
  const placed = place?.(open, own) ?? { matched: [], ambiguous: new Set<number>(), surplus: own }
  for (const [position, object] of placed.matched) {
    if (contradicted.has(open[position]!)) surplus.push(object)
    else verdicts[open[position]!] = { _tag: "Done", object }
  }
  surplus.push(...placed.surplus, ...loose.filter((object) => shared.has(object.id)))

  const why = ended === "Complete" ? "missing" : "unfinished"
  return {
    verdicts: verdicts.map(
      (verdict, position) =>
        verdict ?? unaccounted(placed.ambiguous.has(open.indexOf(position)) ? "ambiguous" : why)
    ),
    surplus,
    unattributed
  }
}

interface Claim {
  readonly id: string | undefined
  readonly objects: Array<CrmObject.CrmObject>
  readonly errors: Array<ErrorBody.StandardError>
}

const { isId } = CrmObject

/** The id that a record itself shows, where it is another one than it came under. */
const otherIdOf = ({ id, properties }: CrmObject.CrmObject): string | undefined => {
  const own = properties?.["hs_object_id"]
  return isShown(own) && own !== id ? own : undefined
}

const unaccounted = (why: Unaccounted, seen?: string): Verdict => ({
  _tag: "Unaccounted",
  why,
  ...(seen !== undefined && { seen })
})

/** Who is meant: a position among the inputs, nobody that can be told, or somebody who is not among them. */
interface Registry {
  readonly ofObject: (object: CrmObject.CrmObject) => number | "foreign" | undefined
  readonly ofError: (error: ErrorBody.StandardError) => ReadonlySet<number>
  /** Of which inputs a result shows itself to be, by what, though its trace id names the one at this position. */
  readonly others: (
    object: CrmObject.CrmObject,
    position: number
  ) => { readonly by: "id" | "key" | "values"; readonly positions: ReadonlyArray<number> } | undefined
}

const registryOf = (identities: ReadonlyArray<Identity>): Registry => {
  const byTraceId = new Map<string, number>()
  const byId = new Map<string, number>()
  const byKey = new Map<string, Map<string, number>>()
  for (const [position, { id, key, objectWriteTraceId }] of identities.entries()) {
    if (objectWriteTraceId !== undefined) byTraceId.set(objectWriteTraceId, position)
    if (id !== undefined) byId.set(id, position)
    if (key === undefined) continue
    const values = byKey.get(key.property)
    if (values === undefined) byKey.set(key.property, new Map([[key.value, position]]))
    else values.set(key.value, position)
  }
  /** Inputs by what they were sent with; made when a result differs from its input, which is rare. */
  let bySent: ReadonlyMap<string, ReadonlyArray<number>> | undefined
  const byValues = (object: CrmObject.CrmObject, position: number): ReadonlyArray<number> => {
    const differing = differences(identities[position]!.properties, object)
    if (differing.length === 0) return []
    const sent = (bySent ??= indexOfValues(identities))
    const candidates = new Set(
      differing.flatMap((name) => sent.get(valueKey(name, object.properties![name]!)) ?? [])
    )
    return [...candidates].filter((other) => differences(identities[other]!.properties, object).length === 0)
  }
  const ofKey = ({ properties }: CrmObject.CrmObject): number | undefined => {
    for (const [property, values] of byKey) {
      const value = properties?.[property]
      const position = typeof value === "string" ? values.get(value) : undefined
      if (position !== undefined) return position
    }
    return undefined
  }
  /** What a request called a record: its id, or the value of the property it went by; nobody where two have that name. */
  const ofName = (name: string): ReadonlyArray<number> => {
    const named = new Set([byId, ...byKey.values()].flatMap((positions) => option(positions.get(name))))
    return named.size === 1 ? [...named] : []
  }
  return {
    ofObject: (object) =>
      byTraceId.size > 0 && typeof object.objectWriteTraceId === "string"
        ? (byTraceId.get(object.objectWriteTraceId) ?? "foreign")
        : (byId.get(object.id) ?? ofKey(object)),
    ofError: (error) => {
      const contexts = [error.context, ...(error.errors ?? []).map(({ context }) => context)]
      const named = (name: string) => contexts.flatMap((context) => ErrorBody.contextValues(context, name))
      const traceIds = named("objectWriteTraceId")
      // Beside a trace id, also a foreign one, an id is that of a parent, a product, another record.
      return new Set(
        traceIds.length > 0
          ? traceIds.flatMap((traceId) => option(byTraceId.get(traceId)))
          : [...named("ids"), ...named("id")].flatMap(ofName)
      )
    },
    others: (object, position) => {
      const { key } = identities[position]!
      const holder = byId.get(object.id)
      if (holder !== undefined) return holder === position ? undefined : { by: "id", positions: [holder] }
      const shown = key === undefined ? undefined : object.properties?.[key.property]
      if (!isShown(shown)) {
        const positions = byValues(object, position)
        return positions.length === 0 ? undefined : { by: "values", positions }
      }
      // A key that HubSpot has changed is nobody's.
      const owner = byKey.get(key!.property)!.get(shown)
      return owner === undefined || Properties.isSameValue(key!.value, shown)
        ? undefined
        : { by: "key", positions: [owner] }
    }
  }
}

const option = <A>(value: A | undefined): ReadonlyArray<A> => (value === undefined ? [] : [value])

const isShown = (value: string | null | undefined): value is string =>
  value !== undefined && value !== null && value !== ""

/** The properties of an input that a record shows with another value. What is not shown, or was sent empty, is none. */
const differences = (
  sent: Readonly<Record<string, string>> | undefined,
  { properties }: CrmObject.CrmObject
): ReadonlyArray<string> => {
  let names: Array<string> | undefined
  for (const name in sent) {
    const [own, shown] = [sent[name], properties?.[name]]
    if (own === shown || !isShown(own) || !isShown(shown) || Properties.isSameValue(own, shown)) continue
    names ??= []
    names.push(name)
  }
  return names ?? []
}

const valueKey = (name: string, value: string): string => `${name}\u0000${Properties.canonical(value)}`

const indexOfValues = (identities: ReadonlyArray<Identity>): ReadonlyMap<string, ReadonlyArray<number>> => {
  const index = new Map<string, Array<number>>()
  for (const [position, { properties }] of identities.entries()) {
    for (const name in properties) {
      const key = valueKey(name, properties[name]!)
      const positions = index.get(key)
      if (positions === undefined) index.set(key, [position])
      else positions.push(position)
    }
  }
  return index
}

/** So much is said of an input: of its own result, and of others that may be its. */
const maxSeen = 3

/**
 * The inputs that are in doubt because a result is another one's than its trace id says, with what was seen. An input is
 * not meant where it has a result of its own that has its values, and not those of the one that the trace id names.
 */
const contradictions = (
  identities: ReadonlyArray<Identity>,
  claims: ReadonlyArray<Claim>,
  registry: Registry
): ReadonlyMap<number, ReadonlyArray<string>> => {
  const seen = new Map<number, Array<string>>()
  const note = (position: number, text: string): void => {
    const texts = seen.get(position)
    if (texts === undefined) seen.set(position, [text])
    else if (texts.length < maxSeen) texts.push(text)
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

/** What the reply says of an input; `undefined` if nothing. */
const fromClaim = (claim: Claim, shared: ReadonlySet<string>): Verdict | undefined => {
  const [object] = claim.objects
  if (object === undefined) {
    return claim.errors.length === 0 ? undefined : { _tag: "Rejected", errors: claim.errors }
  }
  const denying = claim.objects.find((one) => otherIdOf(one) !== undefined)
  const other = denying && otherIdOf(denying)
  if (claim.errors.length === 0 && !claim.objects.some((one) => isId(one.id))) {
    return unaccounted("noId", other && `its hs_object_id is ${ErrorBody.showable(other, 64)}`)
  }
  const id = claim.id ?? object.id
  if (claim.errors.length > 0 || claim.objects.some((one) => one.id !== id)) {
    return unaccounted("contradiction", `${answeredFor(claim)} came for it`)
  }
  if (shared.has(object.id)) return unaccounted("duplicateId", `id ${object.id}`)
  return other === undefined
    ? { _tag: "Done", object }
    : unaccounted("contradiction", `${answeredFor(claim)} came for it`)
}

const answeredFor = ({ errors, objects }: Claim): string =>
  [
    ...new Set(
      objects
        .flatMap((object) => [object.id, ...option(otherIdOf(object))])
        .map((id) => (isId(id) ? `id ${id}` : "no id that can be read"))
    ),
    ...(errors.length > 0 ? ["an error"] : [])
  ].join(" and ")

/** Ids that stand in the results for more than one record; an exact repetition of one is harmless. */
const sharedIds = (results: ReadonlyArray<CrmObject.CrmObject>, registry: Registry): ReadonlySet<string> => {
  const owners = new Map<string, string | number | undefined>()
  const shared = new Set<string>()
  for (const object of results) {
    const position = registry.ofObject(object)
    // Without anything to be recognised by, a repetition cannot be told from a second record.
    const owner = position === "foreign" ? `${object.objectWriteTraceId}` : position
    if (!owners.has(object.id)) owners.set(object.id, owner)
    else if (owner === undefined || owners.get(object.id) !== owner) shared.add(object.id)
  }
  return shared
}

const isServersOwn = ({ category }: ErrorBody.StandardError): boolean =>
  /INTERNAL|TIMEOUT|TIMED_OUT|UNAVAILABLE/i.test(category ?? "")

// -----------------------------------------------------------------------------
// Results without trace ids
// -----------------------------------------------------------------------------

/**
 * Results given to inputs by their content; positions are those among the inputs that were open.
 *
 * @category models
 * @since 0.1.0
 */
export interface Placed {
  readonly matched: ReadonlyArray<readonly [position: number, object: CrmObject.CrmObject]>
  readonly ambiguous: ReadonlySet<number>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
}

/**
 * Gives loose results to the inputs they must belong to. `single`: there is but one input, so that a single
 * result is its own whatever it says. A result could be of every input whose values it
 * repeats; it is given to a group of identical inputs if, in every way to give each result an input of
 * its own, it falls into that group.
 *
 * @category correlating
 * @since 0.1.0
 */
export const matchByContent = (
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

/**
 * Whether a record repeats every value of an input; HubSpot may write a value in another way.
 *
 * @category correlating
 * @since 0.1.0
 */
export const couldBe = (input: Pick<TracedInput, "properties">, object: CrmObject.CrmObject): boolean => {
  for (const name in input.properties) {
    const sent = input.properties[name]
    // An empty text clears a property, and is then shown as none.
    if (sent === undefined || !Properties.isSameValue(sent, object.properties?.[name] ?? "")) return false
  }
  return true
}
