/**
 * Plans a job in the database named on the command line, and is killed before the plan is complete.
 */
import { JobStore, Store } from "@effect-hubspot/batch"
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
  Effect.provide(
    program,
    Layer.provide(JobStore.JobStore.layer, Store.layerSqlite({ file: process.argv[2]! }))
  )
)
