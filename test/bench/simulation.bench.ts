/**
 * How many worlds of the simulation one core runs in a second: 1,000 inputs, faults at a quarter of the calls, three hours of virtual time.
 */
import { Effect } from "effect"
import "../support/atOnce.ts"
import * as World from "../simulation/world.ts"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const worlds = 60

const some = (first: number, count: number) =>
  Effect.promise(() =>
    Measure.measure(async () => {
      for (let seed = first; seed < first + count; seed++) {
        await Effect.runPromise(World.run({ seed, count: 1000, share: 0.25 }))
      }
    })
  )

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  yield* some(1, worlds / 2)
  const found = yield* Effect.forEach([1, 2, 3], (n) => some(n * 1000, worlds))
  const perSecond = (worlds * 1000) / Measure.median(Measure.cpuOf(found))
  return [Row.atLeast("simulation, standard seeds per second and core", perSecond, "seeds per CPU s", 60)]
})
