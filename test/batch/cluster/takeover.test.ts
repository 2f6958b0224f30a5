import { JobStore } from "@effect-hubspot/batch"
import * as Accounts from "@effect-hubspot/batch/cluster/Accounts"
import * as ImportWorkflow from "@effect-hubspot/batch/cluster/ImportWorkflow"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { layerMemory, WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { isCreate, plan, services, worldOf } from "./suite.ts"

/*
 * When a worker takes a job that another process has: at once, when its lease is over, or later. Each worker's workflow is
 * begun here as an engine begins it, so an engine that moves a workflow away and back can be played.
 */

/** The lease of everybody, and for how long a holder that is there is waited for after it, in milliseconds. */
const lease = 10_000
const grace = 30_000
/** A worker looks once a second. */
const look = 1500

const self: Job.Holder = { pid: 1, host: "here:1" }
const other: Job.Holder = { pid: 2, host: "there:1" }

interface Run {
  readonly at: number
  readonly epoch: number
  readonly end?: string
}

/** A job, and a worker whose workflow `begin` begins. It is the workflow of a job that was created so much earlier. */
const worker = Effect.fnUntraced(function* (options: Partial<ImportWorkflow.Options> = {}, earlier = 0) {
  const runs: Array<Run> = []
  const engine = yield* Layer.build(layerMemory)
  const leave = yield* Deferred.make<void>()
  let execute: Effect.Effect<unknown, unknown, WorkflowEngine | WorkflowInstance> | undefined
  yield* plan("a", 20)
  const jobs = yield* JobStore.JobStore
  const createdAtMillis = yield* Effect.map(jobs.get("a"), (job) => job.createdAtMillis - earlier)
  const { register, ...own } = yield* Effect.provide(WorkflowEngine, engine)
  const capturing = WorkflowEngine.of({
    ...own,
    register: (workflow, body) => {
      execute = body({ jobId: "a", createdAtMillis } as never, "a") as typeof execute
      return register(workflow, body)
    }
  })
  yield* Layer.build(
    ImportWorkflow.layer({
      holder: self,
      lease,
      leave,
      concurrency: 1,
      onRun: ({ end, epoch }) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          runs.push({ at, epoch, ...(end !== undefined && { end: end._tag }) })
        }),
      ...options
    }).pipe(Layer.provide(Layer.succeed(WorkflowEngine, capturing)), Layer.provide(Accounts.layer(services)))
  )
  const begin = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const instance = WorkflowInstance.initial(ImportWorkflow.ImportWorkflow, "a", { scope })
    return yield* execute!.pipe(
      Effect.provideService(WorkflowInstance, instance),
      Effect.provideService(WorkflowEngine, capturing),
      Effect.forkDetach({ startImmediately: true })
    )
  })
  /** When the nth run begins, in milliseconds from the beginning of the test. */
  const begun = Effect.fnUntraced(function* (nth: number) {
    const nthRun = () => runs.filter(({ end }) => end === undefined)[nth - 1]
    for (let n = 0; n < 2000 && nthRun() === undefined; n++) yield* TestClock.adjust("100 millis")
    return nthRun()?.at ?? Number.NaN
  })
  return { jobs, runs, leave, begin, begun }
})

const { layer, world } = worldOf()
const here = Layer.merge(Stores.layerMemory, layer)
const pass = world.fault
const inWorld = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof here> | Scope.Scope>) =>
  effect.pipe(
    Effect.ensuring(Effect.sync(() => (world.fault = pass))),
    Effect.scoped,
    Effect.provide(Layer.fresh(here))
  )

const gone = (is: boolean) => ({ isGone: () => Effect.succeed(is) })

describe("a job that another process has", () => {
  it.effect("is taken when the lease is over, where nobody is known to be gone", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs } = yield* worker()
        yield* jobs.claim("a", { holder: other, lease })
        yield* begin
        const at = yield* begun(1)
        assert.isAtLeast(at, lease)
        assert.isAtMost(at, lease + look)
      })
    )
  )

  it.effect("is taken at once where its process is gone", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs } = yield* worker(gone(true))
        yield* jobs.claim("a", { holder: other, lease })
        yield* begin
        assert.isAtMost(yield* begun(1), 200)
      })
    )
  )

  it.effect("is left to a process that is there for longer than its lease, and not for ever", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs } = yield* worker(gone(false))
        yield* jobs.claim("a", { holder: other, lease })
        yield* begin
        const at = yield* begun(1)
        assert.isAtLeast(at, lease + grace)
        assert.isAtMost(at, lease + grace + look)
      })
    )
  )

  it.effect("is left to a process that renews its lease", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, jobs, runs } = yield* worker(gone(false))
        const claim = yield* jobs.claim("a", { holder: other, lease })
        yield* begin
        for (let n = 0; n < 30; n++) {
          yield* TestClock.adjust("5 seconds")
          yield* jobs.renew(claim)
        }
        assert.deepStrictEqual(runs, [])
      })
    )
  )

  it.effect("is taken at once from a process before this one, which had its address", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs } = yield* worker(gone(false))
        yield* jobs.claim("a", { holder: { ...self, pid: 77 }, lease })
        yield* begin
        assert.isAtMost(yield* begun(1), 200)
      })
    )
  )

  it.effect("is not taken from whoever revises its outcomes, though that process may be gone", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs } = yield* worker(gone(true))
        const claim = yield* jobs.claim("a", { holder: other, lease })
        yield* jobs.suspend(claim, { reason: "quota", message: "m", resumeAtMillis: 1 })
        yield* jobs.release(claim)
        yield* TestClock.adjust("1 second")
        yield* jobs.claim("a", { holder: other, lease, to: "revision" })
        yield* begin
        const at = (yield* begun(1)) - 1000
        assert.isAtLeast(at, lease + grace)
        assert.isAtMost(at, lease + grace + look)
      })
    )
  )

  it.effect("is not taken back when it was lost: who took it is not gone, whatever it looks like", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, begun, jobs, runs } = yield* worker(gone(true))
        world.fault = (request, pass) => (isCreate(request) ? Effect.delay(pass, "20 seconds") : pass)
        yield* begin
        yield* TestClock.adjust("1 second")
        const { epoch } = yield* jobs.get("a")
        yield* jobs.claim("a", { holder: other, lease, insteadOf: epoch })
        const at = (yield* begun(2)) - 1000
        world.fault = pass
        assert.strictEqual(runs.find(({ end }) => end !== undefined)?.end, "Fenced")
        assert.isAtLeast(at, lease + grace)
        assert.isAtMost(at, lease + grace + look)
      })
    )
  )
})

describe("a workflow that the engine moves away and back", () => {
  it.effect("does not run the job beside its run before, which still waits for an answer", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, jobs, runs } = yield* worker(gone(false))
        const answer = yield* Deferred.make<void>()
        let held = 0
        const isUntouched = () => held === 0
        world.fault = (request, pass) => {
          if (!isCreate(request)) return pass
          held++
          return Effect.andThen(Deferred.await(answer), pass)
        }
        const first = yield* begin
        while (isUntouched()) yield* TestClock.adjust("100 millis")
        const moving = yield* Effect.forkDetach(Fiber.interrupt(first), { startImmediately: true })
        yield* TestClock.adjust("500 millis")
        yield* begin
        yield* TestClock.adjust("20 seconds")
        // The run before still has the job, and renews its claim.
        assert.deepStrictEqual(
          runs.map(({ epoch, end }) => [epoch, end]),
          [[runs[0]!.epoch, undefined]]
        )
        assert.strictEqual(held, 1)
        world.fault = pass
        yield* Deferred.succeed(answer, undefined)
        for (let n = 0; n < 100 && (yield* jobs.get("a")).state !== "done"; n++) {
          yield* TestClock.adjust("500 millis")
        }
        assert.isDefined(moving.pollUnsafe())
        const { created, inDoubt } = yield* jobs.counts("a")
        assert.deepStrictEqual([created, inDoubt], [17, 0])
        assert.deepStrictEqual(
          runs.map(({ end }) => end),
          [undefined, "Left", undefined, "Complete"]
        )
      })
    )
  )

  it.effect("ends its run with an answer, and tells it, though it is interrupted", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, jobs, runs } = yield* worker()
        let sent = 0
        const isUntouched = () => sent === 0
        world.fault = (request, pass) =>
          isCreate(request) && ++sent ? Effect.delay(pass, "5 seconds") : pass
        const first = yield* begin
        while (isUntouched()) yield* TestClock.adjust("100 millis")
        const moving = yield* Effect.forkDetach(Fiber.interrupt(first), { startImmediately: true })
        for (let n = 0; n < 100 && moving.pollUnsafe() === undefined; n++)
          yield* TestClock.adjust("200 millis")
        world.fault = pass
        assert.isTrue(Exit.isFailure(first.pollUnsafe() ?? Exit.void))
        assert.deepStrictEqual(
          runs.map(({ end }) => end),
          [undefined, "Left"]
        )
        const { holder, state } = yield* jobs.get("a")
        assert.deepStrictEqual([state, holder], ["running", undefined])
        const { created, inDoubt } = yield* jobs.counts("a")
        assert.strictEqual(inDoubt, 0)
        assert.isAbove(created, 0)
      })
    )
  )

  it.effect("is not that of a job of the same id that came after its own was forgotten", () =>
    inWorld(
      Effect.gen(function* () {
        yield* TestClock.adjust("1 hour")
        const { begin, jobs, runs } = yield* worker({}, 1000)
        const ended = yield* begin
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(ended), "forgotten")
        assert.deepStrictEqual(runs, [])
        assert.strictEqual((yield* jobs.get("a")).state, "pending")
      })
    )
  )

  it.effect("begins nothing in a process that ends", () =>
    inWorld(
      Effect.gen(function* () {
        const { begin, jobs, leave, runs } = yield* worker()
        yield* Deferred.succeed(leave, undefined)
        yield* begin
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(runs, [])
        assert.strictEqual((yield* jobs.get("a")).state, "pending")
      })
    )
  )
})
