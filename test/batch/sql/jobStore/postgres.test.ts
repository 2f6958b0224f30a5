import { JobStore } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { schema } from "../../../support/postgres.ts"
import { created, holder, planned, rowsOf, settlement, suite } from "./suite.ts"

suite(
  "the job store on PostgreSQL",
  Effect.map(schema, (connect) => Layer.provideMerge(SqlJobStore.layer, connect()))
)

/** Until a fiber's statement waits for somebody else's transaction, or the fiber is through. */
const waitsOrEnds = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  fiber: Fiber.Fiber<unknown, unknown>
) {
  while (fiber.pollUnsafe() === undefined) {
    const waiting = yield* sql`SELECT 1 FROM pg_stat_activity
      WHERE application_name = current_setting('application_name') AND wait_event_type = 'Lock'`
    if (waiting.length > 0) return
  }
})

describe("the job store on PostgreSQL, by itself", () => {
  it.effect("a database that takes no writes any more fails by type, and can be read", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      yield* Effect.scoped(
        Effect.gen(function* () {
          const jobs = yield* Layer.build(Layer.provide(SqlJobStore.layer, connect())).pipe(
            Effect.flatMap((context) => Effect.provide(JobStore.JobStore, context))
          )
          const batches = yield* planned(jobs, rowsOf(2))
          const claim = yield* jobs.claim("a", { holder })
          const readOnly = yield* Layer.build(
            Layer.provide(SqlJobStore.layer, connect({ default_transaction_read_only: "on" }))
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

  it.effect("what begins or settles while a job is being taken over waits, and is refused", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      const open = Layer.build(
        Layer.fresh(
          Layer.provideMerge(Layer.merge(SqlJobStore.layer, SqlAttemptLog.layer), Layer.orDie(connect()))
        )
      )
      const mine = yield* open
      const jobs = Context.get(mine, JobStore.JobStore)
      const log = Context.get(mine, AttemptLog.AttemptLog)
      const sql = Context.get(yield* open, SqlClient.SqlClient)
      const watch = Context.get(yield* open, SqlClient.SqlClient)
      const [batch] = yield* planned(jobs, rowsOf(2))
      const claim = yield* jobs.claim("a", { holder })
      const begin = log.begin({ jobId: "a", operation: "batchCreate", inputs: [0, 1], epoch: claim.epoch })
      for (const [n, write] of [begin, jobs.settle(claim, [settlement(batch!)])].entries()) {
        const epoch = claim.epoch + n
        yield* sql`UPDATE line_items_jobs SET epoch = ${claim.epoch}`
        const fiber = yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`UPDATE line_items_jobs SET epoch = ${epoch + 1}`
            const fiber = yield* Effect.forkDetach(Effect.flip(write as Effect.Effect<unknown, unknown>), {
              startImmediately: true
            })
            yield* waitsOrEnds(watch, fiber)
            return fiber
          })
        )
        assert.include(String(yield* Fiber.join(fiber)), "was taken over by")
      }
      assert.deepStrictEqual(yield* log.attempts("a"), [])
      assert.strictEqual((yield* jobs.counts("a")).settledBatches, 0)
    })
  )

  it.effect(
    "who changes an outcome while another one of its batch is being changed waits, and keeps both",
    () =>
      Effect.gen(function* () {
        const connect = yield* schema
        const open = Layer.build(Layer.fresh(Layer.provideMerge(SqlJobStore.layer, Layer.orDie(connect()))))
        const mine = yield* open
        const jobs = Context.get(mine, JobStore.JobStore)
        const sql = Context.get(mine, SqlClient.SqlClient)
        const second = yield* open
        const watch = Context.get(yield* open, SqlClient.SqlClient)
        yield* planned(jobs, rowsOf(2))
        const claim = yield* jobs.claim("a", { holder })
        const notSent = (index: number): Job.Entry => ({
          _tag: "NotSent",
          index,
          reason: { _tag: "Stopped", text: "stopped" }
        })
        yield* jobs.settle(claim, [{ number: 0, outcomes: [0, 1].map(notSent) }])
        const change = (index: number) => ({ outcomes: [created(index)], who: "w", why: "y" })
        const fiber = yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* jobs.revise(claim, change(0))
            const fiber = yield* Effect.forkDetach(
              Context.get(second, JobStore.JobStore).revise(claim, change(1)),
              { startImmediately: true }
            )
            yield* waitsOrEnds(watch, fiber)
            return fiber
          })
        )
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(yield* Stream.runCollect(jobs.outcomes("a")), [created(0), created(1)])
        assert.strictEqual((yield* jobs.counts("a")).created, 2)
      })
  )
})
