/**
 * One batch of any operation, from its inputs to an outcome for each.
 *
 * `Attempts` sends the batch, `Unfinished` follows it while HubSpot has not finished it, `BatchOutcome` has the outcomes.
 * This module combines them. A batch that is refused as a whole is taken apart by what the refusal names (`Division`). A
 * failure may end the job. What a reply leaves open is sent again where that is harmless. The strategies in `doubt` resolve
 * doubts.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as BatchState from "../model/BatchState.ts"
import * as Division from "../model/Division.ts"
import type { Evidence, Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import * as AttemptLog from "./AttemptLog.ts"
import * as Attempts from "./Attempts.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as BatchOutcome from "./BatchOutcome.ts"
import * as ReadBack from "./ReadBack.ts"
import * as RunnerContext from "./RunnerContext.ts"
import * as Unfinished from "./Unfinished.ts"

export type { Event } from "./Event.ts"
export type { Options } from "./RunnerContext.ts"
export type { BatchOutcome, ItemOutcome } from "./BatchOutcome.ts"

type Items<I, In> = ReadonlyArray<Item<I, In>>
type Outcomes<I, In, S extends Success> = ReadonlyArray<BatchOutcome.ItemOutcome<I, In, S>>

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchRunner<In, S extends Success> {
  readonly run: <I>(items: Items<I, In>) => Effect.Effect<Outcomes<I, In, S>>
  /** Follows a batch that an earlier run sent and HubSpot had not finished. It sends nothing. */
  readonly follow: <I>(
    items: Items<I, In>,
    sent: { readonly unfinished: AttemptLog.Unfinished; readonly begunAtMillis: number }
  ) => Effect.Effect<Outcomes<I, In, S>>
}

/**
 * The runner of batches on the client, the limiter and the log of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <In, S extends Success>(
  operation: BatchOperation<In, S>,
  options: RunnerContext.Options<In>
): Effect.Effect<BatchRunner<In, S>, never, HubSpotClient | RateLimits | AttemptLog.AttemptLog> =>
  Effect.map(RunnerContext.make(operation, options), (context) => ({
    run: (items) => context.firstBatches.around(items.length, insist(context, items)),
    follow: (items, sent) => follow(context, items, sent)
  }))

type Context<In, S extends Success> = RunnerContext.RunnerContext<In, S>

/** Runs a batch. Where that is harmless, it sends again what a reply leaves open, a few times. */
const insist = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>
): Effect.fn.Return<Outcomes<I, In, S>> {
  const { operation, options } = context
  let all = yield* run(context, items)
  if (!operation.idempotent) return all
  for (let round = 1; round < options.policy.attempts; round++) {
    const open = all.filter((one) => leftOpen(operation, one) !== undefined)
    if (open.length === 0 || !options.budget.spend()) break
    const backoff = Math.min(options.policy.capMillis, options.policy.baseMillis * 2 ** round)
    const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), backoff * (yield* Random.next))
    if (Option.isSome(halted)) break
    const before = { doubt: leftOpen(operation, open[0]!), refusal: undefined }
    const items = open.map(({ item }) => item)
    const again = yield* run(context, items, before)
    all = [...all.filter((one) => !open.includes(one)), ...again]
  }
  return all
})

/** How a reply fails to account for an input, where another request may help. */
const leftOpen = <I, In, S extends Success>(
  { passesOver }: BatchOperation<In, S>,
  { outcome }: BatchOutcome.ItemOutcome<I, In, S>
): Evidence | undefined =>
  outcome._tag === "InDoubt" &&
  outcome.evidence._tag === "Unaccounted" &&
  !(passesOver && outcome.evidence.why === "missing")
    ? outcome.evidence
    : undefined

const run = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  earlier: BatchOutcome.Before = { doubt: undefined, refusal: undefined }
): Effect.fn.Return<Outcomes<I, In, S>> {
  const { limit = (request) => request } = context.options
  // A batch that HubSpot has not finished has nothing under way, so it gives its place to others.
  const attempts = Attempts.run(context, {
    inputs: items.map(({ index }) => index),
    isWanted: () => items.every(context.isWanted),
    request: Effect.suspend(() => context.operation.request(items))
  })
  const attempted = yield* limit(
    Effect.suspend(() =>
      !context.operation.idempotent && context.circuit.isSingle() && items.length > 1
        ? Effect.undefined
        : attempts
    )
  )
  if (attempted === undefined) {
    const [first, rest] = [items.slice(0, 1), items.slice(1)]
    return [...(yield* run(context, first, earlier)), ...(yield* run(context, rest, earlier))]
  }
  const { doubted, ended } = attempted
  const before: BatchOutcome.Before =
    doubted === undefined ? earlier : { ...earlier, doubt: { _tag: "NoAnswer", error: doubted } }
  const all = yield* conclude(context, items, ended, before)
  if (!context.operation.writes) return BatchOutcome.map(all, BatchOutcome.harmless)
  return before.doubt === undefined && before.refusal === undefined
    ? all
    : BatchOutcome.map(all, (one) => BatchOutcome.after(before, one))
})

const conclude = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  attempted: Attempts.Attempted,
  before: BatchOutcome.Before
): Effect.fn.Return<Outcomes<I, In, S>> {
  switch (attempted._tag) {
    case "Answered": {
      const { intent, response } = attempted
      if (context.options.observe !== undefined && BatchState.isOpen(response)) {
        yield* context.unfinished(intent, Unfinished.logged(response))
      }
      const { end, isLeft } = yield* Unfinished.follow(context, items, response)
      return yield* account(context, items, end, isLeft ? undefined : intent)
    }
    case "Unsent":
      return BatchOutcome.each(items, (item) => BatchOutcome.notSent(item, attempted.reason))
    case "Abandoned":
      return BatchOutcome.each(items, (item) => BatchOutcome.inDoubt(item, { _tag: "Abandoned" }))
    case "Unwanted": {
      const wanted = items.filter(context.isWanted)
      const left = BatchOutcome.each<I, In, S>(
        items.filter((item) => !context.isWanted(item)),
        (item) => BatchOutcome.notSent(item, { _tag: "Stopped" })
      )
      return wanted.length === 0 ? left : [...left, ...(yield* run(context, wanted, before))]
    }
    case "Failed":
      return yield* failed(context, items, attempted.error, before)
  }
})

const failed = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  error: HubSpotError,
  { doubt }: BatchOutcome.Before
): Effect.fn.Return<Outcomes<I, In, S>> {
  const { ends } = error
  if (error.acceptance === "InDoubt") {
    if (ends !== "batch") yield* context.halt({ _tag: "Halted", error })
    return BatchOutcome.each(items, (item) => BatchOutcome.inDoubt(item, { _tag: "NoAnswer", error }))
  }
  switch (ends) {
    case "parts":
      return yield* takeApart(context, items, error, doubt)
    case "batch":
      // The batch has had its chances. Other batches of the job may succeed.
      return BatchOutcome.each(items, (item) =>
        BatchOutcome.notSent(item, { _tag: "RetriesExhausted", error })
      )
    case "job":
    case "credentials":
    case "quota":
    case "migration":
    case "network":
    case "database": {
      const reason = BatchOutcome.reasonOf(error)
      yield* context.halt(reason)
      return BatchOutcome.each(items, (item) => BatchOutcome.notSent(item, reason))
    }
  }
})

const takeApart = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  error: HubSpotError,
  doubt: Evidence | undefined
): Effect.fn.Return<Outcomes<I, In, S>> {
  const { operation, options } = context
  const refusal = BatchOutcome.refusalOf(error)
  const { parts, refused } = Division.divide(items, refusal, {
    propertiesOf: ({ input }) => operation.propertiesOf(input),
    creates: !operation.idempotent
  })
  const before: BatchOutcome.Before = {
    doubt,
    refusal: options.trustRefusals === false ? { _tag: "NoAnswer", error } : undefined
  }
  const rest = yield* Effect.forEach(parts, (part) => run(context, part, before))
  return [
    ...refused.map(({ input: item, problems }) => ({
      item,
      outcome: BatchOutcome.rejected(item, { category: refusal.category, problems })
    })),
    ...rest.flat()
  ]
})

const follow = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  { begunAtMillis, unfinished }: Parameters<BatchRunner<In, S>["follow"]>[1]
): Effect.fn.Return<Outcomes<I, In, S>> {
  const waitedMillis = Math.max(0, (yield* Clock.currentTimeMillis) - begunAtMillis)
  const { end } = yield* Unfinished.follow(context, items, Unfinished.replyOf(unfinished), waitedMillis)
  return yield* account(context, items, end)
})

/** The outcomes at the end of a batch. Only with an intent are they written down, and is reported what fits no input. */
const account = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  end: BatchState.End,
  intent?: RunnerContext.Intent
): Effect.fn.Return<Outcomes<I, In, S>> {
  const { end: writeEnd, operation, report } = context
  const { surplus, unattributed, verdicts } = yield* ReadBack.account(context, items, end)
  const all = BatchOutcome.each(items, (item, position) =>
    BatchOutcome.fromVerdict(operation, item, verdicts[position]!)
  )
  context.firstBatches.see(all)
  if (intent === undefined) return all
  if (surplus.length > 0) yield* report({ _tag: "Surplus", ids: surplus.map(({ id }) => id) })
  if (unattributed.length > 0) {
    const messages = unattributed.flatMap((error) => ErrorBody.problems(error)).map(ErrorBody.describe)
    yield* report({ _tag: "Unattributed", messages })
  }
  const outcomes: Array<AttemptLog.Entry> = []
  for (const { outcome } of all) if (outcome._tag !== "NotSent") outcomes.push(AttemptLog.entry(outcome))
  yield* writeEnd(intent, { acceptance: "Accepted", outcomes })
  return all
})
