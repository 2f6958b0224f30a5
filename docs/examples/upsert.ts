/**
 * The strategy `upsert`: inputs are written by their key from the first attempt on, so that it may simply be repeated.
 * What exists is overwritten. Parents follow in a request of their own.
 */
import { BulkCreate, DoubtStrategy } from "@effect-hubspot/batch"
import { Association } from "@effect-hubspot/schema"
import { Effect, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

export const program = Stream.make("A-1", "A-2", "A-3").pipe(
  Stream.map((line) => ({
    properties: { import_key: line, name: `Seat of ${line}` },
    associations: [Association.make("deal", "4711")]
  })),
  BulkCreate.outcomes({ strategy: DoubtStrategy.upsert(), keyProperty: "import_key" }),
  summarize,
  Effect.provide(lossyHubSpot("batch/upsert"))
)

export const expected = { outcomes: { "Created (updated)": 3 }, inHubSpot: 3 }
