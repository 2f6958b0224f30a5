/**
 * An exact rolling rate limiter: never more than `limit` requests in any `window`, as HubSpot sees it.
 *
 * A slot is held from the send until **completion plus the window**. Every request that the server saw
 * within some window is then held at the end of that window, so there were at most `limit` of them.
 * Counting sends instead lets requests that travelled slowly pile up; a token bucket lets twice the
 * limit through. A request that never completed is held until its timeout has passed plus the window.
 *
 * This module knows nothing of retries, and it never sends.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** What HubSpot allows every app: requests per ten seconds of the lowest tier. */
export const lowestLimit = 100

/** The highest limit HubSpot sells. */
export const highestLimit = 250

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Requests per window. `"auto"` starts at 100 and adopts the maximum that the account advertises in
   * `X-HubSpot-RateLimit-Max`. Default `"auto"`.
   */
  readonly limit?: number | "auto" | undefined
  /** Default 10 seconds, HubSpot's. */
  readonly window?: Duration.Input | undefined
  /**
   * How long a request that did not complete may still be under way, counted from its send. Default 110
   * seconds, the client's timeout.
   */
  readonly timeout?: Duration.Input | undefined
}

/**
 * What HubSpot's headers and refusals teach about the limit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Observation {
  /** `X-HubSpot-RateLimit-Max`. */
  readonly max?: number | undefined
  /** A 429 said: nobody sends before this time has passed, in milliseconds. */
  readonly pauseMillis?: number | undefined
}

// The wall clock may jump; the window does not.
const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

// Timers of real machines fire up to a millisecond early, and a server may round its clock.
const marginMillis = 5

/**
 * The limiter that all requests of one account share.
 *
 * **Example**
 *
 * ```ts
 * import { RateLimits } from "@effect-hubspot/http"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const limits = yield* RateLimits.RateLimits
 *   const slot = yield* limits.withSlot(Effect.succeed("sent"))
 *   return [slot, yield* limits.limit]
 * }).pipe(Effect.provide(RateLimits.RateLimits.layer({ limit: 190 })))
 * await Effect.runPromise(program) // => ["sent", 190]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class RateLimits extends Context.Service<
  RateLimits,
  {
    /** Waits for a slot, runs one request in it, and keeps the slot as long as the proof demands. */
    readonly withSlot: <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Learns from an answer. */
    readonly observe: (observation: Observation) => Effect.Effect<void>
    /** Requests per window at this moment. */
    readonly limit: Effect.Effect<number>
  }
>()("@effect-hubspot/http/RateLimits") {
  static readonly layer = (options: Options = {}): Layer.Layer<RateLimits> =>
    Layer.effect(RateLimits, make(options))
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<RateLimits["Service"], never, Scope.Scope> {
  const scope = yield* Effect.scope
  const adopts = (options.limit ?? "auto") === "auto"
  const window = Duration.toMillis(options.window ?? "10 seconds")
  const timeout = Duration.toMillis(options.timeout ?? "110 seconds")
  let limit = typeof options.limit === "number" ? options.limit : lowestLimit
  let pausedUntil = 0
  const slots = yield* Semaphore.make(limit)

  const untilPauseEnds: Effect.Effect<void> = Effect.flatMap(monotonicMillis, (now) =>
    now < pausedUntil ? Effect.andThen(Effect.sleep(pausedUntil - now), untilPauseEnds) : Effect.void
  )

  // The slot is taken before the pause is waited out, so that a pause holds everyone up, not one more each.
  const acquire = Effect.andThen(
    slots.take(1),
    Effect.onInterrupt(untilPauseEnds, () => slots.release(1))
  )

  const giveBack = (sentAt: number, completed: boolean) =>
    Effect.flatMap(monotonicMillis, (now) => {
      const safe = completed ? now : Math.max(now, sentAt + timeout)
      return slots.release(1).pipe(Effect.delay(safe - now + window + marginMillis), Effect.forkIn(scope))
    })

  return RateLimits.of({
    withSlot: (request) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(acquire), () =>
          Effect.flatMap(monotonicMillis, (sentAt) =>
            Effect.onExit(restore(request), (exit) =>
              giveBack(sentAt, Exit.isSuccess(exit) || !Exit.hasInterrupts(exit))
            )
          )
        )
      ),
    observe: (observation) =>
      Effect.flatMap(monotonicMillis, (now) => {
        if (observation.pauseMillis !== undefined)
          pausedUntil = Math.max(pausedUntil, now + observation.pauseMillis)
        const max = observation.max
        if (!adopts || max === undefined || !(max >= 1) || max === limit) return Effect.void
        limit = Math.floor(max)
        return slots.resize(limit)
      }),
    limit: Effect.sync(() => limit)
  })
})
