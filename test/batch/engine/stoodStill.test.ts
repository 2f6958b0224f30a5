import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as BatchOperation from "@effect-hubspot/batch/engine/BatchOperation"
import * as BatchRunner from "@effect-hubspot/batch/engine/BatchRunner"
import * as RetryBudget from "@effect-hubspot/batch/engine/RetryBudget"
import * as Plan from "@effect-hubspot/batch/model/Plan"
import { Credentials, LineItems, Retry } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import * as RateLimitStore from "@effect-hubspot/http/RateLimitStore"
import type { BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { TestClock } from "effect/testing"

/*
 * A process that stands still (stopped, asleep) between its slot of the rate limit and its send. The slot runs out with
 * its lease, and others use the limit meanwhile.
 */

const limit = 3

/** A process: its own client and limiter, on the slots that all share. */
const process = Layer.fresh(
  LineItems.layerStore({ limit, account: "1" }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-stopped")))
  )
)

const world = Layer.merge(
  RateLimitStore.layerMemory,
  Emulator.layer({ limit: 1000, latency: { min: 100, max: 100 } })
)

const good = (name: string): BatchRequest.CreateInput => ({ properties: { name } })

/** A log in which the process stands still so often, for so long, while it writes down what it is about to send. */
const stopping = (times: number, millis: number) =>
  Effect.map(AttemptLog.makeMemory({ keep: true }), (log): AttemptLog.Service => {
    let begun = 0
    return {
      ...log,
      begin: (attempt) => Effect.suspend(() => Effect.delay(log.begin(attempt), begun++ < times ? millis : 0))
    }
  })

/** One input, sent by a run that has a number or has none. */
const send = (name: string, epoch: number | undefined, log: AttemptLog.Service) =>
  Effect.gen(function* () {
    const shape = Plan.creates<BatchRequest.CreateInput>({ jobId: name, toInput: Result.succeed })
    const item = Result.getOrThrow(Plan.check(shape, good(name), 0))
    const runner = yield* BatchRunner.make(BatchOperation.create(), {
      jobId: name,
      epoch,
      halt: yield* Deferred.make<Outcome.NotSentReason>(),
      abandon: yield* Deferred.make<void>(),
      policy: Retry.defaults,
      budget: RetryBudget.makeUnsafe(),
      onEvent: () => Effect.void
    })
    return (yield* runner.run([item])).map(({ outcome }) => outcome)
  }).pipe(Effect.provideService(AttemptLog.AttemptLog, log), Effect.provide(process))

/** Another process of the account that sends as fast as it may. */
const others = Stream.range(1, 120).pipe(
  Stream.map((n) => good(`other ${n}`)),
  BulkCreate.outcomes({ jobId: "others", batchSize: 1 }),
  Stream.runDrain,
  Effect.provide(process)
)

const seconds = (count: number) =>
  Effect.gen(function* () {
    for (let n = 0; n < count; n++) yield* TestClock.adjust("1 second")
  })

const ledger = Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)

describe("a process that stands still between its slot and its send", () => {
  for (const [what, epoch] of [
    ["a run of a job", 1],
    ["a run without a number", undefined]
  ] as const) {
    it.effect(`F59 for longer than the slot's lease asks for a new one, ${what}`, () =>
      Effect.gen(function* () {
        const log = yield* stopping(1, 130_000)
        const stopped = yield* Effect.forkChild(send("stopped", epoch, log), { startImmediately: true })
        const working = yield* Effect.forkChild(others)
        yield* seconds(450)
        const outcomes = yield* Fiber.join(stopped)
        yield* Fiber.join(working)
        assert.deepStrictEqual(
          outcomes.map(({ _tag }) => _tag),
          ["Created"]
        )
        const { created, requests } = yield* ledger
        assert.lengthOf(created, 121)
        assert.isAtMost(Ledger.worstWindow(requests), limit)
        // What was written down before it stood still was not sent.
        assert.deepStrictEqual(
          (yield* log.attempts("stopped")).map(({ end }) => [end?.acceptance, end?.reason]),
          [
            ["NotAccepted", "Paused"],
            ["Accepted", undefined]
          ]
        )
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("and gives its slot back at once, since nothing was sent in it", () =>
    Effect.gen(function* () {
      const stopped = yield* Effect.forkChild(send("stopped", 1, yield* stopping(1, 5000)))
      // The limit is used up but for the slot of the one that stands still.
      const { take } = yield* RateLimitStore.RateLimitStore
      const slot = { account: "1", pool: "burst", limit, windowMillis: 60_000, leaseMillis: 60_000 } as const
      yield* TestClock.adjust("1 second")
      yield* Effect.all([take(slot), take(slot)])
      assert.strictEqual((yield* take(slot))._tag, "Full")
      yield* seconds(6)
      assert.lengthOf((yield* ledger).created, 1)
      yield* Fiber.join(stopped)
    }).pipe(Effect.provide(world))
  )

  it.effect("a log that is slow every time is believed in the end", () =>
    Effect.gen(function* () {
      const log = yield* stopping(100, 1500)
      const slow = yield* Effect.forkChild(send("slow", 1, log))
      yield* seconds(20)
      assert.strictEqual((yield* Fiber.join(slow))[0]?._tag, "Created")
      assert.lengthOf(yield* log.attempts("slow"), 4)
    }).pipe(Effect.provide(world))
  )
})
