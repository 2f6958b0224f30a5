import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../crash/cycle.ts"
import { serverPort } from "../support/postgres.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

const world = (options: Omit<World.Options, "port"> = {}) =>
  Effect.flatMap(serverPort, (port) => World.make({ ...options, port }))

/** Nothing may be wrong with jobs that are over. */
const assertTrue = Effect.fnUntraced(function* (here: World.World, jobs: Readonly<Record<string, number>>) {
  const found = yield* World.check(here, jobs)
  assert.deepStrictEqual(found.wrong, [])
  return found
})

const both = <A>(one: Effect.Effect<A>) => Effect.all([one, one], { concurrency: 2 })

/** A job on one of two workers, which has sent so much of it; and the other worker. */
const running = Effect.fnUntraced(function* (
  here: World.World,
  rows: number,
  batches: number,
  ...args: ReadonlyArray<string>
) {
  const workers = yield* both(here.worker(...args))
  // Until they have found each other, so that the job does not move by itself.
  yield* Effect.sleep("2 seconds")
  yield* here.submit("a", rows)
  yield* World.sent(here, batches)
  const first = yield* World.runnerOf(here, "a", workers)
  yield* World.until("under way", World.underWay(here), (n) => n > 0)
  return { first, other: workers.find((worker) => worker !== first)! }
})

/** What one has to say when asked to end, and how long it takes. */
const ending = Effect.fnUntraced(function* (worker: World.Worker, signal: "SIGINT" | "SIGTERM") {
  const from = performance.now()
  worker.kill(signal)
  const { code, stderr } = yield* worker.ended
  return { code, stderr, millis: performance.now() - from }
})

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
        const victim = workers.find(({ child }) => holders.some(({ holder }) => holder?.pid === child.pid))!
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

  it.live(
    "one that stood still while another took its job sends nothing more of it, and works on",
    () =>
      Effect.gen(function* () {
        const here = yield* world({ latency: { min: 200, max: 400 } })
        const { first, other } = yield* running(here, 12_000, 20)
        first.kill("SIGSTOP")
        yield* World.until(
          "taken over",
          World.job(here, "a"),
          ({ holder }) => holder?.pid === other.child.pid
        )
        const sent = (yield* World.creates(here)).length
        yield* World.sent(here, sent + 10)
        assert.strictEqual((yield* World.job(here, "a")).state, "running")
        // In the middle of the job, which is another's by now.
        first.kill("SIGCONT")
        yield* World.finished(here, ["a"], 40)
        const before = yield* here.ledger
        yield* Effect.sleep("3 seconds")
        assert.strictEqual((yield* here.ledger).requests.length, before.requests.length)
        assert.strictEqual((yield* World.job(here, "a")).holder, undefined)
        const { inDoubt } = yield* assertTrue(here, { a: 12_000 })
        assert.isAtMost(inDoubt, 1600)

        // It is as good as before, also alone.
        yield* ending(other, "SIGTERM")
        yield* here.submit("b", 500)
        yield* World.finished(here, ["b"], 20)
        yield* assertTrue(here, { a: 12_000, b: 500 })
        assert.strictEqual(first.child.exitCode, null, first.said())
        assert.match(first.said(), /^b: done$/m)
      }),
    120_000
  )

  it.live("one that stood still before it wrote down what it sends does not send it", () =>
    Effect.gen(function* () {
      const here = yield* world({ latency: { min: 100, max: 200 } })
      const stopping = yield* here.stopping(20)
      yield* here.submit("a", 6000)
      yield* World.runnerOf(here, "a", [stopping])
      // One slot was for asking whose the token is.
      yield* World.sent(here, 18)
      const other = yield* here.worker()
      yield* World.until("taken over", World.job(here, "a"), ({ holder }) => holder?.pid === other.child.pid)
      yield* World.finished(here, ["a"])
      const before = yield* here.ledger
      stopping.kill("SIGCONT")
      yield* Effect.sleep("4 seconds")
      assert.strictEqual((yield* here.ledger).requests.length, before.requests.length)
      yield* assertTrue(here, { a: 6000 })
      assert.strictEqual(stopping.child.exitCode, null)
    })
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
        assert.strictEqual((yield* World.runnerOf(here, "a", [first, other])).child.pid, other.child.pid)
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
      yield* Effect.promise(() => first.seen("stopping"))
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
