/**
 * The service people depend on: operations on line items with the retry policy that is safe for each.
 *
 * A create is repeated only when HubSpot provably did not take it. For more than one batch, and for one
 * true outcome per input, use `BulkCreate` of `@effect-hubspot/batch`.
 *
 * @since 0.1.0
 */
import { BatchRequest, BatchResponse } from "@effect-hubspot/schema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { InvalidBaseUrl } from "./BaseUrl.ts"
import { Credentials, type CredentialsError } from "./Credentials.ts"
import { paths } from "./HubSpotApi.ts"
import * as HubSpotClient from "./HubSpotClient.ts"
import * as HubSpotError from "./HubSpotError.ts"
import * as RateLimits from "./RateLimits.ts"
import * as Retry from "./Retry.ts"

/**
 * Limits, address and timeout of the client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends HubSpotClient.Options {
  /** Requests per 10 seconds, or `"auto"` (default): 100, then what the account advertises. */
  readonly limit?: number | "auto" | undefined
}

/**
 * The create of one batch as data, for those who make the attempts themselves. The reply is read entry by
 * entry: see `BatchResponse.salvage`.
 *
 * @category operations
 * @since 0.1.0
 */
export const createBatchOperation = (
  request: BatchRequest.BatchCreate
): HubSpotClient.Operation<BatchResponse.Salvaged> => ({
  method: "POST",
  path: (version) => paths(version).batchCreate,
  body: JSON.stringify(request),
  read: BatchResponse.salvage
})

const encode = Schema.encodeUnknownEffect(BatchRequest.BatchCreate)

/**
 * @category services
 * @since 0.1.0
 */
export class LineItems extends Context.Service<
  LineItems,
  {
    /**
     * Creates 1 to 100 line items. Succeeds with HubSpot's reply, which may hold errors for some inputs
     * beside results for others; compare by `objectWriteTraceId`, never by position.
     */
    readonly createBatch: (
      request: BatchRequest.BatchCreate
    ) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError.HubSpotError>
  }
>()("@effect-hubspot/http/LineItems") {
  /** The service on a client and a limiter that are there already. */
  static readonly layerClient: Layer.Layer<
    LineItems,
    never,
    HubSpotClient.HubSpotClient | RateLimits.RateLimits
  > = Layer.effect(
    LineItems,
    Effect.suspend(() => make)
  )

  /**
   * The service with its client and its limiter.
   *
   * **Example**
   *
   * ```ts
   * import { Credentials, LineItems } from "@effect-hubspot/http"
   * import { Layer, Redacted } from "effect"
   * import { FetchHttpClient } from "effect/http"
   *
   * const layer = LineItems.LineItems.layer({ limit: 190 }).pipe(
   *   Layer.provide(Credentials.Credentials.layer(Redacted.make("pat-eu1-0000"))),
   *   Layer.provide(FetchHttpClient.layer)
   * )
   * Layer.isLayer(layer) // => true
   * ```
   */
  static readonly layer = (
    options: Options = {}
  ): Layer.Layer<
    LineItems | HubSpotClient.HubSpotClient | RateLimits.RateLimits,
    InvalidBaseUrl,
    HttpClient | Credentials
  > =>
    LineItems.layerClient.pipe(
      Layer.provideMerge(HubSpotClient.HubSpotClient.layer(options)),
      Layer.provideMerge(RateLimits.RateLimits.layer({ limit: options.limit, timeout: options.timeout }))
    )

  /** The same with the token from `HUBSPOT_ACCESS_TOKEN`. */
  static readonly layerConfig = (
    options: Options = {}
  ): Layer.Layer<
    LineItems | HubSpotClient.HubSpotClient | RateLimits.RateLimits,
    InvalidBaseUrl | CredentialsError,
    HttpClient
  > => Layer.provide(LineItems.layer(options), Credentials.layerConfig)
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.gen(function* () {
  const client = yield* HubSpotClient.HubSpotClient
  const limits = yield* RateLimits.RateLimits

  const createBatch = Effect.fn("LineItems.createBatch")(function* (request: BatchRequest.BatchCreate) {
    yield* Effect.annotateCurrentSpan({ inputs: request.inputs.length })
    const encoded = yield* encode(request).pipe(
      Effect.mapError(
        (error) =>
          new HubSpotError.HubSpotError({
            reason: new HubSpotError.InvalidRequest({ detail: error.message }),
            operation: "LineItems.createBatch"
          })
      )
    )
    const operation = createBatchOperation(encoded)
    const { response } = yield* Retry.run(() => limits.withSlot(client.execute(operation)))
    return response
  })

  return LineItems.of({ createBatch })
})
