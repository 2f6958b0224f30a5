/**
 * What happened to a job, by the columns that need no decoding: the attempts and the batches, page by page.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as JobStore from "../../jobs/JobStore.ts"
import * as Ranges from "../../model/Ranges.ts"
import * as Digests from "../Digests.ts"
import type { JobAccess } from "./JobAccess.ts"
import * as Pages from "./Pages.ts"
import * as Rows from "./Rows.ts"

export const history =
  ({ get, sql }: JobAccess): JobStore.Service["history"] =>
  (jobId) =>
    Stream.unwrap(
      Effect.as(
        get(jobId),
        Stream.concat(
          Pages.paged(
            (after) => sql<AttemptRow>`
              SELECT id AS number, job_id, epoch, operation, inputs, begun_at, digest, ended_at, acceptance, reason
              FROM line_items_attempts WHERE job_id = ${jobId} AND id > ${after} ORDER BY id LIMIT ${pageSize}`,
            attemptedOf,
            pageSize
          ),
          Pages.paged(
            (after) => sql<BatchRow>`
              SELECT number, settled_at, created, rejected, invalid, not_sent, in_doubt
              FROM line_items_batches WHERE job_id = ${jobId} AND number > ${after}
              ORDER BY number LIMIT ${pageSize}`,
            (row) => Effect.succeed([settledOf(row)]),
            pageSize
          )
        )
      )
    )

type AttemptRow = Omit<Digests.Attempt, "id" | "outcomes"> & {
  readonly number: number
  readonly digest: string | null
}

const isAcceptance = Schema.is(Schema.Literals(["Accepted", "NotAccepted", "InDoubt"]))

/** An attempt as it was begun. Its end is not compared with its digest, which covers the outcomes as well. */
const attemptedOf = Effect.fnUntraced(function* (
  row: AttemptRow
): Effect.fn.Return<ReadonlyArray<JobStore.Happened>, JobStore.JobStoreError> {
  const { acceptance, reason } = row
  const inputs = Ranges.parse(row.inputs)
  if (inputs === undefined || row.digest !== Digests.ofBegin(row)) return yield* garbled(row)
  const begun = { _tag: "Attempted", begunAtMillis: Number(row.begun_at), inputs: inputs.length } as const
  if (row.ended_at === null) return [begun]
  if (!isAcceptance(acceptance)) return yield* garbled(row)
  const endedAtMillis = Number(row.ended_at)
  return [{ ...begun, end: { acceptance, ...(reason !== null && { reason }), endedAtMillis } }]
})

const garbled = ({ number }: AttemptRow) => Rows.unreadable(`attempt ${String(number)} is garbled`)

interface BatchRow {
  readonly number: number
  readonly settled_at: number | null
  readonly created: number
  readonly rejected: number
  readonly invalid: number
  readonly not_sent: number
  readonly in_doubt: number
}

const settledOf = (row: BatchRow): JobStore.Happened => ({
  _tag: "Settled",
  ...(row.settled_at !== null && { atMillis: Number(row.settled_at) }),
  counts: {
    Created: Number(row.created),
    Rejected: Number(row.rejected),
    Invalid: Number(row.invalid),
    NotSent: Number(row.not_sent),
    InDoubt: Number(row.in_doubt)
  }
})

/** Small rows that are read at once. */
const pageSize = 1000
