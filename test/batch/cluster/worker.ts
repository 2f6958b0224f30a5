/**
 * A worker of a cluster that stops itself, as SIGSTOP does, where it has a slot for its nth request and has written down
 * nothing of it yet. The command has no such point: it is built here of the same parts.
 */
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as HubSpotClient from "@effect-hubspot/http/HubSpotClient"
import * as RateLimits from "@effect-hubspot/http/RateLimits"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { postgres } from "../../crash/place.ts"

/** What the process is to do. */
export interface Work {
  readonly database: { readonly port: number; readonly name: string }
  readonly url: string
  readonly port: number
  /** The slot at which it stops. */
  readonly nth: number
}

const main = ({ database, nth, port, url }: Work) => {
  let slots = 0
  const stop = Effect.sync(() => {
    if (++slots === nth) process.kill(process.pid, "SIGSTOP")
  })
  const limits = (account: string) =>
    Layer.effect(
      RateLimits.RateLimits,
      Effect.map(RateLimits.RateLimits, (limits) =>
        RateLimits.RateLimits.of({
          ...limits,
          withSlot: (...given) => {
            const withSlot = limits.withSlot(...given)
            return (effect) => withSlot(Effect.andThen(stop, effect))
          }
        })
      )
    ).pipe(Layer.provide(RateLimits.layerStore({ account, limit: 190 })))
  const runtime = ImportRuntime.layerCluster({
    host: "127.0.0.1",
    port,
    // Nothing else is on its way then.
    concurrency: 1,
    account: (account) =>
      HubSpotClient.layer({ baseUrl: url }).pipe(
        Layer.provideMerge(limits(account)),
        Layer.provide(NodeHttpClient.layerUndici),
        Layer.provide(Credentials.layer(Redacted.make("pat-eu1-cluster")))
      ),
    onRun: ({ end, jobId }) => Console.log(`${jobId}: ${end?._tag ?? "running"}`)
  })
  NodeRuntime.runMain(
    Effect.andThen(Console.log("worker at"), Effect.never).pipe(
      Effect.provide(Layer.provide(runtime, postgres(database)))
    )
  )
}

if (import.meta.main) main(JSON.parse(process.argv[2]!) as Work)
