/**
 * Any number of line items: a stream of inputs in, a stream with exactly one outcome per input out, in
 * constant memory.
 *
 * Outcomes come as batches are settled, not in the order of the inputs; each carries its index and the
 * caller's value. The stream fails only if the stream of inputs does, after the outcomes of all that was
 * read before. HubSpot never makes it fail: what HubSpot does is in the outcomes.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import { BatchRequest, type InputIssue } from "@effect-hubspot/schema"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as BatchRunner from "./BatchRunner.ts"
import * as DoubtStrategy from "./DoubtStrategy.ts"
import { inRange } from "./internal/inRange.ts"
import type { NotSentReason, Outcome } from "./Outcome.ts"
import * as Plan from "./Plan.ts"
import * as RetryBudget from "./RetryBudget.ts"
import * as WriteTrace from "./WriteTrace.ts"

/** The most requests that are under way at once. */
export const maxConcurrency = 64

const startConcurrency = 10
const windowMillis = 10_000

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The job's name in its trace ids, 1 to 48 of `A–Z a–z 0–9 _ -`. Default: by chance. */
  readonly jobId?: string | undefined
  /** Inputs per request, 1 to 100. Default 100. */
  readonly batchSize?: number | undefined
  /**
   * Requests under way at once, 1 to 64. `"auto"` (default) starts at 10 and takes as many as latency and
   * rate limit ask for.
   */
  readonly concurrency?: number | "auto" | undefined
  /** Complete it to send nothing more: requests under way finish, the rest is `NotSent`. */
  readonly stop?: Deferred.Deferred<void> | undefined
  /** Complete it to stop and wait for no answer any more: requests under way end as `InDoubt`. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** When a refused request is sent again. Default `Retry.defaults`. */
  readonly retry?: Retry.Policy | undefined
  /** What to do about doubts. Default `DoubtStrategy.failVisible`. */
  readonly strategy?: DoubtStrategy.DoubtStrategy | undefined
  /**
   * The property that holds an input's key, for the strategies that go by one. An input that has no value
   * there, and none from `keyOf`, gets `<job>:<index>`.
   */
  readonly keyProperty?: string | undefined
  /** Told of requests and of answers that fit no input. */
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
}

/**
 * Creates the line items of a stream. Options out of range are defects.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate } from "@effect-hubspot/batch"
 * import { Credentials, LineItems } from "@effect-hubspot/http"
 * import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const hubspot = LineItems.LineItems.layer({ limit: 190 }).pipe(
 *   Layer.provide(Credentials.Credentials.layer(Redacted.make("pat-eu1-0000"))),
 *   Layer.provide(Emulator.layer())
 * )
 * const program = Stream.range(1, 250).pipe(
 *   Stream.map((n) => ({ properties: { name: `Seat ${n}`, quantity: "1", price: "19.90" } })),
 *   BulkCreate.run(),
 *   Stream.filter((outcome) => outcome._tag === "Created"),
 *   Stream.runCount,
 *   Effect.provide(hubspot)
 * )
 * await Effect.runPromise(program) // => 250
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run =
  (options: Options = {}) =>
  <E, R>(
    inputs: Stream.Stream<BatchRequest.CreateInput, E, R>
  ): Stream.Stream<Outcome<BatchRequest.CreateInput>, E, R | HubSpotClient | RateLimits> =>
    runWith<BatchRequest.CreateInput>({ ...options, toInput: Result.succeed })(inputs)

/**
 * The same for values of the caller's own, such as rows of a file. `toInput` makes the line item, or says
 * what is wrong with the value.
 *
 * @category running
 * @since 0.1.0
 */
export const runWith =
  <I>(
    options: Options & {
      readonly toInput: (
        source: I
      ) => Result.Result<BatchRequest.CreateInput, ReadonlyArray<InputIssue.InputIssue>>
      /** The caller's own key of a value; it must be unique, also across jobs that must not double. */
      readonly keyOf?: ((source: I) => string | undefined) | undefined
    }
  ) =>
  <E, R>(inputs: Stream.Stream<I, E, R>): Stream.Stream<Outcome<I>, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const batchSize = inRange(
          "batchSize",
          options.batchSize ?? BatchRequest.maxInputs,
          1,
          BatchRequest.maxInputs
        )
        const jobId = options.jobId ?? (yield* WriteTrace.randomJobId)
        if (!WriteTrace.isJobId(jobId))
          return yield* Effect.die(
            new RangeError(`jobId must be 1 to 48 of A-Z a-z 0-9 _ -, got ${JSON.stringify(jobId)}`)
          )
        const strategy = options.strategy ?? DoubtStrategy.failVisible
        const property = options.keyProperty
        if (DoubtStrategy.needsKey(strategy) && property === undefined) {
          return yield* Effect.die(new RangeError(`the strategy ${strategy._tag} needs a keyProperty`))
        }
        const key = property === undefined ? undefined : { property, of: options.keyOf }
        const plan = { jobId, batchSize, toInput: options.toInput, key }

        const halt = yield* Deferred.make<NotSentReason>()
        const abandon = options.abandon ?? (yield* Deferred.make<void>())
        const ends =
          options.stop === undefined
            ? Deferred.await(abandon)
            : Effect.raceFirst(Deferred.await(options.stop), Deferred.await(abandon))
        if (options.stop !== undefined || options.abandon !== undefined) {
          yield* ends.pipe(Effect.andThen(Deferred.succeed(halt, { _tag: "Stopped" })), Effect.forkScoped)
        }
        const policy = options.retry ?? Retry.defaults
        const concurrency = yield* Concurrency(options.concurrency ?? "auto")
        const batches = yield* BatchRunner.make({
          halt,
          abandon,
          policy,
          budget: RetryBudget.makeUnsafe(),
          onEvent: (event) =>
            Effect.andThen(concurrency.learn(event), options.onEvent?.(event) ?? Effect.void)
        })

        // A batch that waits for the end of a doubt has nothing under way, and leaves its place to others.
        const runner = yield* DoubtStrategy.make(
          { run: (items) => concurrency.limit(batches.run(items)) },
          { strategy, property, halt, abandon, policy }
        )

        // A failing source must not take the requests under way with it.
        let failure: Cause.Cause<E> | undefined
        const read = Stream.catchCause(inputs, (cause) => {
          failure = cause
          return Stream.empty
        })

        return read.pipe(
          Stream.mapAccum(
            () => Plan.make<I>(),
            (state, source: I) => Plan.add(state, source, plan),
            {
              onHalt: Plan.finish
            }
          ),
          Stream.mapEffect(
            (step): Effect.Effect<ReadonlyArray<Outcome<I>>> =>
              step._tag === "Invalid" ? Effect.succeed([step]) : runner.run(step.items),
            { concurrency: maxConcurrency, unordered: true }
          ),
          Stream.flattenIterable,
          Stream.concat(
            Stream.suspend(() => (failure === undefined ? Stream.empty : Stream.failCause(failure)))
          )
        )
      })
    )

/**
 * How many batches are at work at once. On its own it follows Little's law: requests under way = rate ×
 * latency, a quarter more to be on the safe side of jitter. A lock (423) says that we are in our own way:
 * it halves the number, and every four requests that pass give one back.
 */
const Concurrency = Effect.fnUntraced(function* (setting: number | "auto") {
  const limits = yield* RateLimits
  const most = setting === "auto" ? maxConcurrency : inRange("concurrency", setting, 1, maxConcurrency)
  const least = setting === "auto" ? startConcurrency : most
  let allowed = least
  let ceiling = most
  let averageMillis = 0
  const permits = yield* Semaphore.make(allowed)

  const learn = Effect.fnUntraced(function* (event: BatchRunner.Event) {
    if (event._tag !== "Requested") return
    averageMillis = averageMillis === 0 ? event.millis : averageMillis * 0.8 + event.millis * 0.2
    ceiling =
      event.error?.reason._tag === "Locked" ? Math.max(1, allowed / 2) : Math.min(most, ceiling + 0.25)
    const wanted = Math.ceil((((yield* limits.limit) / windowMillis) * averageMillis * 5) / 4)
    const next = Math.floor(Math.min(ceiling, Math.max(least, wanted)))
    if (next === allowed) return
    allowed = next
    yield* permits.resize(next)
  })

  return { limit: permits.withPermit, learn } as const
})
