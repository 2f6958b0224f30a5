/**
 * What a browser or a worker loads of a program that uses the packages: bundled with all it needs, minified and compressed,
 * by each bundler. The test holds the sizes, and `pnpm bench size` shows them.
 */
import * as esbuild from "esbuild"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "../..")
const folder = join(root, "node_modules/.cache/bundles")

const layer = `const layer = LineItems.layer().pipe(
  Layer.provide([Credentials.layer(Redacted.make("pat-eu1-0000")), FetchHttpClient.layer])
)`

const imports = `import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as FetchHttpClient from "effect/http/FetchHttpClient"`

/** The programs by name: the kilobytes that are aimed at, and the most that they may have by each bundler. */
export const programs = {
  "a call of the client": {
    target: 75,
    most: { rolldown: 75, esbuild: 75 },
    source: `${imports}
${layer}
const call = Effect.flatMap(LineItems.LineItems, (lineItems) => lineItems.create({ properties: { name: "Chair" } }))
Effect.runPromise(Effect.provide(call, layer)).then(console.log)
`
  },
  BulkCreate: {
    target: 130,
    most: { rolldown: 115, esbuild: 120 },
    source: `${imports}
import * as BulkCreate from "@effect-hubspot/batch/bulk/BulkCreate"
import * as Stream from "effect/Stream"
${layer}
const call = Stream.make({ properties: { name: "Chair" } }).pipe(BulkCreate.outcomes(), Stream.runCollect)
Effect.runPromise(Effect.provide(call, layer)).then(console.log)
`
  },
  // For comparison: what of it is Effect's own.
  "Effect with a schema and fetch": {
    target: undefined,
    most: undefined,
    source: `import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
class Wrong extends Schema.TaggedError()("Wrong", { message: Schema.String }) {}
const read = HttpClientResponse.schemaBodyJson(Schema.Struct({ id: Schema.String }))
const call = Effect.flatMap(HttpClient.get("https://api.hubapi.com/"), read).pipe(
  Effect.mapError((error) => new Wrong({ message: error.message }))
)
Effect.runPromise(Effect.provide(call, FetchHttpClient.layer)).then(console.log)
`
  }
} as const

export type Program = keyof typeof programs

export type Bundler = keyof typeof bundlers

export interface Bundle {
  /** Of the compressed code, 1,000 bytes each. */
  readonly kilobytes: number
  /** What the code is made of: files from the root of the repository, and modules that are not in the bundle. */
  readonly modules: ReadonlyArray<string>
}

const kilobytesOf = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length / 1000

const entry = (name: string, source: string): string => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name.replaceAll(" ", "-")}.${process.pid}.mjs`)
  writeFileSync(file, source)
  return file
}

/** A program as a bundle, by each bundler. Nothing is left out of it: what cannot be found is an error. */
export const bundlers = {
  rolldown: async (
    name: string,
    source: string,
    platform: "browser" | "node" = "browser"
  ): Promise<Bundle> => {
    const bundle = await rolldown({
      input: entry(name, source),
      platform,
      external: platform === "node" ? [/^node:/] : [],
      onLog: (_level, { code, message }) => {
        if (code === "UNRESOLVED_IMPORT") throw new Error(message)
      }
    })
    const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false })
    const [{ code, imports, modules }] = output
    const kept = Object.entries(modules).filter(([, { renderedLength }]) => renderedLength > 0)
    return {
      kilobytes: kilobytesOf(code),
      modules: [...kept.map(([file]) => relative(root, file)), ...imports]
    }
  },
  esbuild: async (name: string, source: string): Promise<Bundle> => {
    const { metafile, outputFiles } = await esbuild.build({
      entryPoints: [entry(name, source)],
      absWorkingDir: root,
      platform: "browser",
      format: "esm",
      target: "esnext",
      bundle: true,
      minify: true,
      metafile: true,
      write: false,
      logLevel: "silent"
    })
    const [output] = Object.values(metafile.outputs)
    const kept = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    return {
      kilobytes: kilobytesOf(outputFiles[0]!.contents),
      modules: [...kept.map(([file]) => file), ...output!.imports.map(({ path }) => path)]
    }
  }
}
