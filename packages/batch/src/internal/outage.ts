/**
 * Why a database failed: whether that may pass by itself, and what a job is suspended for.
 *
 * Pure. Where nothing else is known a write that failed may succeed when it is made again; what is not as it was written,
 * or is refused for what it says, stays so.
 */
import * as Predicate from "effect/Predicate"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { AttemptLogError } from "../AttemptLog.ts"
import type * as Job from "../Job.ts"
import type { JobStoreError } from "../JobStore.ts"

/** What a run reads and writes fails with. */
export type Failure = AttemptLogError | JobStoreError

export const isFailure = (error: unknown): error is Failure =>
  Predicate.isTagged(error, "AttemptLogError") || Predicate.isTagged(error, "JobStoreError")

/** Whether the same write may succeed in a moment. */
export const mayPass = (error: Failure): boolean =>
  isSqlError(error.cause) ? passes(error.cause) : error.reason === "Unwritable"

/** What stands in the way: the file system, the way to the database, or what only a person can put right. */
export const suspensionOf = (error: Failure): Job.Suspension["reason"] => {
  if (!isSqlError(error.cause)) return error.reason === "Unwritable" ? "disk" : "operator"
  return isAway(error.cause) ? "database" : "disk"
}

const passes = (error: SqlError): boolean => isAway(error) || isFull(error)

/** SQLite's result code in all its kinds, or PostgreSQL's SQLSTATE. */
const codesOf = ({ reason: { cause } }: SqlError) => ({
  sqlite: Predicate.hasProperty(cause, "errcode") ? Number(cause.errcode) & 0xff : undefined,
  postgres: Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
})

/**
 * It cannot be reached, or is occupied. Of PostgreSQL: too many connections (53), not accepting any (55), read only for
 * now (25), shut down or starting (57).
 */
const isAway = (error: SqlError): boolean =>
  error.isRetryable || (/^(25|53|55|57)/.test(codesOf(error).postgres) && !isFull(error))

/** SQLITE_FULL. Of PostgreSQL a disk that is full, and errors of its files. */
const isFull = (error: SqlError): boolean => {
  const { postgres, sqlite } = codesOf(error)
  return sqlite === 13 || postgres === "53100" || postgres.startsWith("58")
}
