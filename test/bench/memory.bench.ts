/**
 * The most memory that `line-items import` has at any moment, as the system counts it, by the number of rows. HubSpot is
 * in another process, and there is no rate limit: what is read and sent fastest needs most.
 */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Measure from "./measure.ts"
import { writeRows } from "./rows.ts"

const script = join(import.meta.dirname, "import.ts")

/** Linux tells the highest mark of a process as long as it lives. */
const peakOf = (pid: number): number => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

const peak = (input: string, url: string) =>
  Effect.gen(function* () {
    const from = performance.now()
    const { child, ended } = yield* Measure.start(script, input, url)
    let peak = 0
    const looking = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 50)
    const code = yield* ended
    clearInterval(looking)
    return { peak, millis: performance.now() - from, code }
  }).pipe(Effect.scoped)

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const { url } = yield* Measure.hubspot()
  const rows: Array<Measure.Row> = []
  let first: number | undefined
  for (const count of [100_000, 1_000_000]) {
    const input = join(folder, `${count}.csv`)
    yield* Effect.promise(() => writeRows(input, count))
    const { code, millis, peak: megabytes } = yield* peak(input, url)
    first ??= megabytes
    rows.push({
      what: `import of ${count} rows`,
      measured: `${Math.round(megabytes)} MB at most, ${Measure.seconds(millis)}${code === 0 ? "" : `, exit ${String(code)}`}`,
      ratio: `${(megabytes / first).toFixed(2)} × of the first`,
      target: "≤ 200 MB, ≤ 1.10 × of the first"
    })
  }
  return rows
})
