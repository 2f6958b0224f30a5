/**
 * Bits that flip in the database of a job whose process was killed: in every column of its attempts, and anywhere in the
 * file. Each is either noticed, and the job refused, or it does no harm: what is told of a row is true, and nothing is
 * created twice. Judged by the ledger.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import type * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Random, Stream } from "effect"
import { SqlClient } from "effect/sql"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as HubSpot from "../../support/hubspot.ts"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"

const rows = 30
const batchSize = 3
const wrong = [4, 17]

/** The trace ids of what HubSpot has, and the ids it has them under. */
type Ledger = ReadonlyMap<string, ReadonlyArray<string>>

const ledger = Effect.map(
  Effect.flatMap(Emulator, ({ ledger }) => ledger),
  ({ created }) => {
    const there = new Map<string, Array<string>>()
    for (const { id, objectWriteTraceId } of created) {
      const trace = objectWriteTraceId ?? ""
      there.set(trace, [...(there.get(trace) ?? []), id])
    }
    return there as Ledger
  }
)

const stores = (file: string) =>
  Layer.merge(SqlJobStore.layer, SqlAttemptLog.layer).pipe(Layer.provideMerge(Database.layerSqlite({ file })))

/** A job as a killed process leaves it: in each state that a batch can be in. */
const killed = (file: string) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    const log = yield* AttemptLog.AttemptLog
    const lineItems = yield* LineItems.LineItems
    const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize } })
    const batches = yield* batchesOf(rowsOf(rows, wrong), { batchSize })
    yield* jobs.append(planning, batches)
    yield* jobs.planned(planning, { digest: "d", inputs: rows })
    const claim = yield* jobs.claim("a", { holder })
    const begin = ({ items }: JobBatch.JobBatch) =>
      log.begin({
        jobId: "a",
        operation: "batchCreate",
        inputs: items.map(({ index }) => index),
        epoch: claim.epoch
      })
    for (const batch of batches.slice(0, 8)) {
      const { items, number } = batch
      const id = yield* begin(batch)
      if (number === 6) continue
      if (number === 7) {
        yield* log.end(id, { acceptance: "NotAccepted", reason: "RateLimited", outcomes: [] })
        continue
      }
      const { results } = yield* lineItems.createBatch({ inputs: items.map(({ input }) => input) })
      if (number === 4 || number === 5) continue
      const outcomes = items.map(({ index, input }): AttemptLog.Entry & { readonly _tag: "Created" } => ({
        _tag: "Created",
        index,
        id: results.find((one) => one.objectWriteTraceId === input.objectWriteTraceId)!.id,
        via: "response",
        possibleDuplicate: false
      }))
      yield* log.end(id, { acceptance: "Accepted", outcomes })
      if (number < 3) yield* jobs.settle(claim, [{ number, outcomes }])
    }
    yield* (yield* SqlClient.SqlClient)`PRAGMA wal_checkpoint(TRUNCATE)`
    return yield* ledger
  }).pipe(Effect.provide([stores(file), HubSpot.layer()]))

/** Goes on with the job in a copy of the database, and says what is wrong then; nothing if it was refused. */
const resumed = Effect.fnUntraced(function* (file: string, before: Ledger) {
  const found = yield* Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    const { epoch } = yield* jobs.get("a")
    const claim = yield* jobs.claim("a", { holder: other, insteadOf: epoch })
    const end = yield* Effect.scoped(JobRunner.run(claim))
    const settled = yield* Stream.runCollect(jobs.rows("a"))
    return { end, settled, counts: yield* jobs.counts("a") }
  }).pipe(Effect.provide(stores(file)), Effect.exit)
  const after = yield* ledger
  const problems: Array<string> = []
  for (const [trace, ids] of after) {
    if (ids.length > 1 || before.has(trace)) problems.push(`${trace} is there twice`)
  }
  if (Exit.isFailure(found)) {
    // Refused by type.
    const error: unknown = Cause.squash(found.cause)
    if (Cause.hasDies(found.cause)) problems.push(`a defect: ${String(error)}`)
    else if (!(error instanceof Error) || error.message === "") problems.push(`no message: ${String(error)}`)
    return { problems, noticed: true }
  }
  const { counts, end, settled } = found.value
  if (end._tag !== "Complete" && end._tag !== "Canceled") return { problems, noticed: true }
  const tally = { created: 0, inDoubt: 0, invalid: 0, notSent: 0 }
  for (const [index, { outcome, row }] of settled.entries()) {
    const trace = `a-${index.toString(36)}`
    const ids = [...(before.get(trace) ?? []), ...(after.get(trace) ?? [])]
    if (row.index !== index) problems.push(`row ${index} is ${row.index}`)
    switch (outcome?._tag) {
      case "Created":
        tally.created++
        if (!ids.includes(outcome.id)) problems.push(`${trace} is not ${outcome.id}`)
        break
      case "InDoubt":
        tally.inDoubt++
        break
      case "Invalid":
        tally.invalid++
        if (!wrong.includes(index)) problems.push(`${trace} is not invalid`)
        break
      case "NotSent":
        tally.notSent++
        if (ids.length > 0) problems.push(`${trace} was sent`)
        break
      default:
        problems.push(`${trace} is ${outcome?._tag ?? "lost"}`)
    }
  }
  if (settled.length !== rows) problems.push(`${settled.length} rows`)
  for (const kind of ["created", "inDoubt", "invalid", "notSent"] as const) {
    if (counts[kind] !== tally[kind]) problems.push(`${counts[kind]} ${kind}, of ${tally[kind]}`)
  }
  return { problems, noticed: false }
}, Effect.provide(HubSpot.layer()))

/** A killed job, and what comes of it once a copy of its database was changed. */
const world = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "line-items-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  )
  const file = join(folder, "jobs.db")
  const before = yield* killed(file)
  let copies = 0
  return {
    bytes: Fs.statSync(file).size,
    attempts: (ids: ReadonlyArray<number>): ReadonlyArray<Record<string, unknown>> => {
      const database = new DatabaseSync(file, { readOnly: true })
      const found = database
        .prepare(`SELECT * FROM line_items_attempts WHERE id IN (${ids.join()}) ORDER BY id`)
        .all()
      database.close()
      return found
    },
    after: (change: (copy: string) => void) =>
      Effect.suspend(() => {
        const copy = join(folder, `${copies++}.db`)
        Fs.copyFileSync(file, copy)
        change(copy)
        return Effect.ensuring(
          resumed(copy, before),
          Effect.sync(() => {
            for (const end of ["", "-wal", "-shm"]) Fs.rmSync(`${copy}${end}`, { force: true })
          })
        )
      })
  }
})

const edit = (copy: string, use: (database: DatabaseSync) => void) => {
  const database = new DatabaseSync(copy)
  use(database)
  database.close()
}

/** The value with one of its bits flipped; what is nothing becomes something. */
const flipped = (value: unknown, bit: number): string | number => {
  if (typeof value === "number") return bit < 20 ? value ^ (1 << bit) : value + 2 ** bit
  if (typeof value !== "string") return bit === 0 ? 0 : ""
  const at = Math.min(value.length - 1, bit)
  return value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ 1) + value.slice(at + 1)
}

describe("a bit that flips in the database of a killed job", () => {
  it.live("nothing is flipped: what was in doubt is in doubt, and all else is created", () =>
    Effect.gen(function* () {
      const { after } = yield* world
      assert.deepStrictEqual(yield* after(() => undefined), { problems: [], noticed: false })
    })
  )

  it.live("F63 in any column of an attempt is noticed, or does no harm", () =>
    Effect.gen(function* () {
      const { after, attempts } = yield* world
      const problems: Array<string> = []
      let noticed = 0
      // Of a batch that is settled, answered, in doubt, and refused.
      for (const row of attempts([1, 4, 5, 8])) {
        for (const [column, value] of Object.entries(row)) {
          for (const bit of [0, 3, 30]) {
            const found = yield* after((copy) =>
              edit(copy, (database) => {
                database
                  .prepare(`UPDATE OR IGNORE line_items_attempts SET ${column} = ? WHERE id = ?`)
                  .run(flipped(value, bit), Number(row["id"]))
              })
            )
            if (found.noticed) noticed++
            problems.push(
              ...found.problems.map((one) => `${String(row["id"])}.${column}, bit ${bit}: ${one}`)
            )
          }
        }
      }
      assert.deepStrictEqual(problems, [])
      assert.isAbove(noticed, 0)
    })
  )

  it.live("F63 an attempt that is missing is missed", () =>
    Effect.gen(function* () {
      const { after } = yield* world
      for (const id of [1, 5, 8]) {
        const found = yield* after((copy) =>
          edit(copy, (database) => database.exec(`DELETE FROM line_items_attempts WHERE id = ${id}`))
        )
        assert.deepStrictEqual(found, { problems: [], noticed: true })
      }
    })
  )

  it.live("F63 anywhere in the file is noticed, or does no harm", () =>
    Effect.gen(function* () {
      const { after, bytes } = yield* world
      const problems: Array<string> = []
      for (let n = 0; n < 120; n++) {
        const at = yield* Random.nextIntBetween(0, bytes)
        const bit = yield* Random.nextIntBetween(0, 8)
        const found = yield* after((copy) => {
          const file = Fs.openSync(copy, "r+")
          const byte = Buffer.alloc(1)
          Fs.readSync(file, byte, 0, 1, at)
          byte[0]! ^= 1 << bit
          Fs.writeSync(file, byte, 0, 1, at)
          Fs.closeSync(file)
        })
        problems.push(...found.problems.map((one) => `byte ${at}, bit ${bit}: ${one}`))
      }
      assert.deepStrictEqual(problems, [])
    }).pipe(Random.withSeed(1))
  )
})
