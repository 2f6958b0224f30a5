import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { graphOf } from "../support/graph.ts"

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")

const sources = globSync("packages/*/src/**/*.ts", { cwd: root }).map((file) => ({ file }))

/**
 * What a source imports: relative ones as paths from the root, the others as they are. Doc comments hold
 * examples, which import as users do, and do not count.
 */
const codeImportsOf = (file: string): ReadonlyArray<string> => {
  const code = read(file).replaceAll(/\/\*[\s\S]*?\*\//g, "")
  return [...code.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) =>
    match[1]!.startsWith(".") ? normalize(join(dirname(file), match[1]!)) : match[1]!
  )
}

describe("the house", () => {
  const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
    schema: [],
    http: ["@effect-hubspot/schema"],
    batch: ["@effect-hubspot/schema", "@effect-hubspot/http"]
  }

  it("packages depend on the ones before them only", () => {
    assert.isAbove(sources.length, 60)
    for (const { file } of sources) {
      const own = /^packages\/(\w+)\//.exec(file)![1]!
      for (const name of codeImportsOf(file)) {
        if (name.startsWith("packages/"))
          assert.isTrue(name.startsWith(`packages/${own}/`), `${file}: ${name}`)
        if (name.startsWith("@effect-hubspot/")) {
          const target = name.split("/").slice(0, 2).join("/")
          assert.include(allowed[own]!, target, file)
          assert.isFalse(name.includes("/internal/"), `${file}: ${name}`)
        }
      }
    }
  })

  /** What a source imports of the house, as files from the root: types and `import()` too. */
  const edges = new Map(
    sources.map(({ file }) => [
      file,
      codeImportsOf(file).flatMap((name) => {
        const [, own, path] = /^@effect-hubspot\/(\w+)(?:\/(.+))?$/.exec(name) ?? []
        if (own !== undefined) return [`packages/${own}/src/${path ?? "index"}.ts`]
        return name.startsWith("packages/") && name.endsWith(".ts") ? [name] : []
      })
    ])
  )

  it("no import goes in a circle", () => {
    for (const [file, imports] of edges)
      for (const name of imports) assert.isTrue(edges.has(name), `${file}: ${name}`)
    const state = new Map<string, "open" | "done">()
    const walk = (file: string, path: ReadonlyArray<string>): void => {
      if (state.get(file) === "done") return
      assert.notStrictEqual(state.get(file), "open", `a circle: ${[...path, file].join(" → ")}`)
      state.set(file, "open")
      for (const next of edges.get(file) ?? []) walk(next, [...path, file])
      state.set(file, "done")
    }
    for (const file of edges.keys()) walk(file, [])
  })

  /** The rooms of `batch`, from the ground up: a room imports from those before it only. */
  const rooms = ["model", "files", "engine", "doubt", "bulk", "jobs", "sql", "cluster", "cli"]
  const roomOf = (file: string) => /^packages\/batch\/src\/(\w+)\//.exec(file)?.[1]

  it("rooms of batch import from the rooms below them only", () => {
    const there = new Set(sources.flatMap(({ file }) => roomOf(file) ?? []))
    assert.deepStrictEqual([...there].sort(), [...rooms].sort())
    for (const [file, imports] of edges) {
      const from = roomOf(file)
      if (from === undefined) continue
      for (const name of imports) {
        const to = roomOf(name)
        if (!name.startsWith("packages/batch/")) continue
        assert.isTrue(to !== undefined && rooms.indexOf(to) <= rooms.indexOf(from), `${file} → ${name}`)
      }
    }
  })

  it("the rooms of the emulator know nothing of the client", () => {
    const emulator = "packages/http/src/emulator/"
    for (const [file, imports] of edges) {
      // `Emulator.layerLineItems` is the client on an emulator.
      if (!file.startsWith(emulator) || file === `${emulator}Emulator.ts`) continue
      for (const name of imports) {
        if (!name.startsWith("packages/http/")) continue
        assert.isTrue(
          name === "packages/http/src/HubSpotApi.ts" ||
            name.startsWith("packages/http/src/contract/") ||
            name.startsWith(emulator),
          `${file}: ${name}`
        )
      }
    }
  })

  it("only the Node entries need Node's package", () => {
    const entries = [
      "packages/http/src/emulator/EmulatorServer.ts",
      "packages/batch/src/cli/main.ts",
      "packages/batch/src/cli/Connection.ts",
      // Of the engine, which is loaded by who asks for it, see below.
      "packages/batch/src/cluster/SharedKey.ts"
    ]
    const users = sources
      .filter(({ file }) => codeImportsOf(file).some((name) => name.startsWith("@effect/platform-node")))
      .map(({ file }) => file)
    assert.deepStrictEqual(users.sort(), entries.sort())
  })

  it("the client, the bulk operations and promises run without Node, and load no database, job or command", async () => {
    const manifest = JSON.parse(read("packages/batch/package.json"))
    const operations = globSync("packages/batch/src/{bulk,doubt}/*.ts", { cwd: root }).filter(
      (file) => manifest.exports[file.replace(/^packages\/batch\/src\/(.*)\.ts$/, "./$1")] !== null
    )
    const entries = ["packages/http/src/index.ts", "packages/batch/src/promise.ts", ...operations]
    const { files, foreign } = await graphOf(...entries)
    assert.includeMembers([...files], entries)
    assert.isAbove(files.filter((file) => file.includes("/effect/")).length, 100)
    assert.deepStrictEqual(foreign, [])
    for (const file of files)
      assert.notMatch(file, /packages\/\w+\/src\/(?:sql|jobs|cluster|cli|emulator)\/|@effect\//)
    // The test sees what there is to see.
    const undoing = await graphOf("packages/batch/src/bulk/Undoing.ts")
    assert.include([...undoing.foreign], "node:fs")
  })

  it("Node's SQLite, PostgreSQL and the cluster are loaded by who asks for them", () => {
    const importersOf = (pattern: RegExp) =>
      sources
        .filter(({ file }) => codeImportsOf(file).some((name) => pattern.test(name)))
        .map(({ file }) => file)
    const loaded = (name: string, importer: string) => {
      assert.deepStrictEqual(importersOf(new RegExp(`${name}$`)), [`packages/batch/src/${importer}.ts`])
      const end = name.startsWith("@") ? name : name.replace(/^.*\//, "/")
      assert.match(read(`packages/batch/src/${importer}.ts`), new RegExp(`import\\("[^"]*${end}"\\)`))
      assert.notMatch(read(`packages/batch/src/${importer}.ts`), new RegExp(`from "[^"]*${end}"`))
    }
    assert.deepStrictEqual(importersOf(/^node:sqlite$/), ["packages/batch/src/sql/Sqlite.ts"])
    loaded("sql/Sqlite.ts", "sql/Database")
    loaded("@effect/sql-pg/PgClient", "sql/Database")
    assert.deepStrictEqual(importersOf(/^effect\/cluster\//), ["packages/batch/src/cluster/ClusterEngine.ts"])
    loaded("cluster/ClusterEngine.ts", "cluster/ImportRuntime")
    assert.deepStrictEqual(importersOf(/cluster\/SharedKey\.ts$/), [
      "packages/batch/src/cluster/ClusterEngine.ts"
    ])
  })

  /** As Effect's own packages depend on each other. */
  const ranges: Readonly<Record<string, string>> = {
    effect: "^4.1.0",
    "@effect/platform-node": "^4.1.0",
    "@effect/sql-pg": "^4.0.5"
  }

  /** A small library with no dependency of its own, in one exact version. */
  const libraries: Readonly<Record<string, ReadonlyArray<string>>> = { batch: ["fastest-levenshtein"] }

  it("what users install is effect, and of Effect's what they want: Node for the command, PostgreSQL", () => {
    for (const name of Object.keys(allowed)) {
      const manifest = JSON.parse(read(`packages/${name}/package.json`))
      const { dependencies = {} } = manifest
      const foreign = Object.keys(dependencies).filter((name) => !name.startsWith("@effect-hubspot/"))
      assert.deepStrictEqual(Object.keys(dependencies).sort(), [...allowed[name]!, ...foreign].sort())
      assert.deepStrictEqual(foreign, libraries[name] ?? [])
      for (const one of foreign) assert.match(dependencies[one], /^\d+\.\d+\.\d+$/)
      for (const [peer, range] of Object.entries(manifest.peerDependencies)) {
        assert.strictEqual(range, ranges[peer], peer)
        if (peer !== "effect") assert.isTrue(manifest.peerDependenciesMeta[peer].optional, peer)
      }
      const closed = name === "batch" ? "./cli/*" : "./internal/*"
      assert.isNull(manifest.exports[closed])
      assert.isNull(manifest.publishConfig.exports[closed])
      assert.isUndefined(manifest.scripts?.install ?? manifest.scripts?.postinstall)
    }
  })

  it("versions are pinned to the digit", () => {
    const manifest = JSON.parse(read("package.json"))
    for (const [name, version] of Object.entries(manifest.devDependencies)) {
      if (name.startsWith("@effect-hubspot/")) continue
      assert.match(String(version), /^\d+\.\d+\.\d+(-beta\.\d+)?$/, name)
    }
  })
})
