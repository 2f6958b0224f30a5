/**
 * What `line-items serve` keeps of a line item, as the system counts it: the memory of its process before and after.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const batches = 10_000
const steps = 4

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const serve = (...flags: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const process = yield* Measure.start(Measure.bin, "serve", "--limit=1000000", "--json", ...flags)
      const { url } = JSON.parse(yield* process.line) as { readonly url: string }
      // Code is compiled and the first buffers are made before.
      yield* Measure.measured("client.ts", "floor", url, "100", "none")
      const first = Measure.memoryOf(process, "VmRSS")
      const points: Array<Row.Point> = []
      const count = flags.length === 0 ? batches : batches / 10
      for (let step = 1; step <= steps; step++) {
        yield* Measure.measured("client.ts", "floor", url, String(count / steps), "none")
        const kilobytes = (Measure.memoryOf(process, "VmRSS") - first) * 1024
        points.push({ series: "serve", x: (count * 100 * step) / steps, y: kilobytes / 1024 })
      }
      return points
    }).pipe(Effect.scoped)
  const points = yield* serve()
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
