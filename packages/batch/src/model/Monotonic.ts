/**
 * Measures elapsed time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds of a clock that corrections of the system time do not move. */
export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Starts a measurement of milliseconds. The system time goes on while a machine sleeps, the monotonic clock may not. */
export const elapsing = Effect.map(
  Effect.all([monotonicMillis, Clock.currentTimeMillis]),
  ([monotonic, wall]) =>
    Effect.map(Effect.all([monotonicMillis, Clock.currentTimeMillis]), (now) =>
      Math.max(now[0] - monotonic, now[1] - wall)
    )
)
