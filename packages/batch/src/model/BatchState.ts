/**
 * The four statuses of a batch as typed effects, and how to follow a batch to its end.
 *
 * `COMPLETE` succeeds. `PENDING` and `PROCESSING` are typed failures, each with a schedule of its own, which repeats an
 * observation of the batch and never the request that made it. `CANCELED` is a final failure that has what was created
 * before. A status that this version does not know is typed too.
 *
 * {@link follow} is in this room without a clock because it only combines its arguments: time passes in the schedules, and the
 * caller's `observe` asks HubSpot. `doubt/BatchObserver` knows how to observe a batch.
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
import { BatchResponse, BatchStatus, type CrmObject } from "@effect-hubspot/schema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

export {
  /** @public */
  type Job,
  statusOf
} from "./JobStatus.ts"

const fields = { response: BatchResponse.BatchResponse }

/**
 * HubSpot has accepted the batch and not begun it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Pending extends Schema.TaggedError<Pending>()("Pending", fields) {}

/**
 * HubSpot works on the batch.
 *
 * @category errors
 * @since 0.1.0
 */
export class Processing extends Schema.TaggedError<Processing>()("Processing", fields) {}

/**
 * HubSpot has canceled the batch. `response.results` has what it had created by then.
 *
 * @category errors
 * @since 0.1.0
 */
export class Canceled extends Schema.TaggedError<Canceled>()("Canceled", fields) {}

/**
 * A status that this version does not know.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownStatus extends Schema.TaggedError<UnknownStatus>()("UnknownStatus", fields) {}

/**
 * The batch cannot be looked at: its reply has no link, or a link to another host.
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
 * The state of a batch as an effect. A reply without a status counts as `COMPLETE`, since each input is judged by itself in
 * any case.
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
  const status = statusIn(response)
  if (status === "COMPLETE") return Effect.succeed(response)
  const State = status === undefined ? UnknownStatus : states[status]
  return Effect.fail(new State({ response }))
}

const states = { PENDING: Pending, PROCESSING: Processing, CANCELED: Canceled }

/**
 * How the observation of a batch ended, with the last known reply. `Complete`, `Canceled` and `UnknownStatus` come from HubSpot.
 * After the others HubSpot may still work on the batch: a schedule ended before the batch did (`Stuck`), `until` was done
 * (`Left`), the batch could not be looked at (`Unobserved`), or a look showed an illegal move, such as `PENDING` after
 * `PROCESSING` (`IllegalMove`).
 *
 * @category models
 * @since 0.1.0
 */
export type End = { readonly response: BatchResponse.BatchResponse } & (
  | { readonly _tag: "Complete" | "Canceled" | "UnknownStatus" | "Stuck" | "Left" }
  | { readonly _tag: "Unobserved"; readonly error: HubSpotError | NotObservable }
  | {
      readonly _tag: "IllegalMove"
      readonly from: BatchStatus.BatchStatus
      readonly to: BatchStatus.BatchStatus
    }
)

/**
 * The end of a batch that is not followed: what its reply says, or `Stuck` if HubSpot has not finished it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endOf = (response: BatchResponse.BatchResponse): End => {
  const status = statusIn(response)
  return { _tag: status === undefined ? "UnknownStatus" : ends[status], response }
}

const ends = { COMPLETE: "Complete", CANCELED: "Canceled", PENDING: "Stuck", PROCESSING: "Stuck" } as const

/**
 * Whether HubSpot has not finished the batch: it is `PENDING` or `PROCESSING`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOpen = (response: BatchResponse.BatchResponse): boolean => {
  const status = statusIn(response)
  return status !== undefined && !BatchStatus.isTerminal(status)
}

/** The status of a reply, or undefined if this version does not know it. No status counts as `COMPLETE`. */
const statusIn = ({ status }: BatchResponse.BatchResponse): BatchStatus.BatchStatus | undefined =>
  status === undefined ? "COMPLETE" : BatchStatus.fromString(status)

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

const patient = Schedule.min([Schedule.exponential("1 second", 1.5), Schedule.spaced("30 seconds")]).pipe(
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (chance) => Duration.times(duration, chance))
  ),
  Schedule.upTo({ duration: "15 minutes" })
)

/**
 * The default schedules of {@link follow}: at most 1 second, then 1.5 times as long each time up to 30 seconds, with full
 * jitter, for 15 minutes in each status. They are values to compose, tap and bound.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 * import { Console, Schedule } from "effect"
 *
 * const schedule = BatchState.schedules.processing.pipe(
 *   Schedule.tap(({ attempt, input }) => Console.log(attempt, input.response.status)),
 *   Schedule.upTo({ duration: "2 minutes" })
 * )
 * Schedule.isSchedule(schedule) // => true
 * ```
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedules: {
  readonly pending: Schedule.Schedule<Duration.Duration, Pending>
  readonly processing: Schedule.Schedule<Duration.Duration, Processing>
} = { pending: patient, processing: patient }

/**
 * The schedules of the two statuses in which HubSpot has not finished a batch. Any schedule is allowed. It is stepped before
 * every look, including the first. Its input is the status with the last known reply. The wait ends when the schedule ends: one
 * without an end waits as long as HubSpot does. Without a way to look at batches (see `BatchObserver`) nothing waits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Waits<E = never, R = never> {
  /** While the batch is `PENDING`. Default `BatchState.schedules.pending`. */
  readonly pending?: Schedule.Schedule<unknown, Pending, E, R> | undefined
  /** While it is `PROCESSING`. Default `BatchState.schedules.processing`. */
  readonly processing?: Schedule.Schedule<unknown, Processing, E, R> | undefined
}

/**
 * Follows a batch to its end. `observe` gets the last known reply, looks at the batch once more, and must not send it again.
 * The schedule of the current status repeats it. A line item that was created stays created, even if a later look does not
 * show it. The wait ends at once when `until` is done.
 *
 * **Example**
 *
 * ```ts
 * import { BatchState } from "@effect-hubspot/batch"
 * import { Effect, Schedule } from "effect"
 *
 * const end = await BatchState.follow(
 *   { status: "PENDING", results: [] },
 *   {
 *     observe: () => Effect.succeed({ status: "COMPLETE", results: [{ id: "7" }] }),
 *     pending: Schedule.spaced("1 milli")
 *   }
 * ).pipe(Effect.runPromise)
 * const seen = [end._tag, end.response.results.length]
 * seen // => ["Complete", 1]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const follow = Effect.fnUntraced(function* <E = never, R = never>(
  first: BatchResponse.BatchResponse,
  options: Waits<E, R> & {
    readonly observe: (
      seen: BatchResponse.BatchResponse
    ) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError | NotObservable, R>
    readonly until?: Effect.Effect<unknown> | undefined
  }
): Effect.fn.Return<End, E, R> {
  const pending = yield* Schedule.toStepWithSleep(options.pending ?? schedules.pending)
  const processing = yield* Schedule.toStepWithSleep(options.processing ?? schedules.processing)

  const step = (response: BatchResponse.BatchResponse): Effect.Effect<End, E, R> => {
    const end = Effect.succeed(endOf(response))
    return Effect.catchTags(Effect.andThen(fromResponse(response), end), {
      Pending: (state) => stay("PENDING", response, pending(state)),
      Processing: (state) => stay("PROCESSING", response, processing(state)),
      Canceled: () => end,
      UnknownStatus: () => end
    })
  }

  /** Waits and looks, and goes on from the reply. */
  const stay = (
    from: "PENDING" | "PROCESSING",
    response: BatchResponse.BatchResponse,
    wait: Pull.Pull<unknown, E, unknown, R>
  ): Effect.Effect<End, E, R> => {
    const stuck: Next = { _tag: "Stuck", response }
    const left: Next = { _tag: "Left", response }
    const look = Effect.match(
      Effect.suspend(() => options.observe(response)),
      {
        onFailure: (error): Next => ({ _tag: "Unobserved", response, error }),
        onSuccess: (seen): Next => ({ _tag: "Seen", response: withEarlier(seen, response.results) })
      }
    )
    return Effect.flatMap(
      Effect.raceFirst(
        Pull.catchDone(Effect.andThen(wait, look), () => Effect.succeed(stuck)),
        Effect.as(options.until ?? Effect.never, left)
      ),
      (next) => {
        if (next._tag !== "Seen") return Effect.succeed(next)
        const to = statusIn(next.response)
        return to === undefined || isLegal(from, to)
          ? step(next.response)
          : Effect.succeed<End>({ _tag: "IllegalMove", response: next.response, from, to })
      }
    )
  }

  return yield* step(first)
})

type Next = End | { readonly _tag: "Seen"; readonly response: BatchResponse.BatchResponse }

/** The reply, with what earlier replies have shown and this one does not. */
const withEarlier = (
  seen: BatchResponse.BatchResponse,
  earlier: ReadonlyArray<CrmObject.CrmObject>
): BatchResponse.BatchResponse => {
  const known = new Map(earlier.map((object) => [object.id, object]))
  const shown = new Set(seen.results.map(({ id }) => id))
  return {
    ...seen,
    results: [
      ...seen.results.map((object) => {
        const traceId = object.objectWriteTraceId ?? known.get(object.id)?.objectWriteTraceId
        return typeof traceId === "string" ? { ...object, objectWriteTraceId: traceId } : object
      }),
      ...earlier.filter(({ id }) => !shown.has(id))
    ]
  }
}
