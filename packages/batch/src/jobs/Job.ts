/**
 * A durable import: the states it goes through, and what may change of its outcomes. What never changes is in `Frozen`.
 *
 * Pure: no clock, no database. `JobStore` keeps jobs; it lets a job do what the tables here allow and
 * nothing else. This module neither sends nor decides what became of an input.
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
 * The states of a job, and the only moves there are:
 *
 * | from | to | when |
 * |---|---|---|
 * | `planning` | `pending` | all inputs are written down |
 * | `pending` | `running` | the first run takes it |
 * | `running` | `suspended` | it cannot go on now, but can later |
 * | `suspended` | `running` | it goes on |
 * | `running` | `done` | every batch is settled |
 * | `running` | `canceled` | it was asked to stop; every batch is settled all the same |
 *
 * `done` and `canceled` are final. A job in `planning` has sent nothing, so it may be planned anew.
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

/** Where a job can get from a state, the state in HubSpot's words, and what to do where the job cannot get further. */
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
  done: { to: [], status: "COMPLETE", advice: "it is over; retry what was rejected, after correction" },
  canceled: { to: [], status: "CANCELED", advice: "it is over; retry what was not sent" }
}

/**
 * A move that the table of {@link State} does not have. `why` is what else stands in its way.
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
 * said // => 'job "q3" is done and cannot become running; it is over; retry what was rejected, after correction'
 * ```
 *
 * @category states
 * @since 0.1.0
 */
export const move = (jobId: string, from: State, to: State): Result.Result<State, IllegalTransition> =>
  states[from].to.includes(to) ? Result.succeed(to) : Result.fail(new IllegalTransition({ jobId, from, to }))

/**
 * The states from which a job can get into this one.
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
// Standing still
// -----------------------------------------------------------------------------

/**
 * Why a job stands still, and when to go on if that is known.
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
  resumeAtMillis: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Suspension extends Schema.Schema.Type<typeof Suspension> {}

/** How long a job stands still, in milliseconds, that may go on by itself but is not told when. */
const pauses: Partial<Record<Suspension["reason"], number>> = {
  quota: 3_600_000,
  migration: 3_600_000,
  network: 60_000,
  outage: 60_000,
  // What was to be written down could not be, and this could.
  disk: 5000,
  database: 5000
}

/**
 * A suspension from now on: with the time to go on at, unless a person has to do something first.
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
export const suspended = (suspension: Suspension, nowMillis: number): Suspension => {
  const pause = pauses[suspension.reason]
  return pause === undefined || suspension.resumeAtMillis !== undefined
    ? suspension
    : { ...suspension, resumeAtMillis: nowMillis + pause }
}

// -----------------------------------------------------------------------------
// Jobs
// -----------------------------------------------------------------------------

/**
 * Who runs a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Holder {
  readonly pid: number
  readonly host: string
}

/**
 * A job as the store has it. Times are milliseconds since 1970. `digest`, the SHA-256 of the input's bytes in
 * hex, and `inputs`, their number, are there once it is planned. `epoch` is the number of the run that
 * took it last.
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
  /** Who holds it, since when, and until when if it is not renewed. */
  readonly holder?: Holder & { readonly sinceMillis: number; readonly untilMillis: number }
}

/**
 * The job that imported the rows of a job first: itself, unless it is a retry.
 *
 * @category retries
 * @since 0.1.0
 */
export const firstOf = ({ frozen, id }: Pick<Job, "id" | "frozen">): string => frozen.retryOf?.first ?? id

/**
 * Whether somebody should run the job now: it is not over, and nothing it waits for is still to come.
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
  // What is canceled has to be told.
  return cancelRequested || (suspension?.resumeAtMillis ?? Number.POSITIVE_INFINITY) <= nowMillis
}

// -----------------------------------------------------------------------------
// Outcomes
// -----------------------------------------------------------------------------

/** What an outcome may be changed to, by somebody who looked (`InDoubt`) or sent it again (the others). */
const revisions: Readonly<Record<Entry["_tag"], ReadonlyArray<Entry["_tag"]>>> = {
  Created: [],
  Invalid: [],
  InDoubt: ["Created", "Rejected", "NotSent"],
  Rejected: ["Created", "Rejected", "InDoubt"],
  NotSent: ["Created", "Rejected", "InDoubt", "NotSent"]
}

/**
 * An outcome that cannot be changed so.
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
 * The outcome after a change, or why it stays. `Created` and `Invalid` stay for ever. What was in doubt is
 * rejected only if it was looked for as well.
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
 * Outcomes counted by kind. `open` are inputs without one yet; all kinds and `open` add up to `inputs`.
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
  /** How many of those created may have been created twice. */
  readonly possibleDuplicates: number
  readonly open: number
  readonly batches: number
  readonly settledBatches: number
}
