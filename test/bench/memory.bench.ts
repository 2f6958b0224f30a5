/**
 * The most memory that `line-items import` has at any moment, as the system counts it, by the number of rows, and
 * what of it is alive after a garbage collection. HubSpot is in another process; no rate limit.
 */
import { Effect } from "effect"
import { join } from "node:path"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"
import { writeRows } from "./rows.ts"

const script = join(import.meta.dirname, "import.ts")
const counts = [50_000, 100_000, 300_000, 1_000_000]
/** One row in so many goes to the rejects: whoever writes them is slower than what sends. */
const wrong = 200

/** Of a process that imports so many rows, in MB. */
const peak = (file: string, url: string) =>
  Effect.gen(function* () {
    const process = yield* Measure.start(script, file, url)
    let most = 0
    const looking = setInterval(() => (most = Math.max(most, Measure.memoryOf(process, "VmHWM"))), 50)
    const code = yield* process.ended
    clearInterval(looking)
    if (code !== 0)
      return yield* Effect.die(new Error(`import ended with ${String(code)}: ${process.stderr()}`))
    return most
  }).pipe(Effect.scoped)

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const { url } = yield* Measure.hubspot()
  const file = (count: number) => join(folder, `${count}.csv`)
  yield* Effect.promise(() => Promise.all(counts.map((count) => writeRows(file(count), count, wrong))))
  const found = yield* Effect.forEach(counts, (count) => peak(file(count), url))
  const [, hundred = 0, , million = 0] = found
  const points = counts.map((x, n) => ({ series: "peak RSS", x, y: found[n]! }))
  const { heap } = yield* Measure.measured<{ readonly heap: number }>("import.ts", file(300_000), url, "heap")
  return [
    Row.atMost("import of 1,000,000 rows: peak RSS", million, "MB", 200, {
      plot: { x: "rows", y: "MB", points }
    }),
    Row.atMost("import of 1,000,000 rows beside 100,000: peak RSS", million / hundred, "×", 1.1),
    Row.atMost("import: live heap", heap, "MB", 60, {
      note: "the most after a forced collection, twice a second, in an import of 300,000 rows"
    })
  ]
})
