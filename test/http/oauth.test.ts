import { BulkCreate } from "@effect-hubspot/batch"
import { Credentials, HubSpotClient, LineItems, type OAuth, RateLimits } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as Canary from "../support/canary.ts"
import { create, inTime, worldOf } from "./oauthWorld.ts"

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

  it.effect(
    "what the token endpoint hands back of our secrets is not shown, in no form and however cut",
    () => {
      const secrets = ["client-secret-Zr2Lk9Vw4Tb6Ny1Hd8Mj3Pc5", "refresh-token-Gs0Fu7Ae2Ro9Kx4Wv6Zt1Lh8"]
      const [clientSecret, refreshToken] = secrets.map((secret) => Redacted.make(secret))
      let echo = ""
      const { layer } = worldOf({
        oauth: { clientSecret: clientSecret!, refreshToken: refreshToken! },
        answer: () => ({
          status: 400,
          body: { error: "invalid_grant", status: echo, message: `you sent ${echo}` }
        })
      })
      return Effect.gen(function* () {
        for (const secret of secrets) {
          for (const [form, text] of Canary.forms(secret)) {
            echo = text
            const error = yield* inTime(Effect.flip(create))
            assert.strictEqual(error.reason._tag, "TokenRefused")
            assert.deepStrictEqual(Canary.leaks(`${error.message}${JSON.stringify(error)}`, secret), [], form)
          }
        }
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("the refresh token in a success is ours, and not a new one", () => {
    const told: Array<string> = []
    const { layer } = worldOf({
      oauth: { onRefreshToken: (token) => Effect.sync(() => told.push(Redacted.value(token))) },
      answer: () => ({
        status: 200,
        body: { access_token: "access-token-1", refresh_token: "refresh-token-canary", expires_in: 1800 }
      })
    })
    return Effect.gen(function* () {
      yield* inTime(create)
      assert.deepStrictEqual(told, [])
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

  it.effect("the token is got before the slot is taken", () => {
    const { layer, world } = worldOf({ tokenMillis: 25_000 })
    return Effect.gen(function* () {
      yield* inTime(create)
      assert.deepStrictEqual(world.events, ["token", "slot", "request"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a busy job renews the token before its slots, not in them", () => {
    const { layer, world } = worldOf({
      limit: 1,
      oauth: { ahead: "40 seconds" },
      answer: (n) => ({ status: 200, body: { access_token: `access-token-${n}`, expires_in: 100 } })
    })
    return Effect.gen(function* () {
      const one = Effect.replicateEffect(create, 20)
      yield* inTime(Effect.all([one, one], { concurrency: "unbounded" }))
      // Who has a slot sends; also those who waited for theirs while the token was due.
      const after = world.events.filter((_, index) => world.events[index - 1] === "slot")
      assert.deepStrictEqual([...new Set(after)], ["request"])
      assert.lengthOf(after, 40)
      assert.isAbove(world.forms.length, 4)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a request that waited very long for its slot does not go out with a token that is over", () => {
    const { layer, world } = worldOf({ limit: 1 })
    return Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      yield* inTime(create)
      yield* limits.observe({ pauseMillis: 29 * 60_000 })
      yield* inTime(create, "40 minutes")
      assert.deepStrictEqual(world.bearers, ["access-token-1", "access-token-2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a stop that comes while the token is being got keeps the batches back", () => {
    const { layer, world } = worldOf({ tokenMillis: 20_000 })
    return Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const job = yield* Stream.range(1, 3).pipe(
        Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
        BulkCreate.outcomes({ stop, batchSize: 1 }),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* TestClock.adjust("5 seconds")
      yield* Deferred.succeed(stop, undefined)
      yield* TestClock.adjust("1 second")
      // Nobody waits for the token endpoint either.
      assert.deepStrictEqual(
        (yield* Fiber.join(job)).map((outcome) => outcome._tag),
        ["NotSent", "NotSent", "NotSent"]
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(world.events, ["token"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a defect while the token is got costs no outcome", () => {
    const dies = Layer.succeed(
      Credentials.Credentials,
      Credentials.Credentials.of({
        ready: Effect.die("a bug"),
        token: Effect.die("a bug"),
        refused: () => Effect.succeed(false)
      })
    )
    return Effect.gen(function* () {
      const outcomes = yield* inTime(
        Stream.range(1, 3).pipe(
          Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
          BulkCreate.outcomes({ batchSize: 1 }),
          Stream.runCollect
        )
      )
      assert.deepStrictEqual(
        outcomes.map((outcome) => outcome._tag),
        ["NotSent", "NotSent", "NotSent"]
      )
    }).pipe(
      Effect.provide(
        LineItems.layer().pipe(
          Layer.provide(dies),
          Layer.provide(
            Layer.succeed(
              HttpClient.HttpClient,
              HttpClient.make(() => Effect.die("nothing is sent"))
            )
          )
        )
      )
    )
  })

  describe("a new refresh token", () => {
    /** Hands out `refresh-token-2`, `refresh-token-3`, …; each renewal makes the one before it worthless. */
    const rotating = (oauth: Partial<OAuth.Options>) =>
      worldOf({
        answer: (n) => ({
          status: 200,
          body: {
            access_token: `access-token-${n}`,
            refresh_token: `refresh-token-${n + 1}`,
            expires_in: 1800
          }
        }),
        oauth
      })

    it.effect("is stored to the end though nobody waits any more, and used", () => {
      const stored: Array<string> = []
      const { layer, world } = rotating({
        onRefreshToken: (token) =>
          Effect.andThen(
            Effect.sleep("10 seconds"),
            Effect.sync(() => void stored.push(Redacted.value(token)))
          )
      })
      return Effect.gen(function* () {
        const { token } = yield* Credentials.Credentials
        const waiting = yield* Effect.forkChild(token)
        // In the midst of `onRefreshToken`.
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(waiting)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(stored, ["refresh-token-2"])
        assert.strictEqual(Redacted.value(yield* token), "access-token-1")
        yield* TestClock.adjust("29 minutes")
        yield* inTime(token)
        assert.deepStrictEqual(
          world.forms.map((form) => form.get("refresh_token")),
          ["refresh-token-canary", "refresh-token-2"]
        )
      }).pipe(Effect.provide(layer))
    })

    it.effect("is not lost either when its answer is still under way", () => {
      const stored: Array<string> = []
      const { layer, world } = rotating({
        onRefreshToken: (token) => Effect.sync(() => void stored.push(Redacted.value(token)))
      })
      return Effect.gen(function* () {
        const { token } = yield* Credentials.Credentials
        const waiting = yield* Effect.forkChild(token)
        yield* TestClock.adjust("500 millis")
        yield* Fiber.interrupt(waiting)
        // Who comes now waits for the same renewal.
        assert.strictEqual(Redacted.value(yield* inTime(token)), "access-token-1")
        assert.lengthOf(world.forms, 1)
        assert.deepStrictEqual(stored, ["refresh-token-2"])
      }).pipe(Effect.provide(layer))
    })

    it.effect("is stored before the layer ends", () => {
      const stored: Array<string> = []
      const { layer } = rotating({
        onRefreshToken: (token) => Effect.sync(() => void stored.push(Redacted.value(token)))
      })
      return Effect.gen(function* () {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(layer, scope)
        yield* Effect.forkChild(Effect.provideContext(create, context))
        yield* TestClock.adjust("500 millis")
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(closing)
        assert.deepStrictEqual(stored, ["refresh-token-2"])
      })
    })

    it.effect("that another process has got and is still storing is waited for, twice in a row", () => {
      const { layer, world } = worldOf({
        // HubSpot has replaced the token twice for others, who store it later than their answer arrives.
        answer: (n) =>
          n < 3
            ? { status: 400, body: { status: "BAD_REFRESH_TOKEN", message: "no" } }
            : { status: 200, body: { access_token: "access-token", expires_in: 1800 } },
        oauth: {
          stored: Effect.map(Clock.currentTimeMillis, (now) => {
            const token = now >= 3000 ? "refresh-token-3" : now >= 1500 ? "refresh-token-2" : undefined
            return token === undefined ? undefined : Redacted.make(token)
          })
        }
      })
      return Effect.gen(function* () {
        yield* inTime(create)
        assert.deepStrictEqual(
          world.forms.map((form) => form.get("refresh_token")),
          ["refresh-token-canary", "refresh-token-2", "refresh-token-3"]
        )
        assert.deepStrictEqual(world.bearers, ["access-token"])
      }).pipe(Effect.provide(layer))
    })

    it.effect("that nobody stores is not waited for longer than two seconds", () => {
      const { layer, world } = worldOf({
        answer: () => ({ status: 400, body: { status: "BAD_REFRESH_TOKEN", message: "no" } }),
        oauth: { stored: Effect.undefined }
      })
      return Effect.gen(function* () {
        const error = yield* inTime(Effect.flip(create), "3 seconds")
        assert.strictEqual(error.reason._tag, "TokenRefused")
        assert.lengthOf(world.forms, 1)
      }).pipe(Effect.provide(layer))
    })

    it.effect("whose listener has a defect is used all the same", () => {
      const { layer, world } = rotating({ onRefreshToken: () => Effect.die("a bug") })
      return Effect.gen(function* () {
        yield* inTime(create)
        assert.deepStrictEqual(world.bearers, ["access-token-1"])
      }).pipe(Effect.provide(layer))
    })
  })
})
