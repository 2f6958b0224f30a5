/**
 * Time for measuring.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Time that no clock correction moves, in milliseconds. */
export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
