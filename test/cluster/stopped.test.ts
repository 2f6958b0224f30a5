import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../crash/cycle.ts"
import { assertTrue, ending, running, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

// One after the other: what is told by times is told wrongly by a machine that has too much to do.
describe("a worker of several", () => {
  it.live(
    "one that stood still while another took its job sends nothing more of it, and works on",
    () =>
      Effect.gen(function* () {
        const here = yield* world({ latency: { min: 200, max: 400 } })
        const { first, other } = yield* running(here, 12_000, 20)
        first.kill("SIGSTOP")
        yield* World.until("taken over", World.job(here, "a"), ({ holder }) => holder?.pid === other.pid, 90)
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
        assert.strictEqual(first.code(), null, first.said())
        assert.match(first.said(), /^b: done$/m)
      }),
    180_000
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
      yield* World.until("taken over", World.job(here, "a"), ({ holder }) => holder?.pid === other.pid)
      yield* World.finished(here, ["a"])
      const before = yield* here.ledger
      stopping.kill("SIGCONT")
      yield* Effect.sleep("4 seconds")
      assert.strictEqual((yield* here.ledger).requests.length, before.requests.length)
      yield* assertTrue(here, { a: 6000 })
      assert.strictEqual(stopping.code(), null)
    })
  )
})
