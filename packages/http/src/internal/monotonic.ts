/**
 * Time for measuring and waiting.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Time that no clock correction moves, in milliseconds. */
export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Starts to measure: the milliseconds since now. The wall clock goes on while a machine sleeps, the monotonic one may not. */
export const elapsing = Effect.map(
  Effect.all([monotonicMillis, Clock.currentTimeMillis]),
  ([monotonic, wall]) =>
    Effect.map(Effect.all([monotonicMillis, Clock.currentTimeMillis]), (now) =>
      Math.max(now[0] - monotonic, now[1] - wall)
    )
)
