/**
 * The strategy `atLeastOnce`: what is in doubt is sent again at once. Every row is there, some are there twice,
 * and those that may be are marked.
 */
import { BulkCreate, DoubtStrategy } from "@effect-hubspot/batch"
import { Effect, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

export const program = Stream.range(1, 3).pipe(
  Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
  BulkCreate.outcomes({ strategy: DoubtStrategy.atLeastOnce() }),
  summarize,
  Effect.provide(lossyHubSpot())
)

export const expected = { outcomes: { "Created (response, perhaps twice)": 3 }, inHubSpot: 6 }
