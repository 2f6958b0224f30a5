/**
 * What is in the batches of a job, a page after the other: what is left to do, the rows of the input, and what became of
 * them. A batch is believed only as it was written.
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
import type { Tables } from "./Tables.ts"

export const unsettled =
  (tables: Tables): JobStore.Service["unsettled"] =>
  (jobId) =>
    batches(tables, jobId, tables.sql`AND b.settled_at IS NULL`, (batch) => Effect.succeed([batch]))

export const rows =
  (tables: Tables): JobStore.Service["rows"] =>
  (jobId, kinds) => {
    const { sql } = tables
    const some = kinds?.map((kind) => sql`${sql.literal(`b.${Rows.columns[kind]}`)} > 0`)
    const isWanted = (outcome: Job.Entry | undefined) =>
      kinds === undefined || (outcome !== undefined && kinds.includes(outcome._tag))
    return batches(
      tables,
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
  ({ get, sql }: Tables): JobStore.Service["outcomes"] =>
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
  (tables: Tables): JobStore.Service["difference"] =>
  (jobId, given) =>
    Stream.zip(ended(given), ended(Stream.map(rows(tables)(jobId), ({ row }) => row))).pipe(
      Stream.filter(([is, was]) => !isSame(is, was)),
      Stream.runHead,
      Effect.map((differing) => {
        const row = Option.flatMap(differing, ([is, was]) => Option.orElse(is, () => was))
        return Option.getOrUndefined(row)?.line
      })
    )

/** Rows, and that there are no more. */
const ended = <E, R>(rows: Stream.Stream<Row, E, R>) =>
  Stream.concat(Stream.map(rows, Option.some), Stream.succeed(Option.none<Row>()))

const isSame = Option.makeEquivalence<Row>(
  (a, b) => a.line === b.line && JSON.stringify(a.original) === JSON.stringify(b.original)
)

interface PageRow extends Rows.OutcomesRow {
  readonly digest: string
  readonly items: string
}

/** Batches of a job with what is in them. */
const batches = <A>(
  tables: Tables,
  jobId: string,
  which: Fragment,
  use: (batch: JobBatch, row: PageRow) => Effect.Effect<ReadonlyArray<A>, JobStore.JobStoreError>
) =>
  Stream.unwrap(
    Effect.map(tables.get(jobId), (job) =>
      paged(
        (after) => tables.sql<PageRow>`
            SELECT b.number AS number, b.digest AS digest, i.items AS items, o.outcomes AS outcomes,
              o.digest AS outcomes_digest
            FROM line_items_batches b
            JOIN line_items_inputs i ON i.job_id = b.job_id AND i.number = b.number
            LEFT JOIN line_items_outcomes o ON o.job_id = b.job_id AND o.number = b.number
            WHERE b.job_id = ${jobId} AND b.number > ${after} ${which}
            ORDER BY b.number LIMIT ${pageSize}`,
        (row) => Effect.flatMap(batchOf(tables, job, row), (batch) => use(batch, row))
      )
    )
  )

/** What is made of rows, a page after the other. */
const paged = <Row extends { readonly number: number }, A>(
  page: (after: number) => Effect.Effect<ReadonlyArray<Row>, SqlError>,
  use: (row: Row) => Effect.Effect<ReadonlyArray<A>, JobStore.JobStoreError>
) =>
  Stream.paginate(
    -1,
    Effect.fnUntraced(function* (after: number) {
      const rows = yield* page(after)
      const used = yield* Effect.forEach(rows, use)
      const last = rows.length < pageSize ? undefined : rows.at(-1)
      return [used.flat(), Option.map(Option.fromUndefinedOr(last), ({ number }) => Number(number))] as const
    }, Rows.reading)
  )

/** A batch as it was planned, to the byte. */
const batchOf = Effect.fnUntraced(function* (
  { digestOf }: Tables,
  { frozen, id }: Job.Job,
  { digest, items, number }: PageRow
) {
  const batch =
    (yield* digestOf(items)) === digest ? BatchText.decode(Number(number), items, frozen) : undefined
  return batch ?? (yield* Rows.unreadable(`batch ${String(number)} of job "${id}" is garbled`))
})

/** Batches read at once: a few megabytes at most. */
const pageSize = 20
