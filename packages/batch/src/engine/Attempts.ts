/**
 * The attempts of a batch: token → slot → intent → one raw send, again while another attempt is allowed and useful.
 *
 * A send is repeated only if HubSpot provably did not accept it, or if two executions are the same as one. A send that has
 * begun is not interrupted, since an interrupted send is a doubt. `BatchRunner` knows what an attempt means for its inputs.
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
import { elapsing, monotonicMillis } from "@effect-hubspot/http/Monotonic"
import type { NotSentReason, Success } from "../model/Outcome.ts"
import type * as Circuit from "./Circuit.ts"
import type { Intent, RunnerContext } from "./RunnerContext.ts"
import * as Telemetry from "./Telemetry.ts"

type Context = RunnerContext<never, Success>

/** A batch to send. */
export interface Batch {
  /** The indices of its inputs. */
  readonly inputs: ReadonlyArray<number>
  /** Whether all of them are still wanted, right before the send. */
  readonly isWanted: () => boolean
  readonly request: Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError>
}

/** A batch, and how often it was sent. */
interface Counted extends Batch {
  sends: number
}

/** How an attempt ended. */
export type Attempted =
  | { readonly _tag: "Answered"; readonly intent: Intent; readonly response: BatchResponse.BatchResponse }
  | { readonly _tag: "Failed"; readonly error: HubSpotError }
  /** The attempt was not begun. */
  | { readonly _tag: "Unsent"; readonly reason: NotSentReason }
  /** The attempt was not begun, because some inputs are not wanted any more. */
  | { readonly _tag: "Unwanted" }
  /** The attempt was begun, and the answer was not waited for. */
  | { readonly _tag: "Abandoned" }

/** The process stood still after it had its slot, and sent nothing. */
interface Paused {
  readonly _tag: "Paused"
}

/** The circuit was opened while the attempt waited for its slot, and nothing was sent. */
interface Held {
  readonly _tag: "Held"
}

/** The greatest age at which a slot is used. A new slot and a new intent replace an older one. */
const maxPauseMillis = 1000

const maxPauses = 3

/** How the last attempt ended, and the last failure of an attempt that may have been executed. */
export const run = Effect.fnUntraced(function* (
  context: Context,
  batch: Batch
): Effect.fn.Return<{ readonly ended: Attempted; readonly doubted: HubSpotError | undefined }> {
  let doubted: HubSpotError | undefined
  const counted: Counted = { ...batch, sends: 0 }
  while (true) {
    const passed = yield* context.circuit.pass(
      batch.inputs.length,
      (isClear) => attempts(context, counted, isClear),
      (sent) => answerOf(context, sent.ended)
    )
    if ("_tag" in passed) return { ended: passed, doubted }
    const { ended } = passed
    doubted = passed.doubted ?? doubted
    if (ended._tag !== "Held") return { ended, doubted }
  }
})

const attempts = Effect.fnUntraced(function* (
  context: Context,
  batch: Counted,
  isClear: Effect.Effect<boolean>
): Effect.fn.Return<{ readonly ended: Attempted | Held; readonly doubted: HubSpotError | undefined }> {
  const { operation, options } = context
  const { budget, halt, policy } = options
  const next = yield* Schedule.toStep(Retry.schedule({ idempotent: operation.idempotent, policy }))
  let doubted: HubSpotError | undefined
  while (true) {
    const ended = yield* attempt(context, batch, isClear)
    if (ended._tag === "Answered") budget.accepted()
    if (ended._tag !== "Failed") return { ended, doubted }
    const { error } = ended
    if (error.acceptance === "InDoubt") doubted = error
    const wait = yield* Effect.option(next(yield* Clock.currentTimeMillis, error))
    if (Option.isNone(wait)) return { ended, doubted }
    // The budget does not pay for waits that all batches share, nor for what ends the job. Those have other bounds, and a
    // short outage while many requests are under way must not cost their inputs.
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

/** A pause after every slot is a slow log, not a process that stood still, so the last attempt is sent in any case. */
const attempt = Effect.fnUntraced(function* (
  context: Context,
  batch: Counted,
  isClear: Effect.Effect<boolean>
): Effect.fn.Return<Attempted | Held> {
  for (let pauses = 0; ; pauses++) {
    const ended = yield* attemptOnce(context, batch, pauses === maxPauses, isClear)
    if (ended._tag !== "Paused") return ended
  }
})

/** One attempt in a slot, unless the job stops before it begins. Once begun, it is not interrupted, only abandoned. */
const attemptOnce = Effect.fnUntraced(function* (
  context: Context,
  batch: Counted,
  patient: boolean,
  isClear: Effect.Effect<boolean>
): Effect.fn.Return<Attempted | Paused | Held> {
  const { limits, operation, options, report } = context
  // The first result counts: a job that stops meanwhile does not undo what was sent.
  const ended = yield* Deferred.make<Attempted | Paused | Held>()
  const keep = Effect.fnUntraced(function* (
    how: Attempted | Paused | Held
  ): Effect.fn.Return<void, HubSpotError | NothingSent> {
    yield* Deferred.succeed(ended, how)
    switch (how._tag) {
      case "Answered":
        return
      // The limiter must know of a request that may still arrive.
      case "Failed":
        return yield* how.error
      case "Abandoned": {
        const error = ambiguous(operation.name, "abandoned")
        yield* report({ _tag: "Requested", inputs: batch.inputs.length, millis: 0, error })
        return yield* error
      }
      default:
        return yield* new NothingSent()
    }
  })
  const sending = Effect.andThen(
    ready(context),
    limits.withSlot("burst", { uninterruptible: true })(
      Effect.flatMap(isClear, (clear) =>
        Effect.flatMap(clear ? intendAndSend(context, batch, patient) : Effect.succeed(held), keep)
      )
    )
  ).pipe(
    Effect.catchTags({
      NothingSent: () => Effect.void,
      // A failure in the slot is kept already. Any other means that there was no token or no slot, and nothing was sent.
      HubSpotError: (error) => Effect.asVoid(Deferred.succeed(ended, { _tag: "Failed", error }))
    })
  )
  const halted = yield* Effect.raceFirst(Deferred.await(options.halt), Effect.as(sending, undefined))
  if (halted !== undefined) yield* Deferred.succeed(ended, { _tag: "Unsent", reason: halted })
  return yield* Deferred.await(ended)
})

const held: Held = { _tag: "Held" }

/** What the circuit learns from the last attempt. A conflict is HubSpot's own answer, and a redirect ends the job anyway. */
const answerOf = ({ operation: { idempotent } }: Context, ended: Attempted | Held): Circuit.Answer => {
  if (ended._tag === "Answered") return { _tag: "Accepted" }
  return ended._tag === "Failed" &&
    ended.error.acceptance === "InDoubt" &&
    ended.error.ends === "batch" &&
    ended.error.reason._tag !== "Conflict"
    ? { _tag: "Ambiguous", error: ended.error, isHarmless: idempotent }
    : { _tag: "Neither" }
}

/** A defect here must not cost the outcomes of other inputs. Nothing was sent. */
const ready = ({ client, operation }: Context) =>
  Effect.catchDefect(client.ready, (defect) =>
    Effect.andThen(
      Effect.logError("a defect while getting an access token", defect),
      Effect.fail(failure(operation.name, new HubSpotErrorModule.TokenUnavailable({ detail: "a defect" })))
    )
  )

/**
 * Writes down what is about to be sent, and sends it. A process that stood still in between (stopped, asleep) may have lost
 * its job and its slot, so it sends nothing and starts again, unless `patient`.
 */
const intendAndSend = (
  context: Context,
  batch: Counted,
  patient: boolean
): Effect.Effect<Attempted | Paused> =>
  Effect.gen(function* () {
    const { fence, operation, options } = context
    const { inputs, isWanted, request } = batch
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
      Effect.interruptible(Telemetry.ofAttempt(++batch.sends)(send(context, intent, inputs.length))),
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
  { end, fence, operation, report }: Context,
  intent: Intent,
  inputs: number
): Effect.fn.Return<Attempted> {
  const startedAt = yield* monotonicMillis
  const exit = yield* Effect.exit(
    // A defect of the transport must not cost outcomes: what was sent is in doubt.
    Effect.catchDefect(fence.send(intent), (defect) =>
      Effect.andThen(
        Effect.logError("a defect while a batch was being sent; its inputs are in doubt", defect),
        Effect.fail(ambiguous(operation.name, "defect"))
      )
    )
  )
  const millis = (yield* monotonicMillis) - startedAt
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.findErrorOption(exit)) : undefined
  yield* report({ _tag: "Requested", inputs, millis, ...(error !== undefined && { error }) })
  if (Exit.isSuccess(exit)) return { _tag: "Answered", intent, response: exit.value }
  // Interrupted: the answer was not waited for.
  if (error === undefined) return { _tag: "Abandoned" }
  yield* end(intent, { acceptance: error.acceptance, reason: error.reason._tag, outcomes: [] })
  return { _tag: "Failed", error }
})

const ambiguous = (operation: string, code: string): HubSpotError =>
  failure(operation, new HubSpotErrorModule.TransportAmbiguous({ code }))

const failure = (operation: string, reason: HubSpotErrorModule.Reason): HubSpotError =>
  new HubSpotErrorModule.HubSpotError({ reason, operation })
