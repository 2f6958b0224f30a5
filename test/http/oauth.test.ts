import { Credentials, HubSpotClient, LineItems } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

interface World {
  /** Bodies of the token requests, and tokens of the others. */
  readonly forms: Array<URLSearchParams>
  readonly bearers: Array<string>
}

/** A HubSpot that hands out `token-1`, `token-2`, … and takes what `accepts` says. */
const worldOf = (
  options: {
    readonly answer?: (n: number) => { readonly status: number; readonly body: unknown }
    readonly accepts?: (bearer: string) => boolean
  } = {}
) => {
  const world: World = { forms: [], bearers: [] }
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
      yield* Effect.sleep("1 second")
      const reply = (status: number, body: unknown) =>
        HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })
        )
      if (request.url.endsWith("/oauth/2026-09/token")) {
        world.forms.push(new URLSearchParams(textOf(request)))
        const { body, status } = answer(world.forms.length)
        return reply(status, body)
      }
      const bearer = (request.headers.authorization ?? "").replace("Bearer ", "")
      world.bearers.push(bearer)
      return options.accepts?.(bearer) === false
        ? reply(401, { status: "error", message: "expired", category: "EXPIRED_AUTHENTICATION" })
        : reply(201, { results: [{ id: "1" }] })
    })
  )
  const layer = LineItems.LineItems.layer({ limit: 190 }).pipe(
    Layer.provideMerge(
      Credentials.Credentials.layerOAuth({
        clientId: "client-id",
        clientSecret: Redacted.make("client-secret-canary"),
        refreshToken: Redacted.make("refresh-token-canary")
      })
    ),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { world, layer }
}

const create = Effect.flatMap(LineItems.LineItems, (lineItems) =>
  lineItems.createBatch({ inputs: [{ properties: { name: "x" } }] })
)

const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>, time = "10 minutes" as const) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

describe("OAuth", () => {
  it.effect("a hundred fibers that find no token get one together", () => {
    const { layer, world } = worldOf()
    return Effect.gen(function* () {
      yield* inTime(
        Effect.all(
          Array.from({ length: 100 }, () => create),
          { concurrency: "unbounded" }
        )
      )
      assert.lengthOf(world.forms, 1)
      assert.deepStrictEqual(Object.fromEntries(world.forms[0]!), {
        grant_type: "refresh_token",
        client_id: "client-id",
        client_secret: "client-secret-canary",
        refresh_token: "refresh-token-canary"
      })
      assert.deepStrictEqual([...new Set(world.bearers)], ["access-token-1"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("it is renewed ahead of its end, not before", () => {
    const { layer, world } = worldOf()
    return Effect.gen(function* () {
      yield* inTime(create)
      yield* inTime(create)
      assert.deepStrictEqual(world.bearers, ["access-token-1", "access-token-1"])
      yield* TestClock.adjust("6 minutes")
      yield* inTime(create)
      assert.strictEqual(world.bearers.at(-1), "access-token-2")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a token that HubSpot takes for expired is renewed once, and the request sent again", () => {
    const { layer, world } = worldOf({ accepts: (bearer) => bearer !== "access-token-1" })
    return Effect.gen(function* () {
      yield* inTime(create)
      assert.deepStrictEqual(world.bearers, ["access-token-1", "access-token-2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("many fibers with an expired token renew it once", () => {
    const { layer, world } = worldOf({ accepts: (bearer) => bearer !== "access-token-1" })
    return Effect.gen(function* () {
      yield* inTime(
        Effect.all(
          Array.from({ length: 50 }, () => create),
          { concurrency: "unbounded" }
        )
      )
      assert.lengthOf(world.forms, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a token that is never taken is not renewed for ever", () => {
    const { layer, world } = worldOf({ accepts: () => false })
    return Effect.gen(function* () {
      const error = yield* inTime(Effect.flip(create))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.lengthOf(world.bearers, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a refused refresh token is an error of its own, and nothing is sent", () => {
    const { layer, world } = worldOf({
      answer: () => ({
        status: 400,
        body: {
          error: "invalid_grant",
          status: "BAD_REFRESH_TOKEN",
          message: "refresh token is invalid, expired or revoked"
        }
      })
    })
    return Effect.gen(function* () {
      const error = yield* inTime(Effect.flip(create))
      assert.isTrue(error.reason._tag === "TokenRefused" && error.reason.status === "BAD_REFRESH_TOKEN")
      assert.lengthOf(world.bearers, 0)
      assert.lengthOf(world.forms, 1)
      assert.isFalse(/canary/.test(`${error.message}${JSON.stringify(error)}`))
    }).pipe(Effect.provide(layer))
  })

  it.effect("a token endpoint that fails is tried again", () => {
    const { layer, world } = worldOf({
      answer: (n) =>
        n < 3
          ? { status: 503, body: {} }
          : { status: 200, body: { access_token: "access-token-late", expires_in: 1800 } }
    })
    return Effect.gen(function* () {
      yield* inTime(create)
      assert.deepStrictEqual(world.bearers, ["access-token-late"])
      assert.lengthOf(world.forms, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("those who wait for a renewal share its failure; who comes later tries anew", () => {
    const { layer, world } = worldOf({ answer: () => ({ status: 500, body: {} }) })
    return Effect.gen(function* () {
      const credentials = yield* Credentials.Credentials
      const wave = inTime(
        Effect.forEach(Array.from({ length: 100 }), () => Effect.exit(credentials.token), {
          concurrency: "unbounded"
        })
      )
      assert.isTrue((yield* wave).every(Exit.isFailure))
      assert.lengthOf(world.forms, 1)
      yield* wave
      assert.lengthOf(world.forms, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("an answer without a token is no token", () => {
    const { layer } = worldOf({ answer: () => ({ status: 200, body: { expires_in: 5 } }) })
    return Effect.gen(function* () {
      const exit = yield* inTime(Effect.exit(Effect.flatMap(HubSpotClient.HubSpotClient, () => create)))
      assert.isTrue(Exit.isFailure(exit))
    }).pipe(Effect.provide(layer))
  })
})
