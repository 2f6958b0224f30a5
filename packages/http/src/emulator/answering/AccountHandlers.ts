/**
 * The details of the account, and the access tokens of an OAuth app.
 *
 * Only refreshing is served: there is no sign-in here.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Catalogue from "../state/Catalogue.ts"
import type { Answer, Call, Reply } from "../passage/Exchange.ts"
import * as Tokens from "../state/Tokens.ts"

/**
 * `GET /account-info/v3/details`. Specification for the fields.
 *
 * @category handlers
 * @since 0.1.0
 */
export const details = (timeZone: string) =>
  Effect.fnUntraced(function* ({ account }: Call): Answer {
    const zoned = DateTime.makeZonedUnsafe(yield* Clock.currentTimeMillis, { timeZone })
    const [companyCurrency, ...additionalCurrencies] = Catalogue.currencies
    return {
      status: 200,
      body: {
        portalId: account.crm.portalId,
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
 * `POST /oauth/2026-09/token`, parameters in the form body. The refusals' names are observation.
 *
 * @category handlers
 * @since 0.1.0
 */
export const token = Effect.fnUntraced(function* ({ account, text }: Call): Answer {
  const { app } = account.tokens
  const form = new URLSearchParams(text)
  if (form.get("grant_type") !== "refresh_token") {
    return refuse("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
  }
  if (app === undefined || form.get("client_id") !== app.clientId) {
    return refuse("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
  }
  if (form.get("client_secret") !== Redacted.value(app.clientSecret)) {
    return refuse("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
  }
  if (form.get("refresh_token") !== account.tokens.refreshToken()) {
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

const refuse = (error: string, status: string, message: string): Reply => ({
  status: 400,
  body: { error, error_description: message, status, message }
})
