/**
 * `pnpm crash [--cycles N] [--seed S] [--database sqlite|postgres|cluster]`: durable imports killed at random, with real
 * processes and sockets. Every second cycle on SQLite is the command itself, the others strike themselves at a point. Of
 * a cluster it is two workers, killed and replaced.
 *
 * `pnpm crash --network`: the network is lost under a request instead, see network.ts. Where the system allows no
 * network stacks of one's own, the command says so and exits 0.
 *
 * Exits 1 if a cycle failed.
 */
import { Effect, Random } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Kills from "../batch/cluster/kills.ts"
import * as Cycle from "./cycle.ts"
import * as Network from "./network.ts"
import { random } from "./random.ts"

const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    database: { type: "string", default: "sqlite" },
    network: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false }
  }
})
if (values.network) process.exit((await Network.run()) === 0 ? 0 : 1)
const cycles = Number(values.cycles)
const first = Number(values.seed)
if (!(cycles > 0) || !Number.isInteger(first)) throw new Error("--cycles and --seed are whole numbers")
if (!["sqlite", "postgres", "cluster"].includes(values.database)) {
  throw new Error("--database is sqlite, postgres or cluster")
}

/** The server ends when this process does. */
const postgres = () =>
  new Promise<{ readonly port: number; readonly stop: () => void }>((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../support/postgresProcess.ts")], {
      stdio: ["pipe", "pipe", "inherit"],
      detached: true
    })
    child.stdout.on("data", (port) => resolve({ port: Number(port), stop: () => child.stdin.end() }))
    child.on("close", () => reject(new Error("PostgreSQL did not start")))
  })

const server = values.database === "sqlite" ? undefined : await postgres()
let failed = 0
let kills = 0

/** Draws a cycle and runs it. */
const run = (seed: number) =>
  Effect.gen(function* () {
    if (server !== undefined && values.database === "cluster") {
      const drawn = yield* Random.withSeed(Kills.random(server.port), seed)
      return { result: yield* Kills.run(drawn), how: "cluster" }
    }
    const drawn = yield* Random.withSeed(random(server ?? "sqlite"), seed)
    return { result: yield* Cycle.run(drawn), how: drawn.strategy }
  })

const cycle = (seed: number) =>
  Effect.gen(function* () {
    const { how, result } = yield* run(seed)
    kills += result.killed
    if (result.wrong.length > 0) failed++
    if (result.wrong.length > 0 || values.verbose) {
      const what = `${how}: ${result.ends.join(", ")}`
      console.log(`seed ${seed} (${what}): ${result.wrong.length === 0 ? "good" : result.wrong.join("; ")}`)
    }
  })
await Effect.runPromise(
  Effect.forEach(
    Array.from({ length: cycles }, (_, n) => first + n),
    cycle,
    { concurrency: 2, discard: true }
  )
)
server?.stop()
console.log(`${kills} processes killed`)
console.log(`${cycles} cycles, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
