/**
 * The outcomes of the batches of a job. They are recorded once, and later revised as `Job.revise` allows; each revision
 * keeps its author and reason.
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Job from "../../jobs/Job.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import * as Ranges from "../../model/Ranges.ts"
import * as Rows from "./Rows.ts"
import type { JobAccess } from "./JobAccess.ts"

export const settle = (access: JobAccess): JobStore.Service["settle"] =>
  Effect.fnUntraced(function* (claim, settlements) {
    const now = yield* Clock.currentTimeMillis
    yield* access.held(claim, ["running", "suspended"], "done")
    for (const settlement of settlements) yield* settleOne(access, claim.jobId, settlement, now)
  }, access.transaction)

const settleOne = Effect.fnUntraced(function* (
  access: JobAccess,
  jobId: string,
  { number, outcomes }: JobStore.Settlement,
  now: number
) {
  const { seal, sql } = access
  const { invalid, ...sums } = Rows.tally(outcomes)
  const [row] = yield* sql<{ sendable: string; invalid: number }>`
      UPDATE line_items_batches SET settled_at = ${now}, ${sql.update(sums)}
      WHERE job_id = ${jobId} AND number = ${number} AND settled_at IS NULL
      RETURNING sendable, invalid`
  if (row === undefined) {
    const known = yield* sql`SELECT 1 FROM line_items_batches WHERE job_id = ${jobId} AND number = ${number}`
    return known.length > 0
      ? yield* new JobStore.AlreadySettled({ jobId, number })
      : yield* Effect.die(new RangeError(`job ${jobId} has no batch ${number}`))
  }
  const sorted = [...outcomes].sort(Rows.byIndex)
  if (invalid > 0 || Ranges.format(sorted.map(({ index }) => index)) !== row.sendable) {
    return yield* Effect.die(
      new RangeError(`the outcomes of batch ${number} of job ${jobId} are not those of its items`)
    )
  }
  yield* seal(jobId, number, number)
  if (Number(row.invalid) === 0) {
    yield* sql`INSERT INTO line_items_outcomes ${sql.insert(Rows.outcomesRow(jobId, number, sorted))}`
    return
  }
  const [known] = yield* sql<Rows.OutcomesRow>`
      SELECT number, outcomes, digest AS outcomes_digest FROM line_items_outcomes
      WHERE job_id = ${jobId} AND number = ${number}`
  const wrong = known === undefined ? [] : yield* Rows.entriesOf(jobId, known)
  yield* rewrite(access, jobId, number, [...wrong, ...sorted])
})

const rewrite = ({ sql }: JobAccess, jobId: string, number: number, entries: ReadonlyArray<Job.Entry>) => {
  const { digest, outcomes } = Rows.outcomesRow(jobId, number, entries)
  return sql`UPDATE line_items_outcomes SET outcomes = ${outcomes}, digest = ${digest}
      WHERE job_id = ${jobId} AND number = ${number}`
}

export const revise = (access: JobAccess): JobStore.Service["revise"] =>
  Effect.fnUntraced(function* (claim, { outcomes, who, why }) {
    const revised_at = yield* Clock.currentTimeMillis
    const trail = { who: ErrorBody.showable(who), why: ErrorBody.showable(why), revised_at }
    yield* access.held(claim, ["running", "suspended", "done", "canceled"], "done", access.forUpdate)
    for (const outcome of outcomes) yield* reviseOne(access, claim.jobId, outcome, trail)
  }, access.transaction)

/** Author, reason and time of a revision. */
interface Trail {
  readonly who: string
  readonly why: string
  readonly revised_at: number
}

const reviseOne = Effect.fnUntraced(function* (
  access: JobAccess,
  jobId: string,
  to: Job.Entry,
  trail: Trail
) {
  const { seal, sql } = access
  const [row] = yield* sql<Rows.OutcomesRow>`
      SELECT b.number AS number, o.outcomes AS outcomes, o.digest AS outcomes_digest
      FROM line_items_batches b
      LEFT JOIN line_items_outcomes o ON o.job_id = b.job_id AND o.number = b.number
      WHERE b.job_id = ${jobId} AND b.first_index <= ${to.index} ORDER BY b.first_index DESC LIMIT 1`
  const number = Number(row?.number)
  const known = row === undefined ? [] : yield* Rows.entriesOf(jobId, row)
  const from = known.find(({ index }) => index === to.index)
  if (from === undefined) {
    return yield* new Job.IllegalRevision({ index: to.index, from: "not settled", to: to._tag })
  }
  const became = yield* Effect.fromResult(Job.revise(from, to))
  const next = known.map((entry) => (entry === from ? became : entry))
  yield* rewrite(access, jobId, number, next)
  yield* sql`UPDATE line_items_batches SET ${sql.update(Rows.tally(next))}
      WHERE job_id = ${jobId} AND number = ${number}`
  yield* seal(jobId, number, number)
  yield* sql`INSERT INTO line_items_revisions ${sql.insert({
    job_id: jobId,
    input: to.index,
    was: Rows.entryText.encode(from),
    became: Rows.entryText.encode(became),
    ...trail
  })}`
})

export const revisions = ({ sql }: JobAccess): JobStore.Service["revisions"] =>
  Effect.fnUntraced(function* (jobId) {
    const rows = yield* sql<Trail & { was: string; became: string }>`
        SELECT was, became, who, why, revised_at FROM line_items_revisions WHERE job_id = ${jobId} ORDER BY id`
    return yield* Effect.forEach(rows, ({ became, revised_at, was, who, why }) =>
      Effect.mapBoth(Effect.all({ was: Rows.entryText.decode(was), became: Rows.entryText.decode(became) }), {
        onFailure: (cause) => Rows.unreadable(`the trail of job "${jobId}" is garbled`, cause),
        onSuccess: (change): JobStore.Revision => ({ ...change, who, why, atMillis: Number(revised_at) })
      })
    )
  }, Rows.reading)
