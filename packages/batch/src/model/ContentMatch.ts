/**
 * Gives results without trace ids to the inputs that they must belong to, by what they show of their content.
 *
 * Pure. It never guesses: a result that could belong to several different inputs makes all of them ambiguous, and a
 * property that a result does not show speaks for no input and against none.
 */
import { CrmObject, Properties } from "@effect-hubspot/schema"
import type { TracedInput } from "./Plan.ts"

/** Results given to inputs. Positions are those among the given inputs. */
export interface Placed {
  readonly matched: ReadonlyArray<readonly [position: number, object: CrmObject.CrmObject]>
  /** Inputs that a result may belong to, which may as well belong to another input. */
  readonly ambiguous: ReadonlySet<number>
  /** Inputs that were created, each under the id of one of these results. */
  readonly unassigned: ReadonlyMap<number, ReadonlyArray<CrmObject.CrmObject>>
  readonly surplus: ReadonlyArray<CrmObject.CrmObject>
  /** Ids of results whose records may show what the results do not. */
  readonly unread: ReadonlyArray<string>
}

export const nothing: Placed = {
  matched: [],
  ambiguous: new Set(),
  unassigned: new Map(),
  surplus: [],
  unread: []
}

/**
 * Gives loose results to the inputs that they must belong to. A result could belong to every input whose values it does not
 * contradict. It is given to a group of identical inputs if it falls into that group in every way to give each result an
 * input of its own, and if it repeats all values of that input.
 *
 * `isWhole` says that the rest of the reply is without contradiction. If there are then as many results as inputs, all of
 * the inputs were created, and a result need not repeat what it does not show. `single` says that the batch has one input, so
 * that a single result belongs to it with any content.
 */
export const matchByContent = (
  inputs: ReadonlyArray<TracedInput>,
  loose: ReadonlyArray<CrmObject.CrmObject>,
  { isWhole, single }: { readonly isWhole: boolean; readonly single: boolean }
): Placed => {
  const [only] = loose
  if (only === undefined) return nothing
  if (single && inputs.length === 1 && loose.length === 1) return { ...nothing, matched: [[0, only]] }
  const groups = groupIdentical(inputs)
  const first = (group: number): TracedInput => inputs[groups[group]![0]!]!
  const candidates = loose.map((object) =>
    [...groups.keys()].filter((group) => !contradicts(first(group), object))
  )
  const fits = (result: number, group: number): boolean => couldBe(first(group), loose[result]!)
  const capacity = groups.map((group) => group.length)
  const possible = [...loose.keys()].filter((result) => candidates[result]!.length > 0)
  // If there are too many results, one that shows nothing gives way to one that repeats an input.
  const telling = possible.filter((result) => candidates[result]!.some((group) => fits(result, group)))
  const whole = assign(possible, candidates, capacity)
  const assignment = whole ?? assign(telling, candidates, capacity)
  const results = whole === undefined ? telling : possible
  const surplus = loose.filter((_, result) => !results.includes(result))
  const positionsOf = (some: ReadonlyArray<number>) =>
    new Set(some.flatMap((result) => candidates[result]!).flatMap((group) => groups[group]!))
  const unreadOf = (some: ReadonlyArray<number>) =>
    some
      .filter((result) => candidates[result]!.some((group) => hides(first(group), loose[result]!)))
      .map((result) => loose[result]!.id)
  // There are more results than inputs that they could belong to, so none of them is certain.
  if (assignment === undefined) {
    return { ...nothing, ambiguous: positionsOf(results), surplus: loose, unread: unreadOf(possible) }
  }

  const allCreated = isWhole && surplus.length === 0 && loose.length === inputs.length
  const matched: Array<readonly [number, CrmObject.CrmObject]> = []
  const uncertain: Array<number> = []
  const filled = groups.map(() => 0)
  for (const result of results) {
    const group = assignment.forced(result)
    if (group !== undefined && (allCreated || fits(result, group))) {
      matched.push([groups[group]![filled[group]!++]!, loose[result]!])
    } else uncertain.push(result)
  }
  const taken = new Set(matched.map(([position]) => position))
  const open = [...positionsOf(uncertain)].filter((position) => !taken.has(position))
  // A result that gave way to another one may show more when it is read.
  const unread = unreadOf([...uncertain, ...possible.filter((result) => !results.includes(result))])
  const objects = uncertain.map((result) => loose[result]!)
  return allCreated
    ? {
        ...nothing,
        matched,
        unassigned: new Map(
          open.map((position) => [position, objects.filter((one) => !contradicts(inputs[position]!, one))])
        ),
        unread
      }
    : { ...nothing, matched, ambiguous: new Set(open), surplus: [...surplus, ...objects], unread }
}

/** One way to give each result a group, with no group over its capacity. */
interface Assignment {
  /** The group of a result, if it is the same in every such way. */
  readonly forced: (result: number) => number | undefined
}

const assign = (
  results: ReadonlyArray<number>,
  candidates: ReadonlyArray<ReadonlyArray<number>>,
  capacity: ReadonlyArray<number>
): Assignment | undefined => {
  const members = capacity.map(() => new Set<number>())
  const place = (result: number, seen: Set<number>, without?: number): boolean => {
    for (const group of candidates[result]!) {
      if (seen.has(group) || group === without) continue
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
  if (!results.every((result) => place(result, new Set()))) return undefined
  return {
    forced: (result) => {
      const group = members.findIndex((taken) => taken.has(result))
      members[group]!.delete(result)
      // If it can have another group, it now has that one, which is as good.
      if (place(result, new Set(), group)) return undefined
      members[group]!.add(result)
      return group
    }
  }
}

/** Positions of inputs that are the same for HubSpot, in their order. */
const groupIdentical = (inputs: ReadonlyArray<TracedInput>): ReadonlyArray<ReadonlyArray<number>> => [
  ...Map.groupBy(inputs.keys(), (position) => {
    const { associations = [], properties } = inputs[position]!
    return JSON.stringify([Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)), associations])
  }).values()
]

/** Whether a record repeats every value of an input. HubSpot may write a value in another form. */
export const couldBe = (input: Pick<TracedInput, "properties">, object: CrmObject.CrmObject): boolean =>
  ofEach(input, object, isRepeated)

/** Whether a record leaves out a property of an input. */
const hides = (input: TracedInput, object: CrmObject.CrmObject): boolean =>
  !ofEach(input, object, (_, shown) => shown !== undefined)

/** Whether a record shows another value than that of an input. */
const contradicts = (input: TracedInput, object: CrmObject.CrmObject): boolean =>
  !ofEach(input, object, (sent, shown) => shown === undefined || isRepeated(sent, shown))

type Shown = string | null | undefined

/** An empty text clears a property. HubSpot then shows no value. */
const isRepeated = (sent: string, shown: Shown): boolean => Properties.isSameValue(sent, shown ?? "")

/** Whether something holds of every property of an input. */
const ofEach = (
  { properties: sent }: Pick<TracedInput, "properties">,
  { properties: shown }: CrmObject.CrmObject,
  holds: (sent: string, shown: Shown) => boolean
): boolean => {
  for (const name in sent) if (!holds(sent[name] ?? "", shown?.[name])) return false
  return true
}
