/**
 * Begins attempts in the database named on the command line until one fails, then tries a smaller one, and
 * to read. It is started with a limit on the size of files, so that the disk gives errors at some point.
 * Prints how many began and what the three were told.
 */
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"

// Without a listener the system would end the process at the limit.
process.on("SIGXFSZ", () => {})

const attempt = { jobId: "job", operation: "x".repeat(2000), inputs: [0] }

const program = Effect.gen(function* () {
  const log = yield* AttemptLog.AttemptLog
  const begin = (n: number): Effect.Effect<readonly [number, AttemptLog.AttemptLogError]> =>
    Effect.matchEffect(log.begin(attempt), {
      onSuccess: () => begin(n + 1),
      onFailure: (error) => Effect.succeed([n, error] as const)
    })
  const [begun, error] = yield* begin(0)
  const smaller = yield* Effect.flip(log.begin({ ...attempt, operation: "x" }))
  const read = yield* Effect.flip(log.attempts("job"))
  writeSync(1, JSON.stringify([begun, [error, smaller, read].map(({ message }) => message)]))
})

void Effect.runPromise(
  Effect.provide(
    program,
    Layer.provide(SqlAttemptLog.layer, Database.layerSqlite({ file: process.argv[2]! }))
  )
)
