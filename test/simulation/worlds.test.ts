import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Outage from "./outage.ts"
import * as World from "./world.ts"

const seeds = (count: number, first = 1) => Array.from({ length: count }, (_, n) => first + n)

/** A world of this number: as many requests as one of 1,000 inputs has, with a quarter of them hit by a fault. */
const small = (seed: number) => ({ seed, count: 100, batchSize: 10, share: 0.25 })

// Worlds that are wrong as soon as the bug is back; a fault more in docs/faults.md makes other worlds of the numbers.
const onceWrong = [
  // A refusal that lied, and then the end of the job, were taken for "not sent".
  ["failVisibleVerified", 529],
  ["failVisibleVerified", 837],
  ["failVisibleVerified", 1090],
  // What was not there at once after a conflict was taken for absent, and came later.
  ["guard", 1261]
] as const

describe("simulated worlds", () => {
  it("know every fault that a server can cause", () => {
    assert.isAtLeast(new Set(World.catalogue.map(([row]) => row)).size, 40)
  })

  it.live("with a quarter of the calls hit by a fault nothing is twice and nothing is misreported", () =>
    Effect.gen(function* () {
      let struck = 0
      let requests = 0
      const rows = new Set<string>()
      for (const seed of seeds(100)) {
        const result = yield* World.run(small(seed))
        assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.rows.join(" ")}`)
        struck += result.struck
        requests += result.requests
        for (const row of result.rows) rows.add(row)
      }
      assert.isAtLeast(rows.size, 35)
      assert.isAtLeast(struck / requests, 0.1)
    })
  )

  for (const policy of World.strategies.filter((name) => name !== "failVisible")) {
    it.live(`${policy} keeps its promise in the same worlds`, () =>
      Effect.gen(function* () {
        for (const seed of seeds(40)) {
          const result = yield* World.run(small(seed), policy)
          assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.rows.join(" ")}`)
        }
      })
    )
  }

  it.live("worlds that were wrong once are right", () =>
    Effect.gen(function* () {
      for (const [policy, seed] of onceWrong) {
        const result = yield* World.run({ seed, count: 1000, share: 0.25 }, policy)
        assert.deepStrictEqual(result.wrong, [], `${policy} ${seed}: ${result.rows.join(" ")}`)
      }
    })
  )

  it.live("without faults nothing is in doubt, under any strategy", () =>
    Effect.gen(function* () {
      for (const policy of World.strategies) {
        for (const seed of seeds(3, 9000)) {
          const { outcomes, wrong } = yield* World.run({ seed, count: 300, batchSize: 30, share: 0 }, policy)
          assert.deepStrictEqual(wrong, [], policy)
          assert.deepStrictEqual(Object.keys(outcomes).sort(), ["Created", "Invalid", "Rejected"], policy)
        }
      }
    })
  )

  for (const policy of World.strategies) {
    it.live(`an outage costs what was under way and a few batches: ${policy}`, () =>
      Effect.gen(function* () {
        for (const seed of seeds(20)) {
          const { wrong } = yield* Outage.run(seed, policy)
          assert.deepStrictEqual(wrong, [], `outage ${seed}`)
        }
      })
    )
  }

  it.live("the same number is the same world", () =>
    Effect.gen(function* () {
      for (const seed of seeds(3, 77)) {
        const world = { seed, count: 200, batchSize: 20, share: 0.25 }
        assert.deepStrictEqual(yield* World.run(world), yield* World.run(world))
      }
    })
  )

  it.live("a client that retries what looks transient doubles rows in the same worlds", () =>
    Effect.gen(function* () {
      let doubled = 0
      for (const seed of seeds(30)) {
        const { duplicated } = yield* World.run(small(seed), "naive")
        if (duplicated > 0) doubled++
      }
      assert.isAtLeast(doubled, 10)
    })
  )
})
