/**
 * For services: many fibers each create one line item, and they go out in batches. Every fiber gets its own answer.
 */
import { Coalescer } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect, Layer } from "effect"

const hubspot = Coalescer.layer({ window: "25 millis" }).pipe(Layer.provideMerge(Emulator.layerLineItems()))

/** What a request of yours does. */
const addSeat = Effect.fnUntraced(function* (n: number) {
  const { create } = yield* Coalescer.Coalescer
  return yield* create({ properties: { name: `Seat ${n}`, price: n === 7 ? "-1" : "19.90" } }).pipe(
    Effect.map(() => "created"),
    Effect.catchReason("NotCreated", "Rejected", ({ problems }) =>
      Effect.succeed(problems[0]?.property ?? "rejected")
    )
  )
})

export const program = Effect.gen(function* () {
  const answers = yield* Effect.forEach(
    Array.from({ length: 250 }, (_, n) => n),
    addSeat,
    { concurrency: "unbounded" }
  )
  const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
  return {
    seven: answers[7],
    created: answers.filter((answer) => answer === "created").length,
    requests: requests.length
  }
}).pipe(Effect.provide(hubspot))

export const expected = { seven: "price", created: 249, requests: 3 }
