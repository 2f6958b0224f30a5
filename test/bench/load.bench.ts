/**
 * What it costs to import `@effect-hubspot/http`, the client only, beside the modules of Effect that it needs, and
 * beside the official SDK. As published: a JavaScript file for each module. With Node's compile cache, which a first round fills.
 */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  // Within the project, so that Effect is found.
  const folder = yield* Measure.folderIn(join(Measure.root, "node_modules/.cache"))
  const { entry, needed } = yield* Effect.promise(async () => {
    const bundle = await rolldown({
      input: join(Measure.root, "packages/http/src/index.ts"),
      external: [/^effect(\/|$)/, /^@effect\/platform-node/, /^node:/]
    })
    const { output } = await bundle.write({ dir: join(folder, "http"), format: "esm", preserveModules: true })
    const chunks = output.filter((one) => one.type === "chunk")
    return {
      entry: join(folder, "http", chunks.find(({ isEntry }) => isEntry)!.fileName),
      needed: new Set(
        chunks.flatMap(({ imports }) => imports.filter((name) => /^(@?effect|node:)/.test(name)))
      )
    }
  })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  const script = (name: string, modules: Iterable<string>) => {
    const path = join(folder, `${name}.mjs`)
    const imports = [...modules].map((one) => `await import(${JSON.stringify(one)})`).join("\n")
    writeFileSync(
      path,
      `const from = process.cpuUsage()\n${imports}\nconst { user, system } = process.cpuUsage(from)
console.log(JSON.stringify({ cpuMillis: (user + system) / 1000, wallMillis: performance.now() }))\n`
    )
    return Measure.measured(path)
  }
  const scripts = [
    script("client", [entry]),
    script("needs", needed),
    script("sdk", [import.meta.resolve("@hubspot/api-client")])
  ]
  yield* Measure.inTurn(scripts, 1)
  const { quick } = yield* Measure.Rounds
  const found = yield* Measure.inTurn(scripts, quick ? 5 : 9)
  const [client = [], needs = [], sdk = []] = found.map(Measure.cpuOf)
  return [
    Row.shown("import of the client: CPU", Measure.median(client), "ms"),
    Row.shown("import of the official SDK: CPU", Measure.median(sdk), "ms"),
    Row.atMost(
      "import of @effect-hubspot/http beside the Effect modules it needs",
      Measure.ratio(client, needs),
      "× CPU",
      1.15
    )
  ]
})
