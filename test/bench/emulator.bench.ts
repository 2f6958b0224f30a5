/**
 * What `line-items serve` keeps of a line item, as the system counts it: the memory of its process before and after.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const batches = 10_000
const steps = 4

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const process = yield* Measure.start(Measure.bin, "serve", "--limit=100000", "--json")
  const { url } = JSON.parse(yield* process.line) as { readonly url: string }
  // With a limit it warms nothing up.
  const create = (count: number) =>
    Effect.scoped(Measure.measured("client.ts", "floor", url, String(count), "10000000"))
  // Code is compiled and the first buffers are made before.
  yield* create(100)
  const first = Measure.memoryOf(process, "VmRSS")
  const points: Array<Row.Point> = []
  for (let step = 1; step <= steps; step++) {
    yield* create(batches / steps)
    const y = Measure.memoryOf(process, "VmRSS") - first
    points.push({ series: "serve", x: (batches * 100 * step) / steps, y })
  }
  const last = points.at(-1)!
  return [
    Row.atMost(
      "served emulator after 1,000,000 line items: memory",
      (last.y * 1024) / last.x,
      "KB a record",
      1,
      {
        plot: { x: "records", y: "MB beyond an empty emulator", points }
      }
    )
  ]
})
