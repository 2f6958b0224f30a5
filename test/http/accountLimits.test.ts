import { AccountLimits, RateLimits, RateLimitStore } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

type Store = RateLimitStore.RateLimitStore["Service"]

const bounds = (account: string, limit: number) =>
  ({ account, pool: "burst", limit, windowMillis: 10_000, leaseMillis: 120_000 }) as const

/** How many slots of an account are free. */
const free = Effect.fnUntraced(function* (store: Store, account: string, limit: number) {
  let count = 0
  while ((yield* store.take(bounds(account, limit)))._tag === "Taken") count++
  return count
})

const world = <A, E>(
  options: AccountLimits.Options,
  use: (limits: RateLimits.RateLimits["Service"], store: Store) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    return yield* use(yield* RateLimits.RateLimits, yield* RateLimitStore.RateLimitStore)
  }).pipe(Effect.provide(Layer.provideMerge(AccountLimits.layer(options), RateLimitStore.layerMemory)))

describe("limits of an account that is not known yet", () => {
  for (const supposed of [undefined, "42", "43"]) {
    it.effect(`what was sent until then is counted for the account, once (supposed: ${supposed})`, () =>
      world({ limit: 10, supposed }, (limits, store) =>
        Effect.gen(function* () {
          for (let n = 0; n < 2; n++) yield* limits.withSlot("burst")(Effect.void)
          yield* limits.observe({ account: "42" })
          yield* limits.withSlot("burst")(Effect.void)
          yield* limits.observe({ account: "42" })
          assert.strictEqual(yield* free(store, "42", 10), 7)
          // Lent by an account that it was not.
          assert.strictEqual(yield* free(store, "43", 10), supposed === "43" ? 8 : 10)
        })
      )
    )
  }

  it.effect("what HubSpot said goes to the account that it said it of", () =>
    world({ supposed: "43", timeZone: "UTC" }, (limits, store) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 hour")
        yield* limits.withSlot("burst")(Effect.void)
        yield* limits.observe({ max: 190, remaining: 150, daily: 1000, dailyRemaining: 7, ageMillis: 20 })
        assert.isUndefined(yield* store.day("43"))
        yield* limits.observe({ account: "42" })
        assert.strictEqual(yield* limits.limit, 190)
        assert.isUndefined(yield* store.day("43"))
        assert.strictEqual((yield* store.day("42"))?.remaining, 7)
        const error = yield* Effect.flip(limits.withSlot("burst")(Effect.void))
        assert.strictEqual(error.reason._tag, "RateLimited")
        // Of forty requests one is ours.
        assert.strictEqual(yield* free(store, "42", 190), 150)
        assert.strictEqual(yield* free(store, "43", 190), 189)
      })
    )
  )

  it.effect("who is supposed to be a full account waits for its slot, but not for ever", () =>
    world({ limit: 2, supposed: "42" }, (limits, store) =>
      Effect.gen(function* () {
        const first = yield* store.take(bounds("42", 2))
        yield* store.take(bounds("42", 2))
        if (first._tag === "Taken") yield* store.complete(first.slot)
        const sentAt = yield* Effect.forkChild(limits.withSlot("burst")(Clock.currentTimeMillis))
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(sentAt.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* Fiber.join(sentAt), 10_000)
        // And if none comes free, or the account pauses, it goes all the same: perhaps it is another.
        yield* store.pause({ account: "42", millis: 3_600_000 })
        yield* TestClock.adjust("30 seconds")
        const again = yield* Effect.forkChild(limits.withSlot("burst")(Clock.currentTimeMillis))
        yield* TestClock.adjust("11 seconds")
        assert.isDefined(again.pollUnsafe())
      })
    )
  )

  it.effect("if its store is lost, nothing is sent", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      let sent = false
      const error = yield* Effect.flip(limits.withSlot("burst")(Effect.sync(() => (sent = true))))
      assert.strictEqual(error.reason._tag, "LimitsUnavailable")
      assert.isFalse(sent)
    }).pipe(
      Effect.provide(
        Layer.provide(
          AccountLimits.layer({ supposed: "42" }),
          Layer.effect(
            RateLimitStore.RateLimitStore,
            Effect.map(RateLimitStore.RateLimitStore, (store) => ({
              ...store,
              take: () => Effect.fail(new RateLimitStore.RateLimitStoreError({ detail: "gone" }))
            }))
          ).pipe(Layer.provide(RateLimitStore.layerMemory))
        )
      )
    )
  )
})
