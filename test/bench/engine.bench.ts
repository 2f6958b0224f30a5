/**
 * What a line item costs in CPU time, user and system: one batch create as `LineItems` makes it, and a job of the
 * engine, beside the least that undici and JSON can do it with, and beside the official SDK. 100 items per request,
 * ten requests at once, no rate limit.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"

const batches = 2000
const rounds = 3

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const { url } = yield* Measure.hubspot()
  const client = (variant: string) => Measure.measured("client.ts", variant, url, String(batches))
  const names = ["floor", "createBatch", "engine", "sdk"] as const
  const found = yield* Measure.inTurn(names.map(client), rounds)
  const microseconds = (n: number, of: keyof Measure.Measured) =>
    (Measure.median(found[n]!.map((one) => one[of])) * 1000) / (batches * 100)
  const perItem = (n: number) => microseconds(n, "cpuMillis")
  const [floor, sdk] = [perItem(0), perItem(3)]
  const row = (what: string, n: number, target?: string): Measure.Row => ({
    what,
    measured: `${perItem(n).toFixed(1)} µs CPU, ${microseconds(n, "wallMillis").toFixed(1)} µs wall per item`,
    ratio: `${(perItem(n) / floor).toFixed(2)} × floor, ${(perItem(n) / sdk).toFixed(2)} × SDK`,
    ...(target !== undefined && { target })
  })
  return [
    row("floor: undici and JSON", 0),
    row("LineItems.createBatch", 1, "≤ 1.30 × floor, ≤ 0.45 × SDK"),
    row("engine, one outcome per input", 2, "≤ 1.60 × floor, ≤ 0.55 × SDK"),
    row("official SDK", 3)
  ]
})
