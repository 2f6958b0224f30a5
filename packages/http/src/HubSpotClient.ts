/**
 * One attempt at one request: token, transport guard, send, read, classify.
 *
 * It never sends a request again, never waits for a rate limit, and never follows a link or redirect. The URL is made
 * of the checked origin and the operation's path, and must have exactly that origin and path.
 *
 * @since 0.1.0
 */
import type * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as BaseUrl from "./BaseUrl.ts"
import { Credentials, kindOf } from "./Credentials.ts"
import * as HubSpotError from "./HubSpotError.ts"
import * as Classify from "./internal/classify.ts"
import * as InRange from "./internal/inRange.ts"
import { monotonicMillis } from "./Monotonic.ts"
import { setting } from "./internal/setting.ts"
import * as Wire from "./internal/wire.ts"
import * as Metrics from "./Metrics.ts"
import type { Operation } from "./Operation.ts"
import { RateLimits } from "./RateLimits.ts"
import * as Redaction from "./Redaction.ts"
import * as Retry from "./Retry.ts"
import * as Spans from "./Spans.ts"

/**
 * A value out of its bounds is a defect, a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `https://api.hubapi.com` (default), or a loopback address such as the emulator's. */
  readonly baseUrl?: string | undefined
  /** HubSpot's API version. Default `v3`. */
  readonly apiVersion?: ApiVersion.ApiVersion | undefined
  /** The time for one attempt, from connecting to reading. Default 110 seconds: HubSpot's edge gives up at 100. */
  readonly timeout?: Duration.Input | undefined
  /** The longest reply that is read, in bytes after inflation. Default 4 MiB. */
  readonly maxResponseBytes?: number | undefined
}

/**
 * @category services
 * @since 0.1.0
 */
export class HubSpotClient extends Context.Service<
  HubSpotClient,
  {
    /**
     * Gets the token of the next attempt. Run it before you take a slot, since a token endpoint may be slow. It costs
     * nothing while the token is valid.
     */
    readonly ready: Effect.Effect<void, HubSpotError.HubSpotError>
    /** Makes one attempt. The error says whether the request could have been executed. */
    readonly execute: <A>(operation: Operation<A>) => Effect.Effect<A, HubSpotError.HubSpotError>
    /** The longest time that an attempt takes. */
    readonly timeout: Duration.Duration
    /** HubSpot's API version. */
    readonly apiVersion: ApiVersion.ApiVersion
    /** The only origin that gets requests, such as `https://api.hubapi.com`. */
    readonly origin: string
  }
>()("@effect-hubspot/http/HubSpotClient") {}

/**
 * The client on a transport, a token and a limiter.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<HubSpotClient, BaseUrl.InvalidBaseUrl, HttpClient.HttpClient | Credentials | RateLimits> =>
  Layer.effect(HubSpotClient, make(options))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  HubSpotClient["Service"],
  BaseUrl.InvalidBaseUrl,
  HttpClient.HttpClient | Credentials | RateLimits
> {
  const origin = yield* BaseUrl.check(options.baseUrl ?? BaseUrl.hubspot)
  if (origin.startsWith("https:")) yield* certificatesAreChecked
  const host = new URL(origin).hostname
  const apiVersion = options.apiVersion ?? "v3"
  const timeoutMillis = InRange.duration("timeout", options.timeout ?? "110 seconds")
  const maxBytes = InRange.count("maxResponseBytes", options.maxResponseBytes ?? 4 * 1024 * 1024)
  const httpClient = yield* HttpClient.HttpClient
  const credentials = yield* Credentials
  const limits = yield* RateLimits

  // A token stays the same for a long time.
  let redaction: { readonly token: string; readonly redact: (text: string) => string } | undefined
  const redactionOf = (token: Redacted.Redacted<string>): ((text: string) => string) => {
    if (redaction?.token !== Redacted.value(token)) {
      redaction = { token: Redacted.value(token), redact: Redaction.make([token]) }
    }
    return redaction.redact
  }

  const attempt = Effect.fnUntraced(function* <A>(
    operation: Operation<A>,
    path: string
  ): Effect.fn.Return<A, HubSpotError.HubSpotError> {
    const what = `${operation.method} ${path}`
    const url = new URL(`${origin}${path}`)
    if (url.origin !== origin || url.pathname !== path || path.includes("//") || path.endsWith("/")) {
      const reason = new HubSpotError.InvalidRequest({ detail: "an id or a name cannot be part of a path" })
      return yield* new HubSpotError.HubSpotError({ reason, operation: operation.name })
    }
    const token = yield* credentials.token
    const request = requestOf(operation, url, token)
    const sentAt = yield* monotonicMillis
    const redact = redactionOf(token)
    // A proxy may print the request into an answer. No code after this sees an unredacted reply.
    const raw = yield* Wire.exchange(httpClient, request, { timeoutMillis, maxBytes, redact }).pipe(
      Effect.mapBoth({
        onSuccess: (reply) => Wire.redacted(reply, redact),
        onFailure: (reason) => new HubSpotError.HubSpotError({ reason, operation: what })
      })
    )
    const correlation = Classify.correlationId(raw)
    yield* Effect.annotateCurrentSpan({
      "http.response.status_code": raw.status,
      "hubspot.correlation_id": correlation.correlationId
    })
    const ageMillis = (yield* monotonicMillis) - sentAt
    yield* limits.observe({ ...observationOf(raw.headers), ageMillis })
    const fail = (reason: HubSpotError.Reason) =>
      new HubSpotError.HubSpotError({ reason, operation: what, ...correlation })
    const shape = (detail: string) =>
      fail(new HubSpotError.ProtocolViolation({ kind: "shape", status: raw.status, detail }))
    const json = yield* Effect.catch(Classify.reply(raw, operation), (reason) =>
      Effect.flatMap(refused(reason, token), (reason) => Effect.fail(fail(reason)))
    )
    const unfit = Wire.unfit(json)
    if (unfit !== undefined) return yield* shape(unfit)
    return yield* Effect.mapError(Effect.fromOption(operation.read(json)), () =>
      shape("JSON of another shape than HubSpot's")
    )
  })

  /** Applies a refusal to later attempts: the token is no longer used, or all sends pause. */
  const refused = Effect.fnUntraced(function* (
    reason: HubSpotError.Reason,
    token: Redacted.Redacted<string>
  ): Effect.fn.Return<HubSpotError.Reason> {
    if (reason._tag === "Unauthorized") {
      const renewable = yield* credentials.refused(token)
      const { category, detail } = reason
      return new HubSpotError.Unauthorized({ category, detail, renewable, token: kindOf(token) })
    }
    if (reason._tag === "RateLimited" && reason.policy !== "daily") {
      yield* limits.observe({
        pauseMillis: Math.min(
          Retry.defaults.patienceMillis,
          reason.retryAfterMillis ?? (reason.policy === "secondly" ? 1000 : 10_000)
        )
      })
    }
    return reason
  })

  const execute = <A>(operation: Operation<A>): Effect.Effect<A, HubSpotError.HubSpotError> => {
    const path = operation.path(apiVersion)
    return monotonicMillis.pipe(
      Effect.flatMap((startedAt) => {
        const requested = (error: HubSpotError.HubSpotError | undefined) =>
          Effect.flatMap(monotonicMillis, (now) =>
            Metrics.requested(operation.name, error, (now - startedAt) / 1000)
          )
        return attempt(operation, path).pipe(
          Effect.tap(() => requested(undefined)),
          Effect.tapError(requested)
        )
      }),
      Spans.byReason,
      Effect.withSpan(
        `HubSpotClient.${operation.name}`,
        {
          kind: "client",
          attributes: {
            "hubspot.operation": operation.name,
            "hubspot.inputs": operation.inputs,
            "http.request.method": operation.method,
            "url.template": operation.template(apiVersion),
            "server.address": host
          }
        },
        { captureStackTrace: false }
      )
    )
  }

  return HubSpotClient.of({
    ready: credentials.ready,
    execute,
    timeout: Duration.millis(timeoutMillis),
    apiVersion,
    origin
  })
})

/** Fails if Node's environment turns certificate checks off: they keep the token from strangers. */
const certificatesAreChecked = Effect.flatMap(setting("NODE_TLS_REJECT_UNAUTHORIZED"), (value) =>
  value === "0"
    ? Effect.fail(
        new BaseUrl.InvalidBaseUrl({
          message: "NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off; unset it"
        })
      )
    : Effect.void
)

const requestOf = <A>(
  operation: Operation<A>,
  url: URL,
  token: Redacted.Redacted<string>
): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(operation.method)(url.href).pipe(
    HttpClientRequest.setUrlParams(operation.query ?? []),
    HttpClientRequest.setHeaders({
      accept: "application/json",
      "accept-encoding": "identity",
      authorization: `Bearer ${Redacted.value(token)}`
    })
  )
  return operation.body === undefined
    ? request
    : HttpClientRequest.bodyText(request, operation.body, "application/json")
}

const count = (headers: Headers.Headers, name: string): number | undefined => {
  const text = Option.getOrUndefined(Headers.get(headers, name))
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

const observationOf = (headers: Headers.Headers) => ({
  max: count(headers, "x-hubspot-ratelimit-max"),
  remaining: count(headers, "x-hubspot-ratelimit-remaining"),
  daily: count(headers, "x-hubspot-ratelimit-daily"),
  dailyRemaining: count(headers, "x-hubspot-ratelimit-daily-remaining")
})
