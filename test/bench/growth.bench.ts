/**
 * How the cost of a row grows, if it does, with the number of rows, of durable jobs at once, and of accounts at once. The jobs
 * and the accounts share the same number of batches. Memory over rows, and the batches of a job, are with `memory` and `durable`.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const batches = 200

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const { url } = yield* Measure.hubspot()
  const growth = (
    what: string,
    axis: string,
    variants: ReadonlyArray<{ readonly x: number; readonly variant: string; readonly batches: number }>
  ) =>
    Effect.gen(function* () {
      const found = yield* Measure.inTurn(
        variants.map(({ batches, variant }) => Measure.measured("client.ts", variant, url, String(batches))),
        2
      )
      const points = variants.map(({ batches, x }, n) => ({
        series: what,
        x,
        y: (Measure.median(Measure.cpuOf(found[n]!)) * 1000) / (batches * 100)
      }))
      const [first, last] = [points[0]!, points.at(-1)!]
      return Row.shown(`${what}: CPU per row, ${last.x} ${axis} beside ${first.x}`, last.y / first.y, "×", {
        plot: { x: axis, y: "µs of CPU per row", points }
      })
    })
  const parts = (kind: string) => [1, 2, 4, 8].map((x) => ({ x, variant: `${kind}:${x}`, batches }))
  return [
    yield* growth(
      "engine",
      "inputs",
      [100, 200, 400, 800].map((batches) => ({ x: batches * 100, variant: "engine", batches }))
    ),
    yield* growth("durable jobs at once", "jobs", parts("durable")),
    yield* growth("accounts at once", "accounts", parts("engine"))
  ]
})
