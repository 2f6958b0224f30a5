/**
 * The store of durable imports: their inputs, their outcomes, and the process that runs each.
 *
 * One process at a time runs a job. Each claim of a job has a greater number, the epoch, which goes with every write; a write
 * with an older epoch is refused, whatever the clocks show. The lease only sets how long other processes wait before they may
 * claim the job.
 *
 * A port, which `SqlJobStore` implements. It refuses what `Job` does not allow. It does not send, does not schedule, and
 * decides nothing about doubts.
 *
 * @since 0.1.0
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as AttemptLog from "../engine/AttemptLog.ts"
import type * as Frozen from "./Frozen.ts"
import * as Job from "./Job.ts"
import type * as JobBatch from "./JobBatch.ts"
import type * as Plan from "../model/Plan.ts"
import type { Row } from "../files/Source.ts"
import { JobStoreError } from "../model/StoreFailure.ts"

export { JobStoreError } from "../model/StoreFailure.ts"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * @category errors
 * @since 0.1.0
 */
export class JobNotFound extends Schema.TaggedError<JobNotFound>()("JobNotFound", { jobId: Schema.String }) {
  override get message(): string {
    return `there is no job ${ErrorBody.showable(JSON.stringify(this.jobId), 60)}; list the jobs to see their ids`
  }
}

/**
 * The id is taken: by a job, in which `done` of `total` inputs have an outcome, or by attempts in the log that belong to no
 * job of the store.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobExists extends Schema.TaggedError<JobExists>()("JobExists", {
  jobId: Schema.String,
  done: Schema.Int,
  total: Schema.Int,
  attemptsOnly: Schema.Boolean
}) {
  override get message(): string {
    if (this.attemptsOnly) return `requests of a job "${this.jobId}" were sent before; choose another id`
    // Under another id the same rows would be created a second time.
    return `job "${this.jobId}" exists (${this.done} of ${this.total} done); ${this.done < this.total ? "resume it, or " : ""}choose another id for other rows`
  }
}

/**
 * Another process has the job. A process that knows this holder to be gone may take over: `insteadOf: epoch`.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobBusy extends Schema.TaggedError<JobBusy>()("JobBusy", {
  jobId: Schema.String,
  pid: Schema.Int,
  host: Schema.String,
  sinceMillis: Schema.Finite,
  /** When the job may be claimed unless the holder renews its claim. */
  untilMillis: Schema.Finite,
  epoch: Schema.Int
}) {
  override get message(): string {
    const [since, until] = [this.sinceMillis, this.untilMillis].map((millis) =>
      DateTime.formatIso(DateTime.makeUnsafe(millis))
    )
    return `job "${this.jobId}" is held by pid ${this.pid} on host ${this.host} since ${since}; wait for it, or stop it and try again; if it is gone, the job is free at ${until}`
  }
}

/**
 * The run has lost the job to a later run (`by`), or has given it up.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobFenced extends Schema.TaggedError<JobFenced>()("JobFenced", {
  jobId: Schema.String,
  epoch: Schema.Int,
  by: Schema.Int
}) {
  override get message(): string {
    const what =
      this.by === this.epoch
        ? "has given it up; resume it to go on"
        : `was taken over by run ${this.by}; let that run go on, or stop it and resume the job`
    return `run ${this.epoch} of job "${this.jobId}" ${what}`
  }
}

/**
 * The batch has its outcomes, and they are not overwritten.
 *
 * @category errors
 * @since 0.1.0
 */
export class AlreadySettled extends Schema.TaggedError<AlreadySettled>()("AlreadySettled", {
  jobId: Schema.String,
  number: Schema.Int
}) {
  override get message(): string {
    return `batch ${this.number} of job "${this.jobId}" has its outcomes already; they stay as they are`
  }
}

/**
 * Why a write under a claim is refused.
 *
 * @category errors
 * @since 0.1.0
 */
export type Refused = JobNotFound | JobFenced | Job.IllegalTransition | JobStoreError

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * The right to write to a job, until another process claims it. `job` is the job as it was when it was claimed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly jobId: string
  readonly epoch: number
  readonly leaseMillis: number
  readonly job: Job.Job
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Taking {
  readonly holder: Job.Holder
  /** How long other processes wait for a claim that is not renewed, at most ten minutes. Default 30 seconds. */
  readonly lease?: Duration.Input | undefined
  /** The epoch of a holder that is known to be gone: its lease need not run out. */
  readonly insteadOf?: number | undefined
}

/**
 * The outcomes of a batch: one for each of its items, in any order. Invalid inputs have theirs since the planning.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settlement {
  readonly number: number
  readonly outcomes: ReadonlyArray<Job.Entry>
}

/**
 * A row of the input, with its outcome if it has one, and with the item that is sent unless it is invalid.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settled {
  readonly row: Row
  readonly item?: Plan.Item<Row>
  readonly outcome?: Job.Entry
}

/**
 * A change of an outcome, as the trail has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Revision {
  readonly was: Job.Entry
  readonly became: Job.Entry
  readonly who: string
  readonly why: string
  readonly atMillis: number
}

/**
 * What happened to a job, without its rows. `Attempted`: a request with so many inputs; without an end it may have been sent or
 * not. `Settled`: so many inputs of a batch have an outcome of each kind, since `atMillis` if the batch was sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Happened =
  | {
      readonly _tag: "Attempted"
      readonly begunAtMillis: number
      readonly inputs: number
      readonly end?: Pick<AttemptLog.End, "acceptance" | "reason"> & { readonly endedAtMillis: number }
    }
  | {
      readonly _tag: "Settled"
      readonly atMillis?: number
      readonly counts: Readonly<Record<Job.Entry["_tag"], number>>
    }

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * The attempts of the jobs, in the same database. An attempt begins only if no later run has the job, and the next run
   * finds the attempts of the earlier ones.
   */
  readonly log: AttemptLog.Service
  /**
   * Makes a job in `planning`, held by the caller. It replaces a job of this id that never got beyond planning, once no
   * process holds that one. A text that is no id is a defect.
   */
  readonly create: (
    options: Taking & { readonly id: string; readonly frozen: Frozen.Frozen }
  ) => Effect.Effect<Claim, JobExists | JobBusy | JobStoreError>
  /** Adds the next batches to a job in planning, all or none, and renews the lease. A gap is a defect. */
  readonly append: (claim: Claim, batches: ReadonlyArray<JobBatch.JobBatch>) => Effect.Effect<void, Refused>
  /**
   * All inputs are written: the job becomes `pending`, and any process may claim it. Another number of `inputs` than was
   * appended is a defect.
   */
  readonly planned: (
    claim: Claim,
    input: { readonly inputs: number; readonly digest?: string | undefined }
  ) => Effect.Effect<Job.Job, Refused>

  readonly get: (jobId: string) => Effect.Effect<Job.Job, JobNotFound | JobStoreError>
  readonly counts: (jobId: string) => Effect.Effect<Job.Counts, JobNotFound | JobStoreError>
  /**
   * The job that imported the rows first, and all its retries, in the order they were made. `jobId` is any of them.
   */
  readonly family: (jobId: string) => Effect.Effect<ReadonlyArray<Job.Job>, JobNotFound | JobStoreError>
  /** The newest first. `limit` is 100 by default. */
  readonly list: (options?: {
    readonly limit?: number | undefined
  }) => Effect.Effect<ReadonlyArray<{ readonly job: Job.Job; readonly counts: Job.Counts }>, JobStoreError>

  /**
   * Claims a job that no process holds. To `run` it, which is the default, it must not be over; a `pending` job becomes
   * `running`, and a suspended one stays so until `resume`. For a `revision` of its outcomes it must be over or suspended.
   */
  readonly claim: (
    jobId: string,
    taking: Taking & { readonly to?: "run" | "revision" | undefined }
  ) => Effect.Effect<Claim, JobNotFound | JobBusy | Job.IllegalTransition | JobStoreError>
  /** Prolongs the lease. The job reports whether it is to be canceled. */
  readonly renew: (claim: Claim) => Effect.Effect<Job.Job, JobNotFound | JobFenced | JobStoreError>
  /** Gives a job up, so that it can be claimed at once. Does nothing to a job that was taken over. */
  readonly release: (claim: Claim) => Effect.Effect<void, JobStoreError>

  readonly suspend: (claim: Claim, suspension: Job.Suspension) => Effect.Effect<Job.Job, Refused>
  /** Makes a suspended job `running` again. */
  readonly resume: (claim: Claim) => Effect.Effect<Job.Job, Refused>
  /** Ends the job and gives it up. Refused while a batch has no outcomes. */
  readonly complete: (claim: Claim, as: "done" | "canceled") => Effect.Effect<Job.Job, Refused>
  /** Asks the current or the next run to cancel the job. A job that is over cannot be canceled. */
  readonly requestCancel: (
    jobId: string
  ) => Effect.Effect<Job.Job, JobNotFound | Job.IllegalTransition | JobStoreError>

  /** Asks the process that runs suspended jobs to go on with this one now. Does nothing to a job that is not suspended. */
  readonly requestResume: (
    jobId: string
  ) => Effect.Effect<Job.Job, JobNotFound | Job.IllegalTransition | JobStoreError>
  /** Jobs that are due (`Job.isDue`) and that no process holds, the oldest first. Unreadable jobs are skipped. */
  readonly due: Effect.Effect<ReadonlyArray<Job.Job>, JobStoreError>
  /** Jobs that are not over, or not for longer than this. */
  readonly current: (options: {
    readonly overFor: Duration.Input
  }) => Effect.Effect<ReadonlyArray<Pick<Job.Job, "id" | "createdAtMillis">>, JobStoreError>

  /** The batches without outcomes, in order, read a page at a time. A batch that gets its outcomes meanwhile may still come. */
  readonly unsettled: (jobId: string) => Stream.Stream<JobBatch.JobBatch, JobNotFound | JobStoreError>
  /**
   * Writes the outcomes of batches, all or nothing. A batch gets its outcomes once. Outcomes of other inputs than its items
   * are a defect.
   */
  readonly settle: (
    claim: Claim,
    settlements: ReadonlyArray<Settlement>
  ) => Effect.Effect<void, AlreadySettled | Refused>
  /** All outcomes so far, in the order of the inputs. */
  readonly outcomes: (jobId: string) => Stream.Stream<Job.Entry, JobNotFound | JobStoreError>
  /** The rows of the input in their order: all of them, or those with an outcome of these kinds. */
  readonly rows: (
    jobId: string,
    kinds?: ReadonlyArray<Job.Entry["_tag"]>
  ) => Stream.Stream<Settled, JobNotFound | JobStoreError>
  /** The attempts in the order in which they were begun, and then the batches in their order, read a page at a time. */
  readonly history: (jobId: string) => Stream.Stream<Happened, JobNotFound | JobStoreError>
  /** The line of the first row that is not as planned, or is missing; undefined if there is none. */
  readonly difference: <E, R>(
    jobId: string,
    rows: Stream.Stream<Row, E, R>
  ) => Effect.Effect<number | undefined, E | JobNotFound | JobStoreError, R>

  /** Changes outcomes as `Job.revise` allows, all or none, and keeps the trail. */
  readonly revise: (
    claim: Claim,
    revision: {
      readonly outcomes: ReadonlyArray<Job.Entry>
      readonly who: string
      readonly why: string
    }
  ) => Effect.Effect<void, Job.IllegalRevision | Refused>
  /** The trail of a job, the oldest change first. */
  readonly revisions: (jobId: string) => Effect.Effect<ReadonlyArray<Revision>, JobStoreError>

  /**
   * Deletes jobs that ended this long ago, with their inputs, outcomes and attempts, and gives their ids. A job that is not
   * over, or that a process holds, stays. While one of them stays, so do the first job and all its retries: they know which of
   * its rows were created since. With `dryRun` it only gives the ids.
   */
  readonly forget: (options: {
    readonly olderThan: Duration.Input
    readonly dryRun?: boolean | undefined
  }) => Effect.Effect<ReadonlyArray<string>, JobStoreError>
}

/**
 * The jobs of a database.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy, JobStore } from "@effect-hubspot/batch"
 * import * as Database from "@effect-hubspot/batch/sql/Database"
 * import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
 * import { Effect, Layer } from "effect"
 *
 * const layer = Layer.provide(SqlJobStore.layer, Database.layerSqlite({ file: ":memory:" }))
 * const holder = { pid: 4711, host: "a" }
 * const program = Effect.gen(function* () {
 *   const jobs = yield* JobStore.JobStore
 *   const planning = yield* jobs.create({
 *     id: "q3",
 *     holder,
 *     frozen: {
 *       source: { name: "items.csv", path: "items.csv" },
 *       format: "csv",
 *       batchSize: 100,
 *       strategy: DoubtStrategy.failVisible,
 *       account: "42",
 *       origin: "https://api.hubapi.com"
 *     }
 *   })
 *   yield* jobs.planned(planning, { inputs: 0 })
 *   const run = yield* jobs.claim("q3", { holder })
 *   const job = yield* jobs.complete(run, "done")
 *   return [run.job.state, job.state]
 * }).pipe(Effect.provide(layer))
 * await Effect.runPromise(program) // => ["running", "done"]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class JobStore extends Context.Service<JobStore, Service>()("@effect-hubspot/batch/jobs/JobStore") {}
