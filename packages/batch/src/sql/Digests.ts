/**
 * The digests that rows carry, of what decides about a row of the input: whether it was sent, what became of it, and what
 * is done about a doubt. A row whose digest is another one is not as it was written, and is not believed.
 *
 * PostgreSQL gives large integers as texts or numbers, which count as the same here.
 */
import type { SqlClient } from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import { checksum } from "./Checksum.ts"

/** What an attempt is, and what became of it. */
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

/** Of an attempt that is about to be made. */
export const ofBegin = (
  row: Pick<Attempt, "job_id" | "epoch" | "operation" | "inputs" | "begun_at">
): string => checksum([row.job_id, row.epoch, row.operation, row.inputs, row.begun_at])

/** Of what became of an attempt; `null` if nothing is known. */
export const ofEnd = (
  row: Pick<Attempt, "id" | "ended_at" | "acceptance" | "reason" | "outcomes">
): string | null =>
  row.ended_at === null && row.outcomes === null
    ? null
    : checksum([row.id, row.ended_at, row.acceptance, row.reason, row.outcomes])

/** What became of a batch. */
export const ofOutcomes = (jobId: string, number: number, outcomes: string): string =>
  checksum([jobId, number, outcomes])

/**
 * What a job was made with, as its text in the database; but for the account and the address, which HubSpot itself proves
 * in each run.
 */
export const ofFrozen = (jobId: string, frozen: string): string => {
  const { account: _, origin: __, ...rest } = JSON.parse(frozen) as Readonly<Record<string, unknown>>
  return checksum([jobId, JSON.stringify(rest)])
}

/** Everything of a batch in one text, for the database to make and to compare: in what it adds up it takes the rows unseen. */
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
