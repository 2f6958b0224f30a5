/**
 * The part of a durable job that never changes: a job goes on with the same input, on the same account, and with the same
 * strategy. Pure.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Schema from "effect/Schema"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import { Dialect } from "../files/Dialect.ts"
import { FileFormat } from "../files/FileFormat.ts"

const duration = Schema.DurationFromMillis
const looking = { quiet: duration, reads: Schema.Int, spacing: duration, resends: Schema.Int }

/**
 * A `DoubtStrategy` as the store keeps it, with times in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Strategy = Schema.Union([
  Schema.TaggedStruct("failVisible", {
    verifyRejections: Schema.Union([Schema.Literal(false), Schema.Struct({ quiet: duration })])
  }),
  Schema.TaggedStruct("atLeastOnce", { resends: Schema.Int }),
  Schema.TaggedStruct("reconcile", looking),
  Schema.TaggedStruct("reconcileByParent", looking),
  Schema.TaggedStruct("guard", { quiet: duration, resends: Schema.Int }),
  Schema.TaggedStruct("upsert", { quiet: duration })
]) satisfies Schema.Codec<DoubtStrategy.DoubtStrategy, unknown>

/**
 * The job that a job retries, and the job that imported the file first: the two differ where a retry is retried. Rows are
 * identified by their lines in the file of `first`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RetryOf = Schema.Struct({ job: Schema.String, first: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export interface RetryOf extends Schema.Schema.Type<typeof RetryOf> {}

/**
 * The settings that a job was planned with. `account` is the HubSpot portal's id, `origin` the address that requests go to.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Frozen = Schema.Struct({
  source: Schema.Struct({
    name: Schema.String,
    /** Absent for the standard input. */
    path: Schema.optionalKey(Schema.String)
  }),
  format: Schema.Literals(["csv", "ndjson", "json"]),
  /** Only of a CSV file that is not empty. */
  header: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What was declared of the file. */
  declared: Schema.optionalKey(FileFormat),
  /** How the file is written, which its rejects file follows. */
  dialect: Schema.optionalKey(Dialect),
  batchSize: Schema.Int,
  strategy: Strategy,
  keyProperty: Schema.optionalKey(Schema.String),
  keyColumn: Schema.optionalKey(Schema.String),
  account: Schema.String,
  origin: Schema.String,
  /** Only of a job that sends rows of another job again, see `JobRetry`. */
  retryOf: Schema.optionalKey(RetryOf)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Frozen extends Schema.Schema.Type<typeof Frozen> {}

/**
 * The input is not the planned one. `line` is the first line that differs, where it is known.
 *
 * @category errors
 * @since 0.1.0
 */
export class InputChanged extends Schema.TaggedError<InputChanged>()("InputChanged", {
  name: Schema.String,
  line: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const at = this.line === undefined ? "" : ` at line ${this.line}`
    return `${InputIssue.quote(this.name)} differs from the planned input${at}; resume without the file, or import it as a new job`
  }
}

/**
 * The token belongs to another account.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountChanged extends Schema.TaggedError<AccountChanged>()("AccountChanged", {
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return `the token belongs to account ${this.is}, the job was started on ${this.was}; use a token of account ${this.was}`
  }
}
