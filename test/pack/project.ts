/**
 * A project that uses the packages: every public module, and the TypeScript of the READMEs.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Manifest } from "./registry.ts"

const root = join(import.meta.dirname, "../..")

/** The public modules of a package that is installed in `folder`. */
export const entriesOf = (folder: string, { exports, name }: Manifest): ReadonlyArray<string> => {
  const home = join(folder, "node_modules", name)
  const closed = Object.keys(exports)
    .filter((path) => exports[path] === null)
    .map((path) => (path.endsWith("/*") ? path.slice(0, -1) : path))
  const isClosed = (path: string) =>
    closed.some((closed) => path === closed || (closed.endsWith("/") && path.startsWith(closed)))
  return Object.entries(exports)
    .flatMap(([path, target]) => {
      if (target === null || typeof target === "string") return []
      const types = globSync(target.types.replace("*", path === "./*" ? "**/*" : "*"), { cwd: home })
      const [before = "", after = ""] = target.types.replace("./", "").split("*")
      return types.map((file) => path.replace("*", file.slice(before.length, file.length - after.length)))
    })
    .filter((path) => !isClosed(path))
    .map((path) => join(name, path))
}

/** The blocks of TypeScript of a page. A line `expression // => value` is a claim, and fails if it is wrong. */
const blocksOf = (page: string): ReadonlyArray<string> =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) =>
    code!.replace(
      /^(.*?) \/\/ => (.*)$/gm,
      (_, expression: string, value: string) => `same(${expression}, ${value})`
    )
  )

const pages = [
  "README.md",
  "packages/schema/README.md",
  "packages/http/README.md",
  "packages/batch/README.md"
]

const compilerOptions = {
  target: "es2024",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  rootDir: "src",
  outDir: "out"
}

/** How a project may find its modules. */
export const resolutions = {
  nodenext: { module: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" }
} as const

/** Writes the sources of the project. `out/index.js`, which `tsc` makes of them, loads them all. */
export const write = (folder: string, manifests: ReadonlyArray<Manifest>): void => {
  const source = join(folder, "src")
  mkdirSync(source)
  const entries = manifests.flatMap((manifest) => entriesOf(folder, manifest))
  if (entries.length < 80) throw new Error(`only ${entries.length} public modules`)
  const lines = entries.map((entry, index) => `import * as entry${index} from "${entry}"`)
  writeFileSync(
    join(source, "entries.ts"),
    `${lines.join("\n")}\nexport const all = [${entries.map((_, index) => `entry${index}`).join(", ")}]\n`
  )
  const blocks = pages.flatMap((page) => {
    const found = blocksOf(page)
    if (found.length === 0) throw new Error(`${page} has no TypeScript`)
    return found
  })
  for (const [index, code] of blocks.entries()) {
    const claims = `import { deepStrictEqual } from "node:assert/strict"
const same = (actual: unknown, expected: unknown) => deepStrictEqual(JSON.parse(JSON.stringify(actual)), expected)
void same
`
    writeFileSync(join(source, `block${index}.ts`), `${claims}${code}\nexport {}\n`)
  }
  writeFileSync(
    join(source, "index.ts"),
    `await import("./entries.js")\n${blocks.map((_, index) => `await import("./block${index}.js")\n`).join("")}export {}\n`
  )
  for (const [name, options] of Object.entries(resolutions)) {
    writeFileSync(
      join(folder, `tsconfig.${name}.json`),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, include: ["src"] })
    )
  }
}
