/**
 * A schedule of your own for `PROCESSING`: three quick looks, then a slow and steady one. `PENDING` keeps ours.
 */
import { BatchState, BulkCreate } from "@effect-hubspot/batch"
import { Effect, Schedule, Stream } from "effect"
import { summarize } from "./lossy-hubspot.ts"
import { slowHubSpot } from "./slow-hubspot.ts"

const quickThenSteady = Schedule.spaced("20 millis").pipe(
  Schedule.upTo({ times: 3 }),
  Schedule.concat(Schedule.spaced("100 millis")),
  // A schedule has no end unless it is given one; ours have 15 minutes.
  Schedule.upTo({ duration: "10 minutes" })
)

export const program = Stream.range(1, 3).pipe(
  Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
  BulkCreate.outcomes({ pending: BatchState.schedules.pending, processing: quickThenSteady }),
  summarize,
  Effect.provide(slowHubSpot({ pendingMillis: 10, processingMillis: 150 }))
)

export const expected = { outcomes: { "Created (response)": 3 }, inHubSpot: 3 }
