/**
 * Creates any number of line items: a stream of inputs in, a stream with exactly one outcome per input out, in
 * constant memory.
 *
 * Outcomes come as batches are done, not in the order of the inputs; each carries its index and the caller's value.
 * The stream fails only if the stream of inputs fails, after the outcomes of all inputs read before. HubSpot never makes
 * it fail: the outcomes report what HubSpot did.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import type { BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as BatchState from "../model/BatchState.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as Associating from "../doubt/Associating.ts"
import { mostAtOnce } from "../engine/Bounds.ts"
import * as Bulk from "../engine/Pipeline.ts"
import * as GracefulStop from "../engine/GracefulStop.ts"
import * as Resolver from "../doubt/Resolver.ts"
import type { Outcome } from "../model/Outcome.ts"
import * as FindRecords from "./FindRecords.ts"
import * as Finding from "./Finding.ts"
import * as Plan from "../model/Plan.ts"

/** At most so many requests are under way at once. */
export const maxConcurrency = mostAtOnce

/**
 * @category models
 * @since 0.1.0
 */
export interface Settings extends Bulk.CreateOptions, BatchState.Waits {
  /**
   * The job's name in its trace ids and in generated keys: 1 to 48 of `A–Z a–z 0–9 _ -`. Default: a random one. Two jobs
   * over different inputs need two names.
   */
  readonly jobId?: string | undefined
}

/**
 * The settings, and the strategy for doubts.
 *
 * @category options
 * @since 0.1.0
 */
export type Options = Settings & DoubtStrategy.Choice

/**
 * A line item to create. Property values may be numbers and booleans; `InputIssue.read` says how they are sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = BatchRequest.Given<BatchRequest.CreateInput>

/**
 * @category options
 * @since 0.1.0
 */
export type OutcomesWithOptions<I> = Options & {
  /** Makes a line item of a value, or reports its issues. */
  readonly toInput: (source: I) => Result.Result<Input, ReadonlyArray<InputIssue.InputIssue>>
  /** The caller's own key of a value. It must be unique, also across jobs that must not create a line item twice. */
  readonly keyOf?: ((source: I) => string | undefined) | undefined
  /** How messages name a value. Default: `input 1`. */
  readonly where?: Plan.Where<I> | undefined
  /**
   * Parents and products that values name by keys of their own, see `FindRecords`. An input gets the association, or
   * `hs_product_id`. One whose record is not found is `Invalid`; where HubSpot cannot be asked, it and all after it are `NotSent`.
   */
  readonly finder?: Finding.Finder<I> | undefined
}

/**
 * Creates the line items of a stream. An option out of its range is a defect.
 *
 * Outcomes come as batches are done. Inputs are read, and sent, only as outcomes are taken: about 4 MiB of inputs may be without
 * a taken outcome, beside those in doubt.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate } from "@effect-hubspot/batch"
 * import { Credentials, LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const hubspot = LineItems.layer({ limit: 190 }).pipe(
 *   Layer.provide(Credentials.layer(Redacted.make("pat-eu1-0000"))),
 *   Layer.provide(Emulator.layer())
 * )
 * const program = Stream.range(1, 250).pipe(
 *   Stream.map((n) => ({ properties: { name: `Seat ${n}`, quantity: "1", price: "19.90" } })),
 *   BulkCreate.outcomes(),
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
export const outcomes =
  (options: Options = {}) =>
  <I extends Input, E, R>(
    inputs: Stream.Stream<I, E, R>
  ): Stream.Stream<Outcome<I>, E, R | HubSpotClient | RateLimits> =>
    outcomesWith<I>({ ...options, toInput: Result.succeed })(inputs)

/**
 * Creates a line item of each of the caller's own values, such as rows of a file.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate } from "@effect-hubspot/batch"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Result, Stream } from "effect"
 *
 * const orders = Stream.make({ number: 7, price: "19.90" }, { number: 8, price: "cheap" })
 * const program = orders.pipe(
 *   BulkCreate.outcomesWith({
 *     toInput: ({ number, price }) => Result.succeed({ properties: { name: `Order ${number}`, price } }),
 *     where: { unit: "order", of: ({ number }) => number }
 *   }),
 *   Stream.map(({ _tag, source }) => `${source.number} ${_tag}`),
 *   Stream.runCollect
 * )
 * const said = await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems()))
 * said.toSorted() // => ["7 Created", "8 Invalid"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const outcomesWith =
  <I>(options: OutcomesWithOptions<I>) =>
  <E, R>(inputs: Stream.Stream<I, E, R>): Stream.Stream<Outcome<I>, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const job = yield* Bulk.job(options)
        const { keyProperty: property, strategy } = yield* DoubtStrategy.chosen(options)
        const { finder, keyOf, toInput, where } = options
        const resolver = yield* Resolver.make(job, strategy, property)
        const creates = <A>(
          own: Pick<Parameters<typeof Plan.creates<A>>[0], "toInput" | "where" | "heldBack"> & {
            readonly keyOf: Plan.Key<A>["of"]
          }
        ) =>
          Plan.creates<A>({
            ...own,
            jobId: job.jobId,
            key: property === undefined ? undefined : { property, of: own.keyOf },
            ...(strategy._tag === "upsert" && {
              issuesOf: ({ associations }: BatchRequest.CreateInput) => Associating.issuesOf(associations)
            })
          })
        if (finder === undefined)
          return Bulk.outcomes(inputs, job, creates({ toInput, keyOf, where }), resolver)
        const found = Finding.throughWith(finder, {
          services: job.before.services,
          onEvent: job.before.onEvent,
          halted: Deferred.await(job.halt),
          onFailure: (reason) => Deferred.succeed(job.halt, reason)
        })(inputs)
        const shape = creates<Finding.Found<I>>({
          toInput: ({ records, source }) =>
            // One without its records is held back.
            records._tag === "NotSent"
              ? Result.fail([])
              : Result.flatMap(toInput(source), (input) => FindRecords.addTo(input, records)),
          keyOf: keyOf && (({ source }) => keyOf(source)),
          where: where && { ...where, of: ({ source }, index) => where.of(source, index) },
          heldBack: ({ records }) => (records._tag === "NotSent" ? records.reason : undefined)
        })
        return Bulk.outcomes(found, job, shape, resolver).pipe(
          Stream.map((outcome): Outcome<I> => ({ ...outcome, source: outcome.source.source }))
        )
      })
    )

/**
 * Creates the line items of a stream and passes every outcome to `onOutcomes`, as they come. Interrupting it is safe:
 * nothing more is sent, and requests under way have `grace` (default 110 seconds, the longest a request takes) to be
 * answered. The inputs of a request without an answer are `InDoubt`. `onOutcomes` gets all these outcomes before the
 * interruption is over. Inputs that were not read have no outcome.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate } from "@effect-hubspot/batch"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Fiber, Stream } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const outcomes: Array<string> = []
 *   const job = yield* Stream.range(1, 1000).pipe(
 *     Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
 *     BulkCreate.forEach({ grace: 0 }, (some) =>
 *       Effect.sync(() => void outcomes.push(...some.map((outcome) => outcome._tag)))
 *     ),
 *     Effect.forkChild({ startImmediately: true })
 *   )
 *   yield* Fiber.interrupt(job)
 *   return outcomes.every((tag) => tag === "Created" || tag === "NotSent" || tag === "InDoubt")
 * })
 * await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems())) // => true
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const forEach =
  <I extends Input = Input>(
    options: Options & { readonly grace?: Duration.Input | undefined },
    onOutcomes: (outcomes: ReadonlyArray<Outcome<I>>) => Effect.Effect<void>
  ) =>
  <E, R>(inputs: Stream.Stream<I, E, R>): Effect.Effect<void, E, R | HubSpotClient | RateLimits> =>
    forEachWith<I>({ ...options, toInput: Result.succeed }, onOutcomes)(inputs)

/**
 * `forEach` for the caller's own values.
 *
 * @category running
 * @since 0.1.0
 */
export const forEachWith =
  <I>(
    options: OutcomesWithOptions<I> & { readonly grace?: Duration.Input | undefined },
    onOutcomes: (outcomes: ReadonlyArray<Outcome<I>>) => Effect.Effect<void>
  ) =>
  <E, R>(inputs: Stream.Stream<I, E, R>): Effect.Effect<void, E, R | HubSpotClient | RateLimits> =>
    Effect.gen(function* () {
      const stop = options.stop ?? (yield* Deferred.make<void>())
      const abandon = options.abandon ?? (yield* Deferred.make<void>())
      const over = yield* Deferred.make<void>()
      const job = inputs.pipe(
        Stream.interruptWhen(Deferred.await(over)),
        outcomesWith({ ...options, stop, abandon }),
        Stream.runForEachArray(onOutcomes)
      )
      return yield* GracefulStop.run(job, {
        stop: Deferred.succeed(stop, undefined),
        grace: Effect.sleep(options.grace ?? GracefulStop.defaultGrace),
        abandon: Effect.andThen(Deferred.succeed(over, undefined), Deferred.succeed(abandon, undefined))
      })
    })
