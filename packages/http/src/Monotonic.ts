/**
 * Time for measuring and waiting, which no correction of the system's clock moves.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * Milliseconds since some moment of this machine. Only differences mean something.
 *
 * @category reading
 * @since 0.1.0
 */
export const monotonicMillis: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.succeed(millisOf(clock))
)

/**
 * Starts to measure: the milliseconds since now. The wall clock goes on while a machine sleeps, the monotonic one may not, so
 * the longer of both counts.
 *
 * **Example**
 *
 * ```ts
 * import * as Monotonic from "@effect-hubspot/http/Monotonic"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const millis = yield* Monotonic.elapsing
 *   yield* Effect.sleep("20 millis")
 *   return (yield* millis) >= 15
 * })
 * await Effect.runPromise(program) // => true
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const elapsing: Effect.Effect<Effect.Effect<number>> = Clock.clockWith((clock) => {
  const monotonic = millisOf(clock)
  const wall = clock.currentTimeMillisUnsafe()
  return Effect.succeed(
    Effect.sync(() => Math.max(millisOf(clock) - monotonic, clock.currentTimeMillisUnsafe() - wall))
  )
})

const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
