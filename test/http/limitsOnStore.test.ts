import { RateLimits, RateLimitStore } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

/*
 * The limiter on a store that is watched, or that cannot be reached for a while.
 */

type Store = RateLimitStore.RateLimitStore["Service"]

const on = <A, E>(
  options: RateLimits.Options,
  change: (store: Store) => Partial<Store>,
  use: (limits: RateLimits.RateLimits["Service"], store: Store) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const store = yield* RateLimitStore.RateLimitStore
    const changed = RateLimitStore.RateLimitStore.of({ ...store, ...change(store) })
    const limits = yield* Effect.provideService(
      RateLimits.make(options),
      RateLimitStore.RateLimitStore,
      changed
    )
    return yield* use(limits, store)
  }).pipe(Effect.provide(RateLimitStore.layerMemory))

/** When a request that asks now gets its slot, in milliseconds from now. */
const slotAfter = (limits: RateLimits.RateLimits["Service"]) =>
  Effect.gen(function* () {
    const from = yield* Clock.currentTimeMillis
    const slot = yield* Effect.forkChild(limits.withSlot("burst")(Clock.currentTimeMillis))
    for (let n = 0; n < 1000 && slot.pollUnsafe() === undefined; n++) yield* TestClock.adjust("100 millis")
    return slot.pollUnsafe() === undefined ? Number.POSITIVE_INFINITY : (yield* Fiber.join(slot)) - from
  })

describe("a pause that the store could not be told of", () => {
  const away = new RateLimitStore.RateLimitStoreError({ detail: "away" })

  /** The first pauses fail, and the store is slow to take those that it takes. */
  const failing = (failures: number, slowMillis = 0) => {
    let n = 0
    return (store: Store): Partial<Store> => ({
      pause: (pause) =>
        Effect.suspend(() =>
          n++ < failures ? Effect.fail(away) : Effect.andThen(Effect.sleep(slowMillis), store.pause(pause))
        )
    })
  }

  for (const [what, first, second, expected] of [
    ["a later, shorter one", 20_000, 5000, 20_000],
    ["a later, longer one", 5000, 20_000, 21_000],
    ["one as long", 10_000, 10_000, 11_000]
  ] as const) {
    it.effect(`is owed to it, and ${what} that it could not be told of either does not shorten it`, () =>
      on({ limit: 100 }, failing(2), (limits) =>
        Effect.gen(function* () {
          yield* limits.observe({ pauseMillis: first })
          yield* TestClock.adjust("1 second")
          yield* limits.observe({ pauseMillis: second })
          const at = 1000 + (yield* slotAfter(limits))
          assert.isAtLeast(at, expected)
          assert.isAtMost(at, expected + 200)
        })
      )
    )
  }

  it.effect("is paid once: what is owed while it is being paid is owed still", () => {
    let pauses = 0
    return on(
      { limit: 100 },
      (store) => ({
        pause: (pause) =>
          Effect.suspend(() => {
            pauses++
            // The second is being paid when the third comes, which fails.
            if (pauses === 1 || pauses === 3) return Effect.fail(away)
            return Effect.delay(store.pause(pause), pauses === 2 ? "2 seconds" : 0)
          })
      }),
      (limits) =>
        Effect.gen(function* () {
          yield* limits.observe({ pauseMillis: 3000 })
          const slot = yield* Effect.forkChild(limits.withSlot("burst")(Clock.currentTimeMillis), {
            startImmediately: true
          })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(pauses, 2)
          yield* limits.observe({ pauseMillis: 30_000 })
          assert.strictEqual(pauses, 3)
          for (let n = 0; n < 600 && slot.pollUnsafe() === undefined; n++)
            yield* TestClock.adjust("100 millis")
          const at = yield* Fiber.join(slot)
          assert.isAtLeast(at, 31_000)
          assert.isAtMost(at, 31_200)
          assert.strictEqual(pauses, 4)
        })
    )
  })

  it.effect("is nothing any more when its time is over before the store is back", () => {
    let pauses = 0
    return on(
      { limit: 100 },
      () => ({ pause: () => Effect.suspend(() => (++pauses === 1 ? Effect.fail(away) : Effect.void)) }),
      (limits) =>
        Effect.gen(function* () {
          yield* limits.observe({ pauseMillis: 5000 })
          yield* TestClock.adjust("6 seconds")
          assert.strictEqual(yield* slotAfter(limits), 0)
          assert.strictEqual(pauses, 1)
        })
    )
  })
})

describe("every slot", () => {
  it.effect("that comes after its waiter was interrupted is given back", () =>
    on(
      { limit: 1 },
      (store) => ({ take: (asked) => Effect.tap(store.take(asked), () => Effect.sleep("500 millis")) }),
      (limits) =>
        Effect.gen(function* () {
          const waiter = yield* Effect.forkChild(limits.withSlot("burst")(Effect.void), {
            startImmediately: true
          })
          yield* TestClock.adjust("100 millis")
          yield* Effect.forkChild(Fiber.interrupt(waiter), { startImmediately: true })
          yield* TestClock.adjust("1 second")
          assert.isDefined(waiter.pollUnsafe())
          assert.isAtMost(yield* slotAfter(limits), 1000)
        })
    )
  )

  it.effect("in which nothing was sent leaves the whole limit to others", () =>
    on(
      { limit: 20 },
      () => ({}),
      (limits) =>
        Effect.gen(function* () {
          const unsent = Effect.ignore(limits.withSlot("burst")(Effect.fail(new RateLimits.NothingSent())))
          yield* Effect.provideService(Effect.replicateEffect(unsent, 15), RateLimits.Share, "one")
          // What the one got is out of the window.
          yield* TestClock.adjust("11 seconds")
          const other = yield* limits
            .withSlot("burst")(Clock.currentTimeMillis)
            .pipe(
              Effect.replicateEffect(20, { concurrency: "unbounded" }),
              Effect.provideService(RateLimits.Share, "other"),
              Effect.forkChild
            )
          yield* TestClock.adjust("5 minutes")
          assert.deepStrictEqual([...new Set(yield* Fiber.join(other))], [11_000])
        })
    )
  )

  it.effect("of a search is one of five in any second", () =>
    on(
      { limit: 20 },
      () => ({}),
      (limits) =>
        Effect.gen(function* () {
          const arrivals: Array<number> = []
          const search = Effect.gen(function* () {
            yield* Effect.sleep(yield* Random.nextIntBetween(0, 300))
            arrivals.push(yield* Clock.currentTimeMillis)
          })
          const all = yield* limits
            .withSlot("search")(search)
            .pipe(Effect.replicateEffect(40, { concurrency: "unbounded" }), Effect.forkChild)
          for (let n = 0; n < 300; n++) yield* TestClock.adjust("100 millis")
          yield* Fiber.join(all)
          const inSecond = (from: number) => arrivals.filter((at) => at >= from && at < from + 1000).length
          assert.strictEqual(Math.max(...arrivals.map(inSecond)), 5)
        }).pipe(Random.withSeed("searches"))
    )
  )

  /** How often each slot was ended, by how. */
  const watching = () => {
    const taken: Array<number | string> = []
    const ends: Array<readonly [how: string, slot: number | string]> = []
    const watch = (store: Store): Partial<Store> => ({
      take: (asked) =>
        Effect.tap(store.take(asked), (answer) =>
          Effect.sync(() => void (answer._tag === "Taken" && taken.push(answer.slot.id)))
        ),
      complete: (slot) =>
        Effect.andThen(
          Effect.sync(() => void ends.push(["over", slot.id])),
          store.complete(slot)
        ),
      giveBack: (slot) =>
        Effect.andThen(
          Effect.sync(() => void ends.push(["given back", slot.id])),
          store.giveBack(slot)
        )
    })
    return { taken, ends, watch }
  }

  const berlin = { timeZone: "Europe/Berlin", dailyReserve: 0.1 } as const
  const midnight = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-30T23:00:00Z"))

  it.effect("is ended once, also where the day was over when it was got", () => {
    const { ends, taken, watch } = watching()
    return on({ limit: 5, ...berlin }, watch, (limits) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(midnight - 60_000)
        const all = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 30 }),
            () => Effect.exit(limits.withSlot("burst")(Effect.sleep("1 second"))),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("5 seconds")
        yield* limits.observe({ daily: 1000, dailyRemaining: 100, ageMillis: 0 })
        yield* TestClock.adjust("10 minutes")
        const exits = yield* Fiber.join(all)
        const sent = exits.filter(Exit.isSuccess).length
        assert.isAtLeast(sent, 5)
        assert.isBelow(sent, 30)
        assert.deepStrictEqual(
          ends.map(([, slot]) => slot).toSorted((a, b) => Number(a) - Number(b)),
          taken.toSorted((a, b) => Number(a) - Number(b))
        )
        assert.lengthOf(
          ends.filter(([how]) => how === "over"),
          sent
        )
      })
    )
  })

  it.effect("counts for its share until it is ended, also where the day was over when it was got", () =>
    on(
      { limit: 20, ...berlin },
      () => ({}),
      (limits) =>
        Effect.gen(function* () {
          const start = midnight - 15_000
          yield* TestClock.setTime(start)
          const arrivals = { one: 0, other: 0 }
          /** Sends all the time, whatever became of the request before. */
          const job = (share: keyof typeof arrivals, from: number) =>
            Effect.gen(function* () {
              while (true) {
                const sent = Effect.andThen(
                  Effect.flatMap(Clock.currentTimeMillis, (now) =>
                    Effect.sync(() => void (now >= from && arrivals[share]++))
                  ),
                  Effect.sleep("200 millis")
                )
                const exit = yield* Effect.exit(limits.withSlot("burst")(sent))
                if (Exit.isFailure(exit)) yield* Effect.sleep("1 second")
              }
            }).pipe(
              Effect.replicateEffect(10, { concurrency: "unbounded" }),
              Effect.provideService(RateLimits.Share, share),
              Effect.forkChild
            )
          // Those of the one wait for a slot when the day ends.
          yield* job("one", midnight + 20_000)
          yield* TestClock.adjust("5 seconds")
          yield* limits.observe({ daily: 1000, dailyRemaining: 100, ageMillis: 0 })
          yield* TestClock.adjust("10 seconds")
          yield* job("other", midnight + 20_000)
          for (let n = 0; n < 220; n++) yield* TestClock.adjust("1 second")
          const sum = arrivals.one + arrivals.other
          assert.isAtLeast(sum, 380)
          assert.isAtLeast(arrivals.one, sum * 0.45)
          assert.isAtMost(arrivals.one, sum * 0.55)
        })
    )
  )
})
