/**
 * Our schedules, bounded by a deadline. A batch that HubSpot has not finished by then is in doubt: HubSpot may still
 * create its line items, so it is not sent again.
 */
import { BatchState, BulkCreate } from "@effect-hubspot/batch"
import { Effect, Schedule, Stream } from "effect"
import { summarize } from "./lossy-hubspot.ts"
import { slowHubSpot } from "./slow-hubspot.ts"

export const program = Stream.range(1, 3).pipe(
  Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
  BulkCreate.outcomes({
    pending: Schedule.upTo(BatchState.schedules.pending, { duration: "200 millis" }),
    processing: Schedule.upTo(BatchState.schedules.processing, { duration: "200 millis" })
  }),
  summarize,
  Effect.provide(slowHubSpot({ pendingMillis: 3_600_000, processingMillis: 3_600_000 }))
)

export const expected = { outcomes: { InDoubt: 3 }, inHubSpot: 0 }
