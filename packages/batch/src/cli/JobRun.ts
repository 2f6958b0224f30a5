/**
 * A run of a durable import as a person follows it: a line per row that needs attention, progress, and the summary.
 *
 * The files of rejects and doubts are written at the end from the store, so they hold the rows of all runs.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as GracefulStop from "../engine/GracefulStop.ts"
import type * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
import * as Import from "../jobs/Import.ts"
import * as Job from "../jobs/Job.ts"
import type * as JobRunner from "../jobs/JobRunner.ts"
import * as JobStore from "../jobs/JobStore.ts"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import type { Outcome } from "../model/Outcome.ts"
import * as Advice from "./Advice.ts"
import * as DurableImport from "./DurableImport.ts"
import { Exit, refused } from "./Exit.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Jobs from "./Jobs.ts"
import * as Lines from "./Lines.ts"
import * as Next from "./Next.ts"
import { load } from "./load.ts"
import { Process } from "./Process.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"
import type { Secrets } from "./Secrets.ts"

export interface Options
  extends JobFiles.Paths, Pick<Import.RunOptions, "concurrency" | "stopWhenAllRejected"> {
  readonly jobId: string
  /** Whether the file and the account are compared with those that the job was planned with. */
  readonly check: boolean
  /** The requests that were made for this run before it began. Default 0. */
  readonly requests?: number | undefined
}

/** A run of a job that came to an end. */
export interface Ran {
  readonly name: string
  readonly summary: Report.Summary & { readonly job: string }
  readonly promise: string
  readonly code: number
}

/** A run under way. */
interface Following {
  readonly options: Options
  readonly job: Job.Job
  readonly from: Lines.From & Rejects.Options["source"]
  /** The name of the input, as it is printed. */
  readonly shown: string
  readonly startedAt: number
  readonly progress: Progress.Progress
  /** The state of the run, as far as this process knows it. */
  readonly now: {
    counts: Report.Counts
    interrupted: boolean
    /** Outcomes that the store does not have. */
    readonly unsettled: Array<Outcome<Source.Row>>
  }
}

/** Runs a planned job from where it stands. `finish` receives the result also when the run was interrupted. */
export const carryOn = Effect.fnUntraced(function* (
  options: Options,
  finish: (ran: Ran) => Effect.Effect<void, Exit, Stdio.Stdio>
): Effect.fn.Return<
  Ran,
  Exit,
  | JobStore.JobStore
  | FileSystem.FileSystem
  | Stdio.Stdio
  | Terminal.Terminal
  | Process
  | Secrets
  | HubSpotClient
  | RateLimits
  | Scope.Scope
> {
  const store = yield* JobStore.JobStore
  const { holder, isGone, signaled } = yield* Process
  const { concurrency, jobId, stopWhenAllRejected } = options
  const startedAt = yield* monotonicMillis
  const job = yield* Effect.mapError(store.get(jobId), refused)
  yield* Jobs.mustBePlanned(job)
  if (options.check && !Job.isFinal(job.state)) yield* DurableImport.checkResume(job)
  yield* JobFiles.mustBePossible(options)
  const { dialect, format, header, source } = job.frozen
  const shown = Source.visible(source.name)
  const counts = {
    ...(yield* Effect.mapError(store.counts(jobId), refused)),
    requests: options.requests ?? 0
  }
  const now: Following["now"] = { counts, interrupted: false, unsettled: [] }
  const { columns } = yield* Terminal.Terminal
  const limits = yield* RateLimits
  const progress = yield* Progress.make({
    name: shown,
    total: job.inputs,
    counts: () => now.counts,
    limit: limits.limit,
    columns: yield* columns
  })
  const from = { name: source.name, format, header, dialect }
  const following: Following = { options, job, from, shown, startedAt, progress, now }
  const { name, rest } = yield* Lines.naming({ source: from, files: options, line: progress.note })
  // Invalid rows were written down with the plan, and are named in the first run only.
  if (!options.check) {
    yield* store.rows(jobId, ["Invalid"]).pipe(
      Stream.runForEach(({ outcome, row }) => name({ ...outcome, source: row } as Outcome<Source.Row>)),
      Effect.mapError(refused)
    )
  }
  const stop = yield* Deferred.make<void>()
  const abandon = yield* Deferred.make<void>()
  const listeners = { ...listening(following, name), concurrency, stopWhenAllRejected, stop, abandon }
  const run = Import.proceed(job, { ...listeners, holder, isGone }).pipe(
    Effect.tap(() => Effect.suspend(() => Effect.forEach(rest(), progress.note, { discard: true }))),
    Effect.flatMap((end) => conclude(following, end)),
    Effect.mapError(refused),
    Effect.flatMap(({ ran, unwritten }) =>
      Effect.andThen(
        finish(ran),
        unwritten === undefined
          ? Effect.succeed(ran)
          : Effect.fail(new Exit({ code: ran.code, lines: [unwritten.message] }))
      )
    )
  )
  return yield* GracefulStop.run(run, {
    stop: Effect.suspend(() => {
      now.interrupted = true
      return Effect.andThen(Deferred.succeed(stop, undefined), progress.line(Progress.stopping))
    }),
    grace: signaled,
    abandon: Deferred.succeed(abandon, undefined)
  })
})

type Name = (outcome: Outcome<Source.Row>) => Effect.Effect<void>

/** The listeners of a run. */
const listening = ({ from, now, progress, shown }: Following, name: Name) => {
  const notices = Lines.noticesOf(shown)
  const nameUnwritten: Name = (outcome) =>
    outcome._tag === "Created"
      ? progress.line(
          `${shown}:${outcome.source.line}: created as ${outcome.id}; this could not be written down, so the next run may report the row in doubt`
        )
      : Effect.forEach(Lines.linesOf(from, outcome), progress.line, { discard: true })
  return {
    onEvent: (event) => {
      if (event._tag === "Requested" || event._tag === "Asked") {
        now.counts = { ...now.counts, requests: now.counts.requests + 1 }
        return Effect.void
      }
      const notice = notices(event)
      return notice === undefined ? Effect.void : progress.note(notice)
    },
    onSettled: (outcomes) =>
      Effect.suspend(() => {
        now.counts = Report.add(now.counts, outcomes)
        return Effect.forEach(outcomes, name, { discard: true })
      }),
    onUnsettled: (outcomes, error) =>
      Effect.suspend(() => {
        now.unsettled.push(...outcomes)
        // Perhaps only this process knows these outcomes.
        return error === undefined ? Effect.void : Effect.forEach(outcomes, nameUnwritten, { discard: true })
      })
  } satisfies JobRunner.Options
}

/** The summary of a run, and the error that kept it from being written down or looked at. */
const conclude = Effect.fnUntraced(function* (following: Following, end: JobRunner.End) {
  const { job: planned, now, progress, shown, startedAt } = following
  yield* progress.end
  const { error, job } = yield* lookBack(following)
  const state = job?.state ?? stateAfter(end)
  const unwritable = yield* files(following, job, error)
  const { counts } = now
  const ending: Report.Ending = {
    interrupted: now.interrupted,
    reason: end._tag === "Suspended" ? end.reason : undefined,
    resumeAtMillis:
      end._tag === "Suspended" && end.unwritten === undefined ? end.suspension.resumeAtMillis : undefined,
    isJob: true,
    unreadable: false,
    unwritable
  }
  if (end._tag === "Fenced") yield* progress.line(end.message)
  if (counts.inputs === 0) yield* progress.line(`${shown}: no rows`)
  if (!Job.isFinal(state)) {
    yield* progress.line(
      `${shown}: ${Report.format(openOf(counts))} of ${Report.format(counts.inputs)} rows have no outcome yet${end._tag === "Suspended" ? `: ${end.suspension.message}${Advice.forNotSent(end.reason)}` : ""}; go on with: ${yield* Next.command("resume", { words: [planned.id], job: planned })}`
    )
  }
  const known = Report.add(counts, now.unsettled)
  const all = { ...known, notSent: known.notSent + openOf(known) }
  const summary = Report.summarize(all, ending, {
    elapsedMs: (yield* monotonicMillis) - startedAt,
    nowMillis: yield* Clock.currentTimeMillis
  })
  const ran: Ran = {
    name: planned.frozen.source.name,
    summary: { ...summary, status: Job.statusOf(state), job: planned.id },
    promise: DoubtStrategy.promise(planned.frozen.strategy),
    code: end._tag === "Fenced" ? Report.exitCodes.suspended : Report.exitCode(all, ending)
  }
  return { ran, unwritten: (end._tag === "Suspended" ? end.unwritten : undefined) ?? error }
})

/** The job and its counts as the store has them, or as this process knows them if the store fails. */
const lookBack = ({ job: { id }, now }: Following) =>
  Effect.map(Import.status(id), ({ counts, job }) => {
    const { open: _, ...settled } = counts
    now.counts = { ...settled, requests: now.counts.requests }
    return { job, error: undefined }
  }).pipe(Effect.catchTag("JobStoreError", (error) => Effect.succeed({ job: undefined, error })))

/** Writes the files. Prints why a file is not written, and succeeds with `true` then. */
const files = (
  { from, options, progress }: Following,
  job: Job.Job | undefined,
  error: JobStore.JobStoreError | undefined
) =>
  job === undefined
    ? Effect.forEach(JobFiles.all(options), (path) =>
        progress.line(`${Source.visible(path)} is not written: ${error?.detail ?? ""}`)
      ).pipe(Effect.as(true))
    : JobFiles.write(options, from, job).pipe(
        Effect.andThen(report(options, job)),
        Effect.as(false),
        Effect.catchTags({
          RejectsError: (error) => Effect.as(progress.line(error.message), true),
          JobStoreError: (error) => Effect.as(progress.line(error.message), true)
        })
      )

/** Writes the report, if it is wanted. */
const report = Effect.fnUntraced(function* (options: Options, job: Job.Job) {
  if (options.report === undefined) return
  const [OfJob] = yield* load(() => [import("./report/OfJob.ts")])
  const limit = yield* Effect.flatMap(RateLimits, ({ limit }) => limit)
  yield* OfJob.write(job, { path: options.report, files: options, limit })
})

/** The state of a job that cannot be looked at, from the end of its run. */
const stateAfter = ({ _tag }: JobRunner.End): Job.State =>
  _tag === "Complete" ? "done" : _tag === "Canceled" ? "canceled" : "running"

/** Rows without an outcome. An outcome that was written without a confirmation may be counted twice. */
const openOf = ({ created, inDoubt, inputs, invalid, notSent, rejected }: Report.Counts): number =>
  Math.max(0, inputs - created - rejected - invalid - notSent - inDoubt)
