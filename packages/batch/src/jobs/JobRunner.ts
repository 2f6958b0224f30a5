/**
 * Runs one durable job as far as it can go now: it sends every batch without outcomes, or continues it from where the log
 * says that an earlier run stopped.
 *
 * A run begins with a claim, and its epoch goes with every intent and every write. An attempt of an earlier run without an
 * end is in doubt and is never sent again blindly: the job's strategy decides. A run can be stopped at any moment. All
 * outcomes of a batch are written or none, and the next run continues the batches without outcomes.
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
import * as Ahead from "../engine/Ahead.ts"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import type * as Event from "../engine/Event.ts"
import * as Pipeline from "../engine/Pipeline.ts"
import * as Telemetry from "../engine/Telemetry.ts"
import type { Row } from "../files/Source.ts"
import type * as Outcome from "../model/Outcome.ts"
import * as Job from "./Job.ts"
import * as ClaimedRun from "./ClaimedRun.ts"
import type { JobBatch } from "./JobBatch.ts"
import * as JobStore from "./JobStore.ts"
import { recover } from "./Recovery.ts"

export type { End } from "./ClaimedRun.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends BatchState.Waits {
  /** Requests under way at once, 1 to 64 or `"auto"` (default); see `BulkCreate.Options`. */
  readonly concurrency?: number | "auto" | undefined
  readonly retry?: Retry.Policy | undefined
  /**
   * Whether a run stops if its first batches are all rejected for one cause, and the job has created nothing so far; see
   * `BulkCreate.Settings`. The job can be resumed. Default false.
   */
  readonly stopWhenAllRejected?: boolean | undefined
  /** Complete it to stop: nothing more is sent, requests under way are waited for, the job can be resumed. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to abandon requests under way as well: they are in doubt. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** Complete it to stop this run alone: the job stays running, and the next run takes it. */
  readonly leave?: Deferred.Deferred<void> | undefined
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
  /** Gets the outcomes of each batch once they are written. Invalid inputs have theirs since the planning. */
  readonly onSettled?: ((outcomes: ReadonlyArray<Outcome.Outcome<Row>>) => Effect.Effect<void>) | undefined
  /**
   * Gets the outcomes of a batch that this run knows and could not write. The next run learns them from the log; after an
   * `error` of the store, the log may lack them.
   */
  readonly onUnsettled?:
    | ((
        outcomes: ReadonlyArray<Outcome.Outcome<Row>>,
        error: JobStore.JobStoreError | undefined
      ) => Effect.Effect<void>)
    | undefined
}

/**
 * A run under way. `batches` are those without outcomes, read only as far ahead as `work` keeps up: about 4 MiB of inputs. Pass
 * each to `work` as it comes, concurrently; who waits for a second batch before the first is worked on may wait for ever. When
 * no more come, `end` writes to the store how the run ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session {
  readonly batches: Stream.Stream<JobBatch>
  /**
   * Sends a batch and writes its outcomes, or leaves it to the next run. A run does so once for each batch: a second call
   * waits for the first and has its result.
   */
  readonly work: (batch: JobBatch) => Effect.Effect<"settled" | "left">
  /** Stops this run and gives the job up to another run, unless the run stops for another reason already. */
  readonly leave: Effect.Effect<void>
  /** Waits for the work under way, and gives the job up. */
  readonly end: Effect.Effect<ClaimedRun.End>
}

/**
 * Begins a run under a claim, for programs that go through the batches in their own way. `run` is the plain way.
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
  const room = yield* Semaphore.make(Ahead.mostBytes)
  const underWay = yield* Semaphore.make(maxAtOnce)

  const batches = store.unsettled(claim.jobId).pipe(
    Stream.tap(({ items }) => room.take(Ahead.weightOf(items))),
    // In a canceled job every other input becomes `NotSent`; in any other job, the next run reads on.
    Stream.takeWhile(() => Ref.getUnsafe(known).canceled || !Deferred.isDoneUnsafe(job.halt)),
    Stream.catch((error) => Stream.drain(Stream.fromEffect(ClaimedRun.learnFrom(worker)(error))))
  )

  const workOnce = (batch: JobBatch) => {
    let weight = Ahead.weightOf(batch.items)
    /** Others are read in the place of a batch once it is over, or waits for its doubts. */
    const release = Effect.suspend(() => {
      const held = weight
      weight = 0
      return room.release(held)
    })
    return send(worker, batch).pipe(
      Effect.flatMap(({ final, open }) =>
        open.length === 0
          ? Effect.succeed(final)
          : Effect.andThen(
              release,
              Effect.map(
                Effect.forEach(open, (part) => resolve(worker, part), { concurrency: "unbounded" }),
                (resolved) => [...final, ...resolved.flat()]
              )
            )
      ),
      Effect.flatMap((outcomes) => settle(worker, batch, outcomes)),
      Effect.catch((error) => Effect.as(ClaimedRun.learnFrom(worker)(error), "left" as const)),
      Effect.ensuring(release),
      Telemetry.ofBatch(claim.jobId, batch.number),
      underWay.withPermits(1)
    )
  }

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
    leave: Effect.asVoid(ClaimedRun.leave(worker)),
    end: underWay.withPermits(maxAtOnce)(ClaimedRun.end(worker))
  }
})

/** Begins a run: checks that the log has lost nothing, and keeps the claim while the run goes on. */
const begin = Effect.fnUntraced(function* (claim: JobStore.Claim, options: Options) {
  const store = yield* JobStore.JobStore
  const { log } = store
  const { epoch, jobId } = claim
  const { batchSize, keyProperty, retryOf, strategy } = claim.job.frozen
  const stop = options.stop ?? (yield* Deferred.make<void>())
  const accepted = yield* Ref.make(false)
  const onEvent: Event.Listener = (event) =>
    Effect.andThen(
      event._tag === "Requested" && event.error === undefined ? Ref.set(accepted, true) : Effect.void,
      Effect.suspend(() => options.onEvent?.(event) ?? Effect.void)
    )
  const job = yield* Pipeline.job({ ...options, jobId, batchSize, stop, onEvent }, { epoch, log })
  const resolver = yield* Resolver.make(job, strategy, keyProperty, retryOf?.first)
  const run: ClaimedRun.ClaimedRun = {
    claim,
    store,
    job,
    stop,
    accepted,
    known: yield* Ref.make<ClaimedRun.Known>({})
  }
  const learn = ClaimedRun.learnFrom(run)
  if (options.leave !== undefined) {
    yield* Deferred.await(options.leave).pipe(Effect.andThen(ClaimedRun.leave(run)), Effect.forkScoped)
  }
  // A batch that the log has lost would be sent again.
  yield* log.verify(jobId).pipe(
    Effect.andThen(store.counts(jobId)),
    Effect.tap(({ created, inDoubt }) =>
      created + inDoubt > 0 ? Effect.sync(job.firstBatches.pass) : Effect.void
    ),
    Effect.catch(learn)
  )
  if (claim.job.suspension?.reason === "outage") yield* job.circuit.suspect
  if (claim.job.cancelRequested) yield* ClaimedRun.cancel(run)
  if (claim.job.state === "suspended") yield* Effect.catch(store.resume(claim), learn)
  yield* Effect.forkScoped(ClaimedRun.keep(run))
  /** Whether the resolver knows the outcomes of earlier runs. A large job has many, so they are read once a doubt needs them. */
  const recalled = yield* Effect.cached(
    resolver.recall === undefined
      ? Effect.succeed(true)
      : store.outcomes(jobId).pipe(
          Stream.filterMap((entry) =>
            entry._tag === "Created" ? Result.succeed(entry.id) : Result.fail(undefined)
          ),
          Stream.runForEachArray((created) => Effect.sync(() => resolver.recall?.({ created, open: [] }))),
          Effect.as(true),
          Effect.catch((error) => Effect.as(learn(error), false))
        )
  )
  return { ...run, options, resolver, recalled }
})

/** A run with its options and its resolver. */
type Worker = Effect.Success<ReturnType<typeof begin>>

/** Sends the inputs of a batch that may be sent, and follows the attempts that HubSpot had not finished. */
const send = Effect.fnUntraced(function* ({ claim, job, resolver, store }: Worker, { items }: JobBatch) {
  const { jobId } = claim
  const resendsDoubts = claim.job.frozen.strategy._tag === "atLeastOnce"
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1]
  const earlier = last < first ? [] : yield* store.log.attempts(jobId, { first, last })
  const { doubts, known, open, unfinished } = recover(items, earlier, resendsDoubts)
  resolver.recall?.({
    created: known.flatMap(({ outcome }) => (outcome._tag === "Created" ? [outcome.id] : [])),
    open: doubts
  })
  job.firstBatches.see(known)
  const followed = yield* Effect.forEach(
    unfinished,
    ({ attempt, items }) => resolver.follow(items, attempt),
    { concurrency: "unbounded" }
  )
  const sent = open.length === 0 ? [] : yield* resolver.run(open)
  return Pipeline.sort(resolver, [...known, ...followed.flat(), ...sent])
})

const resolve = ({ recalled, resolver }: Worker, open: ReadonlyArray<BatchRunner.ItemOutcome<Row>>) =>
  Effect.flatMap(recalled, (isKnown) => (isKnown ? resolver.resolve(open) : Effect.succeed(open)))

/** Writes the outcomes of a batch. Where the run stopped before all of them were final, the next run does so. */
const settle = Effect.fnUntraced(function* (
  worker: Worker,
  { number }: JobBatch,
  all: ReadonlyArray<BatchRunner.ItemOutcome<Row>>
) {
  const { claim, job, options, resolver, store } = worker
  const outcomes = all.map(({ outcome }) => outcome)
  const isLeft = (one: BatchRunner.ItemOutcome<Row>) =>
    isUnfinished(one.outcome) || resolver.workOf(one) !== undefined
  const unsettled = (error?: JobStore.JobStoreError) => {
    const known = outcomes.filter(({ _tag }) => _tag !== "NotSent")
    return Effect.as(options.onUnsettled?.(known, error) ?? Effect.void, "left" as const)
  }
  const { canceled, fenced } = yield* Ref.get(worker.known)
  if (fenced !== undefined) return "left" as const
  if (Deferred.isDoneUnsafe(job.halt) && !canceled && all.some(isLeft)) return yield* unsettled()
  const settled = store.settle(claim, [{ number, outcomes: outcomes.map(Job.entry) }])
  return yield* (
    job
      // Only this run writes outcomes of the job. Where the batch has them already, an earlier write did so after all.
      .retryWrite((again) =>
        again ? Effect.catchTag(settled, "AlreadySettled", () => Effect.void) : settled
      )
      .pipe(
        Effect.andThen(Telemetry.counted(outcomes)),
        Effect.andThen(options.onSettled?.(outcomes) ?? Effect.void),
        Effect.as("settled" as const),
        Effect.catch((error) =>
          Effect.andThen(
            ClaimedRun.learnFrom(worker)(error),
            error._tag === "JobStoreError" ? unsettled(error) : Effect.succeed("left" as const)
          )
        )
      )
  )
})

/**
 * Runs a job under a claim until it is over or cannot go on, and gives it up.
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
 *   yield* jobs.planned(planning, { inputs: 250 })
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
): Effect.fn.Return<ClaimedRun.End, never, JobStore.JobStore | HubSpotClient | RateLimits | Scope.Scope> {
  const { batches, end, work } = yield* session(claim, options)
  yield* batches.pipe(Stream.mapEffect(work, { concurrency: maxAtOnce, unordered: true }), Stream.runDrain)
  return yield* end
})

/** Batches worked on at once. Most of them wait for doubts. */
export const maxAtOnce = Pipeline.maxResolving

/** Not sent, not answered, or not finished by HubSpot: the next run may learn more. */
const isUnfinished = (outcome: BatchRunner.BatchOutcome<Row>): boolean =>
  outcome._tag === "NotSent" ||
  (outcome._tag === "InDoubt" &&
    (outcome.evidence._tag === "Abandoned" ||
      (outcome.evidence._tag === "Unaccounted" && outcome.evidence.why === "unfinished")))
