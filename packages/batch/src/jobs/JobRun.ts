/**
 * A run of a job, and how it ends: it keeps its claim, learns what speaks against going on, and tells the store of its end.
 *
 * A run only learns; nothing that it knows is taken back. Each reason halts the run: it sends nothing more, and its requests
 * under way come to their end. This module neither sends nor settles.
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
 * How a run ended. `Complete` and `Canceled` are the job's end as well; after the others it can be resumed. `Stopped`: the
 * user stopped this run. `Suspended`: it cannot go on now; with `unwritten` that could not be written down, and the store
 * has the job as it was. `Left`: this run gave the job up for another to go on with. `Fenced`: somebody else runs the job.
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

/** What a run knows that speaks against going on. */
export interface Known {
  /** The job is to end, not only this run. */
  readonly canceled?: true
  /** This run is to end, and the job to go on. */
  readonly left?: true
  /** Somebody else has the job, or nobody does: nothing is sent or written any more. */
  readonly fenced?: string
  /** What stays unread or unwritten ends the run. */
  readonly failure?: StoreFailure.StoreFailure
  /** It lets go of the job itself, perhaps without being told that it has. */
  readonly ending?: true
}

export interface JobRun {
  readonly claim: JobStore.Claim
  readonly store: JobStore.Service
  readonly job: Pipeline.Job
  readonly stop: Deferred.Deferred<void>
  readonly known: Ref.Ref<Known>
}

/** What is known already stays. */
const learn = ({ known }: JobRun, news: Known) => Ref.update(known, (before) => ({ ...news, ...before }))

export const cancel = (run: JobRun) =>
  Effect.andThen(learn(run, { canceled: true }), Deferred.succeed(run.stop, undefined))

export const leave = (run: JobRun) =>
  Effect.andThen(learn(run, { left: true }), Deferred.succeed(run.stop, undefined))

export const lose =
  (run: JobRun) =>
  ({ message }: { readonly message: string }) =>
    Effect.andThen(learn(run, { fenced: message }), Deferred.succeed(run.job.halt, { _tag: "Stopped" }))

export const fail = (run: JobRun) => (failure: StoreFailure.StoreFailure) =>
  Effect.andThen(
    learn(run, { failure }),
    Deferred.succeed(run.job.halt, { _tag: "Unlogged", error: failure })
  )

/** Keeps the claim, and looks whether the job is to end. */
export const keep = (run: JobRun) => {
  const { claim, known, store } = run
  const unlessEnding = (effect: Effect.Effect<unknown>) =>
    Effect.flatMap(Ref.get(known), ({ ending }) => (ending ? Effect.void : effect))
  const lost = (error: { readonly message: string }) => unlessEnding(lose(run)(error))
  return store.renew(claim).pipe(
    Effect.tap(({ cancelRequested }) => (cancelRequested ? unlessEnding(cancel(run)) : Effect.void)),
    Effect.catchTags({
      JobNotFound: lost,
      JobFenced: lost,
      // It is asked again. If it stays away, nothing can be written down, and so nothing is sent.
      JobStoreError: (error) => Effect.logWarning(error.message)
    }),
    Effect.repeat(Schedule.spaced(Math.max(100, Math.min(cancelMillis, Math.floor(claim.leaseMillis / 3)))))
  )
}

/** So soon a job that is to be canceled stops. */
const cancelMillis = 2000

/** Says in the store how the run ended, as far as that can be written down, and lets go of the job. */
export const end = Effect.fnUntraced(function* (run: JobRun): Effect.fn.Return<End> {
  const { claim, job, store } = run
  const halted = (yield* Deferred.isDone(job.halt)) ? yield* Deferred.await(job.halt) : undefined
  yield* learn(run, { ending: true })
  const { fenced } = yield* Ref.get(run.known)
  if (fenced !== undefined) return yield* Effect.as(Effect.ignore(store.release(claim)), gone(fenced))
  const lost = ({ message }: { readonly message: string }) => Effect.succeed(gone(message))
  const end = yield* job
    .retryWrite(() => write(run, halted))
    .pipe(
      Effect.catchTags({
        JobNotFound: lost,
        JobFenced: lost,
        IllegalTransition: lost,
        JobStoreError: (unwritten) =>
          Effect.map(suspended({ _tag: "Unlogged", error: unwritten }), (end): End => ({ ...end, unwritten }))
      })
    )
  const { fenced: late } = yield* Ref.get(run.known)
  return late === undefined ? end : gone(late)
})

const gone = (message: string): End => ({ _tag: "Fenced", message })

const write = Effect.fnUntraced(function* (
  { claim, known, store }: JobRun,
  halted: Outcome.NotSentReason | undefined
): Effect.fn.Return<End, JobStore.Refused> {
  const { canceled, failure, left } = yield* Ref.get(known)
  // What failed may be back, and nothing be left to do.
  if (canceled || halted === undefined || halted._tag === "Unlogged") {
    const as = canceled ? "canceled" : "done"
    const isOver = yield* store.complete(claim, as).pipe(
      Effect.as(true),
      Effect.catchIf(isAlready(as), () => Effect.succeed(true)),
      // Batches are left that could not be settled.
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
  const end = yield* suspended(reason)
  // Only this run suspends the job, so one that is suspended already was suspended by this.
  yield* Effect.catchIf(store.suspend(claim, end.suspension), isAlready("suspended"), () => Effect.void)
  yield* store.release(claim)
  return reason._tag === "Stopped" ? { _tag: "Stopped" } : end
})

const isAlready =
  (state: Job.State) =>
  (error: { readonly _tag: string }): error is Job.IllegalTransition =>
    error instanceof Job.IllegalTransition && error.from === state

const suspended = (reason: Outcome.NotSentReason) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const suspension = Job.suspended(suspensionOf(reason, now), now)
    return { _tag: "Suspended", suspension, reason } as const
  })

/** Why a job cannot go on, as it is kept. */
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
      const unknown = { resumeAtMillis: undefined, retryAfterMillis: undefined }
      const { resumeAtMillis, retryAfterMillis } = { ...unknown, ...reason.error.reason }
      const resumeAt =
        resumeAtMillis ?? (retryAfterMillis === undefined ? undefined : nowMillis + retryAfterMillis)
      return { reason: reason.cause, message, ...(resumeAt !== undefined && { resumeAtMillis: resumeAt }) }
    }
    case "Halted":
      return { reason: reason.error.ends === "credentials" ? "auth" : "operator", message }
  }
}
