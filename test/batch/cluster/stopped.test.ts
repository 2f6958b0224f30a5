import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../../crash/cycle.ts"
import { assertTrue, batchSize, concurrency, stop, submit, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

describe.concurrent("a worker of several", () => {
  it.live("one that stood still while another took its job sends nothing more of it, and works on", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const [first, other] = yield* Effect.all(
        [here.process(`--concurrency=${concurrency}`), here.worker(`--concurrency=${concurrency}`)],
        { concurrency: 2 }
      )
      yield* World.shared(here, 2)
      yield* here.hold
      const jobs: Record<string, number> = {}
      // One of them is the first worker's.
      let id: string
      do {
        id = `j${Object.keys(jobs).length}`
        jobs[id] = 8 * batchSize
        yield* submit(here, id, 8)
      } while ((yield* World.runnerOf(here, id, [first, other])) !== first)
      yield* World.held(here, id, concurrency)
      first.kill("SIGSTOP")
      yield* here.answer
      yield* World.until("its successor", World.job(here, id), World.runs(other))
      // In the middle of the job, which is another's by now, and can send nothing as long as nothing is answered.
      yield* World.held(here, id, concurrency)
      const before = yield* World.creates(here)
      first.kill("SIGCONT")
      yield* World.ended(first, id)
      assert.strictEqual((yield* World.creates(here)).length, before.length)
      assert.strictEqual((yield* World.job(here, id)).state, "running")
      yield* here.release
      yield* World.finished(here, Object.keys(jobs))
      const { inDoubt } = yield* assertTrue(here, jobs)
      assert.isAtMost(inDoubt, concurrency * batchSize)
      assert.strictEqual((yield* World.job(here, id)).holder, undefined)

      // It is as good as before, also alone.
      yield* stop(other, "SIGTERM")
      yield* other.ended
      yield* submit(here, "b", 5)
      yield* World.finished(here, ["b"])
      yield* assertTrue(here, { ...jobs, b: 5 * batchSize })
      yield* World.says(first, "b: done\n")
      yield* stop(first, "SIGTERM")
      const { code, stderr } = yield* first.ended
      assert.strictEqual(code, 130, stderr)
    })
  )

  it.live("one that stood still before it wrote down what it sends does not send it", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const slots = 5
      const stopping = yield* here.stopping(slots)
      yield* submit(here, "a", 10)
      yield* World.runnerOf(here, "a", [stopping])
      // One slot was for asking whose the token is.
      yield* World.sent(here, slots - 2)
      const other = yield* here.worker()
      yield* World.says(other, "a: done\n")
      const before = yield* here.ledger
      stopping.kill("SIGCONT")
      yield* World.ended(stopping, "a")
      assert.strictEqual((yield* here.ledger).requests.length, before.requests.length)
      yield* assertTrue(here, { a: 10 * batchSize })
      assert.strictEqual(stopping.code(), null)
    })
  )
})
