/**
 * One batch from its inputs to an outcome for each, whatever is done to it.
 *
 * Protocol: token → slot → intent → one raw send → outcome. A send is repeated only if HubSpot provably did not accept it,
 * or if doing it twice is the same as doing it once. A batch refused as a whole is taken apart: HubSpot's word on
 * who is guilty if it has one, halves if not. A batch that HubSpot had not finished is observed. Once a
 * send has begun it is not interrupted, since an interrupted send is a doubt.
 *
 * @since 0.1.0
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as HubSpotErrorModule from "@effect-hubspot/http/HubSpotError"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Metrics from "@effect-hubspot/http/Metrics"
import { NothingSent, RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import { type BatchResponse, type CrmObject, ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as AttemptLog from "./AttemptLog.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as BatchState from "../model/BatchState.ts"
import { elapsing } from "../model/Monotonic.ts"
import type * as Correlation from "../model/Correlation.ts"
import type {
  Evidence,
  InDoubt,
  NotSent,
  NotSentReason,
  Rejected,
  Success,
  Successes,
  Unaccounted
} from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import type * as RetryBudget from "./RetryBudget.ts"

/**
 * What happens on the way, for progress and reports. `Requested`: a request with inputs got an answer or none,
 * after `millis`. `Asked`: another request was made, to look for inputs or to associate them. `Surplus` and `Unattributed`: HubSpot answered with records or errors that fit no input.
 * `Waiting`: inputs wait, for `millis` at least, before they are looked for: HubSpot has not finished them, they
 * are in doubt, or their rejection is to be verified.
 *
 * @category models
 * @since 0.1.0
 */
export type Event =
  | {
      readonly _tag: "Requested"
      readonly inputs: number
      readonly millis: number
      readonly error?: HubSpotError
    }
  | { readonly _tag: "Asked"; readonly operation: string }
  | { readonly _tag: "Surplus"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "Unattributed"; readonly messages: ReadonlyArray<string> }
  | {
      readonly _tag: "Waiting"
      readonly inputs: number
      readonly millis: number
      readonly why: "unfinished" | "doubt" | "verification"
    }

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<In> {
  readonly jobId: string
  /** The number of the run, where several can run the job one after the other. */
  readonly epoch?: number | undefined
  /** Completed once nothing more shall be sent; batches that wait end as `NotSent` with its reason. */
  readonly halt: Deferred.Deferred<NotSentReason>
  /** Completed once nobody waits for answers any more; requests under way end as `InDoubt`. */
  readonly abandon: Deferred.Deferred<void>
  /** Asked right before a send; what nobody wants any more ends as `NotSent`. Default: all is wanted. */
  readonly isWanted?: ((index: number) => boolean) | undefined
  readonly policy: Retry.Policy
  /**
   * Whether a batch that was refused for its inputs is believed not to have been executed. Default true. If
   * not, what is not sent again after such a refusal is in doubt.
   */
  readonly trustRefusals?: boolean | undefined
  /** What all batches of the job together may send again. */
  readonly budget: RetryBudget.RetryBudget
  /** Runs the attempts at a batch, in as much company as there may be. Default: at once. */
  readonly limit?: (<A>(request: Effect.Effect<A>) => Effect.Effect<A>) | undefined
  /** Looks again at a batch that HubSpot had not finished. Without it, what is not accounted is in doubt. */
  readonly observe?:
    | ((batch: {
        readonly items: ReadonlyArray<Item<unknown, In>>
        readonly last: BatchResponse.BatchResponse
      }) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError | BatchState.NotObservable>)
    | undefined
  /** How long to wait between observations. Default `BatchState.defaultWaiting`. */
  readonly pending?: BatchState.Waiting | undefined
  readonly processing?: BatchState.Waiting | undefined
  /** When a batch that HubSpot has not finished is left to a later run, which follows it from the log. Default: never. */
  readonly leavesUnfinished?: Effect.Effect<unknown> | undefined
  readonly onEvent: (event: Event) => Effect.Effect<void>
}

/**
 * The outcome of an input that is part of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export type Settled<I, S extends Success = "Created"> =
  | Successes<I>[S]
  | Rejected<I>
  | NotSent<I>
  | InDoubt<I>

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchRunner<In, S extends Success> {
  readonly run: <I>(items: ReadonlyArray<Item<I, In>>) => Effect.Effect<ReadonlyArray<Settled<I, S>>>
  /** Goes on with a batch that an earlier run had sent and HubSpot had not finished. It sends nothing. */
  readonly follow: <I>(
    items: ReadonlyArray<Item<I, In>>,
    sent: { readonly unfinished: AttemptLog.Unfinished; readonly begunAtMillis: number }
  ) => Effect.Effect<ReadonlyArray<Settled<I, S>>>
}

/** A slot and an intent that are older are asked for again before they are used. */
const maxPauseMillis = 1000

const maxPauses = 3

/**
 * The runner of batches on the client, the limiter and the log of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* <In, S extends Success>(
  operation: BatchOperation<In, S>,
  options: Options<In>
): Effect.fn.Return<BatchRunner<In, S>, never, HubSpotClient | RateLimits | AttemptLog.AttemptLog> {
  const client = yield* HubSpotClient
  const fence = yield* AttemptLog.fence(client)
  const limits = yield* RateLimits
  type Intent = AttemptLog.Intent<BatchResponse.BatchResponse>

  const tell = (event: Event) =>
    Effect.suspend(() => options.onEvent(event)).pipe(
      Effect.catchDefect((defect) => Effect.logError("a defect in onEvent", defect))
    )

  const isWanted = (item: Item<unknown, In>): boolean => options.isWanted?.(item.index) ?? true
  const limited = options.limit ?? ((request) => request)
  const halt = (reason: NotSentReason) => Deferred.succeed(options.halt, reason)

  /** What is not written down any more must not be sent any more. What was sent, was. */
  const unlogged = (written: Effect.Effect<void, AttemptLog.AttemptLogError>) =>
    Effect.catch(written, (error) => halt({ _tag: "Unlogged", error }))

  const end = (intent: Intent, how: AttemptLog.End) => unlogged(fence.end(intent, how))

  const send = Effect.fnUntraced(function* (intent: Intent, inputs: number): Effect.fn.Return<Ended> {
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
    const error = Exit.isFailure(exit) ? errorOf(exit) : undefined
    yield* tell({ _tag: "Requested", inputs, millis, ...(error !== undefined && { error }) })
    if (Exit.isSuccess(exit)) return { _tag: "Answered", intent, response: exit.value }
    // Interrupted: nobody has waited for it.
    if (error === undefined) return { _tag: "Abandoned" }
    yield* end(intent, { acceptance: error.acceptance, reason: error.reason._tag, outcomes: [] })
    return { _tag: "Failed", error }
  })

  /**
   * Writes down what is about to be sent, and sends it. A process that stood still on the way (stopped, asleep) may have
   * lost its job and outlived its slot, so it sends nothing and begins anew, unless it is `patient`.
   */
  const intendAndSend = (
    items: ReadonlyArray<Item<unknown, In>>,
    patient: boolean
  ): Effect.Effect<Ended | Paused> =>
    Effect.gen(function* () {
      if (!items.every(isWanted)) return { _tag: "Unwanted" } as const
      const sinceSlot = yield* elapsing
      const request = yield* operation.request(items)
      const intent = yield* fence.intend(request, {
        jobId: options.jobId,
        operation: operation.name,
        inputs: items.map(({ index }) => index),
        ...(options.epoch !== undefined && { epoch: options.epoch })
      })
      if (!patient && (yield* sinceSlot) > maxPauseMillis) {
        yield* fence.end(intent, { acceptance: "NotAccepted", reason: "Paused", outcomes: [] })
        return { _tag: "Paused" } as const
      }
      return yield* Effect.raceFirst(
        Effect.interruptible(send(intent, items.length)),
        Effect.interruptible(Effect.as(Deferred.await(options.abandon), { _tag: "Abandoned" } as const))
      )
    }).pipe(
      Effect.catchTags({
        HubSpotError: (error) => Effect.succeed({ _tag: "Failed", error } as const),
        AttemptLogError: (error) =>
          Effect.as(halt({ _tag: "Unlogged", error }), {
            _tag: "Unsent",
            reason: { _tag: "Unlogged", error }
          } as const)
      })
    )

  // As with sends, a defect must not take the outcomes of others with it; here nothing was sent.
  const ready = Effect.catchDefect(client.ready, (defect) =>
    Effect.andThen(
      Effect.logError("a defect while an access token was being got", defect),
      Effect.fail(
        new HubSpotErrorModule.HubSpotError({
          reason: new HubSpotErrorModule.TokenUnavailable({ detail: "a defect" }),
          operation: operation.name
        })
      )
    )
  )

  /**
   * An attempt in a slot, unless the job is halted before it begins. Once begun it is not interrupted, only
   * abandoned.
   */
  const attemptOnce = Effect.fnUntraced(function* (
    items: ReadonlyArray<Item<unknown, In>>,
    patient: boolean
  ): Effect.fn.Return<Ended | Paused> {
    let ended: Ended | Paused | undefined
    const keep = (how: Ended | Paused): Effect.Effect<void, HubSpotError | NothingSent> => {
      ended ??= how
      switch (how._tag) {
        case "Answered":
          return Effect.void
        // The limiter has to know what may arrive all the same.
        case "Failed":
          return Effect.fail(how.error)
        case "Abandoned": {
          const error = ambiguous(operation.name, "abandoned")
          return Effect.andThen(
            tell({ _tag: "Requested", inputs: items.length, millis: 0, error }),
            Effect.fail(error)
          )
        }
        default:
          return Effect.fail(new NothingSent())
      }
    }
    const sending = Effect.andThen(
      ready,
      limits.withSlot("burst", { uninterruptible: true })(Effect.flatMap(intendAndSend(items, patient), keep))
    ).pipe(
      Effect.catchTags({
        NothingSent: () => Effect.void,
        HubSpotError: (error) =>
          Effect.sync(() => {
            // No token or no slot, and nothing sent.
            ended ??= { _tag: "Failed", error }
          })
      })
    )
    const halted = yield* Effect.raceFirst(Deferred.await(options.halt), Effect.as(sending, undefined))
    return ended ?? { _tag: "Unsent", reason: halted! }
  })

  /** A log that is slow every time is no pause, and is believed in the end. */
  const attempt = Effect.fnUntraced(function* (
    items: ReadonlyArray<Item<unknown, In>>
  ): Effect.fn.Return<Ended> {
    for (let pauses = 0; ; pauses++) {
      const ended = yield* attemptOnce(items, pauses === maxPauses)
      if (ended._tag !== "Paused") return ended
    }
  })

  /** Attempts, as long as another one is allowed and makes sense. */
  const attempts = Effect.fnUntraced(function* (
    items: ReadonlyArray<Item<unknown, In>>
  ): Effect.fn.Return<{ readonly ended: Ended; readonly doubted: HubSpotError | undefined }> {
    const next = yield* Schedule.toStep(
      Retry.schedule({ idempotent: operation.idempotent, policy: options.policy })
    )
    let doubted: HubSpotError | undefined
    while (true) {
      const ended = yield* attempt(items)
      if (ended._tag === "Answered") options.budget.accepted()
      if (ended._tag !== "Failed") return { ended, doubted }
      const { error } = ended
      if (error.acceptance === "InDoubt") doubted = error
      const wait = yield* Effect.option(next(yield* Clock.currentTimeMillis, error))
      if (Option.isNone(wait)) return { ended, doubted }
      // Not at the expense of the job's budget are waits that all share, and what ends the job for all: those are bounded
      // without it, and a single blip while many requests are under way must not cost their inputs.
      if (error.ends === "batch" && !options.budget.spend()) {
        const reason = { _tag: "RetriesExhausted", error } as const
        return { ended: error.acceptance === "InDoubt" ? ended : { _tag: "Unsent", reason }, doubted }
      }
      yield* Metrics.repeated(operation.name)
      const [millis] = wait.value
      const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), millis)
      if (Option.isSome(halted)) return { ended: { _tag: "Unsent", reason: halted.value }, doubted }
    }
  })

  const run = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    /** Why an attempt before this one may have been executed. */
    before?: Evidence | undefined,
    /** Why it may have been in spite of a refusal. */
    suspicion?: Evidence | undefined
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    // A batch that waits to be looked at has nothing under way, and leaves its place to others.
    const { doubted, ended } = yield* limited(attempts(items))
    const doubt: Evidence | undefined = doubted === undefined ? before : { _tag: "NoAnswer", error: doubted }
    const outcomes = yield* settle(items, ended, doubt, suspicion)
    if (!operation.writes) return outcomes.map((outcome) => harmless<I, Settled<I, S>>(outcome))
    if (doubt === undefined && suspicion === undefined) return outcomes
    const byIndex = new Map(items.map((item) => [item.index, item]))
    return outcomes.map((outcome) =>
      doubt === undefined
        ? unlessNotSent<I, Settled<I, S>>(outcome, byIndex.get(outcome.index)!, suspicion!)
        : afterDoubt<I, Settled<I, S>>(outcome, byIndex.get(outcome.index)!, doubt)
    )
  })

  /** What a reply leaves open is done again where that is harmless, a few times. */
  const insisting = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    let outcomes = yield* run(items)
    if (!operation.idempotent) return outcomes
    const byIndex = new Map(items.map((item) => [item.index, item]))
    for (let round = 1; round < options.policy.attempts; round++) {
      const open = outcomes
        .filter(isUnaccounted)
        .filter(({ evidence }) => !operation.passesOver || evidence.why !== "missing")
      if (open.length === 0 || !options.budget.spend()) break
      const backoff = Math.min(options.policy.capMillis, options.policy.baseMillis * 2 ** round)
      const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), backoff * (yield* Random.next))
      if (Option.isSome(halted)) break
      const again = yield* run(
        open.map(({ index }) => byIndex.get(index)!),
        open[0]!.evidence
      )
      const next = new Map(again.map((outcome) => [outcome.index, outcome]))
      outcomes = outcomes.map((outcome) => next.get(outcome.index) ?? outcome)
    }
    return outcomes
  })

  const settle = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    ended: Ended,
    doubt: Evidence | undefined,
    suspicion: Evidence | undefined
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    switch (ended._tag) {
      case "Answered": {
        const { intent, response } = ended
        if (options.observe !== undefined && BatchState.isOpen(response)) {
          yield* unlogged(fence.unfinished(intent, unfinishedOf(response)))
        }
        const { left, response: last } = yield* followed(items, response, 0)
        // Who follows it later ends it.
        return left ? accounted(items, last) : yield* account(items, intent, last)
      }
      case "Unsent":
        return items.map((item) => notSent(item, ended.reason))
      case "Abandoned":
        return items.map((item) => inDoubt(item, { _tag: "Abandoned" }))
      case "Unwanted": {
        const left = items.filter((item) => !isWanted(item)).map((item) => notSent(item, { _tag: "Stopped" }))
        const wanted = items.filter(isWanted)
        return wanted.length === 0 ? left : [...left, ...(yield* run(wanted, doubt, suspicion))]
      }
      case "Failed":
        return yield* failed(items, ended.error, doubt)
    }
  })

  const failed = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    error: HubSpotError,
    doubt: Evidence | undefined
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    const { ends } = error
    if (error.acceptance === "InDoubt") {
      if (ends !== "batch") yield* halt({ _tag: "Halted", error })
      return items.map((item) => inDoubt(item, { _tag: "NoAnswer", error }))
    }
    switch (ends) {
      case "parts":
        return yield* takeApart(items, error, doubt)
      case "batch":
        // It has had its chances; the others of the job may have more luck.
        return items.map((item) => notSent(item, { _tag: "RetriesExhausted", error }))
      case "job":
      case "credentials":
        return yield* stop(items, { _tag: "Halted", error })
      case "quota":
      case "migration":
      case "network":
      case "database":
        return yield* stop(items, { _tag: "Suspended", cause: ends, error })
    }
  })

  const stop = <I>(items: ReadonlyArray<Item<I, In>>, reason: NotSentReason) =>
    Effect.as(
      halt(reason),
      items.map((item) => notSent(item, reason))
    )

  /** The reply, or what a batch that was not finished then came to, with all that was seen of it. */
  const followed = Effect.fnUntraced(function* (
    items: ReadonlyArray<Item<unknown, In>>,
    first: BatchResponse.BatchResponse,
    /** How long it has been waited for already. */
    waitedMillis: number
  ) {
    const { leavesUnfinished = Effect.never, observe } = options
    const rest = (waiting = BatchState.defaultWaiting): BatchState.Waiting => ({
      ...waiting,
      deadline: Math.max(0, Duration.toMillis(waiting.deadline) - waitedMillis)
    })
    const pending = rest(options.pending)
    let last = first
    if (observe === undefined) return { left: false, response: last }
    const once = Effect.map(
      Effect.suspend(() => observe({ items, last })),
      (seen) => (last = withEarlier(seen, last.results))
    )
    const waiting = Effect.suspend(() =>
      BatchState.isOpen(first)
        ? tell({
            _tag: "Waiting",
            inputs: items.length,
            millis: Duration.toMillis(pending.start),
            why: "unfinished"
          })
        : Effect.void
    )
    const known = () => Effect.succeed(last)
    const unseen = ({ message }: { readonly message: string }) =>
      Effect.andThen(Effect.logDebug("a batch that was not finished could not be looked at", message), known)
    const done = Effect.catchTags(
      BatchState.settle(first, { observe: once, pending, processing: rest(options.processing) }),
      {
        Canceled: known,
        UnknownStatus: known,
        Stuck: known,
        IllegalMove: known,
        NotObservable: unseen,
        HubSpotError: unseen
      }
    )
    const followedTo = (left: boolean) =>
      Effect.sync(() => ({ left: left && BatchState.isOpen(last), response: last }))
    return yield* Effect.raceAllFirst([
      Effect.andThen(Effect.andThen(waiting, done), followedTo(false)),
      Effect.andThen(Deferred.await(options.abandon), followedTo(false)),
      Effect.andThen(leavesUnfinished, followedTo(true))
    ])
  })

  const accounted = <I>(items: ReadonlyArray<Item<I, In>>, response: BatchResponse.BatchResponse) => {
    const { verdicts } = operation.account(items, response)
    return items.map((item, position) => fromVerdict(item, verdicts[position]!))
  }

  const follow = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    { begunAtMillis, unfinished: { link, status } }: Parameters<BatchRunner<In, S>["follow"]>[1]
  ) {
    const waitedMillis = Math.max(0, (yield* Clock.currentTimeMillis) - begunAtMillis)
    const first = { status, results: [], ...(link !== undefined && { links: { status: link } }) }
    return accounted(items, (yield* followed(items, first, waitedMillis)).response)
  })

  const account = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    intent: Intent,
    response: BatchResponse.BatchResponse
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    const { surplus, unattributed, verdicts } = operation.account(items, response)
    if (surplus.length > 0) yield* tell({ _tag: "Surplus", ids: surplus.map((object) => object.id) })
    if (unattributed.length > 0) {
      yield* tell({
        _tag: "Unattributed",
        messages: unattributed.flatMap(ErrorBody.faults).map(ErrorBody.describe)
      })
    }
    const outcomes = items.map((item, position) => fromVerdict(item, verdicts[position]!))
    const entries = outcomes.flatMap((outcome) =>
      outcome._tag === "NotSent" ? [] : AttemptLog.entry(outcome)
    )
    yield* end(intent, { acceptance: "Accepted", outcomes: entries })
    return outcomes
  })

  const takeApart = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I, In>>,
    error: HubSpotError,
    doubt: Evidence | undefined
  ): Effect.fn.Return<ReadonlyArray<Settled<I, S>>> {
    if (items.length === 1) return items.map((item) => refused(item, error))
    const blamed = new Set(error.reason._tag === "ValidationFailed" ? error.reason.traceIds : [])
    const guilty = items.filter((item) => blamed.has(item.objectWriteTraceId))
    const parts =
      guilty.length > 0
        ? [items.filter((item) => !blamed.has(item.objectWriteTraceId))]
        : [items.slice(0, items.length >> 1), items.slice(items.length >> 1)]
    const suspicion: Evidence | undefined =
      options.trustRefusals === false ? { _tag: "NoAnswer", error } : undefined
    const rest = yield* Effect.forEach(
      parts.filter((part) => part.length > 0),
      (part) => run(part, doubt, suspicion)
    )
    return [...guilty.map((item) => refused(item, error)), ...rest.flat()]
  })

  const fromVerdict = <I>(item: Item<I, In>, verdict: Correlation.Verdict): Settled<I, S> => {
    switch (verdict._tag) {
      case "Done":
        return operation.succeed(item, verdict.object)
      case "Rejected":
        return rejected(
          item,
          verdict.errors[0]?.category ?? "no category",
          verdict.errors.flatMap((error) =>
            ownFaults(item, ErrorBody.faultsOfInputs(error), ErrorBody.faults(error))
          )
        )
      case "Unaccounted":
        return inDoubt(item, verdict)
    }
  }

  return { run: insisting, follow }
})

/** How an attempt ended. */
type Ended =
  | {
      readonly _tag: "Answered"
      readonly intent: AttemptLog.Intent<BatchResponse.BatchResponse>
      readonly response: BatchResponse.BatchResponse
    }
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

const ambiguous = (operation: string, code: string): HubSpotError =>
  new HubSpotErrorModule.HubSpotError({
    reason: new HubSpotErrorModule.TransportAmbiguous({ code }),
    operation
  })

const errorOf = (exit: Exit.Failure<unknown, HubSpotError>): HubSpotError | undefined => {
  const reason = exit.cause.reasons.find((one) => one._tag === "Fail")
  return reason?.error
}

/** What was created once stays so, also when a later look does not show it, or not as well. */
const withEarlier = (
  seen: BatchResponse.BatchResponse,
  earlier: ReadonlyArray<CrmObject.CrmObject>
): BatchResponse.BatchResponse => {
  const known = new Map(earlier.map((object) => [object.id, object]))
  const shown = new Set(seen.results.map(({ id }) => id))
  return {
    ...seen,
    results: [
      ...seen.results.map((object) => {
        const traceId = object.objectWriteTraceId ?? known.get(object.id)?.objectWriteTraceId
        return typeof traceId === "string" ? { ...object, objectWriteTraceId: traceId } : object
      }),
      ...earlier.filter(({ id }) => !shown.has(id))
    ]
  }
}

const unfinishedOf = ({ links, status }: BatchResponse.BatchResponse): AttemptLog.Unfinished => {
  const link = links?.["status"]
  return {
    status: status === "PROCESSING" ? status : "PENDING",
    ...(link !== undefined && { link })
  }
}

const notSent = <I>({ index, source }: Item<I, unknown>, reason: NotSentReason): NotSent<I> => ({
  _tag: "NotSent",
  source,
  index,
  reason
})

const inDoubt = <I>(
  { index, objectWriteTraceId, source }: Item<I, unknown>,
  evidence: Evidence
): InDoubt<I> => ({ _tag: "InDoubt", source, index, objectWriteTraceId, evidence })

const rejected = <I>(
  { index, objectWriteTraceId, source }: Item<I, unknown>,
  category: string,
  faults: ReadonlyArray<ErrorBody.Fault>
): Rejected<I> => ({
  _tag: "Rejected",
  source,
  index,
  objectWriteTraceId,
  category,
  faults,
  verifiedAbsent: false
})

const refused = <I>(item: Item<I, unknown>, { reason }: HubSpotError): Rejected<I> =>
  rejected(
    item,
    reason._tag === "ValidationFailed" ? reason.category : "REQUEST_TOO_LARGE",
    faultsOf(item, reason)
  )

/** What HubSpot says of this input, or else of the request it was in. */
const faultsOf = (
  item: Item<unknown, unknown>,
  reason: HubSpotErrorModule.Reason
): ReadonlyArray<ErrorBody.Fault> =>
  reason._tag === "ValidationFailed"
    ? ownFaults(item, reason.blamed, reason.faults)
    : [{ message: reason.message }]

/** What an error says of this input by its trace id, or else of all that it names. */
const ownFaults = (
  { objectWriteTraceId }: Item<unknown, unknown>,
  blamed: ReturnType<typeof ErrorBody.faultsOfInputs>,
  faults: ReadonlyArray<ErrorBody.Fault>
): ReadonlyArray<ErrorBody.Fault> => {
  const own = blamed.flatMap(({ fault, traceIds }) => (traceIds.includes(objectWriteTraceId) ? [fault] : []))
  return own.length > 0 ? own : faults
}

type Unsuccessful<I> = Rejected<I> | NotSent<I> | InDoubt<I>

const isUnaccounted = <I>(
  outcome: Unsuccessful<I> | Successes<I>[Success]
): outcome is InDoubt<I> & { readonly evidence: { readonly why: Unaccounted } } =>
  outcome._tag === "InDoubt" && outcome.evidence._tag === "Unaccounted"

/** An attempt that may have been executed is not undone by what the next one came to. */
const afterDoubt = <I, A extends Unsuccessful<I> | Successes<I>[Success]>(
  outcome: A,
  item: Item<I, unknown>,
  doubt: Evidence
): A | InDoubt<I> =>
  outcome._tag === "Rejected" ? unproven(outcome) : unlessNotSent<I, A>(outcome, item, doubt)

const unlessNotSent = <I, A extends Unsuccessful<I> | Successes<I>[Success]>(
  outcome: A,
  item: Item<I, unknown>,
  evidence: Evidence
): A | InDoubt<I> => (outcome._tag === "NotSent" ? inDoubt(item, evidence) : outcome)

/**
 * A rejection that could not be verified after a doubt is a doubt.
 *
 * @category judging
 * @since 0.1.0
 */
export const unproven = <I>({
  category,
  faults,
  index,
  objectWriteTraceId,
  source
}: Rejected<I>): InDoubt<I> => ({
  _tag: "InDoubt",
  source,
  index,
  objectWriteTraceId,
  evidence: { _tag: "Unverified", category, faults }
})

/** Nothing was to be changed, so nothing can have been: it may be asked again. */
const harmless = <I, A extends Unsuccessful<I> | Successes<I>[Success]>(outcome: A): A | NotSent<I> => {
  if (outcome._tag !== "InDoubt") return outcome
  const { index, source } = outcome
  switch (outcome.evidence._tag) {
    case "NoAnswer":
      return {
        _tag: "NotSent",
        source,
        index,
        reason: { _tag: "RetriesExhausted", error: outcome.evidence.error }
      }
    case "Abandoned":
      return { _tag: "NotSent", source, index, reason: { _tag: "Stopped" } }
    default:
      return outcome
  }
}
