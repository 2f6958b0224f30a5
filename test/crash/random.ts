/**
 * Cycles drawn at random.
 */
import { Effect, Random } from "effect"
import type * as Cycle from "./cycle.ts"
import { named } from "./points.ts"

const gateway = { kind: "status", status: 502, body: "html" } as const

/** A tenth of the requests meets a fault. */
const faults = {
  rules: [
    { match: { chance: 0.04 }, fault: { place: "afterCommit", reply: gateway } },
    { match: { chance: 0.03 }, fault: { place: "beforeCommit", reply: gateway } },
    { match: { chance: 0.1 }, fault: { place: "rejectInputs", chance: 0.2 } }
  ]
} as const

/** One to three kills, each at a moment or at a named point; of the command itself where no point is named. */
export const random = (database: Cycle.Options["database"]) =>
  Effect.gen(function* () {
    const real = database === "sqlite" && (yield* Random.next) < 0.5
    const count = yield* Random.nextIntBetween(1, 4)
    const kills: Array<Cycle.Kill> = []
    for (let n = 0; n < count; n++) {
      const { points } = named[yield* Random.nextIntBetween(0, named.length)]!
      const point = points[0]!
      const cold = (yield* Random.next) < 0.15
      const moment = {
        millis: Math.floor((yield* Random.next) ** 2 * (cold ? 2000 : 700)),
        cold
      }
      const shift = yield* Random.nextIntBetween(0, 12)
      const atPoint = !real && (yield* Random.next) < 0.6
      kills.push(atPoint ? { ...point, nth: point.nth + (point.nth > 1 ? shift : 0) } : moment)
    }
    return {
      database,
      real,
      kills,
      strategy: (yield* Random.next) < 0.5 ? ("guard" as const) : ("failVisible" as const),
      rows: yield* Random.nextIntBetween(100, 500),
      batchSize: yield* Random.nextIntBetween(4, 21),
      concurrency: yield* Random.nextIntBetween(1, 9),
      latency: { min: 20, max: yield* Random.nextIntBetween(40, 201) },
      faults: (yield* Random.next) < 0.3 ? faults : undefined
    }
  })
