/**
 * Signals of the terminal after the first, which interrupts the program.
 */
import * as Effect from "effect/Effect"

/** The next Ctrl-C or SIGTERM. */
export const next: Effect.Effect<void> = Effect.callback((resume) => {
  const received = () => resume(Effect.void)
  process.once("SIGINT", received)
  process.once("SIGTERM", received)
  return Effect.sync(() => {
    process.removeListener("SIGINT", received)
    process.removeListener("SIGTERM", received)
  })
})
