/**
 * `pnpm bench [name…]`: measures, and prints a row for each thing measured. Nothing is asserted: machines differ, and a
 * number that depends on one is no test. What counts are ratios of things measured in turn, in one run.
 *
 * A benchmark is a file `<name>.bench.ts` here with a `run`, see `measure.ts`.
 */
import { Effect } from "effect"
import { globSync } from "node:fs"
import { join } from "node:path"
import type { Benchmark, Row } from "./measure.ts"

const known = globSync("*.bench.ts", { cwd: import.meta.dirname })
  .map((file) => file.replace(/\.bench\.ts$/, ""))
  .sort()
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}`)

const columns = ["benchmark", "what", "measured", "ratio", "target"] as const

const cells = (name: string, { measured, ratio = "", target = "", what }: Row) => [
  name,
  what,
  measured,
  ratio,
  target
]

const widths = [10, 44, 44, 24, 0]
const print = (row: ReadonlyArray<string>) =>
  console.log(
    row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join("  ")
      .trimEnd()
  )

print(columns)
for (const name of asked.length === 0 ? known : asked) {
  const { run } = (await import(join(import.meta.dirname, `${name}.bench.ts`))) as Benchmark
  for (const row of await Effect.runPromise(Effect.scoped(run))) print(cells(name, row))
}
