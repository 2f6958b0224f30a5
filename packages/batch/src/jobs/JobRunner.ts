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
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as BatchState from "../model/BatchState.ts"
import * as Resolver from "../doubt/Resolver.ts"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as Pipeline from "../engine/Pipeline.ts"
import type { Row } from "../files/Source.ts"
import type * as Outcome from "../model/Outcome.ts"
import * as Job from "./Job.ts"
import type { JobBatch } from "./JobBatch.ts"
import * as JobRun from "./JobRun.ts"
import * as JobStore from "./JobStore.ts"
import { recover } from "./Recovery.ts"

export type { End } from "./JobRun.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends BatchState.Waits {
  /** Requests under way at once; see `BulkCreate.Options`. */
  readonly concurrency?: number | "auto" | undefined
  readonly retry?: Retry.Policy | undefined
  /** Complete it to send nothing more: requests under way finish, the job can be resumed. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to wait for no answer any more either. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** Complete it as `stop`; but the job stays running, and the next run takes it. */
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
  readonly batches: Stream.Stream<JobBatch>
  /**
   * Sends what is to be sent of a batch and settles it, or leaves it to the next run. A run does so once for each batch: a
   * second call waits for the first, or says what became of it.
   */
  readonly work: (batch: JobBatch) => Effect.Effect<"settled" | "left">
  /** Nothing more is sent; the job is given up for another run, unless it was to end otherwise before. */
  readonly leave: Effect.Effect<void>
  /** Waits for the work under way, and lets go of the job. */
  readonly end: Effect.Effect<JobRun.End>
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
  const worker = yield* begin(claim, options)
  const { job, known, store } = worker
  /** What a stopped reading leaves behind is for the next run. */
  const ahead = yield* Semaphore.make(Pipeline.maxAhead)
  const underWay = yield* Semaphore.make(maxAtOnce)

  const batches = store.unsettled(claim.jobId).pipe(
    Stream.tap(() => ahead.take(1)),
    // A job that is canceled tells every input that it was not sent; any other is read on by the next run.
    Stream.takeWhile(() => Ref.getUnsafe(known).canceled || !Deferred.isDoneUnsafe(job.halt)),
    Stream.catchTags({
      JobNotFound: (error) => Stream.drain(Stream.fromEffect(JobRun.lose(worker)(error))),
      JobStoreError: (error) => Stream.drain(Stream.fromEffect(JobRun.fail(worker)(error)))
    })
  )

  const workOnce = (batch: JobBatch) =>
    send(worker, batch).pipe(
      Effect.ensuring(ahead.release(1)),
      Effect.flatMap(({ final, open }) =>
        Effect.map(
          Effect.forEach(open, (part) => resolve(worker, part), { concurrency: "unbounded" }),
          (resolved) => [...final, ...resolved.flat()]
        )
      ),
      Effect.flatMap((outcomes) => settle(worker, batch, outcomes)),
      Effect.catchTag("AttemptLogError", (error) => Effect.as(JobRun.fail(worker)(error), "left" as const)),
      underWay.withPermits(1)
    )

  const worked = new Map<number, Deferred.Deferred<"settled" | "left">>()

  const work = (batch: JobBatch) =>
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

  return {
    batches,
    work,
    leave: Effect.asVoid(JobRun.leave(worker)),
    end: underWay.withPermits(maxAtOnce)(JobRun.end(worker))
  }
})

/** Takes a job up: makes sure that nothing of it was forgotten, and keeps the claim while the run goes on. */
const begin = Effect.fnUntraced(function* (claim: JobStore.Claim, options: Options) {
  const store = yield* JobStore.JobStore
  const { log } = store
  const { epoch, jobId } = claim
  const { batchSize, keyProperty, retryOf, strategy } = claim.job.frozen
  const stop = options.stop ?? (yield* Deferred.make<void>())
  const job = yield* Pipeline.job({ ...options, jobId, batchSize, stop }, { epoch, log })
  const resolver = yield* Resolver.make(job, strategy, keyProperty, retryOf?.first)
  const run: JobRun.JobRun = { claim, store, job, stop, known: yield* Ref.make<JobRun.Known>({}) }
  const [lost, failed] = [JobRun.lose(run), JobRun.fail(run)]
  if (options.leave !== undefined) {
    yield* Deferred.await(options.leave).pipe(Effect.andThen(JobRun.leave(run)), Effect.forkScoped)
  }
  // What was forgotten would be done again.
  yield* Effect.catchTags(Effect.andThen(log.verify(jobId), store.counts(jobId)), {
    AttemptLogError: failed,
    JobStoreError: failed,
    JobNotFound: lost
  })
  if (claim.job.cancelRequested) yield* JobRun.cancel(run)
  if (claim.job.suspension?.reason === "outage") yield* job.circuit.suspect
  if (claim.job.state === "suspended") {
    yield* Effect.catchTags(store.resume(claim), {
      JobNotFound: lost,
      JobFenced: lost,
      IllegalTransition: lost,
      JobStoreError: failed
    })
  }
  yield* Effect.forkScoped(JobRun.keep(run))
  /** Whether the resolver knows what earlier runs settled: of a large job much, so only once it is needed. */
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
  return { ...run, options, resolver, recalled }
})

/** A run, and what its batches are worked on with. */
type Worker = Effect.Success<ReturnType<typeof begin>>

/** Sends what is to be sent of a batch, and takes up what an earlier run left. */
const send = Effect.fnUntraced(function* ({ claim, resolver, store }: Worker, { items }: JobBatch) {
  const { job, jobId } = claim
  const resendsDoubts = job.frozen.strategy._tag === "atLeastOnce"
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1]
  const earlier = last < first ? [] : yield* store.log.attempts(jobId, { first, last })
  const { known, open, since, unfinished } = recover(items, earlier, resendsDoubts)
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
  const byIndex = new Map(items.map((item) => [item.index, item]))
  const later = new Map(followed.flat().map((one) => [one.item, one]))
  const sent = open.length === 0 ? [] : yield* resolver.run(open)
  const recovered = known.map((outcome): BatchRunner.ItemOutcome<Row> => {
    const item = byIndex.get(outcome.index)!
    return later.get(item) ?? { item, outcome }
  })
  return Pipeline.sort(resolver, [...recovered, ...sent])
})

const resolve = ({ recalled, resolver }: Worker, open: ReadonlyArray<BatchRunner.ItemOutcome<Row>>) =>
  Effect.flatMap(recalled, (isKnown) => (isKnown ? resolver.resolve(open) : Effect.succeed(open)))

/** Settles a batch; but if this run was stopped before all of it was final, the next one does. */
const settle = Effect.fnUntraced(function* (
  worker: Worker,
  { number }: JobBatch,
  all: ReadonlyArray<BatchRunner.ItemOutcome<Row>>
) {
  const { claim, job, options, resolver, store } = worker
  const outcomes = all.map(({ outcome }) => outcome)
  const isLeft = (one: BatchRunner.ItemOutcome<Row>) =>
    one.outcome._tag === "NotSent" ||
    (one.outcome._tag === "InDoubt" && isUnfinished(one.outcome.evidence)) ||
    resolver.workOf(one) !== undefined
  const unsettled = (error?: JobStore.JobStoreError) => {
    const known = outcomes.filter(({ _tag }) => _tag !== "NotSent")
    return Effect.as(options.onUnsettled?.(known, error) ?? Effect.void, "left" as const)
  }
  const lost = (error: { readonly message: string }) => Effect.as(JobRun.lose(worker)(error), "left" as const)
  const { canceled, fenced } = yield* Ref.get(worker.known)
  if (fenced !== undefined) return "left" as const
  if (Deferred.isDoneUnsafe(job.halt) && !canceled && all.some(isLeft)) return yield* unsettled()
  const settled = store.settle(claim, [{ number, outcomes: outcomes.map(Job.entry) }])
  return yield* (
    job
      // Only this run settles its batches, so one that is settled already was settled by this.
      .retryWrite((again) =>
        again ? Effect.catchTag(settled, "AlreadySettled", () => Effect.void) : settled
      )
      .pipe(
        Effect.andThen(options.onSettled?.(outcomes) ?? Effect.void),
        Effect.as("settled" as const),
        Effect.catchTags({
          JobNotFound: lost,
          JobFenced: lost,
          IllegalTransition: lost,
          AlreadySettled: lost,
          JobStoreError: (error) => Effect.andThen(JobRun.fail(worker)(error), unsettled(error))
        })
      )
  )
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
): Effect.fn.Return<JobRun.End, never, JobStore.JobStore | HubSpotClient | RateLimits | Scope.Scope> {
  const { batches, end, work } = yield* session(claim, options)
  yield* batches.pipe(Stream.mapEffect(work, { concurrency: maxAtOnce, unordered: true }), Stream.runDrain)
  return yield* end
})

/** Batches worked on at once, most of which wait for what is in doubt. */
export const maxAtOnce = Pipeline.maxResolving

/** Of what HubSpot did not answer, or was not done with, the next run may learn more. */
const isUnfinished = (evidence: Outcome.Evidence): boolean =>
  evidence._tag === "Abandoned" || (evidence._tag === "Unaccounted" && evidence.why === "unfinished")
