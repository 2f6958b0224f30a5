/**
 * `pnpm docs`: the reference of all public modules, from their doc comments, and the pages of `docs/`, as a static site in
 * `site`. A link that leads nowhere, or a type that is not in the reference, fails it.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Application, type Configuration } from "typedoc"

const root = join(import.meta.dirname, "../..")

/** The modules that a package exports, as its `exports` say: the most specific pattern decides, and null closes. */
const modulesOf = (name: string): ReadonlyArray<string> => {
  const folder = join(root, "packages", name)
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Readonly<Record<string, string | null>>
  }
  const targetOf = (path: string): string | null | undefined => {
    const fits = Object.keys(exports)
      .filter((key) => {
        const [before = "", after] = key.split("*")
        return after === undefined ? key === path : path.startsWith(before) && path.endsWith(after)
      })
      .sort((a, b) => b.length - a.length)
    return fits[0] === undefined ? undefined : exports[fits[0]]
  }
  return globSync("src/**/*.ts", { cwd: folder })
    .filter((file) => {
      const path = file === "src/index.ts" ? "." : `./${file.slice("src/".length, -".ts".length)}`
      return typeof targetOf(path) === "string"
    })
    .map((file) => join(folder, file))
    .sort()
}

const options: Configuration.TypeDocOptions = {
  name: "effect-hubspot",
  entryPoints: ["schema", "http", "batch"].flatMap(modulesOf),
  tsconfig: join(import.meta.dirname, "tsconfig.site.json"),
  readme: join(root, "README.md"),
  projectDocuments: [join(root, "docs/*.md")],
  out: join(root, "site"),
  excludeExternals: true,
  excludeInternal: true,
  disableSources: true,
  treatWarningsAsErrors: true
}

const app = await Application.bootstrapWithPlugins(options)
const project = await app.convert()
if (project === undefined) process.exit(1)
app.validate(project)
await app.generateOutputs(project)
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0
