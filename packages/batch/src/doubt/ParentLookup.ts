/**
 * Looking for inputs among the line items of their parents, which needs no key: a line item has one parent,
 * and what a parent holds is a direct read, not the search index.
 *
 * An input is known by its content. So a record counts only if it was created since the input was first sent, is
 * not the record of another input, and can be of this input alone. Where another input with the same parent is
 * still open elsewhere, or where the clocks leave it open whether a record is older, nothing is concluded.
 *
 * What cannot be told: whether an equal line was added by somebody else in the meantime. It remembers the ids
 * of all that a job created.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as Operations from "@effect-hubspot/http/Operations"
import { Association, BatchRequest, CrmObject } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as Correlation from "../model/Correlation.ts"
import * as Lookup from "./Lookup.ts"
import type { Item, TracedInput } from "../model/Plan.ts"

/** How far HubSpot's clock and ours may be apart. */
const skewMillis = 60_000

interface Parent {
  readonly target: Association.Parent
  readonly id: string
}

/** The parent of an input that has just one. */
const parentOf = ({ associations = [] }: TracedInput): Parent | undefined => {
  const parents = associations.flatMap((association) =>
    Association.parentsOf([association]).map((target) => ({ target, id: association.to.id }))
  )
  return parents.length === 1 ? parents[0] : undefined
}

const nameOf = ({ id, target }: Parent): string => `${target} ${id}`

/**
 * What a job has under way and has created, by parent.
 *
 * @category models
 * @since 0.1.0
 */
export interface ParentLookup {
  /** A runner whose creations are remembered. */
  readonly watch: (
    runner: BatchRunner.BatchRunner<TracedInput, "Created">
  ) => BatchRunner.BatchRunner<TracedInput, "Created">
  readonly lookup: Lookup.Lookup
  /** Takes up what earlier runs of the job left: ids that are its own, and inputs without a certain outcome. */
  readonly recall: (earlier: Recalled) => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Recalled {
  readonly created: ReadonlyArray<string>
  /** `sinceMillis`: when it was first sent, in milliseconds since 1970. */
  readonly open: ReadonlyArray<{ readonly item: Item<unknown>; readonly sinceMillis: number }>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (services: Dispatch.Services): ParentLookup => {
  /** Ids that belong to an input of this job. */
  const claimed = new Set<string>()
  /** Inputs that were sent and have no certain outcome: when that was first, by parent and index. */
  const open = new Map<string, Map<number, number>>()

  const begin = (items: ReadonlyArray<Item<unknown>>, now: number) => {
    for (const { index, input } of items) {
      const parent = parentOf(input)
      if (parent === undefined) continue
      const name = nameOf(parent)
      const inputs = open.get(name) ?? new Map<number, number>()
      open.set(name, inputs)
      if (!inputs.has(index)) inputs.set(index, now)
    }
  }

  const close = ({ index, input }: Item<unknown>, id: string | undefined) => {
    if (id !== undefined) claimed.add(id)
    const parent = parentOf(input)
    if (parent === undefined) return
    const inputs = open.get(nameOf(parent))
    inputs?.delete(index)
    if (inputs?.size === 0) open.delete(nameOf(parent))
  }

  const watch: ParentLookup["watch"] = (runner) => ({
    ...runner,
    run: Effect.fnUntraced(function* (items) {
      begin(items, yield* Clock.currentTimeMillis)
      const outcomes = yield* runner.run(items)
      const byIndex = new Map(items.map((item) => [item.index, item]))
      for (const outcome of outcomes) {
        if (outcome._tag === "InDoubt") continue
        close(byIndex.get(outcome.index)!, outcome._tag === "Created" ? outcome.id : undefined)
      }
      return outcomes
    })
  })

  const idsOf = Effect.fnUntraced(function* (parent: Parent) {
    const ids = new Set<string>()
    let after: string | undefined
    let known = -1
    // A page without anything new would be followed for ever.
    while (ids.size > known) {
      known = ids.size
      const page: { readonly ids: ReadonlyArray<string>; readonly after: string | undefined } =
        yield* Lookup.ask(services)(Effect.succeed(Operations.lineItemsOf(parent.target, parent.id, after)))
      for (const id of page.ids) ids.add(id)
      if (page.after === undefined) return [...ids]
      after = page.after
    }
    return yield* Effect.fail("a page that repeats")
  })

  const read = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, properties: ReadonlyArray<string>) {
    const records = new Map<string, CrmObject.CrmObject>()
    for (let from = 0; from < ids.length; from += BatchRequest.maxInputs) {
      const { results } = yield* Lookup.ask(services)(
        Operations.batchRead({
          inputs: ids.slice(from, from + BatchRequest.maxInputs).map((id) => ({ id })),
          properties
        })
      )
      for (const object of results) if (CrmObject.isId(object.id)) records.set(object.id, object)
    }
    return records
  })

  /** Looks for those that have the same parent. */
  const lookAt = Effect.fnUntraced(function* (parent: Parent, members: ReadonlyArray<Item<unknown>>) {
    const found = new Map<number, CrmObject.CrmObject>()
    const absent = new Set<number>()
    const nothing: Lookup.Sighting = { found, absent, different: new Set() }
    const ids = yield* idsOf(parent)
    const properties = [...new Set(members.flatMap(({ input }) => Object.keys(input.properties)))]
    const asked = ids.filter((id) => !claimed.has(id))
    const records = yield* read(asked, properties)
    // From here on nothing is asked any more, so nobody else can claim what is looked at.
    const siblings = open.get(nameOf(parent))
    // What is open elsewhere may be any of these records; one that cannot be read may be anybody's.
    if (siblings === undefined || siblings.size > members.length) return nothing
    if (asked.some((id) => !records.has(id))) return nothing
    const since = Math.min(...members.map(({ index }) => siblings.get(index) ?? 0))
    const unclaimed = [...records.values()].filter(({ id }) => !claimed.has(id))
    const isEqual = (object: CrmObject.CrmObject) =>
      members.some(({ input }) => Correlation.couldBe(input, object))
    const recent = unclaimed.filter((object) => ageOf(object, since) !== "older")
    // Older by HubSpot's clock and ours; but if ours is wrong, it may be what we look for.
    const olderEqual = unclaimed.some((object) => ageOf(object, since) === "older" && isEqual(object))
    const unclear = recent.filter((object) => ageOf(object, since) === "unknown")
    if (unclear.some(isEqual)) return nothing
    const inputs = members.map(({ input }) => input)
    const placed = Correlation.matchByContent(inputs, recent, false)
    for (const [position, object] of placed.matched) {
      found.set(members[position]!.index, object)
      close(members[position]!, object.id)
    }
    // A recent record that fits nobody may be one of ours, as HubSpot or somebody else has changed it since.
    if (!olderEqual && placed.surplus.length === 0) {
      for (const [position, { index }] of members.entries()) {
        if (!found.has(index) && !placed.ambiguous.has(position)) absent.add(index)
      }
    }
    return nothing
  })

  const lookup: Lookup.Lookup = Effect.fnUntraced(function* (items) {
    const families = new Map<string, { readonly parent: Parent; readonly members: Array<Item<unknown>> }>()
    for (const item of items) {
      const parent = parentOf(item.input)
      if (parent === undefined) continue
      const family = families.get(nameOf(parent))
      if (family === undefined) families.set(nameOf(parent), { parent, members: [item] })
      else family.members.push(item)
    }
    // A parent that cannot be asked says nothing of its own inputs, and nothing of others'.
    const sightings = yield* Effect.forEach(families.values(), ({ members, parent }) =>
      Effect.option(lookAt(parent, members))
    )
    const seen = sightings.flatMap(Option.toArray)
    return {
      found: new Map(seen.flatMap(({ found }) => [...found])),
      absent: new Set(seen.flatMap(({ absent }) => [...absent])),
      different: new Set()
    }
  })

  const recall: ParentLookup["recall"] = ({ created, open }) => {
    for (const id of created) claimed.add(id)
    for (const { item, sinceMillis } of open) begin([item], sinceMillis)
  }

  return { watch, lookup, recall }
}

/** Whether a record is older than a moment of our clock. */
const ageOf = ({ createdAt }: CrmObject.CrmObject, since: number): "older" | "newer" | "unknown" => {
  const at = Option.map(DateTime.make(createdAt ?? ""), DateTime.toEpochMillis)
  if (Option.isNone(at)) return "unknown"
  if (at.value < since - skewMillis) return "older"
  return at.value < since ? "unknown" : "newer"
}
