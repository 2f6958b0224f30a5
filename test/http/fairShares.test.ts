import { RateLimits, RateLimitStore } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"

type Limits = RateLimits.RateLimits["Service"]

interface Job {
  /** Requests that it has under way or waiting at any moment. */
  readonly concurrency: number
  /** How long a request takes, in milliseconds. Default 20 to 400. */
  readonly latency?: readonly [number, number]
  /** When it is there, in seconds. Default: always. */
  readonly from?: number
  readonly to?: number
}

const limit = 190

/** Sends as long as it is there; succeeds with the arrivals at the server. */
const arrivalsOf = (limits: Limits, job: Job, share: string, seconds: number) =>
  Effect.gen(function* () {
    const { concurrency, from = 0, latency = [20, 400], to = seconds } = job
    const arrivals: Array<number> = []
    const request = Effect.gen(function* () {
      const millis = yield* Random.nextIntBetween(...latency)
      yield* Effect.sleep(millis / 2)
      arrivals.push(yield* Clock.currentTimeMillis)
      yield* Effect.sleep(millis / 2)
    })
    yield* Effect.gen(function* () {
      yield* Effect.sleep(from * 1000)
      while ((yield* Clock.currentTimeMillis) < to * 1000) yield* limits.withSlot("burst")(request)
    }).pipe(
      Effect.replicateEffect(concurrency, { concurrency: "unbounded" }),
      Effect.provideService(RateLimits.Share, share),
      Effect.forkChild
    )
    return arrivals
  })

const during = (arrivals: ReadonlyArray<number>, [from, to]: readonly [number, number]) =>
  arrivals.filter((at) => at >= from * 1000 && at < to * 1000).length

const worst = (times: ReadonlyArray<number>): number => {
  const sorted = times.toSorted((a, b) => a - b)
  let first = 0
  return Math.max(
    ...sorted.map((time, n) => {
      while (sorted[first]! + 10_000 <= time) first++
      return n - first + 1
    })
  )
}

/** Jobs of one account on one limiter, in virtual time; `shared` is whether each has a share of its own. */
const together = (jobs: ReadonlyArray<Job>, seconds: number, shared = true) =>
  Effect.gen(function* () {
    const limits = yield* RateLimits.RateLimits
    const all = yield* Effect.forEach(jobs, (job, n) =>
      arrivalsOf(limits, job, shared ? `job ${n}` : "", seconds)
    )
    yield* TestClock.adjust(seconds * 1000)
    assert.isAtMost(worst(all.flat()), limit)
    return all
  }).pipe(Effect.provide(RateLimits.layer({ limit })), Random.withSeed("shares"))

describe("jobs that share an account in one process", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Job>]> = [
    ["64 and 10 requests at once", [{ concurrency: 64 }, { concurrency: 10 }]],
    ["64, 32 and 8", [{ concurrency: 64 }, { concurrency: 32 }, { concurrency: 8 }]],
    ["10, 64 and 10", [{ concurrency: 10 }, { concurrency: 64 }, { concurrency: 10 }]],
    [
      "64 fast ones and 10 slow ones",
      [
        { concurrency: 64, latency: [20, 21] },
        { concurrency: 10, latency: [400, 401] }
      ]
    ]
  ]
  for (const [name, jobs] of cases) {
    it.effect(`get equal parts of its limit: ${name}`, () =>
      Effect.gen(function* () {
        const all = yield* together(jobs, 120)
        const counts = all.map((arrivals) => arrivals.length)
        const total = counts.reduce((sum, count) => sum + count, 0)
        for (const count of counts) {
          assert.isAtLeast(count, (0.9 * total) / jobs.length, counts.join(" "))
          assert.isAtMost(count, (1.1 * total) / jobs.length, counts.join(" "))
        }
        const unshared = yield* together(jobs, 120, false)
        assert.isAtLeast(total, 0.99 * unshared.flat().length)
        assert.isAtLeast(total, 0.97 * 12 * limit)
      })
    )
  }

  it.effect("share with who comes later at once, and have it all when it is gone", () =>
    Effect.gen(function* () {
      const [long, short] = yield* together(
        [{ concurrency: 64 }, { concurrency: 10, from: 60, to: 120 }],
        180
      )
      assert.isAtLeast(during(long!, [20, 60]), 0.97 * 4 * limit)
      for (const [from, to] of [
        [65, 85],
        [85, 120]
      ] as const) {
        const [one, two] = [during(long!, [from, to]), during(short!, [from, to])]
        assert.isAtLeast(two, 0.45 * (one + two), `${one} ${two}`)
        assert.isAtMost(two, 0.55 * (one + two), `${one} ${two}`)
      }
      assert.isAtLeast(during(long!, [140, 180]), 0.97 * 4 * limit)
    })
  )

  it.effect("use what a slow one cannot use of its part", () =>
    Effect.gen(function* () {
      const [fast, slow] = yield* together(
        [{ concurrency: 64 }, { concurrency: 2, latency: [2000, 2100] }],
        120
      )
      assert.isAtLeast(slow!.length, 100)
      assert.isAtLeast(fast!.length + slow!.length, 0.97 * 12 * limit)
    })
  )

  it.effect("use what one leaves that is stuck", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      const stuck = yield* arrivalsOf(limits, { concurrency: 10, to: 9 }, "stuck", 10)
      const going = yield* arrivalsOf(limits, { concurrency: 20 }, "going", 110)
      yield* TestClock.adjust("9 seconds")
      // Ten that were quick so far, and hang from now on.
      yield* limits
        .withSlot("burst")(Effect.sleep("100 seconds"))
        .pipe(
          Effect.replicateEffect(10, { concurrency: "unbounded" }),
          Effect.provideService(RateLimits.Share, "stuck"),
          Effect.forkChild
        )
      yield* TestClock.adjust("100 seconds")
      assert.isAbove(stuck.length, 50)
      // Nine windows, without the slots that hang.
      assert.isAtLeast(during(going, [19, 109]), 0.95 * 9 * (limit - 10))
    }).pipe(Effect.provide(RateLimits.layer({ limit })), Random.withSeed("stuck"))
  )

  it.effect("within a job who came first is first", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      const order: Array<string> = []
      const send = (share: string, n: number) =>
        limits
          .withSlot("burst")(Effect.sync(() => order.push(`${share}${n}`)))
          .pipe(Effect.provideService(RateLimits.Share, share), Effect.forkChild({ startImmediately: true }))
      for (const n of [1, 2, 3, 4]) yield* send("a", n)
      for (const n of [1, 2]) yield* send("b", n)
      yield* TestClock.adjust("2 minutes")
      // b was not there when a had its first turn.
      assert.deepStrictEqual(order, ["a1", "b1", "a2", "b2", "a3", "a4"])
    }).pipe(Effect.provide(RateLimits.layer({ limit: 1 })))
  )

  for (const seed of ["leave", "left", "leaving"]) {
    it.effect(
      `who leaves the queue at any moment neither holds it up nor takes a turn with it (${seed})`,
      () =>
        Effect.gen(function* () {
          const limits = yield* RateLimits.RateLimits
          const sent: Array<number> = []
          const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
          for (let n = 0; n < 300; n++) {
            const request = Effect.gen(function* () {
              sent.push(yield* Clock.currentTimeMillis)
              yield* Effect.sleep(yield* Random.nextIntBetween(1, 500))
            })
            const share = `job ${yield* Random.nextIntBetween(0, 4)}`
            fibers.push(
              yield* limits
                .withSlot("burst", { uninterruptible: true })(request)
                .pipe(Effect.provideService(RateLimits.Share, share), Effect.forkChild)
            )
            if ((yield* Random.next) < 0.4) yield* TestClock.adjust(yield* Random.nextIntBetween(1, 300))
            while ((yield* Random.next) < 0.3) {
              const fiber = fibers[yield* Random.nextIntBetween(0, fibers.length - 1)]!
              yield* Effect.forkChild(Fiber.interrupt(fiber))
            }
          }
          yield* TestClock.adjust("20 minutes")
          const exits = yield* Effect.forEach(fibers, Fiber.await)
          assert.isAtLeast(exits.filter(Exit.isSuccess).length, 100)
          assert.isAtLeast(exits.filter(Exit.isFailure).length, 30)
          assert.isAtMost(worst(sent), 20)
          // All slots are free again: nobody holds one, nobody is in the way.
          const before = yield* Clock.currentTimeMillis
          const last = yield* Effect.forkChild(
            Effect.replicateEffect(limits.withSlot("burst")(Effect.void), 20, { concurrency: "unbounded" })
          )
          yield* TestClock.adjust(1)
          yield* Fiber.join(last)
          assert.strictEqual(yield* Clock.currentTimeMillis, before + 1)
          // None of them waited longer than others' requests take.
          const gaps = sent.slice(1).map((at, n) => at - sent[n]!)
          assert.isAtMost(Math.max(...gaps), 11_000)
        }).pipe(Effect.provide(RateLimits.layer({ limit: 20 })), Random.withSeed(seed))
    )
  }
})

describe("accounts on one store", () => {
  it.effect("do not wait for each other, whether one is paused, used up, full or slow", () =>
    Effect.gen(function* () {
      const of = (account: string) =>
        Effect.provide(
          RateLimits.RateLimits,
          Layer.fresh(RateLimits.layerStore({ limit: 2, account, timeZone: "UTC" }))
        )
      const [paused, usedUp, full, free] = yield* Effect.forEach(["1", "2", "3", "4"], of)
      yield* TestClock.adjust("1 hour")
      yield* paused!.observe({ pauseMillis: 60_000 })
      yield* usedUp!.observe({ daily: 100, dailyRemaining: 0 })
      const hanging = yield* Effect.forEach([1, 2, 3, 4], () =>
        Effect.forkChild(full!.withSlot("burst")(Effect.sleep("90 seconds")), { startImmediately: true })
      )
      const waiting = yield* Effect.forkChild(paused!.withSlot("burst")(Effect.void))
      assert.strictEqual(
        (yield* Effect.flip(usedUp!.withSlot("burst")(Effect.void))).reason._tag,
        "RateLimited"
      )
      yield* TestClock.adjust(1)
      const at = yield* Clock.currentTimeMillis
      for (let n = 0; n < 2; n++) yield* free!.withSlot("burst")(Effect.void)
      assert.strictEqual(yield* Clock.currentTimeMillis, at)
      assert.isUndefined(waiting.pollUnsafe())
      assert.isTrue(hanging.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(RateLimitStore.layerMemory))
  )
})
