/**
 * One attempt at one request: token, transport guard, send, read, classify.
 *
 * It never repeats, never waits for a rate limit, and never follows anything. Its guard: the URL is made
 * of the checked origin and a fixed path; redirects stay where they are; bytes of a reply are counted;
 * the trace header of the caller's own telemetry is not sent to HubSpot.
 *
 * @since 0.1.0
 */
import type { ApiVersion } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as BaseUrl from "./BaseUrl.ts"
import { Credentials } from "./Credentials.ts"
import * as HubSpotError from "./HubSpotError.ts"
import * as Classify from "./internal/classify.ts"
import { RateLimits } from "./RateLimits.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `https://api.hubapi.com` (default), or a loopback address such as the emulator's. */
  readonly baseUrl?: string | undefined
  /** HubSpot's API version. Default `v3`. */
  readonly apiVersion?: ApiVersion.ApiVersion | undefined
  /** For the whole attempt, connecting and reading included. Default 110 seconds: HubSpot's edge gives up at 100. */
  readonly timeout?: Duration.Input | undefined
  /** The longest reply that is read, in bytes. Default 4 MiB. */
  readonly maxResponseBytes?: number | undefined
}

/**
 * A request as data: what to send and how to read the reply. `read` gets the JSON of a 2xx reply, and
 * `None` means that the JSON has a wrong shape.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operation<A> {
  readonly method: "POST"
  readonly path: (version: ApiVersion.ApiVersion) => string
  readonly body: string
  readonly read: (json: unknown) => Option.Option<A>
}

/**
 * @category services
 * @since 0.1.0
 */
export class HubSpotClient extends Context.Service<
  HubSpotClient,
  {
    /** Makes one attempt. The error says whether the request could have been executed. */
    readonly execute: <A>(operation: Operation<A>) => Effect.Effect<A, HubSpotError.HubSpotError>
    /** The longest an attempt takes. */
    readonly timeout: Duration.Duration
  }
>()("@effect-hubspot/http/HubSpotClient") {
  static readonly layer = (
    options: Options = {}
  ): Layer.Layer<HubSpotClient, BaseUrl.InvalidBaseUrl, HttpClient.HttpClient | Credentials | RateLimits> =>
    Layer.effect(HubSpotClient, make(options))
}

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
  const version = options.apiVersion ?? "v3"
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "110 seconds")
  const timeoutMillis = Duration.toMillis(timeout)
  const maxBytes = options.maxResponseBytes ?? 4 * 1024 * 1024
  const httpClient = yield* HttpClient.HttpClient
  const credentials = yield* Credentials
  const limits = yield* RateLimits

  const within = <A>(
    phase: HubSpotError.TimedOut["phase"],
    startedAt: number,
    effect: Effect.Effect<A, HubSpotError.Reason>
  ): Effect.Effect<A, HubSpotError.Reason> =>
    Effect.flatMap(monotonicMillis, (now) =>
      Effect.timeoutOrElse(effect, {
        duration: Math.max(0, timeoutMillis - (now - startedAt)),
        orElse: () => Effect.fail(new HubSpotError.TimedOut({ phase, millis: timeoutMillis }))
      })
    )

  const attempt = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.fn.Return<Classify.RawReply, HubSpotError.Reason> {
    const startedAt = yield* monotonicMillis
    const response = yield* within(
      "headers",
      startedAt,
      Effect.mapError(httpClient.execute(request), (error) => Classify.transport(error, undefined))
    )
    const body = yield* within("body", startedAt, readBody(response, maxBytes))
    return { status: response.status, headers: response.headers, body }
  })

  const guarded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
      Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
    )

  const execute = Effect.fnUntraced(function* <A>(
    operation: Operation<A>
  ): Effect.fn.Return<A, HubSpotError.HubSpotError> {
    const path = operation.path(version)
    const name = `${operation.method} ${path}`
    const token = yield* credentials.token
    const request = HttpClientRequest.make(operation.method)(`${origin}${path}`).pipe(
      HttpClientRequest.setHeaders({
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: `Bearer ${Redacted.value(token)}`
      }),
      HttpClientRequest.bodyText(operation.body, "application/json")
    )
    const raw = yield* guarded(attempt(request)).pipe(
      Effect.mapError((reason) => new HubSpotError.HubSpotError({ reason, operation: name }))
    )
    const correlation = Classify.correlationId(raw)
    const fail = (reason: HubSpotError.Reason) =>
      new HubSpotError.HubSpotError({ reason, operation: name, ...correlation })
    yield* limits.observe({ max: advertisedLimit(raw.headers) })
    const json = yield* Classify.reply(raw).pipe(
      Effect.tapError((reason) => limits.observe({ pauseMillis: pauseOf(reason) })),
      Effect.mapError(fail)
    )
    return yield* Effect.mapError(Effect.fromOption(operation.read(json)), () =>
      fail(
        new HubSpotError.ProtocolViolation({
          kind: "shape",
          status: raw.status,
          detail: "JSON without a list of results"
        })
      )
    )
  })

  return HubSpotClient.of({ execute, timeout })
})

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const advertisedLimit = (headers: Headers.Headers): number | undefined => {
  const text = Option.getOrUndefined(Headers.get(headers, "x-hubspot-ratelimit-max"))
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

/** How long everyone has to wait after a refusal by the rate limit. */
const pauseOf = (reason: HubSpotError.Reason): number | undefined => {
  if (reason._tag !== "RateLimited" || reason.policy === "daily") return undefined
  return reason.retryAfterMillis ?? (reason.policy === "secondly" ? 1000 : 10_000)
}

const readBody = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<string, HubSpotError.Reason> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    let bytes = 0
    return response.stream.pipe(
      // What a body that is not there means depends on the status.
      Stream.catchIf(
        (error: HttpClientError) => error.reason._tag === "EmptyBodyError",
        () => Stream.empty
      ),
      Stream.mapError((error) => Classify.transport(error, response.status)),
      Stream.runForEach((chunk) => {
        bytes += chunk.length
        text += decoder.decode(chunk, { stream: true })
        return bytes > maxBytes
          ? Effect.fail(new HubSpotError.ResponseTooLarge({ limit: maxBytes }))
          : Effect.void
      }),
      Effect.map(() => text + decoder.decode())
    )
  })
