/**
 * From the start of `line-items resume` to its first create, by how much of the job is done: see `resume.ts`.
 */
import { Effect } from "effect"
import { join } from "node:path"
import * as Measure from "./measure.ts"
import * as Resume from "./resume.ts"
import * as Row from "./row.ts"

const done = [2000, 4000, 6000, 8000]

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const input = yield* Resume.rowsIn(folder)
  const found = yield* Resume.measure({ _tag: "sqlite", stateDir: join(folder, "state") }, input, done)
  const points = found.flatMap(({ done, seconds, without }) => [
    { series: "resume", x: done, y: seconds },
    { series: "without its file", x: done, y: without }
  ])
  const [first, last] = [found[0]!, found.at(-1)!]
  return [
    Row.atMost(`resume, ${last.done} of 10,000 batches done: first request`, last.seconds, "s", 3, {
      note: `without its file ${last.without.toFixed(2)} s`,
      plot: { x: "batches done", y: "seconds to the first request", points }
    }),
    // Linear, from a start that is not nothing: less than so many times as much.
    Row.atMost(
      `the same beside ${first.done} batches done: linear at most`,
      last.seconds / first.seconds,
      "×",
      last.done / first.done
    )
  ]
})
