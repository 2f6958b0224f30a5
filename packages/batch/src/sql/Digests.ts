/**
 * The digests in the rows of the database. They cover what decides about an input: whether it was sent, its outcome, and
 * what is done about a doubt. A row whose digest does not match is not as it was written, and is not trusted.
 *
 * PostgreSQL gives large integers as text or as numbers; both have the same digest here.
 */
import type { SqlClient } from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import { checksum } from "./Checksum.ts"

/** The row of an attempt and of its end. */
export interface Attempt {
  readonly id: number
  readonly job_id: string
  readonly epoch: number | null
  readonly operation: string
  readonly inputs: string
  readonly begun_at: number
  readonly ended_at: number | null
  readonly acceptance: string | null
  readonly reason: string | null
  readonly outcomes: string | null
}

/** The digest of an attempt that is about to be made. */
export const ofBegin = (
  row: Pick<Attempt, "job_id" | "epoch" | "operation" | "inputs" | "begun_at">
): string => checksum([row.job_id, row.epoch, row.operation, row.inputs, row.begun_at])

/** The digest of the end of an attempt; `null` if nothing is known of it. */
export const ofEnd = (
  row: Pick<Attempt, "id" | "ended_at" | "acceptance" | "reason" | "outcomes">
): string | null =>
  row.ended_at === null && row.outcomes === null
    ? null
    : checksum([row.id, row.ended_at, row.acceptance, row.reason, row.outcomes])

/** The digest of the outcomes of a batch. */
export const ofOutcomes = (jobId: string, number: number, outcomes: string): string =>
  checksum([jobId, number, outcomes])

/**
 * The digest of what a job was made with, by its text in the database. The account and the address are left out: each run
 * checks them with HubSpot.
 */
export const ofFrozen = (jobId: string, frozen: string): string => {
  const { account: _, origin: __, ...rest } = JSON.parse(frozen) as Readonly<Record<string, unknown>>
  return checksum([jobId, JSON.stringify(rest)])
}

/** All columns of a batch in one text, which SQL makes and compares: a query that sums batches up returns no single row. */
export const seal = (sql: SqlClient): Fragment =>
  sql.literal(sealed.map((column) => `COALESCE(CAST(${column} AS TEXT), '')`).join(" || ':' || "))

const sealed = [
  "number",
  "first_index",
  "last_index",
  "sendable",
  "digest",
  "settled_at",
  "created",
  "rejected",
  "invalid",
  "not_sent",
  "in_doubt",
  "possible_duplicates"
]
