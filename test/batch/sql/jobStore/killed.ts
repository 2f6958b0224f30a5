/**
 * Plans a job in the database named on the command line, and is killed before the plan is complete.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import { Effect, Layer } from "effect"
import { batchesOf, frozen, holder, rowsOf } from "./rows.ts"

const program = Effect.gen(function* () {
  const jobs = yield* JobStore.JobStore
  const claim = yield* jobs.create({ id: "a", frozen, holder })
  yield* jobs.append(claim, yield* batchesOf(rowsOf(6)))
  process.kill(process.pid, "SIGKILL")
  return yield* Effect.never
})

void Effect.runPromise(
  Effect.provide(program, Layer.provide(SqlJobStore.layer, Database.layerSqlite({ file: process.argv[2]! })))
)
