/**
 * One batch from its inputs to an outcome for each.
 *
 * Protocol: slot → one raw send → outcome. A send is repeated only if HubSpot provably did not accept it.
 * A batch refused as a whole is taken apart: HubSpot's word on who is guilty if it has one, halves if
 * not. Once a send has begun it is not interrupted, since an interrupted send is a doubt.
 *
 * @since 0.1.0
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as HubSpotErrorModule from "@effect-hubspot/http/HubSpotError"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Metrics from "@effect-hubspot/http/Metrics"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Retry from "@effect-hubspot/http/Retry"
import { type BatchResponse, ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Correlation from "./Correlation.ts"
import type { Created, Evidence, InDoubt, NotSent, NotSentReason, Rejected } from "./Outcome.ts"
import type { Item } from "./Plan.ts"
import type * as RetryBudget from "./RetryBudget.ts"

/**
 * What happens on the way, for progress and reports. `Requested`: a request got an answer or none, after
 * `millis`. `Surplus` and `Unattributed`: HubSpot answered with records or errors that fit no input.
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
  | { readonly _tag: "Surplus"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "Unattributed"; readonly messages: ReadonlyArray<string> }

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Completed once nothing more shall be sent; batches that wait end as `NotSent` with its reason. */
  readonly halt: Deferred.Deferred<NotSentReason>
  /** Completed once nobody waits for answers any more; requests under way end as `InDoubt`. */
  readonly abandon: Deferred.Deferred<void>
  /** Asked right before a send; what nobody wants any more ends as `NotSent`. Default: all is wanted. */
  readonly isWanted?: ((index: number) => boolean) | undefined
  readonly policy: Retry.Policy
  /** What all batches of the job together may send again. */
  readonly budget: RetryBudget.RetryBudget
  readonly onEvent: (event: Event) => Effect.Effect<void>
}

/**
 * The outcomes of an input that is part of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export type Settled<I> = Created<I> | Rejected<I> | NotSent<I> | InDoubt<I>

/**
 * The runner of batches on the client and the limiter of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HubSpotClient
  const limits = yield* RateLimits

  const tell = (event: Event) =>
    Effect.suspend(() => options.onEvent(event)).pipe(
      Effect.catchDefect((defect) => Effect.logError("a defect in onEvent", defect))
    )

  const isWanted = (item: Item<unknown>): boolean => options.isWanted?.(item.index) ?? true

  const send = Effect.fnUntraced(function* <I>(items: ReadonlyArray<Item<I>>) {
    const operation = Operations.batchCreate({ inputs: items.map((item) => item.input) })
    const startedAt = yield* Clock.monotonicTimeNanos
    // A defect of the transport or of a listener must not take outcomes with it: what was sent is in doubt.
    const exit = yield* Effect.exit(
      Effect.catchDefect(client.execute(operation), (defect) =>
        Effect.andThen(
          Effect.logError("a defect while a batch was being sent; its inputs are in doubt", defect),
          Effect.fail(
            new HubSpotErrorModule.HubSpotError({
              reason: new HubSpotErrorModule.TransportAmbiguous({ code: "defect" }),
              operation: operation.name
            })
          )
        )
      )
    )
    const millis = Number(((yield* Clock.monotonicTimeNanos) - startedAt) / 1_000_000n)
    yield* tell({
      _tag: "Requested",
      inputs: items.length,
      millis,
      ...(Exit.isFailure(exit) && errorOf(exit))
    })
    return yield* exit
  })

  // As with sends, a defect must not take the outcomes of others with it; here nothing was sent.
  const ready = Effect.catchDefect(client.ready, (defect) =>
    Effect.andThen(
      Effect.logError("a defect while an access token was being got", defect),
      Effect.fail(
        new HubSpotErrorModule.HubSpotError({
          reason: new HubSpotErrorModule.TokenUnavailable({ detail: "a defect" }),
          operation: "batchCreate"
        })
      )
    )
  )

  /**
   * A send in a slot, unless the job is halted before it begins. Once begun it is not interrupted, only
   * abandoned.
   */
  const sendUnlessHalted = Effect.fnUntraced(function* <I>(items: ReadonlyArray<Item<I>>) {
    let sent: Sent | undefined
    const keep = (end: Sent) =>
      Effect.suspend(() => {
        sent ??= end
        if (end === "Unwanted") return Effect.void
        if (end !== "Abandoned") return Exit.isFailure(end) ? Effect.asVoid(end) : Effect.void
        // Given up, it may arrive all the same: the limiter has to know.
        return Effect.andThen(
          tell({ _tag: "Requested", inputs: items.length, millis: 0, error: abandoned }),
          Effect.fail(abandoned)
        )
      })
    const sendOrAbandon = Effect.suspend((): Effect.Effect<Sent> =>
      items.every(isWanted)
        ? Effect.raceFirst(
            Effect.interruptible(Effect.exit(send(items))),
            Effect.interruptible(Effect.as(Deferred.await(options.abandon), "Abandoned" as const))
          )
        : Effect.succeed("Unwanted" as const)
    )
    const sending = Effect.andThen(
      ready,
      limits.withSlot("burst", { uninterruptible: true })(Effect.flatMap(sendOrAbandon, keep))
    ).pipe(
      Effect.catch((error) =>
        Effect.sync(() => {
          // No token or no slot, and nothing sent.
          sent ??= Exit.fail(error)
        })
      )
    )
    const halted = yield* Effect.raceFirst(Deferred.await(options.halt), Effect.as(sending, undefined))
    return sent ?? halted!
  })

  const attempts = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I>>
  ): Effect.fn.Return<BatchResponse.Salvaged | HubSpotError | NotSentReason | Unanswered> {
    let sends = 0
    let rateLimited = 0
    let renewed = false
    while (true) {
      const sent = yield* sendUnlessHalted(items)
      if (!Exit.isExit(sent)) return sent
      const answered = yield* Effect.result(sent)
      if (answered._tag === "Success") {
        options.budget.accepted()
        return answered.success
      }
      const error = answered.failure
      if (error.reason._tag === "RateLimited") rateLimited++
      else sends++
      const chance = yield* Random.next
      const millis = Retry.wait(
        error.reason,
        { sends, rateLimited: rateLimited - 1, chance, renewed },
        options.policy
      )
      if (millis === undefined) return error
      if (isCharged(error) && !options.budget.spend()) return { _tag: "RetriesExhausted", error }
      renewed ||= error.reason._tag === "Unauthorized"
      yield* Metrics.repeated("batchCreate")
      const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), millis)
      if (Option.isSome(halted)) return halted.value
    }
  })

  const run = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I>>
  ): Effect.fn.Return<ReadonlyArray<Settled<I>>> {
    const end = yield* attempts(items)
    if (end === "Unwanted") {
      const left = items.filter((item) => !isWanted(item)).map((item) => notSent(item, { _tag: "Stopped" }))
      const wanted = items.filter(isWanted)
      return wanted.length === 0 ? left : [...left, ...(yield* run(wanted))]
    }
    if (end === "Abandoned") return items.map((item) => inDoubt(item, { _tag: "Abandoned" }))
    if ("response" in end) return yield* account(items, end)
    if (end._tag !== "HubSpotError") return items.map((item) => notSent(item, end))
    if (end.acceptance === "InDoubt") {
      if (end.reason._tag === "UnexpectedRedirect") yield* halt({ _tag: "Halted", error: end })
      return items.map((item) => inDoubt(item, { _tag: "NoAnswer", error: end }))
    }
    switch (end.reason._tag) {
      case "ValidationFailed":
      case "RequestTooLarge":
        return yield* takeApart(items, end)
      case "RateLimited":
        // For the day, for longer than one waits, or refused for minutes in spite of every pause.
        return yield* stop(items, { _tag: "Suspended", cause: "quota", error: end })
      case "Locked":
        return exhausted(items, end)
      case "Migrating":
        return yield* stop(items, { _tag: "Suspended", cause: "migration", error: end })
      case "TransportNotSent":
      case "EdgeUnreachable":
      case "TokenUnavailable":
        return yield* stop(items, { _tag: "Suspended", cause: "network", error: end })
      default:
        return yield* stop(items, { _tag: "Halted", error: end })
    }
  })

  const halt = (reason: NotSentReason) => Deferred.succeed(options.halt, reason)

  const stop = <I>(items: ReadonlyArray<Item<I>>, reason: NotSentReason) =>
    Effect.as(
      halt(reason),
      items.map((item) => notSent(item, reason))
    )

  /** This batch has had its chances; the others of the job may have more luck. */
  const exhausted = <I>(items: ReadonlyArray<Item<I>>, error: HubSpotError) =>
    items.map((item) => notSent(item, { _tag: "RetriesExhausted", error }))

  const account = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I>>,
    answer: BatchResponse.Salvaged
  ) {
    const inputs = items.map((item) => item.input)
    const { surplus, unattributed, verdicts } = Correlation.correlate(inputs, answer.response)
    if (surplus.length > 0) yield* tell({ _tag: "Surplus", ids: surplus.map((object) => object.id) })
    if (unattributed.length > 0) {
      yield* tell({
        _tag: "Unattributed",
        messages: unattributed.flatMap(ErrorBody.faults).map(ErrorBody.describe)
      })
    }
    return items.map((item, position) => fromVerdict(item, verdicts[position]!))
  })

  const takeApart = Effect.fnUntraced(function* <I>(
    items: ReadonlyArray<Item<I>>,
    error: HubSpotError
  ): Effect.fn.Return<ReadonlyArray<Settled<I>>> {
    if (items.length === 1) return items.map((item) => refused(item, error))
    const blamed = new Set(error.reason._tag === "ValidationFailed" ? error.reason.traceIds : [])
    const guilty = items.filter((item) => blamed.has(item.input.objectWriteTraceId))
    const parts =
      guilty.length > 0
        ? [items.filter((item) => !blamed.has(item.input.objectWriteTraceId))]
        : [items.slice(0, items.length >> 1), items.slice(items.length >> 1)]
    const rest = yield* Effect.forEach(
      parts.filter((part) => part.length > 0),
      run
    )
    return [...guilty.map((item) => refused(item, error)), ...rest.flat()]
  })

  return { run } as const
})

/** Nobody waited for the end of an attempt, or it was not begun because inputs were not wanted any more. */
type Unanswered = "Abandoned" | "Unwanted"

/** How an attempt ended. */
type Sent = Exit.Exit<BatchResponse.Salvaged, HubSpotError> | Unanswered

/**
 * Whether sending again is at the expense of the job's budget. It is not where all wait together (429),
 * where it happens once (401), and where a batch that has no luck ends the job for all: those are bounded
 * without it, and a single blip while many requests are under way must not cost their inputs.
 */
const isCharged = ({ reason }: HubSpotError): boolean => reason._tag === "Locked"

const abandoned = new HubSpotErrorModule.HubSpotError({
  reason: new HubSpotErrorModule.TransportAmbiguous({ code: "abandoned" }),
  operation: "batchCreate"
})

const errorOf = (exit: Exit.Failure<unknown, HubSpotError>): { readonly error?: HubSpotError } => {
  const reason = exit.cause.reasons.find((one) => one._tag === "Fail")
  return reason === undefined ? {} : { error: reason.error }
}

const notSent = <I>({ index, source }: Item<I>, reason: NotSentReason): NotSent<I> => ({
  _tag: "NotSent",
  source,
  index,
  reason
})

const inDoubt = <I>({ index, input, source }: Item<I>, evidence: Evidence): InDoubt<I> => ({
  _tag: "InDoubt",
  source,
  index,
  objectWriteTraceId: input.objectWriteTraceId,
  evidence
})

const refused = <I>({ index, input, source }: Item<I>, { reason }: HubSpotError): Rejected<I> => ({
  _tag: "Rejected",
  source,
  index,
  objectWriteTraceId: input.objectWriteTraceId,
  category: reason._tag === "ValidationFailed" ? reason.category : "REQUEST_TOO_LARGE",
  faults: faultsOf(input, reason),
  verifiedAbsent: false
})

/** What HubSpot says of this input, or else of the request it was in. */
const faultsOf = (
  { objectWriteTraceId }: Item<unknown>["input"],
  reason: HubSpotErrorModule.Reason
): ReadonlyArray<ErrorBody.Fault> => {
  if (reason._tag !== "ValidationFailed") return [{ message: reason.message }]
  const own = reason.blamed.flatMap(({ fault, traceIds }) =>
    traceIds.includes(objectWriteTraceId) ? [fault] : []
  )
  return own.length > 0 ? own : reason.faults
}

const fromVerdict = <I>({ index, input, source }: Item<I>, verdict: Correlation.Verdict): Settled<I> => {
  const { objectWriteTraceId } = input
  switch (verdict._tag) {
    case "Created":
      return {
        _tag: "Created",
        source,
        index,
        objectWriteTraceId,
        id: verdict.object.id,
        object: verdict.object,
        via: "response",
        possibleDuplicate: false
      }
    case "Rejected":
      return {
        _tag: "Rejected",
        source,
        index,
        objectWriteTraceId,
        category: verdict.errors[0]?.category ?? "no category",
        faults: verdict.errors.flatMap(ErrorBody.faults),
        verifiedAbsent: false
      }
    case "Unaccounted":
      return {
        _tag: "InDoubt",
        source,
        index,
        objectWriteTraceId,
        evidence: { _tag: "Unaccounted", why: verdict.why }
      }
  }
}
