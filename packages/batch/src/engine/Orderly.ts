/**
 * Work that is stopped in order when its caller is interrupted: nothing more is begun, what is under way comes to its end, and
 * only who cannot wait for that abandons it.
 *
 * It knows nothing of what is stopped. An interruption never cuts a request off: that would leave it in doubt.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** What is done about work whose caller is interrupted. */
export interface How {
  readonly stop: Effect.Effect<unknown>
  /** As long as the end is waited for, after `stop`. */
  readonly patience: Effect.Effect<unknown>
  /** Done when patience is over. Work that is abandoned ends by itself, and soon. */
  readonly abandon: Effect.Effect<unknown>
}

/** Runs work apart from its caller, whose interruption ends with the work. */
export const run = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  { abandon, patience, stop }: How
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const working = yield* Effect.forkDetach(Effect.interruptible(work))
      return yield* Effect.onInterrupt(
        restore(Fiber.join(working)),
        Effect.fnUntraced(function* () {
          yield* stop
          const ended = Effect.as(Fiber.await(working), true)
          if (yield* Effect.raceFirst(ended, Effect.as(patience, false))) return
          yield* abandon
          yield* ended
        })
      )
    })
  )

/** As long as a request may take to be answered. */
export const defaultGrace = "110 seconds"
