/**
 * How all parts of `SqlJobStore` get at a job in the database: they find it, lock it, and write to it under a claim.
 *
 * It knows what two writers may do at the same time on SQLite and PostgreSQL. It does not know what they write.
 */
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import * as Job from "../../jobs/Job.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import * as Digests from "../Digests.ts"
import * as Rows from "./Rows.ts"

export interface JobAccess extends Effect.Success<typeof make> {}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { digestHex } = yield* Digest.Digest
  const digestOf = (text: string) => digestHex(Digest.sha256, encoder.encode(text))

  const nothing = sql.literal("")
  // A transaction of SQLite locks the whole database.
  const onPostgres = (text: string): Fragment =>
    sql.onDialectOrElse({ pg: () => sql.literal(text), orElse: () => nothing })
  const forShare = onPostgres("FOR SHARE")
  const forUpdate = onPostgres("FOR UPDATE")

  /**
   * Sets how long this transaction may be idle before the server ends its session. Otherwise a process that is suspended
   * in it would lock the job for all others, even after its lease. SQLite has no server to do this.
   */
  const maxIdle = (millis: number): Fragment =>
    sql.onDialectOrElse({
      pg: () =>
        sql`, set_config('idle_in_transaction_session_timeout', ${String(Math.max(millis, leastIdleMillis))}, true)`,
      orElse: () => nothing
    })

  const transaction = <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) =>
    Rows.writing(
      // If the connection is lost, the rollback fails too, and that is a defect.
      Effect.catchDefect(sql.withTransaction(effect), (defect) =>
        isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)
      )
    )

  const find = Effect.fnUntraced(function* (jobId: string, lock = nothing, more = nothing) {
    const [row] = yield* sql<Rows.JobRow>`SELECT * ${more} FROM line_items_jobs WHERE id = ${jobId} ${lock}`
    return row === undefined ? yield* new JobStore.JobNotFound({ jobId }) : row
  })

  const get = Effect.fnUntraced(function* (jobId: string) {
    return yield* Rows.jobOf(yield* find(jobId))
  }, Rows.reading)

  /** The job, for a write that changed nothing. Fails if the reason is that the claim is out of date. */
  const whyNot = ({ epoch, jobId }: JobStore.Claim) =>
    Effect.filterOrFail(
      get(jobId),
      (job) => job.epoch === epoch,
      (job) => new JobStore.JobFenced({ jobId, epoch, by: job.epoch })
    )

  /** The job of a claim, in one of these states. No other run can claim it before the transaction ends. */
  const held = Effect.fnUntraced(function* (
    { epoch, jobId, leaseMillis }: JobStore.Claim,
    from: ReadonlyArray<Job.State>,
    to: Job.State,
    lock = forShare
  ) {
    const row = yield* find(jobId, lock, maxIdle(leaseMillis))
    const by = Number(row.epoch)
    if (by !== epoch) return yield* new JobStore.JobFenced({ jobId, epoch, by })
    const job = yield* Rows.jobOf(row)
    return from.includes(job.state) ? job : yield* new Job.IllegalTransition({ jobId, from: job.state, to })
  })

  /** The job has no holder to wait for: none at all, one whose lease is over or too long, or the run `insteadOf`. */
  const isFree = (now: number, insteadOf = -1) => {
    const until = sql("line_items_jobs.held_until")
    return sql`(${until} IS NULL OR ${until} <= ${now} OR ${until} > ${now + longestLeaseMillis}
        OR ${sql("line_items_jobs.epoch")} = ${insteadOf})`
  }
  const noHolder = sql.literal("held_pid = NULL, held_host = NULL, held_since = NULL, held_until = NULL")

  /** Seals batches again after they were changed. */
  const seal = (jobId: string, first: number, last = Number.MAX_SAFE_INTEGER) =>
    sql`UPDATE line_items_batches SET seal = ${Digests.seal(sql)}
        WHERE job_id = ${jobId} AND number >= ${first} AND number <= ${last}`

  return { sql, digestOf, forUpdate, maxIdle, transaction, find, get, whyNot, held, isFree, noHolder, seal }
})

const encoder = new TextEncoder()

export const defaultLease = Duration.seconds(30)

/** The longest lease. A lease that ends later was written by a wrong clock. */
export const longestLeaseMillis = 600_000

/** The least time a transaction may be idle: a busy process also makes it wait. */
const leastIdleMillis = 1000
