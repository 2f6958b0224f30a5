/**
 * The planning of a job: the job is made, its batches are written one after the other, and then it can be run.
 *
 * A job whose planning did not finish has sent nothing, so the next job with its id replaces it.
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Job from "../../jobs/Job.ts"
import type { JobBatch } from "../../jobs/JobBatch.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import * as Ranges from "../../model/Ranges.ts"
import * as WriteTrace from "../../model/WriteTrace.ts"
import * as Digests from "../Digests.ts"
import * as BatchText from "./BatchText.ts"
import { busy, leaseMillisOf } from "./Claims.ts"
import { move } from "./Moves.ts"
import { countRows } from "./Overview.ts"
import * as Rows from "./Rows.ts"
import type { JobAccess } from "./JobAccess.ts"

export const create = (access: JobAccess): JobStore.Service["create"] =>
  Effect.fnUntraced(function* (options) {
    const { find, isFree, maxIdle, sql } = access
    const { frozen, holder, id } = options
    if (!WriteTrace.isJobId(id)) {
      return yield* Effect.die(new RangeError("a job id is 1 to 48 of A-Z a-z 0-9 _ -"))
    }
    const leaseMillis = leaseMillisOf(options)
    const now = yield* Clock.currentTimeMillis
    const text = Rows.frozenText.encode(frozen)
    return yield* Effect.gen(function* () {
      const [row] = yield* sql<Rows.JobRow>`INSERT INTO line_items_jobs
          (id, state, frozen, frozen_digest, created_at, epoch, held_pid, held_host, held_since, held_until)
          VALUES (${id}, 'planning', ${text}, ${Digests.ofFrozen(id, text)}, ${now}, 1, ${holder.pid},
            ${ErrorBody.showable(holder.host, 255)}, ${now}, ${now + leaseMillis})
          ON CONFLICT (id) DO UPDATE SET
            frozen = excluded.frozen, frozen_digest = excluded.frozen_digest, created_at = excluded.created_at, cancel_requested = 0,
            epoch = line_items_jobs.epoch + 1, held_pid = excluded.held_pid, held_host = excluded.held_host,
            held_since = excluded.held_since, held_until = excluded.held_until
          WHERE line_items_jobs.state = 'planning' AND ${isFree(now, options.insteadOf)}
          RETURNING * ${maxIdle(leaseMillis)}`
      if (row === undefined) {
        const known = yield* Rows.jobOf(yield* Effect.catchTag(find(id), "JobNotFound", Effect.die))
        if (known.state === "planning") return yield* busy(known)
        const { inputs: total, open } = Rows.countsOf((yield* countRows(access, [id])).get(id))
        return yield* new JobStore.JobExists({ jobId: id, done: total - open, total, attemptsOnly: false })
      }
      const attempts = yield* sql`SELECT 1 FROM line_items_attempts WHERE job_id = ${id} LIMIT 1`
      if (attempts.length > 0) {
        return yield* new JobStore.JobExists({ jobId: id, done: 0, total: 0, attemptsOnly: true })
      }
      for (const table of ["batches", "inputs", "outcomes"]) {
        yield* sql`DELETE FROM ${sql(`line_items_${table}`)} WHERE job_id = ${id}`
      }
      const job = yield* Rows.jobOf(row)
      return { jobId: id, epoch: job.epoch, leaseMillis, job }
    }).pipe(access.transaction)
  })

/** The rows of a batch. */
const rowsOf = Effect.fnUntraced(function* (
  { digestOf }: JobAccess,
  { job: { frozen }, jobId }: JobStore.Claim,
  batch: JobBatch,
  now: number
) {
  const { invalid, items, number } = batch
  const indices = [...items, ...invalid].map(({ index }) => index).sort((a, b) => a - b)
  const [first] = indices
  if (first === undefined || indices.some((index, n) => index !== first + n)) {
    return yield* Effect.die(new RangeError(`batch ${number} has gaps, or nothing in it`))
  }
  const text = BatchText.encode(batch, frozen)
  return {
    batch: {
      job_id: jobId,
      number,
      first_index: first,
      last_index: first + indices.length - 1,
      sendable: Ranges.format(items.map(({ index }) => index)),
      digest: yield* digestOf(text),
      // None of its inputs can be sent, so its outcomes are final.
      settled_at: items.length === 0 ? now : null,
      invalid: invalid.length
    },
    inputs: { job_id: jobId, number, items: text },
    outcomes: invalid.length === 0 ? [] : [Rows.outcomesRow(jobId, number, invalid.map(Job.entry))]
  }
})

export const append = (access: JobAccess): JobStore.Service["append"] =>
  Effect.fnUntraced(function* (claim, batches) {
    const { held, seal, sql } = access
    const { jobId, leaseMillis } = claim
    const now = yield* Clock.currentTimeMillis
    const rows = yield* Effect.forEach(batches, (batch) => rowsOf(access, claim, batch, now))
    yield* Effect.gen(function* () {
      yield* held(claim, ["planning"], "planning", access.forUpdate)
      yield* sql`UPDATE line_items_jobs SET held_until = ${now + leaseMillis} WHERE id = ${jobId}`
      const [last = { number: -1, last_index: -1 }] = yield* sql<{ number: number; last_index: number }>`
          SELECT number, last_index FROM line_items_batches WHERE job_id = ${jobId} ORDER BY number DESC LIMIT 1`
      for (const [n, { batch }] of rows.entries()) {
        const before = rows[n - 1]?.batch ?? last
        const [number, next] = [Number(before.number) + 1, Number(before.last_index) + 1]
        if (batch.number !== number || batch.first_index !== next) {
          const found = `batch ${batch.number} from input ${batch.first_index}`
          return yield* Effect.die(new RangeError(`${found}, where ${number} from ${next} is the next`))
        }
      }
      for (const some of Arr.chunksOf(rows, chunkSize)) {
        yield* sql`INSERT INTO line_items_batches ${sql.insert(Arr.map(some, ({ batch }) => batch))}`
        yield* sql`INSERT INTO line_items_inputs ${sql.insert(Arr.map(some, ({ inputs }) => inputs))}`
        const outcomes = some.flatMap((row) => row.outcomes)
        if (!Arr.isArrayNonEmpty(outcomes)) continue
        yield* sql`INSERT INTO line_items_outcomes ${sql.insert(outcomes)}`
      }
      if (rows.length > 0) yield* seal(jobId, rows[0]!.batch.number)
    }).pipe(access.transaction)
  })

export const planned =
  (access: JobAccess): JobStore.Service["planned"] =>
  (claim, { digest, inputs }) => {
    const { noHolder, sql } = access
    const { jobId } = claim
    const appended = sql`(SELECT COALESCE(SUM(last_index - first_index + 1), 0)
        FROM line_items_batches WHERE job_id = ${jobId})`
    return move(access, claim, "pending", sql`digest = ${digest ?? null}, inputs = ${inputs}, ${noHolder}`, {
      only: sql`AND ${appended} = ${inputs}`,
      unmet: Effect.die(new RangeError(`${inputs} inputs were not appended to job ${jobId}`))
    })
  }

/** Batches in one INSERT. */
const chunkSize = 50
