import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import type * as BatchRunner from "@effect-hubspot/batch/engine/BatchRunner"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type { BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime, join } from "../../support/virtualTime.ts"

/*
 * What happens to many batches at once: a blip must not cost inputs, a lasting trouble must not be
 * knocked at for ever, and one batch's trouble must not hold up the others.
 */

const good = (n: number): BatchRequest.CreateInput => ({ properties: { name: `Seat ${n}` } })
const some = (count: number) => Array.from({ length: count }, (_, n) => good(n))

const collect = (count: number, options: BulkCreate.Options) =>
  Stream.fromIterable(some(count)).pipe(BulkCreate.outcomes({ jobId: "job", ...options }), Stream.runCollect)

const kinds = (outcomes: Iterable<Outcome.Outcome<unknown>>) => {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const kind = outcome._tag === "NotSent" ? `NotSent ${outcome.reason._tag}` : outcome._tag
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

const created = Effect.map(
  Effect.flatMap(Emulator, (emulator) => emulator.ledger),
  (ledger) => ledger.created.length
)

const isCreate = (request: { readonly url: string }) => request.url.endsWith("/batch/create")
const busy = { status: "error", message: "busy", category: "RATE_LIMITS", policyName: "TEN_SECONDLY_ROLLING" }

describe("a blip while many requests are under way", () => {
  const whole = (fault: HubSpot.Fault) =>
    Effect.gen(function* () {
      const outcomes = yield* inVirtualTime(collect(500, { batchSize: 10, concurrency: 20 }), "1 minute")
      assert.deepStrictEqual(kinds(outcomes), { Created: 500 })
      assert.strictEqual(yield* created, 500)
    }).pipe(Effect.provide(HubSpot.layer({ fault })))

  // A job begins with one request; by then there are many.
  const isBlip = (n: number) => n >= 20 && n < 40

  it.effect("of the network costs no input", () =>
    whole((request, pass, n) => (isBlip(n) ? HubSpot.transport(request, "ECONNREFUSED", "connect") : pass))
  )

  it.effect("of refusals by the limiter costs no input", () =>
    whole((request, pass, n) => (isBlip(n) ? HubSpot.answer(request, 429, busy) : pass))
  )
})

describe("a trouble that lasts", () => {
  for (const [what, cause, answer] of [
    ["no network", "network", (request) => HubSpot.transport(request, "ECONNREFUSED", "connect")],
    ["a limiter that refuses everything", "quota", (request) => HubSpot.answer(request, 429, busy)]
  ] as ReadonlyArray<readonly [string, string, HubSpot.Fault]>) {
    it.effect(`${what} suspends the job after a few hundred requests, not after thousands`, () => {
      let requests = 0
      return Effect.gen(function* () {
        const outcomes = yield* inVirtualTime(collect(20_000, { batchSize: 10, concurrency: 10 }), "1 minute")
        assert.deepStrictEqual(kinds(outcomes), { "NotSent Suspended": 20_000 })
        for (const outcome of outcomes) {
          assert(outcome._tag === "NotSent" && outcome.reason._tag === "Suspended")
          assert.strictEqual(outcome.reason.cause, cause)
        }
        assert.isBelow(requests, 500)
      }).pipe(
        Effect.provide(
          HubSpot.layer({
            fault: (request, pass, n) => {
              requests = n + 1
              return answer(request, pass, n)
            }
          })
        )
      )
    })
  }
})

describe("one input's or batch's trouble", () => {
  it.effect("a key function that throws is about its value only", () =>
    Effect.gen(function* () {
      const outcomes = yield* Stream.range(0, 299).pipe(
        BulkCreate.outcomesWith({
          toInput: (n) => Result.succeed(good(n)),
          keyProperty: "import_key",
          keyOf: (n) => {
            if (n === 250) throw new TypeError("no key")
            return `key-${n}`
          }
        }),
        Stream.runCollect
      )
      assert.deepStrictEqual(kinds(outcomes), { Created: 299, Invalid: 1 })
      const invalid = outcomes.find((outcome) => outcome._tag === "Invalid")
      assert.strictEqual(invalid?.source, 250)
      assert.strictEqual(invalid?.issues[0]?.message, "cannot be read (TypeError)")
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { uniqueProperties: ["import_key"] } })))
  )

  it.effect("the quiet period of a doubt holds up no other batch", () =>
    Effect.gen(function* () {
      const job = yield* Effect.forkChild(
        collect(200, {
          batchSize: 10,
          concurrency: 2,
          strategy: DoubtStrategy.reconcile(),
          keyProperty: "import_key"
        })
      )
      // Well within the quiet period of the first two.
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* created, 180)
      assert.deepStrictEqual(kinds(yield* join(job, "1 minute")), { Created: 200 })
      assert.strictEqual(yield* created, 200)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          emulator: { uniqueProperties: ["import_key"] },
          fault: (request, pass, n) => (n === 0 || n === 2 ? HubSpot.transport(request, "ECONNRESET") : pass)
        })
      )
    )
  )

  it.effect("a look-up that hangs is given up with the job, and its inputs stay in doubt", () =>
    Effect.gen(function* () {
      const abandon = yield* Deferred.make<void>()
      const job = yield* Effect.forkChild(
        collect(10, {
          abandon,
          strategy: DoubtStrategy.guard({ quiet: "1 second", resends: 0 }),
          keyProperty: "import_key"
        })
      )
      yield* TestClock.adjust("10 seconds")
      yield* Deferred.succeed(abandon, undefined)
      const before = yield* Clock.currentTimeMillis
      const outcomes = yield* Fiber.join(job)
      assert.strictEqual(yield* Clock.currentTimeMillis, before)
      assert.deepStrictEqual(kinds(outcomes), { InDoubt: 10 })
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          emulator: { uniqueProperties: ["import_key"] },
          fault: (request) => (isCreate(request) ? HubSpot.transport(request, "ECONNRESET") : Effect.never)
        })
      )
    )
  )

  it.effect("a request that is abandoned was a request", () =>
    Effect.gen(function* () {
      const abandon = yield* Deferred.make<void>()
      const events: Array<BatchRunner.Event> = []
      const job = yield* Effect.forkChild(
        collect(60, {
          abandon,
          batchSize: 10,
          onEvent: (event) => Effect.sync(() => void events.push(event))
        })
      )
      yield* TestClock.adjust("10 seconds")
      yield* Deferred.succeed(abandon, undefined)
      assert.deepStrictEqual(kinds(yield* Fiber.join(job)), { Created: 30, InDoubt: 30 })
      assert.deepStrictEqual(
        events.map((event) => event._tag === "Requested" && event.inputs),
        [10, 10, 10, 10, 10, 10]
      )
    }).pipe(Effect.provide(HubSpot.layer({ fault: (_, pass, n) => (n < 3 ? pass : Effect.never) })))
  )
})

describe("outcomes that nobody takes", () => {
  it.effect("keep the others from being sent: memory holds so many bytes of inputs, and not more", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Emulator
      const go = yield* Deferred.make<void>()
      const job = yield* Stream.fromIterable(some(12_000)).pipe(
        BulkCreate.outcomes({ jobId: "job", concurrency: 10 }),
        Stream.tap(() => Deferred.await(go)),
        Stream.runCount,
        Effect.forkChild
      )
      for (let n = 0; n < 60; n++) yield* TestClock.adjust("1 minute")
      const { created } = yield* ledger
      // Some 600 bytes each, and 4 MiB in all.
      assert.isAtMost(created.length, 7500)
      assert.isAtLeast(created.length, 5000)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* join(job), 12_000)
    }).pipe(Effect.provide(HubSpot.layer()))
  )
})
