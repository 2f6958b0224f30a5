/**
 * Follows a batch that HubSpot has not finished, by the schedules of its two statuses, until the job is abandoned or the
 * batch is left to a later run.
 *
 * It sends nothing. The options know how to look at the batch; `BatchRunner` decides what its end means for its inputs.
 */
import type { BatchResponse } from "@effect-hubspot/schema"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as BatchState from "../model/BatchState.ts"
import type { Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import type * as AttemptLog from "./AttemptLog.ts"
import type { RunnerContext } from "./RunnerContext.ts"

/** The end of a batch, and whether a later run follows it. `waitedMillis` is how long earlier runs have waited already. */
export const follow = Effect.fnUntraced(function* <In, S extends Success>(
  { options, report }: RunnerContext<In, S>,
  items: ReadonlyArray<Item<unknown, In>>,
  first: BatchResponse.BatchResponse,
  waitedMillis = 0
) {
  const { abandon, leavesUnfinished = Effect.never, observe } = options
  if (observe === undefined) return { end: BatchState.endOf(first), isLeft: false }
  const wait = <A extends { readonly response: BatchResponse.BatchResponse }>(
    schedule: Schedule.Schedule<unknown, A>
  ) =>
    Schedule.tap(begunBefore(schedule, waitedMillis), ({ duration, input: { response } }) =>
      response === first
        ? report({
            _tag: "Waiting",
            inputs: items.length,
            millis: Duration.toMillis(duration),
            why: "unfinished"
          })
        : Effect.void
    )
  const { pending = BatchState.schedules.pending, processing = BatchState.schedules.processing } = options
  const end = yield* BatchState.follow(first, {
    observe: (last) => observe({ items, last }),
    pending: wait(pending),
    processing: wait(processing),
    until: Effect.raceFirst(Deferred.await(abandon), leavesUnfinished)
  })
  if (end._tag === "Unobserved") {
    yield* Effect.logDebug("a batch that was not finished could not be looked at", end.error.message)
  }
  return { end, isLeft: end._tag === "Left" && !Deferred.isDoneUnsafe(abandon) }
})

/**
 * The schedule as if it had begun `millis` earlier, in another run, so that less of its time is left. Its first step is at
 * that earlier time, so there is at least one look. A schedule that throws ends.
 */
const begunBefore = <Input>(
  schedule: Schedule.Schedule<unknown, Input>,
  millis: number
): Schedule.Schedule<unknown, Input> =>
  Schedule.fromStep(
    Effect.map(Schedule.toStep(schedule), (step) => {
      let ago = millis
      return (now: number, input: Input) => {
        const at = now - ago
        ago = 0
        return Effect.catchDefect(
          Effect.suspend(() => step(at, input)),
          (defect) =>
            Effect.andThen(
              Effect.logError("a defect in a schedule, which ends the wait for the batch", defect),
              Cause.done(undefined)
            )
        )
      }
    })
  )

/** The first reply of a batch, from what an earlier run has written down. */
export const replyOf = ({ link, status }: AttemptLog.Unfinished): BatchResponse.BatchResponse => ({
  status,
  results: [],
  ...(link !== undefined && { links: { status: link } })
})

/** The part of a reply that is written down for a later run. */
export const logged = ({ links, status }: BatchResponse.BatchResponse): AttemptLog.Unfinished => {
  const link = links?.["status"]
  return {
    status: status === "PROCESSING" ? status : "PENDING",
    ...(link !== undefined && { link })
  }
}
