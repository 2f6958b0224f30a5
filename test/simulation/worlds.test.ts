import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Outage from "./outage.ts"
import * as Catalogue from "./catalogue.ts"
import * as World from "./world.ts"

const seeds = (count: number, first = 1) => Array.from({ length: count }, (_, n) => first + n)

/** A world of this number, with a quarter of its calls hit by a fault. */
const small = (seed: number) => ({ seed, count: 250, share: 0.25 })

/** Every fault that struck in a world of this file. */
const fired = new Set<string>()

describe("simulated worlds", () => {
  it("know every fault that a server can cause", () => {
    assert.isAtLeast(new Set(Catalogue.catalogue.map(([row]) => row)).size, 40)
  })

  for (const [policy, count] of World.strategies.map(
    (name) => [name, name === "failVisible" ? 30 : 14] as const
  )) {
    it.live(`with a quarter of the calls hit by a fault, ${policy} keeps its promise`, () =>
      Effect.gen(function* () {
        let struck = 0
        let requests = 0
        let full = 0
        for (const seed of seeds(count)) {
          const result = yield* World.run(small(seed), policy)
          assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.rows.join(" ")}`)
          struck += result.struck
          requests += result.requests
          if (result.full) full++
          for (const fault of result.fired) fired.add(JSON.stringify(fault))
        }
        assert.isAtLeast(struck / requests, 0.1)
        // In a part of the worlds the limit holds requests back.
        assert.isAtLeast(full, count / 10)
      })
    )
  }

  it.live("are hit by every fault that a server can cause, sooner or later", () =>
    Effect.gen(function* () {
      const missing = () => Catalogue.catalogue.filter(([, fault]) => !fired.has(JSON.stringify(fault)))
      for (let seed = 1001; missing().length > 0 && seed < 1300; seed++) {
        const result = yield* World.run(small(seed), "failVisible")
        assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.rows.join(" ")}`)
        for (const fault of result.fired) fired.add(JSON.stringify(fault))
      }
      assert.deepStrictEqual(missing(), [])
    })
  )

  it.live("without faults nothing is in doubt, under any strategy", () =>
    Effect.gen(function* () {
      for (const policy of World.strategies) {
        for (const seed of seeds(3, 9000)) {
          const { outcomes, wrong } = yield* World.run({ seed, count: 300, share: 0 }, policy)
          assert.deepStrictEqual(wrong, [], policy)
          assert.deepStrictEqual(Object.keys(outcomes).sort(), ["Created", "Invalid", "Rejected"], policy)
        }
      }
    })
  )

  for (const policy of World.strategies) {
    it.live(`an outage costs what was under way and a few batches: ${policy}`, () =>
      Effect.gen(function* () {
        for (const seed of seeds(8)) {
          const { wrong } = yield* Outage.run(seed, policy)
          assert.deepStrictEqual(wrong, [], `outage ${seed}`)
        }
      })
    )
  }

  it.live("the same number is the same world", () =>
    Effect.gen(function* () {
      for (const seed of seeds(3, 77)) {
        const world = { seed, count: 200, share: 0.25 }
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
      assert.isAtLeast(doubled, 5)
    })
  )
})
