import { ImportRuntime, JobRunner, JobStore } from "@effect-hubspot/batch"
import { Retry } from "@effect-hubspot/http"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { freePort } from "../support/freePort.ts"
import { database } from "../support/postgres.ts"
import { holder } from "../batch/jobStore/rows.ts"
import { isCreate, plan, refused, services, settled, worldOf } from "./suite.ts"

it.live("a job that is run beside the workers is left to who runs it", () =>
  Effect.gen(function* () {
    const connect = yield* database
    const { layer, world } = worldOf({ latency: { min: 300, max: 500 } })
    let once = false
    world.fault = (request, pass) => {
      if (!isCreate(request) || once) return pass
      once = true
      return refused(request, 477, { "retry-after": "4" })
    }
    const port = yield* freePort
    const runtime = ImportRuntime.layerCluster({
      account: services,
      concurrency: 1,
      host: "127.0.0.1",
      port,
      retry: { ...Retry.defaults, patienceMillis: 1000 }
    }).pipe(Layer.provide(connect()))
    yield* Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      yield* plan("a", 300)
      assert.strictEqual((yield* settled("a")).state, "suspended")
      yield* Effect.sleep("1 second")
      const claim = yield* jobs.claim("a", { holder })
      const end = yield* JobRunner.run(claim, { concurrency: 1 }).pipe(
        Effect.scoped,
        Effect.provide(services("891936587"))
      )
      assert.strictEqual(end._tag, "Complete")
      assert.strictEqual((yield* jobs.counts("a")).inDoubt, 0)
    }).pipe(Effect.provide(Layer.provideMerge(runtime, layer)))
  })
)
