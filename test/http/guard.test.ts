import { Credentials, HubSpotClient, LineItems, Operations, RateLimits } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Zlib from "node:zlib"
import { serve } from "../support/server.ts"

const operation = Operations.batchCreate({ inputs: [{ properties: { name: "x" } }] })

const clientOf = (baseUrl: string, options: HubSpotClient.Options = {}) =>
  LineItems.layer({ baseUrl, timeout: "100 seconds", ...options }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-guard")))
  )

const attempt = (baseUrl: string) =>
  Effect.gen(function* () {
    const client = yield* HubSpotClient.HubSpotClient
    const exit = yield* Effect.exit(client.execute(operation))
    if (Exit.isSuccess(exit)) return exit.value.results.map((result) => result.id).join()
    const { reason } = yield* Effect.flip(exit)
    return reason._tag
  }).pipe(Effect.provide(clientOf(baseUrl)))

const good = '{"results":[{"id":"7"}]}'
const deep = (levels: number) => `{"results":[],"x":${"[".repeat(levels)}${"]".repeat(levels)}}`
const bomb = Buffer.alloc(16 * 1024 * 1024, 0x20)

for (const [name, transport] of [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const) {
  describe(`the guard over ${name}`, () => {
    const bodies: ReadonlyArray<
      readonly [what: string, body: string | Buffer, headers: Record<string, string>, expected: string]
    > = [
      ["a plain body", good, {}, "7"],
      ["a body in gzip", Zlib.gzipSync(good), { "content-encoding": "gzip" }, "7"],
      ["a body in deflate", Zlib.deflateSync(good), { "content-encoding": "deflate" }, "7"],
      ["a body in brotli", Zlib.brotliCompressSync(good), { "content-encoding": "br" }, "7"],
      ["a gzip bomb", Zlib.gzipSync(bomb), { "content-encoding": "gzip" }, "ResponseTooLarge"],
      ["a deflate bomb", Zlib.deflateSync(bomb), { "content-encoding": "deflate" }, "ResponseTooLarge"],
      ["a brotli bomb", Zlib.brotliCompressSync(bomb), { "content-encoding": "br" }, "ResponseTooLarge"],
      ["an encoding nobody knows", "\u0001\u0002", { "content-encoding": "rot13" }, "ProtocolViolation"],
      ["32 levels", deep(31), {}, ""],
      ["33 levels", deep(32), {}, "ProtocolViolation"],
      ["a hundred thousand levels", deep(100_000), {}, "ProtocolViolation"],
      [
        "a field named __proto__",
        '{"results":[{"id":"1","properties":{"__proto__":"x"}}]}',
        {},
        "ProtocolViolation"
      ],
      [
        "a field named constructor",
        '{"results":[],"a":{"constructor":{"prototype":1}}}',
        {},
        "ProtocolViolation"
      ]
    ]
    for (const [what, body, headers, expected] of bodies) {
      it.live(`${what} is ${expected === "" || expected === "7" ? "read" : expected}`, () =>
        Effect.gen(function* () {
          const { url } = yield* serve((_, response) =>
            response.writeHead(201, { "content-type": "application/json", ...headers }).end(body)
          )
          assert.strictEqual(yield* attempt(url), expected)
          assert.isUndefined(({} as Record<string, unknown>)["x"])
        }).pipe(Effect.provide(transport))
      )
    }

    it.live("stacked encodings are refused or bounded", () =>
      Effect.gen(function* () {
        const { url } = yield* serve((_, response) =>
          response
            .writeHead(201, { "content-type": "application/json", "content-encoding": "gzip, gzip" })
            .end(Zlib.gzipSync(Zlib.gzipSync(bomb)))
        )
        assert.include(["ProtocolViolation", "ResponseTooLarge", "TransportAmbiguous"], yield* attempt(url))
      }).pipe(Effect.provide(transport))
    )

    it.live("the token goes to the configured origin and not through a proxy of the environment", () =>
      Effect.gen(function* () {
        const proxy = yield* serve((_, response) => response.end("got you"))
        const { seen, url } = yield* serve((_, response) =>
          response.writeHead(201, { "content-type": "application/json" }).end(good)
        )
        const before = { ...process.env }
        Object.assign(process.env, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, http_proxy: proxy.url })
        yield* Effect.ensuring(
          attempt(url),
          Effect.sync(() => {
            process.env = before
          })
        )
        assert.lengthOf(proxy.seen, 0)
        assert.strictEqual(seen[0]?.headers.authorization, "Bearer pat-eu1-guard")
        assert.strictEqual(seen[0]?.headers["accept-encoding"], "identity")
        assert.isUndefined(seen[0]?.headers.traceparent)
      }).pipe(Effect.withSpan("caller"), Effect.provide(transport))
    )

    it.live("no id gets out of its place in the path", () =>
      Effect.gen(function* () {
        const { seen, url } = yield* serve((_, response) =>
          response.writeHead(200, { "content-type": "application/json" }).end('{"id":"1"}')
        )
        const ids = [
          "..",
          ".",
          "../../oauth",
          "a/b",
          "7?x=1",
          "7#x",
          "7\r\nx: y",
          "",
          "%2e%2e",
          "http://evil.example/"
        ]
        for (const id of ids) {
          yield* Effect.flatMap(LineItems.LineItems, (lineItems) => Effect.exit(lineItems.get(id))).pipe(
            Effect.provide(clientOf(url))
          )
        }
        for (const { url } of seen) {
          assert.match(url ?? "", /^\/crm\/v3\/objects\/line_items\/[^/?#]+$/)
        }
        assert.isTrue(seen.every((request) => request.headers["x"] === undefined))
      }).pipe(Effect.provide(transport))
    )
  })
}

describe("ids and names that are no text", () => {
  it.effect("are an InvalidRequest wherever they stand, and nothing is sent", () =>
    Effect.gen(function* () {
      const fails = <A>(use: (lineItems: LineItems.LineItems["Service"]) => Effect.Effect<A, HubSpotError>) =>
        Effect.flatMap(LineItems.LineItems, (lineItems) => Effect.flip(use(lineItems)))
      for (const id of ["\ud800", "a\udc00b", "\udc00\ud800"]) {
        const errors = [
          yield* fails((lineItems) => lineItems.get(id)),
          yield* fails((lineItems) => lineItems.update(id, { properties: { name: "x" } })),
          yield* fails((lineItems) => lineItems.archive(id)),
          yield* fails((lineItems) => lineItems.associate({ id, toObjectType: "deals", toObjectId: "1" })),
          yield* fails((lineItems) => lineItems.dissociate({ id: "1", toObjectType: id, toObjectId: "1" }))
        ]
        for (const { acceptance, reason } of errors) {
          assert.deepStrictEqual([reason._tag, acceptance], ["InvalidRequest", "NotAccepted"])
        }
      }
      const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
      assert.lengthOf(requests, 0)
      // A pair of surrogates is text.
      const { reason } = yield* fails((lineItems) => lineItems.get("\ud83e\ude91"))
      assert.strictEqual(reason._tag, "ObjectNotFound")
    }).pipe(Effect.provide(Emulator.layerLineItems({ apiVersion: "2026-03" })))
  )
})

describe("certificate checks", () => {
  const layerIn = (env: Record<string, string>, baseUrl?: string) =>
    Effect.flatMap(HubSpotClient.HubSpotClient, () => Effect.void).pipe(
      Effect.provide(
        HubSpotClient.layer({ baseUrl }).pipe(
          Layer.provide(RateLimits.layer()),
          Layer.provide(Credentials.layer(Redacted.make("pat-eu1-guard"))),
          Layer.provide(FetchHttpClient.layer)
        )
      ),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
      Effect.exit
    )

  it.effect("cannot be turned off by the environment, except towards this machine", () =>
    Effect.gen(function* () {
      const off = { NODE_TLS_REJECT_UNAUTHORIZED: "0" }
      assert.isTrue(Exit.isFailure(yield* layerIn(off)))
      assert.isTrue(Exit.isSuccess(yield* layerIn({})))
      assert.isTrue(Exit.isSuccess(yield* layerIn(off, "http://127.0.0.1:1")))
    })
  )
})
