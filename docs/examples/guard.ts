/**
 * The strategy `guard`: every input carries a key in a property with unique values, so it can be sent again at once.
 * HubSpot refuses what it has, and its id is read. The same rows a second time create nothing.
 */
import { BulkCreate, DoubtStrategy, KeyProperty } from "@effect-hubspot/batch"
import { Effect, Result, Stream } from "effect"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

const importOrders = Stream.make("A-1", "A-2", "A-3").pipe(
  BulkCreate.outcomesWith({
    toInput: (line) => Result.succeed({ properties: { name: `Seat of ${line}` } }),
    strategy: DoubtStrategy.guard(),
    keyProperty: "import_key",
    // Your own key protects across imports; without it a key is good for this one.
    keyOf: (line) => line
  }),
  summarize
)

export const program = Effect.gen(function* () {
  const first = yield* importOrders
  // Once for each account, before you rely on it. It makes two line items, and archives them.
  yield* KeyProperty.prove("import_key", "unique")
  const second = yield* importOrders
  return { first: first.outcomes, second: second.outcomes, inHubSpot: first.inHubSpot }
}).pipe(Effect.provide(lossyHubSpot()))

export const expected = {
  first: { "Created (conflict)": 3 },
  second: { "Created (conflict)": 3 },
  inHubSpot: 3
}
