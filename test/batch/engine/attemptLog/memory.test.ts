import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { batch, defectOf, end, suite } from "./suite.ts"

suite(
  "the attempt log in memory",
  Effect.map(AttemptLog.makeMemory({ keep: true }), (log) => Layer.succeed(AttemptLog.AttemptLog, log))
)

describe("the attempt log in memory, by itself", () => {
  it.effect("a crash drops what was not committed and nothing else", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.makeMemory({ keep: true, commitMillis: 5 })
      const committed = yield* Effect.forkChild(log.begin(batch))
      yield* TestClock.adjust(5)
      const id = yield* Fiber.join(committed)
      const begins = yield* Effect.forkChild(log.begin(batch))
      const ends = yield* Effect.forkChild(log.end(id, end))
      yield* TestClock.adjust(4)
      yield* log.crash
      yield* TestClock.adjust(100)
      assert.isUndefined(begins.pollUnsafe())
      assert.isUndefined(ends.pollUnsafe())
      assert.deepStrictEqual(yield* log.attempts("job"), [{ ...batch, id, begunAtMillis: 5 }])
      const later = yield* Effect.forkChild(log.begin(batch))
      yield* TestClock.adjust(5)
      assert.isAbove(yield* Fiber.join(later), id)
    })
  )

  it.effect("unless it is to keep them, it forgets attempts that have ended", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.AttemptLog
      const first = yield* log.begin({ ...batch, jobId: "default" })
      const second = yield* log.begin({ ...batch, jobId: "default" })
      yield* log.end(first, end)
      assert.deepStrictEqual(
        (yield* log.attempts("default")).map(({ id }) => id),
        [second]
      )
      assert.include(defectOf(yield* Effect.exit(log.end(first, end))), "is not under way")
      yield* log.end(second, end)
      assert.deepStrictEqual(yield* log.attempts("default"), [])
    }).pipe(Effect.provide(AttemptLog.layerMemory()))
  )
})
