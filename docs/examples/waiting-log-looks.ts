/**
 * Logs every look at a batch that HubSpot has not finished. A schedule is stepped before each of them, and is given the
 * status with what was last seen.
 */
import { type BatchState, BulkCreate } from "@effect-hubspot/batch"
import { Duration, Effect, Schedule, Stream } from "effect"
import { summarize } from "./lossy-hubspot.ts"
import { slowHubSpot } from "./slow-hubspot.ts"

export const program = Effect.gen(function* () {
  const logged = new Set<string>()

  const logging = <S extends BatchState.Pending | BatchState.Processing>(
    schedule: Schedule.Schedule<unknown, S>
  ) =>
    Schedule.tap(schedule, ({ attempt, duration, input: { _tag } }) => {
      logged.add(_tag)
      return Effect.logInfo(`${_tag}: look ${attempt} follows in ${Duration.format(duration)}`)
    })

  const { outcomes } = yield* Stream.make({ properties: { name: "Seat" } }).pipe(
    BulkCreate.outcomes({
      pending: logging(Schedule.spaced("50 millis")),
      processing: logging(Schedule.spaced("200 millis"))
    }),
    summarize
  )
  return { outcomes, logged: [...logged] }
}).pipe(Effect.provide(slowHubSpot({ pendingMillis: 75, processingMillis: 700 })))

export const expected = { outcomes: { "Created (response)": 1 }, logged: ["Pending", "Processing"] }
