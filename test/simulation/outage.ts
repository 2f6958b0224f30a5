/**
 * Outages by their number: of creates or of everything, executed or not, in the words of a gateway, a firewall or a broken
 * connection; for some minutes, or for good. What they cost is counted against the emulator's ledger.
 *
 * An outage of minutes costs what was under way when it began and two batches. One for good costs three batches, and one
 * input for each time that the job is run again. Upserts may be repeated, so there may be more of them.
 */
import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type { BatchRequest } from "@effect-hubspot/schema"
import { Effect, Layer, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { join } from "../support/virtualTime.ts"
import * as World from "./world.ts"

type Input = BatchRequest.CreateInput

/** The most requests that are under way at once, and the inputs in each. */
const concurrency = 5
const batchSize = 10

const replies: ReadonlyArray<Faults.Fault> = [
  { place: "beforeCommit", reply: { kind: "status", status: 502, body: "html" } },
  { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } },
  { place: "beforeCommit", reply: { kind: "status", status: 403, body: "html" } },
  { place: "afterCommit", reply: { kind: "status", status: 500, body: "hubspot" } },
  { place: "beforeCommit", reply: { kind: "status", status: 503, body: "empty" } },
  { place: "replyLost" }
]

const pick = <A>(all: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.nextIntBetween(0, all.length - 1), (n) => all[n]!)

type Strategy = (typeof World.strategies)[number]

/**
 * What an upsert leaves in doubt may simply be written again: it is, a few times, before it opens the circuit, and ten of
 * them in a row suspend a job.
 */
const mostInDoubt = (strategy: Strategy, isForGood: boolean, run: number): number => {
  if (strategy === "upsert") return ((isForGood ? 0 : 2 * concurrency) + 10) * batchSize
  return isForGood ? (run === 0 ? 3 * batchSize : 1) : (concurrency + 2) * batchSize
}

/** What an outage came to. `wrong` names every promise that was broken. */
export interface Result {
  readonly inDoubt: number
  readonly inputs: number
  readonly wrong: ReadonlyArray<string>
}

export const run = (seed: number, strategy: Strategy): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const isForGood = yield* Random.nextBoolean
    const isOfAll = yield* Random.nextBoolean
    const fault = yield* pick(replies)
    const from = isForGood ? 0 : yield* Random.nextIntBetween(0, 8000)
    const minutes = yield* Random.nextIntBetween(1, 9)
    const match = {
      ...(!isOfAll && { path: "*/batch/*" }),
      from,
      ...(!isForGood && { to: from + minutes * 60_000 })
    }
    return yield* Effect.gen(function* () {
      const inputs = World.inputs(isForGood ? 300 : 900).filter(
        ({ properties }) => properties["price"] === undefined && properties["quantity"] === undefined
      )
      const emulator = yield* Emulator.Emulator
      const results: Array<ReadonlyArray<Outcome.Outcome<Input>>> = []
      let rest: ReadonlyArray<Input> = inputs
      for (let n = 0; n < 4 && rest.length > 0; n++) {
        const job = yield* Stream.fromIterable(rest).pipe(
          BulkCreate.outcomes({ jobId: `sim${n}`, batchSize, concurrency, ...World.options[strategy] }),
          Stream.runCollect,
          Effect.forkChild
        )
        const outcomes = yield* join(job, World.step)
        results.push(outcomes)
        // An outage of minutes is over then.
        yield* TestClock.adjust("15 minutes")
        rest = outcomes.flatMap((outcome) => (outcome._tag === "NotSent" ? [outcome.source] : []))
      }
      yield* TestClock.adjust("3 hours")
      const { created } = yield* emulator.ledger
      return { ...check(results, created, inputs.length, isForGood, strategy), inputs: inputs.length }
    }).pipe(Effect.provide(Layer.orDie(World.hubspot({ rules: [{ match, fault }] }))))
  }).pipe(Random.withSeed(`outage ${seed}`), Effect.provide(TestClock.layer()), Effect.scoped)

const check = (
  results: ReadonlyArray<ReadonlyArray<Outcome.Outcome<Input>>>,
  created: ReadonlyArray<{ readonly id: string; readonly objectWriteTraceId: string | null }>,
  inputs: number,
  isForGood: boolean,
  strategy: Strategy
) => {
  const wrong: Array<string> = []
  const stored = new Map<string, Array<string>>()
  for (const { id, objectWriteTraceId } of created) {
    const key = objectWriteTraceId ?? ""
    stored.set(key, [...(stored.get(key) ?? []), id])
  }
  const doubts = results.map((outcomes) => outcomes.filter(({ _tag }) => _tag === "InDoubt").length)
  for (const [n, outcomes] of results.entries()) {
    for (const outcome of outcomes) {
      const ids = stored.get(`sim${n}-${outcome.index.toString(36)}`) ?? []
      if (outcome._tag === "Created" && !ids.includes(outcome.id))
        wrong.push(`${outcome.index} is not ${outcome.id}`)
      if (outcome._tag === "NotSent" && ids.length > 0) wrong.push(`${outcome.index} not sent, and stored`)
      if (
        ids.length > 1 &&
        !(outcome._tag === "InDoubt" || (outcome._tag === "Created" && outcome.possibleDuplicate))
      )
        wrong.push(`${outcome.index} twice`)
    }
    const most = mostInDoubt(strategy, isForGood, n)
    if (doubts[n]! > most) wrong.push(`${doubts[n]} in doubt in run ${n}, at most ${most}`)
  }
  const final = results.flat().filter(({ _tag }) => _tag !== "NotSent").length
  // HubSpot is back for the last run.
  if (!isForGood && final !== inputs) wrong.push(`${inputs - final} never sent`)
  return { inDoubt: doubts.reduce((sum, some) => sum + some, 0), wrong }
}
