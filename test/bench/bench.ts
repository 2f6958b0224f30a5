/**
 * `pnpm bench [name…] [--quick] [--json file]`: measures, and prints a row for each thing measured: what it is, what it should
 * be, and whether it is. Nothing is asserted: machines differ, and a number that depends on one is no test. What
 * counts are ratios of things measured in turn, in one run. Without names it measures what has a target; `--quick`, in less
 * than 90 seconds, the CPU ratios and the starts.
 *
 * A benchmark is a file `<name>.bench.ts` here with a `run`, see `measure.ts`.
 */
import { Effect } from "effect"
import { globSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Benchmark, Rounds } from "./measure.ts"
import * as Row from "./row.ts"

/** In the order of the table of targets. */
const targets = [
  "engine",
  "command",
  "limited",
  "memory",
  "emulator",
  "durable",
  "resume",
  "start",
  "load",
  "size",
  "suite",
  "simulation",
  "growth"
]
const quickly = ["engine", "start", "load", "suite"]

const known = globSync("*.bench.ts", { cwd: import.meta.dirname }).map((file) =>
  file.replace(/\.bench\.ts$/, "")
)
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } }
})
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(", ")}; there are ${known.sort().join(", ")}`)
const chosen = positionals.length > 0 ? positionals : values.quick ? quickly : targets

const widths = [58, 24, 24, 8, 0]
const print = (cells: ReadonlyArray<string>) =>
  console.log(
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join("  ")
      .trimEnd()
  )

const when = new Date().toISOString().slice(0, 10)
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`
const rows: Array<Row.Row> = []
print(["what", "figure", "target", "met", `(${when}, ${machine})`])
for (const name of chosen) {
  const { run } = (await import(join(import.meta.dirname, `${name}.bench.ts`))) as Benchmark
  const found = await Effect.runPromise(
    Effect.scoped(Effect.provideService(run, Rounds, { quick: values.quick }))
  )
  rows.push(...found)
  for (const row of found) print(Row.cells(row))
}
const count = (met: boolean | null) => rows.filter((row) => row.target !== null && row.met === met).length
console.log(`\n${count(true)} met, ${count(false)} not met, ${count(null)} not measured`)
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify(
      rows.map((row) => ({ ...row, when, machine })),
      null,
      2
    )}\n`
  )
}
