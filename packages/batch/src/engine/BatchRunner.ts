/**
 * One batch from its inputs to an outcome for each, whatever is done to it.
 *
 * Its parts: `Attempts` sends it, `Unfinished` follows it while HubSpot has not finished it, `Settled` concludes
 * outcomes. Here is what follows from what: a batch refused as a whole is taken apart (HubSpot's word on
 * who is guilty if it has one, halves if not), a failure may end the job, and what a reply leaves open is asked again
 * where that is harmless. It does not settle doubts; that is for the strategies.
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
import type { Evidence, NotSentReason, Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import * as AttemptLog from "./AttemptLog.ts"
import * as Attempts from "./Attempts.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as RunnerContext from "./RunnerContext.ts"
import * as Settled from "./Settled.ts"
import * as Unfinished from "./Unfinished.ts"

export type { Event } from "./Event.ts"
export type { Options } from "./RunnerContext.ts"
export { type Settled, unproven } from "./Settled.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchRunner<In, S extends Success> {
  readonly run: <I>(items: ReadonlyArray<Item<I, In>>) => Effect.Effect<ReadonlyArray<Settled.Settled<I, S>>>
  /** Goes on with a batch that an earlier run had sent and HubSpot had not finished. It sends nothing. */
  readonly follow: <I>(
    items: ReadonlyArray<Item<I, In>>,
    sent: { readonly unfinished: AttemptLog.Unfinished; readonly begunAtMillis: number }
  ) => Effect.Effect<ReadonlyArray<Settled.Settled<I, S>>>
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
    run: (items) => Effect.map(insist(context, items), outcomesOf),
    follow: (items, sent) => Effect.map(follow(context, items, sent), outcomesOf)
  }))

const outcomesOf = <I, In, S extends Success>(all: Endeds<I, In, S>) => all.map(({ outcome }) => outcome)

type Context<In, S extends Success> = RunnerContext.RunnerContext<In, S>
type Items<I, In> = ReadonlyArray<Item<I, In>>
type Endeds<I, In, S extends Success> = ReadonlyArray<Settled.Ended<I, In, S>>

/** What a reply leaves open is done again where that is harmless, a few times. */
const insist = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>
): Effect.fn.Return<Endeds<I, In, S>> {
  const { operation, options } = context
  let all = yield* run(context, items)
  if (!operation.idempotent) return all
  for (let round = 1; round < options.policy.attempts; round++) {
    const open = all.filter((one) => leftOpen(operation, one) !== undefined)
    if (open.length === 0 || !options.budget.spend()) break
    const backoff = Math.min(options.policy.capMillis, options.policy.baseMillis * 2 ** round)
    const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), backoff * (yield* Random.next))
    if (Option.isSome(halted)) break
    const before = { doubt: leftOpen(operation, open[0]!), suspicion: undefined }
    const items = open.map(({ item }) => item)
    const again = yield* run(context, items, before)
    all = [...all.filter((one) => !open.includes(one)), ...again]
  }
  return all
})

/** How a reply fails to account for an input, where asking again is of use. */
const leftOpen = <I, In, S extends Success>(
  { passesOver }: BatchOperation<In, S>,
  { outcome }: Settled.Ended<I, In, S>
): Evidence | undefined =>
  outcome._tag === "InDoubt" &&
  outcome.evidence._tag === "Unaccounted" &&
  !(passesOver && outcome.evidence.why === "missing")
    ? outcome.evidence
    : undefined

const run = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  earlier: Settled.Before = { doubt: undefined, suspicion: undefined }
): Effect.fn.Return<Endeds<I, In, S>> {
  const { limit = (request) => request } = context.options
  // A batch that waits to be looked at has nothing under way, and leaves its place to others.
  const { doubted, ended } = yield* limit(
    Attempts.run(context, {
      inputs: items.map(({ index }) => index),
      isWanted: () => items.every(context.isWanted),
      request: Effect.suspend(() => context.operation.request(items))
    })
  )
  const before: Settled.Before =
    doubted === undefined ? earlier : { ...earlier, doubt: { _tag: "NoAnswer", error: doubted } }
  const all = yield* settle(context, items, ended, before)
  return all.map((one) => ({
    item: one.item,
    outcome: context.operation.writes ? Settled.after(before, one) : Settled.harmless(one)
  }))
})

const settle = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  attempted: Attempts.Attempted,
  before: Settled.Before
): Effect.fn.Return<Endeds<I, In, S>> {
  switch (attempted._tag) {
    case "Answered": {
      const { intent, response } = attempted
      if (context.options.observe !== undefined && BatchState.isOpen(response)) {
        yield* context.unfinished(intent, Unfinished.logged(response))
      }
      const { end, isLeft } = yield* Unfinished.follow(context, items, response)
      // Who follows it later ends it.
      return isLeft ? accounted(context, items, end).all : yield* account(context, items, intent, end)
    }
    case "Unsent":
      return Settled.each(items, (item) => Settled.notSent(item, attempted.reason))
    case "Abandoned":
      return Settled.each(items, (item) => Settled.inDoubt(item, { _tag: "Abandoned" }))
    case "Unwanted": {
      const wanted = items.filter(context.isWanted)
      const left = Settled.each<I, In, S>(
        items.filter((item) => !context.isWanted(item)),
        (item) => Settled.notSent(item, { _tag: "Stopped" })
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
  { doubt }: Settled.Before
): Effect.fn.Return<Endeds<I, In, S>> {
  const stop = (reason: NotSentReason) =>
    Effect.as(
      context.halt(reason),
      Settled.each<I, In, S>(items, (item) => Settled.notSent(item, reason))
    )
  const { ends } = error
  if (error.acceptance === "InDoubt") {
    if (ends !== "batch") yield* context.halt({ _tag: "Halted", error })
    return Settled.each(items, (item) => Settled.inDoubt(item, { _tag: "NoAnswer", error }))
  }
  switch (ends) {
    case "parts":
      return yield* takeApart(context, items, error, doubt)
    case "batch":
      // It has had its chances; the others of the job may have more luck.
      return Settled.each(items, (item) => Settled.notSent(item, { _tag: "RetriesExhausted", error }))
    case "job":
    case "credentials":
      return yield* stop({ _tag: "Halted", error })
    case "quota":
    case "migration":
    case "network":
    case "database":
      return yield* stop({ _tag: "Suspended", cause: ends, error })
  }
})

const takeApart = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  error: HubSpotError,
  doubt: Evidence | undefined
): Effect.fn.Return<Endeds<I, In, S>> {
  const refused = (some: Items<I, In>) => Settled.each<I, In, S>(some, (item) => Settled.refused(item, error))
  if (items.length === 1) return refused(items)
  const blamed = new Set(error.reason._tag === "ValidationFailed" ? error.reason.traceIds : [])
  const guilty = items.filter((item) => blamed.has(item.objectWriteTraceId))
  const half = items.length >> 1
  const parts =
    guilty.length > 0
      ? [items.filter((item) => !blamed.has(item.objectWriteTraceId))]
      : [items.slice(0, half), items.slice(half)]
  const suspicion: Evidence | undefined =
    context.options.trustRefusals === false ? { _tag: "NoAnswer", error } : undefined
  const rest = yield* Effect.forEach(
    parts.filter((part) => part.length > 0),
    (part) => run(context, part, { doubt, suspicion })
  )
  return [...refused(guilty), ...rest.flat()]
})

const follow = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  { begunAtMillis, unfinished }: Parameters<BatchRunner<In, S>["follow"]>[1]
): Effect.fn.Return<Endeds<I, In, S>> {
  const waitedMillis = Math.max(0, (yield* Clock.currentTimeMillis) - begunAtMillis)
  const { end } = yield* Unfinished.follow(context, items, Unfinished.replyOf(unfinished), waitedMillis)
  return accounted(context, items, end).all
})

/** What the end of a batch says of its inputs, and what fits none of them. */
const accounted = <I, In, S extends Success>(
  { operation }: Context<In, S>,
  items: Items<I, In>,
  end: BatchState.End
) => {
  const { surplus, unattributed, verdicts } = operation.account(items, end)
  const all = Settled.each(items, (item, position) =>
    Settled.fromVerdict(operation, item, verdicts[position]!)
  )
  return { all, surplus, unattributed }
}

/** The same, told and written down. */
const account = Effect.fnUntraced(function* <I, In, S extends Success>(
  context: Context<In, S>,
  items: Items<I, In>,
  intent: RunnerContext.Intent,
  end: BatchState.End
): Effect.fn.Return<Endeds<I, In, S>> {
  const { all, surplus, unattributed } = accounted(context, items, end)
  if (surplus.length > 0) {
    yield* context.tell({ _tag: "Surplus", ids: surplus.map((object) => object.id) })
  }
  if (unattributed.length > 0) {
    yield* context.tell({
      _tag: "Unattributed",
      messages: unattributed.flatMap(ErrorBody.problems).map(ErrorBody.describe)
    })
  }
  const outcomes = all.flatMap(({ outcome }) => (outcome._tag === "NotSent" ? [] : AttemptLog.entry(outcome)))
  yield* context.end(intent, { acceptance: "Accepted", outcomes })
  return all
})
