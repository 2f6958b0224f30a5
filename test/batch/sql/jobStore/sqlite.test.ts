import { JobStore } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as Migrations from "@effect-hubspot/batch/sql/Migrations"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { batchesOf, created, frozen, holder, planned, rowsOf, settlement, suite } from "./suite.ts"

const newFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "line-items-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  ),
  (path) => join(path, "jobs.db")
)

const entryOf = (index: number): AttemptLog.Entry => ({
  _tag: "Created",
  index,
  id: String(1000 + index),
  via: "response",
  possibleDuplicate: false
})

const on = (file: string) => Layer.provideMerge(SqlJobStore.layer, Database.layerSqlite({ file }))

suite("the job store on SQLite", Effect.map(newFile, on))

/** A process that plans, and is killed in the middle of it. */
const killed = (file: string) =>
  Effect.callback<{ readonly signal: string | null; readonly errors: string }>((resume) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "killed.ts"), file])
    let errors = ""
    child.stderr.on("data", (chunk) => (errors += String(chunk)))
    child.on("close", (_, signal) => resume(Effect.succeed({ signal, errors })))
  })

describe("the job store on SQLite, by itself", () => {
  it.effect("a job whose planner was killed is planned anew, and nothing of the old plan is left", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const { errors, signal } = yield* killed(file)
      assert.strictEqual(signal, "SIGKILL", errors)
      yield* Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        const left = yield* jobs.get("a")
        assert.deepStrictEqual([left.state, left.epoch], ["planning", 1])
        assert.strictEqual((yield* jobs.counts("a")).batches, 3)
        // The child's clock was the real one; ours is at 0, and its lease too far away to be one.
        const claim = yield* jobs.create({ id: "a", frozen, holder })
        yield* jobs.append(claim, yield* batchesOf(rowsOf(2)))
        yield* jobs.planned(claim, { digest: "d", inputs: 2 })
        assert.strictEqual((yield* jobs.counts("a")).batches, 1)
      }).pipe(Effect.provide(on(file)))
    })
  )

  it.effect("a full disk fails the settlement by type, and it can be made again when there is room", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const sql = yield* SqlClient.SqlClient
      const batches = yield* planned(jobs, rowsOf(400))
      const claim = yield* jobs.claim("a", { holder })
      const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
      yield* sql`PRAGMA max_page_count = ${sql.literal(String(pages!.page_count))}`
      const errors: Array<unknown> = []
      for (const batch of batches) {
        yield* Effect.catch(jobs.settle(claim, [settlement(batch)]), (error) =>
          Effect.sync(() => errors.push(error))
        )
      }
      assert.isAbove(errors.length, 0)
      const [error] = errors
      assert.instanceOf(error, JobStore.JobStoreError)
      assert.strictEqual(error.reason, "Unwritable")
      assert.strictEqual(error.message, "job store: database or disk is full; repair the database and resume")
      const { open, settledBatches } = yield* jobs.counts("a")
      assert.deepStrictEqual([settledBatches, open], [200 - errors.length, errors.length * 2])
      yield* sql`PRAGMA max_page_count = 100000`
      const left = yield* Stream.runCollect(jobs.unsettled("a"))
      yield* jobs.settle(claim, left.map(settlement))
      yield* jobs.complete(claim, "done")
    }).pipe(Effect.provide(Layer.unwrap(Effect.map(newFile, on))))
  )

  it.effect("no transaction is open while anything else of its process goes on", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const rows = rowsOf(20_000)
      const batches = yield* batchesOf(rows, { batchSize: 100 })
      yield* Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        // Ctrl-Z stops the command between two turns of its loop, and that is when this looks.
        const other = new DatabaseSync(file, { timeout: 0 })
        const found = { free: 0, locked: 0 }
        let looking: NodeJS.Immediate
        const look = () => {
          looking = setImmediate(look)
          try {
            other.exec("BEGIN IMMEDIATE; ROLLBACK")
            found.free++
          } catch {
            found.locked++
          }
        }
        look()
        const planning = yield* jobs.create({ id: "a", frozen, holder })
        yield* jobs.append(planning, batches)
        yield* jobs.planned(planning, { digest: "d", inputs: rows.length })
        const claim = yield* jobs.claim("a", { holder })
        const doubt = ({ index }: { readonly index: number }): Job.Entry => ({
          _tag: "InDoubt",
          index,
          evidence: { _tag: "Abandoned", text: "" }
        })
        yield* jobs.settle(
          claim,
          batches.map(({ items, number }) => ({ number, outcomes: items.map(doubt) }))
        )
        const outcomes = rows.slice(0, 300).map(({ index }) => created(index))
        yield* jobs.revise(claim, { outcomes, who: "w", why: "y" })
        yield* jobs.complete(claim, "done")
        yield* jobs.forget({ olderThan: 0 })
        clearImmediate(looking!)
        other.close()
        assert.deepStrictEqual(found, { free: found.free, locked: 0 })
        assert.isAbove(found.free, 1)
      }).pipe(Effect.provide(on(file)))
    })
  )

  it.effect("tables of a newer version are refused", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      yield* Effect.provide(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`UPDATE line_items_schema SET version = ${Migrations.version + 1}`
        ),
        Layer.fresh(on(file))
      )
      const error = yield* Effect.flip(Effect.provide(JobStore.JobStore, Layer.fresh(on(file))))
      assert.strictEqual(error.reason, "Newer")
    })
  )

  /** Takes back what version 4 made of the tables. */
  const asVersion3 = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TRIGGER line_items_attempts_counted`
    yield* sql`DROP TABLE line_items_attempt_counts`
    for (const [table, column] of [
      ["attempts", "digest"],
      ["attempts", "end_digest"],
      ["outcomes", "digest"],
      ["jobs", "frozen_digest"],
      ["batches", "seal"]
    ] as const) {
      yield* sql`ALTER TABLE ${sql(`line_items_${table}`)} DROP COLUMN ${sql(column)}`
    }
    yield* sql`UPDATE line_items_schema SET version = 3`
  })

  it.effect("tables of the version before are brought up to date, and what is in them stays", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const table of ["revisions", "outcomes", "inputs", "batches", "jobs", "limits", "slots"]) {
        yield* sql`DROP TABLE ${sql(`line_items_${table}`)}`
      }
      yield* sql`INSERT INTO line_items_attempts (job_id, operation, inputs, first_input, last_input, begun_at) VALUES ('a', 'x', '0', 0, 0, 1)`
      yield* sql`UPDATE line_items_schema SET version = 1`
      yield* Migrations.migrate
      const jobs = yield* Effect.provide(JobStore.JobStore, SqlJobStore.layer)
      yield* planned(jobs, rowsOf(3), "b")
      assert.deepStrictEqual(yield* sql`SELECT job_id FROM line_items_attempts`.values, [["a"]])
    }).pipe(Effect.provide(Layer.unwrap(Effect.map(newFile, on))))
  )

  it.effect("rows of version 3 get their digests, and are what they were", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const log = yield* Effect.provide(AttemptLog.AttemptLog, SqlAttemptLog.layer)
      const batches = yield* planned(jobs, rowsOf(1300, [1]))
      const claim = yield* jobs.claim("a", { holder })
      yield* jobs.settle(claim, batches.slice(0, 600).map(settlement))
      for (const [n, batch] of batches.slice(0, 602).entries()) {
        const inputs = batch.items.map(({ index }) => index)
        const id = yield* log.begin({ jobId: "a", operation: "batchCreate", inputs, epoch: claim.epoch })
        if (n < 600) yield* log.end(id, { acceptance: "Accepted", outcomes: inputs.map(entryOf) })
        if (n === 600) yield* log.unfinished(id, { status: "PENDING" })
      }
      const look = Effect.all([
        jobs.get("a"),
        jobs.counts("a"),
        Stream.runCollect(jobs.rows("a")),
        log.attempts("a"),
        log.verify("a")
      ])
      const before = yield* look
      yield* asVersion3
      yield* Migrations.migrate
      assert.deepStrictEqual(yield* look, before)
    }).pipe(Effect.provide(Layer.unwrap(Effect.map(newFile, on))))
  )
})
