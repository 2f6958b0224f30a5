/**
 * Measures elapsed time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds of a clock that corrections of the system time do not move. */
export const monotonicMillis = Clock.clockWith((clock) => Effect.succeed(millisOf(clock)))

/** Starts a measurement of milliseconds. The system time goes on while a machine sleeps, the monotonic clock may not. */
export const elapsing: Effect.Effect<Effect.Effect<number>> = Clock.clockWith((clock) => {
  const monotonic = millisOf(clock)
  const wall = clock.currentTimeMillisUnsafe()
  return Effect.succeed(
    Effect.sync(() => Math.max(millisOf(clock) - monotonic, clock.currentTimeMillisUnsafe() - wall))
  )
})

const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
