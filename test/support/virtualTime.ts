/**
 * Time that passes as fast as the work in it: a test waits for what happens, and never for a number of steps.
 */
import { assert } from "@effect/vitest"
import { type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** Steps after which what has not ended never will. */
const hangs = 20_000

/** The end of a fiber, after as many steps of virtual time as it takes. Between two of them all that can go on goes on. */
export const join = <A, E>(
  fiber: Fiber.Fiber<A, E>,
  step: Duration.Input = "1 second"
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    for (let steps = 0; fiber.pollUnsafe() === undefined; steps++) {
      if (steps > hangs) assert.fail("it hangs")
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })

export const inVirtualTime = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  step?: Duration.Input
): Effect.Effect<A, E, R> => Effect.flatMap(Effect.forkChild(effect), (fiber) => join(fiber, step))
