/**
 * `failVisible` with verified rejections: before a rejection is believed, the input is looked for by its key. Here
 * HubSpot stores a row and refuses it all the same.
 */
import { BulkCreate, DoubtStrategy } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect, Stream } from "effect"
import { summarize } from "./lossy-hubspot.ts"

const lyingHubSpot = Emulator.layerLineItems({
  emulator: {
    uniqueProperties: ["import_key"],
    faults: {
      rules: [
        {
          match: { path: "*/batch/create", nth: 1 },
          fault: { place: "afterCommit", reply: { kind: "status", status: 400, blame: 1 } }
        }
      ]
    }
  }
})

export const program = Stream.make({ properties: { name: "Seat" } }).pipe(
  BulkCreate.outcomes({
    // 150 seconds by default, for a HubSpot that is not local.
    strategy: DoubtStrategy.failVisibleVerified({ quiet: "100 millis" }),
    keyProperty: "import_key"
  }),
  summarize,
  Effect.provide(lyingHubSpot)
)

export const expected = { outcomes: { "Created (reconciled)": 1 }, inHubSpot: 1 }
