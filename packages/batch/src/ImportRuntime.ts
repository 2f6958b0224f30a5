/**
 * Where durable jobs are kept, as layers: the same program runs on each.
 *
 * @since 0.1.0
 */
import type { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import * as AttemptLog from "./AttemptLog.ts"
import * as JobStore from "./JobStore.ts"
import * as SqlRateLimitStore from "./SqlRateLimitStore.ts"
import * as Store from "./Store.ts"

/**
 * On a database that is there: jobs, the log of attempts, and the limits of accounts, for all who use it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql: Layer.Layer<
  JobStore.JobStore | RateLimitStore,
  Store.StoreError,
  SqlClient.SqlClient
> = Layer.mergeAll(JobStore.JobStore.layer, AttemptLog.AttemptLog.layerSql, SqlRateLimitStore.layer)

/**
 * In one file under a directory of this machine, readable by its owner only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (options: {
  readonly stateDir: string
}): Layer.Layer<JobStore.JobStore | RateLimitStore, Store.StoreError> =>
  Layer.provide(layerSql, Store.layerSqlite({ file: `${options.stateDir}/jobs.sqlite` }))

/**
 * In memory: gone with the process, for tests.
 *
 * **Example**
 *
 * ```ts
 * import { ImportRuntime, JobStore } from "@effect-hubspot/batch"
 * import { Credentials, LineItems } from "@effect-hubspot/http"
 * import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const hubspot = LineItems.LineItems.layerAccount().pipe(
 *   Layer.provide(Credentials.Credentials.layer(Redacted.make("pat-eu1-0000"))),
 *   Layer.provide(Emulator.layer())
 * )
 * const program = Effect.flatMap(JobStore.JobStore, (jobs) => jobs.list())
 * const runtime = Layer.provideMerge(hubspot, ImportRuntime.layerMemory)
 * await Effect.runPromise(Effect.provide(program, runtime)) // => []
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<JobStore.JobStore | RateLimitStore, Store.StoreError> = Layer.provide(
  layerSql,
  Store.layerSqlite({ file: ":memory:" })
)
