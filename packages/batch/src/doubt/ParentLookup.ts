/**
 * Looks for inputs among the line items of their parents. This needs no key: a line item has one parent, and the line items
 * of a parent are a direct read, not the search index.
 *
 * An input is recognised by its content. So a record counts only if it was created after the input was first sent, is not the
 * record of another input, and fits this input alone. Nothing is concluded where another input with the same parent is still
 * open elsewhere, or where the clocks do not show whether a record is older.
 *
 * It cannot recognise an equal line that somebody else has added meanwhile. It remembers the ids of all line items that a job
 * has created.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as Operations from "@effect-hubspot/http/Operations"
import { Association, BatchRequest, CrmObject } from "@effect-hubspot/schema"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as ContentMatch from "../model/ContentMatch.ts"
import * as Lookup from "./Lookup.ts"
import type { Item, TracedInput } from "../model/Plan.ts"

/** How far HubSpot's clock and ours may differ. */
const skewMillis = 60_000

interface Parent {
  readonly target: Association.Parent
  readonly id: string
}

/** The parent of an input that has exactly one. */
const parentOf = ({ associations = [] }: TracedInput): Parent | undefined => {
  const parents = associations.flatMap((association) =>
    Association.parentsOf([association]).map((target) => ({ target, id: association.to.id }))
  )
  return parents.length === 1 ? parents[0] : undefined
}

const nameOf = ({ id, target }: Parent): string => `${target} ${id}`

/** The name of an item's parent, which all items of a family share. */
const familyOf = ({ input }: Item<unknown>): string | undefined => {
  const parent = parentOf(input)
  return parent && nameOf(parent)
}

/**
 * A lookup by parent, which remembers the inputs that a job has under way and has created.
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
  /** Takes what earlier runs of the job left: the ids of its line items, and inputs without a certain outcome. */
  readonly recall: (earlier: Recalled) => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Recalled {
  readonly created: ReadonlyArray<string>
  /** `sinceMillis`: when the input was first sent, in milliseconds since 1970. */
  readonly open: ReadonlyArray<{ readonly item: Item<unknown>; readonly sinceMillis: number }>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (services: Dispatch.Services): ParentLookup => {
  const memory: Memory = { claimed: new Set(), open: new Map() }
  return {
    watch: (runner) => ({
      ...runner,
      run: Effect.fnUntraced(function* (items) {
        const now = yield* Clock.currentTimeMillis
        for (const item of items) begin(memory, item, now)
        const all = yield* runner.run(items)
        for (const { item, outcome } of all) {
          if (outcome._tag === "InDoubt") continue
          close(memory, item, outcome._tag === "Created" ? outcome.id : undefined)
        }
        return all
      })
    }),
    lookup: Effect.fnUntraced(function* (items) {
      const families = Map.groupBy(items, familyOf)
      families.delete(undefined)
      // A parent that cannot be asked proves nothing about its own inputs, and does not affect others.
      const sightings = yield* Effect.forEach(families.values(), (members) =>
        Effect.option(lookAt(services, memory, members))
      )
      const seen = sightings.flatMap(Option.toArray)
      return {
        found: new Map(seen.flatMap(({ found }) => [...found])),
        absent: new Set(seen.flatMap(({ absent }) => [...absent])),
        different: new Set()
      }
    }),
    recall: ({ created, open }) => {
      for (const id of created) memory.claimed.add(id)
      for (const { item, sinceMillis } of open) begin(memory, item, sinceMillis)
    }
  }
}

/** What is remembered of a job. */
interface Memory {
  /** Ids that belong to an input of this job. */
  readonly claimed: Set<string>
  /** When inputs without a certain outcome were first sent, by family and index. */
  readonly open: Map<string, Map<number, number>>
}

const begin = ({ open }: Memory, item: Item<unknown>, now: number): void => {
  const family = familyOf(item)
  if (family === undefined) return
  const { index } = item
  const inputs = open.get(family) ?? new Map<number, number>()
  open.set(family, inputs)
  if (!inputs.has(index)) inputs.set(index, now)
}

const close = ({ claimed, open }: Memory, item: Item<unknown>, id: string | undefined): void => {
  if (id !== undefined) claimed.add(id)
  const family = familyOf(item) ?? ""
  const inputs = open.get(family)
  inputs?.delete(item.index)
  if (inputs?.size === 0) open.delete(family)
}

/** The ids of a parent's line items. */
const idsOf = Effect.fnUntraced(function* (services: Dispatch.Services, { id, target }: Parent) {
  const ids = new Set<string>()
  let after: string | undefined
  let known = -1
  // Pages without a new id could go on for ever.
  while (ids.size > known) {
    known = ids.size
    const page: { readonly ids: ReadonlyArray<string>; readonly after: string | undefined } =
      yield* Lookup.ask(services)(Effect.succeed(Operations.lineItemsOf(target, id, after)))
    for (const id of page.ids) ids.add(id)
    if (page.after === undefined) return [...ids]
    after = page.after
  }
  return yield* Effect.fail("a page that repeats")
})

/** The records with these ids. */
const read = (services: Dispatch.Services, ids: ReadonlyArray<string>, properties: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(Arr.chunksOf(ids, BatchRequest.maxInputs), (chunk) =>
      Lookup.ask(services)(Operations.batchRead({ inputs: chunk.map((id) => ({ id })), properties }))
    ),
    (replies) =>
      new Map(
        replies.flatMap(({ results }) =>
          results.flatMap((object) => (CrmObject.isId(object.id) ? [[object.id, object] as const] : []))
        )
      )
  )

/** Looks for inputs that have the same parent. */
const lookAt = Effect.fnUntraced(function* (
  services: Dispatch.Services,
  memory: Memory,
  members: ReadonlyArray<Item<unknown>>
) {
  const { claimed, open } = memory
  const parent = parentOf(members[0]!.input)!
  const found = new Map<number, CrmObject.CrmObject>()
  const absent = new Set<number>()
  const sighting = { found, absent }
  const isOpenElsewhere = () => (open.get(nameOf(parent))?.size ?? 0) > members.length
  // An input that is open elsewhere may be any record of the parent: nothing can be concluded, so nothing is asked.
  if (isOpenElsewhere()) return sighting
  const ids = yield* idsOf(services, parent)
  const properties = [...new Set(members.flatMap(({ input }) => Object.keys(input.properties)))]
  const asked = ids.filter((id) => !claimed.has(id))
  const records = yield* read(services, asked, properties)
  // From here on nothing is asked any more, so no other look can claim these records.
  const siblings = open.get(nameOf(parent))
  // An input may have become open elsewhere meanwhile. A record that cannot be read may be any input's.
  if (siblings === undefined || isOpenElsewhere()) return sighting
  if (asked.some((id) => !records.has(id))) return sighting
  const since = Math.min(...members.map(({ index }) => siblings.get(index) ?? 0))
  const inputs = members.map(({ input }) => input)
  const isEqual = (object: CrmObject.CrmObject) => inputs.some((input) => ContentMatch.couldBe(input, object))
  const unclaimed = [...records.values()].filter(({ id }) => !claimed.has(id))
  const hasEqual = (age: ReturnType<typeof ageOf>) =>
    unclaimed.some((object) => ageOf(object, since) === age && isEqual(object))
  if (hasEqual("unknown")) return sighting
  const recent = unclaimed.filter((object) => ageOf(object, since) !== "older")
  const placed = ContentMatch.matchByContent(inputs, recent, { isWhole: false, single: false })
  for (const [position, object] of placed.matched) {
    found.set(members[position]!.index, object)
    close(memory, members[position]!, object.id)
  }
  // A recent record that fits no input may be an input that was changed since. An older record that equals an input may be
  // that input, if our clock is wrong.
  if (placed.surplus.length > 0 || hasEqual("older")) return sighting
  for (const [position, { index }] of members.entries()) {
    if (!found.has(index) && !placed.ambiguous.has(position)) absent.add(index)
  }
  return sighting
})

/** Whether a record is older than a moment of our clock. */
const ageOf = ({ createdAt }: CrmObject.CrmObject, since: number): "older" | "newer" | "unknown" => {
  const at = Option.map(DateTime.make(createdAt ?? ""), DateTime.toEpochMillis)
  if (Option.isNone(at)) return "unknown"
  if (at.value < since - skewMillis) return "older"
  return at.value < since ? "unknown" : "newer"
}
