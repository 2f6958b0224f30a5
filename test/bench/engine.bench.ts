/**
 * What a line item costs in CPU time, user and system: one batch create as `LineItems` makes it, and a job of the
 * engine, beside the least that undici and JSON can do it with, and beside the official SDK. 100 items per request,
 * ten requests at once, no rate limit.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const batches = 1000
const names = ["floor", "createBatch", "engine", "sdk"] as const

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const { quick } = yield* Measure.Rounds
  const { url } = yield* Measure.hubspot()
  const client = (variant: string) => Measure.measured("client.ts", variant, url, String(batches))
  const [floor = [], createBatch = [], engine = [], sdk = []] = (yield* Measure.inTurn(
    names.map(client),
    quick ? 3 : 9
  )).map(Measure.cpuOf)
  const perItem = (name: string, millis: ReadonlyArray<number>) => {
    const value = (Measure.median(millis) * 1000) / (batches * 100)
    const plot = { x: "client", y: "µs of CPU per item", points: [{ series: name, x: 0, y: value }] }
    return Row.shown(`${name}: CPU per item`, value, "µs", { plot })
  }
  return [
    perItem("floor: undici and JSON", floor),
    perItem("official SDK", sdk),
    perItem("LineItems.createBatch", createBatch),
    Row.atMost("LineItems.createBatch beside the floor", Measure.ratio(createBatch, floor), "× CPU", 1.3),
    Row.atMost("LineItems.createBatch beside the SDK", Measure.ratio(createBatch, sdk), "× CPU", 0.75),
    perItem("whole engine", engine),
    Row.atMost("whole engine beside the floor", Measure.ratio(engine, floor), "× CPU", 1.6),
    Row.atMost("whole engine beside the SDK", Measure.ratio(engine, sdk), "× CPU", 0.9, {
      note: `in the worst round ${Math.max(...engine.map((one, n) => one / sdk[n]!)).toFixed(2)}`
    })
  ]
})
