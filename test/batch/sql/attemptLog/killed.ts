/**
 * Begins an attempt in the database named on the command line and is killed before it ends.
 */
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"

const program = Effect.gen(function* () {
  const log = yield* AttemptLog.AttemptLog
  const ended = yield* log.begin({ jobId: "job", operation: "batchCreate", inputs: [0, 1] })
  yield* log.end(ended, { acceptance: "Accepted", outcomes: [] })
  const id = yield* log.begin({ jobId: "job", operation: "batchCreate", inputs: [2, 3] })
  writeSync(1, String(id))
  process.kill(process.pid, "SIGKILL")
  return yield* Effect.never
})

void Effect.runPromise(
  Effect.provide(
    program,
    Layer.provide(SqlAttemptLog.layer, Database.layerSqlite({ file: process.argv[2]! }))
  )
)
