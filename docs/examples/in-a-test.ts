/**
 * The test of a service that creates line items, whoever wrote it: HubSpot is a layer below it, in this process and in virtual
 * time. It rejects an input, limits its callers, and loses an answer; what is true in the end is in its ledger.
 */
import { BulkCreate } from "@effect-hubspot/batch"
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

// The service under test. It knows nothing of emulators.
interface Invoice {
  readonly number: string
  readonly prices: ReadonlyArray<string>
}

class Invoicing extends Context.Service<
  Invoicing,
  {
    /** The numbers of invoices whose line items are all there, and of those that a person must look at. */
    readonly book: (
      invoices: ReadonlyArray<Invoice>
    ) => Effect.Effect<{ readonly booked: ReadonlyArray<string>; readonly toLookAt: ReadonlyArray<string> }>
  }
>()("app/Invoicing") {
  static readonly layer: Layer.Layer<Invoicing, never, HubSpotClient | RateLimits> = Layer.effect(
    Invoicing,
    Effect.map(Effect.context<HubSpotClient | RateLimits>(), (context) =>
      Invoicing.of({
        book: Effect.fn("Invoicing.book")(function* (invoices) {
          const toLookAt = new Set<string>()
          yield* Stream.fromIterable(invoices).pipe(
            Stream.flatMap(({ number, prices }) =>
              Stream.fromIterable(
                prices.map((price) => ({ properties: { name: `Invoice ${number}`, price } }))
              )
            ),
            BulkCreate.outcomes({ batchSize: 2 }),
            Stream.runForEach(({ _tag, source }) =>
              Effect.sync(() => {
                if (_tag !== "Created") toLookAt.add(String(source.properties.name).slice("Invoice ".length))
              })
            ),
            Effect.provide(context)
          )
          const booked = invoices.map(({ number }) => number).filter((number) => !toLookAt.has(number))
          return { booked, toLookAt: [...toLookAt].sort() }
        })
      })
    )
  )
}

const create = (nth: number) => ({ path: "*/batch/create", nth })
const hubspot = Emulator.layerLineItems({
  emulator: {
    faults: {
      rules: [
        {
          name: "others have used up the limit",
          match: create(2),
          fault: { place: "beforeCommit", reply: { kind: "status", status: 429, body: "burst" } }
        },
        { name: "stored, and nobody is told", match: create(3), fault: { place: "replyLost" } }
      ]
    }
  }
})

/** With `@effect/vitest` this is `it.effect`, which brings the test clock along. */
export const program = Effect.gen(function* () {
  const invoicing = yield* Invoicing
  const booking = yield* Effect.forkChild(
    invoicing.book([
      { number: "A-1", prices: ["10", "20"] },
      { number: "A-2", prices: ["30", "-1"] },
      { number: "A-3", prices: ["40", "50"] }
    ])
  )
  // Minutes of waiting for the limit and for an answer that never comes, in no time.
  while (booking.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
  const said = yield* Fiber.join(booking)
  const { created, requests } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
  return {
    ...said,
    inHubSpot: created.map(({ properties }) => properties["price"]).sort(),
    statuses: requests.map(({ status }) => status).sort()
  }
}).pipe(
  Effect.provide(Invoicing.layer.pipe(Layer.provideMerge(hubspot), Layer.provideMerge(TestClock.layer())))
)

export const expected = {
  booked: ["A-1"],
  // One has an input that HubSpot rejects, the other may be there or not: the answer was lost.
  toLookAt: ["A-2", "A-3"],
  inHubSpot: ["10", "20", "30", "40", "50"],
  statuses: [0, 201, 207, 429]
}
