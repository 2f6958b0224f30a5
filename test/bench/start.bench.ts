/**
 * What the start of the command costs, beside an empty Node: as published, a bundle, and from the sources. All have Node's
 * compile cache, which a first round fills.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"
import published from "../../packages/batch/rolldown.config.ts"
import * as Measure from "./measure.ts"

const rounds = 9

interface Cost {
  /** User and system. */
  readonly cpuMillis: number
  readonly megabytes: number
}

/** Says at its end what the process cost. Linux counts the memory of whoever starts a process to its `maxRSS`. */
const meter = `import { readFileSync, writeSync } from "node:fs"
process.on("exit", () => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  const most = process.platform === "linux" ? /VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1] : maxRSS
  writeSync(3, JSON.stringify({ cpuMillis: (userCPUTime + systemCPUTime) / 1000, megabytes: most / 1024 }))
})
`

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const path = (name: string) => join(folder, name)
  writeFileSync(path("meter.mjs"), meter)
  writeFileSync(path("empty.mjs"), "")
  writeFileSync(
    path("ten.csv"),
    `name,quantity,price\n${Array.from({ length: 10 }, (_, n) => `Seat ${n},1,19.90\n`).join("")}`
  )
  // Beside its package's manifest, as it is published: Node reads there what a `.js` is.
  writeFileSync(path("package.json"), JSON.stringify({ type: "module" }))
  yield* Effect.promise(async () => {
    const bundle = await rolldown(published)
    await bundle.write({ ...[published.output].flat()[0], dir: path("command") })
  })
  const command = path("command/line-items.js")

  const started = (...args: ReadonlyArray<string>): Effect.Effect<Cost> =>
    Effect.promise(
      () =>
        new Promise((resolve, reject) => {
          const child = spawn(Measure.node, ["--import", path("meter.mjs"), ...args], {
            env: { HOME: folder, NODE_COMPILE_CACHE: path("compiled") },
            stdio: ["ignore", "ignore", "inherit", "pipe"]
          })
          let said = ""
          child.stdio[3]!.on("data", (part) => (said += String(part)))
          child.on("close", (code) =>
            code === 0 ? resolve(JSON.parse(said) as Cost) : reject(new Error(`${args.join(" ")}: ${code}`))
          )
        })
    )

  const variants = [
    { what: "an empty Node", args: [path("empty.mjs")] },
    { what: "--version, as published", args: [command, "--version"], cpu: 50, megabytes: 15 },
    { what: "--help, as published", args: [command, "--help"], cpu: 150, megabytes: 50 },
    {
      what: "import of ten rows, as published",
      args: [command, "import", path("ten.csv"), "--emulator"],
      cpu: 400
    },
    { what: "--version, from the sources", args: [Measure.bin, "--version"], times: 3 },
    { what: "--help, from the sources", args: [Measure.bin, "--help"], times: 3 }
  ] as const satisfies ReadonlyArray<Variant>
  const processes = variants.map(({ args }) => started(...args))
  yield* Measure.inTurn(processes, 1)
  const found = (yield* Measure.inTurn(processes, rounds)).map((costs) => ({
    cpu: Measure.median(costs.map(({ cpuMillis }) => cpuMillis)),
    megabytes: Measure.median(costs.map(({ megabytes }) => megabytes))
  }))
  const [empty] = found
  return variants.map((variant: Variant, n): Measure.Row => {
    const { cpu, megabytes } = found[n]!
    const more = `+ ${Math.round(cpu - empty!.cpu)} ms, + ${Math.round(megabytes - empty!.megabytes)} MB`
    return {
      what: variant.what,
      measured: `${Math.round(cpu)} ms CPU, ${Math.round(megabytes)} MB`,
      ...(n > 0 && { ratio: `${more}, ${(cpu / empty!.cpu).toFixed(1)} × Node`, target: targetOf(variant) })
    }
  })
})

interface Variant {
  readonly what: string
  readonly args: ReadonlyArray<string>
  /** What it may cost more than an empty Node, in milliseconds and megabytes, or how many times as much. */
  readonly cpu?: number
  readonly megabytes?: number
  readonly times?: number
}

const targetOf = ({ cpu, megabytes, times }: Variant): string =>
  times === undefined
    ? `+ ${cpu} ms${megabytes === undefined ? "" : `, + ${megabytes} MB`}`
    : `≤ ${times} × an empty Node`
