/**
 * The four statuses of a batch as typed effects.
 *
 * `COMPLETE` succeeds. `PENDING` and `PROCESSING` are typed failures, each with a schedule of its own;
 * what is repeated is an observation of the batch, never the request that made it. `CANCELED` is a typed
 * failure that is final and carries what was created before. A word HubSpot may invent is typed too.
 *
 * The legal moves:
 *
 * | from | to |
 * |---|---|
 * | `PENDING` | `PENDING`, `PROCESSING`, `COMPLETE`, `CANCELED` |
 * | `PROCESSING` | `PROCESSING`, `COMPLETE`, `CANCELED` |
 * | `COMPLETE` | – |
 * | `CANCELED` | – |
 *
 * @since 0.1.0
 */
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import { BatchResponse, BatchStatus, type CrmObject, type ErrorBody } from "@effect-hubspot/schema"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Outcome from "./Outcome.ts"

const fields = { response: BatchResponse.BatchResponse }

/**
 * HubSpot has the batch and has not begun.
 *
 * @category errors
 * @since 0.1.0
 */
export class Pending extends Schema.TaggedError<Pending>()("Pending", fields) {}

/**
 * HubSpot is at work on the batch.
 *
 * @category errors
 * @since 0.1.0
 */
export class Processing extends Schema.TaggedError<Processing>()("Processing", fields) {}

/**
 * HubSpot has given the batch up; `response.results` is what it had created by then.
 *
 * @category errors
 * @since 0.1.0
 */
export class Canceled extends Schema.TaggedError<Canceled>()("Canceled", fields) {}

/**
 * A status this version does not know.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownStatus extends Schema.TaggedError<UnknownStatus>()("UnknownStatus", fields) {}

/**
 * The batch was not done in time. `last` is the last that was seen of it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Stuck extends Schema.TaggedError<Stuck>()("Stuck", { last: BatchResponse.BatchResponse }) {}

/**
 * A reply said something that cannot follow what an earlier one said, such as `PENDING` after
 * `PROCESSING`.
 *
 * @category errors
 * @since 0.1.0
 */
export class IllegalMove extends Schema.TaggedError<IllegalMove>()("IllegalMove", {
  from: BatchStatus.BatchStatus,
  to: BatchStatus.BatchStatus,
  response: BatchResponse.BatchResponse
}) {}

/**
 * The batch cannot be looked at: its reply gives no link, or one to somewhere else.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotObservable extends Schema.TaggedError<NotObservable>()("NotObservable", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the batch cannot be looked at: ${this.problem}`
  }
}

type Failed = Pending | Processing | Canceled | UnknownStatus

/**
 * The state of a batch as an effect. A reply without a status is taken for done: what it accounts for is
 * judged input by input all the same.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 * import { Effect } from "effect"
 *
 * const state = BatchState.fromResponse({ status: "PENDING", results: [] }).pipe(
 *   Effect.as("done"),
 *   Effect.catchTags({
 *     Pending: () => Effect.succeed("not begun"),
 *     Processing: () => Effect.succeed("at work"),
 *     Canceled: () => Effect.succeed("given up"),
 *     UnknownStatus: () => Effect.succeed("unknown")
 *   })
 * )
 * Effect.runSync(state) // => "not begun"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromResponse = (
  response: BatchResponse.BatchResponse
): Effect.Effect<BatchResponse.BatchResponse, Failed> => {
  const status = response.status === undefined ? "COMPLETE" : BatchStatus.fromString(response.status)
  switch (status) {
    case "COMPLETE":
      return Effect.succeed(response)
    case "PENDING":
      return Effect.fail(new Pending({ response }))
    case "PROCESSING":
      return Effect.fail(new Processing({ response }))
    case "CANCELED":
      return Effect.fail(new Canceled({ response }))
    case undefined:
      return Effect.fail(new UnknownStatus({ response }))
  }
}

/**
 * Whether HubSpot has not finished the batch: it is `PENDING` or `PROCESSING`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOpen = ({ status }: BatchResponse.BatchResponse): boolean => {
  const known = status === undefined ? undefined : BatchStatus.fromString(status)
  return known !== undefined && !BatchStatus.isTerminal(known)
}

const moves: Readonly<Record<BatchStatus.BatchStatus, ReadonlyArray<BatchStatus.BatchStatus>>> = {
  PENDING: ["PENDING", "PROCESSING", "COMPLETE", "CANCELED"],
  PROCESSING: ["PROCESSING", "COMPLETE", "CANCELED"],
  COMPLETE: [],
  CANCELED: []
}

/**
 * Whether a batch can go from one status to another.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isLegal = (from: BatchStatus.BatchStatus, to: BatchStatus.BatchStatus): boolean =>
  moves[from].includes(to)

/**
 * How long to wait between two observations, and for all of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Waiting {
  /** The first wait before jitter. Default 1 second. */
  readonly start: Duration.Input
  /** Each wait is this many times the one before. Default 1.5. */
  readonly factor: number
  /** No wait is longer. Default 30 seconds. */
  readonly cap: Duration.Input
  /** How long a batch may stay in this status. Default 15 minutes. */
  readonly deadline: Duration.Input
}

/**
 * @category constants
 * @since 0.1.0
 */
export const defaultWaiting: Waiting = {
  start: "1 second",
  factor: 1.5,
  cap: "30 seconds",
  deadline: "15 minutes"
}

/**
 * The schedule of a {@link Waiting}: capped exponential, full jitter, until the deadline.
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedule = (waiting: Waiting = defaultWaiting): Schedule.Schedule<Duration.Duration> =>
  Schedule.exponential(waiting.start, waiting.factor).pipe(
    Schedule.modifyDelay(({ duration }) =>
      Effect.map(Random.next, (chance) =>
        Duration.times(Duration.min(duration, Duration.fromInputUnsafe(waiting.cap)), chance)
      )
    ),
    Schedule.upTo({ duration: waiting.deadline })
  )

/**
 * Follows a batch to its end. `observe` looks at it once more and must not send it again; it is repeated
 * by the schedule of the status the batch is in. The first look waits too: the reply is fresh.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 * import { Effect } from "effect"
 *
 * const done = BatchState.settle(
 *   { status: "PENDING", results: [] },
 *   { observe: Effect.succeed({ status: "COMPLETE", results: [{ id: "7" }] }), pending: { ...BatchState.defaultWaiting, start: 1 } }
 * )
 * const response = await Effect.runPromise(done)
 * response.results.length // => 1
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const settle = <R = never>(
  first: BatchResponse.BatchResponse,
  options: {
    readonly observe: Effect.Effect<BatchResponse.BatchResponse, HubSpotError | NotObservable, R>
    readonly pending?: Waiting | undefined
    readonly processing?: Waiting | undefined
  }
): Effect.Effect<
  BatchResponse.BatchResponse,
  Canceled | UnknownStatus | Stuck | IllegalMove | NotObservable | HubSpotError,
  R
> => {
  const look = (from: "PENDING" | "PROCESSING") =>
    Effect.flatMap(
      options.observe,
      (response): Effect.Effect<BatchResponse.BatchResponse, Failed | IllegalMove> => {
        const to = response.status === undefined ? "COMPLETE" : BatchStatus.fromString(response.status)
        return to === undefined || isLegal(from, to)
          ? fromResponse(response)
          : Effect.fail(new IllegalMove({ from, to, response }))
      }
    )
  const stuck = (error: Pending | Processing) => Effect.fail(new Stuck({ last: error.response }))

  const processing = repeatedly(
    Effect.catchTag(look("PROCESSING"), "Pending", Effect.die),
    Schema.is(Processing),
    options.processing
  ).pipe(Effect.catchTag("Processing", stuck))

  const pending = repeatedly(look("PENDING"), Schema.is(Pending), options.pending).pipe(
    Effect.catchTags({ Pending: stuck, Processing: () => processing })
  )

  return Effect.catchTags(fromResponse(first), { Pending: () => pending, Processing: () => processing })
}

/** A first look after a first wait, then by the schedule, as long as the batch stays in its status. */
const repeatedly = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  stays: (error: E) => boolean,
  waiting: Waiting = defaultWaiting
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Random.next, (chance) =>
    Effect.delay(
      Effect.retry(look, { schedule: schedule(waiting), while: stays }),
      Duration.times(Duration.fromInputUnsafe(waiting.start), chance)
    )
  )

/**
 * A job of ours, as far as its status goes. Times are milliseconds since 1970. `ended` is how it ended:
 * `done` when everything is settled, rejections and doubts included, `stopped` by the user or a fatal error, and
 * `suspended` if it can go on later.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job {
  readonly requestedAtMillis: number
  readonly startedAtMillis?: number | undefined
  readonly completedAtMillis?: number | undefined
  readonly ended?: "done" | "stopped" | "suspended" | undefined
  /** What is settled so far. */
  readonly outcomes: Iterable<Outcome.Outcome<unknown, Outcome.Success>>
}

/**
 * The status of a job of ours in HubSpot's four words, as a body of the shape of a batch reply: `PENDING` accepted
 * and not begun, `PROCESSING` at work or suspended, `COMPLETE`, `CANCELED`. What succeeded is in `results`, everything
 * else in `errors`, with the trace id or the index in its context.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 *
 * const status = BatchState.statusOf({
 *   requestedAtMillis: 0,
 *   startedAtMillis: 1000,
 *   outcomes: [{ _tag: "NotSent", source: "row", index: 7, reason: { _tag: "Stopped" } }]
 * })
 * const told = [status.status, status.startedAt, status.numErrors, status.errors?.[0]?.category]
 * told // => ["PROCESSING", "1970-01-01T00:00:01.000Z", 1, "NOT_SENT"]
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const statusOf = (job: Job): BatchResponse.BatchResponse => {
  const results: Array<CrmObject.CrmObject> = []
  const errors: Array<ErrorBody.StandardError> = []
  for (const outcome of job.outcomes) {
    switch (outcome._tag) {
      case "Created":
      case "Updated":
      case "Upserted":
      case "Found":
        results.push(outcome.object)
        break
      case "Archived":
        results.push({ id: outcome.id, archived: true })
        break
      case "Rejected":
      case "Invalid":
      case "NotSent":
      case "InDoubt":
        errors.push({
          status: "error",
          category: outcome._tag === "Rejected" ? outcome.category : categories[outcome._tag],
          message: Outcome.describe(outcome),
          context: {
            index: [String(outcome.index)],
            ...("objectWriteTraceId" in outcome && { objectWriteTraceId: [outcome.objectWriteTraceId] })
          }
        })
    }
  }
  return {
    status: statusOfJob(job),
    requestedAt: iso(job.requestedAtMillis),
    ...(job.startedAtMillis !== undefined && { startedAt: iso(job.startedAtMillis) }),
    ...(job.completedAtMillis !== undefined && { completedAt: iso(job.completedAtMillis) }),
    results,
    ...(errors.length > 0 && { numErrors: errors.length, errors })
  }
}

const categories = { Invalid: "INVALID", NotSent: "NOT_SENT", InDoubt: "IN_DOUBT" } as const

const statusOfJob = ({ ended, startedAtMillis }: Job): BatchStatus.BatchStatus => {
  switch (ended) {
    case "done":
      return "COMPLETE"
    case "stopped":
      return "CANCELED"
    case "suspended":
      return "PROCESSING"
    case undefined:
      return startedAtMillis === undefined ? "PENDING" : "PROCESSING"
  }
}

const iso = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))
