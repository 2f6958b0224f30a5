/**
 * The client's metrics, as Effect's `Metric`, named as OpenTelemetry's conventions are. Names and attributes hold operations,
 * reasons and policies; they never hold ids, tokens or texts of HubSpot's.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { HubSpotError } from "./HubSpotError.ts"

/**
 * Seconds that a request took, by `hubspot.operation`; one that failed also has `error.type`, the reason of its error, and
 * `hubspot.acceptance`. Its count is the number of requests.
 *
 * @category metrics
 * @since 0.1.0
 */
export const requestDuration = Metric.histogram("hubspot.client.request.duration", {
  description: "Time from the send of a request to HubSpot to the end of its answer",
  attributes: { unit: "s" },
  boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 110]
})

/**
 * Requests that were sent again, by `hubspot.operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retries = Metric.counter("hubspot.client.request.retries", {
  description: "Requests to HubSpot that were sent again",
  attributes: { unit: "{request}" },
  incremental: true
})

/**
 * Refusals by a rate limit, by `hubspot.rate_limit.policy`. A well-behaved client has none unless others share the limit.
 *
 * @category metrics
 * @since 0.1.0
 */
export const rateLimited = Metric.counter("hubspot.client.rate_limit.refusals", {
  description: "Requests that a rate limit of HubSpot refused",
  attributes: { unit: "{request}" },
  incremental: true
})

/**
 * Seconds that a request waited for a slot of the rate limit.
 *
 * @category metrics
 * @since 0.1.0
 */
export const slotWait = Metric.histogram("hubspot.client.rate_limit.wait.duration", {
  description: "Time that a request waited for a slot of the rate limit",
  attributes: { unit: "s" },
  boundaries: [0, 0.001, 0.01, 0.1, 1, 5, 10, 30, 60]
})

/**
 * The name that Prometheus and the OpenTelemetry collector give to a metric of this library, with its unit: for
 * `metricNameMapper` of Effect's `PrometheusMetrics`. Other names stay as they are.
 *
 * **Example**
 *
 * ```ts
 * import { Metrics } from "@effect-hubspot/http"
 *
 * const name = Metrics.prometheusName("hubspot.client.request.duration")
 * name // => "hubspot_client_request_duration_seconds"
 * ```
 *
 * @category exporting
 * @since 0.1.0
 */
export const prometheusName = (name: string): string =>
  name.startsWith("hubspot.")
    ? `${name.replaceAll(".", "_")}${name.endsWith(".duration") ? "_seconds" : "_total"}`
    : name

/**
 * Records a request that is over.
 *
 * @category recording
 * @since 0.1.0
 */
export const requested = (
  operation: string,
  error: HubSpotError | undefined,
  seconds: number
): Effect.Effect<void> => {
  const update = Metric.update(durationOf(operation, error), seconds)
  return error?.reason._tag === "RateLimited"
    ? Effect.andThen(
        update,
        Metric.update(
          Metric.withAttributes(rateLimited, { "hubspot.rate_limit.policy": error.reason.policy }),
          1
        )
      )
    : update
}

/** There are few operations and reasons, so the metrics with their attributes are made once. */
const durationOf = (operation: string, error: HubSpotError | undefined): typeof requestDuration => {
  const key = error === undefined ? operation : `${operation} ${error.reason._tag} ${error.acceptance}`
  let metric = durations.get(key)
  if (metric === undefined) {
    metric = Metric.withAttributes(requestDuration, {
      "hubspot.operation": operation,
      ...(error !== undefined && {
        "error.type": error.reason._tag,
        "hubspot.acceptance": error.acceptance
      })
    })
    durations.set(key, metric)
  }
  return metric
}

const durations = new Map<string, typeof requestDuration>()

/**
 * Counts a request that is sent again.
 *
 * @category recording
 * @since 0.1.0
 */
export const repeated = (operation: string): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(retries, { "hubspot.operation": operation }), 1)

/**
 * Records a wait for a slot, in seconds.
 *
 * @category recording
 * @since 0.1.0
 */
export const slotWaited = (seconds: number): Effect.Effect<void> => Metric.update(slotWait, seconds)
