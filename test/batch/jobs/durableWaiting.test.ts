import { JobStore } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"
import { join } from "../../support/virtualTime.ts"

const keyProperty = "import_key"

/** An account that takes a minute for a batch. */
const slow = HubSpot.layer({
  emulator: {
    asynchronous: { pendingMillis: 30_000, processingMillis: 30_000 },
    uniqueProperties: [keyProperty]
  }
})

/** One that takes ten hours. */
const never = HubSpot.layer({
  emulator: {
    asynchronous: { pendingMillis: 36_000_000, processingMillis: 0 },
    uniqueProperties: [keyProperty]
  }
})

const world = Layer.merge(Stores.layerMemory, slow)

const plan = Effect.gen(function* () {
  const jobs = yield* JobStore.JobStore
  const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize: 10, keyProperty } })
  yield* jobs.append(
    planning,
    yield* batchesOf(rowsOf(30), { jobId: "a", batchSize: 10, key: { property: keyProperty } })
  )
  yield* jobs.planned(planning, { digest: "of the rows", inputs: 30 })
})

const creates = Effect.map(
  Effect.flatMap(Emulator, ({ ledger }) => ledger),
  ({ requests }) => requests.filter(({ path }) => path.endsWith("/batch/create")).length
)

/** Until HubSpot has all batches. */
const sent = Effect.gen(function* () {
  while ((yield* creates) < 3) yield* TestClock.adjust("50 millis")
})

/** The job, run to its end. */
const finish = Effect.fnUntraced(function* (taking: Partial<JobStore.Taking> = {}) {
  const jobs = yield* JobStore.JobStore
  const claim = yield* jobs.claim("a", { holder: other, ...taking })
  const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(claim)))
  return [(yield* join(running))._tag, yield* jobs.counts("a")] as const
})

describe("a job with batches that HubSpot has not finished", () => {
  it.effect("waits for them in the next run, if the process died", () =>
    Effect.gen(function* () {
      yield* plan
      const jobs = yield* JobStore.JobStore
      const claim = yield* jobs.claim("a", { holder })
      const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(claim)))
      yield* sent
      yield* Fiber.interrupt(running)
      assert.strictEqual((yield* jobs.counts("a")).open, 30)
      const [end, { created, inDoubt }] = yield* finish({ insteadOf: claim.epoch })
      assert.deepStrictEqual([end, created, inDoubt], ["Complete", 30, 0])
      assert.strictEqual(yield* creates, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("is stopped at once, and leaves them to the next run", () =>
    Effect.gen(function* () {
      yield* plan
      const jobs = yield* JobStore.JobStore
      const stop = yield* Deferred.make<void>()
      const claim = yield* jobs.claim("a", { holder })
      const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(claim, { stop })))
      yield* sent
      yield* Deferred.succeed(stop, undefined)
      const stoppedAt = yield* Clock.currentTimeMillis
      assert.strictEqual((yield* join(running))._tag, "Stopped")
      assert.isBelow((yield* Clock.currentTimeMillis) - stoppedAt, 20_000)
      assert.deepStrictEqual([(yield* jobs.counts("a")).open, (yield* jobs.counts("a")).inDoubt], [30, 0])
      const [end, { created }] = yield* finish()
      assert.deepStrictEqual([end, created], ["Complete", 30])
      assert.strictEqual(yield* creates, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("has waited long enough, all runs together", () =>
    Effect.gen(function* () {
      yield* plan
      const jobs = yield* JobStore.JobStore
      const stop = yield* Deferred.make<void>()
      const claim = yield* jobs.claim("a", { holder })
      const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(claim, { stop })))
      yield* sent
      yield* TestClock.adjust("14 minutes")
      yield* Deferred.succeed(stop, undefined)
      yield* join(running)
      const stoppedAt = yield* Clock.currentTimeMillis
      const second = yield* Effect.forkChild(
        Effect.scoped(Effect.flatMap(jobs.claim("a", { holder: other }), (claim) => JobRunner.run(claim)))
      )
      assert.strictEqual((yield* join(second))._tag, "Complete")
      assert.isBelow((yield* Clock.currentTimeMillis) - stoppedAt, 600_000)
      assert.strictEqual((yield* jobs.counts("a")).inDoubt, 30)
      assert.strictEqual(yield* creates, 3)
    }).pipe(Effect.provide(Layer.merge(Stores.layerMemory, never)))
  )

  it.effect("has waited long enough by any schedule: the next run looks once more, and gives up", () =>
    Effect.gen(function* () {
      yield* plan
      const jobs = yield* JobStore.JobStore
      const looks: Array<number> = []
      const pending = Schedule.spaced("20 seconds").pipe(
        Schedule.upTo({ duration: "5 minutes" }),
        Schedule.tap(({ elapsed }) => Effect.sync(() => looks.push(elapsed)))
      )
      const claim = yield* jobs.claim("a", { holder })
      const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(claim, { pending })))
      yield* sent
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(running)
      assert.lengthOf(looks, 3 * 4)
      looks.length = 0
      yield* TestClock.adjust("10 minutes")
      const again = yield* jobs.claim("a", { holder: other, insteadOf: claim.epoch })
      const startedAt = yield* Clock.currentTimeMillis
      const second = yield* Effect.forkChild(Effect.scoped(JobRunner.run(again, { pending })))
      assert.strictEqual((yield* join(second))._tag, "Complete")
      assert.lengthOf(looks, 3)
      assert.isBelow((yield* Clock.currentTimeMillis) - startedAt, 60_000)
      assert.strictEqual((yield* jobs.counts("a")).inDoubt, 30)
      assert.strictEqual(yield* creates, 3)
    }).pipe(Effect.provide(Layer.merge(Stores.layerMemory, never)))
  )
})
