/**
 * Claims: a run takes a job, renews its lease, and gives the job back. A later claim has a greater epoch, and an earlier
 * claim can no longer write.
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Job from "../../jobs/Job.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import { inRange } from "../../model/InRange.ts"
import * as Rows from "./Rows.ts"
import { defaultLease, longestLeaseMillis, type JobAccess } from "./JobAccess.ts"

export const claim = ({ get, isFree, sql }: JobAccess): JobStore.Service["claim"] =>
  Effect.fnUntraced(function* (jobId, taking) {
    const { holder, insteadOf, to = "run" } = taking
    const leaseMillis = leaseMillisOf(taking)
    const from: ReadonlyArray<Job.State> =
      to === "run" ? ["pending", "running", "suspended"] : ["suspended", "done", "canceled"]
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* Rows.writing(
      sql<Rows.JobRow>`UPDATE line_items_jobs SET
          epoch = epoch + 1,
          state = CASE state WHEN 'pending' THEN 'running' ELSE state END,
          started_at = COALESCE(started_at, ${now}),
          held_pid = ${holder.pid}, held_host = ${ErrorBody.showable(holder.host, 255)},
          held_since = ${now}, held_until = ${now + leaseMillis}
          WHERE id = ${jobId} AND ${sql.in("state", from)} AND ${isFree(now, insteadOf)}
          RETURNING *`
    )
    if (row === undefined) {
      const job = yield* get(jobId)
      return from.includes(job.state)
        ? yield* busy(job)
        : yield* new Job.IllegalTransition({ jobId, from: job.state, to: "running" })
    }
    const job = yield* Rows.jobOf(row)
    return { jobId, epoch: job.epoch, leaseMillis, job }
  })

export const renew = ({ sql, whyNot }: JobAccess): JobStore.Service["renew"] =>
  Effect.fnUntraced(function* (claim) {
    const { epoch, jobId, leaseMillis } = claim
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* Rows.writing(
      sql<Rows.JobRow>`UPDATE line_items_jobs SET held_until = ${now + leaseMillis}
          WHERE id = ${jobId} AND epoch = ${epoch} AND held_until IS NOT NULL RETURNING *`
    )
    if (row !== undefined) return yield* Rows.jobOf(row)
    const job = yield* whyNot(claim)
    return yield* new JobStore.JobFenced({ jobId, epoch, by: job.epoch })
  })

export const release =
  ({ noHolder, sql }: JobAccess): JobStore.Service["release"] =>
  ({ epoch, jobId }) =>
    Effect.asVoid(
      Rows.writing(sql`UPDATE line_items_jobs SET ${noHolder} WHERE id = ${jobId} AND epoch = ${epoch}`)
    )

/** The lease that a run asks for. A lease out of range is a defect. */
export const leaseMillisOf = ({ lease = defaultLease }: JobStore.Taking): number =>
  inRange("lease", Duration.toMillis(lease), 1, longestLeaseMillis)

export const busy = ({ epoch, holder, id }: Job.Job) =>
  new JobStore.JobBusy({ jobId: id, pid: 0, host: "", sinceMillis: 0, untilMillis: 0, ...holder, epoch })
