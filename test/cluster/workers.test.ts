import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../crash/cycle.ts"
import { assertTrue, both, ending, running, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

const slow = { latency: { min: 300, max: 600 } }

describe.concurrent("workers of one database", () => {
  it.live(
    "three share an account's limit, and when one is killed the others go on with its jobs",
    () =>
      Effect.gen(function* () {
        const here = yield* world({ limit: 190, latency: { min: 20, max: 200 } })
        const jobs = { j1: 10_000, j2: 10_000, j3: 10_000, j4: 10_000, j5: 10_000, j6: 10_000 }
        const ids = Object.keys(jobs)
        yield* Effect.forEach(ids, (id) => here.submit(id, 10_000), { concurrency: 2 })
        // What submitting asks of the account is over.
        yield* Effect.sleep("10 seconds")
        const workers = yield* Effect.all([here.worker(), here.worker(), here.worker()], { concurrency: 3 })
        yield* World.sent(here, 250)
        const holders = yield* Effect.forEach(ids, (id) => World.job(here, id))
        const victim = workers.find(({ pid }) => holders.some(({ holder }) => holder?.pid === pid))!
        yield* World.until("under way", World.underWay(here), (n) => n > 0)
        victim.kill("SIGKILL")
        yield* World.finished(here, ids, 100)
        const { inDoubt, invalid, refused, worst } = yield* assertTrue(here, jobs)
        assert.isAtMost(worst, 190)
        assert.strictEqual(refused, 0)
        // Ten requests of a job at once.
        assert.isAtMost(inDoubt, 6000)
        assert.strictEqual(invalid, 6 * 588)
      }),
    150_000
  )

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(`one that leaves by ${signal} waits for its requests, and its job goes on elsewhere`, () =>
      Effect.gen(function* () {
        const here = yield* world(slow)
        const { first, other } = yield* running(here, 8000, 25)
        const { code, millis, stderr } = yield* ending(first, signal)
        assert.strictEqual(code, 130, stderr)
        assert.isBelow(millis, 4000)
        assert.match(stderr, /^line-items: stopping: waiting for the requests under way/m)
        const sent = (yield* World.creates(here)).length
        yield* World.until("goes on", World.creates(here), (all) => all.length > sent, 5)
        assert.strictEqual((yield* World.runnerOf(here, "a", [first, other])).pid, other.pid)
        yield* World.finished(here, ["a"])
        const { inDoubt } = yield* assertTrue(here, { a: 8000 })
        assert.strictEqual(inDoubt, 0)
      })
    )
  }

  it.live("one that is interrupted twice ends at once, and what was under way is in doubt", () =>
    Effect.gen(function* () {
      const here = yield* world({ latency: { min: 6000, max: 8000 } })
      const { first } = yield* running(here, 1500, 10, "--concurrency=10")
      const from = performance.now()
      first.kill("SIGINT")
      yield* Effect.promise(() => first.seen("stderr", "stopping"))
      first.kill("SIGINT")
      const { code, stderr } = yield* first.ended
      assert.strictEqual(code, 130, stderr)
      assert.isBelow(performance.now() - from, 3000)
      yield* World.finished(here, ["a"])
      const { inDoubt } = yield* assertTrue(here, { a: 1500 })
      assert.isAtLeast(inDoubt, 1)
      assert.isAtMost(inDoubt, 1000)
    })
  )

  it.live(
    "a job that moves because workers join is not in doubt, however long its requests take",
    () =>
      Effect.gen(function* () {
        const here = yield* world({ latency: { min: 6000, max: 8000 } })
        const jobs = { a: 4000, b: 4000, c: 4000, d: 4000 }
        const ids = Object.keys(jobs)
        yield* Effect.forEach(ids, (id) => here.submit(id, 4000), { concurrency: 2 })
        const first = yield* here.worker("--concurrency=10")
        yield* World.sent(here, 40)
        yield* both(here.worker("--concurrency=10"))
        yield* World.finished(here, ids, 90)
        const { inDoubt } = yield* assertTrue(here, jobs)
        const moved = ids.filter((id) => !first.said().includes(`${id}: done`))
        assert.isAtLeast(moved.length, 1, first.said())
        assert.strictEqual(inDoubt, 0, first.said())
      }),
    120_000
  )
})
