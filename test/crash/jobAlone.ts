/**
 * A program of one's own that runs a durable job, with nothing of the library but the store of jobs: no commands, and no
 * layer for the log of attempts, or one in memory. Plans ten rows if they are not planned yet.
 */
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as JobStore from "@effect-hubspot/batch/jobs/JobStore"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { batchesOf, frozen, holder, rowsOf } from "../batch/sql/jobStore/rows.ts"

const main = (file: string, url: string, beside: string) =>
  NodeRuntime.runMain(
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const found = yield* Effect.option(jobs.get("a"))
      if (found._tag === "None") {
        const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize: 10 } })
        yield* jobs.append(planning, yield* batchesOf(rowsOf(10), { batchSize: 10 }))
        yield* jobs.planned(planning, { digest: "of the rows", inputs: 10 })
      }
      // Nobody else runs it.
      const insteadOf = found._tag === "Some" ? { insteadOf: found.value.epoch } : {}
      const end = yield* JobRunner.run(yield* jobs.claim("a", { holder, ...insteadOf }))
      yield* Console.log(JSON.stringify({ end: end._tag, counts: yield* jobs.counts("a") }))
    }).pipe(
      Effect.scoped,
      Effect.provide([
        Layer.provide(SqlJobStore.layer, Database.layerSqlite({ file })),
        beside === "memory" ? AttemptLog.layerMemory() : Layer.empty,
        LineItems.layer({ baseUrl: url }).pipe(
          Layer.provide(NodeHttpClient.layerUndici),
          Layer.provide(Credentials.layer(Redacted.make("pat-eu1-alone")))
        )
      ])
    )
  )

if (import.meta.main) main(process.argv[2]!, process.argv[3]!, process.argv[4]!)
