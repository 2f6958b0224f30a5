/**
 * The test of a service that creates line items: HubSpot is a layer below it, in this process and in virtual time.
 */
import { BulkCreate } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

/** The service: it needs a HubSpot, and knows nothing of emulators. */
const book = (names: ReadonlyArray<string>) =>
  Stream.fromIterable(names).pipe(
    Stream.map((name) => ({ properties: { name } })),
    BulkCreate.outcomes({ batchSize: 2 }),
    Stream.map(({ _tag, source }) => `${source.properties.name}: ${_tag}`),
    Stream.runCollect,
    Effect.map((lines) => lines.toSorted())
  )

/** Books chairs and tables on a HubSpot whose first create goes wrong, and says what HubSpot has in the end. */
const booked = (fault: Faults.Fault) =>
  Effect.gen(function* () {
    const booking = yield* Effect.forkChild(book(["Chair", "Lamp", "Table"]))
    // Minutes of waiting for a limit or an answer take no time.
    while (booking.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    const lines = yield* Fiber.join(booking)
    const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
    return { lines, stored: created.map(({ properties }) => properties["name"]).toSorted() }
  }).pipe(
    Effect.provide(
      Emulator.layerLineItems({
        emulator: { faults: { rules: [{ match: { path: "*/batch/create", nth: 1 }, fault }] } }
      })
    )
  )

it.effect("books all of it when another program has used up the limit", () =>
  Effect.gen(function* () {
    const { lines, stored } = yield* booked({
      place: "beforeCommit",
      reply: { kind: "status", status: 429, body: "burst" }
    })
    assert.deepStrictEqual(lines, ["Chair: Created", "Lamp: Created", "Table: Created"])
    assert.deepStrictEqual(stored, ["Chair", "Lamp", "Table"])
  })
)

it.effect("reports the batch whose answer was lost, and does not send it again", () =>
  Effect.gen(function* () {
    const { lines, stored } = yield* booked({ place: "replyLost" })
    assert.deepStrictEqual(lines, ["Chair: InDoubt", "Lamp: InDoubt", "Table: Created"])
    assert.deepStrictEqual(stored, ["Chair", "Lamp", "Table"])
  })
)

it.effect("reports what HubSpot rejects, and books the rest", () =>
  Effect.gen(function* () {
    const { lines, stored } = yield* booked({ place: "rejectInputs", chance: 1 })
    assert.deepStrictEqual(lines, ["Chair: Rejected", "Lamp: Rejected", "Table: Created"])
    assert.deepStrictEqual(stored, ["Table"])
  })
)
