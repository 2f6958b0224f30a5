import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import * as Quota from "../../../packages/http/src/emulator/state/Quota.ts"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { create, inputs, send, url } from "./calls.ts"

describe("the limits", () => {
  it.effect("hold in every rolling window, half open, to the millisecond", () =>
    Effect.gen(function* () {
      const status = Effect.map(create(inputs(1)), (answer) => answer.status)
      assert.strictEqual(yield* status, 201) // at 0
      yield* TestClock.adjust(5000)
      assert.deepStrictEqual([yield* status, yield* status, yield* status], [201, 201, 429])
      yield* TestClock.adjust(4999)
      assert.strictEqual(yield* status, 429) // at 9,999 the first one still counts
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([yield* status, yield* status], [201, 429]) // at 10,000 it does not
      yield* TestClock.adjust(5000)
      assert.deepStrictEqual([yield* status, yield* status, yield* status], [201, 201, 429])
      const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
      assert.strictEqual(Ledger.worstWindow(requests), 3)
    }).pipe(Effect.provide(Emulator.layer({ limit: 3 })))
  )

  it.effect("answer a burst in HubSpot's words, without category and Retry-After", () =>
    Effect.gen(function* () {
      yield* create(inputs(1))
      const { body, headers, status } = yield* create(inputs(1))
      assert.strictEqual(status, 429)
      assert.deepStrictEqual<object>(body, {
        status: "error",
        message: "You have reached your ten_secondly_rolling limit.",
        errorType: "RATE_LIMIT",
        correlationId: headers["x-hubspot-correlation-id"],
        policyName: "TEN_SECONDLY_ROLLING",
        groupName: "publicapi:private_app-api-calls-ten-secondly:1000001:42"
      })
      assert.notProperty(headers, "retry-after")
      const { created } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
      assert.strictEqual(created.length, 1)
    }).pipe(Effect.provide(Emulator.layer({ limit: 1, portalId: 42 })))
  )

  it.effect("are told in the headers of every answer, errors included, but not where there is no token", () =>
    Effect.gen(function* () {
      const { headers } = yield* create(inputs(1))
      assert.deepInclude(headers, {
        "x-hubspot-ratelimit-max": "190",
        "x-hubspot-ratelimit-remaining": "189",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-daily": "1000000",
        "x-hubspot-ratelimit-daily-remaining": "999999",
        "x-hubspot-ratelimit-secondly": "19",
        "x-hubspot-ratelimit-secondly-remaining": "18"
      })
      assert.match(
        headers["x-hubspot-correlation-id"]!,
        /^00000000-0000-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
      )
      const refused = yield* create(inputs(101))
      assert.strictEqual(refused.headers["x-hubspot-ratelimit-remaining"], "188")
      const anonymous = yield* send(HttpClientRequest.post(url))
      assert.notProperty(anonymous.headers, "x-hubspot-ratelimit-remaining")
      yield* TestClock.adjust("10 seconds")
      const later = yield* create(inputs(1))
      assert.strictEqual(later.headers["x-hubspot-ratelimit-remaining"], "189")
      assert.strictEqual(later.headers["x-hubspot-ratelimit-daily-remaining"], "999997")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("end a day at its limit and begin anew at midnight in UTC", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("23 hours")
      yield* create(inputs(1))
      yield* create(inputs(1))
      yield* TestClock.adjust("59 minutes")
      const { body, status } = yield* create(inputs(1))
      assert.strictEqual(status, 429)
      assert.strictEqual(body.policyName, "DAILY")
      assert.strictEqual(body.message, "You have reached your daily limit.")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* create(inputs(1))).status, 201)
    }).pipe(Effect.provide(Emulator.layer({ dailyLimit: 2 })))
  )

  it.effect("agree with a count over all arrivals, at any times", () =>
    Effect.gen(function* () {
      const quota = Quota.makeUnsafe({ limit: 25, dailyLimit: 1_000_000 })
      const taken: Array<number> = []
      let at = 0
      for (let n = 0; n < 20_000; n++) {
        at += yield* Random.nextIntBetween(0, n % 1000 === 0 ? 20_000 : 600)
        const recent = taken.slice(-30).filter((one) => one + 10_000 > at).length
        assert.strictEqual(quota.headers(at)["x-hubspot-ratelimit-remaining"], String(25 - recent))
        const refused = quota.take(at) !== undefined
        assert.strictEqual(refused, recent >= 25)
        if (!refused) taken.push(at)
      }
    }).pipe(Random.withSeed("arrivals"))
  )
})

describe("worstWindow", () => {
  const at = (times: ReadonlyArray<number>, status = 201) =>
    times.map((at) => ({ at, status, method: "POST", path: "/", inputs: 1 }))

  it("counts what a half-open window can hold, without the 429s, in any order", () => {
    assert.strictEqual(Ledger.worstWindow([]), 0)
    assert.strictEqual(Ledger.worstWindow(at([0, 10_000, 20_000])), 1)
    assert.strictEqual(Ledger.worstWindow(at([20_000, 0, 9_999, 10_000])), 2)
    assert.strictEqual(Ledger.worstWindow([...at([0, 1]), ...at([2, 3, 4], 429)]), 2)
    assert.strictEqual(Ledger.worstWindow(at([0, 5, 9, 14]), 10), 3)
  })
})
