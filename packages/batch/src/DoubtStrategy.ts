/**
 * What to do about inputs in doubt: those that were sent, and may or may not be in HubSpot.
 *
 * | strategy | promise | needs | in doubt |
 * |---|---|---|---|
 * | `failVisible` (default) | at most once, every doubt visible | nothing | is reported, and left to a person |
 * | `atLeastOnce` | at least once, possible duplicates marked | nothing | is sent again |
 * | `reconcile` | probably once | a property holding the key | is looked for after a quiet period; what is absent is sent again |
 * | `guard` | once, rejections verified | a property with unique values | is sent again; HubSpot refuses what exists already, and its id is read |
 *
 * `reconcile` is as good as the quiet period is long: HubSpot may apply a request later, or index it
 * later. `guard` is as good as the property's uniqueness. No strategy takes a doubt for a rejection: what
 * is refused after a doubt is looked for first, or stays in doubt.
 *
 * @since 0.1.0
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import { type CrmObject, ErrorBody, Search } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as BatchRunner from "./BatchRunner.ts"
import type { Created, InDoubt, NotSentReason, Rejected } from "./Outcome.ts"
import type { Item } from "./Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type DoubtStrategy = FailVisible | AtLeastOnce | Reconcile | Guard

/**
 * @category models
 * @since 0.1.0
 */
export interface FailVisible {
  readonly _tag: "failVisible"
}

/**
 * @category models
 * @since 0.1.0
 */
export interface AtLeastOnce {
  readonly _tag: "atLeastOnce"
  /** How often what is in doubt is sent again. */
  readonly resends: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Reconcile {
  readonly _tag: "reconcile"
  /** How long nothing is concluded from absence: HubSpot's longest request and its index. */
  readonly quiet: Duration.Duration
  /** How many reads in a row must find nothing, and the time between them. */
  readonly reads: number
  readonly spacing: Duration.Duration
  readonly resends: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Guard {
  readonly _tag: "guard"
  readonly quiet: Duration.Duration
  readonly resends: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const failVisible: FailVisible = { _tag: "failVisible" }

/**
 * @category constructors
 * @since 0.1.0
 */
export const atLeastOnce = (options: { readonly resends?: number } = {}): AtLeastOnce => ({
  _tag: "atLeastOnce",
  resends: options.resends ?? 5
})

// HubSpot's edge waits for 100 seconds, new records are found within half a minute; and a margin.
const quietPeriod = Duration.seconds(150)

/**
 * `quiet` is 150 seconds by default, three reads ten seconds apart, three resends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = (
  options: {
    readonly quiet?: Duration.Input
    readonly reads?: number
    readonly spacing?: Duration.Input
    readonly resends?: number
  } = {}
): Reconcile => ({
  _tag: "reconcile",
  quiet: Duration.fromInputUnsafe(options.quiet ?? quietPeriod),
  reads: options.reads ?? 3,
  spacing: Duration.fromInputUnsafe(options.spacing ?? "10 seconds"),
  resends: options.resends ?? 3
})

/**
 * `quiet` (150 seconds by default) passes before a rejection after a doubt is believed; up to five resends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const guard = (
  options: { readonly quiet?: Duration.Input; readonly resends?: number } = {}
): Guard => ({
  _tag: "guard",
  quiet: Duration.fromInputUnsafe(options.quiet ?? quietPeriod),
  resends: options.resends ?? 5
})

/**
 * Whether a strategy goes by a key property.
 *
 * @category predicates
 * @since 0.1.0
 */
export const needsKey = (strategy: DoubtStrategy): boolean =>
  strategy._tag === "reconcile" || strategy._tag === "guard"

type Settled<I> = BatchRunner.Settled<I>

/**
 * A runner whose doubts are resolved. `property` is the key property, for the strategies that need one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  runner: { readonly run: <I>(items: ReadonlyArray<Item<I>>) => Effect.Effect<ReadonlyArray<Settled<I>>> },
  options: {
    readonly strategy: DoubtStrategy
    readonly property: string | undefined
    readonly halt: Deferred.Deferred<NotSentReason>
    readonly abandon: Deferred.Deferred<void>
    readonly policy: Retry.Policy
  }
) {
  const client = yield* HubSpotClient
  const limits = yield* RateLimits
  const property = options.property ?? ""

  /** What HubSpot has of these inputs, by key, at this moment; nothing when it cannot be asked. */
  const find = <I>(
    items: ReadonlyArray<Item<I>>,
    how: "unique" | "search"
  ): Effect.Effect<Option.Option<Sighting>> => {
    const keys = items.flatMap(({ key }) => key ?? [])
    return Effect.raceFirst(
      Effect.option(how === "unique" ? byUniqueValue(keys) : bySearch(keys)),
      Effect.as(Deferred.await(options.abandon), Option.none())
    )
  }

  const ask = <A>(operation: Effect.Effect<Parameters<typeof client.execute<A>>[0], HubSpotError>) =>
    Effect.flatMap(operation, Retry.inSlots({ client, limits, policy: options.policy }))

  const byUniqueValue = (keys: ReadonlyArray<string>) =>
    Effect.map(
      ask(
        Operations.batchRead({
          inputs: keys.map((id) => ({ id })),
          idProperty: property,
          properties: [property]
        })
      ),
      (reply): Sighting => {
        const found = byKey(reply.results, property)
        // What is not there is named; an answer that is silent about a key says nothing.
        const named = new Set(
          (reply.errors ?? []).flatMap((error) => ErrorBody.contextValues(error.context, "ids"))
        )
        return { found, absent: new Set(keys.filter((key) => !found.has(key) && named.has(key))) }
      }
    )

  // Search compares in lower case; which record is which is decided by the exact value afterwards.
  const bySearch = (keys: ReadonlyArray<string>) =>
    Effect.map(
      Effect.forEach(searchable(keys), (some) =>
        Effect.map(
          ask(
            Operations.search({
              filterGroups: [
                {
                  filters: [
                    { propertyName: property, operator: "IN", values: some.map((key) => key.toLowerCase()) }
                  ]
                }
              ],
              properties: [property],
              limit: 200
            })
          ),
          (page): Sighting => {
            const found = byKey(page.results, property)
            // An answer with fewer records than it counts says nothing of what it leaves out.
            const whole = page.total === page.results.length && found.size === page.results.length
            return { found, absent: new Set(whole ? some.filter((key) => !found.has(key)) : []) }
          }
        )
      ),
      (sightings): Sighting => ({
        found: new Map(sightings.flatMap(({ found }) => [...found])),
        absent: new Set(sightings.flatMap(({ absent }) => [...absent]))
      })
    )

  /** Waits, unless the job is halted; says whether it was not. */
  const wait = (duration: Duration.Duration): Effect.Effect<boolean> =>
    Effect.map(Effect.timeoutOption(Deferred.await(options.halt), duration), Option.isNone)

  // ---------------------------------------------------------------------------

  /** Sends what is in doubt again. What the new attempt does not settle keeps its doubt. */
  const again = Effect.fnUntraced(function* <I>(
    outcomes: ReadonlyArray<Settled<I>>,
    items: ReadonlyArray<Item<I>>,
    absence: "known" | "unknown"
  ) {
    const retried = yield* runner.run(items)
    const next = new Map(retried.map((outcome) => [outcome.index, outcome]))
    return outcomes.map((before): Settled<I> => {
      const after = next.get(before.index)
      if (after === undefined || before._tag !== "InDoubt") return before
      // Known to be absent before it was sent again: the new answer stands alone.
      if (absence === "known") return after
      return after._tag === "NotSent" ? before : after
    })
  })

  const resolveAtLeastOnce = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    { resends }: AtLeastOnce
  ) {
    const doubts = new Map(
      first.flatMap((outcome) => (outcome._tag === "InDoubt" ? [[outcome.index, outcome]] : []))
    )
    let outcomes = first
    for (let n = 0; n < resends && hasDoubt(outcomes); n++) {
      if (n > 0 && !(yield* wait(Duration.seconds(2 ** n)))) break
      outcomes = yield* again(outcomes, itemsInDoubt(outcomes, byIndex), "unknown")
    }
    return outcomes.map((outcome): Settled<I> => {
      const doubt = doubts.get(outcome.index)
      if (doubt === undefined) return outcome
      if (outcome._tag === "Created") return { ...outcome, possibleDuplicate: true }
      // Refused now, and perhaps created before: that is no rejection.
      return outcome._tag === "Rejected" ? doubt : outcome
    })
  })

  const resolveReconcile = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    strategy: Reconcile
  ) {
    let outcomes = first
    for (let n = 0; n < strategy.resends && hasDoubt(outcomes); n++) {
      if (!(yield* wait(strategy.quiet))) return outcomes
      let missing = itemsInDoubt(outcomes, byIndex)
      const seenAbsent = new Map(missing.map(({ index }) => [index, 0]))
      for (let read = 0; read < strategy.reads && missing.length > 0; read++) {
        if (read > 0 && !(yield* wait(strategy.spacing))) return outcomes
        const sighting = yield* find(missing, "search")
        // What cannot be looked for stays in doubt.
        if (Option.isNone(sighting)) return outcomes
        outcomes = outcomes.map((outcome) => reconciled(outcome, byIndex, sighting.value.found))
        missing = itemsInDoubt(outcomes, byIndex)
        for (const { index, key } of missing) {
          if (sighting.value.absent.has(key ?? "")) seenAbsent.set(index, (seenAbsent.get(index) ?? 0) + 1)
        }
      }
      const absent = missing.filter(({ index }) => seenAbsent.get(index) === strategy.reads)
      if (absent.length === 0) return outcomes
      outcomes = yield* again(outcomes, absent, "known")
    }
    return outcomes
  })

  const resolveGuard = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    strategy: Guard
  ) {
    const doubted = new Set(first.flatMap((outcome) => (outcome._tag === "InDoubt" ? [outcome.index] : [])))
    let outcomes = first
    for (let n = 0; n < strategy.resends && hasDoubt(outcomes); n++) {
      if (n > 0 && !(yield* wait(Duration.seconds(2 ** n)))) break
      outcomes = yield* again(outcomes, itemsInDoubt(outcomes, byIndex), "unknown")
    }
    // A conflict says that the key exists, so reading finds it at once; a rejection after a doubt, and a
    // doubt that stayed, say nothing before the quiet period is over.
    const conflicts = outcomes.filter((outcome) => outcome._tag === "Rejected" && isConflict(outcome))
    outcomes = yield* lookUp(outcomes, byIndex, conflicts)
    const open = outcomes.filter(
      (outcome) => doubted.has(outcome.index) && (outcome._tag === "InDoubt" || outcome._tag === "Rejected")
    )
    if (open.length === 0 || !(yield* wait(strategy.quiet))) {
      return outcomes.map((outcome) => (doubted.has(outcome.index) ? unproven(outcome) : outcome))
    }
    return yield* lookUp(outcomes, byIndex, open)
  })

  /** Reads some of the inputs by key: found ones are created, the others are verified to be absent. */
  const lookUp = Effect.fnUntraced(function* <I>(
    outcomes: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    asked: ReadonlyArray<Settled<I>>
  ) {
    if (asked.length === 0) return outcomes
    const sighting = yield* find(
      asked.map(({ index }) => byIndex.get(index)!),
      "unique"
    )
    const indices = new Set(asked.map(({ index }) => index))
    return outcomes.map((outcome): Settled<I> => {
      if (!indices.has(outcome.index)) return outcome
      if (Option.isNone(sighting)) return unproven(outcome)
      const after = reconciled(outcome, byIndex, sighting.value.found)
      if (after._tag !== "Rejected") return after
      const key = byIndex.get(outcome.index)!.key ?? ""
      return sighting.value.absent.has(key) ? { ...after, verifiedAbsent: true } : unproven(after)
    })
  })

  return {
    run: Effect.fnUntraced(function* <I>(
      items: ReadonlyArray<Item<I>>
    ): Effect.fn.Return<ReadonlyArray<Settled<I>>> {
      const { strategy } = options
      const outcomes = yield* runner.run(items)
      const byIndex = new Map(items.map((item) => [item.index, item]))
      switch (strategy._tag) {
        case "failVisible":
          return outcomes
        case "atLeastOnce":
          return yield* resolveAtLeastOnce(outcomes, byIndex, strategy)
        case "reconcile":
          return yield* resolveReconcile(outcomes, byIndex, strategy)
        case "guard":
          return yield* resolveGuard(outcomes, byIndex, strategy)
      }
    })
  } as const
})

/** What a read found, and which keys it proves not to be there. */
interface Sighting {
  readonly found: ReadonlyMap<string, CrmObject.CrmObject>
  readonly absent: ReadonlySet<string>
}

/** Keys in portions that fit into a search request. */
const searchable = (keys: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const portions: Array<Array<string>> = []
  let length = Number.POSITIVE_INFINITY
  for (const key of keys) {
    length += JSON.stringify(key).length + 1
    if (length > Search.maxBodyLength / 2) {
      portions.push([])
      length = JSON.stringify(key).length
    }
    portions.at(-1)!.push(key)
  }
  return portions
}

/** Records by their key. One id for two keys is an answer that cannot be true, and proves nothing. */
const byKey = (
  objects: ReadonlyArray<CrmObject.CrmObject>,
  property: string
): ReadonlyMap<string, CrmObject.CrmObject> => {
  const found = new Map<string, CrmObject.CrmObject>()
  const keys = new Map<string, Set<string>>()
  for (const object of objects) {
    const key = object.properties?.[property]
    if (typeof key !== "string") continue
    if (!found.has(key)) found.set(key, object)
    keys.set(object.id, (keys.get(object.id) ?? new Set()).add(key))
  }
  for (const [key, { id }] of found) if (keys.get(id)!.size > 1) found.delete(key)
  return found
}

const hasDoubt = (outcomes: ReadonlyArray<Settled<unknown>>): boolean =>
  outcomes.some((outcome) => outcome._tag === "InDoubt")

const itemsInDoubt = <I>(
  outcomes: ReadonlyArray<Settled<I>>,
  byIndex: ReadonlyMap<number, Item<I>>
): ReadonlyArray<Item<I>> =>
  outcomes.flatMap((outcome) => (outcome._tag === "InDoubt" ? [byIndex.get(outcome.index)!] : []))

/** An input that was found in HubSpot is created, whatever was said before. */
const reconciled = <I>(
  outcome: Settled<I>,
  byIndex: ReadonlyMap<number, Item<I>>,
  found: ReadonlyMap<string, CrmObject.CrmObject>
): Settled<I> => {
  if (outcome._tag !== "InDoubt" && outcome._tag !== "Rejected") return outcome
  const item = byIndex.get(outcome.index)!
  const object = found.get(item.key ?? "")
  if (object === undefined) return outcome
  return {
    _tag: "Created",
    source: outcome.source,
    index: outcome.index,
    objectWriteTraceId: outcome.objectWriteTraceId,
    id: object.id,
    object,
    via: outcome._tag === "Rejected" ? "conflict" : "reconciled",
    possibleDuplicate: false
  } satisfies Created<I>
}

/** A rejection that could not be verified after a doubt is a doubt. */
const unproven = <I>(outcome: Settled<I>): Settled<I> =>
  outcome._tag === "Rejected"
    ? ({
        _tag: "InDoubt",
        source: outcome.source,
        index: outcome.index,
        objectWriteTraceId: outcome.objectWriteTraceId,
        evidence: { _tag: "Unverified", faults: outcome.faults }
      } satisfies InDoubt<I>)
    : outcome

/** HubSpot has two ways to say that a unique value is taken. */
const isConflict = (outcome: Rejected<unknown>): boolean =>
  outcome.category === "CONFLICT" ||
  outcome.faults.some(
    ({ code, message }) =>
      (code ?? "").includes("CONFLICT") || /\balready (?:exists|has that value)\b/i.test(message)
  )
