/**
 * Gives results without trace ids to the inputs that they must belong to, by their content.
 *
 * Pure. It never guesses: a result that could belong to several different inputs makes all of them ambiguous.
 */
import { type CrmObject, Properties } from "@effect-hubspot/schema"
import type { TracedInput } from "./Plan.ts"

/** Results given to inputs. Positions are those among the given inputs. */
export interface Placed {
  readonly matched: ReadonlyArray<readonly [position: number, object: CrmObject.CrmObject]>
  readonly ambiguous: ReadonlySet<number>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
}

/**
 * Gives loose results to the inputs that they must belong to. A result could belong to every input whose values it repeats.
 * It is given to a group of identical inputs if it falls into that group in every way to give each result an input of its
 * own. `single` says that the batch has one input, so that a single result belongs to it with any content.
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
  // There are more results than inputs that they could belong to, so none of them is certain.
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

/** A group for each result with no group over its capacity, if that is possible. `without` forbids one pair. */
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

/** Positions of inputs that are the same for HubSpot, in their order. */
const groupIdentical = (inputs: ReadonlyArray<TracedInput>): ReadonlyArray<ReadonlyArray<number>> => [
  ...Map.groupBy(inputs.keys(), (position) => {
    const { associations = [], properties } = inputs[position]!
    return JSON.stringify([Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)), associations])
  }).values()
]

/** Whether a record repeats every value of an input. HubSpot may write a value in another form. */
export const couldBe = (input: Pick<TracedInput, "properties">, object: CrmObject.CrmObject): boolean => {
  for (const name in input.properties) {
    const sent = input.properties[name]
    // An empty text clears a property. HubSpot then shows no value.
    if (sent === undefined || !Properties.isSameValue(sent, object.properties?.[name] ?? "")) return false
  }
  return true
}
