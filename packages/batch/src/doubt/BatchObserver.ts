/**
 * Looks again at a batch that HubSpot had not finished: by the keys of its inputs, or by the link in its reply. An observer
 * only reads. It never sends the batch again.
 *
 * HubSpot documents neither when it answers a create with `PENDING` or `PROCESSING` nor where the link leads. So links are
 * followed only on request, with `GET`, and on the configured origin. Reading by key needs only a property that holds keys.
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
 * A batch as it was sent (`items`), and its last known state (`last`).
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch {
  readonly items: ReadonlyArray<Item<unknown>>
  readonly last: BatchResponse.BatchResponse
}

/**
 * Without this service, batches are observed by key if the job has a key property. If it has none, inputs that HubSpot had not
 * finished are in doubt.
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
  Effect.map(Effect.all({ client: HubSpotClient, limits: RateLimits }), (services) => links(services))
)

/**
 * Reads the inputs back by their keys: at once where the values of the property are unique, else by a search.
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
    Effect.map(Effect.all({ client: HubSpotClient, limits: RateLimits }), (services) =>
      key(Lookup.byKey(services, options))
    )
  )

/**
 * An observer by links.
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
 * An observer by key. Inputs that a look finds are created. The batch is complete when all inputs are found, so a rejected
 * input keeps it open until the schedule ends.
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
