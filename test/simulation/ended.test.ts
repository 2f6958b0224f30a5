import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type { BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Catalogue from "./catalogue.ts"
import * as World from "./world.ts"

/*
 * Jobs that somebody ends at a drawn moment, in the middle of whatever they are at: sends, quiet periods, looks,
 * associations. Whatever had not ended must be told, and told truly.
 */

const ways = ["stop", "abandon", "stop and abandon", "interrupt"] as const

/** How long a job may take to end, in seconds. A stop waits for requests and observations. */
const bounds = { stop: 7200, abandon: 1, "stop and abandon": 1, interrupt: 5 } as const

const pick = <A>(all: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.nextIntBetween(0, all.length - 1), (n) => all[n]!)

const ended = (seed: number) =>
  Effect.gen(function* () {
    const strategy = yield* pick(World.strategies)
    const way = yield* pick(ways)
    const faults = Catalogue.catalogue
      .map(([, fault]) => fault)
      .filter((fault) => !Catalogue.ends(fault) && !World.outside(strategy, fault))
    const chosen = yield* Effect.replicateEffect(pick(faults), 6)
    // Most of them early, some in a quiet period.
    const at = Math.floor((yield* Random.next) ** 3 * 400_000)
    const rules = chosen.map((fault) => ({ match: { chance: 0.08 }, fault }))
    return yield* Effect.gen(function* () {
      const all = World.inputs(120)
      const stop = yield* Deferred.make<void>()
      const abandon = yield* Deferred.make<void>()
      const outcomes: Array<Outcome.Outcome<BatchRequest.CreateInput>> = []
      const options = { jobId: "sim", batchSize: 10, ...World.options[strategy], stop, abandon, grace: 2000 }
      const job = yield* Stream.fromIterable(all).pipe(
        BulkCreate.forEach(options, (some) => Effect.sync(() => void outcomes.push(...some))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust(at)
      if (way === "interrupt") yield* Effect.forkChild(Fiber.interrupt(job), { startImmediately: true })
      if (way === "stop" || way === "stop and abandon") yield* Deferred.succeed(stop, undefined)
      if (way === "stop and abandon") yield* TestClock.adjust(1500)
      if (way === "abandon" || way === "stop and abandon") yield* Deferred.succeed(abandon, undefined)
      const step = bounds[way] > 100 ? 60 : 1
      for (let s = 0; s < bounds[way] && job.pollUnsafe() === undefined; s += step) {
        yield* TestClock.adjust(step * 1000)
      }
      // The end takes no more time, and steps that are not counted.
      for (let n = 0; n < 1000 && job.pollUnsafe() === undefined; n++) yield* Effect.yieldNow
      const what = `seed ${seed}: ${strategy}, ${way} at ${at}`
      assert.isDefined(job.pollUnsafe(), `${what}: not over`)
      const told = outcomes.length
      yield* TestClock.adjust("3 hours")
      assert.lengthOf(outcomes, told, `${what}: told after the end`)

      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      const stored = new Map<string, Array<string>>()
      for (const { id, objectWriteTraceId } of created) {
        const trace = objectWriteTraceId ?? ""
        stored.set(trace, [...(stored.get(trace) ?? []), id])
      }
      const seen = new Map<number, number>()
      const wrong: Array<string> = []
      for (const outcome of outcomes) {
        const { index } = outcome
        seen.set(index, (seen.get(index) ?? 0) + 1)
        const ids = stored.get(`sim-${index.toString(36)}`) ?? []
        if (outcome._tag === "Created") {
          if (!ids.includes(outcome.id)) wrong.push(`${index} is not ${outcome.id}`)
          if (ids.length > 1 && !outcome.possibleDuplicate) wrong.push(`${index} twice`)
        } else if (outcome._tag !== "InDoubt" && ids.length > 0)
          wrong.push(`${index} ${outcome._tag}, and stored`)
      }
      for (const index of all.keys()) {
        // What was not read when an interruption was over has no outcome, and was not sent.
        const mayLack = way === "interrupt" && !stored.has(`sim-${index.toString(36)}`)
        if (seen.get(index) !== 1 && !(mayLack && !seen.has(index))) {
          wrong.push(`${index} has ${seen.get(index) ?? 0} outcomes`)
        }
      }
      assert.deepStrictEqual(wrong, [], what)
      return way
    }).pipe(Effect.provide(Layer.orDie(World.hubspot({ rules }))))
  }).pipe(Random.withSeed(`ended ${seed}`), Effect.provide(TestClock.layer()), Effect.scoped)

describe("a job that is ended at any moment", () => {
  it.live("ends soon, tells every input once, and tells the truth", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      for (let seed = 1; seed <= 100; seed++) seen.add(yield* ended(seed))
      assert.strictEqual(seen.size, ways.length)
    })
  )
})
