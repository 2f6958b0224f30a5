/**
 * What a program weighs that makes one call, as a browser or a worker would load it: bundled, minified and compressed.
 */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const layer = `const layer = LineItems.layer().pipe(
  Layer.provide([Credentials.layer(Redacted.make("pat-eu1-0000")), FetchHttpClient.layer])
)`

const oneCall = `import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
${layer}
const call = Effect.flatMap(LineItems.LineItems, (lineItems) => lineItems.create({ properties: { name: "Chair" } }))
Effect.runPromise(Effect.provide(call, layer)).then(console.log)
`

const bulk = `import * as BulkCreate from "@effect-hubspot/batch/bulk/BulkCreate"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
${layer}
const call = Stream.make({ properties: { name: "Chair" } }).pipe(BulkCreate.outcomes(), Stream.runCollect)
Effect.runPromise(Effect.provide(call, layer)).then(console.log)
`

const sdk = `import { Client } from "@hubspot/api-client"
const client = new Client({ accessToken: "pat-eu1-0000" })
client.crm.lineItems.basicApi.create({ properties: { name: "Chair" }, associations: [] }).then(console.log)
`

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folderIn(join(Measure.root, "node_modules/.cache"))
  const kilobytes = (name: string, source: string, platform: "browser" | "node") =>
    Effect.promise(async () => {
      const input = join(folder, `${name}.mjs`)
      writeFileSync(input, source)
      const bundle = await rolldown({ input, platform, external: [/^node:/], logLevel: "silent" })
      const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false })
      return gzipSync(output[0].code, { level: 9 }).length / 1024
    })
  return [
    Row.atMost("one-call bundle of the client, gzip", yield* kilobytes("call", oneCall, "browser"), "KB", 75),
    Row.shown("BulkCreate bundle, gzip", yield* kilobytes("bulk", bulk, "browser"), "KB"),
    Row.shown("one-call bundle of the official SDK, gzip", yield* kilobytes("sdk", sdk, "node"), "KB")
  ]
})
