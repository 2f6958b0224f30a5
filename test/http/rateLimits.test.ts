import { HubSpotError, RateLimits } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

/** The most times in any window `[t, t + 10 s)`. */
const worst = (times: ReadonlyArray<number>) =>
  Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 10_000).length))

const withLimits = <A, E>(
  options: RateLimits.Options,
  use: (limits: RateLimits.RateLimits["Service"]) => Effect.Effect<A, E>
) => Effect.flatMap(RateLimits.RateLimits, use).pipe(Effect.provide(RateLimits.RateLimits.layer(options)))

describe("the rolling limiter", () => {
  it.effect("whatever the way to the server takes, no window holds more than the limit", () =>
    withLimits({ limit: 20 }, (limits) =>
      Effect.gen(function* () {
        const arrivals: Array<number> = []
        const request = Effect.gen(function* () {
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 3000))
          arrivals.push(yield* Clock.currentTimeMillis)
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 3000))
        })
        const all = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 300 }), () => limits.withSlot("burst")(request), {
            concurrency: "unbounded",
            discard: true
          })
        )
        yield* TestClock.adjust("10 minutes")
        yield* Fiber.join(all)
        assert.lengthOf(arrivals, 300)
        assert.isAtMost(worst(arrivals), 20)
        assert.isAtMost(Math.max(...arrivals), 14 * 16_100)
      }).pipe(Random.withSeed("arrivals"))
    )
  )

  it.effect(
    "an interrupted waiter gives its place back; an interrupted request keeps its slot until it is safe",
    () =>
      withLimits({ limit: 1, timeout: "30 seconds" }, (limits) =>
        Effect.gen(function* () {
          const underWay = yield* Effect.forkChild(limits.withSlot("burst")(Effect.sleep("1 hour")))
          yield* TestClock.adjust("1 second")
          const waiter = yield* Effect.forkChild(limits.withSlot("burst")(Effect.void))
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(waiter)
          yield* Fiber.interrupt(underWay)
          const next = yield* Effect.forkChild(
            Effect.andThen(limits.withSlot("burst")(Effect.void), Clock.currentTimeMillis)
          )
          yield* TestClock.adjust("2 minutes")
          // Sent at 0 s; it may arrive until 30 s, so the window ends at 40 s.
          const at = yield* Fiber.join(next)
          assert.isAtLeast(at, 40_000)
          assert.isAtMost(at, 40_100)
        })
      )
  )

  it.effect("a request whose connection broke may still arrive, one that was answered may not", () =>
    Effect.gen(function* () {
      const freeAfter = (first: Effect.Effect<unknown, HubSpotError.HubSpotError>) =>
        withLimits({ limit: 1, timeout: "30 seconds" }, (limits) =>
          Effect.gen(function* () {
            const startedAt = yield* Clock.currentTimeMillis
            yield* Effect.exit(limits.withSlot("burst")(first))
            const next = yield* Effect.forkChild(
              Effect.andThen(limits.withSlot("burst")(Effect.void), Clock.currentTimeMillis)
            )
            yield* TestClock.adjust("2 minutes")
            return (yield* Fiber.join(next)) - startedAt
          })
        )
      const failed = (reason: HubSpotError.Reason) =>
        Effect.fail(new HubSpotError.HubSpotError({ reason, operation: "x" }))
      const broken = yield* freeAfter(failed(new HubSpotError.TransportAmbiguous({ code: "ECONNRESET" })))
      assert.isAtLeast(broken, 40_000)
      const answered = yield* freeAfter(
        failed(new HubSpotError.ServerFailed({ kind: "gateway", status: 502 }))
      )
      assert.isAtMost(answered, 10_100)
    })
  )

  it.effect(
    "a request that ended gives its slot back after the window, also to one who was interrupted",
    () =>
      withLimits({ limit: 1 }, (limits) =>
        Effect.gen(function* () {
          const request = yield* Effect.forkChild(
            limits.withSlot("burst", { uninterruptible: true })(Effect.sleep("1 second"))
          )
          yield* TestClock.adjust("500 millis")
          yield* Effect.forkChild(Fiber.interrupt(request))
          yield* TestClock.adjust("1 second")
          const next = yield* Effect.forkChild(
            Effect.andThen(limits.withSlot("burst")(Effect.void), Clock.currentTimeMillis)
          )
          yield* TestClock.adjust("3 minutes")
          assert.isAtMost(yield* Fiber.join(next), 11_100)
        })
      )
  )

  it.effect("a refusal pauses everyone", () =>
    withLimits({ limit: 100 }, (limits) =>
      Effect.gen(function* () {
        yield* limits.observe({ pauseMillis: 7000 })
        const times = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3], () => limits.withSlot("burst")(Clock.currentTimeMillis), {
            concurrency: "unbounded"
          })
        )
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* Fiber.join(times), [7000, 7000, 7000])
      })
    )
  )

  it.effect("a limit that is given is not changed by what the account advertises", () =>
    Effect.gen(function* () {
      const after = (options: RateLimits.Options, max: number) =>
        withLimits(options, (limits) => Effect.andThen(limits.observe({ max }), limits.limit))
      assert.strictEqual(yield* after({ limit: 50 }, 190), 50)
      assert.strictEqual(yield* after({}, 190), 190)
      assert.strictEqual(yield* after({ limit: "auto" }, 80), 80)
      assert.strictEqual(yield* after({}, 999_999), 250)
      assert.strictEqual(yield* after({}, 0), 100)
      assert.strictEqual(yield* after({}, Number.NaN), 100)
    })
  )
})
