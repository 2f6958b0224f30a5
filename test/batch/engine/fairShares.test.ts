import { BulkCreate } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random, Stream } from "effect"
import { TestClock } from "effect/testing"

describe("bulk operations that share an account", () => {
  it.effect("get equal parts of its limit, whatever their concurrency", () =>
    Effect.gen(function* () {
      // Told apart by the size of their batches.
      for (const [batchSize, concurrency] of [
        [1, 64],
        [2, 10]
      ] as const) {
        yield* Stream.range(1, 10_000).pipe(
          Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
          BulkCreate.outcomes({ batchSize, concurrency }),
          Stream.runDrain,
          Effect.forkChild
        )
      }
      yield* TestClock.adjust("1 minute")
      const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
      assert.isAtMost(Ledger.worstWindow(requests), 190)
      assert.isAtLeast(requests.length, 0.97 * 6 * 190)
      const large = requests.filter(({ inputs }) => inputs === 2).length
      assert.isAtLeast(large, 0.45 * requests.length)
      assert.isAtMost(large, 0.55 * requests.length)
    }).pipe(
      Effect.provide(
        Emulator.layerLineItems({
          limit: 190,
          emulator: { limit: 190, latency: { min: 20, max: 400 } }
        })
      ),
      Random.withSeed("shares")
    )
  )
})
