import { Credentials, HubSpotClient, Operations, RateLimits } from "@effect-hubspot/http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type * as Http from "node:http"
import { serve } from "../support/server.ts"

const operation = Operations.batchCreate({ inputs: [{ properties: { name: "x" } }] })

const attempt = (baseUrl: string, options: HubSpotClient.Options = {}) =>
  Effect.flatMap(HubSpotClient.HubSpotClient, (client) => Effect.exit(client.execute(operation))).pipe(
    Effect.flatMap((exit) =>
      exit._tag === "Success"
        ? Effect.succeed("accepted")
        : Effect.flip(exit).pipe(Effect.map((error) => error.reason._tag))
    ),
    Effect.provide(
      HubSpotClient.HubSpotClient.layer({ baseUrl, ...options }).pipe(
        Layer.provideMerge(RateLimits.RateLimits.layer()),
        Layer.provide(Credentials.Credentials.layer(Redacted.make("pat-eu1-sockets")))
      )
    )
  )

for (const [name, transport] of [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const) {
  describe(`a real socket over ${name}`, () => {
    const json = { "content-type": "application/json" }
    const cases: ReadonlyArray<readonly [what: string, listener: Http.RequestListener, expected: string]> = [
      ["an answer", (_, response) => response.writeHead(201, json).end('{"results":[]}'), "accepted"],
      ["a reset before any answer", (request) => request.socket.resetAndDestroy(), "TransportAmbiguous"],
      ["a connection closed without an answer", (request) => request.socket.end(), "TransportAmbiguous"],
      [
        "a body cut by a reset",
        (request, response) => {
          response.writeHead(201, { ...json, "content-length": "1000" }).write('{"results":')
          setTimeout(() => request.socket.resetAndDestroy(), 20)
        },
        "ResponseTruncated"
      ],
      [
        "half a document",
        (_, response) => response.writeHead(201, json).end('{"results":['),
        "ResponseTruncated"
      ],
      [
        "HTML",
        (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
        "ProtocolViolation"
      ],
      ["nothing", (_, response) => response.writeHead(204).end(), "ProtocolViolation"],
      [
        "an endless body",
        (_, response) => {
          response.writeHead(201, json)
          const more = () => {
            while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 32)));
          }
          response.on("drain", more)
          more()
        },
        "ResponseTooLarge"
      ],
      ["no answer", () => {}, "TimedOut"],
      [
        "a dripping body",
        (_, response) => {
          response.writeHead(201, json)
          const drip = setInterval(() => response.write(" "), 50)
          response.on("close", () => clearInterval(drip))
        },
        "TimedOut"
      ]
    ]
    for (const [what, listener, expected] of cases) {
      it.live(`${what} is ${expected}`, () =>
        Effect.gen(function* () {
          const { seen, url } = yield* serve(listener)
          assert.strictEqual(
            yield* attempt(url, {
              timeout: expected === "TimedOut" ? "2 seconds" : "100 seconds",
              maxResponseBytes: 1024 * 1024
            }),
            expected
          )
          assert.lengthOf(seen, 1, "one attempt, one request")
        }).pipe(Effect.provide(transport))
      )
    }

    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`${status} is not followed`, () =>
        Effect.gen(function* () {
          const trap = yield* serve((_, response) => response.end("got you"))
          const { url } = yield* serve((_, response) =>
            response.writeHead(status, { location: `${trap.url}/x` }).end()
          )
          assert.strictEqual(yield* attempt(url), "UnexpectedRedirect")
          assert.lengthOf(trap.seen, 0)
        }).pipe(Effect.provide(transport))
      )
    }

    it.live("nobody listening is TransportNotSent", () =>
      Effect.gen(function* () {
        const { url } = yield* Effect.scoped(serve(() => {}))
        assert.strictEqual(yield* attempt(url), "TransportNotSent")
      }).pipe(Effect.provide(transport))
    )
  })
}
