import { assert, describe, it } from "@effect/vitest"
import { Association } from "@effect-hubspot/schema"
import { Effect, Result } from "effect"
import { rowsOf } from "../batch/sql/jobStore/rows.ts"
import * as World from "./world.ts"

const gateway = { kind: "status", status: 502, body: "html" } as const

/** A tenth of the requests meets a fault. */
const faults = {
  rules: [
    { match: { chance: 0.04 }, fault: { place: "afterCommit", reply: gateway } },
    { match: { chance: 0.03 }, fault: { place: "beforeCommit", reply: gateway } },
    { match: { path: "*/line_items/batch/*", chance: 0.1 }, fault: { place: "rejectInputs", chance: 0.2 } },
    { match: { chance: 0.03 }, fault: { place: "beforeCommit", reply: { kind: "status", status: 423 } } }
  ]
} as const

/** Five rows to a deal. */
const rows = rowsOf(240).map((row) => ({
  ...row,
  input: Result.map(row.input, (input) => ({
    ...input,
    associations: [Association.make("deal", String(1000 + Math.floor(row.index / 5)))]
  }))
}))

describe("a job whose process dies", () => {
  for (const strategy of Object.keys(World.strategies) as ReadonlyArray<World.World["strategy"]>) {
    it.live(`under ${strategy} is taken up, creates nothing twice and loses nothing`, () =>
      Effect.gen(function* () {
        let killed = 0
        for (let seed = 1; seed <= 20; seed++) {
          const result = yield* World.run({
            seed,
            rows,
            strategy,
            kills: seed % 4,
            faults: seed % 2 === 0 ? faults : { rules: [] }
          })
          assert.deepStrictEqual(result.wrong, [], `seed ${seed}: ${result.ends.join(" ")}`)
          killed += result.ends.filter((end) => end === "killed").length
        }
        assert.isAtLeast(killed, 18)
      })
    )
  }
})
