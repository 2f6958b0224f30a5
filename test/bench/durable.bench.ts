/**
 * What it costs that a job survives: batches a second of a job on SQLite, each with an intent, an end and outcomes that
 * are on the disk, beside the engine that keeps nothing. Without a rate limit, and within one. The job is planned before.
 */
import { Effect } from "effect"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const batches = 1000
const rounds = 3
const counts = [125, 250, 500, 1000]

/** Two windows at once, and the first requests of a third. */
const limit = 100
const limited = 220

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const { url } = yield* Measure.hubspot()
  const client = (variant: string, count: number, ...more: ReadonlyArray<string>) =>
    Measure.measured("client.ts", variant, url, String(count), ...more)
  const [memory = [], sqlite = []] = yield* Measure.inTurn(
    [client("engine", batches), client("durable", batches)],
    rounds
  )
  const perSecond = (batches * 1000) / Measure.median(Measure.wallOf(sqlite))
  const grown = yield* Measure.inTurn(
    counts.map((count) => client("durable", count)),
    1
  )
  const points = counts.map((x, n) => ({ series: "CPU", x, y: grown[n]![0]!.cpuMillis / x }))
  const growth = points.at(-1)!.y / points[0]!.y
  // Both wait for their limit nearly all of the time.
  const [inMemory, onDisk] = yield* Effect.all(
    [
      Effect.scoped(client("engine", limited, String(limit))),
      Effect.scoped(client("durable", limited, String(limit)))
    ],
    { concurrency: 2 }
  )
  const ratio = onDisk.wallMillis / inMemory.wallMillis
  return [
    Row.atLeast("durable job on SQLite", perSecond, "batches/s", 190),
    Row.atMost(
      "durable job on SQLite beside the engine in memory: CPU",
      Measure.ratio(Measure.cpuOf(sqlite), Measure.cpuOf(memory)),
      "×",
      1.5
    ),
    Row.atMost("the same within the account's limit: time", ratio, "×", 1.03, {
      note: `${limited} requests at ${limit} per ten seconds, side by side`
    }),
    Row.shown("durable job: CPU per batch, 1,000 batches beside 125", growth, "×", {
      plot: { x: "batches", y: "ms of CPU per batch", points }
    })
  ]
})
