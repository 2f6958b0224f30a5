import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../../crash/cycle.ts"
import { assertTrue, batchSize, both, concurrency, running, stop, submit, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

describe.concurrent("workers of one database", () => {
  it.live("three share an account's limit, and when one is killed the others go on with its jobs", () =>
    Effect.gen(function* () {
      const limit = 20
      const here = yield* world({ limit, latency: { min: 20, max: 200 } })
      const jobs: Record<string, number> = {}
      const victim = yield* here.process("--concurrency=1")
      yield* both(here.worker("--concurrency=1"))
      yield* World.shared(here, 3)
      // One of them is the victim's, and there are more requests to be made than the limit gives to a window.
      yield* here.hold
      let doomed: string | undefined
      for (let n = 1; n <= 6 || doomed === undefined; n++) {
        const id = `j${n}`
        jobs[id] = 3 * batchSize
        yield* submit(here, id, 3)
        const job = yield* World.until(
          `a runner of ${id}`,
          World.job(here, id),
          ({ holder }) => holder !== undefined
        )
        if (World.runs(victim)(job)) doomed = id
      }
      const [attempt] = yield* World.held(here, doomed, 1)
      victim.kill("SIGKILL")
      yield* victim.ended
      yield* here.release
      const ids = Object.keys(jobs)
      yield* World.finished(here, ids)
      const { inDoubt, invalid, refused, worst } = yield* assertTrue(here, jobs)
      assert.isAtMost(worst, limit)
      assert.strictEqual(refused, 0)
      // A request of a job at once.
      assert.isAtLeast(inDoubt, attempt!.inputs.length)
      assert.isAtMost(inDoubt, ids.length * batchSize)
      // One of fifteen rows.
      assert.strictEqual(invalid, ids.length)
    })
  )

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(`one that leaves by ${signal} waits for its requests, and its job goes on elsewhere`, () =>
      Effect.gen(function* () {
        const here = yield* world()
        const { first, other, underWay } = yield* running(here)
        yield* stop(first, signal)
        assert.strictEqual(first.code(), null)
        yield* here.release
        const { code, stderr } = yield* first.ended
        assert.strictEqual(code, 130, stderr)
        // All were answered, and it sent nothing more.
        const { epoch } = underWay[0]!
        const its = (yield* World.attempts(here, "a")).filter((attempt) => attempt.epoch === epoch)
        assert.deepStrictEqual(its.at(-1)!.id, underWay.at(-1)!.id)
        assert.isEmpty(its.filter(({ end }) => end?.acceptance !== "Accepted"))
        yield* World.says(other, "a: done\n")
        const { inDoubt } = yield* assertTrue(here, { a: 50 })
        assert.strictEqual(inDoubt, 0)
      })
    )
  }

  it.live("one that is interrupted twice ends at once, and what was under way is in doubt", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const { first, underWay } = yield* running(here)
      yield* stop(first, "SIGINT")
      first.kill("SIGINT")
      // None of its requests is ever answered.
      const { code, stderr } = yield* first.ended
      assert.strictEqual(code, 130, stderr)
      yield* here.release
      yield* World.finished(here, ["a"])
      const { inDoubt } = yield* assertTrue(here, { a: 50 })
      assert.strictEqual(
        inDoubt,
        underWay.reduce((sum, { inputs }) => sum + inputs.length, 0)
      )
    })
  )

  it.live("a job that moves because workers join is not in doubt, however long its requests take", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const ids = ["a", "b", "c", "d", "e", "f", "g", "h"]
      yield* here.hold
      yield* Effect.forEach(ids, (id) => submit(here, id, 3))
      const first = yield* here.worker(`--concurrency=${concurrency}`)
      yield* Effect.forEach(ids, (id) => World.held(here, id, concurrency))
      yield* both(here.worker(`--concurrency=${concurrency}`))
      yield* World.shared(here, 3)
      // Longer than the engine waits for the end of a run that is to move.
      yield* Effect.sleep("2 seconds")
      yield* here.release
      yield* World.finished(here, ids)
      const { inDoubt } = yield* assertTrue(here, Object.fromEntries(ids.map((id) => [id, 3 * batchSize])))
      const said = first.said()
      const moved = ids.filter((id) => said.includes(`${id}: handed to the other workers\n`))
      assert.isAtLeast(moved.length, 1, said)
      assert.strictEqual(inDoubt, 0, said)
    })
  )
})
