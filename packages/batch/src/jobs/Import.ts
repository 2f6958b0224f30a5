/**
 * Durable imports: values are written down as a job first, with the trace ids they are sent with, then sent, and taken up again
 * where they stood, by this process or another.
 *
 * A job keeps what it was made with: the account, the address, the strategy and the key property do not change under it. It
 * reads no files and prints nothing. What is in doubt is dealt with by the strategy of the job, in `JobRunner`.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { BatchRequest, type BatchStatus, InputIssue } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
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
 * Why a job that is written down cannot be run here now.
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
 * What a job is made with, and keeps.
 *
 * @category options
 * @since 0.1.0
 */
export type SubmitOptions<A, I = unknown, RD = never, RE = never> = Planning.Holding &
  DoubtStrategy.Choice & {
    /** The job's name: 1 to 48 of `A–Z a–z 0–9 _ -`. It begins the trace ids of its inputs. */
    readonly id: string
    /** How a value is kept, as JSON. A `Date` or a decimal needs no special care. */
    readonly codec: Schema.Codec<A, I, RD, RE>
    /** The line item in a value, or what is wrong with the value. */
    readonly toInput: (
      value: A
    ) => Result.Result<BatchRequest.CreateInput, ReadonlyArray<InputIssue.InputIssue>>
    /** What messages call the values as a whole. Default: the id. */
    readonly name?: string | undefined
    /** Inputs in one request, 1 to 100. Default 100. */
    readonly batchSize?: number | undefined
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
 * What became of a value, as it is written down: `source` is the value, by its codec. The trace id is there where the value
 * was made an input.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A> = Job.Entry & { readonly source: A; readonly objectWriteTraceId?: string }

/**
 * How far a job is, in HubSpot's four words, with its counts.
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
 * Writes a stream of values down as a job. Nothing is sent but what proves the key property and names the account.
 *
 * An id that exists is refused, unless its job never got beyond planning. A value that cannot be made an input is
 * `Invalid`; one that its codec cannot encode fails the submission, and so does the stream. The same id can be
 * submitted again then: nothing was sent. Options out of range are defects.
 *
 * The command shows such jobs as any others. Its files of rejects hold what the codec makes of a value, if that is a JSON
 * object; corrected values are submitted under another id, since the command knows no `toInput`.
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
        // An id that is taken is told before anything is asked of HubSpot.
        yield* Planning.mustBeFree(id)
        yield* KeyProperty.prove(keyProperty, needs)
      }
      return yield* values.pipe(
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
    }).pipe(Effect.withSpan("Import.submit"))

const textOf = <A, I, RD, RE>(codec: Schema.Codec<A, I, RD, RE>) =>
  Schema.fromJsonString(Schema.toCodecJson(codec))

/** Values as rows: what a row was read from is the JSON of its value. */
const toRows =
  <A, I, RD, RE>({ codec, toInput }: Pick<SubmitOptions<A, I, RD, RE>, "codec" | "toInput">) =>
  <E, R>(values: Stream.Stream<A, E, R>): Stream.Stream<Row, E | Schema.SchemaError, R | RE> => {
    const encode = Schema.encodeEffect(textOf(codec))
    const inputOf = (value: A, line: number): Row["input"] =>
      Plan.guarded(() => toInput(value)).pipe(
        Result.flatMap((input) => input),
        Result.flatMap(InputIssue.read),
        Result.mapError(([first = unexplained, ...others]) => {
          const at = ({ advice, message, path }: InputIssue.InputIssue) =>
            ({ line, column: 1, path, message, advice }) as const
          return [at(first), ...others.map(at)] as const
        })
      )
    return Stream.mapEffect(Stream.zipWithIndex(values), ([value, index]) =>
      Effect.map(encode(value), (text): Row => ({
        index,
        line: index + 1,
        original: { _tag: "Json", text },
        input: inputOf(value, index + 1)
      }))
    )
  }

const unexplained: InputIssue.InputIssue = {
  path: "",
  message: "no input can be made of it, and no reason is given",
  advice: "look at what makes the input"
}

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

/**
 * Runs a job from where it stands until it is over or cannot go on. Of one that is over it says so.
 *
 * Interrupting it is safe: nothing more is sent, requests under way are waited for, and the job is left for the next run.
 * A process that dies is waited for as long as its lease runs (`JobBusy`), 30 seconds unless it said otherwise.
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
})

/**
 * The same for a job that was just planned or checked here.
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
      // It came to its end meanwhile.
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
 * Writes into the log that all that is not settled may have been sent. An old copy of the database has forgotten what was
 * sent after it was made; the strategy of the job deals with it as with any doubt.
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
})

// -----------------------------------------------------------------------------
// Looking, and asking
// -----------------------------------------------------------------------------

/**
 * What is settled, in the order of the values. Fails with `SchemaError` where the codec is not that of the values. Of a row
 * of a CSV file it gets the cells.
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
    Stream.filterMap((settled) =>
      settled.outcome === undefined
        ? Result.fail(undefined)
        : Result.succeed({ ...settled, outcome: settled.outcome })
    ),
    Stream.mapEffect(({ item, outcome, row: { original } }) =>
      Effect.map(
        decode(original._tag === "Json" ? original.text : JSON.stringify(original.cells)),
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
 * How far a job is.
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
})

/**
 * Asks who runs suspended jobs, such as `ImportRuntime`, to go on with this one now. `run` goes on with it here.
 *
 * @category asking
 * @since 0.1.0
 */
export const resume = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.requestResume(id))

/**
 * Asks who runs a job, or will, to end it: what was not sent by then is `NotSent`. A run under way ends within seconds; where
 * there is none, the next one ends it. What is over cannot be canceled.
 *
 * @category asking
 * @since 0.1.0
 */
export const cancel = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.requestCancel(id))
