/**
 * The strategy `reconcileByParent`: what is in doubt is looked for among the line items of its deal, by content. It
 * needs no key property; an input without a parent stays in doubt.
 */
import { BulkCreate, DoubtStrategy } from "@effect-hubspot/batch"
import { Association } from "@effect-hubspot/schema"
import { Effect, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

export const program = Stream.make("4711", "4711", "4712", undefined).pipe(
  Stream.map((deal) => ({
    properties: { name: "Seat", price: "19.90" },
    ...(deal !== undefined && { associations: [Association.make("deal", deal)] })
  })),
  BulkCreate.outcomes({
    strategy: DoubtStrategy.reconcileByParent({ quiet: "100 millis", spacing: "10 millis" })
  }),
  summarize,
  Effect.provide(lossyHubSpot())
)

export const expected = { outcomes: { "Created (reconciled)": 3, InDoubt: 1 }, inHubSpot: 4 }
