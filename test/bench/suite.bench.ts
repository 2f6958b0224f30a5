/**
 * `pnpm test` is not run here: it takes half of the time that all benchmarks may take, and needs the machine alone.
 */
import { Effect } from "effect"
import type * as Measure from "./measure.ts"
import * as Row from "./row.ts"

export const run: Measure.Benchmark["run"] = Effect.succeed([
  Row.notMeasured(
    "pnpm test",
    "≤ 5 min CPU, ≤ 4 min wall",
    "not run here: `bash -c 'time pnpm test'` on a quiet machine says it"
  )
])
