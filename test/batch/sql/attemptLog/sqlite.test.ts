import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as Migrations from "@effect-hubspot/batch/sql/Migrations"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { batch, defectOf, end, opened, suite } from "../../engine/attemptLog/suite.ts"
import { describeSqlError } from "../../../../packages/batch/src/model/StoreFailure.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "line-items-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

const newFile = Effect.map(folder, (path) => join(path, "state", "jobs.db"))

const logOf = (file: string) => Layer.provide(SqlAttemptLog.layer, Database.layerSqlite({ file }))

suite("the attempt log on SQLite", Effect.map(newFile, logOf))

/** The log and the client below it, on a file of its own. */
const both = Layer.unwrap(
  Effect.map(newFile, (file) => Layer.provideMerge(SqlAttemptLog.layer, Database.layerSqlite({ file })))
)

/** The error with which a file is refused, and that it stays as it was. */
const refused = (file: string) =>
  Effect.gen(function* () {
    const before = Fs.readFileSync(file)
    const error = yield* Effect.flip(Effect.provide(Effect.void, Layer.fresh(logOf(file))))
    assert.deepStrictEqual(Fs.readFileSync(file), before)
    assert.notInclude(error.message, "\n")
    return error
  })

/** A process that begins two attempts, ends the first, and is killed. */
const killed = (file: string) =>
  Effect.callback<{ readonly signal: string | null; readonly id: number; readonly errors: string }>(
    (resume) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, "killed.ts"), file])
      let id = ""
      let errors = ""
      child.stdout.on("data", (chunk) => (id += String(chunk)))
      child.stderr.on("data", (chunk) => (errors += String(chunk)))
      child.on("close", (_, signal) => resume(Effect.succeed({ signal, id: Number(id), errors })))
    }
  )

const onFile = (file: string, use: (database: DatabaseSync) => unknown) =>
  Effect.sync(() => {
    Fs.mkdirSync(join(file, ".."), { recursive: true })
    const database = new DatabaseSync(file)
    use(database)
    database.close()
    Fs.chmodSync(file, 0o600)
  })

const modeOf = (path: string) => (Fs.statSync(path).mode & 0o777).toString(8)

describe("the attempt log on SQLite, by itself", () => {
  it.effect("an attempt that began is there after its process was killed, without an end", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const { errors, id, signal } = yield* killed(file)
      assert.strictEqual(signal, "SIGKILL", errors)
      const attempts = yield* opened(logOf(file), (log) => log.attempts("job"))
      assert.deepStrictEqual(
        attempts.map(({ end, inputs }) => [inputs, end?.acceptance]),
        [
          [[0, 1], "Accepted"],
          [[2, 3], undefined]
        ]
      )
      assert.strictEqual(attempts[1]!.id, id)
      // And it can be ended by whoever comes next.
      yield* opened(logOf(file), (log) => log.end(attempts[1]!.id, end))
    })
  )

  it.effect("the file and those beside it are for their owner only, and so is a folder made for them", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* opened(logOf(file), (log) =>
        Effect.andThen(
          log.begin(batch),
          Effect.sync(() => {
            assert.strictEqual(modeOf(join(file, "..")), "700")
            for (const path of [file, `${file}-wal`, `${file}-shm`]) assert.strictEqual(modeOf(path), "600")
          })
        )
      )
      Fs.chmodSync(file, 0o644)
      yield* opened(logOf(file), (log) => log.begin(batch))
      assert.strictEqual(modeOf(file), "600")
    })
  )

  it.effect("a commit waits for the disk, in a write-ahead log", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(
        yield* Effect.all([
          sql`PRAGMA synchronous`.values,
          sql`PRAGMA journal_mode`.values,
          sql`PRAGMA foreign_keys`.values,
          sql`PRAGMA fullfsync`.values
        ]),
        [[[2]], [["wal"]], [[1]], [[1]]]
      )
      yield* sql`PRAGMA synchronous = NORMAL`
      const error = yield* Effect.flip(Migrations.migrate)
      assert.strictEqual(error.reason, "NotDurable")
      assert.include(error.message, "synchronous is not FULL; turn it on")
    }).pipe(Effect.provide(both))
  )

  it.effect("a database that takes no writes fails the begin and the end by type", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.AttemptLog
      const sql = yield* SqlClient.SqlClient
      const id = yield* log.begin(batch)
      yield* sql`PRAGMA query_only = ON`
      const begin = yield* Effect.flip(log.begin(batch))
      assert.strictEqual(begin.reason, "Unwritable")
      assert.strictEqual(
        begin.message,
        "attempt log: attempt to write a readonly database; nothing is sent that is not written down; repair the database and resume"
      )
      assert.strictEqual((yield* Effect.flip(log.end(id, end))).reason, "Unwritable")
      yield* sql`PRAGMA query_only = OFF`
      assert.deepStrictEqual(yield* log.attempts("job"), [{ ...batch, id, begunAtMillis: 0 }])
      yield* log.end(id, end)
    }).pipe(Effect.provide(both))
  )

  it.effect("a full disk fails the begin by type, and what was written before stays", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.AttemptLog
      const sql = yield* SqlClient.SqlClient
      const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
      yield* sql`PRAGMA max_page_count = ${sql.literal(String(pages!.page_count + 2))}`
      const begin = (n: number): Effect.Effect<readonly [number, AttemptLog.AttemptLogError]> =>
        log.begin({ ...batch, operation: "x".repeat(1000) }).pipe(
          Effect.matchEffect({
            onSuccess: () => begin(n + 1),
            onFailure: (error) => Effect.succeed([n, error] as const)
          })
        )
      const [begun, error] = yield* begin(0)
      assert.strictEqual(error.reason, "Unwritable")
      assert.include(error.message, "database or disk is full")
      assert.isAbove(begun, 0)
      assert.lengthOf(yield* log.attempts("job"), begun)
    }).pipe(Effect.provide(both))
  )

  it.effect("after an error of the disk nothing is trusted until the database is opened anew", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const script = join(import.meta.dirname, "diskError.ts")
      const { stderr, stdout } = spawnSync(
        "sh",
        ["-c", 'ulimit -f 300; exec "$@"', "sh", process.execPath, script, file],
        { encoding: "utf8" }
      )
      assert.notStrictEqual(stdout, "", stderr)
      const [begun, told] = JSON.parse(stdout) as [number, ReadonlyArray<string>]
      assert.isAbove(begun, 0)
      const detail = "attempt log: disk I/O error; "
      const advice = "nothing is sent that is not written down; repair the database and resume"
      assert.deepStrictEqual(told, [
        `${detail}${advice}`,
        `${detail}${advice}`,
        `${detail}restore the database, or check in HubSpot what was created`
      ])
      // What was confirmed before is there; of the one that failed nobody can tell.
      const attempts = yield* opened(logOf(file), (log) => log.attempts("job"))
      assert.include([begun, begun + 1], attempts.length)
    })
  )

  it.effect("a database that was closed fails by type, and not by a defect", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const log = yield* opened(logOf(file), Effect.succeed)
      assert.strictEqual((yield* Effect.flip(log.begin(batch))).reason, "Unwritable")
      assert.strictEqual((yield* Effect.flip(log.end(1, end))).reason, "Unwritable")
      const read = yield* Effect.flip(log.attempts("job"))
      assert.strictEqual(read.reason, "Unreadable")
      assert.strictEqual(
        read.message,
        "attempt log: database is not open; restore the database, or check in HubSpot what was created"
      )
    })
  )

  it.effect("a row that cannot be understood is an error that names it", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.AttemptLog
      const sql = yield* SqlClient.SqlClient
      const id = yield* log.begin(batch)
      yield* log.end(id, end)
      for (const damage of [
        sql`UPDATE line_items_attempts SET inputs = '3-1'`,
        sql`UPDATE line_items_attempts SET inputs = '0-2', outcomes = '[{"_tag":"Created"}]'`,
        sql`UPDATE line_items_attempts SET outcomes = '[', acceptance = 'Accepted'`,
        sql`UPDATE line_items_attempts SET outcomes = '[]', acceptance = 'Perhaps'`
      ]) {
        yield* damage
        const error = yield* Effect.flip(log.attempts("job"))
        assert.strictEqual(error.reason, "Unreadable")
        assert.include(error.message, `attempt ${id} is garbled`)
      }
    }).pipe(Effect.provide(both))
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

  it.effect("a text file is refused and left as it is", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "items.csv")
      Fs.writeFileSync(file, "name,price\n".repeat(500), { mode: 0o600 })
      const error = yield* refused(file)
      assert.strictEqual(error.reason, "Foreign")
      assert.strictEqual(
        error.message,
        "the job database cannot be used: file is not a database; use another database"
      )
    })
  )

  it.effect("a database of another program is refused and left as it is", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* onFile(file, (database) => database.exec("PRAGMA journal_mode=WAL; CREATE TABLE notes (text)"))
      const error = yield* refused(file)
      assert.strictEqual(error.reason, "Foreign")
      assert.include(error.message, "it is a database of another program; use another database")
      const other = yield* newFile
      yield* onFile(other, (database) => database.exec("PRAGMA journal_mode=WAL; PRAGMA application_id = 7"))
      assert.strictEqual((yield* refused(other)).reason, "Foreign")
    })
  )

  it.effect("tables of a newer version are refused and left as they are", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* opened(logOf(file), (log) => log.begin(batch))
      yield* onFile(file, (database) =>
        database.exec(`UPDATE line_items_schema SET version = ${Migrations.version + 1}`)
      )
      const error = yield* refused(file)
      assert.strictEqual(error.reason, "Newer")
      assert.include(
        error.message,
        `its tables are of version ${Migrations.version + 1}, and this version knows them up to ${Migrations.version}`
      )
      yield* onFile(file, (database) => database.exec("DELETE FROM line_items_schema"))
      assert.strictEqual((yield* refused(file)).reason, "Foreign")
      yield* onFile(file, (database) => database.exec("DROP TABLE line_items_schema"))
      assert.strictEqual((yield* refused(file)).reason, "Foreign")
    })
  )

  it.effect("a symbolic link, a folder, and a file that others may write to are refused", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const file = join(path, "jobs.db")
      yield* opened(logOf(file), (log) => log.begin(batch))
      const link = join(path, "link.db")
      Fs.symlinkSync(file, link)
      const toNothing = join(path, "nothing.db")
      Fs.symlinkSync(join(path, "not-there.db"), toNothing)
      for (const [name, message] of [
        [link, "link.db is a symbolic link"],
        [toNothing, "nothing.db is a symbolic link"],
        [path, "is no regular file"]
      ] as const) {
        const error = yield* Effect.flip(Effect.provide(Effect.void, Layer.fresh(logOf(name))))
        assert.strictEqual(error.reason, "Unreadable")
        assert.include(error.message, message)
      }
      assert.isFalse(Fs.existsSync(join(path, "not-there.db")))
      Fs.chmodSync(file, 0o622)
      const open = yield* refused(file)
      assert.include(open.message, "others may write to jobs.db")
      assert.strictEqual(modeOf(file), "622")
    })
  )

  it.effect("several processes may open a new database at once, and may all be killed", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const ends = yield* Effect.forEach([1, 2, 3, 4], () => killed(file), { concurrency: "unbounded" })
      for (const { errors, signal } of ends) assert.strictEqual(signal, "SIGKILL", errors)
      const attempts = yield* opened(logOf(file), (log) => log.attempts("job"))
      assert.lengthOf(attempts, 8)
      assert.deepStrictEqual(
        attempts.filter(({ end }) => end === undefined).map(({ id }) => id),
        ends.map(({ id }) => id).sort((a, b) => a - b)
      )
    })
  )
})

describe("the SQL client on SQLite", () => {
  const client = Layer.unwrap(Effect.map(newFile, (file) => Database.layerSqlite({ file, busyMillis: 0 })))

  it.effect("tells a unique violation and a wrong statement apart", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE t (x INTEGER UNIQUE, y TEXT NOT NULL)`
      yield* sql`INSERT INTO t ${sql.insert({ x: 1, y: "a" })}`
      const unique = yield* Effect.flip(sql`INSERT INTO t VALUES (${1}, ${"b"})`)
      assert.strictEqual(unique.reason._tag, "UniqueViolation")
      const missing = yield* Effect.flip(sql`INSERT INTO t VALUES (${2}, ${undefined})`)
      assert.strictEqual(missing.reason._tag, "ConstraintError")
      const wrong = yield* Effect.flip(sql`SELEC 1`)
      assert.strictEqual(wrong.reason._tag, "UnknownError")
      assert.include(describeSqlError(wrong), 'near "SELEC": syntax error')
      const type = yield* Effect.flip(sql`SELECT ${new Date(0)}`)
      assert.strictEqual(type.reason._tag, "UnknownError")
    }).pipe(Effect.provide(client))
  )

  it.effect("a lock of another process is a lock timeout", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const layer = Database.layerSqlite({ file, busyMillis: 1 })
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE t (x)`
        const other = new DatabaseSync(file)
        other.exec("BEGIN IMMEDIATE")
        const busy = yield* Effect.flip(sql`INSERT INTO t VALUES (1)`)
        assert.strictEqual(busy.reason._tag, "LockTimeoutError")
        assert.isTrue(busy.isRetryable)
        other.exec("COMMIT")
        other.close()
        yield* sql`INSERT INTO t VALUES (1)`
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("a transaction has the right to write from its begin", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE t (x)`
        const other = new DatabaseSync(file)
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`SELECT x FROM t`
            // Had it a say here, the write that follows could not be made on what was read.
            assert.throws(() => other.exec("INSERT INTO t VALUES (1)"), "database is locked")
            yield* sql`INSERT INTO t VALUES (2)`
          })
        )
        other.close()
        assert.deepStrictEqual(yield* sql`SELECT x FROM t`.values, [[2]])
      }).pipe(Effect.provide(Database.layerSqlite({ file })))
    })
  )

  it.effect("transactions of many fibers come one after the other, and a failed one leaves nothing", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE t (x INTEGER)`
      yield* sql`INSERT INTO t VALUES (0)`
      const add = (fails: boolean) =>
        sql.withTransaction(
          Effect.gen(function* () {
            const [row] = yield* sql<{ x: number }>`SELECT x FROM t`
            yield* Effect.yieldNow
            yield* sql`UPDATE t SET x = ${row!.x + 1}`
            if (fails) return yield* Effect.fail("no")
          })
        )
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n),
        (n) => Effect.exit(add(n % 4 === 0)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(exits.filter(Exit.isFailure), 5)
      assert.deepStrictEqual(yield* sql`SELECT x FROM t`.values, [[15]])
    }).pipe(Effect.provide(client))
  )

  it.effect("a failed part of a transaction is undone, and the rest is kept", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE t (x INTEGER)`
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`INSERT INTO t VALUES (1)`
          yield* Effect.exit(
            sql.withTransaction(Effect.andThen(sql`INSERT INTO t VALUES (2)`, Effect.fail("no")))
          )
          yield* sql.withTransaction(sql`INSERT INTO t VALUES (3)`)
        })
      )
      assert.deepStrictEqual(yield* sql`SELECT x FROM t ORDER BY x`.values, [[1], [3]])
    }).pipe(Effect.provide(client))
  )

  it.effect("values go in and come out as they are, large numbers as such if asked for", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const bytes = new Uint8Array([1, 2, 3])
      assert.deepStrictEqual(
        yield* sql`SELECT ${1.5} AS a, ${"x"} AS b, ${null} AS c, ${true} AS d, ${bytes} AS e`.values,
        [[1.5, "x", null, 1, bytes]]
      )
      assert.deepStrictEqual(
        yield* sql`SELECT ${2n ** 60n} AS a`.values.pipe(Effect.provideService(SqlClient.SafeIntegers, true)),
        [[2n ** 60n]]
      )
      assert.deepStrictEqual(yield* sql`SELECT 1 AS a`.values, [[1]])
      assert.deepInclude(yield* sql`CREATE TABLE t (x)`.raw, { changes: 0 })
      assert.deepInclude(yield* sql`INSERT INTO t VALUES (1), (2)`.raw, { changes: 2 })
    }).pipe(Effect.provide(client))
  )
})
