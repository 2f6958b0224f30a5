/**
 * Creates one line item at a time, for services: it gathers the inputs of many fibers into batches, and each fiber
 * gets the outcome of its own input.
 *
 * A batch is sent when it is full or when its first input has waited for `window`. An interrupted caller withdraws its
 * input, unless the batch is sent already; that request runs to its end. The same input from two callers is two line
 * items. A caller's own trace id is kept unless another input under way has it.
 *
 * One coalescer serves one account: that of its client.
 *
 * @since 0.1.0
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import * as Spans from "@effect-hubspot/http/Spans"
import { BatchRequest } from "@effect-hubspot/schema"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as BatchObserver from "../doubt/BatchObserver.ts"
import * as AttemptLog from "../engine/AttemptLog.ts"
import * as BatchOperation from "../engine/BatchOperation.ts"
import * as BatchRunner from "../engine/BatchRunner.ts"
import * as Circuit from "../engine/Circuit.ts"
import * as Concurrency from "../engine/Concurrency.ts"
import * as Event from "../engine/Event.ts"
import { inProcessLog } from "../engine/InProcessLog.ts"
import type * as BatchState from "../model/BatchState.ts"
import { inRange } from "../model/InRange.ts"
import { type Created, describe, type Failure, type NotSentReason } from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import * as RetryBudget from "../engine/RetryBudget.ts"
import * as WriteTrace from "../model/WriteTrace.ts"

type Input = BatchRequest.Given<BatchRequest.CreateInput>

/**
 * The input was not created, or is in doubt. `reason` is the outcome, so a program can catch one kind alone:
 * `Effect.catchReason("NotCreated", "InDoubt", …)`.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotCreated extends Data.TaggedError("NotCreated")<{
  readonly reason: Failure<Input>
}> {
  override get message(): string {
    return describe(this.reason)
  }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends BatchState.Waits {
  /** How long the first input of a batch waits for others. Default 25 milliseconds. */
  readonly window?: Duration.Input | undefined
  /** Inputs in one batch, 1 to 100. Default 100. */
  readonly batchSize?: number | undefined
  /** Batches under way at once, 1 to 64. Default 10. */
  readonly concurrency?: number | undefined
  /** Inputs that may be sent or waiting at once, at least 1; further callers wait. Default 10,000. */
  readonly capacity?: number | undefined
  /** How often and when a refused request is sent again. Default `Retry.defaults`. */
  readonly retry?: Retry.Policy | undefined
  /** Gets an event for each request, and for each reply that fits no input. */
  readonly onEvent?: ((event: BatchRunner.Event) => Effect.Effect<void>) | undefined
}

class Create extends Request.Class<{ readonly item: Plan.Item<Input> }, Created<Input>, NotCreated> {}

/**
 * **Example**
 *
 * ```ts
 * import { Coalescer } from "@effect-hubspot/batch"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer } from "effect"
 *
 * const hubspot = Coalescer.layer().pipe(Layer.provideMerge(Emulator.layerLineItems()))
 * const program = Effect.gen(function* () {
 *   const coalescer = yield* Coalescer.Coalescer
 *   const create = (n: number) => coalescer.create({ properties: { name: `Seat ${n}` } })
 *   const created = yield* Effect.forEach([1, 2, 3], create, { concurrency: "unbounded" })
 *   const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
 *   return [created.length, requests.length]
 * })
 * await Effect.runPromise(Effect.provide(program, hubspot)) // => [3, 1]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Coalescer extends Context.Service<
  Coalescer,
  {
    /** Creates one line item, in a batch with those of other callers. */
    readonly create: (input: Input) => Effect.Effect<Created<Input>, NotCreated>
  }
>()("@effect-hubspot/batch/bulk/Coalescer") {}

/**
 * A coalescer on the client and the limits of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Coalescer, never, HubSpotClient | RateLimits> =>
  Layer.effect(Coalescer, make(options))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Coalescer["Service"], never, HubSpotClient | RateLimits> {
  const services = Context.add(
    yield* Effect.context<HubSpotClient | RateLimits>(),
    AttemptLog.AttemptLog,
    yield* inProcessLog
  )
  const observer = yield* Effect.serviceOption(BatchObserver.BatchObserver)
  const jobId = yield* WriteTrace.randomJobId
  const { batchSize = BatchRequest.maxInputs, capacity = 10_000, concurrency = 10 } = options
  const inside = yield* Semaphore.make(inRange("capacity", capacity, 1, Number.MAX_SAFE_INTEGER))
  const underWay = yield* Concurrency.make(concurrency)
  const listener = Event.safe(options.onEvent ?? (() => Effect.void))
  const onEvent: Event.Listener = (event) => Effect.andThen(underWay.learn(event), listener(event))
  inRange("batchSize", batchSize, 1, BatchRequest.maxInputs)
  const never = yield* Deferred.make<void>()
  const shape = Plan.creates<Input>({ jobId, toInput: Result.succeed })
  let index = 0
  /** The inputs inside, by index: waiting for a batch, in one, or in one and no longer wanted by their callers. */
  const places = new Map<number, "waiting" | "begun" | "unwanted">()
  const giveBack = (index: number) =>
    Effect.suspend(() => (places.delete(index) ? inside.release(1) : Effect.void))

  /** A failure that stops a job stops one batch here: a service goes on, and the next batch is sent. */
  const run = Effect.fnUntraced(function* <I>(items: ReadonlyArray<Plan.Item<I>>) {
    const halt = yield* Deferred.make<NotSentReason>()
    const runner = yield* BatchRunner.make(BatchOperation.create(), {
      jobId,
      halt,
      circuit: yield* Circuit.make({
        client: Context.get(services, HubSpotClient),
        limits: Context.get(services, RateLimits),
        halt,
        onEvent,
        pauseMillis: probePauseMillis
      }),
      abandon: never,
      isWanted: (index) => places.get(index) !== "unwanted",
      policy: options.retry ?? Retry.defaults,
      budget: RetryBudget.makeUnsafe(),
      limit: underWay.limit,
      observe: Option.getOrUndefined(observer)?.observe,
      pending: options.pending,
      processing: options.processing,
      onEvent
    })
    return yield* runner.run(items)
  })

  const resolver = RequestResolver.make<Create>((entries) => {
    // Each item carries its caller's entry.
    const items = entries.map((entry) => ({ ...entry.request.item, source: entry }))
    for (const { index } of items) if (places.has(index)) places.set(index, "begun")
    return run(items).pipe(
      Effect.map((all) => {
        for (const { item, outcome } of all) {
          const { completeUnsafe, request } = item.source
          const { source } = request.item
          completeUnsafe(
            outcome._tag === "Created"
              ? Exit.succeed({ ...outcome, source })
              : Exit.fail(new NotCreated({ reason: { ...outcome, source } }))
          )
        }
      }),
      Effect.ensuring(Effect.forEach(items, ({ index }) => giveBack(index), { discard: true })),
      Effect.provideContext(services)
    )
  }).pipe(RequestResolver.setDelay(options.window ?? "25 millis"), RequestResolver.batchN(batchSize))

  // Two callers may give the same trace id, and their inputs may come into one batch.
  const inUse = new Set<string>()
  const request = (item: Plan.Item<Input>) =>
    Effect.suspend(() => {
      const { objectWriteTraceId } = item.input
      if (inUse.has(objectWriteTraceId)) {
        const traceId = { objectWriteTraceId: WriteTrace.make(jobId, item.index) }
        const input = { ...item.input, ...traceId }
        return Effect.request(new Create({ item: { ...item, ...traceId, input } }), resolver)
      }
      inUse.add(objectWriteTraceId)
      return Effect.ensuring(
        Effect.request(new Create({ item }), resolver),
        Effect.sync(() => inUse.delete(objectWriteTraceId))
      )
    })

  const create = Effect.fn("Coalescer.create")(function* (input: Input) {
    const checked = Plan.check(shape, input, index++)
    if (Result.isFailure(checked)) return yield* new NotCreated({ reason: checked.failure })
    const item = checked.success
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        Effect.tap(restore(inside.take(1)), () => Effect.sync(() => places.set(item.index, "waiting"))),
        // An input whose batch has begun stays inside until the batch is done.
        Effect.onExit(restore(request(item)), () =>
          places.get(item.index) === "begun"
            ? Effect.sync(() => places.set(item.index, "unwanted"))
            : giveBack(item.index)
        )
      )
    )
  }, Spans.byReason)

  return Coalescer.of({ create })
})

/** While HubSpot does not answer, one input a minute finds out whether it does. */
const probePauseMillis = 60_000
