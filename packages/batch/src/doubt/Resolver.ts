/**
 * A strategy for doubts at work on a runner of batches: what is left to do for an outcome, and doing it.
 *
 * Everything that is concluded is concluded from a look (`Lookup`), and only from what the look proves. What cannot be
 * looked for stays in doubt.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import type { CrmObject } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as BatchOperation from "../engine/BatchOperation.ts"
import * as BatchRunner from "../engine/BatchRunner.ts"
import * as DoubtStrategy from "./DoubtStrategy.ts"
import * as Lookup from "./Lookup.ts"
import type { NotSentReason, Rejected } from "../model/Outcome.ts"
import * as ParentLookup from "./ParentLookup.ts"
import * as Plan from "../model/Plan.ts"
import type { Item, TracedInput } from "../model/Plan.ts"
import * as Associating from "./Associating.ts"

/** How often what stays in doubt in spite of all repetitions of its request is written again. */
const upsertResends = 5

/** Whether a strategy believes that what HubSpot refuses does not exist. */
export const trustsRefusals = (strategy: DoubtStrategy.DoubtStrategy): boolean =>
  DoubtStrategy.keyNeeded(strategy) !== "unique"

/** What is sent under a strategy. */
export const operationOf = (
  strategy: DoubtStrategy.DoubtStrategy,
  keyProperty: string | undefined
): BatchOperation.BatchOperation<TracedInput, "Created"> =>
  strategy._tag === "upsert"
    ? BatchOperation.createByUpsert(keyProperty ?? "")
    : BatchOperation.create(keyProperty)

type Settled<I> = BatchRunner.Settled<I>

/** What a strategy works with. */
export interface Options {
  readonly strategy: DoubtStrategy.DoubtStrategy
  /** The key property, for the strategies that need one. */
  readonly property: string | undefined
  /** The job whose keys the inputs may have, if it is another one. */
  readonly first?: string | undefined
  readonly halt: Deferred.Deferred<NotSentReason>
  readonly abandon: Deferred.Deferred<void>
  /** How to look for inputs. */
  readonly services: Dispatch.Services
  readonly onEvent: (event: BatchRunner.Event) => Effect.Effect<void>
}

/**
 * A strategy at work: `run` sends a batch, `workOf` says what is left to do for an outcome that is not final under
 * the strategy, `resolve` makes those final that have the same left to do. What is final need not wait for them, nor
 * one kind for another.
 */
export interface Resolver extends Pick<BatchRunner.BatchRunner<TracedInput, "Created">, "follow"> {
  /** Takes up what earlier runs of the job left; for strategies that go by more than one batch. */
  readonly recall: ((earlier: ParentLookup.Recalled) => void) | undefined
  readonly run: <I>(items: ReadonlyArray<Item<I>>) => Effect.Effect<ReadonlyArray<Settled<I>>>
  readonly workOf: (outcome: Settled<unknown>, item: Item<unknown>) => Work | undefined
  readonly resolve: <I>(
    open: ReadonlyArray<Settled<I>>,
    items: ReadonlyArray<Item<I>>
  ) => Effect.Effect<ReadonlyArray<Settled<I>>>
}

/** A doubt to be settled, a rejection to be verified, or associations to be made. */
type Work = "doubt" | "verification" | "association"

/** A strategy on a runner of batches. */
export const make = (runner: BatchRunner.BatchRunner<TracedInput, "Created">, options: Options): Resolver => {
  const { services, strategy } = options
  const property = options.property ?? ""
  const family = ParentLookup.make(services)
  const watched = strategy._tag === "reconcileByParent" ? family.watch(runner) : runner

  /** What HubSpot has of these inputs at this moment; nothing when it cannot be asked. */
  const find = (lookup: Lookup.Lookup, items: ReadonlyArray<Item<unknown>>) =>
    Effect.raceFirst(
      Effect.option(lookup(items)),
      Effect.as(Deferred.await(options.abandon), Option.none<Lookup.Sighting>())
    )

  /** Waits, unless the job is halted; says whether it was not. */
  const wait = (duration: Duration.Duration): Effect.Effect<boolean> =>
    Effect.map(Effect.timeoutOption(Deferred.await(options.halt), duration), Option.isNone)

  const waitFor = (
    outcomes: ReadonlyArray<Settled<unknown>>,
    quiet: Duration.Duration,
    why: "doubt" | "verification"
  ) =>
    Effect.andThen(
      options.onEvent({ _tag: "Waiting", inputs: outcomes.length, millis: Duration.toMillis(quiet), why }),
      wait(quiet)
    )

  /** Sends what is in doubt again. What the new attempt does not settle keeps its doubt. */
  const again = Effect.fnUntraced(function* <I>(
    outcomes: ReadonlyArray<Settled<I>>,
    items: ReadonlyArray<Item<I>>,
    absence: "known" | "unknown"
  ) {
    const retried = yield* watched.run(items)
    const next = new Map(retried.map((outcome) => [outcome.index, outcome]))
    return outcomes.map((before): Settled<I> => {
      const after = next.get(before.index)
      if (after === undefined || before._tag !== "InDoubt") return before
      // Known to be absent before it was sent again: the new answer stands alone.
      if (absence === "known") return after._tag === "Rejected" ? { ...after, verifiedAbsent: true } : after
      return after._tag === "NotSent" ? before : after
    })
  })

  // What was written by upsert is there only if its values are. A key that was made is good for one job: a record that
  // has it may be of another one.
  const byKey = Lookup.byUniqueValue(
    services,
    property,
    strategy._tag === "upsert" ? () => true : Plan.mayBeMade(options.first)
  )

  /** Looks for some of the inputs by key: found ones are created, the others are verified to be absent. */
  const lookUp = Effect.fnUntraced(function* <I>(
    outcomes: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    asked: ReadonlyArray<Settled<I>>
  ) {
    const sighting = yield* find(
      byKey,
      asked.map(({ index }) => byIndex.get(index)!)
    )
    const indices = new Set(asked.map(({ index }) => index))
    return outcomes.map((outcome): Settled<I> => {
      if (!indices.has(outcome.index)) return outcome
      if (Option.isNone(sighting)) return doubted(outcome)
      const { absent, different, found } = sighting.value
      const after = reconciled(outcome, found)
      if (absent.has(outcome.index)) return refusedFor(after, true)
      // The record is an older one, so what was refused was not written.
      return strategy._tag === "upsert" && different.has(outcome.index)
        ? refusedFor(after, false)
        : doubted(after)
    })
  })

  /** Looks for all that is open after the quiet period; if it cannot wait, nothing is concluded. */
  const lookUpLater = Effect.fnUntraced(function* <I>(
    outcomes: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    quiet: Duration.Duration
  ) {
    const open = outcomes.filter(isUnsettled)
    if (open.length === 0) return outcomes
    const why = open.some(({ _tag }) => _tag === "InDoubt") ? "doubt" : "verification"
    return (yield* waitFor(open, quiet, why))
      ? yield* lookUp(outcomes, byIndex, open)
      : outcomes.map((outcome) => (isUnsettled(outcome) ? doubted(outcome) : outcome))
  })

  /** At once, then after 2, 4, 8, … seconds, at most 32. */
  const resend = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    resends: number
  ) {
    let outcomes = first
    for (let n = 0; n < resends && outcomes.some(isInDoubt); n++) {
      if (n > 0 && !(yield* wait(Duration.seconds(2 ** Math.min(n, 5))))) break
      outcomes = yield* again(outcomes, itemsInDoubt(outcomes, byIndex), "unknown")
    }
    return outcomes
  })

  // ---------------------------------------------------------------------------

  const resolveAtLeastOnce = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    { resends }: DoubtStrategy.AtLeastOnce
  ) {
    const before = new Map(first.map((outcome) => [outcome.index, outcome]))
    const outcomes = yield* resend(first, byIndex, resends)
    return outcomes.map((outcome): Settled<I> => {
      const doubt = before.get(outcome.index)
      if (doubt?._tag !== "InDoubt") return outcome
      if (outcome._tag === "Created") return { ...outcome, possibleDuplicate: true }
      // Refused now, and perhaps created before: that is no rejection.
      return outcome._tag === "Rejected" ? doubt : outcome
    })
  })

  const resolveByLooking = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    lookup: Lookup.Lookup,
    { quiet, reads, resends, spacing }: DoubtStrategy.Looking
  ) {
    let outcomes = first
    for (let n = 0; n <= resends && outcomes.some(isInDoubt); n++) {
      if (!(yield* waitFor(outcomes.filter(isInDoubt), quiet, "doubt"))) return outcomes
      let missing = itemsInDoubt(outcomes, byIndex)
      const seenAbsent = new Map<number, number>()
      for (let read = 0; read < reads && missing.length > 0; read++) {
        if (read > 0 && !(yield* wait(spacing))) return outcomes
        const sighting = yield* find(lookup, missing)
        // What cannot be looked for stays in doubt.
        if (Option.isNone(sighting)) return outcomes
        outcomes = outcomes.map((outcome) => reconciled(outcome, sighting.value.found))
        missing = itemsInDoubt(outcomes, byIndex)
        for (const { index } of missing) {
          if (sighting.value.absent.has(index)) seenAbsent.set(index, (seenAbsent.get(index) ?? 0) + 1)
        }
      }
      const absent = missing.filter(({ index }) => seenAbsent.get(index) === reads)
      if (absent.length === 0 || n === resends) return outcomes
      outcomes = yield* again(outcomes, absent, "known")
    }
    return outcomes
  })

  const resolveGuard = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    { quiet, resends }: DoubtStrategy.Guard
  ) {
    const outcomes = yield* resend(first, byIndex, resends)
    // A conflict says that the key exists, so reading finds it at once; any other rejection, and a doubt that
    // stayed, say nothing before the quiet period is over.
    const conflicts = outcomes.filter((outcome) => outcome._tag === "Rejected" && isConflict(outcome))
    if (conflicts.length === 0) return yield* lookUpLater(outcomes, byIndex, quiet)
    const sighting = yield* find(
      byKey,
      conflicts.map(({ index }) => byIndex.get(index)!)
    )
    // What is not found now may still come, so absence is for later.
    const found = Option.match(sighting, { onNone: () => new Map(), onSome: (seen) => seen.found })
    return yield* lookUpLater(
      outcomes.map((outcome) => reconciled(outcome, found)),
      byIndex,
      quiet
    )
  })

  const resolveUpsert = Effect.fnUntraced(function* <I>(
    first: ReadonlyArray<Settled<I>>,
    byIndex: ReadonlyMap<number, Item<I>>,
    { quiet }: DoubtStrategy.Upsert
  ) {
    const looked = yield* lookUpLater(yield* resend(first, byIndex, upsertResends), byIndex, quiet)
    // After an outage it may be written now; a refusal after the doubt proves nothing.
    const before = new Map(looked.map((outcome) => [outcome.index, outcome]))
    const outcomes = (yield* resend(looked, byIndex, 1)).map((outcome) =>
      outcome._tag === "Rejected" && isInDoubt(before.get(outcome.index)!) ? doubted(outcome) : outcome
    )
    return yield* Associating.complete<I, Settled<I>>(
      services,
      outcomes,
      [...byIndex.values()],
      Deferred.await(options.abandon)
    )
  })

  return {
    recall: strategy._tag === "reconcileByParent" ? family.recall : undefined,
    run: watched.run,
    follow: watched.follow,
    workOf: (outcome, item) => {
      switch (strategy._tag) {
        case "failVisible":
          return strategy.verifyRejections === false ? undefined : verificationOf(outcome)
        case "atLeastOnce":
        case "reconcile":
        case "reconcileByParent":
          return doubtOf(outcome)
        case "guard":
          return doubtOf(outcome) ?? verificationOf(outcome)
        case "upsert":
          return (
            doubtOf(outcome) ??
            verificationOf(outcome) ??
            (outcome._tag === "Created" && Associating.isDue(item.input) ? "association" : undefined)
          )
      }
    },
    resolve: (open, items) => {
      const byIndex = new Map(items.map((item) => [item.index, item]))
      switch (strategy._tag) {
        case "failVisible":
          return strategy.verifyRejections === false
            ? Effect.succeed(open)
            : lookUpLater(open, byIndex, strategy.verifyRejections.quiet)
        case "atLeastOnce":
          return resolveAtLeastOnce(open, byIndex, strategy)
        case "reconcile":
          return resolveByLooking(open, byIndex, Lookup.bySearch(services, property), strategy)
        case "reconcileByParent":
          return resolveByLooking(open, byIndex, family.lookup, strategy)
        case "guard":
          return resolveGuard(open, byIndex, strategy)
        case "upsert":
          return resolveUpsert(open, byIndex, strategy)
      }
    }
  }
}

const isInDoubt = ({ _tag }: Settled<unknown>): boolean => _tag === "InDoubt"

const doubtOf = (outcome: Settled<unknown>) => (isInDoubt(outcome) ? "doubt" : undefined)

const verificationOf = (outcome: Settled<unknown>) =>
  outcome._tag === "Rejected" && !outcome.verifiedAbsent ? "verification" : undefined

/** In doubt, or rejected and not looked for. */
const isUnsettled = (outcome: Settled<unknown>): boolean =>
  outcome._tag === "InDoubt" || (outcome._tag === "Rejected" && !outcome.verifiedAbsent)

const itemsInDoubt = <I>(
  outcomes: ReadonlyArray<Settled<I>>,
  byIndex: ReadonlyMap<number, Item<I>>
): ReadonlyArray<Item<I>> => outcomes.filter(isInDoubt).map(({ index }) => byIndex.get(index)!)

const doubted = <I>(outcome: Settled<I>): Settled<I> =>
  outcome._tag === "Rejected" ? BatchRunner.unproven(outcome) : outcome

/** What HubSpot refused, and was looked for without finding it, is rejected; a doubt of another kind stays one. */
const refusedFor = <I>(outcome: Settled<I>, verifiedAbsent: boolean): Settled<I> => {
  if (outcome._tag === "Rejected") return { ...outcome, verifiedAbsent }
  if (outcome._tag !== "InDoubt" || outcome.evidence._tag !== "Unverified") return outcome
  const { evidence, index, objectWriteTraceId, source } = outcome
  const { category, problems } = evidence
  return { _tag: "Rejected", source, index, objectWriteTraceId, category, problems, verifiedAbsent }
}

/** An input that was found in HubSpot is created, whatever was said before. */
const reconciled = <I>(outcome: Settled<I>, found: ReadonlyMap<number, CrmObject.CrmObject>): Settled<I> => {
  const object = found.get(outcome.index)
  if (object === undefined || (outcome._tag !== "InDoubt" && outcome._tag !== "Rejected")) return outcome
  const via = outcome._tag === "Rejected" && isConflict(outcome) ? "conflict" : "reconciled"
  return BatchOperation.created(outcome, object, via)
}

/** HubSpot has two ways to say that a unique value is taken. */
const isConflict = (outcome: Rejected<unknown>): boolean =>
  outcome.category === "CONFLICT" ||
  outcome.problems.some(
    ({ code, message }) =>
      (code ?? "").includes("CONFLICT") || /\balready (?:exists|has that value)\b/i.test(message)
  )
