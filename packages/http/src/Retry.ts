/**
 * When a request is sent again, and after how long.
 *
 * A request that is not idempotent is sent again only if its acceptance is `NotAccepted`. The reason of an error says
 * whether that makes sense; this module says how long to wait and when to give up. Waits are capped exponential with
 * full jitter (a random part of the whole wait), so that callers that failed together do not return together.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { HubSpotError, Reason } from "./HubSpotError.ts"
import * as Metrics from "./Metrics.ts"

/**
 * Times in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy {
  /** Sends of one request at most. The first counts, those that a rate limit refused do not. Default 6. */
  readonly attempts: number
  /** Refusals of one request by a rate limit at most. Default 30. */
  readonly rateLimited: number
  /** The first wait before jitter. Default 500. */
  readonly baseMillis: number
  /** No wait is longer, unless HubSpot names one. Default 30,000. */
  readonly capMillis: number
  /** The longest wait that HubSpot may ask for. After a longer one the request is not sent again. Default 120,000. */
  readonly patienceMillis: number
}

/**
 * @category constants
 * @since 0.1.0
 */
export const defaults: Policy = {
  attempts: 6,
  rateLimited: 30,
  baseMillis: 500,
  capMillis: 30_000,
  patienceMillis: 120_000
}

/**
 * The wait before the next send in milliseconds, or `undefined` if the request is not sent again. `sends` and
 * `rateLimited` count the sends and the refusals so far, `chance` is from 0 to 1. A request in doubt is only sent
 * again if it is `idempotent`: executing it twice has the same effect as executing it once.
 *
 * **Example**
 *
 * ```ts
 * import { HubSpotError, Retry } from "@effect-hubspot/http"
 *
 * const refused = new HubSpotError.TransportNotSent({ failure: "refused" })
 * const failed = new HubSpotError.ServerFailed({ kind: "gateway", status: 502 })
 * const waits = [refused, failed].map((reason) => Retry.wait(reason, { sends: 2, rateLimited: 0, chance: 0.5 }))
 * waits // => [500, undefined]
 * ```
 *
 * @category deciding
 * @since 0.1.0
 */
export const wait = (
  reason: Reason,
  soFar: {
    readonly sends: number
    readonly rateLimited: number
    readonly chance: number
    readonly idempotent?: boolean
    /** Whether the token was renewed for this request already. */
    readonly renewed?: boolean
  },
  policy: Policy = defaults
): number | undefined => {
  if (reason.acceptance !== "NotAccepted" && soFar.idempotent !== true) return undefined
  const { repeat } = reason
  if (repeat === "once") return soFar.renewed === true ? undefined : 0
  if (repeat === "never") return undefined
  if ("pacedMillis" in repeat) {
    return soFar.rateLimited < policy.rateLimited && repeat.pacedMillis <= policy.patienceMillis
      ? 0
      : undefined
  }
  if (soFar.sends >= policy.attempts || repeat.afterMillis > policy.patienceMillis) return undefined
  const backoff = Math.min(policy.capMillis, policy.baseMillis * 2 ** (soFar.sends - 1))
  return repeat.afterMillis + Math.round(backoff * soFar.chance)
}

/**
 * The waits before a request is sent again, in milliseconds, as a schedule over the errors of its attempts. It ends
 * when the request is not sent again. Compose, tap or bound it like any other schedule.
 *
 * **Example**
 *
 * ```ts
 * import { HubSpotError, Retry } from "@effect-hubspot/http"
 * import { Effect, Schedule } from "effect"
 *
 * const refused = new HubSpotError.HubSpotError({
 *   reason: new HubSpotError.TransportNotSent({ failure: "refused" }),
 *   operation: "POST /x"
 * })
 * let sends = 0
 * const send = Effect.suspend(() => (++sends < 3 ? Effect.fail(refused) : Effect.succeed(sends)))
 * const policy = { ...Retry.defaults, baseMillis: 1 }
 * const soon = Retry.schedule({ idempotent: false, policy }).pipe(Schedule.upTo({ times: 4 }))
 * await Effect.runPromise(Effect.retry(send, soon)) // => 3
 * ```
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedule = (options: {
  /** Whether executing it twice has the same effect as executing it once. */
  readonly idempotent: boolean
  readonly policy?: Policy | undefined
}): Schedule.Schedule<number, HubSpotError> =>
  Schedule.fromStep(
    Effect.sync(() => {
      let soFar = { sends: 0, rateLimited: 0, renewed: false }
      let last = 0
      return (_now: number, { reason }: HubSpotError) =>
        Effect.flatMap(Random.next, (chance) => {
          const isPaced = typeof reason.repeat === "object" && "pacedMillis" in reason.repeat
          const { rateLimited, renewed } = soFar
          const sends = isPaced ? soFar.sends : soFar.sends + 1
          const millis = wait(
            reason,
            { sends, rateLimited, renewed, chance, idempotent: options.idempotent },
            options.policy
          )
          if (millis === undefined) return Cause.done(last)
          soFar = {
            sends,
            rateLimited: isPaced ? rateLimited + 1 : rateLimited,
            renewed: renewed || reason.repeat === "once"
          }
          last = millis
          return Effect.succeed<[number, Duration.Duration]>([millis, Duration.millis(millis)])
        })
    })
  )

/**
 * Sends a request, and sends it again as {@link schedule} allows. `send` is one attempt; its argument is the number
 * of the attempt, from 1.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, R>(
  send: (attempt: number) => Effect.Effect<A, HubSpotError, R>,
  options: {
    /** The name of the operation in the metrics. */
    readonly operation: string
    /** Whether executing it twice has the same effect as executing it once. */
    readonly idempotent: boolean
    readonly policy?: Policy | undefined
  }
): Effect.Effect<A, HubSpotError, R> =>
  Effect.suspend(() => {
    let attempt = 0
    return Effect.retry(
      Effect.suspend(() => send(++attempt)),
      Schedule.tap(schedule(options), () => Metrics.repeated(options.operation))
    )
  })
