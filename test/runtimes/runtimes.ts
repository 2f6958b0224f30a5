/**
 * Runs the suite in Node, Bun, Deno and workerd at the same time, each with a HubSpot of its own. Prints the version and the
 * counts of each runtime, and as its last line `N passed, N failed`. A runtime whose binary is not installed is not run.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "../..")
const suite = join(import.meta.dirname, "suite.ts")
const made = join(root, "node_modules/.cache/runtimes")
/** The only limit there is, for what hangs: no machine is that slow. */
const hangs = 5 * 60_000

/** The binary of a package that has one package for each platform, of which the package manager installs the right one. */
const binaryOf = (name: string, file: string): string | undefined => {
  const manifest = createRequire(join(root, "package.json")).resolve(`${name}/package.json`)
  const { optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8"))
  for (const platform of Object.keys(optionalDependencies)) {
    const directory = join(dirname(manifest), ...name.split("/").map(() => ".."), platform)
    for (const binary of [join(directory, file), join(directory, `${file}.exe`)])
      if (existsSync(binary)) return binary
  }
  return undefined
}

/** A Worker is one file, and gets what it is told as a binding. */
const worker = async (served: string): Promise<string> => {
  const bundle = await rolldown({ input: suite, platform: "neutral", logLevel: "silent" })
  await bundle.write({ file: join(made, "suite.js"), format: "esm" })
  const config = join(made, "suite.capnp")
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "suite", worker = (
      modules = [(name = "suite.js", esModule = embed "suite.js")],
      bindings = [(name = "served", text = ${JSON.stringify(served)})],
      compatibilityDate = "2026-11-01"
    )),
    (name = "internet", network = (allow = ["private"]))
  ]
);
`
  )
  return config
}

interface Runtime {
  readonly name: string
  readonly binary: string | undefined
  /** Its arguments, by what the server printed. */
  readonly args: (served: string) => ReadonlyArray<string> | Promise<ReadonlyArray<string>>
}

const runtimes: ReadonlyArray<Runtime> = [
  { name: "node", binary: process.execPath, args: (served) => [suite, served] },
  { name: "bun", binary: binaryOf("bun", "bin/bun"), args: (served) => ["--no-install", suite, served] },
  {
    name: "deno",
    binary: binaryOf("deno", "deno"),
    args: (served) => ["run", "--no-lock", "--no-remote", "--allow-net=127.0.0.1", suite, served]
  },
  {
    name: "workerd",
    binary: binaryOf("workerd", "bin/workerd"),
    args: async (served) => ["test", await worker(served)]
  }
]

const environment = { ...process.env, DENO_DIR: join(made, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" }

const start = (binary: string, args: ReadonlyArray<string>) => {
  const child = spawn(binary, args, {
    cwd: import.meta.dirname,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: hangs
  })
  const said = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text))
  const ended = new Promise<void>((resolve) =>
    child.on("close", () => resolve()).on("error", () => resolve())
  )
  return { child, said, ended }
}

/** A HubSpot of its own, and what it printed. */
const serve = async () => {
  const bin = join(root, "packages/batch/src/bin.ts")
  const flags = ["--json", "--limit", "100000", "--search-lag", "0s", "--unique", "erp"]
  const server = start(process.execPath, [bin, "serve", ...flags])
  const line = new Promise<void>((resolve) =>
    server.child.stdout.on("data", () => server.said.stdout.includes("\n") && resolve())
  )
  await Promise.race([line, server.ended])
  if (!server.said.stdout.includes("\n")) throw new Error(`line-items serve: ${server.said.stderr}`)
  return { printed: server.said.stdout.trim(), stop: () => (server.child.kill(), server.ended) }
}

const closing = /^(\d+) passed, (\d+) failed$/m

interface Counts {
  readonly passed: number
  readonly failed: number
}

const run = async ({ args, binary, name }: Runtime): Promise<Counts> => {
  const asked = binary === undefined ? undefined : spawnSync(binary, ["--version"], { encoding: "utf8" })
  if (binary === undefined || asked?.status !== 0) {
    console.log(`runtimes: ${name} not run, no binary`)
    return { passed: 0, failed: 0 }
  }
  const version = /\d[\w.-]*/.exec(asked.stdout)?.[0]
  const { printed, stop } = await serve()
  const { child, ended, said } = start(binary, await args(printed))
  await ended
  await stop()
  for (const [line] of said.stdout.matchAll(/^FAILED .*$/gm)) console.log(`${name}: ${line}`)
  const counted = closing.exec(said.stdout)
  if (counted === null)
    console.log(
      `${name}: FAILED, ended with ${child.exitCode ?? child.signalCode}\n${said.stdout}${said.stderr}`
    )
  const [, passed = 0, failed = 1] = (counted ?? []).map(Number)
  console.log(`${name} ${version}: ${passed} passed, ${failed} failed`)
  return { passed, failed }
}

mkdirSync(made, { recursive: true })
const all = await Promise.all(runtimes.map(run))
const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0)
console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`)
process.exitCode = sum("failed") > 0 ? 1 : 0
