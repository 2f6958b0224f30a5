/**
 * What a row costs the whole command beyond the engine, with a CSV file in, and rejects and the report out: CPU time, user
 * and system. Starting and compiling are not of the row: what counts is how much more a larger file costs.
 */
import { Effect } from "effect"
import { join } from "node:path"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"
import { writeRows } from "./rows.ts"

const [small, large] = [50_000, 200_000] as const
/** One row in so many goes to the rejects. */
const wrong = 200
const rounds = 3

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const { url } = yield* Measure.hubspot()
  const command = (count: number) => {
    const file = join(folder, `${count}.csv`)
    return Effect.andThen(
      Effect.promise(() => writeRows(file, count, wrong)),
      Measure.measured("import.ts", file, url)
    )
  }
  const client = (variant: string) =>
    Measure.measured("client.ts", variant, url, String((large - small) / 100))
  const found = yield* Measure.inTurn(
    [command(small), command(large), client("engine"), client("floor")],
    rounds
  )
  const [few = [], many = [], engine = [], floor = []] = found.map(Measure.cpuOf)
  const beyond = few.map((_, n) => many[n]! - few[n]! - engine[n]!)
  const perRow = (Measure.median(many) - Measure.median(few)) / (large - small)
  return [
    Row.shown("whole command: CPU per row", perRow * 1000, "µs"),
    Row.atMost("whole command per row, beyond the engine", Measure.ratio(beyond, floor), "× floor", 1)
  ]
})
