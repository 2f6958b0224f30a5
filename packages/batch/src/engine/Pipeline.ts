/**
 * What every bulk operation does with its stream: plan, run batches at once, resolve what is open. Memory does not
 * grow with the inputs, but for what must be unique among them (ids, keys and trace ids that callers gave). The operations
 * differ in their shape and in their runner.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import { RateLimits, Share } from "@effect-hubspot/http/RateLimits"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as Retry from "@effect-hubspot/http/Retry"
import { BatchRequest } from "@effect-hubspot/schema"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as AttemptLog from "./AttemptLog.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as BatchRunner from "./BatchRunner.ts"
import type * as BatchState from "../model/BatchState.ts"
import type { NotSentReason, Outcome, Success } from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import * as RetryBudget from "./RetryBudget.ts"
import * as WriteTrace from "../model/WriteTrace.ts"
import * as Concurrency from "./Concurrency.ts"
import { inProcessLog } from "./InProcessLog.ts"
import { inRange } from "../model/InRange.ts"
import * as Patience from "./Patience.ts"

/**
 * Batches that are read ahead: those that are sent, and those that HubSpot has not finished. How many requests are
 * under way at once is for `Concurrency`.
 */
export const maxAhead = 128

/** Batches whose doubts are being resolved at once. They have nothing under way most of the time. */
export const maxResolving = 1024

/** The options of every bulk operation. */
export interface Options {
  /** The job's name in its trace ids, 1 to 48 of `A–Z a–z 0–9 _ -`. Default: by chance. */
  readonly jobId?: string | undefined
  /** Inputs per request, 1 to 100. Default 100. */
  readonly batchSize?: number | undefined
  /**
   * Batches whose requests are under way at once, 1 to 64. `"auto"` (default) starts at 10 and takes as many as latency
   * and rate limit ask for. Looking for doubts comes on top.
   */
  readonly concurrency?: number | "auto" | undefined
  /** Complete it to send nothing more: requests under way finish, the rest is `NotSent`. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to stop and wait for no answer any more: requests under way end as `InDoubt`. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** When a refused request is sent again. Default `Retry.defaults`. */
  readonly retry?: Retry.Policy | undefined
  /** Told of requests and of answers that fit no input. */
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
}

/** What a job is made of once its options are checked. */
export interface Job {
  readonly jobId: string
  readonly batchSize: number
  readonly halt: Deferred.Deferred<NotSentReason>
  readonly abandon: Deferred.Deferred<void>
  /** Makes writes again that fail for a moment. The first that does halts the job: nothing more is sent. */
  readonly patience: Patience.Patience
  /** For requests beside those of batches; each is told as an event. */
  readonly services: Dispatch.Services
  readonly onEvent: (event: BatchRunner.Event) => Effect.Effect<void>
  /** The runner of batches of an operation. */
  readonly runner: <In, S extends Success>(
    operation: BatchOperation<In, S>,
    options?: Pick<BatchRunner.Options<In>, "observe" | "trustRefusals">
  ) => Effect.Effect<BatchRunner.BatchRunner<In, S>, never, HubSpotClient | RateLimits>
}

/** A run of a durable job: its number, and the log that the next run reads. */
export interface Durable {
  readonly epoch: number
  readonly log: AttemptLog.Service
}

/** Options out of range are defects. What is not durable is over with its process. */
export const job = Effect.fnUntraced(function* (
  options: Options & BatchState.Waits,
  durable?: Durable | undefined
): Effect.fn.Return<Job, never, HubSpotClient | RateLimits | Scope.Scope> {
  const { batchSize = BatchRequest.maxInputs, retry: policy = Retry.defaults } = options
  inRange("batchSize", batchSize, 1, BatchRequest.maxInputs)
  const jobId = options.jobId ?? (yield* WriteTrace.randomJobId)
  if (!WriteTrace.isJobId(jobId)) {
    return yield* Effect.die(
      new RangeError(`jobId must be 1 to 48 of A-Z a-z 0-9 _ -, got ${JSON.stringify(jobId)}`)
    )
  }
  const halt = yield* Deferred.make<NotSentReason>()
  const abandon = options.abandon ?? (yield* Deferred.make<void>())
  const ends =
    options.stop === undefined
      ? Deferred.await(abandon)
      : Effect.raceFirst(Deferred.await(options.stop), Deferred.await(abandon))
  if (options.stop !== undefined || options.abandon !== undefined) {
    yield* ends.pipe(Effect.andThen(Deferred.succeed(halt, { _tag: "Stopped" })), Effect.forkScoped)
  }
  const concurrency = yield* Concurrency.make(options.concurrency ?? "auto")
  const budget = RetryBudget.makeUnsafe()
  // A listener that throws must not take outcomes with it.
  const onEvent = (event: BatchRunner.Event) =>
    Effect.andThen(
      concurrency.learn(event),
      Effect.catchDefect(
        Effect.suspend(() => options.onEvent?.(event) ?? Effect.void),
        (defect) => Effect.logError("a defect in onEvent", defect)
      )
    )
  const limiter = yield* RateLimits
  // Whatever the job asks for, it asks for at the expense of its own share.
  const limits: RateLimits["Service"] = {
    ...limiter,
    withSlot: (pool, how) => (request) =>
      Effect.provideService(limiter.withSlot(pool, how)(request), Share, jobId)
  }
  const log = durable?.log ?? (yield* inProcessLog)
  const patience = Patience.make({
    abandon,
    onFailure: (error) => Deferred.succeed(halt, { _tag: "Unlogged", error })
  })
  const patient: AttemptLog.Service = {
    ...log,
    end: (id, end) => patience.write(() => log.end(id, end)),
    unfinished: (id, seen) => patience.write(() => log.unfinished(id, seen))
  }
  const client = yield* HubSpotClient
  const told: HubSpotClient["Service"] = {
    ...client,
    execute: (operation) =>
      Effect.ensuring(client.execute(operation), onEvent({ _tag: "Asked", operation: operation.name }))
  }
  return {
    jobId,
    batchSize,
    halt,
    abandon,
    patience,
    services: { client: told, limits, policy },
    onEvent,
    runner: (operation, special) =>
      BatchRunner.make(operation, {
        jobId,
        epoch: durable?.epoch,
        halt,
        abandon,
        policy,
        budget,
        limit: concurrency.limit,
        leavesUnfinished: durable === undefined ? undefined : Deferred.await(halt),
        ...special,
        pending: options.pending,
        processing: options.processing,
        onEvent
      }).pipe(
        Effect.provideService(RateLimits, limits),
        Effect.provideService(AttemptLog.AttemptLog, patient)
      )
  }
})

/** How batches are run, and which of their outcomes are worked on further. */
export interface Resolver<In, S extends Success> extends BatchRunner.BatchRunner<In, S> {
  /** What is left to do for an outcome; it is done for all with the same together. */
  readonly workOf: (
    outcome: BatchRunner.Settled<unknown, S>,
    item: Plan.Item<unknown, In>
  ) => string | undefined
  readonly resolve: <I>(
    open: ReadonlyArray<BatchRunner.Settled<I, S>>,
    items: ReadonlyArray<Plan.Item<I, In>>
  ) => Effect.Effect<ReadonlyArray<BatchRunner.Settled<I, S>>>
}

/** Outcomes with the same left to do, and their items. */
export interface Open<I, In, S extends Success> {
  readonly outcomes: ReadonlyArray<BatchRunner.Settled<I, S>>
  readonly items: ReadonlyArray<Plan.Item<I, In>>
}

/** Outcomes that are final, and those that are worked on further. */
export const sort = <I, In, S extends Success>(
  resolver: Resolver<In, S>,
  outcomes: ReadonlyArray<BatchRunner.Settled<I, S>>,
  items: ReadonlyArray<Plan.Item<I, In>>
): {
  readonly settled: ReadonlyArray<BatchRunner.Settled<I, S>>
  readonly open: ReadonlyArray<Open<I, In, S>>
} => {
  const byIndex = new Map(items.map((item) => [item.index, item]))
  const itemOf = ({ index }: BatchRunner.Settled<I, S>) => byIndex.get(index)!
  const settled: Array<BatchRunner.Settled<I, S>> = []
  const byWork = new Map<string, Array<BatchRunner.Settled<I, S>>>()
  for (const outcome of outcomes) {
    const work = resolver.workOf(outcome, itemOf(outcome))
    const same = work === undefined ? settled : byWork.get(work)
    if (same === undefined) byWork.set(work!, [outcome])
    else same.push(outcome)
  }
  return {
    settled,
    open: Array.from(byWork.values(), (outcomes) => ({ outcomes, items: outcomes.map(itemOf) }))
  }
}

/** A resolver for operations that may simply be done again: nothing is left open. */
export const final = <In, S extends Success>(runner: BatchRunner.BatchRunner<In, S>): Resolver<In, S> => ({
  ...runner,
  workOf: () => undefined,
  resolve: Effect.succeed
})

/** Outcomes of a stream of inputs. It fails only if the stream does, after the outcomes of all before. */
export const outcomes = <I, In, S extends Success, E, R>(
  inputs: Stream.Stream<I, E, R>,
  { batchSize }: Job,
  shape: Plan.Shape<I, In>,
  resolver: Resolver<In, S>
): Stream.Stream<Outcome<I, S>, E, R> => {
  type Outcomes = ReadonlyArray<Outcome<I, S>>

  /** A failing source must not take the requests under way with it. */
  let failure: Cause.Cause<E> | undefined
  const read = Stream.catchCause(inputs, (cause) => {
    failure = cause
    return Stream.empty
  })

  const run = (items: ReadonlyArray<Plan.Item<I, In>>) =>
    Effect.map(resolver.run(items), (outcomes): ReadonlyArray<Outcomes | Open<I, In, S>> => {
      const { open, settled } = sort(resolver, outcomes, items)
      return [settled, ...open]
    })

  return read.pipe(
    Stream.mapAccum(
      () => Plan.make<I, In>(),
      (state, source: I) => Plan.add(state, source, shape, batchSize),
      { onHalt: Plan.finish }
    ),
    Stream.mapEffect(
      (step): Effect.Effect<ReadonlyArray<Outcomes | Open<I, In, S>>> =>
        step._tag === "Invalid" ? Effect.succeed([[step]]) : run(step.items),
      { concurrency: maxAhead, unordered: true }
    ),
    Stream.flattenIterable,
    // What is final does not wait for what is open, and what is open has places of its own.
    Stream.mapEffect(
      (part): Effect.Effect<Outcomes> =>
        "items" in part ? resolver.resolve(part.outcomes, part.items) : Effect.succeed(part),
      { concurrency: maxResolving, unordered: true }
    ),
    Stream.flattenIterable,
    Stream.concat(Stream.suspend(() => (failure === undefined ? Stream.empty : Stream.failCause(failure))))
  )
}
