/**
 * The account behind the token: its id, time zone and currencies, asked for once.
 *
 * The limiter learns from the answer which account it is, and in which time zone its day ends.
 *
 * @since 0.1.0
 */
import type * as Account from "@effect-hubspot/schema/Account"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Dispatch from "./Dispatch.ts"
import { HubSpotClient } from "./HubSpotClient.ts"
import type { HubSpotError } from "./HubSpotError.ts"
import * as Operations from "./Operations.ts"
import { RateLimits } from "./RateLimits.ts"
import * as Spans from "./Spans.ts"

/**
 * **Example**
 *
 * ```ts
 * import { AccountInfo } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer } from "effect"
 *
 * const layer = AccountInfo.layer.pipe(
 *   Layer.provide(Emulator.layerLineItems({ emulator: { portalId: 42 } }))
 * )
 * const program = Effect.gen(function* () {
 *   const account = yield* AccountInfo.AccountInfo
 *   const details = yield* account.details
 *   return details.portalId
 * })
 * await Effect.runPromise(Effect.provide(program, layer)) // => 42
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class AccountInfo extends Context.Service<
  AccountInfo,
  {
    /** The details. A success is kept, a failure is not. */
    readonly details: Effect.Effect<Account.AccountDetails, HubSpotError>
  }
>()("@effect-hubspot/http/AccountInfo") {}

/**
 * The account of the token, asked for when it is first needed.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<AccountInfo, never, HubSpotClient | RateLimits> = Layer.effect(
  AccountInfo,
  Effect.gen(function* () {
    const client = yield* HubSpotClient
    const limits = yield* RateLimits
    const ask = Effect.tap(
      Dispatch.make({ client, limits })(Operations.accountDetails),
      ({ portalId, timeZone }) => limits.observe({ timeZone, account: String(portalId) })
    )
    const details = yield* Effect.cachedWithTTL(ask, (exit) =>
      Exit.isSuccess(exit) ? Duration.infinity : Duration.zero
    )
    return AccountInfo.of({ details: Effect.withSpan(Spans.byReason(details), "AccountInfo.details") })
  })
)
