/**
 * The strategy `reconcile`: what is in doubt is searched for by its key after a quiet period, and sent again only if
 * it was absent three times. The times here are for a local HubSpot; the defaults are 150 and 10 seconds.
 */
import { BulkCreate, DoubtStrategy } from "@effect-hubspot/batch"
import { Effect, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

export const program = Stream.range(1, 3).pipe(
  Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
  BulkCreate.outcomes({
    strategy: DoubtStrategy.reconcile({ quiet: "100 millis", spacing: "10 millis" }),
    // Any text property that keeps its value.
    keyProperty: "hs_sku"
  }),
  summarize,
  Effect.provide(lossyHubSpot())
)

export const expected = { outcomes: { "Created (reconciled)": 3 }, inHubSpot: 3 }
