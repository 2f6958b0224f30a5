/**
 * `line-items retry`: sends rows of a durable import that were not created again, from a corrected file, as a durable import
 * of its own.
 *
 * Only this import knows which rows it repeats, so it can refuse: a row that may be in HubSpot, or that another retry may
 * still send, stops it before the first request.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type * as Terminal from "effect/Terminal"
import * as Job from "../jobs/Job.ts"
import * as JobRetry from "../jobs/JobRetry.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Plan from "../model/Plan.ts"
import * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
import * as WriteTrace from "../model/WriteTrace.ts"
import * as DurableImport from "./DurableImport.ts"
import { type Exit, refused, usage } from "./Exit.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Next from "./Next.ts"
import { Process } from "./Process.ts"

/** The job, the file with its rows, and the id of the retry; everything else is as in the job. */
export interface Options extends Pick<
  DurableImport.Options,
  "concurrency" | "stopWhenAllRejected" | "rejects" | "doubts" | "created"
> {
  readonly jobId: string
  readonly path: string
  /** Default: the name of the job that was imported first, with the next number. */
  readonly as: string | undefined
}

/** Writes the rows down as a job, and passes it on. */
export const run = Effect.fnUntraced(function* <A, R>(
  options: Options,
  use: (planned: DurableImport.Options & { readonly requests: number }) => Effect.Effect<A, Exit, R>
): Effect.fn.Return<
  A,
  Exit,
  | R
  | JobStore.JobStore
  | FileSystem.FileSystem
  | Stdio.Stdio
  | Terminal.Terminal
  | Process
  | HubSpotClient
  | RateLimits
  | Scope.Scope
> {
  const { concurrency, created, doubts, jobId, path, rejects, stopWhenAllRejected } = options
  const store = yield* JobStore.JobStore
  const self = yield* Process
  const job = yield* Effect.mapError(store.get(jobId), refused)
  if (!Job.isFinal(job.state)) {
    const { message } = new JobRetry.NotOver({ jobId, state: job.state })
    return yield* usage(`${message}: ${yield* Next.command("resume", { words: [jobId], job })}`)
  }
  if (path === "-") {
    return yield* usage("retry checks all rows before it sends one; give a regular file")
  }
  const declared = Rejects.formatOf(job.frozen, job.frozen.declared)
  const source = yield* Effect.mapError(Source.open({ path }, { declared }), refused)
  yield* Effect.mapError(Source.check(source), refused)
  yield* fenceOff(jobId)
  const fates = yield* check(job, source)
  yield* JobFiles.mustBePossible(options)
  const first = Job.firstOf(job)
  const id = options.as ?? (yield* nextOf(first))
  yield* DurableImport.mustBeFree(id)
  yield* DurableImport.checkAccount(job)

  const { batchSize, keyColumn, keyProperty, strategy } = job.frozen
  const what: DurableImport.Options = {
    jobId: id,
    input: { path },
    format: undefined,
    declared,
    rejects,
    doubts,
    created,
    batchSize,
    concurrency,
    stopWhenAllRejected,
    strategy,
    keyProperty,
    keyColumn,
    retrying: {
      of: { job: jobId, first },
      madeKeyOf: (row) => {
        const fate = fates.get(Rejects.lineOf(source, row) ?? 0)?.find(({ jobId }) => jobId === first)
        return fate === undefined ? undefined : Plan.madeKey(first, fate.index)
      },
      // The rows as written down: the file may have changed, and other retries may have begun, since the first check.
      check: Effect.asVoid(
        check(job, { ...source, rows: Stream.map(store.rows(id), ({ row }) => row) }, id)
      ).pipe(Effect.provideService(Process, self))
    }
  }
  const requests = yield* DurableImport.plan(what)
  yield* Console.error(`${Source.visible(source.name)}: rows of job ${jobId} again, as job ${id}`)
  return yield* use({ ...what, requests })
})

/**
 * Takes over retries whose planning stopped on another machine: otherwise no process could end them, or send their rows.
 */
const fenceOff = Effect.fnUntraced(function* (jobId: string) {
  const store = yield* JobStore.JobStore
  const self = yield* Process
  const family = yield* Effect.mapError(store.family(jobId), refused)
  for (const { frozen, holder, id, state } of family) {
    if (state !== "planning" || holder === undefined || self.isGone(holder)) continue
    yield* store.create({ id, frozen, holder: self.holder }).pipe(
      Effect.flatMap(store.release),
      // Its planning goes on, or has ended meanwhile.
      Effect.catchTags({ JobBusy: () => Effect.void, JobExists: () => Effect.void }),
      Effect.mapError(refused)
    )
  }
})

/** The history of a file's rows, if all of them may be sent again. `but` is the retry itself. */
const check = Effect.fnUntraced(function* (
  { id }: Job.Job,
  source: Pick<Source.Source, "name" | "header"> & {
    readonly rows: Stream.Stream<
      Source.Row,
      Source.SourceError | JobStore.JobNotFound | JobStore.JobStoreError
    >
  },
  but?: string
) {
  const named = yield* source.rows.pipe(
    Stream.map((row): JobRetry.Named => ({ at: row.line, line: Rejects.lineTextOf(source, row) })),
    Stream.runCollect,
    Effect.mapError(refused)
  )
  const lines = new Set(named.flatMap(({ line }) => Rejects.numberOf(line) ?? []))
  const { isGone } = yield* Process
  const fates = yield* Effect.mapError(
    JobRetry.fates(id, lines, { but, mayPlan: (holder) => !isGone(holder) }),
    refused
  )
  yield* Effect.mapError(
    Effect.fromResult(JobRetry.check(id, named, (line) => fates.get(line) ?? [])),
    (error) => usage(`${Source.visible(source.name)}:${error.at}: ${error.message}`)
  )
  return fates
})

/** The first of `<first>-retry-1`, `-2`, … that is free, or whose planning process died. */
const nextOf = Effect.fnUntraced(function* (first: string) {
  const store = yield* JobStore.JobStore
  const { isGone } = yield* Process
  for (let n = 1; ; n++) {
    const id = `${first}-retry-${n}`
    if (!WriteTrace.isJobId(id)) {
      return yield* usage(`"${id}" is too long for the id of a job; give another with --job`)
    }
    const taken = yield* store.get(id).pipe(
      Effect.map(({ holder, state }) => state !== "planning" || (holder !== undefined && !isGone(holder))),
      Effect.catchTag("JobNotFound", () => Effect.succeed(false)),
      Effect.mapError(refused)
    )
    if (!taken) return id
  }
})
