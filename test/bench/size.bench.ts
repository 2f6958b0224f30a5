/**
 * What a program weighs that makes one call, as a browser or a worker would load it: bundled, minified and compressed.
 */
import { Effect } from "effect"
import { type Bundler, type Program, bundlers, programs } from "../bundles/bundles.ts"
import type * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const sdk = `import { Client } from "@hubspot/api-client"
const client = new Client({ accessToken: "pat-eu1-0000" })
client.crm.lineItems.basicApi.create({ properties: { name: "Chair" }, associations: [] }).then(console.log)
`

export const run: Measure.Benchmark["run"] = Effect.promise(async () => {
  const rows: Array<Row.Row> = []
  for (const name of Object.keys(programs) as ReadonlyArray<Program>) {
    for (const bundler of Object.keys(bundlers) as ReadonlyArray<Bundler>) {
      const { source, target } = programs[name]
      const { kilobytes } = await bundlers[bundler](name, source)
      const what = `${name}, bundled by ${bundler}, gzip`
      rows.push(
        target === undefined ? Row.shown(what, kilobytes, "kB") : Row.atMost(what, kilobytes, "kB", target)
      )
    }
  }
  const { kilobytes } = await bundlers.rolldown("sdk", sdk, "node")
  return [...rows, Row.shown("a call of the official SDK, bundled by rolldown, gzip", kilobytes, "kB")]
})
