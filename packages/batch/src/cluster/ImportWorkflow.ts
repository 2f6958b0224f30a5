/**
 * A durable job as a workflow of Effect's engine: an activity for each batch, a durable clock for each suspension.
 *
 * The engine sees to it that somebody runs the job; where it stands, the job's own rows say. When the engine begins the
 * workflow anew, on this machine or on another, the job is claimed anew, so whoever ran it before is fenced; batches with
 * outcomes are not asked for again, and an activity finds in the log what was sent of its batch: that is in doubt,
 * and is never sent blindly. So the result of an activity is never needed a second time, and its name holds the number
 * of the run.
 *
 * It does not plan jobs, and decides nothing about what is sent.
 *
 * @since 0.1.0
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import * as Workflow from "effect/workflow/Workflow"
import { type WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import * as Accounts from "./Accounts.ts"
import * as Job from "../jobs/Job.ts"
import * as JobRunner from "../jobs/JobRunner.ts"
import * as JobStore from "../jobs/JobStore.ts"

/**
 * The workflow of a job. An id may be used again once a job is forgotten, so the time of its creation is part of what
 * names it. It succeeds with the job's last state. What fails in it, it survives: it is suspended then.
 *
 * @category workflows
 * @since 0.1.0
 */
export const ImportWorkflow = Workflow.make("line-items/import", {
  payload: { jobId: Schema.String, createdAtMillis: Schema.Finite },
  idempotencyKey: ({ createdAtMillis, jobId }) => `${jobId}/${createdAtMillis}`,
  success: Schema.Literals(["done", "canceled", "forgotten"]),
  annotations: Context.make(Workflow.SuspendOnFailure, true)
})

/**
 * A run of a job that begins, or with `end` one that ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Run {
  readonly jobId: string
  readonly epoch: number
  readonly end?: JobRunner.End | Accounts.AccountUnavailable | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Pick<JobRunner.Options, "concurrency" | "retry" | "onEvent"> {
  readonly holder: Job.Holder
  /** How long others wait for a job whose holder is not heard of. Default 10 seconds. */
  readonly lease?: Duration.Input | undefined
  /**
   * Whether a job may be taken from who holds it when the engine gives it to us: it saw that the other is gone. The
   * other is fenced if it is not. It sees so of its own runners only. Default: the lease is waited for.
   */
  readonly takesOver?: ((holder: Job.Holder) => boolean) | undefined
  /** Told of runs that begin and end here. */
  readonly onRun?: ((run: Run) => Effect.Effect<void>) | undefined
  /** Complete it to begin no run any more and to leave those under way. */
  readonly leave: Deferred.Deferred<void>
  /** Complete it to wait for no answer any more either. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** Around each run of a job, for who wants to know when none is under way. */
  readonly aroundRun?: (<A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) | undefined
}

/**
 * The workflow on the engine of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<never, never, WorkflowEngine | JobStore.JobStore | Accounts.Accounts> =>
  Layer.unwrap(Effect.map(make(options), (body) => ImportWorkflow.toLayer(body)))

const make = Effect.fnUntraced(function* (options: Options) {
  const store = yield* JobStore.JobStore
  const accounts = yield* Accounts.Accounts
  const lease = options.lease ?? Duration.seconds(10)
  const around = options.aroundRun ?? ((run) => run)
  const tell = options.onRun ?? (() => Effect.void)

  const claim = (jobId: string, taking: Pick<JobStore.Taking, "insteadOf"> = {}) =>
    store.claim(jobId, { holder: options.holder, lease, ...taking })

  /** The job, or nothing while it is another's. */
  const take = (jobId: string, takesOver: (holder: Job.Holder) => boolean) =>
    claim(jobId).pipe(
      Effect.catchTag("JobBusy", (error) =>
        takesOver(error)
          ? Effect.flatMap(store.get(jobId), ({ state }) =>
              // Who changes the outcomes of a job that is suspended is waited for.
              state === "running" ? claim(jobId, { insteadOf: error.epoch }) : Effect.fail(error)
            )
          : Effect.fail(error)
      ),
      // It is looked at once more, and then waited for or over.
      Effect.catchTags({
        JobBusy: () => Effect.undefined,
        JobNotFound: () => Effect.undefined,
        IllegalTransition: () => Effect.undefined
      })
    )

  /** What the requests of a job go through. Of one that is to be canceled none are made, so it does not need any. */
  const servicesOf = ({ cancelRequested, frozen }: Job.Job) =>
    accounts.services(frozen.account).pipe(
      Effect.filterOrFail(
        (services) => Context.get(services, HubSpotClient).origin === frozen.origin,
        (services) =>
          new Accounts.AccountUnavailable({
            account: frozen.account,
            reason: "NoToken",
            detail: `the job was planned for ${frozen.origin}, and this process has the account at ${Context.get(services, HubSpotClient).origin}`
          })
      ),
      Effect.catchIf(
        () => cancelRequested,
        (error) => Effect.succeed(Accounts.unavailable(frozen.origin, error))
      )
    )

  /** Keeps a job that is not begun yet, until it is to be canceled. */
  const canceled = (claim: JobStore.Claim): Effect.Effect<Job.Job> =>
    store.renew(claim).pipe(
      // Whoever begins it is told that it is another's, or that the store fails.
      Effect.option,
      Effect.delay(Math.min(cancelMillis, Math.floor(claim.leaseMillis / 3))),
      Effect.repeat({ until: Option.exists(({ cancelRequested }: Job.Job) => cancelRequested) }),
      Effect.flatMap(Effect.fromOption),
      Effect.orDie
    )

  const unneeded = ({ frozen: { account, origin } }: Job.Job) =>
    Accounts.unavailable(
      origin,
      new Accounts.AccountUnavailable({ account, reason: "Unreachable", detail: "it is not asked any more" })
    )

  /** Runs a job as far as it goes now. */
  const run = Effect.fnUntraced(function* (
    claim: JobStore.Claim
  ): Effect.fn.Return<
    JobRunner.End,
    Accounts.AccountUnavailable | JobStore.JobStoreError,
    WorkflowEngine | WorkflowInstance | Scope.Scope
  > {
    const { epoch } = claim
    // HubSpot may take its time to say whose the token is, and an account may be paused for hours.
    const ready = yield* Effect.raceAllFirst([
      Effect.map(servicesOf(claim.job), (services) => ({ services, job: claim.job })),
      Effect.map(canceled(claim), (job) => ({ services: unneeded(job), job })),
      Effect.as(Deferred.await(options.leave), undefined)
    ])
    if (ready === undefined) {
      yield* store.release(claim)
      return { _tag: "Left" }
    }
    const { job, services } = ready
    const { batches, end, leave, work } = yield* JobRunner.session({ ...claim, job }, options).pipe(
      Effect.provide(services),
      Effect.provideService(JobStore.JobStore, store)
    )
    const here = yield* Effect.scope
    const activities = batches.pipe(
      Stream.mapEffect(
        (batch) =>
          Activity.make({
            name: `batch ${batch.number} of run ${epoch}`,
            success: Schema.Literals(["settled", "left"]),
            // Not the activity's own, which the engine interrupts where a workflow is moved: a request that is interrupted
            // is in doubt.
            execute: Effect.flatMap(Effect.forkIn(work(batch), here), Fiber.join)
          }),
        { concurrency: JobRunner.maxAtOnce, unordered: true }
      ),
      Stream.runDrain
    )
    // Whoever takes the job from us, a workflow that is moved or a process that ends: what is under way is waited for, and
    // nothing more is sent from the moment on that we are told.
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const running = yield* Effect.forkDetach(Effect.interruptible(activities))
        const told = yield* Effect.exit(restore(Fiber.join(running)))
        if (Exit.isSuccess(told)) return yield* end
        yield* leave
        // Not waited for: where a shard was lost, the engine waits for replies to activities that never come.
        running.interruptUnsafe()
        // The workflow that is interrupted does not get to say it.
        yield* tell({ jobId: claim.jobId, epoch, end: yield* end })
        return yield* Effect.failCause(told.cause)
      })
    )
  }, Effect.scoped)

  /** A job that this process cannot act for is suspended. */
  const suspend = (claim: JobStore.Claim, error: Accounts.AccountUnavailable) =>
    Effect.gen(function* () {
      if (claim.job.state === "suspended") yield* store.resume(claim)
      const reason = error.reason === "Unreachable" ? "network" : "auth"
      const now = yield* Clock.currentTimeMillis
      yield* store.suspend(claim, Job.suspended({ reason, message: error.message }, now))
      yield* store.release(claim)
    }).pipe(
      // It is another's by now.
      Effect.catchTags({
        JobNotFound: () => Effect.void,
        JobFenced: () => Effect.void,
        IllegalTransition: () => Effect.void
      })
    )

  /** Stands still until the engine wakes the workflow. */
  const standStill = Effect.flatMap(WorkflowInstance, Workflow.suspend)

  /** Waits, unless this process ends. */
  const pause = (duration: Duration.Input) => Effect.timeoutOption(Deferred.await(options.leave), duration)

  return Effect.fnUntraced(function* ({ createdAtMillis, jobId }: typeof ImportWorkflow.payloadSchema.Type) {
    let takesOver = options.takesOver ?? nobody
    let clock = { epoch: 0, rung: 0 }
    while (true) {
      if (Deferred.isDoneUnsafe(options.leave)) return yield* standStill
      const job = yield* Effect.catchTag(store.get(jobId), "JobNotFound", () => Effect.undefined)
      if (job === undefined || job.createdAtMillis !== createdAtMillis) return "forgotten" as const
      if (job.state === "done" || job.state === "canceled") return job.state
      const now = yield* Clock.currentTimeMillis
      if (!Job.isDue(job, now)) {
        const { epoch, suspension } = job
        if (suspension?.resumeAtMillis === undefined) return yield* standStill
        // The clock may ring too early, for a message that is forged. It rings once, so the next one has another name.
        clock = { epoch, rung: clock.epoch === epoch ? clock.rung + 1 : 0 }
        yield* DurableClock.sleep({
          name: `suspension of run ${epoch}${clock.rung === 0 ? "" : `, again ${clock.rung}`}`,
          duration: suspension.resumeAtMillis - now,
          inMemoryThreshold: Duration.zero
        })
        continue
      }
      const claimed = yield* take(jobId, takesOver)
      // Taken from us later, it is not taken back: only one of two sees rightly that the other is gone.
      takesOver = nobody
      if (claimed === undefined) {
        yield* pause(busyMillis)
        continue
      }
      const about = { jobId, epoch: claimed.epoch }
      yield* tell(about)
      const end = yield* around(run(claimed)).pipe(
        Effect.catchTag("AccountUnavailable", (error) => Effect.as(suspend(claimed, error), error))
      )
      yield* tell({ ...about, end })
      // It may be due all the same, to be canceled.
      if (end._tag === "Fenced") yield* pause(lease)
    }
  }, Effect.orDie)
})

const nobody = () => false

/** So soon a job that is to be canceled does not wait for its account any more. */
const cancelMillis = 2000

/** So often a job that is another's is looked at. */
const busyMillis = 1000
