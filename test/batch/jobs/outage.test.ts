/**
 * Durable jobs whose database fails while HubSpot answers, in virtual time: for a moment, for good, or only in confirming
 * what it has committed. The faults are below the SQL client, so the statements are the real ones.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import type { Outcome, Source } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Layer, Semaphore } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, SqlError, Statement } from "effect/sql"
import type { SqlConnection } from "effect/sql"
import { TestClock } from "effect/testing"
import * as StoreFailure from "../../../packages/batch/src/model/StoreFailure.ts"
import * as HubSpot from "../../support/hubspot.ts"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"
import { join } from "../../support/virtualTime.ts"

/** What becomes of a statement: it is refused, or done and not confirmed. */
type Fault = "refused" | "unconfirmed" | undefined

const gone = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("the connection was lost") })
})

/** A database in memory whose statements fail as told. */
const failing = (fault: (statement: string) => Fault) => {
  const through = <A>(statement: string, run: Effect.Effect<A, SqlError.SqlError>) =>
    Effect.suspend(() => {
      switch (fault(statement.replace(/\s+/g, " ").trim().replaceAll('"', ""))) {
        case "refused":
          return Effect.fail(gone)
        case "unconfirmed":
          return Effect.andThen(run, Effect.fail(gone))
        case undefined:
          return run
      }
    })
  const database = Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const real = yield* (yield* SqlClient.SqlClient).reserve
      const connection: SqlConnection.Connection = {
        ...real,
        execute: (sql, ...more) => through(sql, real.execute(sql, ...more)),
        executeRaw: (sql, ...more) => through(sql, real.executeRaw(sql, ...more)),
        executeValues: (sql, ...more) => through(sql, real.executeValues(sql, ...more)),
        executeUnprepared: (sql, ...more) => through(sql, real.executeUnprepared(sql, ...more))
      }
      return yield* SqlClient.make({
        ...SqlClient.makeSqliteAcquirers({
          connection: Effect.succeed(connection),
          semaphore: yield* Semaphore.make(1)
        }),
        compiler: Statement.makeCompilerSqlite(),
        driver: "failing",
        spanAttributes: []
      })
    })
  ).pipe(Layer.provide([Database.layerSqlite({ file: ":memory:" }), Reactivity.layer]))
  return Layer.mergeAll(SqlJobStore.layer, SqlAttemptLog.layer).pipe(
    Layer.provideMerge(database),
    Layer.merge(HubSpot.layer({ emulator: { latency: { min: 1000, max: 1000 } } }))
  )
}

const planned = Effect.fnUntraced(function* (batchSize = 2, batches = 3) {
  const jobs = yield* JobStore.JobStore
  const inputs = batches * batchSize
  const claim = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize } })
  yield* jobs.append(claim, yield* batchesOf(rowsOf(inputs), { batchSize }))
  yield* jobs.planned(claim, { digest: "d", inputs })
  return jobs
})

const inputs = 6

const ledger = Effect.flatMap(Emulator, ({ ledger }) => ledger)

const creates = Effect.map(
  ledger,
  ({ requests }) => requests.filter(({ path }) => path.endsWith("/batch/create")).length
)

/** Until it is so; what is not done in virtual time, such as a digest, takes its time. */
const until = <A, R>(
  look: Effect.Effect<A, never, R>,
  is: (found: A) => boolean,
  step = "50 millis" as const
) =>
  Effect.gen(function* () {
    while (!is(yield* look)) yield* TestClock.adjust(step)
  })

const ended = <A, E>(running: Fiber.Fiber<A, E>) => join(running, "50 millis")

/** A run of the job that begins, and what it says of outcomes that are not written down. */
const begun = (taking: Partial<JobStore.Taking> = {}) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    const unsettled: Array<Outcome.Outcome<Source.Row>> = []
    const stop = yield* Deferred.make<void>()
    const claim = yield* jobs.claim("a", { holder, ...taking })
    const running = yield* Effect.forkChild(
      Effect.scoped(
        JobRunner.run(claim, {
          stop,
          onUnsettled: (outcomes) => Effect.sync(() => void unsettled.push(...outcomes))
        })
      )
    )
    return { running, unsettled, claim, stop }
  })

/** The job is run to its end by others, and nothing of it is there twice. */
const finish = Effect.fnUntraced(function* (taking: Partial<JobStore.Taking> = {}) {
  const jobs = yield* JobStore.JobStore
  if ((yield* jobs.get("a")).state !== "done") {
    const { running } = yield* begun({ holder: other, ...taking })
    assert.strictEqual((yield* ended(running))._tag, "Complete")
  }
  const { created } = yield* ledger
  const names = created.map(({ properties }) => properties["name"])
  assert.lengthOf(new Set(names), names.length, "something is there twice")
  const counts = yield* jobs.counts("a")
  return { ...counts, stored: created.length }
})

const suspensionOf = Effect.map(
  Effect.flatMap(JobStore.JobStore, (jobs) => jobs.get("a")),
  ({ state, suspension }) => [state, suspension?.reason]
)

describe("a job whose database is away", () => {
  it.effect(
    "F61 for two seconds loses no answer, sends nothing meanwhile, and goes on with the next run",
    () => {
      let away = false
      return Effect.gen(function* () {
        const jobs = yield* planned()
        const { running, unsettled } = yield* begun()
        yield* until(creates, (n) => n > 0)
        away = true
        const before = yield* creates
        // The answers come, and cannot be written down.
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* creates, before)
        assert.isUndefined(running.pollUnsafe())
        away = false
        const end = yield* ended(running)
        assert.strictEqual(yield* creates, before)
        assert.deepStrictEqual(unsettled, [])
        const { created, inDoubt, settledBatches } = yield* jobs.counts("a")
        assert.deepStrictEqual([created, inDoubt, settledBatches], [before * 2, 0, before])
        if (before < 3) {
          assert.strictEqual(end._tag, "Suspended")
          assert.deepStrictEqual(yield* suspensionOf, ["suspended", "database"])
        } else assert.strictEqual(end._tag, "Complete")
        assert.deepInclude(yield* finish(), { created: inputs, inDoubt: 0, stored: inputs })
      }).pipe(Effect.provide(failing(() => (away ? "refused" : undefined))))
    }
  )

  it.effect("F61 for good ends after half a minute, with what it knows, and none of it is sent again", () => {
    let away = false
    return Effect.gen(function* () {
      yield* planned()
      const { claim, running, unsettled } = yield* begun()
      yield* until(creates, (n) => n > 0)
      away = true
      const from = yield* Clock.currentTimeMillis
      const end = yield* ended(running)
      const millis = (yield* Clock.currentTimeMillis) - from
      assert.isAtLeast(millis, 30_000)
      assert.isAtMost(millis, 40_000)
      assert.deepInclude(end, { _tag: "Suspended" })
      if (end._tag !== "Suspended") return
      assert.strictEqual(end.suspension.reason, "database")
      assert.instanceOf(end.unwritten, JobStore.JobStoreError)
      const { created } = yield* ledger
      assert.deepStrictEqual(
        unsettled.map((outcome) => (outcome._tag === "Created" ? outcome.id : outcome._tag)).sort(),
        created.map(({ id }) => id).sort()
      )
      away = false
      const after = yield* finish({ insteadOf: claim.epoch })
      assert.deepInclude(after, { inDoubt: created.length, stored: inputs })
      assert.strictEqual(after.created + after.inDoubt, inputs)
    }).pipe(Effect.provide(failing(() => (away ? "refused" : undefined))))
  })

  it.effect("where it reads on lets what is under way come to its end", () => {
    let pages = 0
    return Effect.gen(function* () {
      const batches = 25
      const jobs = yield* planned(2, batches)
      const { running } = yield* begun()
      assert.deepInclude(yield* ended(running), { _tag: "Suspended" })
      assert.deepStrictEqual(yield* suspensionOf, ["suspended", "database"])
      const { created, inDoubt } = yield* jobs.counts("a")
      const { stored } = yield* finish()
      assert.deepStrictEqual([created % 2, inDoubt, stored], [0, 0, 2 * batches])
    }).pipe(
      Effect.provide(
        failing((statement) =>
          /^SELECT .* FROM line_items_batches .* LIMIT/.test(statement) && ++pages === 2
            ? "refused"
            : undefined
        )
      )
    )
  })

  for (const [name, what] of [
    ["the end of an attempt", /^UPDATE line_items_attempts/],
    ["the outcomes of a batch", /^COMMIT/],
    ["the end of the job", /^UPDATE line_items_jobs SET state = .*completed_at/],
    ["its suspension", /^UPDATE line_items_jobs SET state = .*suspension/]
  ] as const) {
    it.effect(`only in confirming ${name} is believed to have it when it is written again`, () => {
      let lost = 0
      let isRunning = false
      return Effect.gen(function* () {
        yield* planned()
        isRunning = true
        const { running, stop, unsettled } = yield* begun()
        if (name === "its suspension") {
          yield* until(creates, (n) => n > 0)
          yield* Deferred.succeed(stop, undefined)
        }
        const end = yield* ended(running)
        assert.isAbove(lost, 0)
        assert.include(["Suspended", "Complete", "Stopped"], end._tag)
        assert.deepStrictEqual(unsettled, [])
        assert.deepInclude(yield* finish(), { created: inputs, inDoubt: 0, stored: inputs })
      }).pipe(
        Effect.provide(
          failing((statement) =>
            isRunning && what.test(statement) && lost++ === 0 ? "unconfirmed" : undefined
          )
        )
      )
    })
  }

  it.effect("F61 because a disk is full is suspended for it, and goes on when there is room", () =>
    Effect.gen(function* () {
      const jobs = yield* planned(100)
      const sql = yield* SqlClient.SqlClient
      const { running } = yield* begun()
      yield* until(creates, (n) => n > 0)
      // What takes no room can still be written.
      const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
      yield* sql`PRAGMA max_page_count = ${sql.literal(String(pages!.page_count))}`
      const end = yield* ended(running)
      assert.deepInclude(end, { _tag: "Suspended" })
      assert.deepStrictEqual(yield* suspensionOf, ["suspended", "disk"])
      yield* sql`PRAGMA max_page_count = 100000`
      const { created, inDoubt, stored } = yield* finish()
      assert.deepStrictEqual([created + inDoubt, stored], [300, 300])
      assert.strictEqual((yield* jobs.get("a")).state, "done")
    }).pipe(Effect.provide(failing(() => undefined)))
  )

  it.effect("and a batch that is not as it was planned ends no other, and waits for a person", () =>
    Effect.gen(function* () {
      const jobs = yield* planned()
      const sql = yield* SqlClient.SqlClient
      yield* sql`UPDATE line_items_inputs SET items = REPLACE(items, 'Seat 4', 'Sofa 4')`
      const { running } = yield* begun()
      assert.deepInclude(yield* ended(running), { _tag: "Suspended" })
      assert.deepStrictEqual(yield* suspensionOf, ["suspended", "operator"])
      const { created, inDoubt } = yield* jobs.counts("a")
      assert.deepStrictEqual([created, inDoubt], [(yield* ledger).created.length, 0])
    }).pipe(Effect.provide(failing(() => undefined)))
  )
})

describe("why a database failed", () => {
  const sqlite = (errcode: number) =>
    new SqlError.SqlError({
      reason: SqlError.classifySqliteError(Object.assign(new Error(), { errcode, errno: errcode }))
    })
  const postgres = (code: string) =>
    new SqlError.SqlError({
      reason: new SqlError.UnknownError({ cause: Object.assign(new Error(), { code }) })
    })
  const log = (cause: unknown, reason: "Unwritable" | "Unreadable" | "Fenced" = "Unwritable") =>
    new AttemptLog.AttemptLogError({ reason, detail: "d", ...(cause !== undefined && { cause }) })

  for (const [name, error, passes, reason] of [
    ["the connection was lost", log(gone), true, "database"],
    ["SQLITE_BUSY", log(sqlite(5)), true, "database"],
    ["SQLITE_FULL", log(sqlite(13)), true, "disk"],
    ["SQLITE_IOERR_WRITE", log(sqlite(778)), false, "disk"],
    ["SQLITE_CORRUPT", log(sqlite(11)), false, "disk"],
    ["SQLITE_READONLY", log(sqlite(8)), false, "disk"],
    ["PostgreSQL's disk is full", log(postgres("53100")), true, "disk"],
    ["too many connections", log(postgres("53300")), true, "database"],
    ["no connections are accepted", log(postgres("55000")), true, "database"],
    ["it is shut down", log(postgres("57P01")), true, "database"],
    ["it starts", log(postgres("57P03")), true, "database"],
    ["it may only be read", log(postgres("25006")), true, "database"],
    ["an I/O error", log(postgres("58030")), true, "disk"],
    ["a number is too large", log(postgres("22003")), false, "disk"],
    ["a log of another kind is full", log(undefined), true, "disk"],
    ["a row is garbled", log(undefined, "Unreadable"), false, "operator"],
    ["another run has the job", log(undefined, "Fenced"), false, "operator"]
  ] as const) {
    it(name, () => {
      assert.strictEqual(StoreFailure.mayPass(error), passes)
      assert.strictEqual(StoreFailure.suspensionOf(error), reason)
    })
  }
})
