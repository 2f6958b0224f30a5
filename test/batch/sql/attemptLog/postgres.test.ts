import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Migrations from "@effect-hubspot/batch/sql/Migrations"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { database, password, schema } from "../../../support/postgres.ts"
import { inspect } from "node:util"
import { batch, defectOf, end, opened, suite } from "../../engine/attemptLog/suite.ts"

/** The log and the client below it, on a schema of its own. */
const both = Layer.unwrap(Effect.map(schema, (connect) => Layer.provideMerge(SqlAttemptLog.layer, connect())))

suite(
  "the attempt log on PostgreSQL",
  Effect.map(schema, (connect) => Layer.provide(SqlAttemptLog.layer, connect()))
)

const refused = (layer: Layer.Layer<SqlClient.SqlClient, unknown>) =>
  Effect.flip(Effect.provide(Migrations.migrate, Layer.orDie(layer)))

describe("the attempt log on PostgreSQL, by itself", () => {
  it.effect("many may open a new database at once", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.provide(Migrations.migrate, connect()), {
        concurrency: "unbounded"
      })
      const rows = yield* Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`SELECT product, version FROM line_items_schema`
      ).pipe(Effect.provide(connect()))
      assert.deepStrictEqual(rows, [{ product: "effect-hubspot", version: Migrations.version }])
    })
  )

  it.effect(
    "has one key for its workers, made by the first who opens it, also where its tables are older",
    () =>
      Effect.gen(function* () {
        const connect = yield* database
        const open = Effect.forEach([1, 2, 3], () => Effect.provide(Migrations.migrate, connect()), {
          concurrency: "unbounded"
        })
        const keys = Effect.flatMap(SqlClient.SqlClient, (sql) =>
          Effect.map(sql<{ key: string }>`SELECT key FROM line_items_worker_key`, (rows) =>
            rows.map(({ key }) => key)
          )
        ).pipe(Effect.provide(connect()))
        yield* open
        const first = yield* keys
        assert.lengthOf(first, 1)
        assert.match(first[0]!, /^[0-9a-f]{64}$/)
        yield* open
        assert.deepStrictEqual(yield* keys, first)
        yield* Effect.flatMap(SqlClient.SqlClient, (sql) =>
          Effect.andThen(sql`DROP TABLE line_items_worker_key`, sql`UPDATE line_items_schema SET version = 2`)
        ).pipe(Effect.provide(connect()))
        yield* open
        const second = yield* keys
        assert.lengthOf(second, 1)
        assert.notStrictEqual(second[0], first[0])
      })
  )

  it.effect("a database that takes no writes any more fails the begin and the end by type", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      const id = yield* opened(Layer.provide(SqlAttemptLog.layer, connect()), (log) => log.begin(batch))
      const readOnly = Layer.provide(SqlAttemptLog.layer, connect({ default_transaction_read_only: "on" }))
      const begin = yield* Effect.flip(opened(readOnly, (log) => log.begin(batch)))
      assert.strictEqual(begin.reason, "Unwritable")
      assert.strictEqual(
        begin.message,
        "attempt log: cannot execute INSERT in a read-only transaction; nothing is sent that is not written down; repair the database and resume"
      )
      const ended = yield* Effect.flip(opened(readOnly, (log) => log.end(id, end)))
      assert.strictEqual(ended.reason, "Unwritable")
      assert.lengthOf(yield* opened(readOnly, (log) => log.attempts("job")), 1)
    })
  )

  it.effect(
    "a database that is gone for a while fails by type and tells no secret, and works afterwards",
    () =>
      Effect.gen(function* () {
        const connect = yield* database
        const context = yield* Layer.build(Layer.provideMerge(SqlAttemptLog.layer, connect()))
        const log = Context.get(context, AttemptLog.AttemptLog)
        const id = yield* log.begin(batch)
        const sql = Context.get(context, SqlClient.SqlClient)
        const [row] = yield* sql<{ name: string }>`SELECT current_database() AS name`
        const name = row!.name
        const elsewhere = yield* schema
        const admin = Context.get(yield* Layer.build(elsewhere()), SqlClient.SqlClient)
        yield* admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS false`
        yield* admin`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = ${name} AND pid <> pg_backend_pid()`
        // The first may still find the connection that is gone, the second finds none.
        const errors = yield* Effect.all([
          Effect.flip(log.begin(batch)),
          Effect.flip(log.end(id, end)),
          Effect.flip(log.attempts("job"))
        ])
        assert.deepStrictEqual(
          errors.map(({ reason }) => reason),
          ["Unwritable", "Unwritable", "Unreadable"]
        )
        for (const error of errors) {
          assert.notInclude(error.message, "\n")
          assert.notInclude(inspect(error, { depth: 20, showHidden: true }), password)
        }
        yield* admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS true`
        yield* log.end(id, end)
        assert.deepStrictEqual(yield* log.attempts("job"), [
          { ...batch, id, begunAtMillis: 0, end: { ...end, endedAtMillis: 0 } }
        ])
      })
  )

  it.effect("an attempt does not begin inside of a transaction", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.AttemptLog
      const sql = yield* SqlClient.SqlClient
      const exit = yield* Effect.exit(sql.withTransaction(log.begin(batch)))
      assert.include(defectOf(exit), "inside of a transaction")
      assert.deepStrictEqual(yield* log.attempts("job"), [])
    }).pipe(Effect.provide(both))
  )

  it.effect("tables of a newer version, and tables of others, are refused", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      const run = (use: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>) =>
        Effect.provide(Effect.flatMap(SqlClient.SqlClient, use), connect())
      yield* Effect.provide(Migrations.migrate, connect())
      yield* run((sql) => sql`UPDATE line_items_schema SET version = 99`)
      const newer = yield* refused(connect())
      assert.strictEqual(newer.reason, "Newer")
      assert.strictEqual(
        newer.message,
        `the job database cannot be used: its tables are of version 99, and this version knows them up to ${Migrations.version}; use the version of this library that made it, or a later one`
      )
      yield* run((sql) => sql`ALTER TABLE line_items_schema DROP COLUMN product`)
      assert.strictEqual((yield* refused(connect())).reason, "Foreign")
      yield* run((sql) => sql`DROP TABLE line_items_schema`)
      const foreign = yield* refused(connect())
      assert.strictEqual(foreign.reason, "Foreign")
      assert.include(foreign.message, "line_items_attempts that was not made here")
    })
  )

  it.effect("a session that confirms before the disk has it is refused", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      const error = yield* refused(connect({ synchronous_commit: "off" }))
      assert.strictEqual(error.reason, "NotDurable")
      assert.include(error.message, "synchronous_commit is off; turn it on")
    })
  )
})
