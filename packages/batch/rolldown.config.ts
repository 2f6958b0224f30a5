/**
 * The command as it is published: one program with all it needs but Node. What not every command loads, such as the databases,
 * the cluster and the emulator, is in chunks of its own: the `import()`s of `src/cli`.
 */
import { createRequire } from "node:module"
import { join } from "node:path"
import type { Plugin, RolldownOptions } from "rolldown"

/** `export *` from CommonJS gets lost in a bundle: it is written out. */
const undici: Plugin = {
  name: "undici by its names",
  transform: {
    filter: { id: /platform-node[\\/]dist[\\/]Undici\.js$/ },
    handler(code, id) {
      const names = Object.keys(createRequire(id)("undici") as object).filter((name) => name !== "default")
      const exported = code.replace('export * from "undici"', `export const { ${names.join(", ")} } = Undici`)
      if (exported === code) throw new Error(`${id} exports undici in another way`)
      return { code: exported, map: null }
    }
  }
}

/** How a program becomes a bundle. */
export const bundling = {
  platform: "node",
  // Where something is missing the command would not work, so that nothing is left out silently.
  external: [/^node:/],
  plugins: [undici],
  logLevel: "warn"
} satisfies RolldownOptions

const options: RolldownOptions = {
  ...bundling,
  input: { "line-items": join(import.meta.dirname, "src/bin.ts") },
  output: {
    dir: join(import.meta.dirname, "dist/command"),
    format: "esm",
    cleanDir: true,
    chunkFileNames: "[name]-[hash].js",
    // Without source maps: they would name sources that are not in the package. Those of the library are, as are its maps.
    minify: true
  }
}

export default options
