/**
 * The strategy `failVisible`, which is the default: what is in doubt is reported and not sent again. Nothing is
 * doubled, and three inputs wait for a person to look.
 */
import { BulkCreate } from "@effect-hubspot/batch"
import { Effect, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

export const program = Stream.range(1, 3).pipe(
  Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
  BulkCreate.outcomes(),
  summarize,
  Effect.provide(lossyHubSpot())
)

export const expected = { outcomes: { InDoubt: 3 }, inHubSpot: 3 }
