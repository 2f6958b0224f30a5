/**
 * Which rows of a job that is over may be sent again, in a job of their own: those that provably were not created.
 *
 * A row is identified by its line in the file that was imported first, in the job and in every retry of it. Its content does
 * not identify it, for that was corrected. This module sends and writes nothing, and decides no outcome: it compares the
 * stored outcomes with the lines that a file names.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Job from "./Job.ts"
import * as JobStore from "./JobStore.ts"
import * as Rejects from "../files/Rejects.ts"

/**
 * The outcome of a row in one job. `index` is its number there, from 0; `Open` is a row without an outcome yet.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate {
  readonly jobId: string
  readonly index: number
  readonly is: Job.Entry["_tag"] | "Open"
}

/**
 * A row of a corrected file: the line where it is, and the text of its `_line`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Named {
  readonly at: number
  readonly line: string | undefined
}

/**
 * Only a job that is over can be retried: until then it may send its rows itself.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotOver extends Schema.TaggedError<NotOver>()("NotOver", {
  jobId: Schema.String,
  state: Job.State
}) {
  override get message(): string {
    return `job "${this.jobId}" is ${this.state}, and only a job that is over can be retried; resume it, or cancel it and resume it`
  }
}

/**
 * The first row of the file that must not be sent again: it is at line `at`, and names `line` of `jobId`. `job` is the job
 * whose outcome forbids it, `first` the line that names the same row before.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotRetryable extends Schema.TaggedError<NotRetryable>()("NotRetryable", {
  reason: Schema.Literals(["Unnamed", "Unknown", "Ambiguous", "Twice", "Created", "InDoubt", "Open"]),
  at: Schema.Int,
  jobId: Schema.String,
  job: Schema.String,
  line: Schema.optionalKey(Schema.String),
  first: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const { first, job, jobId, line = "", reason } = this
    const row = `_line ${line}`
    switch (reason) {
      case "Unnamed":
        return line === ""
          ? "no _line; copy it from the rejects file"
          : `_line ${InputIssue.quote(line)} is not the number of a line; copy it from the rejects file`
      case "Unknown":
        return `${row}: job "${jobId}" has no row there; give the rejects file of this job`
      case "Ambiguous":
        return `${row}: job "${jobId}" has several rows on this line, so _line does not identify one; import it as a new job`
      case "Twice":
        return `${row} is named twice, first in line ${first ?? ""}; keep one of them`
      case "Created":
        return `${row} was created in job "${job}"; take it out`
      case "InDoubt":
        return `${row} is in doubt in job "${job}"; take it out, or resolve the doubt first`
      case "Open":
        return `${row} has no outcome yet in job "${job}"; resume that job first, or cancel it and resume it`
    }
  }
}

/**
 * Whether a row may be sent again: some job had it, and in no job was it created, is it in doubt, or may it still be sent.
 *
 * **Example**
 *
 * ```ts
 * import * as JobRetry from "@effect-hubspot/batch/jobs/JobRetry"
 *
 * const rejected = { jobId: "q3", index: 4, is: "Rejected" } as const
 * const again = { jobId: "q3-retry-1", index: 0, is: "Created" } as const
 * const answers = [JobRetry.isRetryable([rejected]), JobRetry.isRetryable([rejected, again])]
 * answers // => [true, false]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 * @public
 */
export const isRetryable = (fates: ReadonlyArray<Fate>): boolean => fates.length > 0 && !fates.some(forbids)

const forbids = (fate: Fate): fate is Fate & { readonly is: "Created" | "InDoubt" | "Open" } =>
  fate.is === "Created" || fate.is === "InDoubt" || fate.is === "Open"

/**
 * Checks all rows of a corrected file against the outcomes of their lines in the job and its family. Gives the lines of the
 * first file that may be sent again, or the first row of the corrected file that must not.
 *
 * **Details**
 *
 * Every row names one line, no line is named twice, the job has exactly one row there, and `isRetryable` is true of it.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (
  jobId: string,
  rows: Iterable<Named>,
  fatesOf: (line: number) => ReadonlyArray<Fate>
): Result.Result<ReadonlySet<number>, NotRetryable> => {
  const named = new Map<number, number>()
  for (const { at, line: text } of rows) {
    const refused = (reason: NotRetryable["reason"], more: { job?: string; first?: number } = {}) =>
      Result.fail(
        new NotRetryable({
          reason,
          at,
          jobId,
          job: jobId,
          ...(text !== undefined && { line: text }),
          ...more
        })
      )
    const line = Rejects.numberOf(text)
    if (line === undefined) return refused("Unnamed")
    const first = named.get(line)
    if (first !== undefined) return refused("Twice", { first })
    const fates = fatesOf(line)
    const here = fates.filter((fate) => fate.jobId === jobId)
    if (here.length === 0) return refused("Unknown")
    if (here.length > 1) return refused("Ambiguous")
    const fate = fates.find(forbids)
    if (fate !== undefined) return refused(fate.is, { job: fate.jobId })
    named.set(line, at)
  }
  return Result.succeed(new Set(named.keys()))
}

/**
 * Reads the outcomes of lines of the first file, in a job, in the job that it retries, and in all other retries of that one.
 * `but` is a job to leave out. A job in planning counts only if `mayPlan` is true of its holder, which may still plan it.
 *
 * @category reading
 * @since 0.1.0
 */
export const fates = Effect.fn("JobRetry.fates")(function* (
  jobId: string,
  lines: ReadonlySet<number>,
  options: {
    readonly but?: string | undefined
    readonly mayPlan: (holder: Job.Holder) => boolean
  }
): Effect.fn.Return<
  ReadonlyMap<number, ReadonlyArray<Fate>>,
  NotOver | JobStore.JobNotFound | JobStore.JobStoreError,
  JobStore.JobStore
> {
  const store = yield* JobStore.JobStore
  const family = yield* store.family(jobId)
  const known = new Map<number, Array<Fate>>()
  for (const job of family) {
    const { holder, id, state } = job
    if (id === jobId && !Job.isFinal(state)) return yield* new NotOver({ jobId, state })
    if (id === options.but) continue
    if (state === "planning" && (holder === undefined || !options.mayPlan(holder))) continue
    const here = yield* fatesIn(job, lines)
    for (const [line, fates] of here) known.set(line, [...(known.get(line) ?? []), ...fates])
  }
  return known
})

/** The outcomes of lines in one job. */
const fatesIn = Effect.fnUntraced(function* (job: Job.Job, lines: ReadonlySet<number>) {
  const store = yield* JobStore.JobStore
  const { header, retryOf } = job.frozen
  return yield* Stream.runFold(
    store.rows(job.id),
    () => new Map<number, Array<Fate>>(),
    (found, { outcome, row }) => {
      const line = retryOf === undefined ? row.line : Rejects.lineOf({ header }, row)
      if (line === undefined || !lines.has(line)) return found
      const fate: Fate = { jobId: job.id, index: row.index, is: outcome?._tag ?? "Open" }
      return found.set(line, [...(found.get(line) ?? []), fate])
    }
  )
})
