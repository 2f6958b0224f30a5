/**
 * The access token. It is checked before it goes into a header, and it is never shown.
 *
 * The token of a private app and a service key do not change. An OAuth token expires; one fiber renews it before
 * that, for all requests.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { InvalidBaseUrl } from "./BaseUrl.ts"
import type { HubSpotError, TokenKind } from "./HubSpotError.ts"
import { setting } from "./internal/setting.ts"
import * as OAuth from "./OAuth.ts"
import { environmentVariable } from "./Settings.ts"

export { environmentVariable } from "./Settings.ts"

/**
 * A token is missing or malformed. The message says what is wrong and where, and never holds the token.
 *
 * @category errors
 * @since 0.1.0
 */
export class CredentialsError extends Schema.TaggedError<CredentialsError>()("CredentialsError", {
  message: Schema.String
}) {}

const illegal = /[^A-Za-z0-9._~+/=-]/

/**
 * Checks a token: 8 to 4,096 characters of `A–Z a–z 0–9 . _ ~ + / = -`. One line break at its end, as
 * in a file, is dropped.
 *
 * **Example**
 *
 * ```ts
 * import { Credentials } from "@effect-hubspot/http"
 * import { Effect, Redacted } from "effect"
 *
 * const checked = Credentials.check(Redacted.make("Bearer pat-eu1-0000"))
 * const message = Effect.runSync(Effect.flip(checked)).message
 * message // => "the access token begins with \"Bearer \"; give the token alone"
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (
  token: Redacted.Redacted<string>,
  name = "the access token"
): Effect.Effect<Redacted.Redacted<string>, CredentialsError> => {
  const given: unknown = Redacted.value(token)
  // Programs without types hand on what `process.env` lacks.
  const text = typeof given === "string" ? given.replace(/\r?\n$/, "") : ""
  const fail = (message: string) => Effect.fail(new CredentialsError({ message: `${name} ${message}` }))
  if (text.length === 0) return fail("is empty; set it to the token of a private app or a service key")
  if (/^bearer /i.test(text)) return fail(`begins with "Bearer "; give the token alone`)
  const position = text.search(illegal)
  if (position >= 0) {
    return fail(
      `has an invalid character (position ${position + 1}); copy the token again, without blanks or quotes`
    )
  }
  if (text.length < 8 || text.length > 4096) {
    return fail(`has ${text.length} characters, a token has 8 to 4,096; copy it again in full`)
  }
  return Effect.succeed(Redacted.make(text))
}

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

// A personal access key is base64 of a message that begins with a key of 36 characters, an OAuth access token of one that
// begins with a time.
const forms: ReadonlyArray<readonly [TokenKind, RegExp]> = [
  ["apiKey", new RegExp(`^(?:[a-z]{2}\\d+-)?${uuid}$`, "i")],
  ["privateApp", /^pat-/i],
  ["personalAccessKey", /^Ci[QRST][A-Za-z0-9+/_=-]{40,}$/],
  ["oauth", /^C[A-P][A-Za-z0-9+/_=-]{40,}$/]
]

/**
 * What a token is, by its form. HubSpot's forms are not documented: use it to explain a refusal, not to refuse a token.
 *
 * **Example**
 *
 * ```ts
 * import { Credentials } from "@effect-hubspot/http"
 * import { Redacted } from "effect"
 *
 * const kind = Credentials.kindOf(Redacted.make("5a1b2c3d-0000-4000-8000-5a1b2c3d4e5f"))
 * kind // => "apiKey"
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const kindOf = (token: Redacted.Redacted<string>): TokenKind =>
  forms.find(([, form]) => form.test(Redacted.value(token)))?.[0] ?? "unknown"

/**
 * The access token of the next request.
 *
 * **Example**
 *
 * ```ts
 * import { Credentials } from "@effect-hubspot/http"
 * import { Effect, Redacted } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const credentials = yield* Credentials.Credentials
 *   return String(yield* credentials.token)
 * }).pipe(Effect.provide(Credentials.layer(Redacted.make("pat-eu1-0000"))))
 * Effect.runSync(program) // => "<redacted>"
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Credentials extends Context.Service<
  Credentials,
  {
    /**
     * Gets a token that stays valid for a while, unless there is one. Run it before you wait for a slot of the
     * rate limit: it may take long. Concurrent callers share one renewal.
     */
    readonly ready: Effect.Effect<void, HubSpotError>
    /** A token that should be valid now. */
    readonly token: Effect.Effect<Redacted.Redacted<string>, HubSpotError>
    /** Reports that HubSpot refused this token. True if `token` will be a new one next time. */
    readonly refused: (token: Redacted.Redacted<string>) => Effect.Effect<boolean>
  }
>()("@effect-hubspot/http/Credentials") {}

/**
 * The token of a private app, or a service key.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  token: Redacted.Redacted<string>,
  name?: string
): Layer.Layer<Credentials, CredentialsError> =>
  Layer.effect(
    Credentials,
    Effect.map(check(token, name), (checked) =>
      Credentials.of({
        ready: Effect.void,
        token: Effect.succeed(checked),
        refused: () => Effect.succeed(false)
      })
    )
  )

/**
 * The token from `HUBSPOT_ACCESS_TOKEN`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<Credentials, CredentialsError> = Layer.unwrap(
  Effect.map(setting(environmentVariable), (token) =>
    token === undefined
      ? Layer.effect(
          Credentials,
          new CredentialsError({
            message: `${environmentVariable} is not set; set it to the token of a private app or a service key`
          })
        )
      : layer(Redacted.make(token), environmentVariable)
  )
)

/**
 * Tokens of an OAuth app for one account, renewed as they expire.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOAuth = (options: OAuth.Options): Layer.Layer<Credentials, InvalidBaseUrl, HttpClient> =>
  Layer.effect(Credentials, OAuth.make(options))
