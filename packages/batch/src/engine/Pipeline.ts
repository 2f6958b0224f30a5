/**
 * The pipeline of every bulk operation: it plans a stream of inputs, runs several batches at once, and resolves open
 * outcomes. Memory does not grow with the inputs, except for values that must be unique among them (ids, keys and trace ids
 * of callers). The operations differ in their shape and in their runner.
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
import * as Ahead from "./Ahead.ts"
import * as AttemptLog from "./AttemptLog.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as BatchRunner from "./BatchRunner.ts"
import type * as BatchState from "../model/BatchState.ts"
import type { Invalid, NotSent, NotSentReason, Outcome, Success } from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import * as RetryBudget from "./RetryBudget.ts"
import * as WriteTrace from "../model/WriteTrace.ts"
import * as Circuit from "./Circuit.ts"
import * as Concurrency from "./Concurrency.ts"
import * as Event from "./Event.ts"
import * as FirstBatches from "./FirstBatches.ts"
import { inProcessLog } from "./InProcessLog.ts"
import * as Telemetry from "./Telemetry.ts"
import { inRange } from "../model/InRange.ts"
import * as WriteRetry from "./WriteRetry.ts"

/**
 * The most batches that are read ahead: those that are sent, and those that HubSpot has not finished. `Concurrency` decides
 * how many requests are under way at once.
 */
export const maxAhead = 128

/** The most batches whose doubts are resolved at once. Most of the time they have nothing under way. */
export const maxResolving = 1024

/** The options of every bulk operation. */
export interface Options {
  /** The job's name in its trace ids, 1 to 48 of `A–Z a–z 0–9 _ -`. Default: random. */
  readonly jobId?: string | undefined
  /** Inputs per request, 1 to 100. Default 100. */
  readonly batchSize?: number | undefined
  /**
   * Batches whose requests are under way at once, 1 to 64. `"auto"` (default) begins with 1, goes up to 10, and follows
   * latency and rate limit. Requests that look for inputs in doubt are not counted.
   */
  readonly concurrency?: number | "auto" | undefined
  /** Complete it to send nothing more: requests under way finish, and the other inputs are `NotSent`. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to stop without waiting for answers: requests under way end as `InDoubt`. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** When a refused request is sent again. Default `Retry.defaults`. */
  readonly retry?: Retry.Policy | undefined
  /** Receives requests, waits, and answers that fit no input. */
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
}

/** The options of a job of creates. */
export interface CreateOptions extends Options {
  /**
   * Whether the job stops if its first batches are all rejected for one cause (the same code and property): the first two
   * batches, and at least 20 inputs. Until that is known the other batches wait, so no input was created then; they are
   * `NotSent` with the reason `AllRejected`. Not under a strategy that verifies rejections, which are not final before.
   * Default false.
   */
  readonly stopWhenAllRejected?: boolean | undefined
}

/** The parts of a job whose options are checked. */
export interface Job {
  readonly jobId: string
  readonly batchSize: number
  readonly halt: Deferred.Deferred<NotSentReason>
  readonly abandon: Deferred.Deferred<void>
  /** Repeats a write that fails for a moment. The first failure stops the job: nothing more is sent. */
  readonly retryWrite: WriteRetry.WriteRetry
  readonly circuit: Circuit.Circuit
  readonly firstBatches: FirstBatches.FirstBatches
  /** For requests beside those of batches. Each is reported as an event. */
  readonly services: Dispatch.Services
  /** For requests before any input is sent. They say nothing about the job's inputs. */
  readonly before: { readonly services: Dispatch.Services; readonly onEvent: Event.Listener }
  readonly onEvent: Event.Listener
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

/** Makes a job. Options out of range are defects. A job that is not durable ends with its process. */
export const job = Effect.fnUntraced(function* (
  options: CreateOptions & BatchState.Waits,
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
  const { abandon = yield* Deferred.make<void>(), stop = yield* Deferred.make<void>() } = options
  yield* Effect.raceFirst(Deferred.await(stop), Deferred.await(abandon)).pipe(
    Effect.andThen(Deferred.succeed(halt, { _tag: "Stopped" })),
    Effect.forkScoped
  )
  const concurrency = yield* Concurrency.make(options.concurrency ?? "auto")
  const budget = RetryBudget.makeUnsafe()
  const listener = Event.safe(options.onEvent ?? (() => Effect.void))
  const firstBatches = options.stopWhenAllRejected === true ? FirstBatches.make(halt) : FirstBatches.none
  const onEvent: Event.Listener = (event) =>
    Effect.suspend(() => {
      // A batch that waits must not hold up the others, and a rejection that is to be verified is not final.
      if (event._tag === "Waiting" || event._tag === "Asked") firstBatches.pass()
      return Effect.andThen(concurrency.learn(event), listener(event))
    })
  const limiter = yield* RateLimits
  // Every request of the job counts against its own share.
  const limits: RateLimits["Service"] = {
    ...limiter,
    withSlot: (pool, how) => (request) =>
      Effect.provideService(limiter.withSlot(pool, how)(request), Share, jobId)
  }
  const log = durable?.log ?? (yield* inProcessLog)
  const retryWrite = WriteRetry.make({
    abandon,
    onFailure: (error) => Deferred.succeed(halt, { _tag: "Unlogged", error })
  })
  const patientLog: AttemptLog.Service = {
    ...log,
    end: (id, end) => retryWrite(() => log.end(id, end)),
    unfinished: (id, seen) => retryWrite(() => log.unfinished(id, seen))
  }
  const transport = yield* HubSpotClient
  const client = Event.reporting(transport, onEvent)
  const circuit = yield* Circuit.make({ client, limits: limiter, halt, onEvent })
  return {
    jobId,
    batchSize,
    halt,
    abandon,
    retryWrite,
    circuit,
    firstBatches,
    services: { client, limits, policy },
    before: {
      services: { client: Event.reporting(transport, listener), limits, policy },
      onEvent: listener
    },
    onEvent,
    runner: (operation, special) =>
      BatchRunner.make(operation, {
        jobId,
        epoch: durable?.epoch,
        halt,
        abandon,
        policy,
        budget,
        circuit,
        firstBatches,
        limit: concurrency.limit,
        leavesUnfinished: durable === undefined ? undefined : Deferred.await(halt),
        ...special,
        pending: options.pending,
        processing: options.processing,
        onEvent
      }).pipe(
        Effect.provideService(RateLimits, limits),
        Effect.provideService(AttemptLog.AttemptLog, patientLog)
      )
  }
})

type ItemOutcomes<I, In, S extends Success> = ReadonlyArray<BatchRunner.ItemOutcome<I, In, S>>

/** Runs batches, and does the work that is left for some of their outcomes. */
export interface Resolver<In, S extends Success> extends BatchRunner.BatchRunner<In, S> {
  /** The work that is left for an outcome, or undefined if the outcome is final. */
  readonly workOf: (one: BatchRunner.ItemOutcome<unknown, In, S>) => string | undefined
  /** Does the work that is left for outcomes. All of them have the same work left. */
  readonly resolve: <I>(open: ItemOutcomes<I, In, S>) => Effect.Effect<ItemOutcomes<I, In, S>>
}

/** Separates final outcomes from open ones. Open outcomes with the same work left come together. */
export const sort = <I, In, S extends Success>(
  { workOf }: Resolver<In, S>,
  all: ItemOutcomes<I, In, S>
): { readonly final: ItemOutcomes<I, In, S>; readonly open: ReadonlyArray<ItemOutcomes<I, In, S>> } => {
  const open = all.filter((one) => workOf(one) !== undefined)
  if (open.length === 0) return { final: all, open: [] }
  return {
    final: all.filter((one) => workOf(one) === undefined),
    open: [...Map.groupBy(open, (one) => workOf(one)).values()]
  }
}

/** A resolver for operations that may simply be repeated: every outcome is final. */
export const final = <In, S extends Success>(runner: BatchRunner.BatchRunner<In, S>): Resolver<In, S> => ({
  ...runner,
  workOf: () => undefined,
  resolve: Effect.succeed
})

/**
 * What `use` makes of the values of a stream. A failure of the stream comes after all of that: it must not interrupt what is
 * under way for the values before.
 */
export const failingLast = <A, E, R, B, E2, R2>(
  values: Stream.Stream<A, E, R>,
  use: (read: Stream.Stream<A, never, R>) => Stream.Stream<B, E2, R2>
): Stream.Stream<B, E | E2, R | R2> =>
  Stream.suspend(() => {
    let failure: Cause.Cause<E> | undefined
    const read = Stream.catchCause(values, (cause) => {
      failure = cause
      return Stream.empty
    })
    return Stream.concat(
      use(read),
      Stream.suspend(() => (failure === undefined ? Stream.empty : Stream.failCause(failure)))
    )
  })

/** A batch, or inputs that have their outcomes before anything is sent: a file may hold thousands of them in a row. */
type Step<I, In> =
  | Plan.Batch<I, In>
  | { readonly _tag: "Unsent"; readonly outcomes: ReadonlyArray<Invalid<I> | NotSent<I>> }

/** What is not sent is the caller's, and may be anything: it weighs what as many small inputs do, and as much as a batch may. */
const weigh = (step: Step<unknown, unknown>): number =>
  step._tag === "Batch"
    ? Ahead.weightOf(step.items)
    : Math.max(step.outcomes.length * Ahead.bytesOfObjects, Ahead.mostBytes / maxAhead)

/** The outcomes of a stream of inputs. It fails only if the stream does, after the outcomes of all inputs before. */
export const outcomes = <I, In, S extends Success, E, R>(
  inputs: Stream.Stream<I, E, R>,
  { batchSize, jobId }: Job,
  shape: Plan.Shape<I, In>,
  resolver: Resolver<In, S>
): Stream.Stream<Outcome<I, S>, E, R> => {
  type Part = Effect.Effect<ReadonlyArray<Outcome<I, S>>>
  /** Those of a batch that are final first. With them its room is released. */
  type Parts = readonly [final: Part, ...open: ReadonlyArray<Part>]

  let batches = 0
  const run = (items: ReadonlyArray<Plan.Item<I, In>>) => {
    const ofBatch = Telemetry.ofBatch(jobId, batches++)
    const told = (some: ItemOutcomes<I, In, S>) => some.map(({ outcome }) => outcome)
    return Effect.map(ofBatch(resolver.run(items)), (all): Parts => {
      const { final, open } = sort(resolver, all)
      return [
        Effect.succeed(told(final)),
        ...open.map((some) => Effect.map(ofBatch(resolver.resolve(some)), told))
      ]
    })
  }

  return failingLast(inputs, (read) =>
    read.pipe(
      Stream.mapAccumArray(
        () => Plan.make<I, In>(),
        (plan, sources) => {
          const steps: Array<Step<I, In>> = []
          let unsent: Array<Invalid<I> | NotSent<I>> = []
          const pushUnsent = () => {
            if (unsent.length > 0) steps.push({ _tag: "Unsent", outcomes: unsent })
            unsent = []
          }
          for (const source of sources) {
            const step = Plan.add(plan, source, shape, batchSize)
            if (step?._tag === "Batch") {
              // Who stops at the first wrong input learns of it before the next batch is sent.
              pushUnsent()
              steps.push(step)
            } else if (step !== undefined) unsent.push(step)
          }
          pushUnsent()
          return [plan, steps]
        },
        { onHalt: Plan.finish }
      ),
      Ahead.bounded<Step<I, In>, Parts>({ most: Ahead.mostBytes, weigh, concurrency: maxAhead }, (step) =>
        step._tag === "Batch" ? run(step.items) : Effect.succeed([Effect.succeed(step.outcomes)])
      ),
      Stream.map(({ release, result: [final, ...open] }) => [
        { part: final, release },
        ...open.map((part) => ({ part, release: Effect.void }))
      ]),
      Stream.flattenIterable,
      // Final outcomes do not wait for open ones, and open ones have places of their own.
      Stream.mapEffect(
        ({ part, release }) =>
          Effect.map(Effect.tap(part, Telemetry.counted), (outcomes) => ({ outcomes, release })),
        { concurrency: maxResolving, unordered: true }
      ),
      Stream.mapEffect(({ outcomes, release }) => Effect.as(release, outcomes)),
      Stream.flattenIterable
    )
  )
}
