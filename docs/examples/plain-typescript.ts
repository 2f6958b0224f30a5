/**
 * A service without Effect: a loop over outcomes. What HubSpot does is in the outcomes, so there is nothing to catch but
 * what the service's own inputs throw.
 */
import { connect, type Connection } from "@effect-hubspot/batch/promise"
import * as Outcome from "@effect-hubspot/batch/model/Outcome"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect } from "effect"

interface Position {
  readonly sku: string
  readonly price: string
}

/** Pages of a database, as they come. */
async function* positions(season: string): AsyncIterable<Position> {
  for (let page = 0; page < 3; page++) {
    const rows = await Promise.resolve(Array.from({ length: 100 }, (_, n) => `${season}-${page}-${n}`))
    for (const sku of rows) yield { sku, price: sku.endsWith("-1-7") ? "-1" : "19.90" }
  }
}

async function* inputs(season: string) {
  for await (const { price, sku } of positions(season)) yield { properties: { name: `Seat ${sku}`, price } }
}

class Exporter {
  readonly hubspot: Connection
  constructor(hubspot: Connection) {
    this.hubspot = hubspot
  }

  async all(season: string) {
    const notCreated: Array<string> = []
    let created = 0
    for await (const outcome of this.hubspot.create(inputs(season))) {
      if (outcome._tag === "Created") created++
      else notCreated.push(`${String(outcome.source.properties.name)}: ${outcome._tag}`)
    }
    return { created, notCreated }
  }

  /** The first thing that goes wrong ends it: nothing more is sent, and what is under way is waited for. */
  async untilWrong(season: string) {
    for await (const outcome of this.hubspot.create(inputs(season), { batchSize: 10, concurrency: 1 })) {
      if (outcome._tag !== "Created") return Outcome.describe(outcome)
    }
    return "all there"
  }
}

const main = async () => {
  // A service has a token of HubSpot's and leaves the transport out; `fetch` is used then.
  const hubspot = connect({ token: "pat-eu1-0000", transport: Emulator.layer() })
  try {
    const exporter = new Exporter(hubspot)
    return { all: await exporter.all("2026"), wrong: await exporter.untilWrong("2027") }
  } finally {
    await hubspot.close()
  }
}

/** For the tests of these pages. */
export const program = Effect.promise(main)

export const expected = {
  all: { created: 299, notCreated: ["Seat 2026-1-7: Rejected"] },
  wrong: "price: -1 is not a valid price: it cannot be negative"
}
