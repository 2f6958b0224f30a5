/**
 * The layers that durable jobs need on a database: the jobs with their log of attempts, and the limits that all
 * processes of an account share.
 *
 * @since 0.1.0
 */
import type { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as JobStore from "../jobs/JobStore.ts"
import * as SqlJobStore from "./SqlJobStore.ts"
import * as SqlRateLimitStore from "./SqlRateLimitStore.ts"
import * as Database from "./Database.ts"

/**
 * The stores on a given database.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql: Layer.Layer<
  JobStore.JobStore | RateLimitStore,
  Database.DatabaseError,
  SqlClient.SqlClient
> = Layer.merge(SqlJobStore.layer, SqlRateLimitStore.layer)

/**
 * The stores in one file in a directory of this machine. Only its owner can read the file.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (options: {
  readonly stateDir: string
}): Layer.Layer<JobStore.JobStore | RateLimitStore, Database.DatabaseError> =>
  Layer.provide(layerSql, Database.layerSqlite({ file: fileIn(options.stateDir) }))

/**
 * The path of the database in such a directory.
 *
 * @category layers
 * @since 0.1.0
 */
export const fileIn = (stateDir: string): string => `${stateDir}/jobs.sqlite`

/**
 * The stores in memory, for tests: they are gone with the process.
 *
 * **Example**
 *
 * ```ts
 * import { JobStore } from "@effect-hubspot/batch"
 * import * as Stores from "@effect-hubspot/batch/sql/Stores"
 * import { Effect } from "effect"
 *
 * const program = Effect.flatMap(JobStore.JobStore, (jobs) => jobs.list())
 * await Effect.runPromise(Effect.provide(program, Stores.layerMemory)) // => []
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<JobStore.JobStore | RateLimitStore, Database.DatabaseError> =
  Layer.provide(layerSql, Database.layerSqlite({ file: ":memory:" }))
