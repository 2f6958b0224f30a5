import * as Effect from "effect/Effect"
import * as HubSpotError from "../HubSpotError.ts"
import type { RateLimitStoreError } from "../RateLimitStore.ts"

/** Without its store the limiter lets no request through. Each failure is logged, so that the reason for the wait is seen at once. */
export const unlessUnavailable = <A>(
  effect: Effect.Effect<A, RateLimitStoreError>
): Effect.Effect<A, HubSpotError.HubSpotError> =>
  Effect.catch(effect, ({ message }) =>
    Effect.andThen(
      Effect.logWarning(message),
      Effect.fail(
        new HubSpotError.HubSpotError({
          reason: new HubSpotError.LimitsUnavailable({ detail: message }),
          operation: "RateLimits.withSlot"
        })
      )
    )
  )

/**
 * A request keeps its result even if the store cannot record it: the lease of an unrecorded slot runs out, and HubSpot
 * reports its limits again in the next answer.
 */
export const asFarAsPossible = (effect: Effect.Effect<void, RateLimitStoreError>): Effect.Effect<void> =>
  Effect.catch(effect, ({ message }) => Effect.logWarning(message))
