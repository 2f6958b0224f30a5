/**
 * A durable job as a workflow of Effect's engine: an activity for each batch, a durable clock for each suspension.
 *
 * The engine ensures that a process runs the job; the job's own rows say how far the job is. When the engine restarts the
 * workflow, on this machine or on another, the new run claims the job, which fences the earlier one. Batches with outcomes
 * are not read again. An activity finds in the log the attempts at its batch: they are in doubt, and their inputs are
 * never sent again blindly. So no activity's result is needed twice, and its name has the number of the run.
 *
 * It does not plan jobs, and does not decide what is sent.
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
import * as WriteRetry from "../engine/WriteRetry.ts"
import * as Job from "../jobs/Job.ts"
import * as JobRunner from "../jobs/JobRunner.ts"
import * as JobStore from "../jobs/JobStore.ts"

/**
 * The workflow of a job. An id may be used again once its job is forgotten, so the time of creation is part of the
 * workflow's name. It succeeds with the job's last state. A failure suspends the workflow and does not end it.
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
 * A run of a job that begins; with `end`, one that ended.
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
export interface Options extends Pick<
  JobRunner.Options,
  "concurrency" | "retry" | "stopWhenAllRejected" | "onEvent"
> {
  readonly holder: Job.Holder
  /** How long other processes wait for a holder that does not renew its claim. Default 10 seconds. */
  readonly lease?: Duration.Input | undefined
  /**
   * Whether the holder of a job that the engine starts here is gone, so that its lease is not waited for. A holder that is
   * not gone is fenced, and loses the answers it has not written yet. Default: nobody is known to be gone.
   */
  readonly isGone?: ((holder: Job.Holder) => Effect.Effect<boolean>) | undefined
  /** Gets an event for each run that begins or ends in this process. */
  readonly onRun?: ((run: Run) => Effect.Effect<void>) | undefined
  /** Complete it to begin no more runs, and to stop those under way, so that another process may go on. */
  readonly leave: Deferred.Deferred<void>
  /** Complete it to abandon requests under way as well: they are in doubt. */
  readonly abandon?: Deferred.Deferred<void> | undefined
  /** Wraps each run of a job, such as to count those under way. */
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
  Layer.unwrap(
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const accounts = yield* Accounts.Accounts
      const { lease = Duration.seconds(10), onRun = () => Effect.void } = options
      return ImportWorkflow.toLayer(body({ ...options, store, accounts, lease, onRun, underWay: new Set() }))
    })
  )

/** The options, and the services of this process. */
interface Worker extends Options {
  readonly store: JobStore.Service
  readonly accounts: Accounts.Accounts["Service"]
  readonly lease: Duration.Input
  readonly onRun: NonNullable<Options["onRun"]>
  /** The runs of this process that have not ended. The engine may move a workflow away and back before they have. */
  readonly underWay: Set<string>
}

const nameOf = (jobId: string, epoch: number) => `${epoch} ${jobId}`

/**
 * Whether the holder of a job must be waited for. One that is there has perhaps lost only the database, as everybody has,
 * and writes the answers it got when the database is back: so it keeps the job for longer than its lease.
 */
const isWaitedFor = Effect.fnUntraced(function* (
  { holder, isGone, underWay }: Worker,
  { epoch, holder: held, id, state }: Job.Job,
  takesOver: boolean
) {
  if (held === undefined || isGone === undefined) return false
  if ((yield* Clock.currentTimeMillis) >= held.untilMillis + WriteRetry.mostMillis) return false
  // A suspended job may be held to revise its outcomes.
  if (!takesOver || state !== "running" || underWay.has(nameOf(id, epoch))) return true
  // Nobody else has this address: it was a process before this one.
  return held.host !== holder.host && !(yield* isGone(held))
})

/** Claims the job, or gives nothing while another process has it. */
const take = Effect.fnUntraced(
  function* (worker: Worker, job: Job.Job, takesOver: boolean) {
    const { holder, isGone, lease, store } = worker
    if (yield* isWaitedFor(worker, job, takesOver)) return undefined
    const insteadOf = job.holder !== undefined && isGone !== undefined && { insteadOf: job.epoch }
    return yield* store.claim(job.id, { holder, lease, ...insteadOf })
  },
  // The body looks at the job again, and waits for it or ends.
  Effect.catchTags({
    JobBusy: () => Effect.undefined,
    JobNotFound: () => Effect.undefined,
    IllegalTransition: () => Effect.undefined
  })
)

/** The services that the requests of a job go through. A canceled job sends no request, so it needs none. */
const servicesOf = ({ accounts }: Worker, { cancelRequested, frozen: { account, origin } }: Job.Job) =>
  accounts.services(account).pipe(
    Effect.filterOrFail(
      (services) => Context.get(services, HubSpotClient).origin === origin,
      (services) =>
        new Accounts.AccountUnavailable({
          account,
          reason: "NoToken",
          detail: `the job was planned for ${origin}, and this process has the account at ${Context.get(services, HubSpotClient).origin}`
        })
    ),
    Effect.catchIf(
      () => cancelRequested,
      (error) => Effect.succeed(Accounts.unavailable(origin, error))
    )
  )

/** Keeps the claim of a job that waits for its account, until the job is canceled. */
const canceled = ({ store }: Worker, claim: JobStore.Claim): Effect.Effect<Job.Job> =>
  store.renew(claim).pipe(
    // A job that was lost, or a store that fails, is noticed when the run begins.
    Effect.option,
    Effect.delay(Math.min(cancelMillis, Math.floor(claim.leaseMillis / 3))),
    Effect.repeat({ until: Option.exists(({ cancelRequested }: Job.Job) => cancelRequested) }),
    Effect.flatMap(Effect.fromOption),
    Effect.orDie
  )

const unneeded = ({ frozen: { account, origin } }: Job.Job) =>
  Accounts.unavailable(
    origin,
    new Accounts.AccountUnavailable({
      account,
      reason: "Unreachable",
      detail: "HubSpot is not asked any more"
    })
  )

/** Runs a job as far as it can go now. */
const run = Effect.fnUntraced(function* (
  worker: Worker,
  claim: JobStore.Claim
): Effect.fn.Return<
  JobRunner.End,
  Accounts.AccountUnavailable | JobStore.JobStoreError,
  WorkflowEngine | WorkflowInstance | Scope.Scope
> {
  const { onRun, store, underWay } = worker
  const { epoch } = claim
  yield* Effect.acquireRelease(
    Effect.sync(() => underWay.add(nameOf(claim.jobId, epoch))),
    () => Effect.sync(() => underWay.delete(nameOf(claim.jobId, epoch)))
  )
  // HubSpot may need long to report the account of a token, and an account may be paused for hours.
  const ready = yield* Effect.raceAllFirst([
    Effect.map(servicesOf(worker, claim.job), (services) => ({ services, job: claim.job })),
    Effect.map(canceled(worker, claim), (job) => ({ services: unneeded(job), job })),
    Effect.as(Deferred.await(worker.leave), undefined)
  ])
  if (ready === undefined) {
    yield* store.release(claim)
    return { _tag: "Left" }
  }
  const { job, services } = ready
  const { batches, end, leave, work } = yield* JobRunner.session({ ...claim, job }, worker).pipe(
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
          // In a fiber of the run, not of the activity: the engine interrupts activities where a workflow is moved, and an
          // interrupted request is in doubt.
          execute: Effect.flatMap(Effect.forkIn(work(batch), here), Fiber.join)
        }),
      { concurrency: JobRunner.maxAtOnce, unordered: true }
    ),
    Stream.runDrain
  )
  // An interruption means that the workflow is moved or that this process ends. From then on nothing more is sent, and
  // requests under way are waited for.
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const running = yield* Effect.forkDetach(Effect.interruptible(activities))
      const exit = yield* Effect.exit(restore(Fiber.join(running)))
      if (Exit.isSuccess(exit)) return yield* end
      yield* leave
      // Not waited for: where a shard was lost, the engine waits for replies to activities that never come.
      running.interruptUnsafe()
      // The interrupted body does not report the end.
      yield* onRun({ jobId: claim.jobId, epoch, end: yield* end })
      return yield* Effect.failCause(exit.cause)
    })
  )
}, Effect.scoped)

/** Suspends a job whose account this process cannot act for. */
const suspend = ({ store }: Worker, claim: JobStore.Claim, error: Accounts.AccountUnavailable) =>
  Effect.gen(function* () {
    if (claim.job.state === "suspended") yield* store.resume(claim)
    const reason = error.reason === "Unreachable" ? "network" : "auth"
    const now = yield* Clock.currentTimeMillis
    yield* store.suspend(claim, Job.suspended({ reason, message: error.message }, now))
    yield* store.release(claim)
  }).pipe(
    // Another process has the job by now.
    Effect.catchTags({
      JobNotFound: () => Effect.void,
      JobFenced: () => Effect.void,
      IllegalTransition: () => Effect.void
    })
  )

/** Suspends the workflow until the engine wakes it. */
const sleep = Effect.flatMap(WorkflowInstance, Workflow.suspend)

const body = (worker: Worker) =>
  Effect.fnUntraced(function* ({ createdAtMillis, jobId }: typeof ImportWorkflow.payloadSchema.Type) {
    const { aroundRun = (run) => run, leave, onRun, store } = worker
    /** Waits, unless this process ends. */
    const pause = (duration: Duration.Input) => Effect.timeoutOption(Deferred.await(leave), duration)
    let takesOver = true
    let clock = { epoch: 0, rung: 0 }
    while (true) {
      if (Deferred.isDoneUnsafe(leave)) return yield* sleep
      const job = yield* Effect.catchTag(store.get(jobId), "JobNotFound", () => Effect.undefined)
      if (job === undefined || job.createdAtMillis !== createdAtMillis) return "forgotten" as const
      if (job.state === "done" || job.state === "canceled") return job.state
      const now = yield* Clock.currentTimeMillis
      if (!Job.isDue(job, now)) {
        const { epoch, suspension } = job
        if (suspension?.resumeAtMillis === undefined) return yield* sleep
        // A forged message may ring the clock too early. Each clock rings once, so the next one has another name.
        clock = { epoch, rung: clock.epoch === epoch ? clock.rung + 1 : 0 }
        yield* DurableClock.sleep({
          name: `suspension of run ${epoch}${clock.rung === 0 ? "" : `, again ${clock.rung}`}`,
          duration: suspension.resumeAtMillis - now,
          inMemoryThreshold: Duration.zero
        })
        continue
      }
      const claim = yield* take(worker, job, takesOver)
      // A job that is lost later is not taken back: of two processes, only one is right that the other is gone.
      takesOver = false
      if (claim === undefined) {
        yield* pause(busyMillis)
        continue
      }
      const { epoch } = claim
      yield* onRun({ jobId, epoch })
      const end = yield* aroundRun(run(worker, claim)).pipe(
        Effect.catchTag("AccountUnavailable", (error) => Effect.as(suspend(worker, claim, error), error))
      )
      yield* onRun({ jobId, epoch, end })
      // The job may be due all the same, to be canceled.
      if (end._tag === "Fenced") yield* pause(worker.lease)
    }
  }, Effect.orDie)

/** A canceled job stops waiting for its account after so long. */
const cancelMillis = 2000

/** How often a job that another process has is looked at. */
const busyMillis = 1000
