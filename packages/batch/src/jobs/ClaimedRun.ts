/**
 * A run that holds the claim on a job: it renews the claim, learns the reasons to stop, and writes to the store how it
 * ended.
 *
 * A run only learns; it forgets nothing. Each reason stops the run: it sends nothing more, and waits for its requests
 * under way. This module sends nothing and decides no outcome.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Pipeline from "../engine/Pipeline.ts"
import * as Outcome from "../model/Outcome.ts"
import * as StoreFailure from "../model/StoreFailure.ts"
import * as Job from "./Job.ts"
import type * as JobStore from "./JobStore.ts"

/**
 * How a run ended. `Complete` and `Canceled` are the job's end as well; after the others the job can be resumed.
 * `Stopped`: the user stopped this run. `Suspended`: the job cannot go on now; with `unwritten` the store could not be
 * written, and has the job as it was. `Left`: this run gave the job up, and another may go on. `Fenced`: another run has
 * the job.
 *
 * @category models
 * @since 0.1.0
 */
export type End =
  | { readonly _tag: "Complete" }
  | { readonly _tag: "Canceled" }
  | { readonly _tag: "Stopped" }
  | {
      readonly _tag: "Suspended"
      readonly suspension: Job.Suspension
      readonly reason: Outcome.NotSentReason
      readonly unwritten?: JobStore.JobStoreError
    }
  | { readonly _tag: "Left" }
  | { readonly _tag: "Fenced"; readonly message: string }

/** The reasons to stop that a run has learned. */
export interface Known {
  /** The job must end, not only this run. */
  readonly canceled?: true
  /** This run must end, and the job goes on. */
  readonly left?: true
  /** This run has lost the job: it sends and writes nothing more. */
  readonly fenced?: string
  /** The store could not be read or written. */
  readonly failure?: StoreFailure.StoreFailure
  /** This run is giving the job up, so losing the claim is no news. */
  readonly ending?: true
}

export interface ClaimedRun {
  readonly claim: JobStore.Claim
  readonly store: JobStore.Service
  readonly job: Pipeline.Job
  readonly stop: Deferred.Deferred<void>
  readonly known: Ref.Ref<Known>
  /** Whether HubSpot accepted a batch of this run. */
  readonly accepted: Ref.Ref<boolean>
}

/** A reason that is known already stays. */
const learn = ({ known }: ClaimedRun, news: Known) => Ref.update(known, (before) => ({ ...news, ...before }))

export const cancel = (run: ClaimedRun) =>
  Effect.andThen(learn(run, { canceled: true }), Deferred.succeed(run.stop, undefined))

export const leave = (run: ClaimedRun) =>
  Effect.andThen(learn(run, { left: true }), Deferred.succeed(run.stop, undefined))

/** A failure of the store stops the run; a refusal means that the run has lost the job. */
export const learnFrom =
  (run: ClaimedRun) => (error: JobStore.Refused | JobStore.AlreadySettled | StoreFailure.StoreFailure) =>
    StoreFailure.isStoreFailure(error)
      ? Effect.andThen(
          learn(run, { failure: error }),
          Deferred.succeed(run.job.halt, { _tag: "Unlogged", error })
        )
      : Effect.andThen(
          learn(run, { fenced: error.message }),
          Deferred.succeed(run.job.halt, { _tag: "Stopped" })
        )

/** Renews the claim for ever, and learns whether the job is canceled. */
export const keep = (run: ClaimedRun) => {
  const { claim, known, store } = run
  const unlessEnding = (effect: Effect.Effect<unknown>) =>
    Effect.flatMap(Ref.get(known), ({ ending }) => (ending ? Effect.void : effect))
  return store.renew(claim).pipe(
    Effect.tap(({ cancelRequested }) => (cancelRequested ? unlessEnding(cancel(run)) : Effect.void)),
    Effect.catch((error) =>
      // The claim is renewed again soon. While the store fails, no intent can be written, so nothing is sent.
      error._tag === "JobStoreError" ? Effect.logWarning(error.message) : unlessEnding(learnFrom(run)(error))
    ),
    Effect.repeat(Schedule.spaced(Math.max(100, Math.min(cancelMillis, Math.floor(claim.leaseMillis / 3)))))
  )
}

/** A run learns so soon that its job is canceled. */
const cancelMillis = 2000

/** Writes to the store how the run ended, if it can be written, and gives the job up. */
export const end = Effect.fnUntraced(function* (run: ClaimedRun): Effect.fn.Return<End> {
  const { claim, job, store } = run
  const halted = (yield* Deferred.isDone(job.halt)) ? yield* Deferred.await(job.halt) : undefined
  yield* learn(run, { ending: true })
  const { fenced } = yield* Ref.get(run.known)
  if (fenced !== undefined) return yield* Effect.as(Effect.ignore(store.release(claim)), gone(fenced))
  const end = yield* Effect.catch(
    job.retryWrite(() => write(run, halted)),
    (error) =>
      error._tag === "JobStoreError"
        ? Effect.map(suspended(run, { _tag: "Unlogged", error }), (end): End => ({
            ...end,
            unwritten: error
          }))
        : Effect.succeed(gone(error.message))
  )
  const { fenced: late } = yield* Ref.get(run.known)
  return late === undefined ? end : gone(late)
})

const gone = (message: string): End => ({ _tag: "Fenced", message })

const write = Effect.fnUntraced(function* (
  run: ClaimedRun,
  halted: Outcome.NotSentReason | undefined
): Effect.fn.Return<End, JobStore.Refused> {
  const { claim, known, store } = run
  const { canceled, failure, left } = yield* Ref.get(known)
  // The store may work again, and the work may be complete.
  if (canceled || halted === undefined || halted._tag === "Unlogged" || halted._tag === "AllRejected") {
    const as = canceled ? "canceled" : "done"
    const isOver = yield* store.complete(claim, as).pipe(
      Effect.as(true),
      Effect.catchIf(isAlready(as), () => Effect.succeed(true)),
      // Some batches have no outcomes.
      Effect.catchIf(
        (error) => halted !== undefined && isAlready("running")(error),
        () => Effect.succeed(false)
      )
    )
    if (isOver) return { _tag: canceled ? "Canceled" : "Complete" }
  }
  const reason: Outcome.NotSentReason =
    canceled && failure !== undefined ? { _tag: "Unlogged", error: failure } : halted!
  if (left && reason._tag === "Stopped") {
    yield* store.release(claim)
    return { _tag: "Left" }
  }
  const end = yield* suspended(run, reason)
  // Only this run suspends the job. Where it is suspended already, an earlier write did so after all.
  yield* Effect.catchIf(store.suspend(claim, end.suspension), isAlready("suspended"), () => Effect.void)
  yield* store.release(claim)
  return reason._tag === "Stopped" ? { _tag: "Stopped" } : end
})

const isAlready =
  (state: Job.State) =>
  (error: { readonly _tag: string }): error is Job.IllegalTransition =>
    error instanceof Job.IllegalTransition && error.from === state

const suspended = ({ accepted, claim: { job } }: ClaimedRun, reason: Outcome.NotSentReason) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const earlier = Ref.getUnsafe(accepted) ? undefined : job.suspension
    return {
      _tag: "Suspended",
      suspension: Job.suspended(suspensionOf(reason, now), now, earlier),
      reason
    } as const
  })

/** Why a job cannot go on, as the store keeps it. */
const suspensionOf = (reason: Outcome.NotSentReason, nowMillis: number): Job.Suspension => {
  const message = Outcome.describeNotSent(reason)
  switch (reason._tag) {
    case "Stopped":
      return { reason: "operator", message: "stopped by the user" }
    case "Unlogged":
      return { reason: StoreFailure.suspensionOf(reason.error), message }
    case "RetriesExhausted":
      return { reason: "network", message }
    case "Suspended": {
      const resumeAt = Outcome.resumeAtMillis(reason.error, nowMillis)
      return { reason: reason.cause, message, ...(resumeAt !== undefined && { resumeAtMillis: resumeAt }) }
    }
    case "AllRejected":
      return { reason: "operator", message }
    case "Halted":
      return { reason: reason.error.ends === "credentials" ? "auth" : "operator", message }
  }
}
