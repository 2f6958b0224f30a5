import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Cycle from "../crash/cycle.ts"
import { serverPort } from "../support/postgres.ts"
import * as Kills from "./kills.ts"

afterAll(Cycle.endAll)

describe("workers that are killed at random", () => {
  it.live(
    "and replaced run every job to its end, with nothing twice, nothing lost and nothing untrue",
    () =>
      Effect.gen(function* () {
        const port = yield* serverPort
        let killed = 0
        yield* Effect.forEach(
          [1, 2, 3],
          (seed) =>
            Effect.gen(function* () {
              const result = yield* Kills.run(yield* Random.withSeed(Kills.random(port), seed))
              assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.ends.join()}`)
              killed += result.killed
            }),
          { concurrency: 2, discard: true }
        )
        assert.isAtLeast(killed, 3)
      }),
    150_000
  )
})
