/**
 * Work that stops gracefully when its caller is interrupted: it begins nothing more and finishes what is under way. What is
 * not finished after a grace period is abandoned.
 *
 * It does not know the work. An interruption never cuts a request off, since that request would be in doubt.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** How to stop the work when its caller is interrupted. */
export interface How {
  readonly stop: Effect.Effect<unknown>
  /** Done when the work has had enough time to finish after `stop`. */
  readonly grace: Effect.Effect<unknown>
  /** Runs after `grace`. Abandoned work must end soon by itself. */
  readonly abandon: Effect.Effect<unknown>
}

/** Runs work apart from its caller. An interruption of the caller ends when the work has ended. */
export const run = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  { abandon, grace, stop }: How
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const working = yield* Effect.forkDetach(Effect.interruptible(work))
      return yield* Effect.onInterrupt(
        restore(Fiber.join(working)),
        Effect.fnUntraced(function* () {
          yield* stop
          const ended = Effect.as(Fiber.await(working), true)
          if (yield* Effect.raceFirst(ended, Effect.as(grace, false))) return
          yield* abandon
          yield* ended
        })
      )
    })
  )

/** The longest time a request may take to be answered. */
export const defaultGrace = "110 seconds"
