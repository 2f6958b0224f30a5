/**
 * A durable import: its states, and the changes that its outcomes allow. The part that never changes is in `Frozen`.
 *
 * Pure: no clock, no database. `JobStore` keeps jobs, and allows only the moves in the tables here. This module sends nothing
 * and decides no outcome.
 *
 * @since 0.1.0
 */
import type { BatchStatus } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Final as Entry } from "../model/Entry.ts"
import type { Frozen } from "./Frozen.ts"

export { Final as Entry, final as entry } from "../model/Entry.ts"

// -----------------------------------------------------------------------------
// States
// -----------------------------------------------------------------------------

/**
 * The states of a job, and the only moves between them:
 *
 * | from | to | when |
 * |---|---|---|
 * | `planning` | `pending` | all inputs are written |
 * | `pending` | `running` | the first run takes it |
 * | `running` | `suspended` | it cannot go on now, but can later |
 * | `suspended` | `running` | it goes on |
 * | `running` | `done` | every batch has its outcomes |
 * | `running` | `canceled` | it was canceled; every batch has its outcomes all the same |
 *
 * `done` and `canceled` are final. A job in `planning` has sent nothing, so it may be planned again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const State = Schema.Literals(["planning", "pending", "running", "suspended", "done", "canceled"])

/**
 * @category models
 * @since 0.1.0
 */
export type State = typeof State.Type

/** The states after a state, the state in HubSpot's words, and advice for a move that is not allowed. */
interface Standing {
  readonly to: ReadonlyArray<State>
  readonly status: BatchStatus.BatchStatus
  readonly advice: string
}

const states: Readonly<Record<State, Standing>> = {
  planning: { to: ["pending"], status: "PENDING", advice: "import the file again under this id" },
  pending: { to: ["running"], status: "PENDING", advice: "start it" },
  running: {
    to: ["suspended", "done", "canceled"],
    status: "PROCESSING",
    advice: "wait for it, or cancel it"
  },
  suspended: { to: ["running"], status: "PROCESSING", advice: "resume it" },
  done: { to: [], status: "COMPLETE", advice: "it is over; correct the rejected rows and retry them" },
  canceled: { to: [], status: "CANCELED", advice: "it is over; retry the rows that were not sent" }
}

/**
 * A move that the table of {@link State} does not have, or that `why` forbids.
 *
 * @category errors
 * @since 0.1.0
 */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  jobId: Schema.String,
  from: State,
  to: State,
  why: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const { from, jobId, to, why = states[from].advice } = this
    return `job "${jobId}" is ${from} and cannot become ${to}; ${why}`
  }
}

/**
 * The state after a move, or why there is no such move.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 * import { Result } from "effect"
 *
 * const again = Job.move("q3", "done", "running")
 * const said = Result.isFailure(again) ? again.failure.message : "moved"
 * said // => 'job "q3" is done and cannot become running; it is over; correct the rejected rows and retry them'
 * ```
 *
 * @category states
 * @since 0.1.0
 */
export const move = (jobId: string, from: State, to: State): Result.Result<State, IllegalTransition> =>
  states[from].to.includes(to) ? Result.succeed(to) : Result.fail(new IllegalTransition({ jobId, from, to }))

/**
 * The states from which a job can move to this one.
 *
 * @category states
 * @since 0.1.0
 */
export const before = (to: State): ReadonlyArray<State> =>
  State.literals.filter((from) => states[from].to.includes(to))

/**
 * Whether the job is over.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isFinal = (state: State): boolean => states[state].to.length === 0

/**
 * A state in HubSpot's four words: `PENDING` accepted and not begun, `PROCESSING` running or suspended,
 * `COMPLETE`, `CANCELED`.
 *
 * @category states
 * @since 0.1.0
 */
export const statusOf = (state: State): BatchStatus.BatchStatus => states[state].status

// -----------------------------------------------------------------------------
// Suspension
// -----------------------------------------------------------------------------

/**
 * Why a job is suspended, and when it goes on, if that is known.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Suspension = Schema.Struct({
  reason: Schema.Literals([
    "auth",
    "quota",
    "migration",
    "network",
    "outage",
    "disk",
    "database",
    "operator"
  ]),
  message: Schema.String,
  resumeAtMillis: Schema.optionalKey(Schema.Finite),
  /** How long this one lasts, where the next one in a row lasts longer. */
  pauseMillis: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Suspension extends Schema.Schema.Type<typeof Suspension> {}

/** How long a suspension lasts, in milliseconds, that ends by itself at an unknown time. */
const pauses: Partial<Record<Suspension["reason"], number>> = {
  quota: 3_600_000,
  migration: 3_600_000,
  network: 60_000,
  outage: 60_000,
  // The store could be written again to suspend the job, so the next write may succeed.
  disk: 5000,
  database: 5000
}

/**
 * A suspension from now on, with the time at which the job goes on, unless a person must do something first. `earlier` is the
 * one before, if HubSpot accepted nothing since: one outage after the other waits twice as long, up to 15 minutes.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 *
 * const network = Job.suspended({ reason: "network", message: "no network" }, 1000)
 * const auth = Job.suspended({ reason: "auth", message: "the token is refused" }, 1000)
 * const resumeAt = [network.resumeAtMillis, auth.resumeAtMillis]
 * resumeAt // => [61000, undefined]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const suspended = (
  suspension: Suspension,
  nowMillis: number,
  earlier?: Suspension | undefined
): Suspension => {
  const least = pauses[suspension.reason]
  if (least === undefined || suspension.resumeAtMillis !== undefined) return suspension
  if (suspension.reason !== "outage") return { ...suspension, resumeAtMillis: nowMillis + least }
  const pauseMillis = Math.min(longestOutagePause, Math.max(least, 2 * (earlier?.pauseMillis ?? 0)))
  return { ...suspension, resumeAtMillis: nowMillis + pauseMillis, pauseMillis }
}

const longestOutagePause = 900_000

// -----------------------------------------------------------------------------
// Jobs
// -----------------------------------------------------------------------------

/**
 * The process that runs a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Holder {
  readonly pid: number
  readonly host: string
}

/**
 * A job as the store has it. Times are milliseconds since 1970. A planned job has `inputs`, their number, and `digest`, that of
 * the file's bytes, if it is the job of a file. `epoch` is the number of the last run that claimed it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job {
  readonly id: string
  readonly state: State
  readonly frozen: Frozen
  readonly digest?: string
  readonly inputs?: number
  readonly createdAtMillis: number
  readonly startedAtMillis?: number
  readonly completedAtMillis?: number
  readonly suspension?: Suspension
  readonly cancelRequested: boolean
  readonly epoch: number
  /** The process that holds it, since when, and until when unless it renews its claim. */
  readonly holder?: Holder & { readonly sinceMillis: number; readonly untilMillis: number }
}

/**
 * The id of the job that imported the rows first: its own id, unless it is a retry.
 *
 * @category retries
 * @since 0.1.0
 */
export const firstOf = ({ frozen, id }: Pick<Job, "id" | "frozen">): string => frozen.retryOf?.first ?? id

/**
 * Whether the job should run now: it is not over, and its suspension, if any, has ended.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 *
 * const suspension = { reason: "quota", message: "the day is used up", resumeAtMillis: 5000 } as const
 * const job = { state: "suspended", suspension, cancelRequested: false } as const
 * const due = [4999, 5000].map((nowMillis) => Job.isDue(job, nowMillis))
 * due // => [false, true]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const isDue = (
  { cancelRequested, state, suspension }: Pick<Job, "state" | "suspension" | "cancelRequested">,
  nowMillis: number
): boolean => {
  if (state === "pending" || state === "running") return true
  if (state !== "suspended") return false
  // A canceled job runs once more, to give its inputs their outcomes.
  return cancelRequested || (suspension?.resumeAtMillis ?? Number.POSITIVE_INFINITY) <= nowMillis
}

// -----------------------------------------------------------------------------
// Outcomes
// -----------------------------------------------------------------------------

/** The changes of an outcome, after a look for the input (`InDoubt`) or after it was sent again (the others). */
const revisions: Readonly<Record<Entry["_tag"], ReadonlyArray<Entry["_tag"]>>> = {
  Created: [],
  Invalid: [],
  InDoubt: ["Created", "Rejected", "NotSent"],
  Rejected: ["Created", "Rejected", "InDoubt"],
  NotSent: ["Created", "Rejected", "InDoubt", "NotSent"]
}

/**
 * A change of an outcome that is not allowed.
 *
 * @category errors
 * @since 0.1.0
 */
export class IllegalRevision extends Schema.TaggedError<IllegalRevision>()("IllegalRevision", {
  index: Schema.Int,
  from: Schema.String,
  to: Schema.String
}) {
  override get message(): string {
    return `input ${this.index + 1} is ${this.from} and cannot become ${this.to}; look at the job's outcomes again`
  }
}

/**
 * The outcome after a change, or why it stays. `Created` and `Invalid` stay for ever. A doubt becomes `Rejected` only with
 * `verifiedAbsent`.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 * import { Result } from "effect"
 *
 * const doubt = Job.entry({
 *   _tag: "InDoubt", source: "row", index: 7, objectWriteTraceId: "q3-7", evidence: { _tag: "Abandoned" }
 * })
 * const found: Job.Entry = { _tag: "Created", index: 7, id: "42", via: "reconciled", possibleDuplicate: false }
 * const answers = [Result.isSuccess(Job.revise(doubt, found)), Result.isSuccess(Job.revise(found, doubt))]
 * answers // => [true, false]
 * ```
 *
 * @category outcomes
 * @since 0.1.0
 */
export const revise = (from: Entry, to: Entry): Result.Result<Entry, IllegalRevision> =>
  from.index === to.index &&
  revisions[from._tag].includes(to._tag) &&
  (from._tag !== "InDoubt" || to._tag !== "Rejected" || to.verifiedAbsent)
    ? Result.succeed(to)
    : Result.fail(new IllegalRevision({ index: from.index, from: from._tag, to: to._tag }))

/**
 * The number of outcomes of each kind. `open` inputs have none yet; all kinds and `open` add up to `inputs`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counts {
  readonly inputs: number
  readonly created: number
  readonly rejected: number
  readonly invalid: number
  readonly notSent: number
  readonly inDoubt: number
  /** How many of the created inputs may have been created twice. */
  readonly possibleDuplicates: number
  readonly open: number
  readonly batches: number
  readonly settledBatches: number
}
