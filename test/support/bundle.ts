/**
 * Programs that are started often, as bundles: a process of a bundle costs half of what one of the sources costs. A bundle is
 * made anew when a source has changed.
 */
import { createHash } from "node:crypto"
import { existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"
import { bundling } from "../../packages/batch/rolldown.config.ts"

const root = join(import.meta.dirname, "../..")
const bundles = join(root, "node_modules/.cache/test-bundles")

export const programs = {
  "line-items": "packages/batch/src/bin.ts",
  crash: "test/crash/worker.ts",
  cluster: "test/batch/cluster/worker.ts"
} as const

const stampOf = (): string => {
  const hash = createHash("sha256")
  const sources = globSync(
    [
      "packages/*/src/**/*.ts",
      "packages/*/{package.json,rolldown.config.ts}",
      "test/**/*.ts",
      "pnpm-lock.yaml"
    ],
    {
      cwd: root
    }
  )
  for (const source of sources.sort()) hash.update(`${source} ${statSync(join(root, source)).mtimeMs}\n`)
  return hash.digest("hex").slice(0, 16)
}

const hour = 3_600_000

const make = async (): Promise<string> => {
  const dir = join(bundles, stampOf())
  if (existsSync(dir)) return dir
  mkdirSync(bundles, { recursive: true })
  for (const old of readdirSync(bundles).map((name) => join(bundles, name))) {
    if (Date.now() - statSync(old).mtimeMs > hour) rmSync(old, { recursive: true, force: true })
  }
  const made = `${dir}.${process.pid}`
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, join(root, file)])),
    ...bundling
  })
  await bundle.write({
    dir: made,
    format: "esm",
    // Node has to read a `.js` of no package to know what it is.
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    minify: { compress: false, mangle: false }
  })
  try {
    renameSync(made, dir)
  } catch {
    // Another worker of this run was faster.
    rmSync(made, { recursive: true, force: true })
  }
  return dir
}

let dir: Promise<string> | undefined

/** The bundles, by the names of their programs. */
export const bundled = async (): Promise<(name: keyof typeof programs) => string> => {
  const made = await (dir ??= make())
  return (name) => join(made, `${name}.mjs`)
}
