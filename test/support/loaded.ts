/**
 * `node --import loaded.ts …`: writes down which modules a program loads, one a line, in the file that `LOADED` names.
 */
import { writeFileSync } from "node:fs"
import { registerHooks } from "node:module"

const loaded = new Set<string>()
registerHooks({
  load: (url, context, nextLoad) => {
    loaded.add(url)
    return nextLoad(url, context)
  }
})
process.on("exit", () => writeFileSync(process.env.LOADED!, [...loaded].join("\n")))
