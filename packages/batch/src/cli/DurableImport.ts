/**
 * Imports that survive the process: the rows are written down with their trace ids first, then sent, and taken up again
 * where they stood.
 *
 * What is told of a row is told when it is settled. The files of rejects and doubts are written at the end of a run,
 * from what is written down, so they hold what all runs together left.
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Deferred from "effect/Deferred"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import { monotonicMillis } from "../model/Monotonic.ts"
import * as Frozen from "../jobs/Frozen.ts"
import * as Job from "../jobs/Job.ts"
import * as JobBatch from "../jobs/JobBatch.ts"
import * as JobRunner from "../jobs/JobRunner.ts"
import * as JobStore from "../jobs/JobStore.ts"
import type * as Outcome from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"
import * as Progress from "./Progress.ts"
import * as Rejects from "../files/Rejects.ts"
import * as Report from "./Report.ts"
import * as Source from "../files/Source.ts"
import { Exit } from "./Exit.ts"
import * as Import from "./Import.ts"
import * as Jobs from "./Jobs.ts"
import * as Lines from "./Lines.ts"
import * as Output from "./Output.ts"
import { Process } from "./Process.ts"

/** An import under an id. */
export interface Options extends Import.Options {
  readonly jobId: string
  /** Whose rows are sent again, if they are those of another job. */
  readonly retrying?: Retrying | undefined
}

/** A retry, as its plan needs to know it. */
export interface Retrying {
  readonly of: Frozen.RetryOf
  /** The key that was made for a row when it was imported first. */
  readonly madeKeyOf: (row: Source.Row) => string | undefined
  /** Made sure of once all rows are written down, when others who want to send them can see them. */
  readonly check: Effect.Effect<void, Exit, JobStore.JobStore>
}

/** A run of a job that came to an end. */
export interface Ran {
  readonly name: string
  readonly summary: Report.Summary & { readonly job: string }
  readonly promise: string
  readonly code: number
}

/** Batches that are written down together. */
const portion = 50

const refused = (error: { readonly _tag: string; readonly message: string }): Exit =>
  new Exit({
    code:
      error._tag === "JobStoreError" || error._tag === "AttemptLogError"
        ? Report.exitCodes.store
        : error._tag === "JobBusy"
          ? Report.exitCodes.suspended
          : Report.exitCodes.usage,
    lines: [error.message]
  })

const accountOf = Effect.gen(function* () {
  const { portalId } = yield* Effect.provide(
    Effect.flatMap(AccountInfo.AccountInfo, ({ details }) => details),
    AccountInfo.layer
  )
  return String(portalId)
}).pipe(Effect.mapError((error) => new Exit({ code: Report.exitCodeOf(error), lines: [error.message] })))

/** The account of a job, or else that of the newest one: not for sure, until HubSpot is asked. */
export const supposedAccount = Effect.fnUntraced(function* (
  jobId: string
): Effect.fn.Return<string | undefined, never, JobStore.JobStore> {
  const store = yield* JobStore.JobStore
  return yield* store.get(jobId).pipe(
    Effect.catchTag("JobNotFound", () => Effect.map(store.list({ limit: 1 }), ([newest]) => newest?.job)),
    Effect.map((job) => job?.frozen.account),
    // Whoever needs the store is told that it fails.
    Effect.orElseSucceed(() => undefined)
  )
})

/** Rows on their way, and the digest of those that went by, as they were written, portion by portion. */
const digesting = Effect.map(Digest.Digest, ({ digestHex }) => {
  let digest = ""
  const through = <E, R>(rows: Stream.Stream<Source.Row, E, R>): Stream.Stream<Source.Row, E, R> =>
    rows.pipe(
      Stream.rechunk(1000),
      Stream.mapArrayEffect((some) => {
        const written = JSON.stringify(some.map(({ line, original }) => [line, original]))
        return Effect.map(
          digestHex(Digest.sha256, new TextEncoder().encode(`${digest}${written}`)),
          (next) => {
            digest = next
            return some
          }
        )
      })
    )
  return { through, digest: Effect.sync(() => digest) }
}).pipe(Effect.provide(Digest.layerWebCrypto))

const digestOf = <E>(rows: Stream.Stream<Source.Row, E>) =>
  Effect.flatMap(digesting, ({ digest, through }) => Effect.andThen(Stream.runDrain(through(rows)), digest))

/** Refuses the id of a job that got beyond planning; gives the one that did not. */
export const mustBeFree = Effect.fnUntraced(function* (jobId: string) {
  const store = yield* JobStore.JobStore
  const known = yield* Effect.option(store.get(jobId))
  if (known._tag === "Some" && known.value.state !== "planning") {
    const { inputs, open } = yield* Effect.mapError(store.counts(jobId), refused)
    return yield* refused(
      new JobStore.JobExists({ jobId, done: inputs - open, total: inputs, attemptsOnly: false })
    )
  }
  return known
})

/** Writes an import down as a job. Nothing is sent but what proves the key property and names the account. */
export const plan = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  void,
  Exit,
  JobStore.JobStore | FileSystem.FileSystem | Stdio.Stdio | Process | HubSpotClient | RateLimits | Scope.Scope
> {
  const store = yield* JobStore.JobStore
  const self = yield* Process
  const { jobId, keyColumn, keyProperty, retrying, strategy = DoubtStrategy.failVisible } = options
  // An id that is taken is told before anything is asked of HubSpot.
  const known = yield* mustBeFree(jobId)
  // A job that is written down has its id for good, so what would stop it at once is told before.
  for (const path of [options.rejects, options.doubts]) yield* mustNotExist(path)
  const { source } = yield* Import.prepare(options)
  const account = yield* accountOf
  const { origin } = yield* HubSpotClient
  const batchSize = options.batchSize ?? 100
  const claim = yield* Effect.mapError(
    store.create({
      id: jobId,
      holder: self.holder,
      // Who died while planning is not waited for.
      ...(known._tag === "Some" && insteadOf(self, known.value)),
      frozen: {
        source: {
          name: source.name,
          ...(options.input !== "stdin" && { path: options.input.path })
        },
        format: source.format,
        ...(source.header !== undefined && { header: source.header }),
        batchSize,
        strategy,
        ...(keyProperty !== undefined && { keyProperty }),
        ...(keyColumn !== undefined && { keyColumn }),
        account,
        origin,
        ...(retrying !== undefined && { retryOf: retrying.of })
      }
    }),
    refused
  )
  const shape = Plan.creates<Source.Row>({
    jobId,
    toInput: (row) => row.input,
    where: { unit: "line", of: (row) => row.line },
    key:
      keyProperty === undefined
        ? undefined
        : {
            property: keyProperty,
            of: (row) =>
              keyColumn !== undefined
                ? Lines.keyOf(source, row, keyColumn)
                : retrying === undefined || !Result.isSuccess(row.input)
                  ? undefined
                  : (row.input.success.properties[keyProperty] ?? retrying.madeKeyOf(row))
          }
  })
  let inputs = 0
  const { digest, through } = yield* digesting
  yield* through(source.rows).pipe(
    Stream.tap(() => Effect.sync(() => inputs++)),
    JobBatch.fromRows({ shape, batchSize }),
    Stream.rechunk(portion),
    Stream.runForEachArray((batches) => store.append(claim, batches)),
    Effect.mapError((error) => (error._tag === "SourceError" ? Import.usage(error) : refused(error)))
  )
  if (retrying !== undefined) {
    yield* Effect.onError(retrying.check, () => Effect.ignore(store.release(claim)))
  }
  yield* Effect.mapError(store.planned(claim, { digest: yield* digest, inputs }), refused)
})

/** Says that an import is written down for workers to run. */
export const submitted = Effect.fnUntraced(function* (jobId: string, json: boolean) {
  const store = yield* JobStore.JobStore
  const { state } = yield* Effect.mapError(store.get(jobId), refused)
  const { inputs, invalid } = yield* Effect.mapError(store.counts(jobId), refused)
  yield* Output.line(
    json
      ? JSON.stringify({ job: jobId, status: Job.statusOf(state), inputs, invalid })
      : `${jobId}: ${Report.format(inputs)} rows are written down${invalid === 0 ? "" : `, of which ${Report.format(invalid)} are invalid`}; the workers of the database run them. See: line-items status ${jobId}`
  )
})

/** Refuses a job of another account, or for another address. */
export const checkAccount = Effect.fnUntraced(function* (job: Job.Job) {
  const { origin } = yield* HubSpotClient
  if (origin !== job.frozen.origin) {
    return yield* Import.usage({
      message: `job "${job.id}" was planned for ${job.frozen.origin}, not for ${origin}; give --base-url ${job.frozen.origin}`
    })
  }
  return yield* Effect.mapError(
    Effect.fromResult(Frozen.checkResume(job, { account: yield* accountOf })),
    refused
  )
})

/** Refuses to go on with a file that is not what it was, or for another account. */
const checkResume = Effect.fnUntraced(function* (job: Job.Job) {
  const fs = yield* FileSystem.FileSystem
  const store = yield* JobStore.JobStore
  const { path } = job.frozen.source
  const there = path !== undefined && (yield* Effect.orElseSucceed(fs.exists(path), () => false))
  const strategy = yield* checkAccount(job)
  if (!there) return strategy
  const account = yield* accountOf
  const source = yield* Effect.mapError(Source.open({ path }, { format: job.frozen.format }), Import.usage)
  // A file that cannot be read to its end has changed as well; where, the rows say.
  const digest = yield* Effect.orElseSucceed(digestOf(source.rows), () => "unreadable")
  const line =
    digest === job.digest
      ? undefined
      : yield* Effect.orElseSucceed(store.difference(job.id, source.rows), () => undefined)
  return yield* Effect.mapError(
    Effect.fromResult(Frozen.checkResume(job, { account, digest, line })),
    refused
  )
})

/**
 * Writes into the log that all that is not settled may have been sent. An old copy of the database has forgotten what was
 * sent after it was made; the strategy of the job deals with it as with any doubt.
 */
export const distrust = Effect.fnUntraced(
  function* (jobId: string) {
    const store = yield* JobStore.JobStore
    const self = yield* Process
    const found = yield* store.get(jobId)
    yield* Jobs.mustBePlanned(found)
    if (Job.isFinal(found.state)) return
    const claim = yield* store.claim(jobId, { holder: self.holder, ...insteadOf(self, found) })
    yield* store.unsettled(jobId).pipe(
      Stream.runForEach(({ items }) =>
        Effect.flatMap(
          store.log.begin({
            jobId,
            operation: "restored",
            inputs: items.map(({ index }) => index),
            epoch: claim.epoch,
            sinceMillis: found.createdAtMillis
          }),
          (id) => store.log.end(id, { acceptance: "InDoubt", reason: "Restored", outcomes: [] })
        )
      )
    )
    yield* store.release(claim)
  },
  Effect.mapError((error) => (error._tag === "Exit" ? error : refused(error)))
)

/** Runs a job that is written down, from where it stands. */
export const carryOn = Effect.fnUntraced(function* (
  options: Pick<Options, "jobId" | "concurrency" | "rejects" | "doubts" | "named"> & {
    /** Whether what the job was planned with is compared with what there is now. */
    readonly check: boolean
  },
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
  const self = yield* Process
  const { jobId } = options
  const startedAt = yield* monotonicMillis
  const found = yield* Effect.mapError(store.get(jobId), refused)
  yield* Jobs.mustBePlanned(found)
  if (options.check && !Job.isFinal(found.state)) yield* checkResume(found)
  const { format, header, source } = found.frozen
  const from = { name: source.name, format, header }
  for (const path of [options.rejects, options.doubts]) yield* mustNotExist(path)
  const shown = Source.visible(source.name)
  let counts: Report.Counts = { ...(yield* Effect.mapError(store.counts(jobId), refused)), requests: 0 }
  const { columns } = yield* Terminal.Terminal
  const progress = yield* Progress.make({
    name: shown,
    total: found.inputs,
    counts: () => counts,
    columns: yield* columns
  })
  const told = { rejects: 0, doubts: 0 }
  const tell = Effect.fnUntraced(function* (outcome: Outcome.Outcome<Source.Row>) {
    const kind = outcome._tag === "InDoubt" ? "doubts" : "rejects"
    const most = options[kind] === undefined ? Number.POSITIVE_INFINITY : Import.namedBesideFile
    if (outcome._tag !== "Created") told[kind]++
    if (told[kind] > most + 1) return
    if (told[kind] === most + 1) {
      return yield* progress.line(
        `… and so on; ${options[kind] ?? ""} gets every one of them with its reason`
      )
    }
    for (const line of Lines.linesOf(from, outcome)) yield* progress.line(line)
  })
  /** What is known of rows that are not settled in the store. */
  const unsettled: Array<Outcome.Outcome<Source.Row>> = []
  const tellUnwritten = (outcome: Outcome.Outcome<Source.Row>) =>
    outcome._tag === "Created"
      ? progress.line(
          `${shown}:${outcome.source.line}: created as ${outcome.id}; that could not be written down, so the next run may report it in doubt`
        )
      : tell(outcome)
  const notices = Lines.noticesOf(shown)
  const onEvent = (event: BatchRunner.Event): Effect.Effect<void> => {
    switch (event._tag) {
      case "Requested":
      case "Asked":
        counts = { ...counts, requests: counts.requests + 1 }
        return Effect.void
      default: {
        const notice = notices(event)
        return notice === undefined ? Effect.void : progress.line(notice)
      }
    }
  }

  const stop = yield* Deferred.make<void>()
  const abandon = yield* Deferred.make<void>()
  let interrupted = false

  // What is wrong in the file was written down with the plan, and is told once.
  if (!options.check) {
    yield* store.rows(jobId, ["Invalid"]).pipe(
      Stream.runForEach(({ outcome, row }) =>
        tell({ ...outcome, source: row } as Outcome.Outcome<Source.Row>)
      ),
      Effect.mapError(refused)
    )
  }

  const run: Effect.Effect<JobRunner.End, Exit, JobStore.JobStore | HubSpotClient | RateLimits> = Effect.gen(
    function* () {
      // What is over is told once more.
      if (found.state === "done") return { _tag: "Complete" } as const
      if (found.state === "canceled") return { _tag: "Canceled" } as const
      const claim = yield* Effect.catchTag(
        store.claim(jobId, { holder: self.holder, ...insteadOf(self, found) }),
        "IllegalTransition",
        (error) =>
          error.from === "done" || error.from === "canceled" ? Effect.succeed(error.from) : Effect.fail(error)
      )
      // It came to its end while this was being prepared.
      if (claim === "done") return { _tag: "Complete" } as const
      if (claim === "canceled") return { _tag: "Canceled" } as const
      return yield* JobRunner.run(claim, {
        concurrency: options.concurrency,
        stop,
        abandon,
        onEvent,
        onSettled: (outcomes) =>
          Effect.suspend(() => {
            counts = Report.add(counts, outcomes)
            return Effect.forEach(outcomes, tell, { discard: true })
          }),
        onUnsettled: (outcomes, error) =>
          Effect.suspend(() => {
            unsettled.push(...outcomes)
            // Perhaps nobody but this process knows.
            return error === undefined
              ? Effect.void
              : Effect.forEach(outcomes, tellUnwritten, { discard: true })
          })
      })
    }
  ).pipe(Effect.scoped, Effect.mapError(refused))

  /** The job and its counts as the store has them. Without the store, what this process knows. */
  const lookBack = Effect.gen(function* () {
    const job = yield* store.get(jobId)
    const { open: _, ...settled } = yield* store.counts(jobId)
    counts = { ...settled, requests: counts.requests }
    return { job, error: undefined }
  }).pipe(Effect.catchTag("JobStoreError", (error) => Effect.succeed({ job: undefined, error })))

  /** Says why the files are not written, if they are not. */
  const files = (job: Job.Job | undefined, error: JobStore.JobStoreError | undefined) =>
    job === undefined
      ? Effect.forEach([options.rejects, options.doubts], (path) =>
          path === undefined
            ? Effect.void
            : progress.line(`${Source.visible(path)} is not written: ${error?.detail ?? ""}`)
        ).pipe(Effect.as(true))
      : writeFiles(options, from, job).pipe(
          Effect.as(false),
          Effect.catchTags({
            RejectsError: (error) => Effect.as(progress.line(error.message), true),
            JobStoreError: (error) => Effect.as(progress.line(error.message), true)
          })
        )

  const conclude = Effect.fnUntraced(function* (end: JobRunner.End) {
    yield* progress.end
    const { error, job } = yield* lookBack
    const state = job?.state ?? stateAfter(end)
    const unwritable = yield* files(job, error)
    const ending: Report.Ending = {
      interrupted,
      reason: end._tag === "Suspended" ? end.reason : undefined,
      unreadable: false,
      unwritable
    }
    if (end._tag === "Fenced") yield* progress.line(end.message)
    if (counts.inputs === 0) yield* progress.line(`${shown}: no rows`)
    if (!Job.isFinal(state)) {
      yield* progress.line(
        `${shown}: ${Report.format(openOf(counts))} of ${Report.format(counts.inputs)} rows are not settled${end._tag === "Suspended" ? `: ${end.suspension.message}` : ""}; go on with: line-items resume ${jobId}`
      )
    }
    const known = Report.add(counts, unsettled)
    const all = { ...known, notSent: known.notSent + openOf(known) }
    const summary = Report.summarize(all, (yield* monotonicMillis) - startedAt, ending)
    const ran: Ran = {
      name: source.name,
      summary: { ...summary, status: Job.statusOf(state), job: jobId },
      promise: DoubtStrategy.promise(found.frozen.strategy),
      code: end._tag === "Fenced" ? Report.exitCodes.suspended : Report.exitCode(all, ending)
    }
    yield* finish(ran)
    const unwritten = (end._tag === "Suspended" ? end.unwritten : undefined) ?? error
    return unwritten === undefined ? ran : yield* new Exit({ code: ran.code, lines: [unwritten.message] })
  })

  const working = yield* Effect.forkDetach(
    Effect.flatMap(run, (end) => Effect.catchTag(conclude(end), "JobNotFound", refusing))
  )
  return yield* Effect.onInterrupt(
    Fiber.join(working),
    Effect.fnUntraced(function* () {
      interrupted = true
      yield* Deferred.succeed(stop, undefined)
      yield* progress.line("stopping: waiting for the requests under way (Ctrl-C again leaves them in doubt)")
      const left = yield* Effect.raceFirst(
        Effect.as(Fiber.await(working), false),
        Effect.as(self.signaled, true)
      )
      if (!left) return
      yield* Deferred.succeed(abandon, undefined)
      yield* Fiber.await(working)
    })
  )
})

/** A job whose end is known, and which cannot be looked at. */
const stateAfter = ({ _tag }: JobRunner.End): Job.State =>
  _tag === "Complete" ? "done" : _tag === "Canceled" ? "canceled" : "running"

/** Rows without an outcome. What was settled although that was not confirmed may be counted twice. */
const openOf = ({ created, inDoubt, inputs, invalid, notSent, rejected }: Report.Counts): number =>
  Math.max(0, inputs - created - rejected - invalid - notSent - inDoubt)

const refusing = (error: { readonly _tag: string; readonly message: string }) => Effect.fail(refused(error))

/** A job whose holder is gone is taken at once. */
const insteadOf = ({ isGone }: Process["Service"], { epoch, holder }: Job.Job) =>
  holder !== undefined && isGone(holder) ? { insteadOf: epoch } : undefined

export const mustNotExist = Effect.fnUntraced(function* (path: string | undefined) {
  if (path === undefined) return
  const fs = yield* FileSystem.FileSystem
  if (yield* Effect.orElseSucceed(fs.exists(path), () => false)) {
    return yield* Import.usage({
      message: `${Source.visible(path)} exists; choose another name or remove it`
    })
  }
})

/** Rows that were not created, and rows in doubt, of all runs. A retry names the lines of the file that was imported first. */
const writeFiles = Effect.fnUntraced(function* (
  options: Pick<Options, "jobId" | "rejects" | "doubts">,
  source: Pick<Source.Source, "format" | "header">,
  { frozen: { retryOf } }: Job.Job
) {
  const store = yield* JobStore.JobStore
  const asFirst = (row: Source.Row): Source.Row =>
    retryOf === undefined ? row : { ...row, line: Rejects.lineOf(source, row) ?? row.line }
  if (options.rejects !== undefined) {
    const rejects = yield* Rejects.make({ path: options.rejects, source })
    yield* store
      .rows(options.jobId, ["Rejected", "Invalid", "NotSent"])
      .pipe(
        Stream.runForEachArray((some) =>
          rejects.writeAll(
            some.map(({ outcome, row }) => ({ row: asFirst(row), reason: Lines.reasonOfEntry(row, outcome) }))
          )
        )
      )
  }
  if (options.doubts !== undefined) {
    const doubts = yield* Rejects.makeDoubts({ path: options.doubts, source })
    yield* store.rows(options.jobId, ["InDoubt"]).pipe(
      Stream.runForEachArray((some) =>
        doubts.writeAll(
          some.flatMap(({ item, outcome, row }) =>
            outcome?._tag === "InDoubt"
              ? [
                  {
                    row: asFirst(row),
                    reason: "in doubt",
                    traceId: item?.objectWriteTraceId ?? "",
                    evidence: outcome.evidence.text
                  }
                ]
              : []
          )
        )
      )
    )
  }
})
