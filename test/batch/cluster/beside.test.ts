import { JobStore } from "@effect-hubspot/batch"
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import { Retry } from "@effect-hubspot/http"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, References } from "effect"
import { freePort } from "../../support/freePort.ts"
import { database } from "../../support/postgres.ts"
import * as Spans from "../../support/spans.ts"
import { holder } from "../sql/jobStore/rows.ts"
import { isCreate, plan, refused, services, worldOf } from "./suite.ts"

/** Sees how often somebody looks at a job without changing it: every statement is a span. */
const watch = () => {
  let looks = 0
  const tracer = Spans.tracer({
    ended: ({ attributes }) => {
      if (/FROM line_items_jobs WHERE id = \S+\s*$/.test(String(attributes.get("db.query.text")))) looks++
    }
  })
  return { tracer, looks: () => looks }
}

it.live("a job that is run beside the workers is left to who runs it", () => {
  const { tracer, looks } = watch()
  return Effect.gen(function* () {
    const connect = yield* database
    const { layer, world } = worldOf()
    const gate = yield* Deferred.make<void>()
    let once = false
    world.fault = (request, pass) => {
      if (!isCreate(request)) return pass
      if (once) return Effect.andThen(Deferred.await(gate), pass)
      once = true
      return refused(request, 477, { "retry-after": "5" })
    }
    const suspended = yield* Deferred.make<void>()
    const port = yield* freePort
    const runtime = ImportRuntime.layerCluster({
      account: services,
      concurrency: 1,
      host: "127.0.0.1",
      port,
      onRun: ({ end }) =>
        end?._tag === "Suspended" ? Effect.asVoid(Deferred.succeed(suspended, undefined)) : Effect.void,
      retry: { ...Retry.defaults, patienceMillis: 1000 }
    }).pipe(Layer.provide(connect()))
    yield* Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      yield* plan("a", 30)
      yield* Deferred.await(suspended)
      const claim = yield* jobs.claim("a", { holder })
      const run = yield* JobRunner.run(claim, { concurrency: 1 }).pipe(
        Effect.scoped,
        Effect.provide(services("891936587")),
        Effect.forkChild
      )
      // The suspension is over, and the worker looks in vain.
      const before = looks()
      while (looks() < before + 2) yield* Effect.sleep("50 millis")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(run))._tag, "Complete")
      assert.strictEqual((yield* jobs.get("a")).epoch, claim.epoch)
      const { created, inDoubt } = yield* jobs.counts("a")
      assert.deepStrictEqual([created, inDoubt], [26, 0])
    }).pipe(Effect.provide(Layer.provideMerge(runtime, layer)))
  }).pipe(Effect.withTracer(tracer), Effect.provideService(References.MinimumLogLevel, "Error"))
})
