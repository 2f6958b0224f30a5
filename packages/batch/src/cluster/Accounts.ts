/**
 * The HubSpot accounts that this process may act for: for each a client with its token, and its limits.
 *
 * The services of an account are made for its first job, shared by all its jobs, and closed a minute after the last.
 * Accounts share nothing, so a slow, suspended or refused account does not slow down another. It trusts no token: it asks
 * HubSpot for the token's account.
 *
 * @since 0.1.0
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { HubSpotError, TokenUnavailable } from "@effect-hubspot/http/HubSpotError"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import { ErrorBody } from "@effect-hubspot/schema"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

const advice = {
  NoToken: "give this process a token of that account, or run the job in a process that has one",
  OtherAccount: "give a token of the job's account",
  Refused: "check the token and its scopes",
  Unreachable: "wait: the job goes on once HubSpot answers"
}

/**
 * This process cannot act for an account. `NoToken`: it has no token. `OtherAccount`: the token belongs to another account.
 * `Refused`: HubSpot refuses the token. `Unreachable`: HubSpot does not answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountUnavailable extends Schema.TaggedError<AccountUnavailable>()("AccountUnavailable", {
  account: Schema.String,
  reason: Schema.Literals(["NoToken", "OtherAccount", "Refused", "Unreachable"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `account ${ErrorBody.showable(this.account, 40)}: ${this.detail}; ${advice[this.reason]}`
  }
}

/**
 * The services that requests to an account go through.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = HubSpotClient | RateLimits

/**
 * **Example**
 *
 * ```ts
 * import * as Accounts from "@effect-hubspot/batch/cluster/Accounts"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect } from "effect"
 *
 * const layer = Accounts.layer(() => Emulator.layerLineItems({ emulator: { portalId: 42 } }))
 * const program = Effect.gen(function* () {
 *   const accounts = yield* Accounts.Accounts
 *   const { detail } = yield* Effect.flip(accounts.services("7"))
 *   return detail
 * }).pipe(Effect.scoped, Effect.provide(layer))
 * await Effect.runPromise(program) // => "the token belongs to account 42"
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Accounts extends Context.Service<
  Accounts,
  {
    /** The services of an account, kept until the scope ends. */
    readonly services: (
      account: string
    ) => Effect.Effect<Context.Context<Services>, AccountUnavailable, Scope.Scope>
  }
>()("@effect-hubspot/batch/cluster/Accounts") {}

/**
 * Accounts with a layer for each. Where a layer fails, its error is the `detail` of `NoToken`; an `AccountUnavailable` is
 * passed on as it is.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <Made, E, R>(
  services: (account: string) => Layer.Layer<Services | Made, E, R>
): Layer.Layer<Accounts, never, R> =>
  Layer.effect(
    Accounts,
    Effect.gen(function* () {
      const map = yield* LayerMap.make(
        (account: string) =>
          services(account).pipe(
            Layer.catch((error) => Layer.effectContext(Effect.fail(withoutToken(account, error)))),
            Layer.tap((made) => Effect.provide(belongsTo(account), made))
          ),
        { idleTimeToLive: "1 minute" }
      )
      return Accounts.of({
        services: (account) =>
          // A failure is not kept: the next job of the account builds the layer again.
          Effect.tapError(map.contextEffect(account), () => map.invalidate(account))
      })
    })
  )

/**
 * Services that refuse every request: for a canceled job of an account that this process cannot act for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unavailable = (origin: string, { message }: AccountUnavailable): Context.Context<Services> => {
  const refuse = (operation: string) =>
    Effect.fail(new HubSpotError({ reason: new TokenUnavailable({ detail: message }), operation }))
  return Context.make(HubSpotClient, {
    ready: refuse("HubSpotClient.ready"),
    execute: ({ name }) => refuse(name),
    timeout: Duration.zero,
    apiVersion: "v3",
    origin
  }).pipe(
    Context.add(RateLimits, {
      withSlot: () => (request) => request,
      observe: () => Effect.void,
      limit: Effect.succeed(1)
    })
  )
}

const withoutToken = (account: string, error: unknown): AccountUnavailable =>
  error instanceof AccountUnavailable
    ? error
    : new AccountUnavailable({
        account,
        reason: "NoToken",
        detail: error instanceof Error ? error.message : "its layer cannot be built",
        cause: error
      })

/** Fails unless the token belongs to the account. */
const belongsTo = (account: string): Effect.Effect<void, AccountUnavailable, Services> =>
  Effect.gen(function* () {
    const { portalId } = yield* Effect.flatMap(AccountInfo.AccountInfo, ({ details }) => details)
    if (String(portalId) === account) return
    return yield* new AccountUnavailable({
      account,
      reason: "OtherAccount",
      detail: `the token belongs to account ${portalId}`
    })
  }).pipe(
    Effect.provide(AccountInfo.layer),
    Effect.catchTag("HubSpotError", (error) => Effect.fail(notAsked(account, error)))
  )

const notAsked = (account: string, error: HubSpotError): AccountUnavailable =>
  new AccountUnavailable({
    account,
    reason: error.ends === "credentials" ? "Refused" : "Unreachable",
    detail: error.message,
    cause: error
  })
