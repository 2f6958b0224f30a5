/**
 * Files as durable imports: written down as jobs, and compared with the file's earlier content before a job goes on. `JobRun`
 * runs them.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as FindRows from "../bulk/FindRows.ts"
import type * as Terminal from "effect/Terminal"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as Import from "../jobs/Import.ts"
import type * as Frozen from "../jobs/Frozen.ts"
import * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Planning from "../jobs/Planning.ts"
import * as Json from "./Json.ts"
import * as Report from "./Report.ts"
import * as FileDigest from "../files/FileDigest.ts"
import * as Source from "../files/Source.ts"
import { type Exit, refused, refusedBefore } from "./Exit.ts"
import * as FileImport from "./Import.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Jobs from "./Jobs.ts"
import * as Lines from "./Lines.ts"
import * as Next from "./Next.ts"
import * as Output from "./Output.ts"
import { Process } from "./Process.ts"

/** An import under an id. */
export interface Options extends FileImport.Options {
  readonly jobId: string
  /** Whose rows are sent again, if they are those of another job. */
  readonly retrying?: Retrying | undefined
}

/** A retry, as its plan needs to know it. */
interface Retrying {
  readonly of: Frozen.RetryOf
  /** The key that was made for a row when it was imported first. */
  readonly madeKeyOf: (row: Source.Row) => string | undefined
  /** Runs once all rows are written down, when other retries can see them. */
  readonly check: Effect.Effect<void, Exit, JobStore.JobStore>
}

/** The account of a job, or else that of the newest one: HubSpot has not confirmed it. */
export const supposedAccount = Effect.fnUntraced(function* (
  jobId: string
): Effect.fn.Return<string | undefined, never, JobStore.JobStore> {
  const store = yield* JobStore.JobStore
  return yield* store.get(jobId).pipe(
    Effect.catchTag("JobNotFound", () => Effect.map(store.list({ limit: 1 }), ([newest]) => newest?.job)),
    Effect.map((job) => job?.frozen.account),
    // If the store fails, the next effect that needs it reports that.
    Effect.orElseSucceed(() => undefined)
  )
})

/** Refuses the id of a job that got beyond planning. */
export const mustBeFree = (jobId: string) => Effect.mapError(Planning.mustBeFree(jobId), refused)

/**
 * Writes an import down as a job, and succeeds with how many requests its definitions took. It sends only what proves the key
 * property and names the account.
 */
export const plan = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  number,
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
  const fs = yield* FileSystem.FileSystem
  const { holder, isGone } = yield* Process
  const { jobId, keyColumn, keyProperty, retrying, strategy = DoubtStrategy.failVisible } = options
  // An id that is taken is reported before the first request.
  yield* mustBeFree(jobId)
  // A planned job keeps its id for good, so an obstacle is reported before.
  yield* JobFiles.mustBePossible(options)
  const { declared, finder, requests, source, warnings } = yield* FileImport.prepare(options)
  const notices = Lines.noticesOf(Source.visible(source.name))
  const say = (line: string | undefined) => (line === undefined ? Effect.void : Console.error(line))
  yield* source.rows.pipe(
    // What is found is written down with the row, so that the job asks no more.
    FindRows.rows(finder, (event) => say(notices(event))),
    Planning.plan({
      holder,
      isGone,
      id: jobId,
      frozen: {
        source: {
          name: source.name,
          ...(options.input !== "stdin" && { path: options.input.path })
        },
        format: source.format,
        ...(source.header !== undefined && { header: source.header }),
        ...notEmpty("declared", declared),
        ...notEmpty("dialect", source.dialect),
        batchSize: options.batchSize ?? 100,
        strategy,
        ...(keyProperty !== undefined && { keyProperty }),
        ...(keyColumn !== undefined && { keyColumn }),
        ...(retrying !== undefined && { retryOf: retrying.of })
      },
      where: { unit: "line", of: (row) => row.line },
      keyOf: (row) =>
        keyColumn !== undefined
          ? Lines.keyOf(source, row, keyColumn)
          : retrying === undefined || keyProperty === undefined || !Result.isSuccess(row.input)
            ? undefined
            : (row.input.success.properties[keyProperty] ?? retrying.madeKeyOf(row)),
      digest:
        source.replayable && options.input !== "stdin" ? FileDigest.of(options.input.path, fs) : undefined,
      check: retrying?.check
    }),
    Effect.mapError(refusedBefore),
    Effect.onInterrupt(() =>
      Console.error(
        `line-items: interrupted; no row was sent, and not all were written down; import it again as job ${jobId}`
      )
    )
  )
  yield* Effect.forEach(warnings(), say, { discard: true })
  return requests
})

/** A key with an object that says something. */
const notEmpty = <const K extends string, A extends object>(key: K, value: A | undefined) =>
  value === undefined || Object.keys(value).length === 0 ? {} : ({ [key]: value } as Readonly<Record<K, A>>)

/** Says that an import is written down for workers to run. */
export const submitted = Effect.fnUntraced(function* (jobId: string, json: boolean) {
  const store = yield* JobStore.JobStore
  const { state } = yield* Effect.mapError(store.get(jobId), refused)
  const { inputs, invalid } = yield* Effect.mapError(store.counts(jobId), refused)
  yield* Output.line(
    json
      ? Json.text(Json.Submitted, { job: jobId, status: Job.statusOf(state), inputs, invalid })
      : `${jobId}: ${Report.format(inputs)} rows are written down${invalid === 0 ? "" : `, of which ${Report.format(invalid)} are invalid`}; the workers of the database run them. See: ${yield* Next.command("status", { words: [jobId] })}`
  )
})

/** Refuses a job of another account, or for another address. */
export const checkAccount = (job: Job.Job) => Effect.mapError(Planning.checkAccount(job), refusedBefore)

/** Refuses to go on with a file that has changed, or for another account. */
export const checkResume = Effect.fnUntraced(function* (job: Job.Job) {
  const fs = yield* FileSystem.FileSystem
  const { declared = {}, format, source } = job.frozen
  const { path } = source
  const there = path !== undefined && (yield* Effect.orElseSucceed(fs.exists(path), () => false))
  yield* checkAccount(job)
  if (!there) return
  const digest = yield* FileDigest.of(path, fs)
  const { rows } = yield* Effect.mapError(Source.open({ path }, { format, declared }), refused)
  yield* Effect.mapError(Planning.checkRows(job, digest, rows), refused)
})

/** Marks a job of a restored database: attempts after the copy was made are unknown to it. */
export const distrust = Effect.fnUntraced(function* (jobId: string) {
  const store = yield* JobStore.JobStore
  yield* Jobs.mustBePlanned(yield* Effect.mapError(store.get(jobId), refused))
  yield* Effect.mapError(Import.distrust(jobId, yield* Process), refused)
})
