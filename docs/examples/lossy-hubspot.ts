/**
 * For the examples beside this file: a local HubSpot that stores the first batch and then says 502, and what
 * came of an import.
 */
import type { Outcome } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect, Stream } from "effect"

/** `batch/create` for creates, `batch/upsert` for upserts. `import_key` is a property with unique values. */
export const lossyHubSpot = (request: "batch/create" | "batch/upsert" = "batch/create") =>
  Emulator.layerLineItems({
    emulator: {
      uniqueProperties: ["import_key"],
      faults: {
        rules: [
          {
            match: { path: `*/line_items/${request}`, nth: 1 },
            fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
          }
        ]
      }
    }
  })

/** Outcomes by kind, and how many line items there are. */
export const summarize = <I, E, R>(outcomes: Stream.Stream<Outcome.Outcome<I>, E, R>) =>
  Effect.gen(function* () {
    const counts: Record<string, number> = {}
    yield* Stream.runForEach(outcomes, (outcome) =>
      Effect.sync(() => {
        const kind =
          outcome._tag !== "Created"
            ? outcome._tag
            : `Created (${outcome.via}${outcome.possibleDuplicate ? ", perhaps twice" : ""})`
        counts[kind] = (counts[kind] ?? 0) + 1
      })
    )
    const { created } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
    return { outcomes: counts, inHubSpot: created.length }
  })
