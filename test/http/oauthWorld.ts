/**
 * A HubSpot for OAuth apps: its token endpoint, and what was asked of it.
 */
import { Credentials, HubSpotClient, LineItems, type OAuth, RateLimits } from "@effect-hubspot/http"
import { type Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

export interface World {
  /** Bodies of the token requests, and tokens of the others. */
  readonly forms: Array<URLSearchParams>
  readonly bearers: Array<string>
  /** What happened, in order. */
  readonly events: Array<"token" | "slot" | "request">
}

/** A HubSpot that hands out `token-1`, `token-2`, … and takes what `accepts` says. */
export const worldOf = (
  options: {
    readonly answer?: (n: number) => { readonly status: number; readonly body: unknown }
    readonly accepts?: (bearer: string) => boolean
    readonly tokenMillis?: number
    readonly oauth?: Partial<OAuth.Options>
    readonly limit?: number
  } = {}
) => {
  const world: World = { forms: [], bearers: [], events: [] }
  const answer =
    options.answer ??
    ((n: number) => ({
      status: 200,
      body: { access_token: `access-token-${n}`, expires_in: 1800, token_type: "bearer" }
    }))
  const textOf = (request: HttpClientRequest.HttpClientRequest) =>
    request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const reply = (status: number, body: unknown) =>
        HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })
        )
      if (request.url.endsWith("/oauth/2026-09/token")) {
        // What it does is done at once; the answer takes its time.
        world.events.push("token")
        world.forms.push(new URLSearchParams(textOf(request)))
        const { body, status } = answer(world.forms.length)
        yield* Effect.sleep(options.tokenMillis ?? 1000)
        return reply(status, body)
      }
      world.events.push("request")
      yield* Effect.sleep("1 second")
      const bearer = (request.headers.authorization ?? "").replace("Bearer ", "")
      world.bearers.push(bearer)
      return options.accepts?.(bearer) === false
        ? reply(401, { status: "error", message: "expired", category: "EXPIRED_AUTHENTICATION" })
        : reply(201, { results: [{ id: "1" }] })
    })
  )
  const limits = Layer.effect(
    RateLimits.RateLimits,
    Effect.map(RateLimits.RateLimits, (limits) =>
      RateLimits.RateLimits.of({
        ...limits,
        withSlot: (pool, options) => (request) =>
          limits.withSlot(
            pool,
            options
          )(
            Effect.suspend(() => {
              world.events.push("slot")
              return request
            })
          )
      })
    )
  ).pipe(Layer.provide(RateLimits.layer({ limit: options.limit ?? 190 })))
  const layer = LineItems.layerClient.pipe(
    Layer.provideMerge(HubSpotClient.layer()),
    Layer.provideMerge(limits),
    Layer.provideMerge(
      Credentials.layerOAuth({
        clientId: "client-id",
        clientSecret: Redacted.make("client-secret-canary"),
        refreshToken: Redacted.make("refresh-token-canary"),
        ...options.oauth
      })
    ),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { world, layer }
}

export const create = Effect.flatMap(LineItems.LineItems, (lineItems) =>
  lineItems.createBatch({ inputs: [{ properties: { name: "x" } }] })
)

export const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "10 minutes") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })
