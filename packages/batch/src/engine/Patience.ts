/**
 * Writes of what cannot be asked for again: what HubSpot answered. A database that is away is mostly back in a moment, so
 * they are made again for half a minute.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { monotonicMillis } from "../model/Monotonic.ts"
import * as StoreFailure from "../model/StoreFailure.ts"

export interface Patience {
  /**
   * Makes a write until it succeeds, fails for a reason that does not pass, or no write has succeeded for half a minute.
   * `again` says that it failed before, and may have been committed all the same.
   */
  readonly write: <A, E, R>(make: (again: boolean) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (options: {
  /** Told of every failure, also of one that passes. */
  readonly onFailure: (error: StoreFailure.StoreFailure) => Effect.Effect<unknown>
  /** Once it is completed, nothing is waited for. */
  readonly abandon: Deferred.Deferred<void>
}): Patience => {
  /** One for all writes: while the database is away, they fail together. */
  let failingSince: number | undefined

  const isWorthwhile = (error: unknown) =>
    Effect.map(monotonicMillis, (now) => {
      if (!StoreFailure.isStoreFailure(error) || !StoreFailure.mayPass(error)) return false
      failingSince ??= now
      return now - failingSince < patienceMillis && !Deferred.isDoneUnsafe(options.abandon)
    })

  return {
    write: (make) =>
      Effect.suspend(() => {
        let again = false
        return Effect.suspend(() => make(again)).pipe(
          Effect.tapError((error) => {
            again = true
            return StoreFailure.isStoreFailure(error) ? options.onFailure(error) : Effect.void
          }),
          Effect.retry({ while: isWorthwhile, schedule: Schedule.spaced(pauseMillis) }),
          Effect.tap(() => {
            failingSince = undefined
            return Effect.void
          })
        )
      })
  }
}

const patienceMillis = 30_000

/** Between two tries. */
const pauseMillis = 500
