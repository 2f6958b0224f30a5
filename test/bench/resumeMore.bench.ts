/**
 * The same as `resume`, where a run has to recall all that the job has created, and on PostgreSQL.
 */
import { Effect } from "effect"
import { join } from "node:path"
import * as Measure from "./measure.ts"
import * as Resume from "./resume.ts"
import * as Row from "./row.ts"

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const input = yield* Resume.rowsIn(folder)
  const state = { _tag: "sqlite", stateDir: join(folder, "by-parent") } as const
  const recalled = yield* Resume.measure(state, input, [8000], "reconcileByParent")
  const port = yield* Measure.postgres
  const postgres = yield* Resume.measure({ _tag: "postgres", port, name: "postgres" }, input, [2000, 8000])
  const rows = (what: string, found: typeof postgres) =>
    found.map(({ done, seconds, without }) =>
      Row.atMost(`resume ${what}, ${done} of 10,000 batches done`, seconds, "s", 5, {
        note: `without its file ${without.toFixed(2)} s`
      })
    )
  return [...rows("by parent", recalled), ...rows("on PostgreSQL", postgres)]
})
