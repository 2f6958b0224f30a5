import { JobStore } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { join } from "../../support/virtualTime.ts"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"

const layer = Layer.merge(
  Stores.layerMemory,
  Emulator.layerLineItems({ emulator: { latency: { min: 1000, max: 1000 } } })
)

/** A job of three batches. */
const planned = Effect.gen(function* () {
  const jobs = yield* JobStore.JobStore
  const claim = yield* jobs.create({ id: "a", holder, frozen })
  yield* jobs.append(claim, yield* batchesOf(rowsOf(6)))
  yield* jobs.planned(claim, { digest: "d", inputs: 6 })
  return jobs
})

const creates = Effect.flatMap(Emulator.Emulator, ({ ledger }) =>
  Effect.map(ledger, ({ created }) => created.length)
)

describe("a run of a job", () => {
  it.effect("B60 the second of one job in one process is busy, and the first goes on", () =>
    Effect.gen(function* () {
      const jobs = yield* planned
      const run = Effect.scoped(Effect.flatMap(jobs.claim("a", { holder }), (claim) => JobRunner.run(claim)))
      const first = yield* Effect.forkChild(run, { startImmediately: true })
      yield* TestClock.adjust("200 millis")
      const busy = yield* Effect.flip(run)
      assert.strictEqual(busy._tag, "JobBusy")
      assert.match(busy.message, /^job "a" is held by pid 4711 on host a since .*; wait for it, or stop it/)
      assert.deepStrictEqual(yield* join(first), { _tag: "Complete" })
      assert.strictEqual(yield* creates, 6)
    }).pipe(Effect.provide(Layer.fresh(layer)))
  )

  it.live("F61 what cannot be written down is not sent, and the run is suspended for the disk", () =>
    Effect.gen(function* () {
      const jobs = yield* planned
      const { log } = jobs
      let begun = 0
      const full = new AttemptLog.AttemptLogError({ reason: "Unwritable", detail: "no space" })
      const failing: AttemptLog.Service = {
        ...log,
        begin: (attempt) => Effect.suspend(() => (++begun > 1 ? Effect.fail(full) : log.begin(attempt)))
      }
      const claim = yield* jobs.claim("a", { holder })
      const end = yield* JobRunner.run(claim).pipe(
        Effect.scoped,
        Effect.provideService(JobStore.JobStore, { ...jobs, log: failing })
      )
      assert.deepInclude(end, { _tag: "Suspended" })
      const { open } = yield* jobs.counts("a")
      const { state, suspension } = yield* jobs.get("a")
      assert.deepStrictEqual([state, suspension?.reason, open], ["suspended", "disk", 4])
      assert.strictEqual(yield* creates, 2)
      const next = yield* Effect.scoped(
        Effect.flatMap(jobs.claim("a", { holder }), (claim) => JobRunner.run(claim))
      )
      assert.strictEqual(next._tag, "Complete")
      assert.strictEqual(yield* creates, 6)
    }).pipe(Effect.provide(layer))
  )

  it.effect("works on a batch once, however often it is asked to", () =>
    Effect.gen(function* () {
      const jobs = yield* planned
      // The answer of a database on another machine is on its way for a while.
      const attempts: AttemptLog.Service["attempts"] = (...about) =>
        Effect.tap(jobs.log.attempts(...about), () => Effect.sleep("20 millis"))
      const { batches, end, work } = yield* Effect.provideService(
        JobRunner.session(yield* jobs.claim("a", { holder })),
        JobStore.JobStore,
        { ...jobs, log: { ...jobs.log, attempts } }
      )
      const all = yield* Stream.runCollect(batches)
      const working = (times: number) =>
        Effect.forkChild(
          Effect.forEach(Array.from({ length: times }, () => all).flat(), work, { concurrency: "unbounded" }),
          { startImmediately: true }
        )
      // At once, while the first is at it, and when it is settled.
      const first = yield* working(3)
      yield* TestClock.adjust("500 millis")
      assert.isUndefined(first.pollUnsafe())
      const amid = yield* working(1)
      yield* join(first)
      const after = yield* working(1)
      yield* TestClock.adjust("1 minute")
      const said = [
        ...(yield* Fiber.join(first)),
        ...(yield* Fiber.join(amid)),
        ...(yield* Fiber.join(after))
      ]
      assert.strictEqual(yield* creates, 6)
      assert.deepStrictEqual(new Set(said), new Set(["settled"] as const))
      assert.deepStrictEqual(yield* end, { _tag: "Complete" })
      assert.strictEqual((yield* jobs.counts("a")).created, 6)
      assert.lengthOf(yield* jobs.log.attempts("a"), 3)
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(layer)))
  )

  it.effect("sends no more than memory holds where outcomes cannot be written down", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const go = yield* Deferred.make<void>()
      const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize: 100 } })
      yield* jobs.append(planning, yield* batchesOf(rowsOf(12_000), { batchSize: 100 }))
      yield* jobs.planned(planning, { digest: "d", inputs: 12_000 })
      const settle: JobStore.Service["settle"] = (...given) =>
        Effect.andThen(Deferred.await(go), jobs.settle(...given))
      const run = yield* Effect.flatMap(jobs.claim("a", { holder }), (claim) => JobRunner.run(claim)).pipe(
        Effect.scoped,
        Effect.provideService(JobStore.JobStore, { ...jobs, settle }),
        Effect.forkChild
      )
      for (let n = 0; n < 60; n++) yield* TestClock.adjust("1 minute")
      const ahead = yield* creates
      // Some 600 bytes each, and 4 MiB in all.
      assert.isAtMost(ahead, 7500)
      assert.isAtLeast(ahead, 5000)
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(yield* join(run), { _tag: "Complete" })
      assert.strictEqual(yield* creates, 12_000)
    }).pipe(Effect.provide(Layer.fresh(layer)))
  )
})
