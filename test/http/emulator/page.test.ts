import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as Faults from "@effect-hubspot/http/emulator/Faults"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { runInNewContext } from "node:vm"
import { catalogue } from "../../../packages/http/src/emulator/page/catalogue.ts"
import { inputs, request, send } from "./calls.ts"

const served = (options?: EmulatorServer.Options) =>
  Effect.provide(Layer.merge(EmulatorServer.layer(options), NodeHttpClient.layerUndici))

const path = "/crm/v3/objects/line_items/batch/create"

const create = (body: unknown) =>
  Effect.flatMap(EmulatorServer.EmulatorServer, ({ url }) =>
    send(HttpClientRequest.setUrl(request(JSON.stringify(body)), url + path))
  )

const admin = Effect.fnUntraced(function* (
  method: "GET" | "PUT",
  path: string,
  headers: Readonly<Record<string, string>> = {}
) {
  const { adminKey, url } = yield* EmulatorServer.EmulatorServer
  return yield* send(
    HttpClientRequest.make(method)(`${url}/_emulator/${path}`).pipe(
      HttpClientRequest.bearerToken(adminKey),
      HttpClientRequest.setHeaders(headers),
      method === "PUT" ? HttpClientRequest.bodyJsonUnsafe({ scopes: [] }) : (same) => same
    )
  )
})

describe("the emulator's page", () => {
  it.live("is one document that may load nothing, run nothing else, and be framed by nobody", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      yield* create({ inputs: inputs(2) })
      const { headers, status, text } = yield* send(HttpClientRequest.get(`${url}/`))
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/html; charset=utf-8")
      assert.strictEqual(headers["x-content-type-options"], "nosniff")
      assert.strictEqual(headers["referrer-policy"], "no-referrer")
      assert.strictEqual(headers["cache-control"], "no-store")
      const policy = headers["content-security-policy"]!
      assert.include(policy, "default-src 'none'")
      assert.include(policy, "connect-src 'self'")
      assert.include(policy, "frame-ancestors 'none'")
      assert.notInclude(policy, "unsafe")
      for (const element of ["script", "style"]) {
        const contents = [...text.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, "g"))]
        assert.strictEqual(contents.length, 1)
        const hash = createHash("sha256").update(contents[0]![1]!).digest("base64")
        assert.include(policy, `${element}-src 'sha256-${hash}'`)
      }
      assert.notMatch(text, /\s(?:src|style|on[a-z]+)=/)
      // It is the same for everyone: it holds nothing of the account, and not the key.
      assert.notInclude(text, Redacted.value(adminKey))
      assert.notInclude(text, "20000000001")
    }).pipe(served())
  )

  it.live(
    "has the contract beside it, whose program reaches nothing else either, and is framed by nobody",
    () =>
      Effect.gen(function* () {
        const { url } = yield* EmulatorServer.EmulatorServer
        const { headers } = yield* send(HttpClientRequest.get(`${url}/docs`))
        const policy = headers["content-security-policy"] ?? ""
        assert.include(policy, "default-src 'self' ")
        assert.include(policy, "frame-ancestors 'none'")
      }).pipe(served())
  )

  it.live("has a script that needs nothing but a browser", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      const { text } = yield* send(HttpClientRequest.get(`${url}/`))
      const script = /<script>([^]*)<\/script>/.exec(text)![1]!
      assert.notMatch(script, /__vite|import\(|require\(/)
      // Without a browser it ends at the first thing of one.
      assert.throws(() => runInNewContext(script, { Intl, WeakMap }), /sessionStorage is not defined/)
    }).pipe(served())
  )

  it.live("does not appear in the journal, and is not in the way of another method or path", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      yield* send(HttpClientRequest.get(`${url}/?from=somewhere`))
      const { requests } = yield* Effect.flatMap(Emulator, (emulator) => emulator.journal)
      assert.deepStrictEqual(requests, [])
      assert.strictEqual((yield* send(HttpClientRequest.post(`${url}/`))).status, 404)
    }).pipe(served())
  )
})

describe("what the page asks for", () => {
  it.live("is refused without the key, and nothing is said", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      yield* create({ inputs: inputs(2) })
      for (const path of ["overview", "definitions"]) {
        const key = Redacted.value(adminKey)
        for (const authorization of ["", "Bearer wrong", `Bearer ${key.slice(1)}`, `Bearer ${key}0`]) {
          const { body, status } = yield* send(
            HttpClientRequest.get(`${url}/_emulator/${path}`).pipe(
              HttpClientRequest.setHeaders({ authorization })
            )
          )
          assert.strictEqual(status, 401)
          assert.deepStrictEqual(Object.keys(body).sort(), ["_tag", "message"])
        }
      }
    }).pipe(served())
  )

  const foreign: ReadonlyArray<Readonly<Record<string, string>>> = [
    { origin: "https://evil.example" },
    { origin: "http://127.0.0.1:1" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" }
  ]
  for (const headers of foreign) {
    it.live(`is refused to a page with ${JSON.stringify(headers)}, even with the key`, () =>
      Effect.gen(function* () {
        const { url } = yield* EmulatorServer.EmulatorServer
        assert.strictEqual((yield* admin("GET", "overview", headers)).status, 403)
        assert.strictEqual((yield* admin("PUT", "scopes", headers)).status, 403)
        assert.strictEqual((yield* create({ inputs: inputs(1) })).status, 201)
        const own = { origin: url, "sec-fetch-site": "same-origin" }
        assert.strictEqual((yield* admin("GET", "overview", own)).status, 200)
        assert.strictEqual((yield* admin("PUT", "scopes", own)).status, 204)
        assert.strictEqual((yield* create({ inputs: inputs(1) })).status, 403)
      }).pipe(served())
    )
  }

  it.live("is the newest of what happened, with what is in force", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.setFaults({
        rules: [
          {
            name: "lies",
            match: { nth: 2 },
            fault: { place: "afterCommit", reply: { kind: "status", status: 502 } }
          }
        ]
      })
      yield* create({ inputs: inputs(100) })
      yield* create({ inputs: [{ properties: { name: "n".repeat(500) } }] })
      yield* emulator.setScopes(["crm.objects.line_items.write"])
      const { body, status } = yield* admin("GET", "overview")
      assert.strictEqual(status, 200)
      const overview = body as unknown as {
        readonly [list in "created" | "lineItems" | "requests"]: {
          readonly total: number
          readonly latest: ReadonlyArray<{
            readonly status: number
            readonly decided: number
            readonly fault: { readonly name: string } | null
            readonly properties: { readonly name: string }
          }>
        }
      } & Record<"faults" | "scopes" | "window" | "definitions", unknown>
      const { created, lineItems, requests } = overview
      assert.deepStrictEqual([created.total, lineItems.total, requests.total], [101, 101, 2])
      assert.deepStrictEqual([created.latest.length, lineItems.latest.length], [100, 100])
      assert.strictEqual(lineItems.latest[0]!.properties.name, `${"n".repeat(200)}…`)
      assert.strictEqual(created.latest[0]!.properties.name, `${"n".repeat(200)}…`)
      assert.deepStrictEqual(
        requests.latest.map(({ decided, fault, status }) => [status, decided, fault?.name]),
        [
          [502, 201, "lies"],
          [201, 201, undefined]
        ]
      )
      assert.deepStrictEqual(overview.window, { used: 2, limit: 50, millis: 10_000 })
      assert.deepInclude((overview.faults as ReadonlyArray<object>)[0], { met: 2, struck: 1 })
      assert.deepInclude(overview.scopes as object, { granted: ["crm.objects.line_items.write"] })
      const definitions = yield* admin("GET", "definitions")
      assert.strictEqual(definitions.body.results.length, overview.definitions)
    }).pipe(served({ limit: 50 }))
  )

  it.live("is small, however large what happened is", () =>
    Effect.gen(function* () {
      const types = [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }]
      const associations = Array.from({ length: 200 }, (_, n) => ({ to: { id: String(n + 1) }, types }))
      const large = Array.from({ length: 100 }, (_, n) => ({
        objectWriteTraceId: `${n}${"t".repeat(10_000)}`,
        properties: { name: "n".repeat(10_000) },
        associations
      }))
      assert.strictEqual((yield* create({ inputs: large })).status, 201)
      const { url } = yield* EmulatorServer.EmulatorServer
      yield* send(HttpClientRequest.get(`${url}/${"x".repeat(10_000)}`))
      const { status, text } = yield* admin("GET", "overview")
      assert.strictEqual(status, 200)
      assert.isBelow(text.length, 1_000_000)
    }).pipe(served())
  )

  it.effect("has faults to switch on that are plans, each with its own name", () =>
    Effect.gen(function* () {
      for (const { fault, name } of catalogue) yield* Faults.decode({ rules: [{ name, fault }] })
      assert.strictEqual(new Set(catalogue.map(({ name }) => name)).size, catalogue.length)
    })
  )
})
