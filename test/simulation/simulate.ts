/**
 * `pnpm simulate [--strategy S] [--seeds N] [--first N] [--inputs N] [--share S]`: many worlds in virtual
 * time, the engine with each of its strategies (or one) beside a client that retries what looks transient.
 * Exits 1 if a promise was broken.
 */
import { Effect } from "effect"
import "../support/atOnce.ts"
import { parseArgs } from "node:util"
import * as Outage from "./outage.ts"
import * as World from "./world.ts"

const { values } = parseArgs({
  options: {
    strategy: { type: "string" },
    seeds: { type: "string", default: "300" },
    first: { type: "string", default: "1" },
    inputs: { type: "string", default: "1000" },
    share: { type: "string", default: "0.25" }
  }
})
const seeds = Number(values.seeds)
const first = Number(values.first)
const count = Number(values.inputs)
const share = Number(values.share)

const row = (cells: ReadonlyArray<string | number>) =>
  console.log(
    cells.map((cell, n) => (n === 0 ? String(cell).padEnd(20) : String(cell).padStart(11))).join("")
  )

row(["policy", "worlds", "requests", "struck", "created", "in doubt", "doubled", "wrong"])
let broken = 0
const chosen = World.strategies.filter((name) => values.strategy === undefined || values.strategy === name)
if (chosen.length === 0)
  throw new Error(`no such strategy: ${values.strategy}; there are ${World.strategies.join(", ")}`)
for (const policy of [...chosen, "naive"] as const) {
  const sum = { requests: 0, struck: 0, created: 0, doubt: 0, doubled: 0, wrong: 0 }
  for (let seed = first; seed < first + seeds; seed++) {
    const result = await Effect.runPromise(World.run({ seed, count, share }, policy))
    sum.requests += result.requests
    sum.struck += result.struck
    sum.created += result.outcomes["Created"] ?? 0
    sum.doubt += result.outcomes["InDoubt"] ?? 0
    if (result.duplicated > 0) sum.doubled++
    if (result.wrong.length > 0) {
      sum.wrong++
      console.log(`seed ${seed} (${result.rows.join(" ")}): ${result.wrong.slice(0, 3).join("; ")}`)
    }
  }
  if (policy !== "naive") broken += sum.wrong
  const told = policy !== "naive"
  row([
    policy,
    seeds,
    sum.requests,
    sum.struck,
    told ? sum.created : "–",
    told ? sum.doubt : "–",
    sum.doubled,
    told ? sum.wrong : "–"
  ])
}
row(["\noutages", "worlds", "inputs", "", "", "in doubt", "", "wrong"])
for (const strategy of chosen) {
  const sum = { inputs: 0, doubt: 0, wrong: 0 }
  for (let seed = first; seed < first + seeds; seed++) {
    const { inDoubt, inputs, wrong } = await Effect.runPromise(Outage.run(seed, strategy))
    sum.inputs += inputs
    sum.doubt += inDoubt
    if (wrong.length > 0) {
      sum.wrong++
      console.log(`outage ${seed}: ${wrong.slice(0, 3).join("; ")}`)
    }
  }
  broken += sum.wrong
  row([strategy, seeds, sum.inputs, "", "", sum.doubt, "", sum.wrong])
}
console.log(
  "\ndoubled: worlds in which some input is in HubSpot twice; wrong: worlds in which an outcome is not true."
)
process.exitCode = broken === 0 ? 0 : 1
