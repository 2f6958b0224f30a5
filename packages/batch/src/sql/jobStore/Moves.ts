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
import type { JobAccess } from "./JobAccess.ts"

/** Moves a job. Fails if `Job` has no such move, or if the claim is out of date. */
export const move = Effect.fnUntraced(function* (
  { sql, whyNot }: JobAccess,
  claim: JobStore.Claim,
  to: Job.State,
  set: Fragment,
  options: {
    readonly from?: ReadonlyArray<Job.State>
    /** A further condition, and the reason if it does not hold. */
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
  (access: JobAccess): JobStore.Service["suspend"] =>
  (claim, suspension) =>
    move(access, claim, "suspended", access.sql`suspension = ${Rows.suspensionText.encode(suspension)}`)

export const resume =
  (access: JobAccess): JobStore.Service["resume"] =>
  (claim) =>
    move(access, claim, "running", access.sql`suspension = NULL`, { from: ["suspended"] })

export const complete = (access: JobAccess): JobStore.Service["complete"] =>
  Effect.fnUntraced(function* (claim, as) {
    const { noHolder, sql } = access
    const now = yield* Clock.currentTimeMillis
    const open = sql`FROM line_items_batches WHERE job_id = ${claim.jobId} AND settled_at IS NULL`
    return yield* move(access, claim, as, sql`completed_at = ${now}, ${noHolder}`, {
      only: sql`AND NOT EXISTS (SELECT 1 ${open})`,
      unmet: Effect.map(
        Rows.reading(sql<{ n: number }>`SELECT COUNT(*) AS n ${open}`),
        ([row]) => `${Number(row?.n)} of its batches have no outcomes; record their outcomes first`
      )
    })
  })

export const requestCancel = ({ get, sql }: JobAccess): JobStore.Service["requestCancel"] =>
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
}: JobAccess): JobStore.Service["requestResume"] =>
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
