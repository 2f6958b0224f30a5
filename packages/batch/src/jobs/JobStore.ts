/**
 * Where durable imports are kept: what was planned, what became of it, and who runs it now.
 *
 * One job is run by one process at a time. Whoever takes it gets a number, the epoch, which grows with
 * each taking and goes with every write; a write with an older one is refused, whatever the clocks say. The lease
 * beside it only says how long others wait before they may take the job.
 *
 * A port: what it is told is kept by `SqlJobStore`. It refuses what `Job` does
 * not allow. It does not send, does not schedule, and decides nothing about doubts.
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
 * The id is taken: by a job, of whose inputs `done` of `total` are settled, or by attempts in the log that
 * belong to no job here.
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
    return this.attemptsOnly
      ? `requests of a job "${this.jobId}" were sent before; choose another id`
      : `job "${this.jobId}" exists (${this.done} of ${this.total} done); ${this.done < this.total ? "resume it, or " : ""}choose another id`
  }
}

/**
 * Somebody else has the job. Who knows that this holder is gone may take it over: `insteadOf: epoch`.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobBusy extends Schema.TaggedError<JobBusy>()("JobBusy", {
  jobId: Schema.String,
  pid: Schema.Int,
  host: Schema.String,
  sinceMillis: Schema.Finite,
  /** When it may be taken if it is not renewed. */
  untilMillis: Schema.Finite,
  epoch: Schema.Int
}) {
  override get message(): string {
    const since = DateTime.formatIso(DateTime.makeUnsafe(this.sinceMillis))
    return `job "${this.jobId}" is held by pid ${this.pid} on host ${this.host} since ${since}; wait for it, or stop it and try again`
  }
}

/**
 * The job was taken over by a later run (`by`), or let go of.
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
    const what = this.by === this.epoch ? "has let go of it" : `was taken over by run ${this.by}`
    return `run ${this.epoch} of job "${this.jobId}" ${what}; let the other go on, or stop it and resume`
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
    return `batch ${this.number} of job "${this.jobId}" is settled already; its outcomes stay as they are`
  }
}

/**
 * Why a write by who held the job is refused.
 *
 * @category errors
 * @since 0.1.0
 */
export type Refused = JobNotFound | JobFenced | Job.IllegalTransition | JobStoreError

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * The right to write to a job, until somebody else takes it. `job` is the job as it was when it was taken.
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
  /** How long others wait if it is not renewed, at most ten minutes. Default 30 seconds. */
  readonly lease?: Duration.Input | undefined
  /** The epoch of a holder that is known to be gone: its lease is not waited for. */
  readonly insteadOf?: number | undefined
}

/**
 * What became of a batch: an outcome for each of its items, in any order. Those of inputs that are wrong in
 * themselves are known since the planning.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settlement {
  readonly number: number
  readonly outcomes: ReadonlyArray<Job.Entry>
}

/**
 * A row of the input, with its outcome if it has one and the item it was sent as if it is not wrong.
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
 * A change of a settled outcome, as the trail has it.
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
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * The attempts at the jobs, in the same database: an attempt begins only if no later run has the job, and what a run
   * leaves behind the next one finds.
   */
  readonly log: AttemptLog.Service
  /**
   * A new job in `planning`, held by the caller. A job of this id that never got beyond planning is
   * replaced, once nobody holds it. An id that is none is a defect.
   */
  readonly create: (
    options: Taking & { readonly id: string; readonly frozen: Frozen.Frozen }
  ) => Effect.Effect<Claim, JobExists | JobBusy | JobStoreError>
  /** Adds the next batches to a job in planning, all or none, and renews the lease. A gap is a defect. */
  readonly append: (claim: Claim, batches: ReadonlyArray<JobBatch.JobBatch>) => Effect.Effect<void, Refused>
  /**
   * All inputs are written down: the job is `pending`, and free for whoever runs it. `inputs` other than
   * were appended are a defect.
   */
  readonly planned: (
    claim: Claim,
    input: { readonly digest: string; readonly inputs: number }
  ) => Effect.Effect<Job.Job, Refused>

  readonly get: (jobId: string) => Effect.Effect<Job.Job, JobNotFound | JobStoreError>
  readonly counts: (jobId: string) => Effect.Effect<Job.Counts, JobNotFound | JobStoreError>
  /**
   * The job that imported the rows first, and all its retries, in the order they were made; whichever of them is asked
   * for.
   */
  readonly family: (jobId: string) => Effect.Effect<ReadonlyArray<Job.Job>, JobNotFound | JobStoreError>
  /** The newest first; 100 of them unless told otherwise. */
  readonly list: (options?: {
    readonly limit?: number | undefined
  }) => Effect.Effect<ReadonlyArray<{ readonly job: Job.Job; readonly counts: Job.Counts }>, JobStoreError>

  /**
   * Takes a job that nobody holds. To `run` it, which is the default, it must not be over; a job that was
   * `pending` is `running` then, and one that is suspended stays so until `resume`. For a `revision` of its
   * outcomes it must be over or suspended.
   */
  readonly claim: (
    jobId: string,
    taking: Taking & { readonly to?: "run" | "revision" | undefined }
  ) => Effect.Effect<Claim, JobNotFound | JobBusy | Job.IllegalTransition | JobStoreError>
  /** Prolongs the lease. The job says whether it is to be canceled. */
  readonly renew: (claim: Claim) => Effect.Effect<Job.Job, JobNotFound | JobFenced | JobStoreError>
  /** Lets go of a job; it can be taken at once. One that was taken over is left alone. */
  readonly release: (claim: Claim) => Effect.Effect<void, JobStoreError>

  readonly suspend: (claim: Claim, suspension: Job.Suspension) => Effect.Effect<Job.Job, Refused>
  /** A suspended job is running again. */
  readonly resume: (claim: Claim) => Effect.Effect<Job.Job, Refused>
  /** The job is over, and nobody holds it. Refused while a batch is not settled. */
  readonly complete: (claim: Claim, as: "done" | "canceled") => Effect.Effect<Job.Job, Refused>
  /** Asks who runs the job, or will, to stop. What is over cannot be canceled. */
  readonly requestCancel: (
    jobId: string
  ) => Effect.Effect<Job.Job, JobNotFound | Job.IllegalTransition | JobStoreError>

  /** Asks the process that runs suspended jobs to go on with this one now. One that is not suspended is left as it is. */
  readonly requestResume: (
    jobId: string
  ) => Effect.Effect<Job.Job, JobNotFound | Job.IllegalTransition | JobStoreError>
  /** Jobs that somebody should run now (`Job.isDue`) and that nobody holds, the oldest first; those that can be understood. */
  readonly due: Effect.Effect<ReadonlyArray<Job.Job>, JobStoreError>
  /** Jobs that are not over, or for no longer than this. */
  readonly current: (options: {
    readonly overFor: Duration.Input
  }) => Effect.Effect<ReadonlyArray<Pick<Job.Job, "id" | "createdAtMillis">>, JobStoreError>

  /** The batches without outcomes, in order, a page at a time. Those settled meanwhile may still come. */
  readonly unsettled: (jobId: string) => Stream.Stream<JobBatch.JobBatch, JobNotFound | JobStoreError>
  /**
   * Writes down what became of batches, all or nothing. A batch is settled once. Outcomes for other inputs
   * than its items are a defect.
   */
  readonly settle: (
    claim: Claim,
    settlements: ReadonlyArray<Settlement>
  ) => Effect.Effect<void, AlreadySettled | Refused>
  /** What is settled, in the order of the inputs. */
  readonly outcomes: (jobId: string) => Stream.Stream<Job.Entry, JobNotFound | JobStoreError>
  /** The rows of the input in their order: all of them, or those with an outcome of these kinds. */
  readonly rows: (
    jobId: string,
    kinds?: ReadonlyArray<Job.Entry["_tag"]>
  ) => Stream.Stream<Settled, JobNotFound | JobStoreError>
  /** The line of the first row that is not as it was planned, or is missing; undefined if there is none. */
  readonly difference: <E, R>(
    jobId: string,
    rows: Stream.Stream<Row, E, R>
  ) => Effect.Effect<number | undefined, E | JobNotFound | JobStoreError, R>

  /** Changes settled outcomes as `Job.revise` allows, all or none, and keeps the trail. */
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
   * Deletes jobs that ended this long ago, with their inputs, outcomes and attempts; gives their ids. What
   * is not over, or held by somebody, stays. So does a job together with all its retries while one of them stays: they
   * know which of its rows were created since. With `dryRun` it only gives the ids.
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
 *   yield* jobs.planned(planning, { digest: "e3b0c44298fc1c14", inputs: 0 })
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
