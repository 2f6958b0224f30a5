/**
 * Access tokens of an OAuth app: got with the refresh token, kept until shortly before they expire, and
 * renewed by one fiber while all others wait for it.
 *
 * A token is renewed by its `expires_in`, not after a 401. A refused refresh token is an error of its own: only
 * connecting the account again fixes it. A renewal that has begun runs to its end even if no fiber waits for it any
 * more: HubSpot may have replaced the refresh token, and then the old one is worthless.
 *
 * @since 0.1.0
 */
import * as Account from "@effect-hubspot/schema/Account"
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as BaseUrl from "./BaseUrl.ts"
import { otherPaths } from "./contract/Paths.ts"
import * as HubSpotError from "./HubSpotError.ts"
import { monotonicMillis } from "./Monotonic.ts"
import * as Wire from "./internal/wire.ts"
import * as Redaction from "./Redaction.ts"
import * as Spans from "./Spans.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly refreshToken: Redacted.Redacted<string>
  /** `https://api.hubapi.com` (default), or a loopback address such as the emulator's. */
  readonly baseUrl?: string | undefined
  /**
   * How long before its end a token is renewed. A request that already has its slot renews it only half as long
   * before. Default 5 minutes, at most half of the token's life.
   */
  readonly ahead?: Duration.Input | undefined
  /**
   * Runs if HubSpot sends a new refresh token, which replaces the old one: store it. It is not interrupted, and the
   * access token is available once it has ended.
   */
  readonly onRefreshToken?: ((token: Redacted.Redacted<string>) => Effect.Effect<void>) | undefined
  /**
   * The refresh token that was stored last, by any process that shares it. It is looked up before each renewal, and for
   * one and a half seconds more if HubSpot refuses the one that was used. `undefined` means that none was stored.
   */
  readonly stored?: Effect.Effect<Redacted.Redacted<string> | undefined> | undefined
}

interface Token {
  readonly value: Redacted.Redacted<string>
  /** When a request without a slot renews it, and when a request with a slot does. */
  readonly renewAtMillis: number
  readonly renewAtLastMillis: number
}

const decodeToken = Schema.decodeUnknownOption(Schema.fromJsonString(Account.TokenResponse))
const decodeError = Schema.decodeUnknownOption(Schema.fromJsonString(Account.TokenError))

const operation = `POST ${otherPaths.token}`
const failed = (reason: HubSpotError.Reason) => new HubSpotError.HubSpotError({ reason, operation })

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<
  {
    readonly ready: Effect.Effect<void, HubSpotError.HubSpotError>
    readonly token: Effect.Effect<Redacted.Redacted<string>, HubSpotError.HubSpotError>
    readonly refused: (token: Redacted.Redacted<string>) => Effect.Effect<boolean>
  },
  BaseUrl.InvalidBaseUrl,
  HttpClient.HttpClient | Scope.Scope
> {
  const origin = yield* BaseUrl.check(options.baseUrl ?? BaseUrl.hubspot)
  const client = yield* HttpClient.HttpClient
  const ahead = Duration.toMillis(options.ahead ?? "5 minutes")
  const scope = yield* Effect.scope
  let refreshToken = options.refreshToken
  let current: Token | undefined

  // A defect of the listener must not cost the access token.
  const report = (token: Redacted.Redacted<string>) =>
    Effect.suspend(() => options.onRefreshToken?.(token) ?? Effect.void).pipe(
      Effect.catchDefect((defect) => Effect.logError("a defect in onRefreshToken", defect))
    )

  /** Takes the stored token; whether it is another one. */
  const takeStored = Effect.map(options.stored ?? Effect.succeed(undefined), (stored) => {
    if (stored === undefined || Redacted.value(stored) === Redacted.value(refreshToken)) return false
    refreshToken = stored
    return true
  })

  const exchange = Effect.gen(function* () {
    const form = UrlParams.make([
      ["grant_type", "refresh_token"],
      ["client_id", options.clientId],
      ["client_secret", Redacted.value(options.clientSecret)],
      ["refresh_token", Redacted.value(refreshToken)]
    ])
    const request = HttpClientRequest.post(`${origin}${otherPaths.token}`).pipe(
      HttpClientRequest.setHeaders({ accept: "application/json", "accept-encoding": "identity" }),
      HttpClientRequest.setBody(HttpBody.urlParams(form))
    )
    const redact = Redaction.make([options.clientSecret, refreshToken])
    const bounds = { timeoutMillis: 30_000, maxBytes: 64 * 1024, redact }
    const raw = yield* Wire.exchange(client, request, bounds).pipe(
      Effect.mapError((reason) => failed(new HubSpotError.TokenUnavailable({ detail: reason.message })))
    )
    const refused =
      raw.status === 400 || raw.status === 401 || raw.status === 403 ? refusal(redact(raw.body)) : undefined
    if (refused !== undefined) return yield* failed(refused)
    // A success holds secrets, so no part of it is shown.
    const answer = raw.status === 200 ? Option.getOrUndefined(decodeToken(raw.body)) : undefined
    if (answer === undefined || !wellFormed.test(answer.access_token)) {
      return yield* failed(
        new HubSpotError.TokenUnavailable({ detail: `HTTP ${raw.status} from the token endpoint` })
      )
    }
    const now = yield* monotonicMillis
    const life = Math.max(0, answer.expires_in * 1000)
    const early = Math.min(ahead, life / 2)
    current = {
      value: Redacted.make(answer.access_token),
      renewAtMillis: now + life - early,
      renewAtLastMillis: now + life - early / 2
    }
    if (answer.refresh_token !== undefined && answer.refresh_token !== Redacted.value(refreshToken)) {
      refreshToken = Redacted.make(answer.refresh_token)
      yield* report(refreshToken)
    }
    return current.value
  })

  /**
   * Takes the token that another process has got for the one that was used, and may still be storing: HubSpot refuses the old
   * one earlier. Whether there is one.
   */
  const awaitStored = Effect.gen(function* () {
    if (yield* takeStored) return true
    if (options.stored === undefined) return false
    for (const millis of storingMillis) {
      yield* Effect.sleep(millis)
      if (yield* takeStored) return true
    }
    return false
  })

  const renew = takeStored.pipe(
    Effect.andThen(exchange),
    // A process that is slower than the others may be late more than once.
    Effect.retry({
      times: 3,
      while: ({ reason }) => (reason._tag === "TokenRefused" ? awaitStored : Effect.succeed(false))
    }),
    Spans.byReason,
    Effect.withSpan("Credentials.renew")
  )

  let renewal: Deferred.Deferred<Redacted.Redacted<string>, HubSpotError.HubSpotError> | undefined

  // One renewal at a time, in a fiber of its own that is not interrupted. All callers meanwhile get its token, or
  // fail as it fails.
  const renewed = Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      if (renewal !== undefined) return restore(Deferred.await(renewal))
      const begun = Deferred.makeUnsafe<Redacted.Redacted<string>, HubSpotError.HubSpotError>()
      renewal = begun
      return Effect.flatMap(
        Effect.forkIn(renew, scope, { startImmediately: true, uninterruptible: true }),
        (fiber) => {
          fiber.addObserver((exit) => {
            renewal = undefined
            Deferred.doneUnsafe(begun, exit)
          })
          return restore(Deferred.await(begun))
        }
      )
    })
  )

  const tokenUntil = (due: (token: Token) => number) =>
    Effect.flatMap(monotonicMillis, (now) =>
      current !== undefined && now < due(current) ? Effect.succeed(current.value) : renewed
    )

  return {
    ready: Effect.asVoid(tokenUntil((token) => token.renewAtMillis)),
    token: tokenUntil((token) => token.renewAtLastMillis),
    refused: (refused) =>
      Effect.sync(() => {
        if (current !== undefined && Redacted.value(current.value) === Redacted.value(refused))
          current = undefined
        return true
      })
  }
})

/** HubSpot's refusal of the refresh token; `undefined` if the body is not HubSpot's. */
const refusal = (body: string): HubSpotError.TokenRefused | undefined => {
  const error = Option.getOrUndefined(decodeError(body))
  const status = typeof error?.status === "string" ? error.status : error?.error
  if (status === undefined) return undefined
  const detail = error?.message ?? error?.error_description ?? "no message"
  return new HubSpotError.TokenRefused({
    status: ErrorBody.showable(status, 80),
    detail: ErrorBody.showable(detail)
  })
}

/** The waits for a token that another process is storing. */
const storingMillis = [100, 200, 400, 800]

const wellFormed = /^[A-Za-z0-9._~+/=-]{8,4096}$/
