/**
 * The batches of a job, page by page: the batches without outcomes, the rows, and the outcomes. A batch that is not as it
 * was written is an error.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import type { Row } from "../../files/Source.ts"
import type * as Job from "../../jobs/Job.ts"
import type { JobBatch } from "../../jobs/JobBatch.ts"
import type * as JobStore from "../../jobs/JobStore.ts"
import * as BatchText from "./BatchText.ts"
import * as Rows from "./Rows.ts"
import type { JobAccess } from "./JobAccess.ts"

export const unsettled =
  (access: JobAccess): JobStore.Service["unsettled"] =>
  (jobId) =>
    batches(access, jobId, access.sql`AND b.settled_at IS NULL`, (batch) => Effect.succeed([batch]))

export const rows =
  (access: JobAccess): JobStore.Service["rows"] =>
  (jobId, kinds) => {
    const { sql } = access
    const some = kinds?.map((kind) => sql`${sql.literal(`b.${Rows.columns[kind]}`)} > 0`)
    const isWanted = (outcome: Job.Entry | undefined) =>
      kinds === undefined || (outcome !== undefined && kinds.includes(outcome._tag))
    return batches(
      access,
      jobId,
      some === undefined ? sql.literal("") : sql`AND ${sql.or(some)}`,
      Effect.fnUntraced(function* ({ invalid, items }, row) {
        const entries = yield* Rows.entriesOf(jobId, row)
        const outcomes = new Map(entries.map((entry) => [entry.index, entry]))
        return [...items, ...invalid].sort(Rows.byIndex).flatMap((one): ReadonlyArray<JobStore.Settled> => {
          const outcome = outcomes.get(one.index)
          const item = "input" in one && { item: one }
          return isWanted(outcome) ? [{ row: one.source, ...item, ...(outcome && { outcome }) }] : []
        })
      })
    )
  }

export const outcomes =
  ({ get, sql }: JobAccess): JobStore.Service["outcomes"] =>
  (jobId) =>
    Stream.unwrap(
      Effect.as(
        get(jobId),
        paged(
          (after) => sql<Rows.OutcomesRow>`
              SELECT number, outcomes, digest AS outcomes_digest FROM line_items_outcomes
              WHERE job_id = ${jobId} AND number > ${after} ORDER BY number LIMIT ${pageSize}`,
          (row) => Rows.entriesOf(jobId, row)
        )
      )
    )

export const difference =
  (access: JobAccess): JobStore.Service["difference"] =>
  (jobId, given) =>
    Stream.zip(ended(given), ended(Stream.map(rows(access)(jobId), ({ row }) => row))).pipe(
      Stream.filter(([is, was]) => !isSame(is, was)),
      Stream.runHead,
      Effect.map((differing) => {
        const row = Option.flatMap(differing, ([is, was]) => Option.orElse(is, () => was))
        return Option.getOrUndefined(row)?.line
      })
    )

/** The rows, and `None` after the last. */
const ended = <E, R>(rows: Stream.Stream<Row, E, R>) =>
  Stream.concat(Stream.map(rows, Option.some), Stream.succeed(Option.none<Row>()))

const isSame = Option.makeEquivalence<Row>(
  (a, b) => a.line === b.line && JSON.stringify(a.original) === JSON.stringify(b.original)
)

interface PageRow extends Rows.OutcomesRow {
  readonly digest: string
  readonly items: string
}

/** Batches of a job with their inputs and outcomes. */
const batches = <A>(
  access: JobAccess,
  jobId: string,
  which: Fragment,
  use: (batch: JobBatch, row: PageRow) => Effect.Effect<ReadonlyArray<A>, JobStore.JobStoreError>
) =>
  Stream.unwrap(
    Effect.map(access.get(jobId), (job) =>
      paged(
        (after) => access.sql<PageRow>`
            SELECT b.number AS number, b.digest AS digest, i.items AS items, o.outcomes AS outcomes,
              o.digest AS outcomes_digest
            FROM line_items_batches b
            JOIN line_items_inputs i ON i.job_id = b.job_id AND i.number = b.number
            LEFT JOIN line_items_outcomes o ON o.job_id = b.job_id AND o.number = b.number
            WHERE b.job_id = ${jobId} AND b.number > ${after} ${which}
            ORDER BY b.number LIMIT ${pageSize}`,
        (row) => Effect.flatMap(batchOf(access, job, row), (batch) => use(batch, row))
      )
    )
  )

/** Reads rows page by page and makes something of each. */
export const paged = <Row extends { readonly number: number }, A>(
  page: (after: number) => Effect.Effect<ReadonlyArray<Row>, SqlError>,
  use: (row: Row) => Effect.Effect<ReadonlyArray<A>, JobStore.JobStoreError>,
  size = pageSize
) =>
  Stream.paginate(
    -1,
    Effect.fnUntraced(function* (after: number) {
      const rows = yield* page(after)
      const used = yield* Effect.forEach(rows, use)
      const last = rows.length < size ? undefined : rows.at(-1)
      return [used.flat(), Option.map(Option.fromUndefinedOr(last), ({ number }) => Number(number))] as const
    }, Rows.reading)
  )

/** The batch that was planned, to the byte. */
const batchOf = Effect.fnUntraced(function* (
  { digestOf }: JobAccess,
  { frozen, id }: Job.Job,
  { digest, items, number }: PageRow
) {
  const batch =
    (yield* digestOf(items)) === digest ? BatchText.decode(Number(number), items, frozen) : undefined
  return batch ?? (yield* Rows.unreadable(`batch ${String(number)} of job "${id}" is garbled`))
})

/** Batches that are read at once: a few megabytes at most. */
const pageSize = 20
