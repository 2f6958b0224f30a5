import { JobStore } from "@effect-hubspot/batch"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { database } from "../../support/postgres.ts"
import { holder, planned, rowsOf, settlement, suite } from "./suite.ts"

suite(
  "the job store on PostgreSQL",
  Effect.map(database, (connect) => Layer.provideMerge(JobStore.JobStore.layer, connect()))
)

describe("the job store on PostgreSQL, by itself", () => {
  it.effect("a database that takes no writes any more fails by type, and can be read", () =>
    Effect.gen(function* () {
      const connect = yield* database
      yield* Effect.scoped(
        Effect.gen(function* () {
          const jobs = yield* Layer.build(Layer.provide(JobStore.JobStore.layer, connect())).pipe(
            Effect.flatMap((context) => Effect.provide(JobStore.JobStore, context))
          )
          const batches = yield* planned(jobs, rowsOf(2))
          const claim = yield* jobs.claim("a", { holder })
          const readOnly = yield* Layer.build(
            Layer.provide(JobStore.JobStore.layer, connect({ default_transaction_read_only: "on" }))
          ).pipe(Effect.flatMap((context) => Effect.provide(JobStore.JobStore, context)))
          const error = yield* Effect.flip(readOnly.settle(claim, batches.map(settlement)))
          assert.instanceOf(error, JobStore.JobStoreError)
          assert.strictEqual(error.reason, "Unwritable")
          assert.notInclude(error.message, "\n")
          assert.strictEqual((yield* readOnly.counts("a")).open, 2)
          yield* jobs.settle(claim, batches.map(settlement))
        })
      )
    })
  )
})
