import { JobStore } from "@effect-hubspot/batch"
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, References } from "effect"
import { ShardingConfig } from "effect/cluster"
import { SqlClient } from "effect/sql"
import * as Engine from "../../../packages/batch/src/cluster/ClusterEngine.ts"
import { freePort } from "../../support/freePort.ts"
import { database } from "../../support/postgres.ts"
import { isCreate, plan, refused, services, settled, until, worldOf } from "./suite.ts"

/** Until no workflow is under way: they end a moment after their jobs, or stand still. */
const quiet = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  while (true) {
    const open = yield* sql`SELECT 1 FROM ${sql(`${Engine.prefix}_messages`)} WHERE NOT processed LIMIT 1`
    if (open.length === 0) return
    yield* Effect.sleep("50 millis")
  }
})

/** The messages and the replies that the engine keeps. */
const kept = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ messages: number; replies: number; jobs: number }>`SELECT
    (SELECT COUNT(*) FROM ${sql(`${Engine.prefix}_messages`)}) AS messages,
    (SELECT COUNT(*) FROM ${sql(`${Engine.prefix}_replies`)}) AS replies,
    (SELECT COUNT(DISTINCT entity_id) FROM ${sql(`${Engine.prefix}_messages`)}) AS jobs`
  return { messages: Number(row?.messages), replies: Number(row?.replies), jobs: Number(row?.jobs) }
})

describe("what the engine keeps", () => {
  it.live("goes when the jobs are over for long enough or forgotten, and the others go on", () =>
    Effect.gen(function* () {
      const sql = yield* Layer.build((yield* database)())
      const { layer, world } = worldOf()
      const port = yield* freePort
      const runtime = ImportRuntime.layerCluster({
        account: services,
        host: "127.0.0.1",
        port
      }).pipe(Layer.provideMerge(layer))
      const sweep = (overFor: Duration.Input) =>
        Effect.provide(
          Engine.sweep({ overFor }),
          Layer.merge(Layer.provide(Engine.storage, ShardingConfig.layerDefaults), Stores.layerSql)
        )
      yield* Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        for (const id of ["a", "b"]) {
          yield* plan(id, 95)
          assert.strictEqual((yield* settled(id)).state, "done")
        }
        world.fault = (request, pass) => (isCreate(request) ? refused(request, 401) : pass)
        yield* plan("c", 30)
        assert.strictEqual((yield* settled("c")).state, "suspended")
        yield* quiet
        assert.strictEqual((yield* kept).jobs, 3)

        assert.strictEqual(yield* sweep("1 hour"), 0)
        assert.strictEqual((yield* kept).jobs, 3)

        yield* jobs.forget({ olderThan: 0 })
        yield* sweep("1 hour")
        const left = yield* kept
        assert.strictEqual(left.jobs, 1)
        assert.isBelow(left.messages, 12)
        assert.isBelow(left.replies, 12)

        world.fault = (_request, pass) => pass
        yield* jobs.requestResume("c")
        yield* until("c", ({ state }) => state === "done")
        assert.strictEqual((yield* jobs.counts("c")).created, 26)
        yield* quiet
        yield* sweep(0)
        assert.deepStrictEqual(yield* kept, { messages: 0, replies: 0, jobs: 0 })

        // An id that was used before is another job.
        yield* jobs.forget({ olderThan: 0 })
        yield* plan("a", 95)
        assert.strictEqual((yield* settled("a")).state, "done")
        assert.strictEqual((yield* jobs.counts("a")).created, 81)
      }).pipe(Effect.provide(runtime), Effect.provide(sql))
    }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Error"))
  )
})
