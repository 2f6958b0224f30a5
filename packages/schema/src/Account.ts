/**
 * HubSpot's replies about the account of a token, and about OAuth tokens.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { OpenStruct } from "./internal/openStruct.ts"

/**
 * `GET /account-info/v3/details`. The account's day of requests ends at midnight in its time zone.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AccountDetails = OpenStruct({
  portalId: Schema.Int,
  timeZone: Schema.optional(Schema.String),
  accountType: Schema.optional(Schema.String),
  companyCurrency: Schema.optional(Schema.String),
  additionalCurrencies: Schema.optional(Schema.Array(Schema.String)),
  utcOffset: Schema.optional(Schema.String),
  utcOffsetMilliseconds: Schema.optional(Schema.Int),
  uiDomain: Schema.optional(Schema.String),
  dataHostingLocation: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type AccountDetails = typeof AccountDetails.Type

/**
 * The answer of the OAuth token endpoint. `expires_in` in seconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TokenResponse = OpenStruct({
  access_token: Schema.String,
  expires_in: Schema.Finite,
  refresh_token: Schema.optional(Schema.String),
  token_type: Schema.optional(Schema.String),
  hub_id: Schema.optional(Schema.Int)
})

/**
 * Why the token endpoint refused: `status` is HubSpot's word (`BAD_REFRESH_TOKEN`), `error` OAuth's.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TokenError = OpenStruct({
  error: Schema.optional(Schema.String),
  error_description: Schema.optional(Schema.String),
  status: Schema.optional(Schema.Unknown),
  message: Schema.optional(Schema.String)
})
