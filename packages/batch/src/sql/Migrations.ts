/**
 * The tables and their version: `migrate` makes them, and brings tables of an older version up to date.
 *
 * They work on SQLite and PostgreSQL. Their names begin with `line_items_`, so other tables can be in the same database.
 * Tables of another program or of a newer version are refused. A step that was released is never changed.
 *
 * @since 0.1.0
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { describeSqlError } from "../model/StoreFailure.ts"
import { DatabaseError, durable, refuse } from "./Database.ts"
import * as Digests from "./Digests.ts"

/**
 * The version of the tables that this version of the library makes and knows.
 *
 * @category versions
 * @since 0.1.0
 */
export const version = 4

/**
 * Makes the tables if there are none, brings older ones up to date, and refuses tables that it cannot use. Several
 * processes can do this at the same time.
 *
 * @category migrations
 * @since 0.1.0
 */
export const migrate: Effect.Effect<void, DatabaseError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const known = sql.onDialectOrElse({ sqlite: () => true, pg: () => true, orElse: () => false })
  if (!known) {
    return yield* new DatabaseError({ reason: "Foreign", detail: "it is neither SQLite nor PostgreSQL" })
  }
  yield* Effect.catchTag(durable, "SqlError", refuse("Unreadable"))
  const found = yield* Effect.catchTag(versionOf, "SqlError", refuse("Unreadable"))
  if (found === version) return
  yield* sql
    .withTransaction(
      Effect.gen(function* () {
        yield* sql.onDialectOrElse({
          // One lock for every process that makes these tables; the number is arbitrary.
          pg: () => sql`SELECT pg_advisory_xact_lock(7229143600001)`,
          orElse: () => Effect.void
        })
        // Another process may have made them meanwhile.
        const from = yield* versionOf
        for (const step of steps.slice(from)) yield* step(sql)
        yield* from === 0
          ? sql`INSERT INTO line_items_schema (one, product, version) VALUES (1, ${product}, ${version})`
          : sql`UPDATE line_items_schema SET version = ${version}`
      })
    )
    .pipe(Effect.catchTag("SqlError", refuse("Unwritable")))
})

const product = "effect-hubspot"

/** The version of the tables, 0 if there are none. */
const versionOf: Effect.Effect<number, SqlError | DatabaseError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const tables = yield* sql.onDialectOrElse({
      pg: () => sql<{ name: string }>`SELECT relname AS name FROM pg_class
      WHERE oid IN (to_regclass('line_items_schema'), to_regclass('line_items_attempts'))`,
      orElse: () => sql<{ name: string }>`SELECT name FROM sqlite_master
      WHERE name IN ('line_items_schema', 'line_items_attempts')`
    })
    if (tables.length === 0) return 0
    const foreign = (detail: string) => new DatabaseError({ reason: "Foreign", detail })
    if (tables.every(({ name }) => name !== "line_items_schema")) {
      return yield* foreign("it has a table line_items_attempts that was not made here")
    }
    const rows = yield* Effect.catchTag(
      sql<{ product: unknown; version: unknown }>`SELECT product, version FROM line_items_schema`,
      "SqlError",
      (error) =>
        error.reason._tag === "SqlSyntaxError" || /no such column/.test(describeSqlError(error))
          ? Effect.succeed([])
          : Effect.fail(error)
    )
    const found = rows[0]
    const number = Number(found?.version)
    if (rows.length !== 1 || found?.product !== product || !Number.isSafeInteger(number) || number < 1) {
      return yield* foreign("it has a table line_items_schema that was not made here")
    }
    if (number > version) {
      const detail = `its tables are of version ${number}, and this version knows them up to ${version}`
      return yield* new DatabaseError({ reason: "Newer", detail })
    }
    return number
  }
)

/**
 * Takes a slot of the limiter, see `SqlRateLimitStore`. A statement sees everything that was committed before it, so
 * the statements after the lock see all slots that were taken before.
 */
const takeSlot = (sql: SqlClient.SqlClient) => sql`CREATE FUNCTION line_items_take_slot(
      wanted_account TEXT, wanted_pool TEXT, most BIGINT, span BIGINT, lease BIGINT,
      OUT id BIGINT, OUT wait BIGINT
    ) LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      moment BIGINT;
      held BIGINT;
      earliest BIGINT;
      foreign_use BIGINT := 0;
      limits line_items_limits%ROWTYPE;
    BEGIN
      PERFORM pg_advisory_xact_lock(1279882349, hashtext(wanted_account));
      moment := floor(extract(epoch FROM clock_timestamp()) * 1000);
      DELETE FROM line_items_slots s
        WHERE s.account = wanted_account AND s.pool = wanted_pool AND s.free_at <= moment - span;
      SELECT * INTO limits FROM line_items_limits l WHERE l.account = wanted_account;
      IF limits.paused_until > moment THEN
        wait := limits.paused_until - moment;
        RETURN;
      END IF;
      SELECT count(*), min(s.free_at) INTO held, earliest FROM line_items_slots s
        WHERE s.account = wanted_account AND s.pool = wanted_pool AND s.free_at > moment;
      IF wanted_pool = 'burst' AND limits.others_until > moment THEN
        foreign_use := least(limits.others, most - 1);
      END IF;
      IF held + foreign_use >= most THEN
        wait := least(earliest, CASE WHEN foreign_use > 0 THEN limits.others_until END) - moment;
        RETURN;
      END IF;
      INSERT INTO line_items_slots AS s (account, pool, taken_at, free_at, under_way)
        VALUES (wanted_account, wanted_pool, moment, moment + lease, 1) RETURNING s.id INTO id;
    END $$`

/** The key that the workers of a database share: a process that can read the database can speak to them. */
const workerKey = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const { randomBytes } = yield* SecureRandom.SecureRandom
  yield* sql`CREATE TABLE line_items_worker_key (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT NOT NULL)`
  yield* sql`INSERT INTO line_items_worker_key (one, key) VALUES (1, ${Hex.encode(yield* randomBytes(32))})`
}, Effect.provide(SecureRandom.layerWebCrypto))

/** The type of a column of numbers that the database assigns. */
const identity = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    pg: () => sql.literal("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    // AUTOINCREMENT: the number of an attempt is never assigned again, even after attempts were deleted.
    orElse: () => sql.literal("INTEGER PRIMARY KEY AUTOINCREMENT")
  })

/** Each step makes a version from the one before it. Columns hold text and whole numbers only, which both databases have. */
const steps: ReadonlyArray<(sql: SqlClient.SqlClient) => Effect.Effect<void, SqlError>> = [
  Effect.fnUntraced(function* (sql) {
    const id = identity(sql)
    yield* sql`CREATE TABLE line_items_schema (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      product TEXT NOT NULL,
      version INTEGER NOT NULL
    )`
    yield* sql`CREATE TABLE line_items_attempts (
      id ${id},
      job_id TEXT NOT NULL,
      epoch BIGINT,
      operation TEXT NOT NULL,
      inputs TEXT NOT NULL,
      first_input BIGINT NOT NULL,
      last_input BIGINT NOT NULL,
      begun_at BIGINT NOT NULL,
      ended_at BIGINT,
      acceptance TEXT,
      reason TEXT,
      outcomes TEXT
    )`
    yield* sql`CREATE INDEX line_items_attempts_by_job ON line_items_attempts (job_id, epoch)`
    // For the attempts with some inputs: mostly those are asked for that were sent last.
    yield* sql`CREATE INDEX line_items_attempts_by_input ON line_items_attempts (job_id, last_input)`
  }),
  Effect.fnUntraced(function* (sql) {
    const id = identity(sql)
    yield* sql`CREATE TABLE line_items_jobs (
      id TEXT PRIMARY KEY,
      state TEXT NOT NULL,
      frozen TEXT NOT NULL,
      digest TEXT,
      inputs BIGINT,
      created_at BIGINT NOT NULL,
      started_at BIGINT,
      completed_at BIGINT,
      suspension TEXT,
      cancel_requested INTEGER NOT NULL DEFAULT 0,
      epoch BIGINT NOT NULL,
      held_pid BIGINT,
      held_host TEXT,
      held_since BIGINT,
      held_until BIGINT
    )`
    yield* sql`CREATE INDEX line_items_jobs_by_time ON line_items_jobs (created_at, id)`
    const part = sql.literal("job_id TEXT NOT NULL REFERENCES line_items_jobs (id) ON DELETE CASCADE")
    // A small row that changes once. The large texts never change, or come once, and have tables of their own.
    yield* sql`CREATE TABLE line_items_batches (
      ${part},
      number BIGINT NOT NULL,
      first_index BIGINT NOT NULL,
      last_index BIGINT NOT NULL,
      sendable TEXT NOT NULL,
      digest TEXT NOT NULL,
      settled_at BIGINT,
      created INTEGER NOT NULL DEFAULT 0,
      rejected INTEGER NOT NULL DEFAULT 0,
      invalid INTEGER NOT NULL DEFAULT 0,
      not_sent INTEGER NOT NULL DEFAULT 0,
      in_doubt INTEGER NOT NULL DEFAULT 0,
      possible_duplicates INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (job_id, number)
    )`
    yield* sql`CREATE INDEX line_items_batches_unsettled ON line_items_batches (job_id, number)
      WHERE settled_at IS NULL`
    yield* sql`CREATE INDEX line_items_batches_by_index ON line_items_batches (job_id, first_index)`
    yield* sql`CREATE TABLE line_items_inputs (
      ${part},
      number BIGINT NOT NULL,
      items TEXT NOT NULL,
      PRIMARY KEY (job_id, number)
    )`
    yield* sql`CREATE TABLE line_items_outcomes (
      ${part},
      number BIGINT NOT NULL,
      outcomes TEXT NOT NULL,
      PRIMARY KEY (job_id, number)
    )`
    yield* sql`CREATE TABLE line_items_revisions (
      id ${id},
      ${part},
      input BIGINT NOT NULL,
      was TEXT NOT NULL,
      became TEXT NOT NULL,
      who TEXT NOT NULL,
      why TEXT NOT NULL,
      revised_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX line_items_revisions_by_job ON line_items_revisions (job_id, id)`
    yield* sql`CREATE TABLE line_items_limits (
      account TEXT PRIMARY KEY,
      paused_until BIGINT NOT NULL DEFAULT 0,
      others INTEGER NOT NULL DEFAULT 0,
      others_until BIGINT NOT NULL DEFAULT 0,
      day_limit BIGINT,
      day_remaining BIGINT,
      day_ends_at BIGINT
    )`
    yield* sql`CREATE TABLE line_items_slots (
      id ${id},
      account TEXT NOT NULL,
      pool TEXT NOT NULL,
      taken_at BIGINT NOT NULL,
      free_at BIGINT NOT NULL,
      under_way INTEGER NOT NULL
    )`
    yield* sql`CREATE INDEX line_items_slots_by_time ON line_items_slots (account, pool, free_at)`
    yield* sql.onDialectOrElse({ pg: () => takeSlot(sql), orElse: () => Effect.void })
  }),
  (sql) => sql.onDialectOrElse({ pg: () => workerKey(sql), orElse: () => Effect.void }),
  Effect.fnUntraced(function* (sql) {
    yield* withColumn(sql, "line_items_attempts", "digest")
    yield* withColumn(sql, "line_items_attempts", "end_digest")
    yield* withColumn(sql, "line_items_outcomes", "digest")
    yield* withColumn(sql, "line_items_jobs", "frozen_digest")
    // A digest that SQL itself can compute: a query that sums batches up compares it.
    yield* withColumn(sql, "line_items_batches", "seal")
    yield* digested(sql)
    // How many attempts a job has, so that a missing attempt is noticed.
    yield* sql`CREATE TABLE IF NOT EXISTS line_items_attempt_counts
      (job_id TEXT PRIMARY KEY, begun BIGINT NOT NULL)`
    yield* sql`DELETE FROM line_items_attempt_counts`
    yield* sql`INSERT INTO line_items_attempt_counts (job_id, begun)
      SELECT job_id, COUNT(*) FROM line_items_attempts GROUP BY job_id`
    yield* sql.onDialectOrElse({ pg: () => countOnPostgres(sql), orElse: () => countOnSqlite(sql) })
  })
]

/** Counts an attempt of the job, in the statement that begins the attempt. */
const count = (job: string) => `INSERT INTO line_items_attempt_counts (job_id, begun) VALUES (${job}, 1)
  ON CONFLICT (job_id) DO UPDATE SET begun = line_items_attempt_counts.begun + 1`

const countOnSqlite = (sql: SqlClient.SqlClient) =>
  sql`CREATE TRIGGER IF NOT EXISTS line_items_attempts_counted AFTER INSERT ON line_items_attempts
    BEGIN ${sql.literal(count("NEW.job_id"))}; END`

const countOnPostgres = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  // A worker of an older version that is already connected writes no digest, so it can begin no attempt any more.
  yield* sql`ALTER TABLE line_items_attempts ALTER COLUMN digest SET NOT NULL`
  yield* sql`CREATE OR REPLACE FUNCTION line_items_count_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN ${sql.literal(count("NEW.job_id"))}; RETURN NULL; END $$`
  yield* sql`DROP TRIGGER IF EXISTS line_items_attempts_counted ON line_items_attempts`
  yield* sql`CREATE TRIGGER line_items_attempts_counted AFTER INSERT ON line_items_attempts
    FOR EACH ROW EXECUTE FUNCTION line_items_count_attempt()`
})

/** Adds a column, if the table does not have it. */
const withColumn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, table: string, column: string) {
  const columns = yield* sql.onDialectOrElse({
    pg: () => sql`SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(${table}) AND attname = ${column}`,
    orElse: () => sql`SELECT 1 FROM pragma_table_info(${table}) WHERE name = ${column}`
  })
  if (columns.length === 0) yield* sql`ALTER TABLE ${sql(table)} ADD COLUMN ${sql(column)} TEXT`
})

/** Gives the rows of older versions their digests. As they are now, they are trusted. */
const digested = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  yield* sql`UPDATE line_items_batches SET seal = ${Digests.seal(sql)}`
  const attempts = sql<Digests.Attempt>`SELECT * FROM line_items_attempts WHERE digest IS NULL ORDER BY id LIMIT ${pageSize}`
  for (let rows = yield* attempts; rows.length > 0; rows = yield* attempts) {
    for (const row of rows) {
      yield* sql`UPDATE line_items_attempts
        SET digest = ${Digests.ofBegin(row)}, end_digest = ${Digests.ofEnd(row)} WHERE id = ${row.id}`
    }
  }
  const outcomes = sql<{ job_id: string; number: number; outcomes: string }>`
    SELECT job_id, number, outcomes FROM line_items_outcomes WHERE digest IS NULL LIMIT ${pageSize}`
  for (let rows = yield* outcomes; rows.length > 0; rows = yield* outcomes) {
    for (const row of rows) {
      const digest = Digests.ofOutcomes(row.job_id, row.number, row.outcomes)
      yield* sql`UPDATE line_items_outcomes SET digest = ${digest}
        WHERE job_id = ${row.job_id} AND number = ${row.number}`
    }
  }
  for (const row of yield* sql<{ id: string; frozen: string }>`SELECT id, frozen FROM line_items_jobs`) {
    yield* sql`UPDATE line_items_jobs SET frozen_digest = ${Digests.ofFrozen(row.id, row.frozen)}
      WHERE id = ${row.id}`
  }
})

/** Rows that are read at once. */
const pageSize = 500
