/**
 * Where durable jobs are kept, as layers: the same program runs on each.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import * as AttemptLog from "./AttemptLog.ts"
import * as JobStore from "./JobStore.ts"
import * as Store from "./Store.ts"

/**
 * On a database that is there: jobs and the log of attempts.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql: Layer.Layer<JobStore.JobStore, Store.StoreError, SqlClient.SqlClient> = Layer.merge(
  JobStore.JobStore.layer,
  AttemptLog.AttemptLog.layerSql
)

/**
 * In one file under a directory of this machine, readable by its owner only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (options: {
  readonly stateDir: string
}): Layer.Layer<JobStore.JobStore, Store.StoreError> =>
  Layer.provide(layerSql, Store.layerSqlite({ file: `${options.stateDir}/jobs.sqlite` }))

/**
 * In memory: gone with the process, for tests.
 *
 * **Example**
 *
 * ```ts
 * import { ImportRuntime, JobStore } from "@effect-hubspot/batch"
 * import { Effect } from "effect"
 *
 * const program = Effect.flatMap(JobStore.JobStore, (jobs) => jobs.list())
 * await Effect.runPromise(Effect.provide(program, ImportRuntime.layerMemory)) // => []
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<JobStore.JobStore, Store.StoreError> = Layer.provide(
  layerSql,
  Store.layerSqlite({ file: ":memory:" })
)
