/**
 * The client's counters and its histogram, as Effect's `Metric`. Names and labels hold operations, outcomes and
 * reasons; they never hold ids, tokens or texts of HubSpot's.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { HubSpotError } from "./HubSpotError.ts"

/**
 * Requests that were sent, by `operation` and `outcome` (`accepted`, or the reason of the error).
 *
 * @category metrics
 * @since 0.1.0
 */
export const requests = Metric.counter("hubspot_requests", {
  description: "Requests sent to HubSpot, by operation and outcome",
  incremental: true
})

/**
 * Requests that were sent again, by `operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retries = Metric.counter("hubspot_retries", {
  description: "Requests sent again after a refusal",
  incremental: true
})

/**
 * Refusals by a rate limit, by `policy`. A well-behaved client has none unless others share the limit.
 *
 * @category metrics
 * @since 0.1.0
 */
export const rateLimited = Metric.counter("hubspot_rate_limited", {
  description: "Requests refused by a rate limit",
  incremental: true
})

/**
 * Requests that may or may not have been executed, by `operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const inDoubt = Metric.counter("hubspot_in_doubt", {
  description: "Requests that may or may not have been executed",
  incremental: true
})

/**
 * Time waited for a slot of the rate limit, in milliseconds.
 *
 * @category metrics
 * @since 0.1.0
 */
export const slotWait = Metric.histogram("hubspot_slot_wait_millis", {
  description: "Milliseconds waited for a slot of the rate limit",
  boundaries: [0, 1, 10, 100, 1000, 5000, 10_000, 30_000, 60_000]
})

/**
 * Counts a request that is over.
 *
 * @category recording
 * @since 0.1.0
 */
export const requested = (operation: string, error: HubSpotError | undefined): Effect.Effect<void> => {
  const count = counted(operation, error === undefined ? "accepted" : error.reason._tag)
  if (error === undefined) return count
  const also: Array<Effect.Effect<void>> = [count]
  if (error.acceptance === "InDoubt")
    also.push(Metric.update(Metric.withAttributes(inDoubt, { operation }), 1))
  if (error.reason._tag === "RateLimited") {
    also.push(Metric.update(Metric.withAttributes(rateLimited, { policy: error.reason.policy }), 1))
  }
  return Effect.all(also, { discard: true })
}

/** Counts one more. There are few operations and outcomes, so the updates are made once. */
const counted = (operation: string, outcome: string): Effect.Effect<void> => {
  const key = `${operation} ${outcome}`
  let update = updates.get(key)
  if (update === undefined) {
    update = Metric.update(Metric.withAttributes(requests, { operation, outcome }), 1)
    updates.set(key, update)
  }
  return update
}

const updates = new Map<string, Effect.Effect<void>>()

/**
 * Counts a request that is sent again.
 *
 * @category recording
 * @since 0.1.0
 */
export const repeated = (operation: string): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(retries, { operation }), 1)

/**
 * Records a wait for a slot.
 *
 * @category recording
 * @since 0.1.0
 */
export const slotWaited = (millis: number): Effect.Effect<void> => Metric.update(slotWait, millis)
