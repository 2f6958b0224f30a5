/**
 * The tables of jobs, as all parts of `SqlJobStore` use them: a job is found, locked, and written in the name of a claim.
 *
 * It knows what two writers may do at once on SQLite and PostgreSQL. It does not know what is written.
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

export interface Tables extends Effect.Success<typeof make> {}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { digestHex } = yield* Digest.Digest
  const digestOf = (text: string) => digestHex(Digest.sha256, encoder.encode(text))

  const nothing = sql.literal("")
  // SQLite's transactions have the database to themselves.
  const onPostgres = (text: string): Fragment =>
    sql.onDialectOrElse({ pg: () => sql.literal(text), orElse: () => nothing })
  const forShare = onPostgres("FOR SHARE")
  const forUpdate = onPostgres("FOR UPDATE")

  /**
   * The server ends the session of who is silent for so long in this transaction: a process that was stopped in it
   * would keep the job from everybody, whatever its lease says. SQLite has no server, and no such thing.
   */
  const patience = (millis: number): Fragment =>
    sql.onDialectOrElse({
      pg: () =>
        sql`, set_config('idle_in_transaction_session_timeout', ${String(Math.max(millis, leastPatienceMillis))}, true)`,
      orElse: () => nothing
    })

  const transaction = <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) =>
    Rows.writing(
      // Where the connection is lost, the rollback fails as well, and that comes as a defect.
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

  /** The job, if a claim is not the reason why something could not be done. */
  const whyNot = ({ epoch, jobId }: JobStore.Claim) =>
    Effect.filterOrFail(
      get(jobId),
      (job) => job.epoch === epoch,
      (job) => new JobStore.JobFenced({ jobId, epoch, by: job.epoch })
    )

  /** The job of a claim in one of these states; nobody takes it before the transaction ends. */
  const held = Effect.fnUntraced(function* (
    { epoch, jobId, leaseMillis }: JobStore.Claim,
    from: ReadonlyArray<Job.State>,
    to: Job.State,
    lock = forShare
  ) {
    const row = yield* find(jobId, lock, patience(leaseMillis))
    const by = Number(row.epoch)
    if (by !== epoch) return yield* new JobStore.JobFenced({ jobId, epoch, by })
    const job = yield* Rows.jobOf(row)
    return from.includes(job.state) ? job : yield* new Job.IllegalTransition({ jobId, from: job.state, to })
  })

  /** Nobody holds the job, or nobody who has to be waited for. */
  const isFree = (now: number, insteadOf = -1) => {
    const until = sql("line_items_jobs.held_until")
    return sql`(${until} IS NULL OR ${until} <= ${now} OR ${until} > ${now + longestLeaseMillis}
        OR ${sql("line_items_jobs.epoch")} = ${insteadOf})`
  }
  const letGo = sql.literal("held_pid = NULL, held_host = NULL, held_since = NULL, held_until = NULL")

  /** Batches that were changed carry what they are now. */
  const seal = (jobId: string, first: number, last = Number.MAX_SAFE_INTEGER) =>
    sql`UPDATE line_items_batches SET seal = ${Digests.seal(sql)}
        WHERE job_id = ${jobId} AND number >= ${first} AND number <= ${last}`

  return { sql, digestOf, forUpdate, patience, transaction, find, get, whyNot, held, isFree, letGo, seal }
})

const encoder = new TextEncoder()

export const defaultLease = Duration.seconds(30)

/** No lease is longer, so one that ends later was written by a clock that was wrong. */
export const longestLeaseMillis = 600_000

/** A transaction that waits for its own process is no sign of a stop at once. */
const leastPatienceMillis = 1000
