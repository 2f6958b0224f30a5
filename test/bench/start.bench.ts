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
import * as Row from "./row.ts"

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
    ["an empty Node", path("empty.mjs")],
    ["--version, as published", command, "--version"],
    ["--help, as published", command, "--help"],
    ["import of ten rows, as published", command, "import", path("ten.csv"), "--emulator"],
    ["--version, from source", Measure.bin, "--version"],
    ["--help, from source", Measure.bin, "--help"]
  ] as const
  const processes = variants.map(([, ...args]) => started(...args))
  yield* Measure.inTurn(processes, 1)
  const { quick } = yield* Measure.Rounds
  const found = yield* Measure.inTurn(processes, quick ? 5 : 9)
  const of = (n: number, what: keyof Cost) => found[n]!.map((cost) => cost[what])
  /** What it costs more than an empty Node. */
  const more = (n: number, what: keyof Cost) =>
    Measure.median(of(n, what).map((one, round) => one - found[0]![round]![what]))
  const cpu = (n: number, most: number) =>
    Row.atMost(`${variants[n]![0]}: CPU beyond an empty Node`, more(n, "cpuMillis"), "ms", most, plot(n))
  const memory = (n: number, most: number) =>
    Row.atMost(`${variants[n]![0]}: memory beyond an empty Node`, more(n, "megabytes"), "MB", most)
  const times = (n: number, most: number) =>
    Row.atMost(
      `${variants[n]![0]}`,
      Measure.ratio(of(n, "cpuMillis"), of(0, "cpuMillis")),
      "× an empty Node",
      most,
      plot(n)
    )
  const plot = (n: number) => {
    const points = [{ series: variants[n]![0], x: 0, y: Measure.median(of(n, "cpuMillis")) }]
    return { plot: { x: "start", y: "ms of CPU", points } }
  }
  return [
    Row.shown("an empty Node: CPU", Measure.median(of(0, "cpuMillis")), "ms", plot(0)),
    cpu(1, 50),
    memory(1, 15),
    cpu(2, 150),
    memory(2, 50),
    cpu(3, 400),
    times(4, 3),
    times(5, 3)
  ]
})
