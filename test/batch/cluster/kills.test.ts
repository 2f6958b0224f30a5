import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../../crash/cycle.ts"
import { serverPort } from "../../support/postgres.ts"
import * as Kills from "./kills.ts"

afterAll(Cycle.endAll)

describe("workers that are killed at random", () => {
  it.live("and replaced run every job to its end, with nothing twice, nothing lost and nothing untrue", () =>
    Effect.gen(function* () {
      const result = yield* Kills.run({
        port: yield* serverPort,
        jobs: { a: 140, b: 140 },
        batchSize: 10,
        concurrency: 3,
        latency: { min: 300, max: 900 },
        // One, and then both.
        kills: [
          { victims: [0], creates: 6, afterMillis: 0, awayMillis: 0 },
          { victims: [0, 1], creates: 14, afterMillis: 0, awayMillis: 0 }
        ]
      })
      assert.deepStrictEqual(result.wrong, [], result.ends.join())
      assert.strictEqual(result.killed, 3)
    })
  )
})
