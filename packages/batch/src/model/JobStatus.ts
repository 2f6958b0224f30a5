/**
 * The status of a job in HubSpot's four words. It reports how far a job is; the job itself does not use it.
 *
 * @since 0.1.0
 */
import { type BatchResponse, type BatchStatus, type CrmObject, type ErrorBody } from "@effect-hubspot/schema"
import * as DateTime from "effect/DateTime"
import * as Outcome from "./Outcome.ts"

/**
 * What the status of a job depends on. Times are milliseconds since 1970. `ended` is how the job ended: `done` when every input
 * has an outcome, including rejections and doubts; `stopped` by the user or a fatal error; `suspended` if it can go on later.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job {
  readonly requestedAtMillis: number
  readonly startedAtMillis?: number | undefined
  readonly completedAtMillis?: number | undefined
  readonly ended?: "done" | "stopped" | "suspended" | undefined
  /** The outcomes so far. */
  readonly outcomes: Iterable<Outcome.Outcome<unknown, Outcome.Success>>
}

/**
 * The status of a job in HubSpot's four words, in the form of a batch reply: `PENDING` means accepted and not begun,
 * `PROCESSING` running or suspended, `COMPLETE` done, `CANCELED` stopped. Successes are in `results`, all other outcomes in
 * `errors`, with the index and the trace id in their context.
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
 * const summary = [status.status, status.startedAt, status.numErrors, status.errors?.[0]?.category]
 * summary // => ["PROCESSING", "1970-01-01T00:00:01.000Z", 1, "NOT_SENT"]
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
