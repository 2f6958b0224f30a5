/**
 * The moves of a job from state to state, and the requests to cancel or resume it. `Job` says which moves there are; here
 * one statement compares the state and sets it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Fragment } from "effect/sql/Statement"
import * as Job from "../../jobs/Job.ts"
import type * as JobStore from "../../jobs/JobStore.ts"
import * as Rows from "./Rows.ts"
import type { Tables } from "./Tables.ts"

/** The job after a move, or why it was not made. */
export const move = Effect.fnUntraced(function* (
  { sql, whyNot }: Tables,
  claim: JobStore.Claim,
  to: Job.State,
  set: Fragment,
  options: {
    readonly from?: ReadonlyArray<Job.State>
    /** What must be true of the job as well, and what is in the way if it is not. */
    readonly only?: Fragment
    readonly unmet?: Effect.Effect<string, JobStore.JobStoreError>
  } = {}
) {
  const { epoch, jobId } = claim
  const { from = Job.before(to), only = sql.literal("") } = options
  const [row] = yield* Rows.writing(
    sql<Rows.JobRow>`UPDATE line_items_jobs SET state = ${to}, ${set}
        WHERE id = ${jobId} AND epoch = ${epoch} AND ${sql.in("state", from)} ${only}
        RETURNING *`
  )
  if (row !== undefined) return yield* Rows.jobOf(row)
  const { state } = yield* whyNot(claim)
  const why = from.includes(state) ? yield* options.unmet ?? Effect.undefined : undefined
  return yield* new Job.IllegalTransition({ jobId, from: state, to, ...(why !== undefined && { why }) })
})

export const suspend =
  (tables: Tables): JobStore.Service["suspend"] =>
  (claim, suspension) =>
    move(tables, claim, "suspended", tables.sql`suspension = ${Rows.suspensionText.encode(suspension)}`)

export const resume =
  (tables: Tables): JobStore.Service["resume"] =>
  (claim) =>
    move(tables, claim, "running", tables.sql`suspension = NULL`, { from: ["suspended"] })

export const complete = (tables: Tables): JobStore.Service["complete"] =>
  Effect.fnUntraced(function* (claim, as) {
    const { letGo, sql } = tables
    const now = yield* Clock.currentTimeMillis
    const open = sql`FROM line_items_batches WHERE job_id = ${claim.jobId} AND settled_at IS NULL`
    return yield* move(tables, claim, as, sql`completed_at = ${now}, ${letGo}`, {
      only: sql`AND NOT EXISTS (SELECT 1 ${open})`,
      unmet: Effect.map(
        Rows.reading(sql<{ n: number }>`SELECT COUNT(*) AS n ${open}`),
        ([row]) => `${Number(row?.n)} of its batches have no outcomes; settle them first`
      )
    })
  })

export const requestCancel = ({ get, sql }: Tables): JobStore.Service["requestCancel"] =>
  Effect.fnUntraced(function* (jobId) {
    const [row] = yield* Rows.writing(
      sql<Rows.JobRow>`UPDATE line_items_jobs SET cancel_requested = 1
          WHERE id = ${jobId} AND state NOT IN ('done', 'canceled') RETURNING *`
    )
    if (row !== undefined) return yield* Rows.jobOf(row)
    const { state } = yield* get(jobId)
    return yield* new Job.IllegalTransition({ jobId, from: state, to: "canceled" })
  })

export const requestResume = ({
  find,
  forUpdate,
  sql,
  transaction
}: Tables): JobStore.Service["requestResume"] =>
  Effect.fnUntraced(function* (jobId) {
    const now = yield* Clock.currentTimeMillis
    const job = yield* Rows.jobOf(yield* find(jobId, forUpdate))
    if (Job.isFinal(job.state) || job.state === "planning") {
      return yield* new Job.IllegalTransition({ jobId, from: job.state, to: "running" })
    }
    if (job.suspension === undefined) return job
    const suspension = { ...job.suspension, resumeAtMillis: now }
    yield* sql`UPDATE line_items_jobs SET suspension = ${Rows.suspensionText.encode(suspension)} WHERE id = ${jobId}`
    return { ...job, suspension }
  }, transaction)
