/**
 * What a command loads: what it needs, and no database, cluster or emulator that has no business there.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Binary from "../../support/binary.ts"
import * as Run from "./run.ts"

const folder = mkdtempSync(join(tmpdir(), "line-items-start-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = join(folder, "rows.csv")
writeFileSync(file, "name,quantity,price\nSeat,1,2.50\n")

const bin = join(Binary.root, "packages/batch/src/bin.ts")
let count = 0

const begin = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const list = join(folder, `${count++}.txt`)
  const started = Binary.start({
    command: [Binary.node, "--import", join(Binary.root, "test/support/loaded.ts"), bin, ...args],
    cwd: folder,
    env: { LOADED: list, HOME: folder, ...env }
  })
  started.end()
  return { started, modules: () => readFileSync(list, "utf8").split("\n") }
}

/** The modules of a command that ends by itself. */
const loadedBy = async (...args: ReadonlyArray<string>) => {
  const { modules, started } = begin(args)
  const { code, stderr } = await started.finished
  assert.strictEqual(code, 0, stderr)
  return modules()
}

/** What is not for every command. */
const parts = {
  database: /^node:sqlite$|\/sql\/(?!SqlError\.)|sql-pg|\/pg\//,
  cluster: /\/cluster\/|effect\/dist\/workflow\//,
  emulator: /http\/src\/emulator\/(?!Behaviour\.ts)/,
  files: /batch\/src\/files\//,
  engine: /batch\/src\/(engine\/(?!Bounds\.ts)|bulk\/)/,
  jobs: /batch\/src\/(jobs\/JobRunner|cli\/JobRun)\.ts/,
  client: /http\/src\/(LineItems|HubSpotClient)\.ts|undici|effect\/dist\/http-api\//,
  command: /batch\/src\/cli\/(?!Version\.ts)/
} as const

const partsOf = (modules: ReadonlyArray<string>) =>
  Object.entries(parts).flatMap(([part, pattern]) => (modules.some((url) => pattern.test(url)) ? [part] : []))

describe("what a command loads", () => {
  it("the version needs nothing of the command, and is what the command says", async () => {
    const modules = await loadedBy("--version")
    assert.deepStrictEqual(partsOf(modules), [])
    assert.deepStrictEqual(
      modules.filter((url) => url.includes("node_modules")).map((url) => url.replace(/.*node_modules\//, "")),
      ["effect/package.json"]
    )
    assert.include(modules, pathToFileURL(join(Binary.root, "packages/batch/src/cli/Version.ts")).href)
    const said = await begin(["--version"]).started.finished
    assert.match(said.stdout, /^line-items \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+, effect \d+\.\d+\.\d+\)\n$/)
    assert.strictEqual(said.stdout, (await Run.start(["--version"]).finished).stdout)
  })

  it("help needs the flags only", async () => {
    assert.deepStrictEqual(partsOf(await loadedBy("--help")), ["command"])
    assert.deepStrictEqual(partsOf(await loadedBy("import", "--help")), ["command"])
  })

  it("check reads a file", async () => {
    assert.deepStrictEqual(partsOf(await loadedBy("check", file)), ["files", "client", "command"])
  })

  it("import loads the emulator if it is asked for", async () => {
    const rest = ["files", "engine", "client", "command"]
    const { modules, started } = begin(["import", `${file}.missing`, "--base-url", "http://127.0.0.1:1"], {
      HUBSPOT_ACCESS_TOKEN: Run.canary
    })
    assert.notStrictEqual((await started.finished).code, 0)
    assert.deepStrictEqual(partsOf(modules()), rest)
    assert.deepStrictEqual(partsOf(await loadedBy("import", file, "--emulator")), ["emulator", ...rest])
  })

  it("serve needs the emulator, and nothing that imports", async () => {
    const { modules, started } = begin(["serve", "--json"])
    await started.seen("stdout", "adminKey")
    started.kill("SIGTERM")
    await started.finished
    const found = partsOf(modules())
    assert.include(found, "emulator")
    for (const part of ["database", "cluster", "engine", "jobs"]) assert.notInclude(found, part)
  })

  it("a command on jobs loads the database it is on", async () => {
    const modules = await loadedBy("jobs", "--state-dir", join(folder, "state"))
    assert.isTrue(modules.includes("node:sqlite") || partsOf(modules).includes("database"))
    assert.isFalse(modules.some((url) => url.includes("sql-pg")))
    assert.notIncludeMembers(partsOf(modules), ["emulator"])
  })
})

describe("compiled code", () => {
  it("is kept in a folder of the user's own", async () => {
    const home = join(folder, "home")
    const { started } = begin(["--help"], { HOME: folder, NODE_COMPILE_CACHE: "" })
    assert.strictEqual((await started.finished).code, 0)
    assert.isTrue(existsSync(join(folder, ".cache/line-items")))
    assert.isFalse(existsSync(home))
  })

  it("a home that cannot be written to is none", async () => {
    for (const home of ["/proc", "/dev/null", join(folder, "missing")]) {
      const { started } = begin(["--help"], { HOME: home, NODE_COMPILE_CACHE: "" })
      const { code, stderr } = await started.finished
      assert.strictEqual(code, 0, home)
      assert.strictEqual(stderr, "")
    }
    assert.isFalse(existsSync(join(folder, "missing")))
  })
})
