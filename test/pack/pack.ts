/**
 * `pnpm pack:check`: packs the packages, checks the tarballs, and installs them by plain npm as users do, outside of the
 * workspace: the command by `npm i -g` and `npx`, and the library with the lowest and the newest Effect of its range. Its last
 * line is `N passed, N failed`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import * as Project from "./project.ts"
import * as Registry from "./registry.ts"

const root = join(import.meta.dirname, "../..")
const tool = (name: string) => join(root, "node_modules/.bin", name)
const folder = mkdtempSync(join(tmpdir(), "line-items-pack-"))
const at = (...names: ReadonlyArray<string>) => join(folder, ...names)

const made = (name: string): string => {
  mkdirSync(at(name), { recursive: true })
  writeFileSync(at(name, "package.json"), JSON.stringify({ private: true, type: "module" }))
  return at(name)
}

/** What a user has: a token, and neither this workspace's programs nor its settings. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:npm|pnpm)_/i.test(name))
)
environment["HUBSPOT_ACCESS_TOKEN"] = "pat-eu1-pack"
environment["NODE_COMPILE_CACHE"] = at("compiled")
const started = new Set<ChildProcess>()

const start = (command: string, args: ReadonlyArray<string>, cwd: string) => {
  const child = spawn(command, args, { cwd, env: environment, stdio: ["pipe", "pipe", "pipe"] })
  started.add(child)
  const said = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text))
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("close", resolve).on("error", reject)
  )
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => said.stdout.includes("\n") && resolve(said.stdout.split("\n")[0]!))
    void ended.then(() => reject(new Error(`${command} ended: ${said.stderr}`)), reject)
  })
  // Only some are waited for.
  line.catch(() => undefined)
  return { child, ended, line, said }
}

const run = async (command: string, args: ReadonlyArray<string>, cwd: string, code = 0): Promise<string> => {
  const { child, ended, said } = start(command, args, cwd)
  child.stdin.end()
  const found = await ended
  if (found === code) return `${said.stdout}${said.stderr}`
  throw new Error(`${command} ${args.join(" ")} ended with ${found}\n${said.stdout}${said.stderr}`)
}

const counts = { passed: 0, failed: 0 }

const check = async (what: string, is: () => Promise<unknown>): Promise<void> => {
  const from = Date.now()
  try {
    await is()
    counts.passed++
    console.log(`ok      ${what} (${((Date.now() - from) / 1000).toFixed(1)} s)`)
  } catch (error) {
    counts.failed++
    console.log(`FAILED  ${what}\n${String(error)}`)
  }
}

const expect = (text: string, pattern: RegExp): void => {
  if (!pattern.test(text)) throw new Error(`${JSON.stringify(text)} is not like ${pattern}`)
}

const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]

/**
 * Packs the packages. What `batch` does before it is packed builds all of them; what the others do is a part of that, so that it
 * is not done again.
 */
const pack = async (): Promise<void> => {
  const scriptsOf = (...path: ReadonlyArray<string>): Readonly<Record<string, string>> =>
    JSON.parse(readFileSync(join(root, ...path, "package.json"), "utf8")).scripts
  await run("pnpm", ["run", "prepack"], join(root, "packages/batch"))
  expect(scriptsOf("packages/batch")["prepack"]!, /^pnpm --workspace-root build && /)
  expect(scriptsOf()["build"]!, /^pnpm types && /)
  for (const name of ["schema", "http"]) {
    expect(scriptsOf("packages", name)["prepack"]!, /^pnpm --workspace-root types$/)
  }
  const packing = ["pack", "--config.ignore-scripts=true", "--pack-destination", folder]
  await run("pnpm", ["--recursive", "--filter", "./packages/*", ...packing], root)
}

const checkTarball = async (tarball: string): Promise<void> => {
  const { name } = Registry.manifestOf(tarball)
  await check(`publint ${name}`, async () =>
    expect(await run(tool("publint"), ["run", tarball, "--strict"], folder), /All good/)
  )
  await check(`attw ${name}`, () =>
    run(tool("attw"), [tarball, "--profile", "esm-only", "--no-emoji"], folder)
  )
  await check(`${name} has every source once`, async () => {
    const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n")
    const maps = files.filter((file) => file.endsWith(".map"))
    const sources = maps.map((map) =>
      map.replace("/dist/", "/src/").replace(/\.d\.ts\.map$|\.js\.map$/, ".ts")
    )
    const lost = sources.filter((source) => !files.includes(source))
    if (lost.length > 0) throw new Error(`maps without a source: ${lost.join(", ")}`)
    const alone = files.filter((file) => /\/src\/.*\.ts$/.test(file) && !sources.includes(file))
    if (alone.length > 0) throw new Error(`sources that no map names: ${alone.join(", ")}`)
    expect(`${files.filter((file) => /README\.md|LICENSE/.test(file)).length}`, /^2$/)
  })
}

const checkCommand = async (flag: string): Promise<void> => {
  const cwd = made("command")
  const npm = (args: ReadonlyArray<string>) => run("npm", [...args, flag, ...quiet], cwd)
  writeFileSync(join(cwd, "rows.csv"), "name,quantity,price\nSeat,2,19.90\nDesk,1,5.00\n")
  await check("npm i -g @effect-hubspot/batch", () =>
    npm(["install", "--global", "--prefix", at("global"), "@effect-hubspot/batch"])
  )
  await check("npx -p @effect-hubspot/batch line-items", async () =>
    expect(
      await run("npx", ["-y", flag, ...quiet, "-p", "@effect-hubspot/batch", "line-items", "--version"], cwd),
      /^line-items \d/
    )
  )
  const bin = at("global/bin/line-items")
  // The first `node` that is found there is the one of the workspace.
  const command = (args: ReadonlyArray<string>, code = 0) => run(bin, args, cwd, code)
  const creates = async (args: ReadonlyArray<string>) =>
    expect(await command(["import", "rows.csv", "--json", ...args]), /"created":2\b/)
  await check("--help", async () => expect(await command(["--help"]), /line-items <subcommand>/))
  await check("import --emulator", () => creates(["--emulator"]))
  await check("demo", async () => expect(await command(["demo"]), /Report and ledger agree/))
  for (const node of oldNodes()) {
    await check(`one line on ${node.version}`, async () =>
      expect(await run(node.path, [bin, "--help"], cwd, 2), /^line-items: this is Node .* is needed; .*\n$/)
    )
  }
  const server = start(bin, ["serve", "--json"], cwd)
  try {
    const { url } = JSON.parse(await server.line)
    await check("import --base-url", () => creates(["--base-url", url]))
    await check("import --job, and status", async () => {
      await creates(["--base-url", url, "--job", "pack", "--state-dir", "state"])
      expect(await command(["status", "pack", "--state-dir", "state"]), /pack: done/)
    })
    await check("submit and worker, on PostgreSQL", async () => {
      const postgres = start(process.execPath, [join(root, "test/support/postgresProcess.ts")], cwd)
      const database = `postgres://postgres:canary-of-postgres@127.0.0.1:${await postgres.line}/postgres`
      environment["LINE_ITEMS_DATABASE_URL"] = database
      const worker = start(bin, ["worker", "--base-url", url], cwd)
      try {
        await command(["submit", "rows.csv", "--job", "shared", "--base-url", url])
        expect(await command(["status", "shared", "--watch"]), /2 rows: 2 created/)
      } finally {
        delete environment["LINE_ITEMS_DATABASE_URL"]
        worker.child.kill("SIGTERM")
        await worker.ended
        postgres.child.stdin.end()
        await postgres.ended
      }
    })
  } finally {
    server.child.kill("SIGTERM")
    await server.ended
  }
}

/** The machine's own Node, where it is too old for the command, and one that says that it is. */
const oldNodes = (): ReadonlyArray<{ readonly version: string; readonly path: string }> => {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const own = folders
    .filter((path) => !path.includes("node_modules"))
    .map((path) => join(path, "node"))
    .flatMap((path) => {
      try {
        return [{ path, version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim() }]
      } catch {
        return []
      }
    })
  const pretended = at("node-18")
  const options = `--import 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.8"})'`
  writeFileSync(pretended, `#!/bin/sh\nexec '${process.execPath}' ${options} "$@"\n`, { mode: 0o755 })
  return [
    ...own.slice(0, 1).filter(({ version }) => Number(/\d+/.exec(version)) < 22),
    { path: pretended, version: "a Node that is 18.20.8" }
  ]
}

/** The lowest and the newest version of a range that the registry has. */
const edgesOf = async (name: string, range: string): Promise<readonly [string, string]> => {
  const found: string | ReadonlyArray<string> = JSON.parse(
    await run("npm", ["view", `${name}@${range}`, "version", "--json", "--loglevel=error"], folder)
  )
  const versions = [found].flat()
  return [versions[0]!, versions.at(-1)!]
}

const checkLibrary = async (flag: string, manifests: ReadonlyArray<Registry.Manifest>): Promise<void> => {
  const peers = Object.entries(manifests.find(({ name }) => name.endsWith("/batch"))!.peerDependencies)
  const edges = await Promise.all(
    peers.map(async ([name, range]) => [name, await edgesOf(name, range)] as const)
  )
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const others = ["redis", "@types/node"].map((name) => `${name}@${devDependencies[name]}`)
  const sets = ([0, 1] as const).map((edge) => edges.map(([name, versions]) => `${name}@${versions[edge]}`))
  for (const [edge, peers] of sets.entries()) {
    const what = peers.filter((peer) => peer.startsWith("effect@")).join()
    if (edge === 1 && peers.join() === sets[0]!.join()) {
      console.log(`        the registry has no newer version of the range than ${what}`)
      continue
    }
    const cwd = made(`library-${edge}`)
    const ours = manifests.map(({ name }) => name)
    await check(`npm install with ${peers.join(" ")}`, () =>
      run("npm", ["install", flag, ...quiet, ...ours, ...peers, ...others], cwd)
    )
    Project.write(cwd, manifests)
    for (const name of Object.keys(Project.resolutions)) {
      await check(`every module and the READMEs compile with ${what}, ${name}`, () =>
        run(tool("tsc"), ["-p", `tsconfig.${name}.json`], cwd)
      )
    }
    await check(`they run with ${what}`, () => run(process.execPath, ["out/index.js"], cwd))
  }
}

try {
  await pack()
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => at(name))
  const registry = await Registry.serve(tarballs)
  await Promise.all([
    Promise.all(tarballs.map(checkTarball)),
    checkCommand(registry.flag),
    checkLibrary(registry.flag, tarballs.map(Registry.manifestOf))
  ])
  registry.close()
} catch (error) {
  counts.failed++
  console.log(`FAILED  packing\n${String(error)}`)
} finally {
  for (const child of started) if (child.exitCode === null) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0
