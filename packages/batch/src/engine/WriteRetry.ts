/**
 * Repeats writes of what cannot be asked for again: HubSpot's answers. A database that is away is usually back soon, so a
 * write is repeated for half a minute.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import * as StoreFailure from "../model/StoreFailure.ts"

/**
 * Repeats a write until it succeeds, fails for a reason that does not pass, or no write has succeeded for half a minute.
 * `again` says that the write failed before. It may have been committed all the same.
 */
export type WriteRetry = <A, E, R>(
  write: (again: boolean) => Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

export const make = (options: {
  /** Receives every failure, also one that passes. */
  readonly onFailure: (error: StoreFailure.StoreFailure) => Effect.Effect<unknown>
  /** Once it is completed, no write is repeated. */
  readonly abandon: Deferred.Deferred<void>
}): WriteRetry => {
  /** All writes share it: while the database is away, they fail together. */
  let failingSince: number | undefined

  const isWorthwhile = (error: unknown) =>
    Effect.map(monotonicMillis, (now) => {
      if (!StoreFailure.isStoreFailure(error) || !StoreFailure.mayPass(error)) return false
      failingSince ??= now
      return now - failingSince < mostMillis && !Deferred.isDoneUnsafe(options.abandon)
    })

  return (write) =>
    Effect.suspend(() => {
      let again = false
      return Effect.suspend(() => write(again)).pipe(
        Effect.tapError((error) => {
          again = true
          return StoreFailure.isStoreFailure(error) ? options.onFailure(error) : Effect.void
        }),
        Effect.retry({ while: isWorthwhile, schedule: Schedule.spaced(pauseMillis) }),
        Effect.tap(() => Effect.sync(() => (failingSince = undefined)))
      )
    })
}

/** A write is repeated for so long. */
export const mostMillis = 30_000

/** Between two writes. */
const pauseMillis = 500
