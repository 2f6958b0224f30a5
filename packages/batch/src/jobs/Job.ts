/**
 * A durable import: what was frozen when it was planned, the states it goes through, and what may change.
 *
 * Pure: no clock, no database. `JobStore` keeps jobs; it lets a job do what the tables here allow and
 * nothing else. This module neither sends nor decides what became of an input.
 *
 * @since 0.1.0
 */
import { type BatchStatus, InputIssue } from "@effect-hubspot/schema"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AttemptLog from "../engine/AttemptLog.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as Outcome from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import type { Row } from "../files/Source.ts"

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

const moves: Readonly<Record<State, ReadonlyArray<State>>> = {
  planning: ["pending"],
  pending: ["running"],
  running: ["suspended", "done", "canceled"],
  suspended: ["running"],
  done: [],
  canceled: []
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
    const { from, jobId, to, why = advice[from] } = this
    return `job "${jobId}" is ${from} and cannot become ${to}; ${why}`
  }
}

const advice: Readonly<Record<State, string>> = {
  planning: "import the file again under this id",
  pending: "start it",
  running: "wait for it, or cancel it",
  suspended: "resume it",
  done: "it is over; retry what was rejected, after correction",
  canceled: "it is over; retry what was not sent"
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
  moves[from].includes(to) ? Result.succeed(to) : Result.fail(new IllegalTransition({ jobId, from, to }))

/**
 * The states from which a job can get into this one.
 *
 * @category states
 * @since 0.1.0
 */
export const before = (to: State): ReadonlyArray<State> =>
  State.literals.filter((from) => moves[from].includes(to))

/**
 * Whether the job is over.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isFinal = (state: State): boolean => moves[state].length === 0

const statuses: Readonly<Record<State, BatchStatus.BatchStatus>> = {
  planning: "PENDING",
  pending: "PENDING",
  running: "PROCESSING",
  suspended: "PROCESSING",
  done: "COMPLETE",
  canceled: "CANCELED"
}

/**
 * A state in HubSpot's four words: `PENDING` accepted and not begun, `PROCESSING` running or suspended,
 * `COMPLETE`, `CANCELED`.
 *
 * @category states
 * @since 0.1.0
 */
export const statusOf = (state: State): BatchStatus.BatchStatus => statuses[state]

// -----------------------------------------------------------------------------
// What is frozen
// -----------------------------------------------------------------------------

const duration = Schema.DurationFromMillis
const looking = { quiet: duration, reads: Schema.Int, spacing: duration, resends: Schema.Int }

/**
 * A `DoubtStrategy` as it is written down; times in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Strategy = Schema.Union([
  Schema.TaggedStruct("failVisible", {
    verifyRejections: Schema.Union([Schema.Literal(false), Schema.Struct({ quiet: duration })])
  }),
  Schema.TaggedStruct("atLeastOnce", { resends: Schema.Int }),
  Schema.TaggedStruct("reconcile", looking),
  Schema.TaggedStruct("reconcileByParent", looking),
  Schema.TaggedStruct("guard", { quiet: duration, resends: Schema.Int }),
  Schema.TaggedStruct("upsert", { quiet: duration })
]) satisfies Schema.Codec<DoubtStrategy.DoubtStrategy, unknown>

/**
 * Which job a job retries, and the one that imported the file first: the two differ where a retry is retried.
 * Rows are known by their lines in the file of `first`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RetryOf = Schema.Struct({ job: Schema.String, first: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export interface RetryOf extends Schema.Schema.Type<typeof RetryOf> {}

/**
 * What a job was made with. It does not change any more, but for the strategy, which may become stricter.
 * `account` is the HubSpot portal's id, `origin` where requests go.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Frozen = Schema.Struct({
  source: Schema.Struct({
    name: Schema.String,
    /** Absent for the standard input. */
    path: Schema.optionalKey(Schema.String)
  }),
  format: Schema.Literals(["csv", "ndjson", "json"]),
  /** Of CSV files that are not empty. */
  header: Schema.optionalKey(Schema.Array(Schema.String)),
  batchSize: Schema.Int,
  strategy: Strategy,
  keyProperty: Schema.optionalKey(Schema.String),
  keyColumn: Schema.optionalKey(Schema.String),
  account: Schema.String,
  origin: Schema.String,
  /** Of a job that sends rows of another one again, see `JobRetry`. */
  retryOf: Schema.optionalKey(RetryOf)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Frozen extends Schema.Schema.Type<typeof Frozen> {}

/**
 * The job that imported the rows of a job first: itself, unless it is a retry.
 *
 * @category retries
 * @since 0.1.0
 */
export const firstOf = ({ frozen, id }: Pick<Job, "id" | "frozen">): string => frozen.retryOf?.first ?? id

/**
 * Why a job stands still, and when to go on if that is known.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Suspension = Schema.Struct({
  reason: Schema.Literals(["auth", "quota", "migration", "network", "disk", "database", "operator"]),
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
// Resume
// -----------------------------------------------------------------------------

/**
 * The input is not the one that was planned. `line` is the first that differs, if that was looked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class InputChanged extends Schema.TaggedError<InputChanged>()("InputChanged", {
  name: Schema.String,
  was: Schema.String,
  is: Schema.String,
  line: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const at = this.line === undefined ? "" : ` at line ${this.line}`
    const digests = `digest ${this.is.slice(0, 12)}, planned ${this.was.slice(0, 12)}`
    return `${InputIssue.quote(this.name)} differs from the planned input${at} (${digests}); resume without the file, or import it as a new job`
  }
}

/**
 * The token belongs to another account.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountChanged extends Schema.TaggedError<AccountChanged>()("AccountChanged", {
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return `the token belongs to account ${this.is}, the job was started on ${this.was}; use a token of account ${this.was}`
  }
}

/**
 * The strategy would allow what the planned one does not.
 *
 * @category errors
 * @since 0.1.0
 */
export class StrategyLoosened extends Schema.TaggedError<StrategyLoosened>()("StrategyLoosened", {
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return this.was === this.is
      ? `the job was planned with a stricter ${this.was}; resume without naming a strategy`
      : `the job was planned with ${this.was}, and ${this.is} is not stricter; resume without naming a strategy`
  }
}

/** What a strategy may become: it then doubles, overwrites and concludes from absence no more than before. */
const stricter: Readonly<
  Record<DoubtStrategy.DoubtStrategy["_tag"], ReadonlyArray<DoubtStrategy.DoubtStrategy["_tag"]>>
> = {
  atLeastOnce: ["reconcile", "reconcileByParent", "guard", "failVisible"],
  reconcile: ["guard", "failVisible"],
  reconcileByParent: ["guard", "failVisible"],
  guard: ["failVisible"],
  // Not guard: it would refuse what is there already, and leave it without its parent.
  upsert: ["failVisible"],
  failVisible: []
}

/** What is greater where a strategy is stricter, and what is less. No number: the strategy has no such thing. */
const measures = (strategy: DoubtStrategy.DoubtStrategy) => ({
  quiet:
    "quiet" in strategy
      ? Duration.toMillis(strategy.quiet)
      : strategy._tag === "failVisible" && strategy.verifyRejections !== false
        ? Duration.toMillis(strategy.verifyRejections.quiet)
        : undefined,
  verifies:
    strategy._tag === "guard" ||
    strategy._tag === "upsert" ||
    (strategy._tag === "failVisible" && strategy.verifyRejections !== false),
  reads: "reads" in strategy ? strategy.reads : 0,
  spacing: "spacing" in strategy ? Duration.toMillis(strategy.spacing) : 0,
  resends: "resends" in strategy ? strategy.resends : 0
})

/**
 * Whether a job that was planned with one strategy may go on with another: the same one with no shorter
 * waits, no fewer reads and no more resends, or one that promises more. Who verified rejections goes on
 * verifying, and a strategy that goes by a key needs the key that is in the inputs already.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy } from "@effect-hubspot/batch"
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 *
 * const { atLeastOnce, failVisible } = DoubtStrategy
 * const stricter = Job.mayBecome(atLeastOnce(), failVisible, undefined)
 * const looser = Job.mayBecome(failVisible, atLeastOnce(), undefined)
 * const answers = [stricter, looser]
 * answers // => [true, false]
 * ```
 *
 * @category resuming
 * @since 0.1.0
 */
export const mayBecome = (
  was: DoubtStrategy.DoubtStrategy,
  is: DoubtStrategy.DoubtStrategy,
  keyProperty: string | undefined
): boolean => {
  const same = was._tag === is._tag
  if (!same && !stricter[was._tag].includes(is._tag)) return false
  if (DoubtStrategy.keyNeeded(is) !== undefined && keyProperty === undefined) return false
  const [from, to] = [measures(was), measures(is)]
  if (from.verifies && !to.verifies) return false
  // Verifying rejections at all is stricter than not to, however soon it is done.
  const begins = is._tag === "failVisible" && !from.verifies
  if (!begins && (to.quiet ?? Number.POSITIVE_INFINITY) < (from.quiet ?? 0)) return false
  return !same || (to.reads >= from.reads && to.spacing >= from.spacing && to.resends <= from.resends)
}

/**
 * Whether a job may go on with what the resumer brings: the account of the token, the digest of the input
 * if there is one at hand, and a strategy if one is named. Gives the strategy to go on with.
 *
 * @category resuming
 * @since 0.1.0
 */
export const checkResume = (
  { digest, frozen }: Pick<Job, "digest" | "frozen">,
  brought: {
    readonly account: string
    readonly digest?: string | undefined
    /** The first line that differs, see `JobStore.difference`. */
    readonly line?: number | undefined
    readonly strategy?: DoubtStrategy.DoubtStrategy | undefined
  }
): Result.Result<DoubtStrategy.DoubtStrategy, AccountChanged | InputChanged | StrategyLoosened> => {
  const { account, line, strategy = frozen.strategy } = brought
  if (account !== frozen.account) return Result.fail(new AccountChanged({ was: frozen.account, is: account }))
  if (brought.digest !== undefined && brought.digest !== digest) {
    return Result.fail(
      new InputChanged({
        name: frozen.source.name,
        was: digest ?? "",
        is: brought.digest,
        ...(line !== undefined && { line })
      })
    )
  }
  return mayBecome(frozen.strategy, strategy, frozen.keyProperty)
    ? Result.succeed(strategy)
    : Result.fail(new StrategyLoosened({ was: frozen.strategy._tag, is: strategy._tag }))
}

// -----------------------------------------------------------------------------
// Outcomes
// -----------------------------------------------------------------------------

const [Created, , Rejected, InDoubt] = AttemptLog.Entry.members

/**
 * What became of one input in the end, as it is written down: that of the attempt log, and the outcomes
 * of inputs that were never attempted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Union([
  Created,
  Rejected,
  InDoubt,
  Schema.TaggedStruct("Invalid", {
    index: Schema.Int,
    issues: Schema.Array(
      Schema.Struct({ path: Schema.String, message: Schema.String, advice: Schema.String })
    )
  }),
  Schema.TaggedStruct("NotSent", {
    index: Schema.Int,
    reason: Schema.Struct({
      _tag: Schema.Literals(["Stopped", "Halted", "RetriesExhausted", "Unlogged", "Suspended"]),
      text: Schema.String
    })
  })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Entry = typeof Entry.Type

/**
 * An outcome as it is written down.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 *
 * const entry = Job.entry({ _tag: "NotSent", source: "row", index: 7, reason: { _tag: "Stopped" } })
 * entry // => { _tag: "NotSent", index: 7, reason: { _tag: "Stopped", text: "not sent: the job was stopped" } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const entry = (outcome: Outcome.Outcome<unknown>): Entry => {
  switch (outcome._tag) {
    case "Invalid": {
      const issues = outcome.issues.map(({ advice, message, path }) => ({ path, message, advice }))
      return { _tag: "Invalid", index: outcome.index, issues }
    }
    case "NotSent": {
      const { index, reason } = outcome
      return {
        _tag: "NotSent",
        index,
        reason: { _tag: reason._tag, text: Outcome.describeNotSent(reason) }
      }
    }
    default:
      return AttemptLog.entry(outcome) as Exclude<AttemptLog.Entry, { readonly _tag: "Done" }>
  }
}

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

// -----------------------------------------------------------------------------
// Batches
// -----------------------------------------------------------------------------

/**
 * A part of the inputs, without gaps: those that are sent in one request, and those between them that are
 * wrong in themselves. Batches are numbered from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch {
  readonly number: number
  /** At most the batch size; none if all inputs of the part are wrong. */
  readonly items: ReadonlyArray<Plan.Item<Row>>
  readonly invalid: ReadonlyArray<Outcome.Invalid<Row>>
}

/** So that a file of nothing but mistakes is held in parts too. */
const mostInvalid = 1000

interface Planning {
  readonly plan: Plan.Plan<Row>
  readonly invalid: ReadonlyArray<Outcome.Invalid<Row>>
  readonly number: number
}

/**
 * The batches of a job's rows, as `JobStore.append` takes them. One batch is held at a time.
 *
 * @category planning
 * @since 0.1.0
 */
export const toBatches =
  (options: { readonly shape: Plan.Shape<Row, Plan.TracedInput>; readonly batchSize: number }) =>
  <E, R>(rows: Stream.Stream<Row, E, R>): Stream.Stream<Batch, E, R> => {
    const cut = ({ invalid, number, plan }: Planning, items: Batch["items"]) =>
      [
        { plan, invalid: [], number: number + 1 },
        items.length + invalid.length === 0 ? [] : [{ number, items, invalid }]
      ] as const
    return Stream.mapAccum(
      rows,
      (): Planning => ({ plan: Plan.make(), invalid: [], number: 0 }),
      (planning, row) => {
        const [plan, steps] = Plan.add(planning.plan, row, options.shape, options.batchSize)
        const full = steps.find((step) => step._tag === "Batch")
        const invalid = [...planning.invalid, ...steps.filter((step) => step._tag === "Invalid")]
        if (full !== undefined) return cut({ ...planning, plan, invalid }, full.items)
        if (invalid.length < mostInvalid) return [{ ...planning, plan, invalid }, []] as const
        return cut({ ...planning, plan: { ...plan, open: [] }, invalid }, plan.open)
      },
      { onHalt: (planning: Planning) => cut(planning, planning.plan.open)[1] }
    )
  }
