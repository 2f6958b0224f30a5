/**
 * The errors of an attempt log and a job store: their messages, whether they may pass by themselves, and why they suspend a job.
 *
 * Pure. A write that failed for an unknown reason may succeed when it is repeated. A row that was changed, or that the
 * database refuses for its content, stays wrong.
 *
 * @since 0.1.0
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { SqlError } from "effect/sql/SqlError"

/** By its tag, so that a run without a database does not load the errors of databases. */
const isSqlError = (cause: unknown): cause is SqlError => Predicate.isTagged(cause, "SqlError")

const logAdvice = {
  Unwritable: "nothing is sent that is not written down; repair the database and resume",
  Unreadable: "restore the database, or check in HubSpot what was created",
  Fenced: "another process runs the job now; wait for it, or stop it and resume"
}

/**
 * The log cannot be written or read, or another run has taken over the job (`Fenced`). After a `begin` that fails, nothing was
 * sent, but the attempt may be in the log.
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
 * The database cannot be read or written, or a row in it is damaged. A write that failed may have been committed. It is safe to
 * repeat it.
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
 * The message of the database, in one line.
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
 * The database's own advice if it has any, such as which process locks it and how to end that. Otherwise the general advice.
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

/** The errors of the reads and writes of a run. */
export type StoreFailure = AttemptLogError | JobStoreError

export const isStoreFailure = (error: unknown): error is StoreFailure =>
  Predicate.isTagged(error, "AttemptLogError") || Predicate.isTagged(error, "JobStoreError")

/** Whether the same write may succeed in a moment. */
export const mayPass = ({ cause, reason }: StoreFailure): boolean =>
  isSqlError(cause) ? isAway(cause) || isFull(cause) : reason === "Unwritable"

/** What must be fixed: the disk, the connection to the database, or something that needs a person. */
export const suspensionOf = (error: StoreFailure): "disk" | "database" | "operator" => {
  if (!isSqlError(error.cause)) return error.reason === "Unwritable" ? "disk" : "operator"
  return isAway(error.cause) ? "database" : "disk"
}

/** SQLite's primary result code, or PostgreSQL's SQLSTATE. */
const codesOf = ({ reason: { cause } }: SqlError) => ({
  sqlite: Predicate.hasProperty(cause, "errcode") ? Number(cause.errcode) & 0xff : undefined,
  postgres: Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
})

/**
 * The database cannot be reached, or is busy. PostgreSQL: too many connections (53), accepts none (55), read only for now
 * (25), shut down or starting (57).
 */
const isAway = (error: SqlError): boolean =>
  error.isRetryable || (/^(25|53|55|57)/.test(codesOf(error).postgres) && !isFull(error))

/** SQLITE_FULL; in PostgreSQL a full disk, and errors of its files. */
const isFull = (error: SqlError): boolean => {
  const { postgres, sqlite } = codesOf(error)
  return sqlite === 13 || postgres === "53100" || postgres.startsWith("58")
}
