/**
 * From the start of `line-items resume`, in a new process, to the first create that reaches HubSpot: of a job of
 * 1,000,000 rows in 10,000 batches whose process was killed. What is checked before, the file of the rows among it, is
 * in the time. On PostgreSQL it is the command's parts, since the command itself is on SQLite.
 */
import { Effect } from "effect"
import { renameSync } from "node:fs"
import { join } from "node:path"
import type { Work } from "../crash/worker.ts"
import * as Measure from "./measure.ts"
import { writeRows } from "./rows.ts"

const rows = 1_000_000
const done = [2000, 8000]
// Each kill keeps some ten slots of a hundred for two minutes.
const rounds = 2
const worker = join(import.meta.dirname, "../crash/worker.ts")

/** How long it takes until the first create of a run, which is killed then. */
const firstCreate = (work: Work, port: number) =>
  Effect.gen(function* () {
    const server = yield* Measure.hubspot("hold", port)
    const from = performance.timeOrigin + performance.now()
    yield* work.database._tag === "sqlite"
      ? Measure.start(
          Measure.bin,
          "resume",
          work.jobId,
          `--base-url=${work.url}`,
          `--state-dir=${work.database.stateDir}`
        )
      : Measure.start(worker, JSON.stringify({ ...work, input: undefined }))
    return (yield* server.create) - from
  }).pipe(Effect.scoped)

const measure = (
  database: Work["database"],
  input: string,
  done: ReadonlyArray<number>,
  strategy = "failVisible"
) =>
  Effect.gen(function* () {
    const { port } = yield* Effect.scoped(Measure.hubspot())
    const work: Work = {
      database,
      url: `http://127.0.0.1:${port}`,
      jobId: "bench",
      input,
      strategy: "failVisible",
      batchSize: 100,
      concurrency: 10,
      rejects: `${input}.rejects`,
      doubts: `${input}.doubts`
    }
    const found: Array<{ readonly done: number; readonly millis: number; readonly without: number }> = []
    for (const until of done) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Measure.hubspot("answer", port)
          yield* Measure.measured("job.ts", JSON.stringify(work), String(until), strategy)
        })
      )
      const millis: Array<number> = []
      const without: Array<number> = []
      for (let round = 0; round < rounds; round++) {
        millis.push(yield* firstCreate(work, port))
        renameSync(input, `${input}.away`)
        without.push(yield* firstCreate(work, port))
        renameSync(`${input}.away`, input)
      }
      found.push({ done: until, millis: Measure.median(millis), without: Measure.median(without) })
    }
    return found.map(({ done, millis, without }): Measure.Row => ({
      what: `${database._tag}, ${strategy}: ${done} of ${rows / 100} batches done`,
      measured: `${Measure.seconds(millis)}; without the file ${Measure.seconds(without)}`,
      ratio: `${(millis / found[0]!.millis).toFixed(2)} × of ${found[0]!.done} done`,
      target: "≤ 5 s"
    }))
  })

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const input = join(folder, "rows.csv")
  yield* Effect.promise(() => writeRows(input, rows))
  const sqlite = yield* measure({ _tag: "sqlite", stateDir: folder }, input, done)
  // It has to know every record that the job has created so far.
  const state = { _tag: "sqlite", stateDir: join(folder, "by-parent") } as const
  const recalled = yield* measure(state, input, done.slice(-1), "reconcileByParent")
  const port = yield* Measure.postgres
  const postgres = yield* measure({ _tag: "postgres", port, name: "postgres" }, input, done)
  return [...sqlite, ...recalled, ...postgres]
})
