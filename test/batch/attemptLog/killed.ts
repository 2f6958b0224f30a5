/**
 * Begins an attempt in the database named on the command line and is killed before it ends.
 */
import { AttemptLog, Store } from "@effect-hubspot/batch"
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
    Layer.provide(AttemptLog.AttemptLog.layerSql, Store.layerSqlite({ file: process.argv[2]! }))
  )
)
