/**
 * Effect's SQL client on Node's own SQLite: one database, one connection, one statement at a time.
 *
 * A confirmed commit is on the disk (`synchronous=FULL`), unless it is `Unsynced`. Only the user can read the file. After
 * an error of the disk every statement fails until the database is opened again. It is no general driver: it has no
 * pool, a statement blocks the process until it is done, and a stream reads all its rows first.
 *
 * This file needs `node:sqlite` (Node 22.13 or later), so other modules load it by `import()` only.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Reactivity } from "effect/reactivity/Reactivity"
import { PreventSchedulerYield } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, LockTimeoutError, SqlError, UnknownError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { lockedBy } from "./LockHolder.ts"
import { Unsynced } from "./Unsynced.ts"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The path of the database, or `:memory:`. A missing folder is made. */
  readonly file: string
  /** How long a statement waits while another process locks the database, in milliseconds. Default 5000. */
  readonly busyMillis?: number | undefined
}

/**
 * The client on a database that is open until the scope ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError, Scope.Scope | Reactivity> {
  const database = yield* Effect.acquireRelease(open(options), (database) =>
    Effect.sync(() => {
      if (database.isOpen) database.close()
    })
  )
  const connection = makeConnection(database, options.file)
  const acquirers = SqlClient.makeSqliteAcquirers({
    connection: Effect.succeed(connection),
    semaphore: yield* Semaphore.make(1),
    isTransaction: () => database.isOpen && database.isTransaction
  })
  const client = yield* SqlClient.make({
    ...acquirers,
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    // A transaction that begins as a reader may fail to become a writer, and waiting would not help.
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
  const { withTransaction } = client
  // A process that is suspended in a transaction locks the file for all others. A transaction that awaits nothing takes
  // one turn of the event loop, and Ctrl-Z suspends the command between two turns.
  return Object.assign(client, {
    withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.provideService(withTransaction(effect), PreventSchedulerYield, true)
  })
})

const open = ({ busyMillis = 5000, file }: Options): Effect.Effect<DatabaseSync, SqlError> =>
  Effect.gen(function* () {
    const inMemory = file === ":memory:"
    if (!inMemory) yield* attempt("open", file, () => prepareFile(file))
    const database = yield* attempt(
      "open",
      file,
      () =>
        new DatabaseSync(inMemory ? file : Path.resolve(file), {
          timeout: busyMillis,
          enableForeignKeyConstraints: true
        })
    )
    return yield* attempt("open", file, () => {
      const mode = database.prepare("PRAGMA journal_mode=WAL").get()?.journal_mode
      if (mode !== "wal" && !inMemory) {
        throw new Error(`the database cannot have a write-ahead log (it has ${String(mode)})`)
      }
      // `fullfsync` is for macOS, where a plain fsync leaves the data in the cache of the drive.
      database.exec("PRAGMA synchronous=FULL; PRAGMA fullfsync=ON")
      return database
    }).pipe(Effect.tapError(() => Effect.sync(() => database.close())))
  })

/** Checks the files. SQLite gives `-wal` and `-shm`, the files beside the database, the same mode as the database. */
const prepareFile = (file: string): void => {
  Fs.mkdirSync(Path.dirname(file), { recursive: true, mode: 0o700 })
  // The file is made before it is checked: several processes may open a new database at once.
  makeFile(file)
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const stat = Fs.lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) continue
    if (stat.isSymbolicLink()) throw new Error(`${Path.basename(path)} is a symbolic link`)
    if (!stat.isFile()) throw new Error(`${Path.basename(path)} is no regular file`)
    if (process.platform === "win32") continue
    if ((stat.mode & 0o022) !== 0) throw new Error(`others may write to ${Path.basename(path)}`)
    if ((stat.mode & 0o077) !== 0) Fs.chmodSync(path, 0o600)
  }
}

/** Makes the file, if there is none. Opening and closing an existing file would free the locks that SQLite holds on it. */
const makeFile = (file: string): void => {
  try {
    Fs.closeSync(Fs.openSync(file, "wx", 0o600))
  } catch (error) {
    if (!Predicate.hasProperty(error, "code") || error.code !== "EEXIST") throw error
  }
}

const makeConnection = (database: DatabaseSync, file: string): Connection => {
  const statements = new Map<string, StatementSync>()
  let broken: SqlError | undefined
  let isUnsynced = false

  const path = Path.resolve(file)
  const identity = (): string => {
    if (file === ":memory:") return file
    const stat = Fs.statSync(path, { throwIfNoEntry: false, bigint: true })
    return `${stat?.dev}:${stat?.ino}`
  }
  const opened = identity()

  /** SQLite would continue with a file that was removed, while other processes make a new one. */
  const checkFile = () => {
    if (database.isTransaction || identity() === opened) return
    throw new Error(`${Path.basename(file)} was removed or replaced`)
  }

  /** The durability of a transaction is set before it begins. */
  const setDurability = (unsynced: boolean) => {
    if (unsynced === isUnsynced || database.isTransaction) return
    database.exec(`PRAGMA synchronous=${unsynced ? "NORMAL" : "FULL"}`)
    isUnsynced = unsynced
  }

  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    // This library sends a handful of texts. A caller that generates them must not fill the memory.
    if (statements.size >= 200) statements.clear()
    statements.set(sql, statement)
    return statement
  }

  const run = <A>(
    prepare: (sql: string) => StatementSync,
    sql: string,
    params: ReadonlyArray<unknown>,
    use: (statement: StatementSync, values: Array<SQLInputValue>) => A,
    arrays = false
  ): Effect.Effect<A, SqlError> =>
    Effect.withFiber((fiber) => {
      const bigInts = fiber.getRef(SqlClient.SafeIntegers)
      const unsynced = fiber.getRef(Unsynced)
      if (broken !== undefined) return Effect.fail(broken)
      return attempt("execute", path, () => {
        checkFile()
        setDurability(unsynced)
        const statement = prepare(sql)
        statement.setReadBigInts(bigInts)
        statement.setReturnArrays(arrays)
        return use(statement, params.map(toSqlite))
      }).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            // After a failed write or sync the content of the disk is unknown, even if the next write succeeds.
            if (isDamage(error)) broken = error
          })
        )
      )
    })

  const unprepared = (sql: string) => database.prepare(sql)
  const rows = (statement: StatementSync, values: Array<SQLInputValue>) => statement.all(...values)
  const values = (statement: StatementSync, values: Array<SQLInputValue>) =>
    // Node's types always say records.
    statement.all(...values) as unknown as ReadonlyArray<ReadonlyArray<unknown>>

  const executing =
    (prepare: (sql: string) => StatementSync): Connection["execute"] =>
    (sql, params, transform) => {
      const found = run(prepare, sql, params, rows)
      return transform === undefined ? found : Effect.map(found, transform)
    }
  const execute = executing(prepared)

  return {
    execute,
    executeRaw: (sql, params) =>
      run(prepared, sql, params, (statement, values) =>
        statement.columns().length > 0 ? statement.all(...values) : statement.run(...values)
      ),
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(Effect.map(execute(sql, params, transformRows), Stream.fromIterable)),
    executeValues: (sql, params) => run(prepared, sql, params, values, true),
    executeValuesUnprepared: (sql, params) => run(unprepared, sql, params, values, true),
    executeUnprepared: executing(unprepared)
  }
}

/** The primary result code of SQLite. */
const codeOf = (cause: unknown): number | undefined =>
  Predicate.hasProperty(cause, "errcode") ? Number(cause.errcode) & 0xff : undefined

/** SQLITE_BUSY */
const busy = 5

/** SQLITE_IOERR and SQLITE_CORRUPT */
const isDamage = ({ reason: { cause } }: SqlError): boolean => [10, 11].includes(codeOf(cause) ?? 0)

const toSqlite = (value: unknown): SQLInputValue => {
  if (value === undefined || value === null) return null
  if (typeof value === "boolean") return value ? 1 : 0
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value
  if (value instanceof Uint8Array) return value
  // Node would take an object for named parameters, and write NULL for all of them.
  throw new TypeError("SQLite has no type for this value")
}

/** Node has SQLite's result code in `errcode`; Effect looks for it in `errno`. */
const attempt = <A>(
  operation: "open" | "execute",
  file: string,
  evaluate: () => A
): Effect.Effect<A, SqlError> =>
  Effect.try({
    try: evaluate,
    catch: (thrown) => {
      const details = { message: `SQLite failed to ${operation}`, operation }
      if (codeOf(thrown) === busy) {
        return new SqlError({ reason: new LockTimeoutError({ ...details, cause: lockedBy(file) }) })
      }
      // Neither our own refusals nor errors in a statement pass by themselves.
      const reason =
        thrown instanceof Error && "errcode" in thrown
          ? classifySqliteError(Object.assign(thrown, { errno: thrown.errcode }), details)
          : new UnknownError({ ...details, cause: thrown })
      return new SqlError({ reason })
    }
  })
