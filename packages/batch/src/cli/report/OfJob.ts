/**
 * The report of a durable job, from its store alone, so that it is the same at every time, also after a crash.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as DoubtStrategy from "../../doubt/DoubtStrategy.ts"
import type * as Rejects from "../../files/Rejects.ts"
import type * as Job from "../../jobs/Job.ts"
import * as JobStore from "../../jobs/JobStore.ts"
import * as JobFiles from "../JobFiles.ts"
import * as Jobs from "../Jobs.ts"
import * as Next from "../Next.ts"
import type { Process } from "../Process.ts"
import { Secrets } from "../Secrets.ts"
import * as Facts from "./Facts.ts"
import * as Findings from "./Findings.ts"
import * as Steps from "./Steps.ts"
import * as Write from "./Write.ts"

export interface Options {
  readonly path: string
  /** The files that the run has written. */
  readonly files: JobFiles.Paths
  readonly limit: number | undefined
}

/** Writes the report of a job as it is now. */
export const write = Effect.fnUntraced(function* (
  job: Job.Job,
  { files, limit, path }: Options
): Effect.fn.Return<
  void,
  Rejects.RejectsError | JobStore.JobNotFound | JobStore.JobStoreError,
  JobStore.JobStore | FileSystem.FileSystem | Stdio.Stdio | Process | Secrets
> {
  const store = yield* JobStore.JobStore
  const { redact } = yield* Secrets
  const args = yield* Effect.flatMap(Stdio.Stdio, ({ args }) => args)
  const {
    completedAtMillis,
    createdAtMillis,
    frozen,
    id,
    startedAtMillis = createdAtMillis,
    suspension
  } = job
  const { inputs, open, possibleDuplicates } = yield* store.counts(id)
  const growing = Findings.make(startedAtMillis, redact)
  yield* Stream.runForEach(store.history(id), (happened) => Effect.sync(() => told(growing, happened)))
  const asFirst = JobFiles.asFirstOf(frozen, job)
  const named = ({ item, outcome: entry, row }: JobStore.Settled) =>
    Effect.sync(() => {
      if (entry === undefined) return
      growing.row({ row, entry, line: asFirst(row).line, traceId: item?.objectWriteTraceId })
    })
  yield* Stream.runForEach(store.rows(id, ["Rejected", "Invalid", "NotSent", "InDoubt"]), named)
  // The first of them are shown. All have to be looked at only for those that may have been created twice.
  const created = store.rows(id, ["Created"])
  yield* Stream.runForEach(possibleDuplicates > 0 ? created : Stream.take(created, Findings.mostIds), named)
  const findings = growing.findings()
  const { counts } = findings
  const strategy = Jobs.strategyOf(job)
  const without = (text: string | undefined) => (text === undefined ? undefined : Facts.clipped(text, redact))
  yield* Write.write(
    path,
    {
      source: Facts.clipped(frozen.source.name, redact),
      job: id,
      state: `${Jobs.stateOf(job)}${suspension === undefined ? "" : `: ${Facts.clipped(suspension.message, redact)}`}`,
      account: frozen.account,
      origin: frozen.origin,
      strategy,
      promise: DoubtStrategy.promise(frozen.strategy),
      inputs,
      open,
      startedAtMillis,
      endedAtMillis: completedAtMillis,
      writtenAtMillis: yield* Clock.currentTimeMillis,
      limit,
      command: Facts.clipped(Next.importOf(args, job), redact),
      reading: Facts.readingOf(frozen, redact),
      createdFile: without(files.created),
      allIds: without(Steps.allIds(job, args)),
      steps: Steps.ofJob(job, { args, counts, files }).map(Facts.stepWithout(redact)),
      versions: yield* Write.versions
    },
    findings
  )
})

const told = (growing: Findings.Growing, happened: JobStore.Happened): void => {
  if (happened._tag === "Settled") {
    for (const [tag, kind] of Object.entries(Findings.kindOf)) {
      growing.settled(kind, happened.counts[tag as Job.Entry["_tag"]], happened.atMillis)
    }
    return
  }
  const { begunAtMillis, end, inputs } = happened
  growing.attempted({
    begunAtMillis,
    inputs,
    ...(end !== undefined && {
      millis: Math.max(0, end.endedAtMillis - begunAtMillis),
      acceptance: end.acceptance,
      reason: end.reason
    })
  })
}
