/**
 * What an attempt log and a job store fail with: in words, whether it may pass by itself, and what a job is suspended for.
 *
 * Pure. Where nothing else is known a write that failed may succeed when it is made again; what is not as it was written,
 * or is refused for what it says, stays so.
 *
 * @since 0.1.0
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

const logAdvice = {
  Unwritable: "nothing is sent that is not written down; repair the database and resume",
  Unreadable: "restore the database, or check in HubSpot what was created",
  Fenced: "somebody else runs the job now; let them, or stop them and resume"
}

/**
 * The log cannot be written to or read, or the attempt is of a run that was taken over (`Fenced`). A begin
 * that fails was not written down, or nobody can tell; either way nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class AttemptLogError extends Schema.TaggedError<AttemptLogError>()("AttemptLogError", {
  reason: Schema.Literals(["Unwritable", "Unreadable", "Fenced"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `attempt log: ${this.detail}; ${adviceOn(this.cause, logAdvice[this.reason])}`
  }
}

const storeAdvice = {
  Unreadable: "restore the database, or check in HubSpot what was created",
  Unwritable: "repair the database and resume"
}

/**
 * The database cannot be read or written, or a row in it is garbled. A write that failed was not made, or
 * nobody can tell; it is safe to make it again.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobStoreError extends Schema.TaggedError<JobStoreError>()("JobStoreError", {
  reason: Schema.Literals(["Unreadable", "Unwritable"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `job store: ${this.detail}; ${adviceOn(this.cause, storeAdvice[this.reason])}`
  }
}

/**
 * What the database said, in one line.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describeSqlError = ({ reason }: SqlError): string => {
  const { cause } = reason
  const text =
    Predicate.hasProperty(cause, "message") && typeof cause.message === "string" ? cause.message : ""
  return ErrorBody.showable(text === "" ? (reason.message ?? reason._tag) : text, 200)
}

/**
 * What to do about it, if the database itself says so: who keeps it locked, and how that ends. Else what holds in general.
 *
 * @category formatting
 * @since 0.1.0
 */
export const adviceOn = (cause: unknown, general: string): string =>
  isSqlError(cause) &&
  Predicate.hasProperty(cause.reason.cause, "advice") &&
  typeof cause.reason.cause.advice === "string"
    ? cause.reason.cause.advice
    : general

/** What a run reads and writes fails with. */
export type StoreFailure = AttemptLogError | JobStoreError

export const isStoreFailure = (error: unknown): error is StoreFailure =>
  Predicate.isTagged(error, "AttemptLogError") || Predicate.isTagged(error, "JobStoreError")

/** Whether the same write may succeed in a moment. */
export const mayPass = (error: StoreFailure): boolean =>
  isSqlError(error.cause) ? passes(error.cause) : error.reason === "Unwritable"

/** What stands in the way: the file system, the way to the database, or what only a person can put right. */
export const suspensionOf = (error: StoreFailure): "disk" | "database" | "operator" => {
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
