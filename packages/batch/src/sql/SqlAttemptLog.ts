/**
 * The attempt log in the tables of `Migrations`, on SQLite or PostgreSQL: a confirmed write survives a crash.
 *
 * It trusts a row only if the row is as it was written. It opens no transaction: a begin is one statement, so one commit.
 *
 * @since 0.1.0
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as AttemptLog from "../engine/AttemptLog.ts"
import * as Ranges from "../model/Ranges.ts"
import { describeSqlError } from "../model/StoreFailure.ts"
import { compiled } from "./compiled.ts"
import * as Digests from "./Digests.ts"
import * as Database from "./Database.ts"
import * as Migrations from "./Migrations.ts"

// A batch without inputs overlaps no range of inputs. There may be too many inputs for the arguments of a call.
const least = (inputs: ReadonlyArray<number>): number =>
  inputs.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER)
const greatest = (inputs: ReadonlyArray<number>): number => inputs.reduce((a, b) => Math.max(a, b), -1)

interface Row extends Digests.Attempt {
  readonly first_input: number
  readonly last_input: number
  readonly digest: string | null
  readonly end_digest: string | null
}

/** The columns that are written when an attempt begins, and never changed. */
const begunColumns = "id, job_id, epoch, operation, inputs, first_input, last_input, begun_at, digest"

/**
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<AttemptLog.Service, Database.DatabaseError, SqlClient.SqlClient> =
  Effect.gen(function* () {
    yield* Migrations.migrate
    const sql = yield* SqlClient.SqlClient

    const begin = Effect.fnUntraced(function* (attempt: AttemptLog.Beginning) {
      yield* AttemptLog.check(attempt)
      if (Option.isSome(yield* Effect.serviceOption(sql.transactionService))) {
        return yield* Effect.die(
          new Error("an attempt cannot begin inside of a transaction: it could be rolled back")
        )
      }
      const { jobId, operation } = attempt
      const epoch = attempt.epoch ?? null
      const inputs = Ranges.format(attempt.inputs)
      const begunAt = attempt.sinceMillis ?? (yield* Clock.currentTimeMillis)
      const digest = Digests.ofBegin({ job_id: jobId, epoch, operation, inputs, begun_at: begunAt })
      // One statement, so one commit: it looks for a greater epoch and writes the attempt. It locks the row of the
      // job, so a run that takes the job over either prevents this attempt or finds it in the log.
      const lock = sql.onDialectOrElse({ pg: () => sql.literal("FOR SHARE"), orElse: () => sql.literal("") })
      const rows = yield* sql<{ id: number }>`
      WITH job AS (SELECT epoch FROM line_items_jobs WHERE id = ${jobId} ${lock})
      INSERT INTO line_items_attempts
        (job_id, epoch, operation, inputs, first_input, last_input, begun_at, digest)
      SELECT ${jobId}, CAST(${epoch} AS BIGINT), ${operation}, ${inputs},
        CAST(${least(attempt.inputs)} AS BIGINT), CAST(${greatest(attempt.inputs)} AS BIGINT),
        CAST(${begunAt} AS BIGINT), ${digest}
      WHERE NOT EXISTS (SELECT 1 FROM job WHERE epoch > CAST(${epoch} AS BIGINT))
        AND NOT EXISTS (
          SELECT 1 FROM line_items_attempts WHERE job_id = ${jobId} AND epoch > CAST(${epoch} AS BIGINT)
        )
      RETURNING id`
      return rows[0] === undefined ? yield* AttemptLog.fenced(attempt) : Number(rows[0].id)
    }, writing)

    const end = Effect.fnUntraced(function* (id: number, { acceptance, outcomes, reason }: AttemptLog.End) {
      const json = AttemptLog.encodeOutcomes(outcomes)
      const now = yield* Clock.currentTimeMillis
      const ended = { ended_at: now, acceptance, reason: reason ?? null, outcomes: json }
      const rows = yield* sql`
      UPDATE line_items_attempts
      SET ${sql.update({ ...ended, end_digest: Digests.ofEnd({ id, ...ended }) })}
      WHERE id = ${id} AND ended_at IS NULL
      RETURNING id`
      if (rows.length > 0) return
      const [known] = yield* sql<Row>`
      SELECT * FROM line_items_attempts WHERE id = ${id} AND ended_at IS NOT NULL`
      const isSame =
        known?.acceptance === acceptance && known.reason === ended.reason && known.outcomes === json
      if (!isSame) return yield* AttemptLog.notOpen(id)
    }, writing)

    const unfinished = Effect.fnUntraced(function* (id: number, seen: AttemptLog.Unfinished) {
      // In the column that the outcomes replace later.
      const outcomes = AttemptLog.encodeUnfinished(seen)
      const open = { ended_at: null, acceptance: null, reason: null, outcomes }
      const rows = yield* sql`
      UPDATE line_items_attempts
      SET outcomes = ${outcomes}, end_digest = ${Digests.ofEnd({ id, ...open })}
      WHERE id = ${id} AND ended_at IS NULL
      RETURNING id`
      if (rows.length === 0) return yield* AttemptLog.notOpen(id)
    }, writing)

    const attempts: AttemptLog.Service["attempts"] = Effect.fnUntraced(function* (jobId, inputs) {
      const about =
        inputs === undefined
          ? sql`1 = 1`
          : sql`first_input <= ${inputs.last} AND last_input >= ${inputs.first}`
      const rows = yield* sql<Row>`
      SELECT * FROM line_items_attempts WHERE job_id = ${jobId} AND ${about} ORDER BY id`
      return yield* Effect.forEach(rows, fromRow)
    }, reading)

    const verify: AttemptLog.Service["verify"] = Effect.fnUntraced(function* (jobId) {
      const rows = yield* sql<Begun>`
      SELECT ${sql.literal(begunColumns)} FROM line_items_attempts WHERE job_id = ${jobId}`
      const [counted] = yield* sql<{ begun: number }>`
      SELECT begun FROM line_items_attempt_counts WHERE job_id = ${jobId}`
      const begun = Number(counted?.begun ?? 0)
      if (begun === 0 && rows.length === 0) return
      const damage = yield* sql.onDialectOrElse({
        // The indexes are checked too: a row that its index does not find would be missing.
        sqlite: () => sql<{ integrity_check: string }>`PRAGMA integrity_check(1)`,
        orElse: () => Effect.succeed([{ integrity_check: "ok" }])
      })
      const [{ integrity_check: found } = { integrity_check: "nothing" }] = damage
      if (found !== "ok") {
        return yield* unreadable(`the database is damaged: ${ErrorBody.showable(found, 100)}`)
      }
      for (const row of rows) yield* begunOf(row)
      if (new Set(rows.map(({ id }) => Number(id))).size !== begun) {
        return yield* unreadable(
          `it has ${rows.length} of the ${begun} attempts of job ${JSON.stringify(jobId)}`
        )
      }
    }, reading)

    return { begin, end, unfinished, attempts, verify }
  })

/**
 * The log in the tables of `Migrations`, on SQLite or PostgreSQL. Missing tables are made.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<AttemptLog.AttemptLog, Database.DatabaseError, SqlClient.SqlClient> =
  Layer.effect(AttemptLog.AttemptLog, make)

const decodeOutcomes = Schema.decodeEffect(compiled(AttemptLog.OutcomesText))
const decodeUnfinished = Schema.decodeEffect(AttemptLog.UnfinishedText)
const isAcceptance = Schema.is(Schema.Literals(["Accepted", "NotAccepted", "InDoubt"]))

type Begun = Pick<
  Row,
  "id" | "job_id" | "epoch" | "operation" | "inputs" | "first_input" | "last_input" | "begun_at" | "digest"
>

const failing =
  (reason: AttemptLog.AttemptLogError["reason"]) =>
  <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) =>
    Effect.catchIf(effect, isSqlError, (cause) =>
      Effect.fail(new AttemptLog.AttemptLogError({ reason, detail: describeSqlError(cause), cause }))
    )
const reading = failing("Unreadable")
const writing = failing("Unwritable")

const unreadable = (detail: string, cause?: unknown) =>
  new AttemptLog.AttemptLogError({ reason: "Unreadable", detail, ...(cause !== undefined && { cause }) })

const garbled = ({ id }: Pick<Row, "id">, cause?: unknown) =>
  unreadable(`attempt ${String(id)} is garbled`, cause)

/** An attempt as it was begun. A row that is not as it was written is an error. */
const begunOf = Effect.fnUntraced(function* (
  row: Begun
): Effect.fn.Return<AttemptLog.Logged, AttemptLog.AttemptLogError> {
  const inputs = Ranges.parse(row.inputs)
  const isAsWritten =
    inputs !== undefined &&
    row.digest === Digests.ofBegin(row) &&
    Number(row.first_input) === least(inputs) &&
    Number(row.last_input) === greatest(inputs)
  if (!isAsWritten) return yield* garbled(row)
  return {
    jobId: row.job_id,
    operation: row.operation,
    inputs,
    ...(row.epoch !== null && { epoch: Number(row.epoch) }),
    id: Number(row.id),
    begunAtMillis: Number(row.begun_at)
  }
})

const fromRow = Effect.fnUntraced(function* (
  row: Row
): Effect.fn.Return<AttemptLog.Logged, AttemptLog.AttemptLogError> {
  const { acceptance, reason } = row
  const attempt = yield* begunOf(row)
  if (row.end_digest !== Digests.ofEnd(row)) return yield* garbled(row)
  if (row.ended_at === null) {
    if (row.outcomes === null) return attempt
    const unfinished = yield* Effect.mapError(decodeUnfinished(row.outcomes), (cause) => garbled(row, cause))
    return { ...attempt, unfinished }
  }
  if (!isAcceptance(acceptance) || row.outcomes === null) return yield* garbled(row)
  const outcomes = yield* Effect.mapError(decodeOutcomes(row.outcomes), (cause) => garbled(row, cause))
  const endedAtMillis = Number(row.ended_at)
  return { ...attempt, end: { acceptance, ...(reason !== null && { reason }), outcomes, endedAtMillis } }
})
