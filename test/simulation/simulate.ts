/**
 * `pnpm simulate [--seeds N] [--first N] [--inputs N] [--share S]`: many worlds in virtual time, the engine
 * beside a client that retries what looks transient. Exits 1 if the engine broke a promise.
 */
import { Effect } from "effect"
import { parseArgs } from "node:util"
import * as World from "./world.ts"

const { values } = parseArgs({
  options: {
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
    cells.map((cell, n) => (n === 0 ? String(cell).padEnd(14) : String(cell).padStart(11))).join("")
  )

row(["policy", "worlds", "requests", "struck", "created", "in doubt", "doubled", "wrong"])
let broken = 0
for (const policy of ["failVisible", "naive"] as const) {
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
  if (policy === "failVisible") broken = sum.wrong
  const told = policy === "failVisible"
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
console.log(
  "\ndoubled: worlds in which some input is in HubSpot twice; wrong: worlds in which an outcome is not true."
)
process.exitCode = broken === 0 ? 0 : 1
