/**
 * The status of a job of ours in HubSpot's four words. It says how far a job is, and is not what the job goes by.
 *
 * @since 0.1.0
 */
import { type BatchResponse, type BatchStatus, type CrmObject, type ErrorBody } from "@effect-hubspot/schema"
import * as DateTime from "effect/DateTime"
import * as Outcome from "./Outcome.ts"

/**
 * A job of ours, as far as its status goes. Times are milliseconds since 1970. `ended` is how it ended:
 * `done` when everything is settled, rejections and doubts included, `stopped` by the user or a fatal error, and
 * `suspended` if it can go on later.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job {
  readonly requestedAtMillis: number
  readonly startedAtMillis?: number | undefined
  readonly completedAtMillis?: number | undefined
  readonly ended?: "done" | "stopped" | "suspended" | undefined
  /** What is settled so far. */
  readonly outcomes: Iterable<Outcome.Outcome<unknown, Outcome.Success>>
}

/**
 * The status of a job of ours in HubSpot's four words, as a body of the shape of a batch reply: `PENDING` accepted
 * and not begun, `PROCESSING` at work or suspended, `COMPLETE`, `CANCELED`. What succeeded is in `results`, everything
 * else in `errors`, with the trace id or the index in its context.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 *
 * const status = BatchState.statusOf({
 *   requestedAtMillis: 0,
 *   startedAtMillis: 1000,
 *   outcomes: [{ _tag: "NotSent", source: "row", index: 7, reason: { _tag: "Stopped" } }]
 * })
 * const told = [status.status, status.startedAt, status.numErrors, status.errors?.[0]?.category]
 * told // => ["PROCESSING", "1970-01-01T00:00:01.000Z", 1, "NOT_SENT"]
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const statusOf = (job: Job): BatchResponse.BatchResponse => {
  const results: Array<CrmObject.CrmObject> = []
  const errors: Array<ErrorBody.StandardError> = []
  for (const outcome of job.outcomes) {
    switch (outcome._tag) {
      case "Created":
      case "Updated":
      case "Upserted":
      case "Found":
        results.push(outcome.object)
        break
      case "Archived":
        results.push({ id: outcome.id, archived: true })
        break
      case "Rejected":
      case "Invalid":
      case "NotSent":
      case "InDoubt":
        errors.push({
          status: "error",
          category: outcome._tag === "Rejected" ? outcome.category : categories[outcome._tag],
          message: Outcome.describe(outcome),
          context: {
            index: [String(outcome.index)],
            ...("objectWriteTraceId" in outcome && { objectWriteTraceId: [outcome.objectWriteTraceId] })
          }
        })
    }
  }
  return {
    status: statusOfJob(job),
    requestedAt: iso(job.requestedAtMillis),
    ...(job.startedAtMillis !== undefined && { startedAt: iso(job.startedAtMillis) }),
    ...(job.completedAtMillis !== undefined && { completedAt: iso(job.completedAtMillis) }),
    results,
    ...(errors.length > 0 && { numErrors: errors.length, errors })
  }
}

const categories = { Invalid: "INVALID", NotSent: "NOT_SENT", InDoubt: "IN_DOUBT" } as const

const ends = { done: "COMPLETE", stopped: "CANCELED", suspended: "PROCESSING" } as const

const statusOfJob = ({ ended, startedAtMillis }: Job): BatchStatus.BatchStatus => {
  if (ended !== undefined) return ends[ended]
  return startedAtMillis === undefined ? "PENDING" : "PROCESSING"
}

const iso = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))
