/**
 * One durable job from where it stands to where it can go now: every batch without outcomes is sent, or taken up where the
 * log says that an earlier run left it.
 *
 * A run begins with a claim, and its epoch goes with every intent and every write. What an earlier run had
 * sent without an end is in doubt and is never sent again blindly: the job's strategy decides. It can be stopped at any moment;
 * a batch is settled as a whole or not at all, and what is not settled is taken up by the next run.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import type * as Retry from "@effect-hubspot/http/Retry"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as Bulk from "../engine/Pipeline.ts"
import * as Creating from "../doubt/Creating.ts"
import * as StoreFailure from "../model/StoreFailure.ts"
import { recover } from "./Recovery.ts"
import * as Job from "./Job.ts"
import type * as JobBatch from "./JobBatch.ts"
import * as JobStore from "./JobStore.ts"
import type { NotSentReason } from "../model/Outcome.ts"
import * as Outcome from "../model/Outcome.ts"
import type { TracedInput } from "../model/Plan.ts"
import type { Row } from "../files/Source.ts"

/**
 * How a run ended. `Complete` and `Canceled` are the job's end as well; after the others it can be resumed. `Stopped`: the
 * user stopped this run. `Suspended`: it cannot go on now; with `unwritten` that could not be written down, and the store
 * has the job as it was. `Left`: this run gave the job up for another to go on with. `Fenced`: somebody else runs the job.
 *
 * @category models
 * @since 0.1.0
 */
export type End =
  | { readonly _tag: "Complete" }
  | { readonly _tag: "Canceled" }
  | { readonly _tag: "Stopped" }
  | {
      readonly _tag: "Suspended"
      readonly suspension: Job.Suspension
      readonly reason: NotSentReason
      readonly unwritten?: JobStore.JobStoreError
    }
  | { readonly _tag: "Left" }
  | { readonly _tag: "Fenced"; readonly message: string }

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Requests under way at once; see `BulkCreate.Options`. */
  readonly concurrency?: number | "auto" | undefined
  readonly retry?: Retry.Policy | undefined
  /** Complete it to send nothing more: requests under way finish, the job can be resumed. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to wait for no answer any more either. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** Complete it as `stop`; but the job stays running, for whoever takes it next. */
  readonly leave?: Deferred.Deferred<void> | undefined
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
  /** Told of the outcomes of each batch once they are written down. Those of invalid inputs were with the plan. */
  readonly onSettled?: ((outcomes: ReadonlyArray<Outcome.Outcome<Row>>) => Effect.Effect<void>) | undefined
  /**
   * Told what is known of a batch that this run leaves unsettled. The next run knows it as far as the log has it; after an
   * `error` of the store, perhaps not at all.
   */
  readonly onUnsettled?:
    | ((
        outcomes: ReadonlyArray<Outcome.Outcome<Row>>,
        error: JobStore.JobStoreError | undefined
      ) => Effect.Effect<void>)
    | undefined
}

/**
 * A run under way. `batches` are those to be done, read as far ahead as they can be worked on; each of them is given
 * to `work`, all at once. When no more come, `end` says in the store how it ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session {
  readonly batches: Stream.Stream<JobBatch.JobBatch>
  /**
   * Sends what is to be sent of a batch and settles it, or leaves it to the next run. A run does so once for each batch: a
   * second call waits for the first, or says what became of it.
   */
  readonly work: (batch: JobBatch.JobBatch) => Effect.Effect<"settled" | "left">
  /** Nothing more is sent; the job is given up for another run, unless it was to end otherwise before. */
  readonly leave: Effect.Effect<void>
  /** Waits for the work under way, and lets go of the job. */
  readonly end: Effect.Effect<End>
}

/**
 * Begins a run under a claim, for who has ways of its own to go through the batches. `run` is the plain way.
 *
 * @category running
 * @since 0.1.0
 */
export const session = Effect.fn("JobRunner.session")(function* (
  claim: JobStore.Claim,
  options: Options = {}
): Effect.fn.Return<Session, never, JobStore.JobStore | HubSpotClient | RateLimits | Scope.Scope> {
  const store = yield* JobStore.JobStore
  const { log } = store
  const { epoch, jobId } = claim
  const { batchSize, keyProperty, retryOf, strategy } = claim.job.frozen
  const stop = options.stop ?? (yield* Deferred.make<void>())
  const job = yield* Bulk.job({ ...options, jobId, batchSize, stop }, { epoch, log })
  const resolver = yield* Creating.resolver(job, strategy, keyProperty, retryOf?.first)

  /** The job shall end, not only this run. */
  let canceled = false
  const cancel = Effect.suspend(() => {
    canceled = true
    return Deferred.succeed(stop, undefined)
  })
  /** Somebody else has the job, or nobody does: nothing is sent or written any more. */
  let fenced: string | undefined
  const lost = (error: { readonly message: string }) =>
    Effect.suspend(() => {
      fenced ??= error.message
      return Effect.asVoid(Deferred.succeed(job.halt, { _tag: "Stopped" }))
    })
  const whenLost = { JobNotFound: lost, JobFenced: lost, IllegalTransition: lost }
  const leftWhenLost = (error: { readonly message: string }) => Effect.as(lost(error), "left" as const)

  /** What stays unread or unwritten ends the run; what is under way comes to its end. */
  let failure: StoreFailure.StoreFailure | undefined
  const failed = (error: StoreFailure.StoreFailure) =>
    Effect.suspend(() => {
      failure ??= error
      return Effect.asVoid(Deferred.succeed(job.halt, { _tag: "Unlogged", error }))
    })

  /** This run shall end, and the job go on. */
  let left = false
  const leave = Effect.suspend(() => {
    left = true
    return Effect.asVoid(Deferred.succeed(stop, undefined))
  })
  if (options.leave !== undefined) {
    yield* Deferred.await(options.leave).pipe(Effect.andThen(leave), Effect.forkScoped)
  }

  // What was forgotten would be done again.
  yield* Effect.catchTags(Effect.andThen(log.verify(jobId), store.counts(jobId)), {
    AttemptLogError: failed,
    JobStoreError: failed,
    JobNotFound: lost
  })
  if (claim.job.cancelRequested) yield* cancel
  if (claim.job.state === "suspended") {
    yield* Effect.catchTags(store.resume(claim), { ...whenLost, JobStoreError: failed })
  }
  /** It lets go of the job itself, perhaps without being told that it has. */
  let isEnding = false
  const lostUnlessEnding = (error: { readonly message: string }) => (isEnding ? Effect.void : lost(error))
  yield* store.renew(claim).pipe(
    Effect.tap((job) => (job.cancelRequested && !canceled && !isEnding ? cancel : Effect.void)),
    Effect.catchTags({
      JobNotFound: lostUnlessEnding,
      JobFenced: lostUnlessEnding,
      // It is asked again. If it stays away, nothing can be written down, and so nothing is sent.
      JobStoreError: (error) => Effect.logWarning(error.message)
    }),
    Effect.repeat(Schedule.spaced(Math.max(100, Math.min(cancelMillis, Math.floor(claim.leaseMillis / 3))))),
    Effect.forkScoped
  )

  /** What earlier runs settled, for strategies that have to know it: of a large job much, so only once it is needed. */
  const recalled = yield* Effect.cached(
    resolver.recall === undefined
      ? Effect.succeed(true)
      : store.outcomes(jobId).pipe(
          Stream.filterMap((entry) =>
            entry._tag === "Created" ? Result.succeed(entry.id) : Result.fail(undefined)
          ),
          Stream.runForEachArray((created) => Effect.sync(() => resolver.recall?.({ created, open: [] }))),
          Effect.as(true),
          Effect.catchTags({
            JobNotFound: (error) => Effect.as(lost(error), false),
            JobStoreError: (error) => Effect.as(failed(error), false)
          })
        )
  )

  /** Sends what is to be sent of a batch, and takes up what an earlier run left. */
  const begin = Effect.fnUntraced(function* (batch: JobBatch.JobBatch) {
    const { items } = batch
    const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1]
    const earlier = last < first ? [] : yield* log.attempts(jobId, { first, last })
    const { known, open, since, unfinished } = recover(items, earlier, strategy._tag === "atLeastOnce")
    resolver.recall?.({
      created: known.flatMap((outcome) => (outcome._tag === "Created" ? [outcome.id] : [])),
      open: items.flatMap((item) => {
        const sinceMillis = since.get(item.index)
        const doubted = known.some(({ _tag, index }) => index === item.index && _tag === "InDoubt")
        return doubted && sinceMillis !== undefined ? [{ item, sinceMillis }] : []
      })
    })
    // HubSpot was not done with these when the earlier run ended.
    const followed = yield* Effect.forEach(
      unfinished,
      ({ attempt, items }) => resolver.follow(items, attempt),
      { concurrency: "unbounded" }
    )
    const later = new Map(followed.flat().map((outcome) => [outcome.index, outcome]))
    const sent = open.length === 0 ? [] : yield* resolver.run(open)
    const outcomes = [...known.map((outcome) => later.get(outcome.index) ?? outcome), ...sent]
    return Bulk.sort<Row, TracedInput, "Created">(resolver, outcomes, items)
  })

  const resolved: typeof resolver.resolve = (outcomes, items) =>
    Effect.flatMap(recalled, (isKnown) =>
      isKnown ? resolver.resolve(outcomes, items) : Effect.succeed(outcomes)
    )

  /** Settles a batch; but if this run was stopped before all of it was final, the next one does. */
  const settle = Effect.fnUntraced(function* (
    { items, number }: JobBatch.JobBatch,
    outcomes: ReadonlyArray<BatchRunner.Settled<Row>>
  ) {
    const byIndex = new Map(items.map((item) => [item.index, item]))
    const isLeft = (outcome: BatchRunner.Settled<Row>) =>
      outcome._tag === "NotSent" ||
      (outcome._tag === "InDoubt" && isUnfinished(outcome.evidence)) ||
      resolver.workOf(outcome, byIndex.get(outcome.index)!) !== undefined
    const unsettled = (error?: JobStore.JobStoreError) => {
      const known = outcomes.filter(({ _tag }) => _tag !== "NotSent")
      return Effect.as(options.onUnsettled?.(known, error) ?? Effect.void, "left" as const)
    }
    const halted = yield* Deferred.isDone(job.halt)
    if (fenced !== undefined) return "left" as const
    if (halted && !canceled && outcomes.some(isLeft)) return yield* unsettled()
    const settled = store.settle(claim, [{ number, outcomes: outcomes.map(Job.entry) }])
    return yield* (
      job.patience
        // Only this run settles its batches, so one that is settled already was settled by this.
        .write((again) => (again ? Effect.catchTag(settled, "AlreadySettled", () => Effect.void) : settled))
        .pipe(
          Effect.andThen(options.onSettled?.(outcomes) ?? Effect.void),
          Effect.as("settled" as const),
          Effect.catchTags({
            JobNotFound: leftWhenLost,
            JobFenced: leftWhenLost,
            IllegalTransition: leftWhenLost,
            AlreadySettled: leftWhenLost,
            JobStoreError: (error) => Effect.andThen(failed(error), unsettled(error))
          })
        )
    )
  })

  /** What a stopped reading leaves behind is for the next run. */
  const ahead = yield* Semaphore.make(Bulk.maxAhead)
  const underWay = yield* Semaphore.make(maxAtOnce)

  const batches = store.unsettled(jobId).pipe(
    Stream.tap(() => ahead.take(1)),
    // A job that is canceled tells every input that it was not sent; any other is read on by the next run.
    Stream.takeWhile(() => canceled || !Deferred.isDoneUnsafe(job.halt)),
    Stream.catchTags({
      JobNotFound: (error) => Stream.drain(Stream.fromEffect(lost(error))),
      JobStoreError: (error) => Stream.drain(Stream.fromEffect(failed(error)))
    })
  )

  const workOnce = (batch: JobBatch.JobBatch) =>
    begin(batch).pipe(
      Effect.ensuring(ahead.release(1)),
      Effect.flatMap(({ open, settled }) =>
        Effect.map(
          Effect.forEach(open, ({ items, outcomes }) => resolved(outcomes, items), {
            concurrency: "unbounded"
          }),
          (resolved) => [...settled, ...resolved.flat()]
        )
      ),
      Effect.flatMap((outcomes) => settle(batch, outcomes)),
      Effect.catchTag("AttemptLogError", (error) => Effect.as(failed(error), "left" as const)),
      underWay.withPermits(1)
    )

  const worked = new Map<number, Deferred.Deferred<"settled" | "left">>()

  const work = (batch: JobBatch.JobBatch) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const known = worked.get(batch.number)
        if (known !== undefined) return restore(Deferred.await(known))
        const result = Deferred.makeUnsafe<"settled" | "left">()
        worked.set(batch.number, result)
        const working = restore(workOnce(batch))
        return Effect.onExit(working, (exit) => Deferred.done(result, exit))
      })
    )

  /** Says in the store how the run ended, as far as that can be written down, and lets go of the job. */
  const ending = (reason: NotSentReason | undefined): Effect.Effect<End> => {
    if (fenced !== undefined) {
      return Effect.as(Effect.ignore(store.release(claim)), { _tag: "Fenced", message: fenced })
    }
    return job.patience
      .write(() => written(reason))
      .pipe(
        Effect.catchTags({
          JobNotFound: gone,
          JobFenced: gone,
          IllegalTransition: gone,
          JobStoreError: (unwritten) =>
            Effect.map(Clock.currentTimeMillis, (now): End => {
              const reason = { _tag: "Unlogged", error: unwritten } as const
              const suspension = Job.suspended(suspensionOf(reason, now), now)
              return { _tag: "Suspended", suspension, reason, unwritten }
            })
        })
      )
  }

  const written = Effect.fnUntraced(function* (
    halted: NotSentReason | undefined
  ): Effect.fn.Return<End, JobStore.Refused> {
    // What failed may be back, and nothing be left to do.
    if (canceled || halted === undefined || halted._tag === "Unlogged") {
      if (yield* completed(halted)) return { _tag: canceled ? "Canceled" : "Complete" }
    }
    const reason: NotSentReason =
      canceled && failure !== undefined ? { _tag: "Unlogged", error: failure } : halted!
    if (left && reason._tag === "Stopped") {
      yield* store.release(claim)
      return { _tag: "Left" }
    }
    const now = yield* Clock.currentTimeMillis
    const suspension = Job.suspended(suspensionOf(reason, now), now)
    // Only this run suspends the job, so one that is suspended already was suspended by this.
    yield* Effect.catchIf(store.suspend(claim, suspension), isAlready("suspended"), () => Effect.void)
    yield* store.release(claim)
    return reason._tag === "Stopped" ? { _tag: "Stopped" } : { _tag: "Suspended", suspension, reason }
  })

  /** Whether the job is over; if not, batches are left that could not be settled. */
  const completed = (halted: NotSentReason | undefined) => {
    const as = canceled ? "canceled" : "done"
    return store.complete(claim, as).pipe(
      Effect.as(true),
      Effect.catchIf(isAlready(as), () => Effect.succeed(true)),
      Effect.catchIf(
        (error) => halted !== undefined && isAlready("running")(error),
        () => Effect.succeed(false)
      )
    )
  }

  const end = Effect.gen(function* () {
    const reason = (yield* Deferred.isDone(job.halt)) ? yield* Deferred.await(job.halt) : undefined
    isEnding = true
    const end = yield* ending(reason)
    return fenced === undefined ? end : ({ _tag: "Fenced", message: fenced } as const)
  }).pipe(underWay.withPermits(maxAtOnce))

  return { batches, work, leave, end }
})

/**
 * Runs a job under a claim until it is over or cannot go on, and lets go of it.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy, JobStore, type Source } from "@effect-hubspot/batch"
 * import * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
 * import * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
 * import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
 * import * as Plan from "@effect-hubspot/batch/model/Plan"
 * import * as Stores from "@effect-hubspot/batch/sql/Stores"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Result, Stream } from "effect"
 *
 * const holder = { pid: 1, host: "here" }
 * const frozen: Frozen.Frozen = {
 *   source: { name: "orders" }, format: "ndjson", batchSize: 100, strategy: DoubtStrategy.failVisible,
 *   account: "25012345", origin: "https://api.hubapi.com"
 * }
 * const row = (n: number): Source.Row => ({
 *   index: n, line: n + 1, original: { _tag: "Json", text: `{"name":"Seat ${n}"}` },
 *   input: Result.succeed({ properties: { name: `Seat ${n}` } })
 * })
 * const program = Effect.gen(function* () {
 *   const jobs = yield* JobStore.JobStore
 *   const planning = yield* jobs.create({ id: "orders", frozen, holder })
 *   const shape = Plan.creates<Source.Row>({ jobId: "orders", toInput: ({ input }) => input })
 *   yield* Stream.range(0, 249).pipe(
 *     Stream.map(row),
 *     JobBatch.fromRows({ shape, batchSize: 100 }),
 *     Stream.runForEachArray((batches) => jobs.append(planning, batches))
 *   )
 *   yield* jobs.planned(planning, { digest: "of the rows", inputs: 250 })
 *   // Here, or in another process after a crash of this one.
 *   const end = yield* JobRunner.run(yield* jobs.claim("orders", { holder }))
 *   const { created } = yield* jobs.counts("orders")
 *   return [end._tag, created]
 * }).pipe(Effect.scoped)
 * const layer = Layer.merge(Stores.layerMemory, Emulator.layerLineItems())
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["Complete", 250]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("JobRunner.run")(function* (
  claim: JobStore.Claim,
  options: Options = {}
): Effect.fn.Return<End, never, JobStore.JobStore | HubSpotClient | RateLimits | Scope.Scope> {
  const { batches, end, work } = yield* session(claim, options)
  yield* batches.pipe(Stream.mapEffect(work, { concurrency: maxAtOnce, unordered: true }), Stream.runDrain)
  return yield* end
})

/** Batches worked on at once, most of which wait for what is in doubt. */
export const maxAtOnce = Bulk.maxResolving

/** Of what HubSpot did not answer, or was not done with, the next run may learn more. */
const isUnfinished = (evidence: Outcome.Evidence): boolean =>
  evidence._tag === "Abandoned" || (evidence._tag === "Unaccounted" && evidence.why === "unfinished")

const isAlready =
  (state: Job.State) =>
  (error: { readonly _tag: string }): error is Job.IllegalTransition =>
    error instanceof Job.IllegalTransition && error.from === state

/** So soon a job that is to be canceled stops. */
const cancelMillis = 2000

const gone = ({ message }: { readonly message: string }): Effect.Effect<End> =>
  Effect.succeed({ _tag: "Fenced", message })

/** Why a job cannot go on, as it is kept. */
const suspensionOf = (reason: NotSentReason, nowMillis: number): Job.Suspension => {
  const message = Outcome.describeNotSent(reason)
  switch (reason._tag) {
    case "Stopped":
      return { reason: "operator", message: "stopped by the user" }
    case "Unlogged":
      return { reason: StoreFailure.suspensionOf(reason.error), message }
    case "RetriesExhausted":
      return { reason: "network", message }
    case "Suspended": {
      const { resumeAtMillis, retryAfterMillis } = {
        resumeAtMillis: undefined,
        retryAfterMillis: undefined,
        ...reason.error.reason
      }
      const resumeAt =
        resumeAtMillis ?? (retryAfterMillis === undefined ? undefined : nowMillis + retryAfterMillis)
      return { reason: reason.cause, message, ...(resumeAt !== undefined && { resumeAtMillis: resumeAt }) }
    }
    case "Halted": {
      return { reason: reason.error.ends === "credentials" ? "auth" : "operator", message }
    }
  }
}
