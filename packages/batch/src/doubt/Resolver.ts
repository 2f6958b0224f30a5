/**
 * A strategy for doubts at work on a runner of batches: which work is left for an outcome, and doing it.
 *
 * It concludes only from a look (`Lookup`), and only what the look proves. An input that cannot be looked for stays in doubt.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import type { CrmObject } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as BatchOperation from "../engine/BatchOperation.ts"
import * as BatchOutcome from "../engine/BatchOutcome.ts"
import type { BatchRunner } from "../engine/BatchRunner.ts"
import type * as Pipeline from "../engine/Pipeline.ts"
import type { Rejected } from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import type { Item, TracedInput } from "../model/Plan.ts"
import * as Associating from "./Associating.ts"
import * as BatchObserver from "./BatchObserver.ts"
import * as DoubtStrategy from "./DoubtStrategy.ts"
import * as Lookup from "./Lookup.ts"
import * as ParentLookup from "./ParentLookup.ts"

/** How often an upsert is sent again for inputs that stay in doubt in spite of all attempts. */
const upsertResends = 5

/** The resolver of a strategy. The work that can be left is to resolve a doubt, to verify a rejection, or to associate. */
export interface Resolver extends Pipeline.Resolver<TracedInput, "Created"> {
  /** Takes what earlier runs of the job left. Only strategies that look at more than one batch have it. */
  readonly recall: ((earlier: ParentLookup.Recalled) => void) | undefined
}

/**
 * Makes the resolver of a strategy. `property` is the key property; only strategies without keys may come without one. Where
 * the inputs may have the keys of another job, that job is `first`.
 */
export const make = Effect.fnUntraced(function* (
  job: Pipeline.Job,
  strategy: DoubtStrategy.DoubtStrategy,
  property: string | undefined,
  first?: string
): Effect.fn.Return<Resolver, never, HubSpotClient | RateLimits> {
  const { abandon, services } = job
  const key = property ?? ""
  const observer = yield* observerOf(job, strategy, property)
  const upserts = strategy._tag === "upsert"
  const runner = yield* job.runner(
    upserts ? BatchOperation.createByUpsert(key) : BatchOperation.create(property),
    {
      observe: Option.getOrUndefined(observer)?.observe,
      // A strategy with unique keys looks for inputs that HubSpot refused, so it need not believe the refusal.
      trustRefusals: DoubtStrategy.keyNeeded(strategy) !== "unique"
    }
  )
  const family = ParentLookup.make(services)
  const byParent = strategy._tag === "reconcileByParent"
  const context: Context = {
    job,
    runner: byParent ? family.watch(runner) : runner,
    upserts,
    // An upsert wrote an input only if the record has its values. A made key is good for one job: a record that has it may
    // belong to another job.
    byKey: Lookup.byUniqueValue(services, key, upserts ? () => true : Plan.mayBeMade(first))
  }
  return {
    ...context.runner,
    recall: byParent ? family.recall : undefined,
    workOf: workOf(strategy),
    resolve: (open) => {
      switch (strategy._tag) {
        case "failVisible":
          return strategy.verifyRejections === false
            ? Effect.succeed(open)
            : lookUpLater(context, open, strategy.verifyRejections.quiet)
        case "atLeastOnce":
          return sendAgainAndMark(context, open, strategy)
        case "reconcile":
          return look(context, open, Lookup.bySearch(services, key), strategy)
        case "reconcileByParent":
          return look(context, open, family.lookup, strategy)
        case "guard":
          return sendAgainAndLookUp(context, open, strategy)
        case "upsert":
          return Effect.flatMap(upsertAgain(context, open, strategy), (all) =>
            Associating.complete(services, all, Deferred.await(abandon))
          )
      }
    }
  }
})

/** The observer of the context, or one by key where there is a key. */
const observerOf = Effect.fnUntraced(function* (
  { services }: Pipeline.Job,
  strategy: DoubtStrategy.DoubtStrategy,
  property: string | undefined
) {
  const given = yield* Effect.serviceOption(BatchObserver.BatchObserver)
  // A record under the key of an upsert may be an old one. The upsert is simply sent again.
  if (Option.isSome(given) || property === undefined || strategy._tag === "upsert") return given
  const unique = DoubtStrategy.keyNeeded(strategy) === "unique"
  return Option.some(BatchObserver.key(Lookup.byKey(services, { property, unique })))
})

/** What the work on doubts needs. */
interface Context {
  readonly job: Pipeline.Job
  readonly runner: BatchRunner<TracedInput, "Created">
  readonly upserts: boolean
  readonly byKey: Lookup.Lookup
}

type Outcome<I> = BatchOutcome.BatchOutcome<I>
type One<I> = BatchOutcome.ItemOutcome<I>
type Outcomes<I> = ReadonlyArray<One<I>>

const workOf =
  (strategy: DoubtStrategy.DoubtStrategy): Resolver["workOf"] =>
  (one) => {
    if (isInDoubt(one)) {
      // Without a look there is nothing to learn, and it must not be sent again.
      const isFinal = strategy._tag === "failVisible" || (strategy._tag === "atLeastOnce" && isCreated(one))
      return isFinal ? undefined : "doubt"
    }
    if (isOpen(one)) return DoubtStrategy.keyNeeded(strategy) === "unique" ? "verification" : undefined
    const { item, outcome } = one
    return strategy._tag === "upsert" && outcome._tag === "Created" && Associating.isDue(item.input)
      ? "association"
      : undefined
  }

// -----------------------------------------------------------------------------
// The strategies
// -----------------------------------------------------------------------------

const sendAgainAndMark = Effect.fnUntraced(function* <I>(
  context: Context,
  first: Outcomes<I>,
  { resends }: DoubtStrategy.AtLeastOnce
) {
  return merge(first, yield* resend(context, first, resends), (doubt, outcome) => {
    if (outcome._tag === "Created") return { ...outcome, possibleDuplicate: true }
    // Refused now, and perhaps created before: that is no rejection.
    return outcome._tag === "Rejected" ? doubt : outcome
  })
})

const look = Effect.fnUntraced(function* <I>(
  context: Context,
  first: Outcomes<I>,
  lookup: Lookup.Lookup,
  { quiet, reads, resends, spacing }: DoubtStrategy.Looking
) {
  let all = first
  for (let n = 0; n <= resends && all.some(isInDoubt); n++) {
    if (!(yield* waitFor(context, all.filter(isInDoubt), quiet, "doubt"))) return all
    let missing = itemsInDoubt(all)
    /** Items that no read has found, and every read has proved to be absent. */
    let absent = itemsInDoubt(all.filter((one) => !isCreated(one)))
    for (let read = 0; read < reads && missing.length > 0; read++) {
      if (read > 0 && !(yield* wait(context, spacing))) return all
      const sighting = yield* find(context, lookup, missing)
      // An input that cannot be looked for stays in doubt.
      if (Option.isNone(sighting)) return all
      const { found } = sighting.value
      all = BatchOutcome.map(all, ({ outcome }) => reconciled(outcome, found))
      missing = itemsInDoubt(all)
      absent = absent.filter(({ index }) => sighting.value.absent.has(index))
    }
    if (absent.length === 0 || n === resends) return all
    // The input was absent before it was sent again, so the new outcome stands alone.
    all = merge(all, yield* context.runner.run(absent), (_, outcome) =>
      outcome._tag === "Rejected" ? { ...outcome, verifiedAbsent: true } : outcome
    )
  }
  return all
})

const sendAgainAndLookUp = Effect.fnUntraced(function* <I>(
  context: Context,
  first: Outcomes<I>,
  { quiet, resends }: DoubtStrategy.Guard
) {
  const all = yield* resend(context, first, resends)
  // A conflict says that the key exists, so a read finds it at once. Any other rejection, and a doubt that stayed, say
  // nothing before the quiet period is over.
  const conflicts = all.filter(({ outcome }) => outcome._tag === "Rejected" && isConflict(outcome))
  if (conflicts.length === 0) return yield* lookUpLater(context, all, quiet)
  const sighting = yield* find(context, context.byKey, itemsOf(conflicts))
  if (Option.isNone(sighting)) return yield* lookUpLater(context, all, quiet)
  // An input that is not found now may still appear, so its absence is for later.
  const { found } = sighting.value
  const known = BatchOutcome.map(all, ({ outcome }) => reconciled(outcome, found))
  return yield* lookUpLater(context, known, quiet)
})

const upsertAgain = Effect.fnUntraced(function* <I>(
  context: Context,
  first: Outcomes<I>,
  { quiet }: DoubtStrategy.Upsert
) {
  const looked = yield* lookUpLater(context, yield* resend(context, first, upsertResends), quiet)
  // After an outage HubSpot may write it now. A refusal after the doubt proves nothing.
  return merge(looked, yield* resend(context, looked, 1), (before, outcome) =>
    before._tag === "InDoubt" ? doubted(outcome) : outcome
  )
})

// -----------------------------------------------------------------------------
// Their steps
// -----------------------------------------------------------------------------

/** Sends inputs in doubt again: at once, then after 2, 4, 8, … seconds, at most 32. */
const resend = Effect.fnUntraced(function* <I>(context: Context, first: Outcomes<I>, resends: number) {
  let all = first
  for (let n = 0; n < resends && all.some(isInDoubt); n++) {
    if (n > 0 && !(yield* wait(context, Duration.seconds(2 ** Math.min(n, 5))))) break
    // An input that was not sent this time keeps its doubt.
    all = merge(all, yield* context.runner.run(itemsInDoubt(all)), (before, outcome) =>
      outcome._tag === "NotSent" ? before : outcome
    )
  }
  return all
})

/** Looks for open inputs by key after the quiet period. Without the wait or the look, they are in doubt. */
const lookUpLater = Effect.fnUntraced(function* <I>(
  context: Context,
  all: Outcomes<I>,
  quiet: Duration.Duration
): Effect.fn.Return<Outcomes<I>> {
  const open = all.filter(isOpen)
  if (open.length === 0) return all
  const isQuiet = yield* waitFor(context, open, quiet, open.some(isInDoubt) ? "doubt" : "verification")
  const sighting = isQuiet ? yield* find(context, context.byKey, itemsOf(open)) : Option.none()
  const looked = BatchOutcome.map(all, (one) => {
    const { item, outcome } = one
    if (!isOpen(one)) return outcome
    if (Option.isNone(sighting)) return doubted(outcome)
    const { absent, different, found } = sighting.value
    const after = reconciled(outcome, found)
    if (absent.has(item.index)) return refusedFor(after, true)
    // The record is an older one, so the refused upsert was not written.
    return context.upserts && different.has(item.index) ? refusedFor(after, false) : doubted(after)
  })
  // Upserts are associated in any case.
  return context.upserts
    ? looked
    : yield* associated(context, looked, new Set(itemsOf(open.filter(isRefused))))
})

/** What was refused and exists all the same may lack its parent, so it is associated before it is called created. */
const associated = Effect.fnUntraced(function* <I>(
  { job }: Context,
  all: Outcomes<I>,
  refused: ReadonlySet<Item<I>>
) {
  const doubtful = all.filter(({ item }) => refused.has(item))
  const complete = yield* Associating.complete(job.services, doubtful, Deferred.await(job.abandon))
  return merge(all, complete, (_, outcome) => outcome)
})

/** Looks for inputs in HubSpot; nothing if HubSpot cannot be asked. */
const find = ({ job }: Context, lookup: Lookup.Lookup, items: ReadonlyArray<Item<unknown>>) =>
  Effect.raceFirst(
    Effect.option(lookup(items)),
    Effect.as(Deferred.await(job.abandon), Option.none<Lookup.Sighting>())
  )

/** Waits unless the job stops, and says whether the whole wait is over. */
const wait = ({ job }: Context, duration: Duration.Duration): Effect.Effect<boolean> =>
  Effect.map(Effect.timeoutOption(Deferred.await(job.halt), duration), Option.isNone)

const waitFor = (
  context: Context,
  { length: inputs }: Outcomes<unknown>,
  quiet: Duration.Duration,
  why: "doubt" | "verification"
) =>
  Effect.andThen(
    context.job.onEvent({ _tag: "Waiting", inputs, millis: Duration.toMillis(quiet), why }),
    wait(context, quiet)
  )

/** The outcomes, with those that a later step has changed. */
const merge = <I>(
  all: Outcomes<I>,
  later: Outcomes<I>,
  outcomeOf: (before: Outcome<I>, after: Outcome<I>) => Outcome<I>
): Outcomes<I> => {
  const byItem = new Map(later.map(({ item, outcome }) => [item, outcome]))
  return BatchOutcome.map(all, ({ item, outcome }) => {
    const after = byItem.get(item)
    return after === undefined || after === outcome ? outcome : outcomeOf(outcome, after)
  })
}

const isInDoubt = ({ outcome }: One<unknown>): boolean => outcome._tag === "InDoubt"

/** It is certain that the input was created, and in doubt under which id. */
const isCreated = ({ outcome }: One<unknown>): boolean =>
  outcome._tag === "InDoubt" &&
  outcome.evidence._tag === "Unaccounted" &&
  outcome.evidence.why === "unassigned"

/** In doubt, or rejected without a look. */
const isOpen = ({ outcome }: One<unknown>): boolean =>
  outcome._tag === "InDoubt" || (outcome._tag === "Rejected" && !outcome.verifiedAbsent)

/** Refused, and not because it exists already. */
const isRefused = ({ outcome }: One<unknown>): boolean =>
  outcome._tag === "Rejected"
    ? !isConflict(outcome)
    : outcome._tag === "InDoubt" && outcome.evidence._tag === "Unverified"

const itemsOf = <I>(all: Outcomes<I>): ReadonlyArray<Item<I>> => all.map(({ item }) => item)

const itemsInDoubt = <I>(all: Outcomes<I>): ReadonlyArray<Item<I>> => itemsOf(all.filter(isInDoubt))

const doubted = <I>(outcome: Outcome<I>): Outcome<I> =>
  outcome._tag === "Rejected" ? BatchOutcome.unproven(outcome) : outcome

/** An input that HubSpot refused, and that a look did not find, is rejected. Any other doubt stays one. */
const refusedFor = <I>(outcome: Outcome<I>, verifiedAbsent: boolean): Outcome<I> => {
  if (outcome._tag === "Rejected") return { ...outcome, verifiedAbsent }
  if (outcome._tag !== "InDoubt" || outcome.evidence._tag !== "Unverified") return outcome
  return BatchOutcome.rejected(outcome, { ...outcome.evidence, verifiedAbsent })
}

/** An input that was found in HubSpot is created, in spite of its earlier outcome. */
const reconciled = <I>(outcome: Outcome<I>, found: ReadonlyMap<number, CrmObject.CrmObject>): Outcome<I> => {
  const object = found.get(outcome.index)
  if (object === undefined || (outcome._tag !== "InDoubt" && outcome._tag !== "Rejected")) return outcome
  const via = outcome._tag === "Rejected" && isConflict(outcome) ? "conflict" : "reconciled"
  return BatchOperation.created(outcome, object, via)
}

/** HubSpot has two ways to say that a unique value exists already. */
const isConflict = (outcome: Rejected<unknown>): boolean =>
  outcome.category === "CONFLICT" ||
  outcome.problems.some(
    ({ code, message }) =>
      (code ?? "").includes("CONFLICT") || /\balready (?:exists|has that value)\b/i.test(message)
  )
