/**
 * A run of a durable import as a person follows it: what is told of a row when it is settled, how far it is, and what it came
 * to.
 *
 * The files of rejects and doubts are written at the end, from what is written down, so they hold what all runs together
 * left.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as GracefulStop from "../engine/GracefulStop.ts"
import * as Source from "../files/Source.ts"
import * as Import from "../jobs/Import.ts"
import * as Job from "../jobs/Job.ts"
import type * as JobRunner from "../jobs/JobRunner.ts"
import * as JobStore from "../jobs/JobStore.ts"
import { monotonicMillis } from "../model/Monotonic.ts"
import type { Outcome } from "../model/Outcome.ts"
import * as DurableImport from "./DurableImport.ts"
import { Exit } from "./Exit.ts"
import { namedBesideFile } from "./Import.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Jobs from "./Jobs.ts"
import * as Lines from "./Lines.ts"
import { Process } from "./Process.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"

export interface Options extends JobFiles.Paths, Pick<Import.RunOptions, "concurrency"> {
  readonly jobId: string
  /** Whether what the job was planned with is compared with what there is now. */
  readonly check: boolean
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
  readonly from: Lines.From & Pick<Source.Source, "format">
  /** The name of the input, as it is printed. */
  readonly shown: string
  readonly startedAt: number
  readonly progress: Progress.Progress
  /** What is known as it goes. */
  readonly now: {
    counts: Report.Counts
    interrupted: boolean
    /** Of rows that are not settled in the store. */
    readonly unsettled: Array<Outcome<Source.Row>>
  }
}

/** Runs a job that is written down, from where it stands. `finish` is told its end also when it was interrupted. */
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
  | HubSpotClient
  | RateLimits
  | Scope.Scope
> {
  const store = yield* JobStore.JobStore
  const { holder, isGone, signaled } = yield* Process
  const { concurrency, jobId } = options
  const startedAt = yield* monotonicMillis
  const job = yield* Effect.mapError(store.get(jobId), DurableImport.refused)
  yield* Jobs.mustBePlanned(job)
  if (options.check && !Job.isFinal(job.state)) yield* DurableImport.checkResume(job)
  yield* JobFiles.mustNotExist(options)
  const { format, header, source } = job.frozen
  const shown = Source.visible(source.name)
  const counts = { ...(yield* Effect.mapError(store.counts(jobId), DurableImport.refused)), requests: 0 }
  const now: Following["now"] = { counts, interrupted: false, unsettled: [] }
  const { columns } = yield* Terminal.Terminal
  const progress = yield* Progress.make({
    name: shown,
    total: job.inputs,
    counts: () => now.counts,
    columns: yield* columns
  })
  const from = { name: source.name, format, header }
  const following: Following = { options, job, from, shown, startedAt, progress, now }
  const tell = telling(following)
  // What is wrong in the file was written down with the plan, and is told once.
  if (!options.check) {
    yield* store.rows(jobId, ["Invalid"]).pipe(
      Stream.runForEach(({ outcome, row }) => tell({ ...outcome, source: row } as Outcome<Source.Row>)),
      Effect.mapError(DurableImport.refused)
    )
  }
  const stop = yield* Deferred.make<void>()
  const abandon = yield* Deferred.make<void>()
  const told = { ...listening(following, tell), concurrency, stop, abandon }
  const run = Import.proceed(job, { ...told, holder, isGone }).pipe(
    Effect.flatMap((end) => conclude(following, end)),
    Effect.mapError(DurableImport.refused),
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

type Tell = (outcome: Outcome<Source.Row>) => Effect.Effect<void>

/** Tells what there is to look at in a row; of those that go into a file only the first. */
const telling = ({ from, options, progress }: Following): Tell => {
  const told = { rejects: 0, doubts: 0 }
  return Effect.fnUntraced(function* (outcome) {
    const kind = outcome._tag === "InDoubt" ? "doubts" : "rejects"
    const most = options[kind] === undefined ? Number.POSITIVE_INFINITY : namedBesideFile
    if (outcome._tag !== "Created") told[kind]++
    if (told[kind] > most + 1) return
    if (told[kind] === most + 1) {
      return yield* progress.line(
        `… and so on; ${options[kind] ?? ""} gets every one of them with its reason`
      )
    }
    for (const line of Lines.linesOf(from, outcome)) yield* progress.line(line)
  })
}

/** What is done about what happens in a run. */
const listening = ({ now, progress, shown }: Following, tell: Tell) => {
  const notices = Lines.noticesOf(shown)
  const tellUnwritten: Tell = (outcome) =>
    outcome._tag === "Created"
      ? progress.line(
          `${shown}:${outcome.source.line}: created as ${outcome.id}; that could not be written down, so the next run may report it in doubt`
        )
      : tell(outcome)
  return {
    onEvent: (event) => {
      if (event._tag === "Requested" || event._tag === "Asked") {
        now.counts = { ...now.counts, requests: now.counts.requests + 1 }
        return Effect.void
      }
      const notice = notices(event)
      return notice === undefined ? Effect.void : progress.line(notice)
    },
    onSettled: (outcomes) =>
      Effect.suspend(() => {
        now.counts = Report.add(now.counts, outcomes)
        return Effect.forEach(outcomes, tell, { discard: true })
      }),
    onUnsettled: (outcomes, error) =>
      Effect.suspend(() => {
        now.unsettled.push(...outcomes)
        // Perhaps nobody but this process knows.
        return error === undefined ? Effect.void : Effect.forEach(outcomes, tellUnwritten, { discard: true })
      })
  } satisfies JobRunner.Options
}

/** What a run came to, and what kept it from being written down or looked at. */
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
    unreadable: false,
    unwritable
  }
  if (end._tag === "Fenced") yield* progress.line(end.message)
  if (counts.inputs === 0) yield* progress.line(`${shown}: no rows`)
  if (!Job.isFinal(state)) {
    yield* progress.line(
      `${shown}: ${Report.format(openOf(counts))} of ${Report.format(counts.inputs)} rows are not settled${end._tag === "Suspended" ? `: ${end.suspension.message}` : ""}; go on with: line-items resume ${planned.id}`
    )
  }
  const known = Report.add(counts, now.unsettled)
  const all = { ...known, notSent: known.notSent + openOf(known) }
  const summary = Report.summarize(all, (yield* monotonicMillis) - startedAt, ending)
  const ran: Ran = {
    name: planned.frozen.source.name,
    summary: { ...summary, status: Job.statusOf(state), job: planned.id },
    promise: DoubtStrategy.promise(planned.frozen.strategy),
    code: end._tag === "Fenced" ? Report.exitCodes.suspended : Report.exitCode(all, ending)
  }
  return { ran, unwritten: (end._tag === "Suspended" ? end.unwritten : undefined) ?? error }
})

/** The job and its counts as the store has them. Without the store, what this process knows. */
const lookBack = ({ job: { id }, now }: Following) =>
  Effect.map(Import.status(id), ({ counts, job }) => {
    const { open: _, ...settled } = counts
    now.counts = { ...settled, requests: now.counts.requests }
    return { job, error: undefined }
  }).pipe(Effect.catchTag("JobStoreError", (error) => Effect.succeed({ job: undefined, error })))

/** Writes the files. Says why they are not written, if they are not. */
const files = (
  { from, options, progress }: Following,
  job: Job.Job | undefined,
  error: JobStore.JobStoreError | undefined
) =>
  job === undefined
    ? Effect.forEach([options.rejects, options.doubts], (path) =>
        path === undefined
          ? Effect.void
          : progress.line(`${Source.visible(path)} is not written: ${error?.detail ?? ""}`)
      ).pipe(Effect.as(true))
    : JobFiles.write(options, from, job).pipe(
        Effect.as(false),
        Effect.catchTags({
          RejectsError: (error) => Effect.as(progress.line(error.message), true),
          JobStoreError: (error) => Effect.as(progress.line(error.message), true)
        })
      )

/** A job whose end is known, and which cannot be looked at. */
const stateAfter = ({ _tag }: JobRunner.End): Job.State =>
  _tag === "Complete" ? "done" : _tag === "Canceled" ? "canceled" : "running"

/** Rows without an outcome. What was settled although that was not confirmed may be counted twice. */
const openOf = ({ created, inDoubt, inputs, invalid, notSent, rejected }: Report.Counts): number =>
  Math.max(0, inputs - created - rejected - invalid - notSent - inDoubt)
