/**
 * `line-items resolve`: looks for the rows of a job that are in doubt, and proposes an outcome for each. It reads; the outcomes
 * are written down only on request, and it never sends or deletes a line item.
 *
 * It reads the log of attempts first: a process that was suspended while another took over its job may have been answered
 * since. Then it looks the rows up by the job's key property, or without one among the line items of a row's parent. A missing
 * row counts as absent only some time after the last request of the job: HubSpot may apply or index a request late.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as AttemptLog from "../engine/AttemptLog.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import type * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Lookup from "../doubt/Lookup.ts"
import * as ParentLookup from "../doubt/ParentLookup.ts"
import type { Item } from "../model/Plan.ts"
import * as Json from "./Json.ts"
import * as Report from "./Report.ts"
import { Verbosity } from "./Verbosity.ts"
import * as Source from "../files/Source.ts"
import * as DurableImport from "./DurableImport.ts"
import { refused } from "./Exit.ts"
import * as Output from "./Output.ts"
import * as Next from "./Next.ts"
import { Process } from "./Process.ts"

/** HubSpot's longest request, its index, and a margin; as `DoubtStrategy` waits. */
const quietMillis = 150_000

/** The proposed outcome of a row in doubt. */
interface Proposal {
  readonly line: number
  readonly index: number
  /** `later`: the row was not found, which proves nothing yet. */
  readonly is: "created" | "absent" | "later" | "unknown"
  readonly id?: string
}

interface Doubt {
  readonly item: Item<Source.Row>
  readonly entry: Job.Entry
}

export const run = Effect.fnUntraced(function* (
  jobId: string,
  options: { readonly apply: boolean; readonly json: boolean }
) {
  const store = yield* JobStore.JobStore
  const job = yield* store.get(jobId)
  yield* DurableImport.checkAccount(job)
  const doubts = yield* store.rows(jobId, ["InDoubt"]).pipe(
    Stream.map(({ item, outcome }): ReadonlyArray<Doubt> =>
      item === undefined || outcome === undefined ? [] : [{ item, entry: outcome }]
    ),
    Stream.runCollect,
    Effect.map((some) => some.flat())
  )
  // A missing attempt may have been the last, or may have had an answer.
  yield* store.log.verify(jobId)
  const attempts = yield* store.log.attempts(jobId)
  const lastAt = attempts.reduce(
    (last, { begunAtMillis, end }) => Math.max(last, end?.endedAtMillis ?? begunAtMillis),
    0
  )
  const logged = createdIn(attempts)
  const isQuiet = (yield* Clock.currentTimeMillis) - lastAt >= quietMillis
  const look = yield* lookupOf(job, doubts, attempts)

  const proposals: Array<Proposal> = []
  for (const { item } of doubts) {
    const id = logged.get(item.index)
    if (id !== undefined) proposals.push({ line: item.source.line, index: item.index, is: "created", id })
  }
  const open = doubts.filter(({ item }) => !logged.has(item.index))
  // All together: rows of one parent are told apart only so. A lookup makes its own requests of them.
  const items = open.map(({ item }) => item)
  const { absent, found } = yield* look(items)
  for (const { index, source } of items) {
    const id = found.get(index)?.id
    proposals.push({
      line: source.line,
      index,
      is: id !== undefined ? "created" : !absent.has(index) ? "unknown" : isQuiet ? "absent" : "later",
      ...(id !== undefined && { id })
    })
  }

  proposals.sort((a, b) => a.index - b.index)
  const decided = proposals.filter(isDecided)
  if (options.apply && decided.length > 0) {
    const { holder } = yield* Process
    const claim = yield* store.claim(jobId, { holder, to: "revision" })
    yield* Effect.ensuring(
      store.revise(claim, {
        outcomes: decided.map(({ id, index }): Job.Entry =>
          id !== undefined
            ? { _tag: "Created", index, id, via: "reconciled", possibleDuplicate: false }
            : { _tag: "NotSent", index, reason: { _tag: "Stopped", text: "looked for, and absent" } }
        ),
        who: "line-items resolve",
        why: "looked for in HubSpot"
      }),
      Effect.ignore(store.release(claim))
    )
  }
  yield* Output.line(
    options.json
      ? Json.text(Json.Resolved, { job: jobId, applied: options.apply, proposals })
      : yield* textOf(job, proposals, options.apply)
  )
  return proposals.length === decided.length && (options.apply || proposals.length === 0)
    ? Report.exitCodes.done
    : Report.exitCodes.inDoubt
}, Effect.mapError(refused))

/** The ids of the inputs that were created according to an answer. */
const createdIn = (attempts: ReadonlyArray<AttemptLog.Logged>): ReadonlyMap<number, string> =>
  new Map(
    attempts.flatMap(({ end }) =>
      (end?.outcomes ?? []).flatMap((entry) =>
        entry._tag === "Created" ? [[entry.index, entry.id] as const] : []
      )
    )
  )

/** How the rows of a job are looked for. */
const lookupOf = Effect.fnUntraced(function* (
  { frozen, id }: Job.Job,
  doubts: ReadonlyArray<Doubt>,
  attempts: ReadonlyArray<AttemptLog.Logged>
) {
  const services: Dispatch.Services = {
    client: yield* HubSpotClient,
    limits: yield* RateLimits
  }
  if (frozen.keyProperty !== undefined) {
    return DoubtStrategy.keyNeeded(frozen.strategy) === "unique"
      ? Lookup.byUniqueValue(services, frozen.keyProperty)
      : Lookup.bySearch(services, frozen.keyProperty)
  }
  const store = yield* JobStore.JobStore
  const family = ParentLookup.make(services)
  const created: Array<string> = []
  yield* store.outcomes(id).pipe(
    Stream.runForEach((entry) =>
      Effect.sync(() => {
        if (entry._tag === "Created") created.push(entry.id)
      })
    )
  )
  const since = new Map<number, number>()
  for (const { begunAtMillis, inputs } of attempts) {
    for (const index of inputs) if (!since.has(index)) since.set(index, begunAtMillis)
  }
  family.recall({
    created,
    open: doubts.map(({ item }) => ({ item, sinceMillis: since.get(item.index) ?? 0 }))
  })
  return family.lookup
})

const isDecided = ({ is }: Proposal): boolean => is === "created" || is === "absent"

/** So many rows of a kind are named one by one, or all with `--verbose`. */
const mostNamed = 20

const kinds = {
  created: ({ id = "" }) => `is in HubSpot as ${id}`,
  absent: () => "is not in HubSpot",
  later: () => "is not there yet; run resolve again in three minutes",
  unknown: () => "is unknown; look in HubSpot"
} as const satisfies Record<Proposal["is"], (proposal: Proposal) => string>

const textOf = Effect.fnUntraced(function* (
  job: Job.Job,
  proposals: ReadonlyArray<Proposal>,
  apply: boolean
) {
  if (proposals.length === 0) return `${job.id}: nothing is in doubt`
  const name = Source.visible(job.frozen.source.name)
  const most = (yield* Verbosity) === "verbose" ? Number.POSITIVE_INFINITY : mostNamed
  const counts = { created: 0, absent: 0, later: 0, unknown: 0 }
  const lines = proposals.flatMap((proposal) =>
    ++counts[proposal.is] > most ? [] : [`${name}:${proposal.line}: ${kinds[proposal.is](proposal)}`]
  )
  const more = Object.values(counts).reduce((sum, count) => sum + Math.max(0, count - most), 0)
  const decided = proposals.filter(isDecided).length
  const rest = `${Report.format(decided)} of ${Report.format(proposals.length)} rows in doubt are decided`
  const rejects = `absent.${job.frozen.format === "csv" ? "csv" : "ndjson"}`
  return [
    ...lines,
    ...(more === 0 ? [] : [`… and ${Report.format(more)} more like these; --verbose or --json has them all`]),
    apply
      ? `${job.id}: ${rest} and written down${counts.absent === 0 ? "" : `; absent rows, to be imported again, are written to a file with: ${yield* Next.command("resume", { words: [job.id, "--rejects", rejects], job })}`}`
      : decided === 0
        ? `${job.id}: ${rest}`
        : `${job.id}: ${rest}; write this down with: ${yield* Next.command("resolve", { words: [job.id, "--apply"], job })}`
  ].join("\n")
})
