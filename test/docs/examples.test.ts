import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { blocksOf, pages, read, root } from "./pages.ts"

/*
 * Every example of the doc comments and of the Markdown pages is compiled, run, and compared with the
 * values it says: a line `expression // => value` is a claim. A block that is a test is a file of docs/examples, and runs there.
 */

const out = join(root, "test/.examples")

interface Example {
  readonly name: string
  readonly file: string
  readonly code: string
  readonly claims: number
}

const examplesIn = (file: string): ReadonlyArray<Example> => {
  const text = readFileSync(join(root, file), "utf8")
  const source = file.endsWith(".ts") ? text.replace(/^[ \t]*\* ?/gm, "") : text
  return [...source.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match, index) => {
    const line = source.slice(0, match.index).split("\n").length
    let claims = 0
    const code = match[1]!.replace(/^(.*?) \/\/ => (.*)$/gm, (_, expression: string, value: string) => {
      claims++
      return `__equal(${expression}, ${value})`
    })
    return {
      name: `${file}:${line}`,
      file: `${file.replaceAll(/[^A-Za-z0-9]/g, "_")}_${index}.ts`,
      code,
      claims
    }
  })
}

const sources = globSync("packages/*/src/**/*.ts", { cwd: root })
const fromSources = sources.flatMap(examplesIn)
const isTest = (code: string) => code.includes('"@effect/vitest"')
const fromPages = [
  ...pages,
  ...globSync(["docs/decisions/*.md", "packages/*/README.md"], { cwd: root })
].flatMap(examplesIn)
const examples = [...fromSources, ...fromPages].filter(({ code }) => !isTest(code))

describe("examples", () => {
  beforeAll(() => {
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out, { recursive: true })
    const prelude =
      'import { deepStrictEqual as __same } from "node:assert/strict"\n' +
      'const __equal = (actual: unknown, expected: unknown) => __same(JSON.parse(JSON.stringify(actual) ?? "null"), JSON.parse(JSON.stringify(expected) ?? "null"))\nvoid __equal\n'
    for (const { code, file } of examples) writeFileSync(join(out, file), `${prelude}${code}\nexport {}\n`)
    writeFileSync(
      join(out, "tsconfig.json"),
      JSON.stringify({
        extends: relative(out, join(root, "tsconfig.base.json")),
        compilerOptions: {
          composite: false,
          incremental: false,
          declaration: false,
          declarationMap: false,
          sourceMap: false,
          noEmit: true,
          noUnusedLocals: false,
          rewriteRelativeImportExtensions: false,
          allowImportingTsExtensions: true,
          rootDir: relative(out, root),
          typeRoots: [relative(out, join(root, "node_modules/@types"))],
          plugins: []
        },
        include: ["*.ts"]
      })
    )
  })

  it("are there, and those of doc comments say what comes out", () => {
    assert.isAtLeast(fromSources.length, 20)
    // An example without a value to compare is one that builds a layer or a stream for others to run.
    assert.deepStrictEqual(
      fromSources.filter(({ claims }) => claims === 0).map(({ name }) => name),
      []
    )
  })

  it("that are tests are those of docs/examples", () => {
    const shown = pages.flatMap((page) => blocksOf(read(page)).filter(({ text }) => isTest(text)))
    const files = globSync("docs/examples/*.test.ts", { cwd: root }).map((file) =>
      read(file).replace(/^\/\*\*[\s\S]*?\*\/\n/, "")
    )
    assert.isAtLeast(shown.length, 1)
    assert.sameMembers(
      shown.map(({ text }) => text),
      files
    )
  })

  it("compile", () => {
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", out], { encoding: "utf8" })
    const named = examples.reduce((text, { file, name }) => text.replaceAll(file, name), stdout)
    assert.strictEqual(named, "")
  })

  for (const { file, name } of examples) {
    it(`${name} is true`, async () => {
      await import(join(out, file))
    })
  }
})

interface Runnable {
  readonly program: Effect.Effect<unknown>
  readonly expected: unknown
}

describe("the programs of docs/examples", () => {
  const files = globSync("docs/examples/*.ts", { cwd: root }).filter((file) =>
    readFileSync(join(root, file), "utf8").includes("export const program")
  )

  it("are there, one for each strategy", () => {
    assert.includeMembers(
      files.map((file) => file.slice("docs/examples/".length, -".ts".length)),
      ["fail-visible", "at-least-once", "reconcile", "reconcile-by-parent", "guard", "upsert"]
    )
  })

  for (const file of files) {
    it.live(`${file} comes to what it says`, () =>
      Effect.gen(function* () {
        const { expected, program }: Runnable = yield* Effect.promise(() => import(join(root, file)))
        assert.deepStrictEqual(yield* program, expected)
      })
    )
  }
})
