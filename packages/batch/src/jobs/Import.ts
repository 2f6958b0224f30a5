/**
 * Durable imports: values are first written to the store as a job, with the trace ids of their inputs, and then sent. After a
 * crash, this process or another continues the job.
 *
 * The account, the address, the strategy and the key property of a job never change. This module reads no files and prints
 * nothing. `JobRunner` resolves doubts by the strategy of the job.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Spans from "@effect-hubspot/http/Spans"
import { BatchRequest, type BatchStatus, InputIssue } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as FindRecords from "../bulk/FindRecords.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as KeyProperty from "../doubt/KeyProperty.ts"
import * as GracefulStop from "../engine/GracefulStop.ts"
import type { Row } from "../files/Source.ts"
import { inRange } from "../model/InRange.ts"
import * as Plan from "../model/Plan.ts"
import type * as Frozen from "./Frozen.ts"
import * as Job from "./Job.ts"
import * as JobRunner from "./JobRunner.ts"
import * as JobStore from "./JobStore.ts"
import * as Planning from "./Planning.ts"

export {
  OriginChanged,
  /** @public */
  type Holding,
  /** @public */
  type PlanError
} from "./Planning.ts"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Why a planned job cannot be run here now.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunError =
  | JobStore.JobNotFound
  | JobStore.JobBusy
  | JobStore.JobStoreError
  | Job.IllegalTransition
  | Frozen.AccountChanged
  | Planning.OriginChanged
  | HubSpotError

/**
 * The settings of a new job.
 *
 * @category options
 * @since 0.1.0
 */
export type SubmitOptions<A, I = unknown, RD = never, RE = never> = Planning.Holding &
  DoubtStrategy.Choice & {
    /** The job's name: 1 to 48 of `A–Z a–z 0–9 _ -`. It begins the trace ids of its inputs. */
    readonly id: string
    /** How the store keeps a value, as JSON. A `Date` or a decimal needs no special care. */
    readonly codec: Schema.Codec<A, I, RD, RE>
    /** Makes a line item of a value, or reports its issues. */
    readonly toInput: (
      value: A
    ) => Result.Result<BatchRequest.Given<BatchRequest.CreateInput>, ReadonlyArray<InputIssue.InputIssue>>
    /** The name of all values together in messages. Default: the id. */
    readonly name?: string | undefined
    /** Inputs in one request, 1 to 100. Default 100. */
    readonly batchSize?: number | undefined
    /** Parents and products that values name by keys of their own. What is found is written down. */
    readonly finder?: FindRecords.Finder<A> | undefined
  }

/**
 * @category options
 * @since 0.1.0
 */
export interface RunOptions extends JobRunner.Options, Planning.Holding {
  /** How long requests under way are waited for when the run is interrupted. Default 110 seconds. */
  readonly grace?: Duration.Input | undefined
}

/**
 * The outcome of a value, as the store has it: `source` is the value, by its codec. The trace id is present where the value
 * became an input.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A> = Job.Entry & { readonly source: A; readonly objectWriteTraceId?: string }

/**
 * How far a job is: its status in HubSpot's four words, and its counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly status: BatchStatus.BatchStatus
  readonly job: Job.Job
  readonly counts: Job.Counts
}

// -----------------------------------------------------------------------------
// Planning
// -----------------------------------------------------------------------------

/**
 * Writes a stream of values to the store as a job. It sends no input; it asks HubSpot only for the account, and to prove
 * the key property.
 *
 * An id that exists is refused, unless its job never got beyond planning. A value that does not become an input is
 * `Invalid`. A value that its codec cannot encode fails the submission, and so does a failure of the stream. Nothing was
 * sent then, so the same id can be submitted again. An option out of its range is a defect.
 *
 * The command shows such a job as any other. Its rejects file has the JSON of a value, if that is an object. Submit
 * corrected values under another id: the command does not know `toInput`.
 *
 * **Example**
 *
 * ```ts
 * import { Import } from "@effect-hubspot/batch"
 * import * as Stores from "@effect-hubspot/batch/sql/Stores"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { DateTime, Effect, Layer, Result, Schema, Stream } from "effect"
 *
 * const Order = Schema.Struct({ number: Schema.Int, placed: Schema.DateTimeUtc })
 * const orders = Stream.range(1, 250).pipe(
 *   Stream.map((number) => ({ number, placed: DateTime.makeUnsafe("2026-11-01") }))
 * )
 * const program = Effect.gen(function* () {
 *   yield* orders.pipe(
 *     Import.submit({
 *       id: "orders-2026-11",
 *       codec: Order,
 *       toInput: ({ number }) => Result.succeed({ properties: { name: `Order ${number}` } })
 *     })
 *   )
 *   // Here, or in another process after a crash of this one.
 *   yield* Import.run("orders-2026-11")
 *   const { counts, status } = yield* Import.status("orders-2026-11")
 *   const last = yield* Stream.runLast(Import.outcomes("orders-2026-11", Order))
 *   return [status, counts.created, last._tag === "Some" && last.value.source.number]
 * })
 * const layer = Layer.merge(Stores.layerMemory, Emulator.layerLineItems())
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["COMPLETE", 250, 250]
 * ```
 *
 * @category planning
 * @since 0.1.0
 */
export const submit =
  <A, I, RD, RE>(options: SubmitOptions<A, I, RD, RE>) =>
  <E, R>(
    values: Stream.Stream<A, E, R>
  ): Effect.Effect<
    Job.Job,
    E | Planning.PlanError | Schema.SchemaError | KeyProperty.KeyUnusable,
    R | RE | JobStore.JobStore | HubSpotClient | RateLimits
  > =>
    Effect.gen(function* () {
      const { batchSize = BatchRequest.maxInputs, id, name = id } = options
      inRange("batchSize", batchSize, 1, BatchRequest.maxInputs)
      const { keyProperty, strategy } = yield* DoubtStrategy.chosen(options)
      const needs = DoubtStrategy.keyNeeded(strategy)
      if (needs !== undefined && keyProperty !== undefined) {
        // An id that is taken is refused before HubSpot is asked for anything.
        yield* Planning.mustBeFree(id)
        yield* KeyProperty.prove(keyProperty, needs)
      }
      return yield* values.pipe(
        FindRecords.known(options.finder),
        toRows(options),
        Planning.plan({
          ...options,
          frozen: {
            source: { name },
            format: "ndjson",
            batchSize,
            strategy,
            ...(keyProperty !== undefined && { keyProperty })
          }
        })
      )
    }).pipe(Spans.byReason, Effect.withSpan("Import.submit"))

const textOf = <A, I, RD, RE>(codec: Schema.Codec<A, I, RD, RE>) =>
  Schema.fromJsonString(Schema.toCodecJson(codec))

/** Values as rows: the original of a row is the JSON of its value. */
const toRows =
  <A, I, RD, RE>({ codec, toInput }: Pick<SubmitOptions<A, I, RD, RE>, "codec" | "toInput">) =>
  <E, R>(
    values: Stream.Stream<{ readonly source: A; readonly records: FindRecords.Known }, E, R>
  ): Stream.Stream<Row, E | Schema.SchemaError, R | RE> => {
    const encode = Schema.encodeEffect(textOf(codec))
    const inputOf = (value: A, records: FindRecords.Known, line: number): Row["input"] =>
      Plan.guarded(() => Result.flatMap(toInput(value), (input) => FindRecords.addTo(input, records))).pipe(
        Result.flatMap((input) => input),
        Result.flatMap(InputIssue.read),
        Result.mapError(([first = unexplained, ...others]) => {
          const at = ({ advice, message, path }: InputIssue.InputIssue) =>
            ({ line, column: 1, path, message, advice }) as const
          return [at(first), ...others.map(at)] as const
        })
      )
    return Stream.mapEffect(Stream.zipWithIndex(values), ([{ records, source }, index]) =>
      Effect.map(encode(source), (text): Row => ({
        index,
        line: index + 1,
        original: { _tag: "Json", text },
        input: inputOf(source, records, index + 1)
      }))
    )
  }

const unexplained: InputIssue.InputIssue = {
  path: "",
  message: "toInput refused the value and gave no issue",
  advice: "make toInput give at least one"
}

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

/**
 * Runs a job from where it stopped until it is over or cannot go on. A job that is over already gives its end.
 *
 * Interrupting it is safe: nothing more is sent, requests under way are waited for, and the next run goes on with the job.
 * After a crash, the lease of the dead process must run out first (`JobBusy`): 30 seconds unless `lease` was set.
 * `ImportRuntime` runs jobs by itself, here or elsewhere.
 *
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("Import.run")(function* (
  id: string,
  options: RunOptions = {}
): Effect.fn.Return<JobRunner.End, RunError, JobStore.JobStore | HubSpotClient | RateLimits> {
  const job = yield* Effect.flatMap(JobStore.JobStore, (store) => store.get(id))
  if (!Job.isFinal(job.state)) yield* Planning.checkAccount(job)
  return yield* proceed(job, options)
}, Spans.byReason)

/**
 * The same for a job that was just planned or checked here, without asking HubSpot for the account.
 *
 * @category running
 * @since 0.1.0
 */
export const proceed = Effect.fnUntraced(function* (
  job: Job.Job,
  options: RunOptions = {}
): Effect.fn.Return<
  JobRunner.End,
  Exclude<RunError, Frozen.AccountChanged | Planning.OriginChanged | HubSpotError>,
  JobStore.JobStore | HubSpotClient | RateLimits
> {
  const ended = endOf(job.state)
  if (ended !== undefined) return ended
  const { grace = GracefulStop.defaultGrace } = options
  const store = yield* JobStore.JobStore
  const leave = options.leave ?? (yield* Deferred.make<void>())
  const abandon = options.abandon ?? (yield* Deferred.make<void>())
  const taken = Effect.flatMap(Planning.takingOf(options, job), (taking) => store.claim(job.id, taking))
  const running = taken.pipe(
    Effect.flatMap((claim) => JobRunner.run(claim, { ...options, leave, abandon })),
    Effect.catchTag("IllegalTransition", (error) => {
      // Another run has ended it meanwhile.
      const ended = endOf(error.from)
      return ended === undefined ? Effect.fail(error) : Effect.succeed(ended)
    }),
    Effect.scoped
  )
  return yield* GracefulStop.run(running, {
    stop: Deferred.succeed(leave, undefined),
    grace: Effect.sleep(grace),
    abandon: Deferred.succeed(abandon, undefined)
  })
})

const endOf = (state: Job.State): JobRunner.End | undefined =>
  state === "done" ? { _tag: "Complete" } : state === "canceled" ? { _tag: "Canceled" } : undefined

/**
 * Puts every input without an outcome in doubt, by an attempt in the log. A database that was restored from a backup lacks the
 * attempts made since the backup; the strategy of the job resolves these doubts like any others.
 *
 * @category running
 * @since 0.1.0
 */
export const distrust = Effect.fn("Import.distrust")(function* (id: string, options: Planning.Holding = {}) {
  const store = yield* JobStore.JobStore
  const job = yield* store.get(id)
  if (Job.isFinal(job.state)) return
  const claim = yield* store.claim(id, yield* Planning.takingOf(options, job))
  yield* store.unsettled(id).pipe(
    Stream.runForEach(({ items }) =>
      Effect.flatMap(
        store.log.begin({
          jobId: id,
          operation: "restored",
          inputs: items.map(({ index }) => index),
          epoch: claim.epoch,
          sinceMillis: job.createdAtMillis
        }),
        (attempt) => store.log.end(attempt, { acceptance: "InDoubt", reason: "Restored", outcomes: [] })
      )
    )
  )
  yield* store.release(claim)
}, Spans.byReason)

// -----------------------------------------------------------------------------
// Looking, and asking
// -----------------------------------------------------------------------------

/**
 * The outcomes of a job so far, in the order of the values. Fails with `SchemaError` where the codec is not that of the
 * values. For a row of a CSV file, the codec gets an array of cells.
 *
 * @category reading
 * @since 0.1.0
 */
export const outcomes = <A, I, RD, RE>(
  id: string,
  codec: Schema.Codec<A, I, RD, RE>
): Stream.Stream<
  Outcome<A>,
  JobStore.JobNotFound | JobStore.JobStoreError | Schema.SchemaError,
  JobStore.JobStore | RD
> => {
  const decode = Schema.decodeEffect(textOf(codec))
  return Stream.unwrap(Effect.map(JobStore.JobStore, (store) => store.rows(id))).pipe(
    Stream.filter((row): row is typeof row & { outcome: Job.Entry } => row.outcome !== undefined),
    Stream.mapEffect(({ item, outcome, row: { original } }) =>
      Effect.map(
        decode(
          original._tag === "Json"
            ? original.text
            : JSON.stringify(original._tag === "Csv" ? original.cells : original.text)
        ),
        (source): Outcome<A> => ({
          ...outcome,
          source,
          ...(item !== undefined && { objectWriteTraceId: item.objectWriteTraceId })
        })
      )
    )
  )
}

/**
 * Reads how far a job is.
 *
 * @category reading
 * @since 0.1.0
 */
export const status = Effect.fn("Import.status")(function* (
  id: string
): Effect.fn.Return<Status, JobStore.JobNotFound | JobStore.JobStoreError, JobStore.JobStore> {
  const store = yield* JobStore.JobStore
  const job = yield* store.get(id)
  return { status: Job.statusOf(job.state), job, counts: yield* store.counts(id) }
}, Spans.byReason)

/**
 * Asks the process that runs suspended jobs, such as `ImportRuntime`, to go on with this job now. `run` does so here.
 *
 * @category asking
 * @since 0.1.0
 */
export const resume = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.requestResume(id))

/**
 * Asks the current or the next run of a job to cancel it: inputs that were not sent become `NotSent`. A run under way stops
 * within seconds. A job that is over cannot be canceled.
 *
 * @category asking
 * @since 0.1.0
 */
export const cancel = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.requestCancel(id))
