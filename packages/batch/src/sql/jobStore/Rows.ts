/**
 * The rows in the tables of `Migrations`, to and from the values of `JobStore` and `Job`. A row that cannot be read, or is
 * not as it was written, is always an error.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as Frozen from "../../jobs/Frozen.ts"
import * as Job from "../../jobs/Job.ts"
import { describeSqlError } from "../../model/StoreFailure.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import { compiled } from "../compiled.ts"
import * as Digests from "../Digests.ts"

export interface JobRow {
  readonly id: string
  readonly state: string
  readonly frozen: string
  readonly frozen_digest: string | null
  readonly digest: string | null
  readonly inputs: number | null
  readonly created_at: number
  readonly started_at: number | null
  readonly completed_at: number | null
  readonly suspension: string | null
  readonly cancel_requested: number
  readonly epoch: number
  readonly held_pid: number | null
  readonly held_host: string | null
  readonly held_since: number | null
  readonly held_until: number | null
}

/** How values of a schema are text in a column. */
const text = <A, I>(schema: Schema.Codec<A, I>) => {
  const codec = compiled(Schema.fromJsonString(schema))
  return { encode: Schema.encodeSync(codec), decode: Schema.decodeEffect(codec) }
}

export const frozenText = text(Frozen.Frozen)
export const suspensionText = text(Job.Suspension)
export const entryText = text(Job.Entry)
const entriesText = text(Schema.Array(Job.Entry))
export const retryOfText = text(Schema.Struct({ retryOf: Schema.optionalKey(Frozen.RetryOf) }))
const isState = Schema.is(Job.State)

export const unreadable = (detail: string, cause?: unknown) =>
  new JobStore.JobStoreError({ reason: "Unreadable", detail, ...(cause !== undefined && { cause }) })

const failing =
  (reason: JobStore.JobStoreError["reason"]) =>
  <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) =>
    Effect.catchIf(effect, isSqlError, (cause) =>
      Effect.fail(new JobStore.JobStoreError({ reason, detail: describeSqlError(cause), cause }))
    )

export const reading = failing("Unreadable")
export const writing = failing("Unwritable")

export const jobOf = Effect.fnUntraced(function* (
  row: JobRow
): Effect.fn.Return<Job.Job, JobStore.JobStoreError> {
  const garbled = (cause?: unknown) => unreadable(`job "${row.id}" is garbled`, cause)
  const { state } = row
  if (!isState(state)) return yield* garbled()
  const frozen = yield* Effect.mapError(frozenText.decode(row.frozen), garbled)
  if (row.frozen_digest !== Digests.ofFrozen(row.id, row.frozen)) return yield* garbled()
  const suspension =
    row.suspension === null
      ? undefined
      : yield* Effect.mapError(suspensionText.decode(row.suspension), garbled)
  return {
    id: row.id,
    state,
    frozen,
    ...(row.digest !== null && { digest: row.digest }),
    ...(row.inputs !== null && { inputs: Number(row.inputs) }),
    createdAtMillis: Number(row.created_at),
    ...(row.started_at !== null && { startedAtMillis: Number(row.started_at) }),
    ...(row.completed_at !== null && { completedAtMillis: Number(row.completed_at) }),
    ...(suspension !== undefined && { suspension }),
    cancelRequested: Number(row.cancel_requested) === 1,
    epoch: Number(row.epoch),
    ...(row.held_until !== null && {
      holder: {
        pid: Number(row.held_pid),
        host: row.held_host ?? "",
        sinceMillis: Number(row.held_since),
        untilMillis: Number(row.held_until)
      }
    })
  }
})

/** The columns that count the outcomes of a batch. */
export const columns = {
  Created: "created",
  Rejected: "rejected",
  Invalid: "invalid",
  NotSent: "not_sent",
  InDoubt: "in_doubt"
} as const satisfies Record<Job.Entry["_tag"], string>

/** The sums over the batches of a job. A job without batches has no such row. */
export interface CountsRow extends Readonly<Record<Exclude<keyof Job.Counts, "open"> | "garbled", number>> {
  readonly job_id: string
}

export const countsOf = (row: CountsRow | undefined): Job.Counts => {
  const number = (name: Exclude<keyof CountsRow, "job_id">) => Number(row?.[name] ?? 0)
  const counts = {
    inputs: number("inputs"),
    created: number("created"),
    rejected: number("rejected"),
    invalid: number("invalid"),
    notSent: number("notSent"),
    inDoubt: number("inDoubt"),
    possibleDuplicates: number("possibleDuplicates"),
    batches: number("batches"),
    settledBatches: number("settledBatches")
  }
  const { created, inDoubt, inputs, invalid, notSent, rejected } = counts
  return { ...counts, open: inputs - created - rejected - invalid - notSent - inDoubt }
}

/** The columns that count these outcomes. */
export const tally = (outcomes: ReadonlyArray<Job.Entry>) => {
  const sums = { created: 0, rejected: 0, invalid: 0, not_sent: 0, in_doubt: 0, possible_duplicates: 0 }
  for (const outcome of outcomes) {
    sums[columns[outcome._tag]]++
    if (outcome._tag === "Created" && outcome.possibleDuplicate) sums.possible_duplicates++
  }
  return sums
}

export const byIndex = (a: { readonly index: number }, b: { readonly index: number }) => a.index - b.index

/** The outcomes of a batch as text, and the digest that was written with them. */
export interface OutcomesRow {
  readonly number: number
  readonly outcomes: string | null
  readonly outcomes_digest: string | null
}

export const outcomesRow = (jobId: string, number: number, entries: ReadonlyArray<Job.Entry>) => {
  const outcomes = entriesText.encode([...entries].sort(byIndex))
  return { job_id: jobId, number, outcomes, digest: Digests.ofOutcomes(jobId, number, outcomes) }
}

/** The outcomes of a batch as they were written; none if it has none yet. */
export const entriesOf = Effect.fnUntraced(function* (
  jobId: string,
  { number, outcomes, outcomes_digest }: OutcomesRow
) {
  if (outcomes === null && outcomes_digest === null) return []
  const garbled = (cause?: unknown) =>
    unreadable(`the outcomes of batch ${Number(number)} of job "${jobId}" are garbled`, cause)
  return outcomes === null || Digests.ofOutcomes(jobId, number, outcomes) !== outcomes_digest
    ? yield* garbled()
    : yield* Effect.mapError(entriesText.decode(outcomes), garbled)
})
