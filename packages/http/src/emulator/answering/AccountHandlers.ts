/**
 * The details of the account, its requests of the day, and the tokens of an OAuth app.
 *
 * A token is refreshed, examined and revoked: there is no sign-in here.
 *
 * @since 0.1.0
 */
import * as StandardProperties from "@effect-hubspot/schema/StandardProperties"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Account } from "../state/Account.ts"
import type { Answer, Call, Reply } from "../passage/Exchange.ts"
import * as Tokens from "../state/Tokens.ts"

/**
 * `GET /account-info/v3/details`. Specification for the fields.
 *
 * @category handlers
 * @since 0.1.0
 */
export const details = Effect.fnUntraced(function* ({ account: { crm, timeZone } }: Call): Answer {
  const zoned = DateTime.makeZonedUnsafe(yield* Clock.currentTimeMillis, { timeZone })
  const [companyCurrency, ...additionalCurrencies] = StandardProperties.currencies
  return {
    status: 200,
    body: {
      portalId: crm.portalId,
      accountType: "STANDARD",
      timeZone,
      companyCurrency,
      additionalCurrencies,
      utcOffset: DateTime.zonedOffsetIso(zoned),
      utcOffsetMilliseconds: DateTime.zonedOffset(zoned),
      uiDomain: "app.hubspot.com",
      dataHostingLocation: "na1"
    }
  }
})

/**
 * `GET /account-info/v3/api-usage/daily/private-apps`. Specification for the fields; the name is an assumption.
 *
 * @category handlers
 * @since 0.1.0
 */
export const usage = Effect.fnUntraced(function* ({ account }: Call): Answer {
  const now = yield* DateTime.now
  const { limit, resetsAt, used } = account.quota.day(DateTime.toEpochMillis(now))
  return {
    status: 200,
    body: {
      results: [
        {
          name: "private-apps-api-calls-daily",
          usageLimit: limit,
          currentUsage: used,
          collectedAt: DateTime.formatIso(now),
          fetchStatus: "SUCCESS",
          resetsAt: DateTime.formatIso(DateTime.makeUnsafe(resetsAt))
        }
      ]
    }
  }
})

/**
 * `POST /oauth/2026-09/token`, parameters in the form body. The refusals' names are observation.
 *
 * @category handlers
 * @since 0.1.0
 */
export const token = Effect.fnUntraced(function* ({ account, text }: Call): Answer {
  const form = new URLSearchParams(text)
  if (form.get("grant_type") !== "refresh_token") {
    return refuse("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
  }
  const app = appOf(account, form)
  if ("status" in app) return app
  if (!account.tokens.refreshes(form.get("refresh_token"))) {
    return refuse("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
  }
  const accessToken = `emulated-${yield* Tokens.randomKey}`
  if (app.rotates === true) account.tokens.rotate(`emulated-refresh-${yield* Tokens.randomKey}`)
  account.tokens.issue(accessToken, yield* Clock.currentTimeMillis)
  return {
    status: 200,
    body: {
      token_type: "bearer",
      access_token: accessToken,
      // Documentation: the refresh token stays the same. That it may be replaced is what OAuth allows.
      refresh_token: account.tokens.refreshToken(),
      expires_in: app.expiresIn ?? Tokens.defaultExpiresIn,
      hub_id: account.crm.portalId,
      scopes: [...account.scopes]
    }
  }
})

/** The app that a form names, or its refusal. */
const appOf = ({ tokens: { app } }: Account, form: URLSearchParams): Tokens.OAuthApp | Reply =>
  app === undefined || form.get("client_id") !== app.clientId
    ? refuse("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
    : form.get("client_secret") !== Redacted.value(app.clientSecret)
      ? refuse("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
      : app

/**
 * `POST /oauth/2026-09/token/introspect`. Specification: `active`. Documentation: the other fields of an active token;
 * that a token that is not active has none is an assumption.
 *
 * @category handlers
 * @since 0.1.0
 */
export const introspect = Effect.fnUntraced(function* ({ account, text }: Call): Answer {
  const form = new URLSearchParams(text)
  const app = appOf(account, form)
  if ("status" in app) return app
  const token = form.get("token") ?? ""
  const at = yield* Clock.currentTimeMillis
  const isRefresh = account.tokens.refreshes(token)
  const expiry = account.tokens.expiryOf(token, at)
  if (!isRefresh && expiry === undefined) return { status: 200, body: { active: false } }
  return {
    status: 200,
    body: {
      active: true,
      token_type: isRefresh ? "refresh_token" : "access_token",
      client_id: app.clientId,
      hub_id: account.crm.portalId,
      scopes: [...account.scopes],
      ...(expiry !== undefined && { expires_in: Math.floor((expiry - at) / 1000) })
    }
  }
})

/**
 * `POST /oauth/2026-09/token/revoke`. As in RFC 7009, an unknown token is no error; the status is an assumption.
 *
 * @category handlers
 * @since 0.1.0
 */
export const revoke = Effect.fnUntraced(function* ({ account, text }: Call): Answer {
  const form = new URLSearchParams(text)
  const app = appOf(account, form)
  if ("status" in app) return app
  account.tokens.revoke(form.get("token") ?? "")
  return { status: 204 }
})

const refuse = (error: string, status: string, message: string): Reply => ({
  status: 400,
  body: { error, error_description: message, status, message }
})
