/**
 * What it costs that a job survives: batches a second of a job on SQLite, each with an intent, an end and outcomes that
 * are on the disk, beside the engine that keeps nothing. No rate limit; the job is planned before.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"

const batches = 2000
const rounds = 3

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const { url } = yield* Measure.hubspot()
  const client = (variant: string) => Measure.measured("client.ts", variant, url, String(batches))
  const [memory, sqlite] = yield* Measure.inTurn([client("engine"), client("durable")], rounds)
  const wall = (all: ReadonlyArray<Measure.Measured> = []) =>
    Measure.median(all.map(({ wallMillis }) => wallMillis))
  const cpu = (all: ReadonlyArray<Measure.Measured> = []) =>
    Measure.median(all.map(({ cpuMillis }) => cpuMillis))
  const row = (what: string, all: typeof memory, target?: string): Measure.Row => ({
    what,
    measured: `${Math.round((batches / wall(all)) * 1000)} batches/s, ${(cpu(all) / batches).toFixed(2)} ms CPU per batch`,
    ratio: `${(wall(all) / wall(memory)).toFixed(2)} × wall, ${(cpu(all) / cpu(memory)).toFixed(2)} × CPU`,
    ...(target !== undefined && { target })
  })
  return [row("engine in memory", memory), row("durable on SQLite", sqlite, "≥ 190 batches/s")]
})
