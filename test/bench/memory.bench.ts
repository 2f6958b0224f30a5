/**
 * The most memory that `line-items import` has at any moment, as the system counts it, by the number of rows. HubSpot is
 * in another process. Without a rate limit, and the command itself, which always has one.
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

const peak = (script: string, ...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const from = performance.now()
    const { child, ended } = yield* Measure.start(script, ...args)
    let peak = 0
    const looking = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 50)
    const code = yield* ended
    clearInterval(looking)
    return { peak, millis: performance.now() - from, code }
  }).pipe(Effect.scoped)

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const { url } = yield* Measure.hubspot()
  const file = (count: number) =>
    Effect.as(
      Effect.promise(() => writeRows(join(folder, `${count}.csv`), count)),
      join(folder, `${count}.csv`)
    )
  const small = yield* file(100_000)
  const large = yield* file(1_000_000)
  const first = yield* peak(script, small, url)
  const row = (what: string, { code, millis, peak }: typeof first): Measure.Row => ({
    what,
    measured: `${Math.round(peak)} MB at most, ${Measure.seconds(millis)}${code === 0 ? "" : `, exit ${String(code)}`}`,
    ratio: `${(peak / first.peak).toFixed(2)} × of the first`,
    target: "≤ 200 MB, ≤ 1.10 × of the first"
  })
  return [
    row("100,000 rows, no limit", first),
    row("1,000,000 rows, no limit", yield* peak(script, large, url)),
    // As long as it takes at 250 requests in 10 seconds.
    row("100,000 rows, the command", yield* peak(Measure.bin, "import", small, "--json", `--base-url=${url}`))
  ]
})
