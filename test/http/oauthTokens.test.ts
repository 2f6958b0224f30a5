import { Credentials } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { create, inTime, worldOf } from "./oauthWorld.ts"

describe("a token of an OAuth app", () => {
  it.effect("a 401 that comes late, for a token that was renewed meanwhile, leaves the new one", () => {
    const { layer, world } = worldOf({ tokenMillis: 0 })
    return Effect.gen(function* () {
      const credentials = yield* Credentials.Credentials
      const valueOf = Effect.map(credentials.token, Redacted.value)
      const first = yield* credentials.token
      for (let n = 0; n < 3; n++) {
        assert.isTrue(yield* credentials.refused(first))
        assert.strictEqual(yield* inTime(valueOf, "1 second"), "access-token-2")
      }
      assert.lengthOf(world.forms, 2)
      // The new one can be refused as well.
      assert.isTrue(yield* credentials.refused(Redacted.make("access-token-2")))
      assert.strictEqual(yield* inTime(valueOf, "1 second"), "access-token-3")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a token of a short life is renewed after half of it, at the earliest", () => {
    const { layer, world } = worldOf({
      tokenMillis: 0,
      answer: (n) => ({ status: 200, body: { access_token: `access-token-${n}`, expires_in: 60 } })
    })
    return Effect.gen(function* () {
      const { ready } = yield* Credentials.Credentials
      yield* inTime(ready, "1 second")
      yield* inTime(ready, "28 seconds")
      assert.lengthOf(world.forms, 1)
      yield* TestClock.adjust("2 seconds")
      yield* inTime(ready, "1 second")
      assert.lengthOf(world.forms, 2)
    }).pipe(Effect.provide(layer))
  })

  for (const status of [400, 401, 403]) {
    it.effect(`HubSpot's own ${status} of the token endpoint refuses the refresh token`, () => {
      const { layer, world } = worldOf({
        answer: () => ({ status, body: { status: "BAD_REFRESH_TOKEN", message: "no" } })
      })
      return Effect.gen(function* () {
        const error = yield* inTime(Effect.flip(create))
        assert.strictEqual(error.reason._tag, "TokenRefused")
        assert.deepStrictEqual(world.bearers, [])
      }).pipe(Effect.provide(layer))
    })
  }

  for (const access_token of ["two lines\nof it", "short", "ünlike any token", ""]) {
    it.effect(`an access token such as ${JSON.stringify(access_token)} is none, and is never sent`, () => {
      const { layer, world } = worldOf({
        answer: () => ({ status: 200, body: { access_token, expires_in: 1800 } })
      })
      return Effect.gen(function* () {
        const error = yield* inTime(Effect.flip(create))
        assert.strictEqual(error.reason._tag, "TokenUnavailable")
        assert.deepStrictEqual(world.bearers, [])
      }).pipe(Effect.provide(layer))
    })
  }
})
