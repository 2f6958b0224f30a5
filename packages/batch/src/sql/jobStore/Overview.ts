/**
 * All jobs of a database: which jobs there are, the numbers of their outcomes, which of them should be run, and which can
 * be deleted.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Fragment } from "effect/sql/Statement"
import * as Job from "../../jobs/Job.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import * as Digests from "../Digests.ts"
import * as Rows from "./Rows.ts"
import { defaultLease, type JobAccess } from "./JobAccess.ts"

/** The sums over the batches of jobs, by job id. */
export const countRows = Effect.fnUntraced(function* ({ sql }: JobAccess, jobIds: ReadonlyArray<string>) {
  const rows =
    yield* sql<Rows.CountsRow>`SELECT job_id, COUNT(*) AS batches, COUNT(settled_at) AS "settledBatches",
      SUM(last_index - first_index + 1) AS inputs, SUM(created) AS created, SUM(rejected) AS rejected,
      SUM(invalid) AS invalid, SUM(not_sent) AS "notSent", SUM(in_doubt) AS "inDoubt",
      SUM(possible_duplicates) AS "possibleDuplicates",
      SUM(CASE WHEN seal = ${Digests.seal(sql)} THEN 0 ELSE 1 END) AS garbled
      FROM line_items_batches WHERE ${sql.in("job_id", jobIds)} GROUP BY job_id`
  return new Map(rows.map((row) => [row.job_id, row]))
})

export const counts = (access: JobAccess): JobStore.Service["counts"] =>
  Effect.fnUntraced(function* (jobId) {
    yield* access.get(jobId)
    const row = (yield* countRows(access, [jobId])).get(jobId)
    const garbled = Number(row?.garbled ?? 0)
    return garbled === 0
      ? Rows.countsOf(row)
      : yield* Rows.unreadable(`${garbled} of the batches of job "${jobId}" are garbled`)
  }, Rows.reading)

export const list = (access: JobAccess): JobStore.Service["list"] =>
  Effect.fnUntraced(function* ({ limit = 100 } = {}) {
    const rows =
      yield* access.sql<Rows.JobRow>`SELECT * FROM line_items_jobs ORDER BY created_at DESC, id DESC LIMIT ${limit}`
    if (rows.length === 0) return []
    const ids = rows.map(({ id }) => id)
    const sums = yield* countRows(access, ids)
    return yield* Effect.forEach(rows, (row) =>
      Effect.map(Rows.jobOf(row), (job) => ({ job, counts: Rows.countsOf(sums.get(job.id)) }))
    )
  }, Rows.reading)

export const family = ({ get, sql }: JobAccess): JobStore.Service["family"] =>
  Effect.fnUntraced(function* (jobId) {
    const first = Job.firstOf(yield* get(jobId))
    const rows = yield* sql<Rows.JobRow>`SELECT * FROM line_items_jobs
        WHERE id = ${first} OR frozen LIKE ${'%"retryOf":%'} ORDER BY created_at, id`
    const jobs = (yield* Effect.forEach(rows, Rows.jobOf)).filter((job) => Job.firstOf(job) === first)
    return jobs.some(({ id }) => id === jobId) ? jobs : yield* new JobStore.JobNotFound({ jobId })
  }, Rows.reading)

export const due = ({ isFree, sql }: JobAccess): JobStore.Service["due"] =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<Rows.JobRow>`SELECT * FROM line_items_jobs
        WHERE state IN ('pending', 'running', 'suspended') AND ${isFree(now)} ORDER BY created_at, id`
    // A garbled job is an error for callers that ask for it. Here it is only a warning, so that the other jobs run.
    const jobs = yield* Effect.forEach(rows, (row) =>
      Effect.option(Effect.tapError(Rows.jobOf(row), ({ message }) => Effect.logWarning(message)))
    )
    return Arr.getSomes(jobs).filter((job) => Job.isDue(job, now))
  }).pipe(Rows.reading)

export const current = ({ sql }: JobAccess): JobStore.Service["current"] =>
  Effect.fnUntraced(function* ({ overFor }) {
    const since = (yield* Clock.currentTimeMillis) - Duration.toMillis(overFor)
    const rows = yield* sql<Pick<Rows.JobRow, "id" | "created_at">>`SELECT id, created_at FROM line_items_jobs
        WHERE completed_at IS NULL OR completed_at > ${since} ORDER BY created_at, id`
    return rows.map(({ created_at, id }) => ({ id, createdAtMillis: Number(created_at) }))
  }, Rows.reading)

/** The ids of jobs that may be deleted, each job with all its retries, by the id of the first. */
const oldFamilies = Effect.fnUntraced(function* ({ sql }: JobAccess, old: Fragment) {
  const jobs = yield* sql<{ id: string; frozen: string; old: number }>`
      SELECT id, frozen, CASE WHEN ${old} THEN 1 ELSE 0 END AS old FROM line_items_jobs ORDER BY created_at, id`
  const families = new Map<string, Array<(typeof jobs)[number]>>()
  for (const job of jobs) {
    const read = Option.getOrUndefined(yield* Effect.option(Rows.retryOfText.decode(job.frozen)))
    const first = read?.retryOf?.first ?? job.id
    families.set(first, [...(families.get(first) ?? []), job])
  }
  return new Map(
    [...families]
      .filter(([, jobs]) => jobs.every(({ old }) => Number(old) === 1))
      .map(([first, jobs]) => [first, jobs.map(({ id }) => id)])
  )
})

export const forget = (access: JobAccess): JobStore.Service["forget"] =>
  Effect.fnUntraced(function* ({ dryRun = false, olderThan }) {
    const { forUpdate, isFree, maxIdle, sql, transaction } = access
    const now = yield* Clock.currentTimeMillis
    const old = sql`(state IN ('done', 'canceled') AND completed_at <= ${now - Duration.toMillis(olderThan)}
        AND ${isFree(now)})`
    const found = yield* Rows.reading(oldFamilies(access, old))
    if (dryRun) return [...found.values()].flat()
    const forgotten = yield* Effect.forEach(found.keys(), (first) =>
      Effect.gen(function* () {
        // Another process may have claimed or retried one of them meanwhile.
        const ids = (yield* oldFamilies(access, old)).get(first) ?? []
        if (ids.length === 0) return []
        const still = yield* sql`SELECT id ${maxIdle(Duration.toMillis(defaultLease))} FROM line_items_jobs
            WHERE ${sql.in("id", ids)} AND ${old} ${forUpdate}`
        if (still.length < ids.length) return []
        // The rows of its batches are deleted with a job.
        yield* sql`DELETE FROM line_items_jobs WHERE ${sql.in("id", ids)}`
        yield* sql`DELETE FROM line_items_attempts WHERE ${sql.in("job_id", ids)}`
        yield* sql`DELETE FROM line_items_attempt_counts WHERE ${sql.in("job_id", ids)}`
        return ids
      }).pipe(transaction)
    )
    return forgotten.flat()
  })
