/**
 * `import.ts <file> <url>`: `line-items import`, but without a rate limit, which no flag turns off.
 */
import * as Import from "../../packages/batch/src/cli/Import.ts"
import * as Process from "../../packages/batch/src/cli/Process.ts"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const [path = "", baseUrl = ""] = process.argv.slice(2)

const hubspot = LineItems.layer({ baseUrl, limit: 10_000_000 }).pipe(
  Layer.provide(Layer.merge(NodeHttpClient.layerUndici, Credentials.layer(Redacted.make("pat-eu1-bench"))))
)

NodeRuntime.runMain(
  Import.run(
    {
      input: { path },
      format: undefined,
      rejects: undefined,
      doubts: undefined,
      concurrency: 10,
      proposals: "show"
    },
    ({ summary }) => Console.log(JSON.stringify(summary))
  ).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(hubspot, NodeServices.layer, Process.layer)))
)
