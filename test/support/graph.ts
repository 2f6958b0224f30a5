/**
 * What a module loads, directly or not, types left out: as a bundler sees it, with `import()` and with Effect's own modules.
 */
import { globSync } from "node:fs"
import { join, relative } from "node:path"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "../..")

export interface Graph {
  /** Files from the root of the repository. */
  readonly files: ReadonlyArray<string>
  /** What is loaded from elsewhere: modules of the runtime, and packages that are not installed here. */
  readonly foreign: ReadonlyArray<string>
}

/** The graph of modules that are given as files from the root, in which `*` stands for any name. */
export const graphOf = async (...entries: ReadonlyArray<string>): Promise<Graph> => {
  const foreign = new Set<string>()
  const bundle = await rolldown({
    cwd: root,
    input: globSync(entries, { cwd: root }).map((entry) => join(root, entry)),
    external: (id) => {
      if (id.startsWith("node:")) foreign.add(id)
      return id.startsWith("node:")
    },
    onLog: (_, { code, message }) => {
      if (code === "UNRESOLVED_IMPORT") foreign.add(message)
    },
    platform: "neutral",
    treeshake: false
  })
  const { output } = await bundle.generate({ format: "esm" })
  const files = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
  return { files: files.map((file) => relative(root, file)), foreign: [...foreign] }
}
