import { HubSpotError, LineItems, RateLimits, RateLimitStore } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, DateTime, Effect, Exit, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"

/** The most times in any window `[t, t + 10 s)`. */
const worst = (times: ReadonlyArray<number>) =>
  Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 10_000).length))

const withLimits = <A, E>(
  options: RateLimits.Options,
  use: (limits: RateLimits.RateLimits["Service"]) => Effect.Effect<A, E>
) => Effect.flatMap(RateLimits.RateLimits, use).pipe(Effect.provide(RateLimits.layer(options)))

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

  it.effect("a slot that was got too long ago is given back, and a new one is waited for", () =>
    Effect.gen(function* () {
      const store = yield* RateLimitStore.RateLimitStore
      let asked = 0
      // The process stands still when the store has handed the slot out.
      const stopping = RateLimitStore.RateLimitStore.of({
        ...store,
        take: (slot) => Effect.tap(store.take(slot), () => Effect.sleep(asked++ === 0 ? 130_000 : 0))
      })
      const limitsOn = (store: RateLimitStore.RateLimitStore["Service"]) =>
        Effect.provideService(RateLimits.make({ limit: 3 }), RateLimitStore.RateLimitStore, store)
      const [stopped, others] = [yield* limitsOn(stopping), yield* limitsOn(store)]
      const arrivals: Array<number> = []
      const request = Effect.map(Clock.currentTimeMillis, (at) => void arrivals.push(at))
      const first = yield* Effect.forkChild(stopped.withSlot("burst")(request), { startImmediately: true })
      const rest = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 60 }), () => others.withSlot("burst")(request))
      )
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(first)
      yield* Fiber.join(rest)
      assert.lengthOf(arrivals, 61)
      assert.isAtMost(worst(arrivals), 3)
    }).pipe(Effect.provide(RateLimitStore.layerMemory))
  )

  it.effect("a request that sent nothing has cost no slot", () =>
    withLimits({ limit: 1 }, (limits) =>
      Effect.gen(function* () {
        const unsent = limits.withSlot("burst")(Effect.fail(new RateLimits.NothingSent()))
        assert.instanceOf(yield* Effect.flip(unsent), RateLimits.NothingSent)
        assert.strictEqual(yield* limits.withSlot("burst")(Clock.currentTimeMillis), 0)
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

describe("the store of slots in memory", () => {
  const withStore = <A, E>(use: (store: RateLimitStore.RateLimitStore["Service"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(RateLimitStore.RateLimitStore, use).pipe(Effect.provide(RateLimitStore.layerMemory))
  const windowMillis = 10_000
  const bounds = (limit: number) =>
    ({ account: "a", pool: "burst", limit, windowMillis, leaseMillis: 120_000 }) as const
  const slotOf = (taken: RateLimitStore.Taken) =>
    taken._tag === "Taken" ? taken.slot : assert.fail("no slot was free")

  it.effect("a slot that is given back is free at once", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const slot = slotOf(yield* store.take(bounds(1)))
        assert.strictEqual((yield* store.take(bounds(1)))._tag, "Full")
        yield* store.giveBack(slot)
        slotOf(yield* store.take(bounds(1)))
      })
    )
  )

  it.effect("a request that ends after its lease has no slot to hold", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const first = slotOf(yield* store.take({ ...bounds(1), leaseMillis: 1000 }))
        yield* TestClock.adjust("2 seconds")
        const second = slotOf(yield* store.take(bounds(1)))
        yield* store.complete(first)
        yield* store.giveBack(second)
        slotOf(yield* store.take(bounds(1)))
      })
    )
  )

  it.effect("nothing was sent in a slot that was given back, so what HubSpot counted is others'", () =>
    withStore((store) =>
      Effect.gen(function* () {
        slotOf(yield* store.take(bounds(4)))
        for (let n = 0; n < 2; n++) yield* store.giveBack(slotOf(yield* store.take(bounds(4))))
        // Of three in HubSpot's window one is ours, so two of the four slots are others'.
        yield* store.observe({ account: "a", used: 3, ageMillis: 0, windowMillis })
        slotOf(yield* store.take(bounds(4)))
        assert.strictEqual((yield* store.take(bounds(4)))._tag, "Full")
      })
    )
  )

  it.effect("what an old answer counted is still known as ours", () =>
    withStore((store) =>
      Effect.gen(function* () {
        for (let n = 0; n < 3; n++) yield* store.complete(slotOf(yield* store.take(bounds(10))))
        yield* TestClock.adjust("15 seconds")
        for (let n = 0; n < 3; n++) yield* store.complete(slotOf(yield* store.take(bounds(10))))
        // Sent when the window before still held: all six of HubSpot's are ours.
        yield* store.observe({ account: "a", used: 6, ageMillis: 9000, windowMillis })
        for (let n = 0; n < 7; n++) slotOf(yield* store.take(bounds(10)))
        assert.strictEqual((yield* store.take(bounds(10)))._tag, "Full")
      })
    )
  )
})

describe("the account's day", () => {
  const berlin = { limit: 100, timeZone: "Europe/Berlin", dailyReserve: 0.1 } as const
  /** 1000 a day, so 100 are left to others. */
  const left = (dailyRemaining: number, ageMillis = 0) => ({ daily: 1000, dailyRemaining, ageMillis })
  const midnight = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-30T23:00:00Z"))
  const trySlot = (limits: RateLimits.RateLimits["Service"]) =>
    Effect.match(limits.withSlot("burst")(Effect.void), {
      onFailure: (error) => error.reason._tag,
      onSuccess: () => "sent"
    })

  it.effect("requests under way are counted as used", () =>
    withLimits(berlin, (limits) =>
      Effect.gen(function* () {
        yield* limits.observe(left(103))
        const results = yield* Effect.forkChild(
          Effect.forEach(
            [1, 2, 3, 4, 5],
            () => Effect.exit(limits.withSlot("burst")(Effect.sleep("1 second"))),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* Fiber.join(results)).map(Exit.isSuccess), [
          true,
          true,
          true,
          false,
          false
        ])
        // They are over, and no answer told of them: as many as before.
        assert.strictEqual(yield* trySlot(limits), "sent")
      })
    )
  )

  it.effect("who waited for a slot while the day was used up sends nothing, and the slot is free again", () =>
    withLimits({ ...berlin, limit: 1 }, (limits) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(midnight - 15_000)
        yield* limits.withSlot("burst")(Effect.void)
        let sent = false
        const waiter = yield* Effect.forkChild(
          Effect.flip(limits.withSlot("burst")(Effect.sync(() => (sent = true))))
        )
        yield* TestClock.adjust("5 seconds")
        yield* limits.observe(left(100))
        yield* TestClock.adjust("6 seconds")
        const error = yield* Fiber.join(waiter)
        assert.isTrue(error.reason._tag === "RateLimited" && error.reason.resumeAtMillis === midnight)
        assert.isFalse(sent)
        yield* TestClock.setTime(midnight)
        const next = yield* Effect.forkChild(
          Effect.andThen(limits.withSlot("burst")(Effect.void), Clock.currentTimeMillis)
        )
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* Fiber.join(next), midnight)
      })
    )
  )

  it.effect("an answer that comes after midnight and tells of the day before holds nobody up", () =>
    withLimits(berlin, (limits) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(midnight - 10_000)
        yield* limits.observe(left(90))
        assert.strictEqual(yield* trySlot(limits), "RateLimited")
        // Sent before midnight, answered after it.
        yield* TestClock.setTime(midnight + 20_000)
        yield* limits.observe(left(90, 30_000))
        assert.strictEqual(yield* trySlot(limits), "sent")
        // HubSpot's clock may be a little behind.
        yield* limits.observe(left(89))
        assert.strictEqual(yield* trySlot(limits), "sent")
        yield* TestClock.setTime(midnight + 90_000)
        yield* limits.observe(left(88, 100_000))
        assert.strictEqual(yield* trySlot(limits), "sent")
        yield* limits.observe(left(99))
        assert.strictEqual(yield* trySlot(limits), "RateLimited")
        // Nor does it take away what is known of the new day.
        yield* limits.observe(left(500, 100_000))
        assert.strictEqual(yield* trySlot(limits), "RateLimited")
      })
    )
  )
})

describe("options that make no sense", () => {
  const defectOf = (options: LineItems.Options & RateLimits.Options, layer: "limits" | "client" = "limits") =>
    Effect.map(
      Effect.exit(
        Effect.scoped(
          layer === "limits"
            ? Layer.build(RateLimits.layer(options))
            : Layer.build(Emulator.layerLineItems(options))
        )
      ),
      (exit) => {
        if (Exit.isSuccess(exit)) return "built"
        const defect = Cause.squash(exit.cause)
        return defect instanceof RangeError ? defect.message : `no RangeError: ${String(defect)}`
      }
    )

  it.effect("are a defect with one line that says what is wrong", () =>
    Effect.gen(function* () {
      for (const limit of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.strictEqual(yield* defectOf({ limit }), `limit must be a whole number from 1, got ${limit}`)
      }
      for (const time of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, "soon" as "1 second"]) {
        const told = `must be a finite time above 0, got ${time}`
        assert.strictEqual(yield* defectOf({ window: time }), `window ${told}`)
        assert.strictEqual(yield* defectOf({ timeout: time }), `timeout ${told}`)
        assert.strictEqual(yield* defectOf({ timeout: time }, "client"), `timeout ${told}`)
      }
      for (const dailyReserve of [-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.strictEqual(
          yield* defectOf({ dailyReserve }),
          `dailyReserve must be a number from 0 to 1, got ${dailyReserve}`
        )
      }
      assert.strictEqual(
        yield* defectOf({ timeZone: "Mars/Phobos" }),
        "timeZone must be a time zone like Europe/Berlin, got Mars/Phobos"
      )
      assert.strictEqual(
        yield* defectOf({ maxResponseBytes: Number.NaN }, "client"),
        "maxResponseBytes must be a whole number from 1, got NaN"
      )
    })
  )

  it.effect("the bounds themselves are allowed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* defectOf({ limit: 1, window: 1, timeout: 1, dailyReserve: 0 }), "built")
      assert.strictEqual(yield* defectOf({ limit: "auto", dailyReserve: 1, timeZone: "UTC" }), "built")
    })
  )
})
