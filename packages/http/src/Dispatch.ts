/**
 * Sends an operation, and sends it again as the policy allows. Each attempt first gets a token, then waits for a slot
 * of the operation's pool. The runner of batches in `@effect-hubspot/batch` makes its attempts itself.
 *
 * This module does not decide what is sent again; `Retry` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { HubSpotClient } from "./HubSpotClient.ts"
import type { HubSpotError } from "./HubSpotError.ts"
import type { Operation } from "./Operation.ts"
import type { RateLimits } from "./RateLimits.ts"
import * as Retry from "./Retry.ts"

/**
 * The services that send a request. Default `policy`: `Retry.defaults`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Services {
  readonly client: HubSpotClient["Service"]
  readonly limits: RateLimits["Service"]
  readonly policy?: Retry.Policy | undefined
}

/**
 * Makes a function that sends operations. The spans have the number of the attempt, `hubspot.attempt`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make =
  ({ client, limits, policy }: Services) =>
  <A>(operation: Operation<A>): Effect.Effect<A, HubSpotError> =>
    Retry.run(
      (attempt) =>
        Effect.andThen(client.ready, limits.withSlot(operation.pool)(client.execute(operation))).pipe(
          Effect.annotateSpans({ "hubspot.attempt": attempt })
        ),
      { operation: operation.name, idempotent: operation.idempotent, policy }
    )
