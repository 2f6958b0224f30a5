import * as Ahead from "../../../packages/batch/src/engine/Ahead.ts"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"

/** How many elements are read, and how many run at most, while none of the first ones ends. */
const readAhead = (weights: ReadonlyArray<number>, most: number) =>
  Effect.gen(function* () {
    const go = yield* Deferred.make<void>()
    let read = 0
    let weight = 0
    let heaviest = 0
    const run = yield* Stream.fromIterable(weights).pipe(
      Stream.rechunk(1),
      Stream.tap(() => Effect.sync(() => read++)),
      Ahead.bounded({ most, weigh: (one) => one, concurrency: 1000 }, (one) =>
        Effect.gen(function* () {
          heaviest = Math.max(heaviest, (weight += one))
          yield* Deferred.await(go)
          yield* Effect.yieldNow
          weight -= one
          return one
        })
      ),
      Stream.mapEffect(({ release, result }) => Effect.as(release, result)),
      Stream.runCollect,
      Effect.forkChild
    )
    for (let n = 0; n < 200; n++) yield* Effect.yieldNow
    const ahead = read
    yield* Deferred.succeed(go, undefined)
    const all = [...(yield* Fiber.join(run))].sort((a, b) => a - b)
    assert.deepStrictEqual(
      all,
      [...weights].sort((a, b) => a - b)
    )
    return { ahead, heaviest }
  })

describe("what is read ahead", () => {
  it.effect("weighs at most so much, with one more that waits", () =>
    Effect.gen(function* () {
      const { ahead, heaviest } = yield* readAhead(
        Array.from({ length: 100 }, () => 10),
        50
      )
      assert.isAtMost(ahead, 7)
      assert.strictEqual(heaviest, 50)
    })
  )

  it.effect("is one element where that weighs more than all may", () =>
    Effect.gen(function* () {
      const { ahead, heaviest } = yield* readAhead([500, 500, 1, 500], 50)
      assert.isAtMost(ahead, 3)
      assert.strictEqual(heaviest, 500)
    })
  )
})
