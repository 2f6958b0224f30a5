/**
 * Time for measuring and waiting.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Time that no clock correction moves, in milliseconds. */
export const monotonicMillis = Clock.clockWith((clock) => Effect.succeed(millisOf(clock)))

/** Starts to measure: the milliseconds since now. The wall clock goes on while a machine sleeps, the monotonic one may not. */
export const elapsing: Effect.Effect<Effect.Effect<number>> = Clock.clockWith((clock) => {
  const monotonic = millisOf(clock)
  const wall = clock.currentTimeMillisUnsafe()
  return Effect.succeed(
    Effect.sync(() => Math.max(millisOf(clock) - monotonic, clock.currentTimeMillisUnsafe() - wall))
  )
})

const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
