import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type { HttpClient } from "effect/http/HttpClient"
import { suite } from "./suite.ts"

const token = Credentials.layer(Redacted.make("pat-eu1-contract"))

const served = (transport: Layer.Layer<HttpClient>) =>
  Layer.unwrap(
    Effect.map(EmulatorServer.EmulatorServer, ({ url }) =>
      LineItems.layer({ baseUrl: url, limit: 190 }).pipe(Layer.provide([token, transport]))
    )
  ).pipe(Layer.provide(EmulatorServer.layer()))

const liveToken = process.env["HUBSPOT_CONTRACT_TOKEN"]

const targets: Readonly<Record<string, Layer.Layer<LineItems.LineItems, unknown>>> = {
  emulator: LineItems.layer({ limit: 190 }).pipe(Layer.provide([token, Emulator.layer()])),
  "emulator-2026-03": LineItems.layer({ limit: 190, apiVersion: "2026-03" }).pipe(
    Layer.provide([token, Emulator.layer()])
  ),
  "emulator-2026-09": LineItems.layer({ limit: 190, apiVersion: "2026-09" }).pipe(
    Layer.provide([token, Emulator.layer()])
  ),
  undici: served(NodeHttpClient.layerUndici),
  fetch: served(FetchHttpClient.layer),
  ...(liveToken !== undefined && {
    live: LineItems.layer().pipe(
      Layer.provide([Credentials.layer(Redacted.make(liveToken)), NodeHttpClient.layerUndici])
    )
  })
}

/** `CONTRACT_TARGETS=undici,live` runs only those. */
const selected = process.env["CONTRACT_TARGETS"]?.split(",") ?? Object.keys(targets)

describe("the targets of the contract", () => {
  for (const name of selected) {
    it(`${name} is known`, () => assert.property(targets, name))
  }
})

for (const name of selected) {
  const target = targets[name]
  if (target !== undefined) suite(name, target)
}
