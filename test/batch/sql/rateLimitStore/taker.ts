/**
 * Takes ten slots of the limits in the database named on the command line, and prints when it had them.
 */
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
import { RateLimits } from "@effect-hubspot/http"
import { Clock, Effect, Layer } from "effect"
import { writeSync } from "node:fs"

const program = Effect.gen(function* () {
  const { withSlot } = yield* RateLimits.RateLimits
  const times = yield* Effect.forEach(
    Array.from({ length: 10 }),
    () => withSlot("burst")(Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1000n) / 1000)),
    { concurrency: 4 }
  )
  writeSync(1, JSON.stringify(times))
})

void Effect.runPromise(
  Effect.provide(
    program,
    RateLimits.layerStore({ limit: 5, window: 200 }).pipe(
      Layer.provide(Layer.provide(SqlRateLimitStore.layer, Database.layerSqlite({ file: process.argv[2]! })))
    )
  )
)
