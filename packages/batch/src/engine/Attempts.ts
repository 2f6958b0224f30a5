/**
 * Attempts at a batch: token → slot → intent → one raw send, as long as another one is allowed and makes sense.
 *
 * A send is repeated only if HubSpot provably did not accept it, or if doing it twice is the same as doing it once. Once a
 * send has begun it is not interrupted, since an interrupted send is a doubt. What an attempt means for its inputs is
 * not known here.
 */
import * as HubSpotErrorModule from "@effect-hubspot/http/HubSpotError"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Metrics from "@effect-hubspot/http/Metrics"
import type { Operation } from "@effect-hubspot/http/Operation"
import { NothingSent } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import type { BatchResponse } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { elapsing } from "../model/Monotonic.ts"
import type { NotSentReason, Success } from "../model/Outcome.ts"
import type { Intent, RunnerContext } from "./RunnerContext.ts"

type Context = RunnerContext<never, Success>

/** What is sent. */
export interface Batch {
  /** The indices of its inputs. */
  readonly inputs: ReadonlyArray<number>
  /** Whether all of them are wanted, right before the send. */
  readonly isWanted: () => boolean
  readonly request: Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError>
}

/** How an attempt ended. */
export type Attempted =
  | { readonly _tag: "Answered"; readonly intent: Intent; readonly response: BatchResponse.BatchResponse }
  | { readonly _tag: "Failed"; readonly error: HubSpotError }
  /** It was not begun. */
  | { readonly _tag: "Unsent"; readonly reason: NotSentReason }
  /** It was not begun because inputs were not wanted any more. */
  | { readonly _tag: "Unwanted" }
  /** Nobody waited for its end. */
  | { readonly _tag: "Abandoned" }

/** It stood still after it had its slot, and was not sent. */
interface Paused {
  readonly _tag: "Paused"
}

/** A slot and an intent that are older are asked for again before they are used. */
const maxPauseMillis = 1000

const maxPauses = 3

/** How the last attempt ended, and the last failure of one that may have been executed. */
export const run = Effect.fnUntraced(function* (
  context: Context,
  batch: Batch
): Effect.fn.Return<{ readonly ended: Attempted; readonly doubted: HubSpotError | undefined }> {
  const { operation, options } = context
  const { budget, halt, policy } = options
  const next = yield* Schedule.toStep(Retry.schedule({ idempotent: operation.idempotent, policy }))
  let doubted: HubSpotError | undefined
  while (true) {
    const ended = yield* attempt(context, batch)
    if (ended._tag === "Answered") budget.accepted()
    if (ended._tag !== "Failed") return { ended, doubted }
    const { error } = ended
    if (error.acceptance === "InDoubt") doubted = error
    const wait = yield* Effect.option(next(yield* Clock.currentTimeMillis, error))
    if (Option.isNone(wait)) return { ended, doubted }
    // Not at the expense of the job's budget are waits that all share, and what ends the job for all: those are bounded
    // without it, and a single blip while many requests are under way must not cost their inputs.
    if (error.ends === "batch" && !budget.spend()) {
      const reason = { _tag: "RetriesExhausted", error } as const
      return { ended: error.acceptance === "InDoubt" ? ended : { _tag: "Unsent", reason }, doubted }
    }
    yield* Metrics.repeated(operation.name)
    const [millis] = wait.value
    const halted = yield* Effect.timeoutOption(Deferred.await(halt), millis)
    if (Option.isSome(halted)) return { ended: { _tag: "Unsent", reason: halted.value }, doubted }
  }
})

/** A log that is slow every time is no pause, and is believed in the end. */
const attempt = Effect.fnUntraced(function* (context: Context, batch: Batch): Effect.fn.Return<Attempted> {
  for (let pauses = 0; ; pauses++) {
    const ended = yield* attemptOnce(context, batch, pauses === maxPauses)
    if (ended._tag !== "Paused") return ended
  }
})

/**
 * An attempt in a slot, unless the job is halted before it begins. Once begun it is not interrupted, only
 * abandoned.
 */
const attemptOnce = Effect.fnUntraced(function* (
  context: Context,
  batch: Batch,
  patient: boolean
): Effect.fn.Return<Attempted | Paused> {
  const { limits, operation, options, tell } = context
  // The first word counts: that the job is halted meanwhile does not undo what was sent.
  const ended = yield* Deferred.make<Attempted | Paused>()
  const keep = Effect.fnUntraced(function* (
    how: Attempted | Paused
  ): Effect.fn.Return<void, HubSpotError | NothingSent> {
    yield* Deferred.succeed(ended, how)
    switch (how._tag) {
      case "Answered":
        return
      // The limiter has to know what may arrive all the same.
      case "Failed":
        return yield* how.error
      case "Abandoned": {
        const error = ambiguous(operation.name, "abandoned")
        yield* tell({ _tag: "Requested", inputs: batch.inputs.length, millis: 0, error })
        return yield* error
      }
      default:
        return yield* new NothingSent()
    }
  })
  const sending = Effect.andThen(
    ready(context),
    limits.withSlot("burst", { uninterruptible: true })(
      Effect.flatMap(intendAndSend(context, batch, patient), keep)
    )
  ).pipe(
    Effect.catchTags({
      NothingSent: () => Effect.void,
      // What failed in the slot is kept already; else there was no token or no slot, and nothing was sent.
      HubSpotError: (error) => Effect.asVoid(Deferred.succeed(ended, { _tag: "Failed", error }))
    })
  )
  const halted = yield* Effect.raceFirst(Deferred.await(options.halt), Effect.as(sending, undefined))
  if (halted !== undefined) yield* Deferred.succeed(ended, { _tag: "Unsent", reason: halted })
  return yield* Deferred.await(ended)
})

/** As with sends, a defect must not take the outcomes of others with it; here nothing was sent. */
const ready = ({ client, operation }: Context) =>
  Effect.catchDefect(client.ready, (defect) =>
    Effect.andThen(
      Effect.logError("a defect while an access token was being got", defect),
      Effect.fail(failure(operation.name, new HubSpotErrorModule.TokenUnavailable({ detail: "a defect" })))
    )
  )

/**
 * Writes down what is about to be sent, and sends it. A process that stood still on the way (stopped, asleep) may have
 * lost its job and outlived its slot, so it sends nothing and begins anew, unless it is `patient`.
 */
const intendAndSend = (
  context: Context,
  { inputs, isWanted, request }: Batch,
  patient: boolean
): Effect.Effect<Attempted | Paused> =>
  Effect.gen(function* () {
    const { fence, operation, options } = context
    const { abandon, epoch, jobId } = options
    if (!isWanted()) return { _tag: "Unwanted" } as const
    const sinceSlot = yield* elapsing
    const intent = yield* fence.intend(yield* request, {
      jobId,
      operation: operation.name,
      inputs,
      ...(epoch !== undefined && { epoch })
    })
    if (!patient && (yield* sinceSlot) > maxPauseMillis) {
      yield* fence.end(intent, { acceptance: "NotAccepted", reason: "Paused", outcomes: [] })
      return { _tag: "Paused" } as const
    }
    return yield* Effect.raceFirst(
      Effect.interruptible(send(context, intent, inputs.length)),
      Effect.interruptible(Effect.as(Deferred.await(abandon), { _tag: "Abandoned" } as const))
    )
  }).pipe(
    Effect.catchTags({
      HubSpotError: (error) => Effect.succeed({ _tag: "Failed", error } as const),
      AttemptLogError: (error) => {
        const reason = { _tag: "Unlogged", error } as const
        return Effect.as(context.halt(reason), { _tag: "Unsent", reason } as const)
      }
    })
  )

const send = Effect.fnUntraced(function* (
  { end, fence, operation, tell }: Context,
  intent: Intent,
  inputs: number
): Effect.fn.Return<Attempted> {
  const startedAt = yield* Clock.monotonicTimeNanos
  const exit = yield* Effect.exit(
    // A defect of the transport or of a listener must not take outcomes with it: what was sent is in doubt.
    Effect.catchDefect(fence.send(intent), (defect) =>
      Effect.andThen(
        Effect.logError("a defect while a batch was being sent; its inputs are in doubt", defect),
        Effect.fail(ambiguous(operation.name, "defect"))
      )
    )
  )
  const millis = Number(((yield* Clock.monotonicTimeNanos) - startedAt) / 1_000_000n)
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.findErrorOption(exit)) : undefined
  yield* tell({ _tag: "Requested", inputs, millis, ...(error !== undefined && { error }) })
  if (Exit.isSuccess(exit)) return { _tag: "Answered", intent, response: exit.value }
  // Interrupted: nobody has waited for it.
  if (error === undefined) return { _tag: "Abandoned" }
  yield* end(intent, { acceptance: error.acceptance, reason: error.reason._tag, outcomes: [] })
  return { _tag: "Failed", error }
})

const ambiguous = (operation: string, code: string): HubSpotError =>
  failure(operation, new HubSpotErrorModule.TransportAmbiguous({ code }))

const failure = (operation: string, reason: HubSpotErrorModule.Reason): HubSpotError =>
  new HubSpotErrorModule.HubSpotError({ reason, operation })
