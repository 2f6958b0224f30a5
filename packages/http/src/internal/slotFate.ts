/**
 * What becomes of a request's slot when the request ends: the slot is free at once (`notSent`), it is held for one more
 * window (`over`), or it is held until its lease runs out (`mayArrive`).
 *
 * This module only judges how a request ended. `RateLimits` acts on it.
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HubSpotError from "../HubSpotError.ts"

/**
 * The error of a request that sent nothing in its slot: the slot is free at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class NothingSent extends Data.TaggedError("NothingSent") {}

export type SlotFate = "notSent" | "over" | "mayArrive"

/** Runs a request, and hands the fate of its slot to `ended`. `restore` makes the request interruptible. */
export const watch = <A, E, R>(
  request: Effect.Effect<A, E, R>,
  restore: (request: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  ended: (fate: SlotFate) => Effect.Effect<void>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    // The fate is decided inside of `restore`: the fiber may be interrupted right after the request has ended.
    let fate: SlotFate = "mayArrive"
    const watched = Effect.onExit(request, (exit) =>
      Effect.sync(() => {
        fate = fateOf(exit)
      })
    )
    return Effect.onExit(restore(watched), () => ended(fate))
  })

const fateOf = (exit: Exit.Exit<unknown, unknown>): SlotFate => {
  if (Exit.isSuccess(exit)) return "over"
  const { reasons } = exit.cause
  if (reasons.some(mayStillArrive)) return "mayArrive"
  return reasons.some((reason) => reason._tag === "Fail" && reason.error instanceof NothingSent)
    ? "notSent"
    : "over"
}

/** An abandoned request may still arrive, and so may one whose connection broke without an answer. */
const mayStillArrive = (reason: Cause.Reason<unknown>): boolean => {
  if (reason._tag !== "Fail") return reason._tag === "Interrupt"
  const why = reason.error instanceof HubSpotError.HubSpotError ? reason.error.reason : undefined
  return why?._tag === "TransportAmbiguous" || (why?._tag === "TimedOut" && why.phase === "headers")
}
