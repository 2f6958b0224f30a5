import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

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

  it("the emulator knows nothing of the client", () => {
    const contract = "packages/http/src/HubSpotApi.ts"
    for (const { file } of sources) {
      if (!file.startsWith("packages/http/src/emulator/")) continue
      for (const name of codeImportsOf(file)) {
        if (!name.startsWith("packages/")) continue
        assert.isTrue(name === contract || name.startsWith("packages/http/src/emulator/"), `${file}: ${name}`)
      }
    }
  })

  it("only the Node entries need Node's package", () => {
    const entries = [
      "packages/http/src/emulator/EmulatorServer.ts",
      "packages/batch/src/cli/main.ts",
      "packages/batch/src/cli/Connection.ts",
      // Of the engine, which is loaded by who asks for it, see below.
      "packages/batch/src/internal/sharedKey.ts"
    ]
    const users = sources
      .filter(({ file }) => codeImportsOf(file).some((name) => name.startsWith("@effect/platform-node")))
      .map(({ file }) => file)
    assert.deepStrictEqual(users.sort(), entries.sort())
  })

  it("Node's SQLite, PostgreSQL and the cluster are loaded by who asks for them", () => {
    const importersOf = (pattern: RegExp) =>
      sources
        .filter(({ file }) => codeImportsOf(file).some((name) => pattern.test(name)))
        .map(({ file }) => file)
    const loaded = (name: string, importer: string) => {
      assert.deepStrictEqual(importersOf(new RegExp(`${name}$`)), [`packages/batch/src/${importer}.ts`])
      assert.match(read(`packages/batch/src/${importer}.ts`), new RegExp(`import\\("[^"]*${name}"\\)`))
      assert.notMatch(read(`packages/batch/src/${importer}.ts`), new RegExp(`from "[^"]*${name}"`))
    }
    assert.deepStrictEqual(importersOf(/^node:sqlite$/), ["packages/batch/src/internal/sqlite.ts"])
    loaded("internal/sqlite.ts", "Store")
    loaded("@effect/sql-pg/PgClient", "Store")
    assert.deepStrictEqual(importersOf(/^effect\/cluster\//), ["packages/batch/src/internal/engine.ts"])
    loaded("internal/engine.ts", "ImportRuntime")
    assert.deepStrictEqual(importersOf(/internal\/sharedKey\.ts$|^\.\/sharedKey\.ts$/), [
      "packages/batch/src/internal/engine.ts"
    ])
  })

  it("what users install is effect, and of Effect's what they want: Node for the command, PostgreSQL", () => {
    for (const name of Object.keys(allowed)) {
      const manifest = JSON.parse(read(`packages/${name}/package.json`))
      assert.deepStrictEqual(Object.keys(manifest.dependencies ?? {}).sort(), [...allowed[name]!].sort())
      assert.strictEqual(manifest.peerDependencies.effect, "4.1.0", "exact: the modules used are unstable")
      for (const [peer, version] of Object.entries(manifest.peerDependencies)) {
        assert.include(["effect", "@effect/platform-node", "@effect/sql-pg"], peer)
        assert.match(String(version), /^\d+\.\d+\.\d+$/)
        if (peer !== "effect") assert.isTrue(manifest.peerDependenciesMeta[peer].optional, peer)
      }
      assert.isNull(manifest.exports["./internal/*"])
      assert.isNull(manifest.publishConfig.exports["./internal/*"])
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
