/**
 * Durable imports: listing them, showing one, canceling one, and forgetting those that are over.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Json from "./Json.ts"
import * as Report from "./Report.ts"
import * as Source from "../files/Source.ts"
import { refused, usage } from "./Exit.ts"
import * as Colour from "./Colour.ts"
import * as Next from "./Next.ts"
import * as Output from "./Output.ts"
import { Verbosity } from "./Verbosity.ts"
import { Process } from "./Process.ts"
import * as Words from "./Words.ts"

/** A job as a script sees it. */
export const view = (job: Job.Job, counts: Job.Counts): typeof Json.Status.Type => {
  const { created, inDoubt, inputs, invalid, notSent, open, rejected } = counts
  return {
    job: job.id,
    status: Job.statusOf(job.state),
    state: job.state,
    source: job.frozen.source.name,
    strategy: strategyOf(job),
    account: job.frozen.account,
    inputs,
    created,
    rejected,
    invalid,
    notSent,
    inDoubt,
    open,
    ...(job.frozen.retryOf !== undefined && { retryOf: job.frozen.retryOf.job }),
    requestedAt: iso(job.createdAtMillis),
    ...(job.startedAtMillis !== undefined && { startedAt: iso(job.startedAtMillis) }),
    ...(job.completedAtMillis !== undefined && { completedAt: iso(job.completedAtMillis) }),
    ...(isToBeCanceled(job) && { cancelRequested: true }),
    ...(job.suspension !== undefined && {
      suspended: {
        reason: job.suspension.reason,
        message: job.suspension.message,
        resumeAt: job.suspension.resumeAtMillis === undefined ? null : iso(job.suspension.resumeAtMillis)
      }
    }),
    ...(job.holder !== undefined && {
      holder: { pid: job.holder.pid, host: job.holder.host, since: iso(job.holder.sinceMillis) }
    })
  }
}

/** As `--strategy` names it. */
export const strategyOf = ({ frozen: { strategy } }: Job.Job): string => Words.ofStrategy(strategy)

const isToBeCanceled = ({ cancelRequested, state }: Job.Job): boolean =>
  cancelRequested && !Job.isFinal(state)

/** The state of a job, and whether its cancellation was requested. */
export const stateOf = (job: Job.Job): string =>
  isToBeCanceled(job) ? `${job.state}, to be canceled` : job.state

/** Whether a process runs the job, as far as this machine can see. */
export const isRun = ({ holder }: Job.Job): Effect.Effect<boolean, never, Process> =>
  Effect.gen(function* () {
    const { isGone } = yield* Process
    return holder !== undefined && holder.untilMillis > (yield* Clock.currentTimeMillis) && !isGone(holder)
  })

const iso = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

/** The longest list for a person. */
const mostListed = 1000

export const list = Effect.fnUntraced(function* (json: boolean) {
  const jobs = yield* Effect.mapError(
    yield* Effect.map(JobStore.JobStore, (store) => store.list({ limit: mostListed })),
    refused
  )
  if (json)
    return yield* Output.line(
      Json.text(
        Json.Jobs,
        jobs.map(({ counts, job }) => view(job, counts))
      )
    )
  // The ids alone: for scripts, and for the completion of a shell.
  if ((yield* Verbosity) === "quiet")
    return yield* Effect.asVoid(Output.offer(jobs.map(({ job }) => `${job.id}\n`).join("")))
  if (jobs.length === 0) return yield* Output.line("no jobs")
  const rows = jobs.map(({ counts, job }) => [
    job.id,
    job.state,
    `${Report.format(counts.inputs - counts.open)} of ${Report.format(counts.inputs)}`,
    Source.visible(job.frozen.source.name),
    iso(job.createdAtMillis)
  ])
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  yield* Output.line(
    rows
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()
      )
      .join("\n")
  )
})

/** A job and its counts. */
export const look = Effect.fnUntraced(function* (jobId: string) {
  const store = yield* JobStore.JobStore
  return {
    job: yield* Effect.mapError(store.get(jobId), refused),
    counts: yield* Effect.mapError(store.counts(jobId), refused)
  }
})

/** What runs the jobs of a database: for each the process that was started for it, or workers. */
export type RunBy = "processes" | "workers"

export const status = Effect.fnUntraced(function* (jobId: string, json: boolean, runBy: RunBy) {
  const { counts, job } = yield* look(jobId)
  yield* Output.line(json ? Json.text(Json.Status, view(job, counts)) : yield* textOf(job, counts, runBy))
})

const colours = {
  planning: "unsure",
  pending: "unsure",
  running: "unsure",
  suspended: "unsure",
  done: "good",
  canceled: "bad"
} as const satisfies Record<Job.State, string>

/** A job as a person sees it. */
export const textOf = Effect.fnUntraced(function* (job: Job.Job, counts: Job.Counts, runBy: RunBy) {
  const { account, created, inDoubt, inputs, invalid, notSent, open, rejected, source, strategy } = view(
    job,
    counts
  )
  const run = yield* isRun(job)
  const now = yield* Clock.currentTimeMillis
  const kinds = [
    [created, "created", "good"],
    [rejected, "rejected", "bad"],
    [invalid, "invalid", "bad"],
    [notSent, "not sent", "unsure"],
    [inDoubt, "in doubt", "unsure"],
    [open, "without an outcome", "unsure"]
  ] as const
  const paint = yield* Colour.of("stdout")
  return [
    `${job.id}: ${paint(colours[job.state], stateOf(job))}${job.suspension === undefined ? "" : ` (${job.suspension.message})`}`,
    `  ${Source.visible(source)}, account ${account}, ${strategy}`,
    ...(job.frozen.retryOf === undefined ? [] : [`  sends rows of ${job.frozen.retryOf.job} again`]),
    `  ${Report.count(inputs, "row")}: ${kinds
      .filter(([count], n) => n === 0 || count > 0)
      .map(([count, kind, is]) => paint(is, `${Report.format(count)} ${kind}`))
      .join(", ")}`,
    ...(job.holder === undefined
      ? []
      : [
          run
            ? `  run by pid ${job.holder.pid} on ${job.holder.host}`
            : `  was run by pid ${job.holder.pid} on ${job.holder.host}, which has ended`
        ]),
    ...(yield* nextOf(job, runBy, run, now))
  ].join("\n")
})

/** The next steps for a person. */
const nextOf = Effect.fnUntraced(function* (job: Job.Job, runBy: RunBy, run: boolean, now: number) {
  const { id, state, suspension } = job
  if (Job.isFinal(state) || run) return []
  if (state === "planning") return [`  ${yield* unplanned(job)}`]
  const resume = yield* Next.command("resume", { words: [id], job })
  if (runBy === "processes") {
    return [`  ${isToBeCanceled(job) ? "end it" : "go on"} with: ${resume}`]
  }
  if (state !== "suspended" || isToBeCanceled(job)) return [`  ${whenAWorkerRuns}`]
  if (suspension?.resumeAtMillis === undefined) return [`  go on at once with: ${resume}`]
  return suspension.resumeAtMillis <= now
    ? [`  ${whenAWorkerRuns}`]
    : [`  goes on at ${iso(suspension.resumeAtMillis)}, or at once with: ${resume}`]
})

/** The next step for a job whose planning has stopped. */
const unplanned = Effect.fnUntraced(function* (job: Job.Job) {
  const { retryOf, source } = job.frozen
  const again =
    retryOf === undefined
      ? yield* Next.importAgain(job)
      : yield* Next.command("retry", { words: [retryOf.job, source.path ?? "-", "--job", job.id], job })
  return `not all of its rows were written down, and nothing was sent; ${source.path === undefined ? "pipe its rows again into" : "plan it again with"}: ${again}`
})

/** Refuses a job whose rows are not all written down: it cannot be run, only planned again. */
export const mustBePlanned = Effect.fnUntraced(function* (job: Job.Job) {
  const { epoch, holder, id, state } = job
  if (state !== "planning") return
  if (holder === undefined || !(yield* isRun(job)))
    return yield* usage(`job "${id}": ${yield* unplanned(job)}`)
  return yield* refused(new JobStore.JobBusy({ ...holder, jobId: id, epoch }))
})

const whenAWorkerRuns = "a worker of this database takes it as soon as one runs"

export const cancel = Effect.fnUntraced(function* (jobId: string, json: boolean, runBy: RunBy) {
  const store = yield* JobStore.JobStore
  const job = yield* Effect.mapError(store.requestCancel(jobId), refused)
  if (json) return yield* status(jobId, json, runBy)
  yield* Output.line(
    job.holder !== undefined && (yield* isRun(job))
      ? `${jobId}: to be canceled; pid ${job.holder.pid} on ${job.holder.host} stops within seconds`
      : runBy === "workers"
        ? `${jobId}: to be canceled; ${whenAWorkerRuns}`
        : `${jobId}: to be canceled; end it, and see the rows that were not sent, with: ${yield* Next.command("resume", { words: [jobId], job })}`
  )
})

/**
 * Asks the workers to go on with a job. Succeeds with whether the job is over, and prints nothing then. Files can be written
 * only once it is over.
 */
export const requestResume = Effect.fnUntraced(function* (
  jobId: string,
  { json, writes }: { readonly json: boolean; readonly writes: boolean }
) {
  const store = yield* JobStore.JobStore
  const found = yield* Effect.mapError(store.get(jobId), refused)
  if (Job.isFinal(found.state)) return true
  yield* mustBePlanned(found)
  if (writes) {
    return yield* usage(
      `job "${jobId}" is ${found.state}, and workers write no files: give --rejects, --doubts and --created once it is over`
    )
  }
  const job = yield* Effect.mapError(store.requestResume(jobId), refused)
  const { holder, state } = job
  if (json) {
    yield* status(jobId, json, "workers")
    return false
  }
  yield* Output.line(
    holder !== undefined && (yield* isRun(job))
      ? `${jobId}: run by pid ${holder.pid} on ${holder.host}`
      : state === "suspended" && !isToBeCanceled(job)
        ? `${jobId}: to be resumed; ${whenAWorkerRuns}`
        : `${jobId}: ${stateOf(job)}; ${whenAWorkerRuns}`
  )
  return false
})

export const forget = Effect.fnUntraced(function* (options: {
  readonly olderThan: Duration.Duration
  readonly dryRun: boolean
  readonly json: boolean
}) {
  const { dryRun, json, olderThan } = options
  const store = yield* JobStore.JobStore
  const jobs = yield* Effect.mapError(store.forget({ olderThan, dryRun }), refused)
  if (json) return yield* Output.line(Json.text(Json.Forgotten, { forgotten: jobs, dryRun }))
  yield* Output.line(
    jobs.length === 0
      ? "no job ended that long ago"
      : jobs.map((id) => `${id}: ${dryRun ? "would be forgotten" : "forgotten"}`).join("\n")
  )
})
