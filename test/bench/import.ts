/**
 * `import.ts <file> <url> [heap]`: `line-items import`, but without a rate limit, which no flag turns off. It prints
 * what it cost, with all that starting costs; with `heap` the most that was alive after a garbage collection, in MB.
 */
import * as Import from "../../packages/batch/src/cli/Import.ts"
import * as Process from "../../packages/batch/src/cli/Process.ts"
import * as Secrets from "../../packages/batch/src/cli/Secrets.ts"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { rmSync, writeSync } from "node:fs"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

// As the command does, see `bin.ts`.
setFlagsFromString("--semi-space-growth-factor=1")
setFlagsFromString("--heap-growing-percent=50")

const [path = "", baseUrl = "", what] = process.argv.slice(2)

const rejects = `${path}.rejects.csv`
rmSync(rejects, { force: true })

let heap = 0
if (what === "heap") {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  setInterval(() => {
    collect()
    heap = Math.max(heap, process.memoryUsage().heapUsed / 1024 / 1024)
  }, 500).unref()
}
process.on("exit", () => {
  const { system, user } = process.cpuUsage()
  writeSync(
    1,
    `${JSON.stringify({ heap, cpuMillis: (user + system) / 1000, wallMillis: performance.now() })}\n`
  )
})

const hubspot = LineItems.layer({ baseUrl, limit: 10_000_000 }).pipe(
  Layer.provide(Layer.merge(NodeHttpClient.layerUndici, Credentials.layer(Redacted.make("pat-eu1-bench"))))
)

NodeRuntime.runMain(
  Import.run(
    {
      input: { path },
      format: undefined,
      rejects,
      doubts: undefined,
      concurrency: 10,
      proposals: "show"
    },
    ({ summary }) => Console.error(JSON.stringify(summary))
  ).pipe(
    Effect.scoped,
    Secrets.unprinted,
    Effect.provide(Layer.mergeAll(hubspot, NodeServices.layer, Process.layer))
  )
)
