/**
 * Finds parents and products by keys of one's own: an order number becomes the deal that has it, an article number the
 * product. Values come in as a stream, and leave it in the same order, each with the records that were found for it.
 *
 * A property with unique values is read, up to 100 keys in a request, and the answer is final. Any other is searched. The search
 * index lags, so what it does not have at first is searched again once the run is a quiet period old, and only then
 * missing; a run waits for that once at most.
 *
 * Each key is asked once, as long as it is remembered. By default the last 100,000 keys of each type are, which takes some 20 MB.
 *
 * @since 0.1.0
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Spans from "@effect-hubspot/http/Spans"
import type { BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as RecordKey from "../doubt/RecordKey.ts"
import * as Event from "../engine/Event.ts"
import type { NotSentReason } from "../model/Outcome.ts"
import { inRange } from "../model/InRange.ts"
import * as Finding from "./Finding.ts"

export type {
  Find,
  Finder,
  /** @public */
  Found,
  /** @public */
  Records
} from "./Finding.ts"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * What can be found: a parent of line items, or a product.
 *
 * @category models
 * @since 0.1.0
 * @public
 */
export type ObjectType = RecordKey.ObjectType

/**
 * A property by which nothing can be found. `message` is one line.
 *
 * @category errors
 * @since 0.1.0
 */
export class FindUnusable extends Schema.TaggedError<FindUnusable>()("FindUnusable", {
  object: Schema.String,
  property: Schema.String,
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `${this.object}.${this.property}: ${this.problem}; ${this.advice}`
  }
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long a search may not find a new record. Default one minute: twice the longest lag that was seen. */
  readonly quiet?: Duration.Input | undefined
  /** The most keys of each type that are remembered, 100 or more. The one that was used last stays longest. Default 100,000. */
  readonly capacity?: number | undefined
}

// -----------------------------------------------------------------------------
// Making
// -----------------------------------------------------------------------------

/**
 * Checks that the properties exist in this account, and whether their values are unique: one request for each type of
 * object. An option out of its range is a defect.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fn("FindRecords.make")(function* <A>(
  finds: ReadonlyArray<Finding.Find<A>>,
  options: Options = {}
): Effect.fn.Return<Finding.Finder<A>, FindUnusable | HubSpotError, HubSpotClient | RateLimits> {
  const { capacity = 100_000, quiet = "1 minute" } = options
  inRange("capacity", capacity, 100, 10_000_000)
  const ask = Dispatch.make({ client: yield* HubSpotClient, limits: yield* RateLimits })
  const prepared = yield* Effect.forEach(
    finds,
    Effect.fnUntraced(function* (find, index) {
      const { object, property } = find
      const unusable = (problem: string, advice: string) =>
        new FindUnusable({ object, property, problem, advice })
      if (finds.findIndex((other) => other.object === object) < index) {
        return yield* unusable(`a ${object} is looked up twice`, "keep one of the two")
      }
      const definitions = yield* ask(Operations.listPropertiesOf(RecordKey.objectTypeOf(object)))
      const definition = definitions.find(({ name }) => name === property)
      if (definition === undefined) {
        return yield* unusable(
          "this account has no such property",
          `give the internal name of a property of ${object}s, as in HubSpot's settings under Properties`
        )
      }
      return {
        ...find,
        path: find.path ?? `${object}.${property}`,
        isUnique: definition.hasUniqueValue === true && property !== "hs_object_id",
        isNumber: definition.type === "number"
      }
    })
  )
  return { finds: prepared, quietMillis: Duration.toMillis(quiet), capacity }
}, Spans.byReason)

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

/**
 * Finds the records that values name. The values keep their order. It holds back at most 1,000 of them, to ask for up to
 * 100 keys at once.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate, FindRecords } from "@effect-hubspot/batch"
 * import { LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Stream } from "effect"
 *
 * const orders = [{ name: "Chair", number: "4711" }, { name: "Table", number: "4712" }]
 * const program = Effect.gen(function* () {
 *   const finder = yield* FindRecords.make<(typeof orders)[number]>([
 *     { object: "deal", property: "dealname", keyOf: ({ number }) => number }
 *   ], { quiet: 0 })
 *   const found = yield* Stream.fromIterable(orders).pipe(FindRecords.through(finder), Stream.runCollect)
 *   return found.map(({ records }) => (records._tag === "Invalid" ? records.issues[0]?.message : records._tag))
 * })
 * const messages = await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems()))
 * messages // => ["no deal has dealname \"4711\"", "no deal has dealname \"4712\""]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const through =
  <A>(finder: Finding.Finder<A>) =>
  <E, R>(
    values: Stream.Stream<A, E, R>
  ): Stream.Stream<Finding.Found<A>, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const services = { client: yield* HubSpotClient, limits: yield* RateLimits }
        return Finding.throughWith(finder, { services })(values)
      })
    )

// -----------------------------------------------------------------------------
// Inputs
// -----------------------------------------------------------------------------

/**
 * The records that a value names, or what is wrong with them: HubSpot was asked.
 *
 * @category models
 * @since 0.1.0
 */
export type Known = Exclude<Finding.Records, { readonly _tag: "NotSent" }>

/**
 * An input with the records that were found for it, or why it has none.
 *
 * @category inputs
 * @since 0.1.0
 */
export const addTo = (
  input: BatchRequest.Given<BatchRequest.CreateInput>,
  records: Known
): Result.Result<BatchRequest.Given<BatchRequest.CreateInput>, ReadonlyArray<InputIssue.InputIssue>> => {
  if (records._tag === "Invalid") return Result.fail(records.issues)
  const { associations, properties } = records
  const hasProduct = Object.hasOwn(properties, product)
  if (!hasProduct && associations.length === 0) return Result.succeed(input)
  return hasProduct && (input.properties[product] ?? "") !== ""
    ? Result.fail([twoProducts])
    : Result.succeed({
        ...input,
        properties: { ...input.properties, ...properties },
        ...(associations.length > 0 && { associations: [...(input.associations ?? []), ...associations] })
      })
}

const product = "hs_product_id"

const twoProducts: InputIssue.InputIssue = {
  path: `properties.${product}`,
  message: "the id of a product is given, and a product is looked up too",
  advice: "give one of the two"
}

/**
 * What a value names that names no record.
 *
 * @category models
 * @since 0.1.0
 */
export const none: Known = { _tag: "Found", associations: [], properties: {} }

/**
 * Values with the records that they name, where all must be known: it fails where HubSpot cannot be asked. Without a finder no
 * value names a record.
 *
 * @category running
 * @since 0.1.0
 */
export const known =
  <A>(finder: Finding.Finder<A> | undefined, onEvent?: Event.Listener) =>
  <E, R>(
    values: Stream.Stream<A, E, R>
  ): Stream.Stream<
    { readonly source: A; readonly records: Known },
    E | HubSpotError,
    R | HubSpotClient | RateLimits
  > =>
    finder === undefined
      ? Stream.map(values, (source) => ({ source, records: none }))
      : Stream.unwrap(
          Effect.gen(function* () {
            const client = Event.reporting(yield* HubSpotClient, onEvent ?? (() => Effect.void))
            const services = { client, limits: yield* RateLimits }
            return values.pipe(
              Finding.throughWith(finder, { services, onEvent }),
              Stream.mapEffect(({ records, source }) =>
                records._tag === "NotSent" ? failed(records.reason) : Effect.succeed({ source, records })
              )
            )
          })
        )

const failed = (reason: NotSentReason): Effect.Effect<never, HubSpotError> =>
  "error" in reason && reason.error._tag === "HubSpotError" ? Effect.fail(reason.error) : Effect.interrupt
