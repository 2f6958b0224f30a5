/**
 * How a batch that HubSpot had not finished is looked at again: by the keys of its inputs, or by the link
 * that its reply gives. An observation reads; it never sends the batch again.
 *
 * HubSpot documents neither when a create is answered with `PENDING` or `PROCESSING` nor where its link
 * leads. So a link is followed by those only who ask for it, with `GET`, and on the configured origin; reading by key
 * needs nothing but a property that holds keys.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import type { BatchResponse } from "@effect-hubspot/schema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { NotObservable } from "../model/BatchState.ts"
import * as Lookup from "./Lookup.ts"
import type { Item } from "../model/Plan.ts"

/**
 * A batch as it was sent, and as it was last seen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch {
  readonly items: ReadonlyArray<Item<unknown>>
  readonly last: BatchResponse.BatchResponse
}

/**
 * Without this service, batches are observed by key where the job has a key property, and else not at all:
 * what HubSpot had not finished is in doubt then.
 *
 * @category services
 * @since 0.1.0
 */
export class BatchObserver extends Context.Service<
  BatchObserver,
  {
    /** The batch as it is now. */
    readonly observe: (
      batch: Batch
    ) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError | NotObservable>
  }
>()("@effect-hubspot/batch/doubt/BatchObserver") {}

/**
 * Follows `links.status` of the reply, on the configured origin only.
 *
 * **Example**
 *
 * ```ts
 * import { BulkCreate } from "@effect-hubspot/batch"
 * import * as BatchObserver from "@effect-hubspot/batch/doubt/BatchObserver"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Schedule, Stream } from "effect"
 *
 * const hubspot = BatchObserver.layerLinks.pipe(
 *   Layer.provideMerge(Emulator.layerLineItems({
 *     emulator: { asynchronous: { pendingMillis: 10, processingMillis: 10 } }
 *   }))
 * )
 * const program = Stream.make({ properties: { name: "Chair" } }).pipe(
 *   BulkCreate.outcomes({ pending: Schedule.spaced("20 millis"), processing: Schedule.spaced("20 millis") }),
 *   Stream.map((outcome) => outcome._tag),
 *   Stream.runCollect
 * )
 * await Effect.runPromise(Effect.provide(program, hubspot)) // => ["Created"]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLinks: Layer.Layer<BatchObserver, never, HubSpotClient | RateLimits> = Layer.effect(
  BatchObserver,
  Effect.map(Effect.all([HubSpotClient, RateLimits]), ([client, limits]) => links({ client, limits }))
)

/**
 * Reads the inputs back by their keys: at once where the values of the property are unique, else by search.
 *
 * @category layers
 * @since 0.1.0
 * @public
 */
export const layerKey = (options: {
  readonly property: string
  readonly unique: boolean
}): Layer.Layer<BatchObserver, never, HubSpotClient | RateLimits> =>
  Layer.effect(
    BatchObserver,
    Effect.map(Effect.all([HubSpotClient, RateLimits]), ([client, limits]) => {
      const services = { client, limits }
      return key(
        options.unique
          ? Lookup.byUniqueValue(services, options.property)
          : Lookup.bySearch(services, options.property)
      )
    })
  )

/**
 * By links.
 *
 * @category constructors
 * @since 0.1.0
 */
export const links = (services: Dispatch.Services): BatchObserver["Service"] => ({
  observe: ({ last }) => {
    const link = last.links?.["status"]
    if (link === undefined) return Effect.fail(new NotObservable({ problem: "its reply gives no link" }))
    return Result.match(
      Result.try(() => new URL(link, services.client.origin)),
      {
        onFailure: () => Effect.fail(new NotObservable({ problem: "its link is no address" })),
        onSuccess: (url) =>
          url.origin === services.client.origin && url.username === "" && url.password === ""
            ? Lookup.ask(services)(Effect.succeed(Operations.batchStatus(url)))
            : Effect.fail(new NotObservable({ problem: "its link leads to another host" }))
      }
    )
  }
})

/**
 * By key. What a look finds is created; the batch is complete when all of it is found, so inputs that
 * HubSpot rejects keep it open until its schedule ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const key = (lookup: Lookup.Lookup): BatchObserver["Service"] => ({
  observe: ({ items, last }) =>
    Effect.map(lookup(items), ({ found }): BatchResponse.BatchResponse => {
      const results = items.flatMap(({ index, objectWriteTraceId }) => {
        const object = found.get(index)
        return object === undefined ? [] : [{ ...object, objectWriteTraceId }]
      })
      const status =
        results.length === items.length ? "COMPLETE" : results.length > 0 ? "PROCESSING" : last.status
      return { ...last, status, results }
    })
})
