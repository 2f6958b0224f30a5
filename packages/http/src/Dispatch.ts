/**
 * Sends an operation as everything but the runner of batches does: with a token got before, each attempt in a slot of its
 * pool, again as the policy allows.
 *
 * It decides nothing about repetitions, `Retry` does.
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
 * What it takes to ask HubSpot. `policy` is `Retry.defaults` unless given.
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
 * Sends operations with these services. The number of the `attempt` is on the spans.
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
          Effect.annotateSpans({ attempt })
        ),
      { operation: operation.name, idempotent: operation.idempotent, policy }
    )
