import * as Effect from "effect/Effect"
import * as HubSpotError from "../HubSpotError.ts"
import type { RateLimitStoreError } from "../RateLimitStore.ts"

/** Without its store the limiter lets nothing through. It is asked again, so that it is said at once why it takes so long. */
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
 * What came of a request is not lost because the store cannot be told: a slot it does not hear of again
 * runs out with its lease, and what HubSpot says of its limits it says in the next answer.
 */
export const asFarAsPossible = (effect: Effect.Effect<void, RateLimitStoreError>): Effect.Effect<void> =>
  Effect.catch(effect, ({ message }) => Effect.logWarning(message))
