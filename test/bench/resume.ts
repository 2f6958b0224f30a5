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

export const rows = 1_000_000
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

export const measure = (
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
    const found: Array<{ readonly done: number; readonly seconds: number; readonly without: number }> = []
    for (const until of done) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Measure.hubspot("answer", port)
          yield* Measure.measured("job.ts", JSON.stringify(work), String(until), strategy)
        })
      )
      const millis = [yield* firstCreate(work, port)]
      renameSync(input, `${input}.away`)
      const without = yield* firstCreate(work, port)
      renameSync(`${input}.away`, input)
      millis.push(yield* firstCreate(work, port))
      found.push({ done: until, seconds: Measure.median(millis) / 1000, without: without / 1000 })
    }
    return found
  })

/** A file with the rows of the job. */
export const rowsIn = (folder: string) =>
  Effect.promise(async () => {
    const path = join(folder, "rows.csv")
    await writeRows(path, rows)
    return path
  })
