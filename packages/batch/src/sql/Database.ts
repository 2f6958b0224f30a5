/**
 * The database of attempts, jobs and shared limits: how it is opened, and which databases are refused.
 *
 * It refuses a file that is no database, a database of another program, and a database that confirms a commit before it
 * is on the disk. It never repairs and never deletes anything. `Migrations` makes its tables.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { adviceOn, describeSqlError } from "../model/StoreFailure.ts"

const advice = {
  Unreadable: "check its path or address, and that you may read and write it",
  Unwritable: "check the rights and the free space of the database",
  Foreign: "use another database",
  Newer: "use the version of this library that made it, or a later one",
  NotDurable: "turn it on, or a crash could lose what was written before a send"
}

/**
 * The database cannot be used. `Unreadable`: it cannot be opened or read. `Unwritable`: the tables cannot
 * be made. `Foreign`: it belongs to another program. `Newer`: a later version of this library made its tables.
 * `NotDurable`: it confirms a commit before it is on the disk.
 *
 * @category errors
 * @since 0.1.0
 */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  reason: Schema.Literals(["Unreadable", "Unwritable", "Foreign", "Newer", "NotDurable"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `the job database cannot be used: ${this.detail}; ${adviceOn(this.cause, advice[this.reason])}`
  }
}

/**
 * A SQLite database in a file, or `:memory:`. A commit is on the disk when it is confirmed. Only its owner can read a
 * file that is made here. A symbolic link, and a file that others may write to, are refused. Needs Node 22.13 or later.
 *
 * Open a file once in a process: a statement that waits for the transaction of another connection blocks the process.
 *
 * **Example**
 *
 * ```ts
 * import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
 * import * as Database from "@effect-hubspot/batch/sql/Database"
 * import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
 * import { Effect, Layer } from "effect"
 *
 * const database = Database.layerSqlite({ file: ":memory:" })
 * const layer = Layer.provide(SqlAttemptLog.layer, database)
 * const program = Effect.gen(function* () {
 *   const log = yield* AttemptLog.AttemptLog
 *   yield* log.begin({ jobId: "import", operation: "batchCreate", inputs: [0, 1, 2] })
 *   return yield* log.attempts("import")
 * }).pipe(Effect.provide(layer))
 * const [attempt] = await Effect.runPromise(program)
 * attempt?.inputs // => [0, 1, 2]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (options: {
  /** The path of the database, or `:memory:`. A missing folder is made. */
  readonly file: string
  /** How long a statement waits while another process locks the database, in milliseconds. Default 5000. */
  readonly busyMillis?: number | undefined
}): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const { make } = yield* Effect.tryPromise({
        // Loaded on demand: other runtimes do not have `node:sqlite`.
        try: () => import("./Sqlite.ts"),
        catch: (cause) =>
          new DatabaseError({ reason: "Unreadable", detail: "SQLite needs Node 22.13 or later", cause })
      })
      return yield* make(options).pipe(
        Effect.tap((sql) => Effect.provideService(claim, SqlClient.SqlClient, sql)),
        Effect.catchTag("SqlError", refuse("Unreadable"))
      )
    })
  ).pipe(Layer.provide(Reactivity.layer))

/**
 * A PostgreSQL database, by its address: `postgres://user:password@host:port/name`. Needs `@effect/sql-pg`. A database
 * that cannot be reached is `Unreadable`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPostgres = (options: {
  readonly url: Redacted.Redacted
  /** The most connections. Default 10. */
  readonly maxConnections?: number | undefined
}): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(
    Effect.map(
      Effect.tryPromise({
        try: () => import("@effect/sql-pg/PgClient"),
        catch: (cause) =>
          new DatabaseError({ reason: "Unreadable", detail: "PostgreSQL needs @effect/sql-pg", cause })
      }),
      ({ layer }) =>
        layer({
          url: options.url,
          maxConnections: options.maxConnections,
          applicationName: "line-items",
          connectTimeout: "5 seconds",
          // A process that is suspended in a transaction would keep its locks, those of the cluster and the limits too.
          startupParameters: { idle_in_transaction_session_timeout: "10000" }
        })
    )
  ).pipe(Layer.catchTag("SqlError", (error) => Layer.effectContext(refuse("Unreadable")(error))))

/** @internal */
export const refuse = (reason: DatabaseError["reason"]) => (error: SqlError) =>
  Effect.fail(
    new DatabaseError({
      reason: /is not a database/.test(describeSqlError(error)) ? "Foreign" : reason,
      detail: describeSqlError(error),
      cause: error
    })
  )

/** In the header of the SQLite files that were made here: `LItm`. */
const applicationId = 0x4c49746d

/** Claims an empty SQLite file for this library. A file of another program is refused and not changed. */
const claim: Effect.Effect<void, SqlError | DatabaseError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const header = Effect.map(
    sql<{ application_id: number }>`PRAGMA application_id`,
    ([row]) => row?.application_id
  )
  if ((yield* header) === applicationId) return
  yield* sql.withTransaction(
    Effect.gen(function* () {
      // Another process may have claimed it meanwhile.
      const id = yield* header
      if (id === applicationId) return
      const tables = yield* sql`SELECT 1 FROM sqlite_master LIMIT 1`
      if (id !== 0 || tables.length > 0) {
        return yield* new DatabaseError({ reason: "Foreign", detail: "it is a database of another program" })
      }
      yield* sql`PRAGMA application_id = ${sql.literal(String(applicationId))}`
    })
  )
})

/**
 * Refuses a database whose commits do not wait for the disk.
 *
 * @internal
 */
export const durable: Effect.Effect<void, SqlError | DatabaseError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const off = yield* sql.onDialectOrElse({
      pg: () =>
        Effect.map(
          sql<{ name: string }>`SELECT name FROM pg_settings
          WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off' ORDER BY name`,
          (rows) => rows.map(({ name }) => `${name} is off`)
        ),
      orElse: () =>
        Effect.map(sql<{ synchronous: number }>`PRAGMA synchronous`, ([row]) =>
          // FULL or EXTRA. At lower levels a commit does not sync the write-ahead log.
          Number(row?.synchronous) >= 2 ? [] : ["synchronous is not FULL"]
        )
    })
    if (off.length > 0) return yield* new DatabaseError({ reason: "NotDurable", detail: off.join(", ") })
  }
)
