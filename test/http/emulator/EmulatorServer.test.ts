import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as HubSpotApi from "@effect-hubspot/http/HubSpotApi"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Association } from "@effect-hubspot/schema"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as OpenApi from "effect/http-api/OpenApi"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { inputs, request, send } from "./calls.ts"

const served = (options?: EmulatorServer.Options) =>
  Effect.provide(Layer.merge(EmulatorServer.layer(options), NodeHttpClient.layerUndici))

const path = "/crm/v3/objects/line_items/batch/create"

const post = (body: unknown) =>
  Effect.flatMap(EmulatorServer.EmulatorServer, ({ url }) =>
    send(HttpClientRequest.setUrl(request(JSON.stringify(body)), url + path))
  )

const admin = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
  const { adminKey, url } = yield* EmulatorServer.EmulatorServer
  return yield* send(request.pipe(HttpClientRequest.prependUrl(url), HttpClientRequest.bearerToken(adminKey)))
})

describe("over a real socket", () => {
  it.live("creates line items and shows them in its ledger, by default on 127.0.0.1", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      const answer = yield* post({ inputs: inputs(3) })
      assert.strictEqual(answer.status, 201)
      assert.strictEqual(answer.headers["content-type"], "application/json;charset=utf-8")
      assert.strictEqual(answer.headers["x-hubspot-ratelimit-remaining"], "189")
      assert.notProperty(answer.headers, "access-control-allow-origin")
      const { body, status } = yield* admin(HttpClientRequest.get("/_emulator/ledger"))
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(Object.keys(body), ["created", "requests"])
      const ledger = yield* Schema.decodeUnknownEffect(Ledger.Snapshot)(body)
      assert.strictEqual(ledger.created.length, 3)
      assert.deepStrictEqual(
        ledger.requests.map((_) => [_.path, _.status, _.inputs]),
        [[path, 201, 3]]
      )
      assert.deepStrictEqual(yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger), ledger)
    }).pipe(served())
  )

  it.live("lets only the admin key in, and says nothing of the ledger otherwise", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      assert.match(Redacted.value(adminKey), /^[0-9a-f]{64}$/)
      for (const authorization of ["", "Bearer wrong", `Basic ${Redacted.value(adminKey)}`]) {
        const { body, status } = yield* send(
          HttpClientRequest.get(`${url}/_emulator/ledger`).pipe(
            HttpClientRequest.setHeader("authorization", authorization)
          )
        )
        assert.strictEqual(status, 401)
        assert.notProperty(body, "created")
      }
      const unknown = yield* admin(HttpClientRequest.get("/_emulator/nothing"))
      assert.strictEqual(unknown.status, 404)
      const { requests } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.deepStrictEqual(requests, [])
    }).pipe(served())
  )

  it.live("seeds parents and changes scopes", () =>
    Effect.gen(function* () {
      const put = HttpClientRequest.put("/_emulator/scopes").pipe(
        HttpClientRequest.bodyJsonUnsafe({ scopes: ["crm.objects.line_items.write"] })
      )
      const seed = HttpClientRequest.post("/_emulator/objects").pipe(
        HttpClientRequest.bodyJsonUnsafe({ objectType: "deals", ids: ["77"] })
      )
      const create = post({
        inputs: [{ properties: { name: "Chair" }, associations: [Association.make("deal", "78")] }]
      })
      assert.strictEqual((yield* create).status, 403)
      assert.strictEqual((yield* admin(put)).status, 204)
      assert.strictEqual((yield* create).status, 201)
      assert.strictEqual((yield* admin(seed)).status, 204)
      assert.strictEqual((yield* create).status, 400)
      const wrong = HttpClientRequest.bodyJsonUnsafe(seed, { objectType: "contacts", ids: [] })
      const refused = yield* admin(wrong)
      assert.strictEqual(refused.status, 400)
      assert.strictEqual(refused.body._tag, "UnknownObjectType")
    }).pipe(served({ scopes: [] }))
  )

  it.live("answers 403 to a foreign Host, whatever is asked", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      const port = new URL(url).port
      const status = (host: string, path: string) =>
        Effect.map(
          send(
            HttpClientRequest.get(url + path).pipe(
              HttpClientRequest.setHeader("host", host),
              HttpClientRequest.bearerToken(adminKey)
            )
          ),
          (answer) => answer.status
        )
      for (const host of [
        "evil.example",
        `evil.example:${port}`,
        "127.0.0.1.evil.example",
        "localhost.evil"
      ]) {
        for (const path of ["/_emulator/ledger", "/docs", "/crm/v3/objects/line_items"]) {
          assert.strictEqual(yield* status(host, path), 403, `${host} ${path}`)
        }
      }
      for (const host of [`localhost:${port}`, "LOCALHOST", "127.0.0.1:1", `[::1]:${port}`]) {
        assert.strictEqual(yield* status(host, "/_emulator/ledger"), 200, host)
      }
      const { requests } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.deepStrictEqual(requests, [])
    }).pipe(served())
  )

  it.live("creates all the same when the connection is given up", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      const given = yield* Effect.forkChild(post({ inputs: inputs(7) }))
      yield* emulator.ledger.pipe(
        Effect.repeat({ until: ({ requests }) => requests.length > 0, schedule: Schedule.spaced(5) })
      )
      yield* Fiber.interrupt(given)
      const { created, requests } = yield* emulator.ledger.pipe(
        Effect.repeat({ until: (_) => _.created.length > 0, schedule: Schedule.spaced(20) })
      )
      assert.strictEqual(created.length, 7)
      assert.strictEqual(requests.length, 1)
    }).pipe(served({ latency: { min: 1000, max: 1000 } }))
  )

  it.live("refuses a body of more than 10 MiB, of whatever path", () =>
    Effect.gen(function* () {
      const large = { inputs: ["x".repeat(11 * 1024 * 1024)] }
      const answer = yield* post(large)
      assert.strictEqual(answer.status, 413)
      for (const request of [
        HttpClientRequest.put("/_emulator/faults"),
        HttpClientRequest.put("/_emulator/scopes"),
        HttpClientRequest.post("/_emulator/objects"),
        HttpClientRequest.post("/nothing")
      ]) {
        const { status } = yield* admin(HttpClientRequest.bodyJsonUnsafe(request, large))
        assert.isTrue(status === 400 || status === 404 || status === 413, `${request.url}: ${status}`)
      }
    }).pipe(served())
  )

  it.live("sends no CORS header, also when asked for one, on any path", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      for (const path of [
        "/docs",
        "/_emulator/ledger",
        "/_emulator/faults",
        "/crm/v3/objects/line_items",
        "/nothing"
      ]) {
        for (const method of ["GET", "OPTIONS"] as const) {
          const { headers } = yield* send(
            HttpClientRequest.make(method)(url + path).pipe(
              HttpClientRequest.bearerToken(adminKey),
              HttpClientRequest.setHeaders({
                origin: "https://evil.example",
                "access-control-request-method": "PUT",
                "access-control-request-headers": "authorization"
              })
            )
          )
          const cors = Object.keys(headers).filter((name) => name.startsWith("access-control-"))
          assert.deepStrictEqual(cors, [], `${method} ${path}`)
        }
      }
    }).pipe(served())
  )

  it.live("shows the whole contract at /docs, without anything from elsewhere", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      const { headers, status, text } = yield* send(HttpClientRequest.get(`${url}/docs`))
      assert.strictEqual(status, 200)
      assert.match(headers["content-type"]!, /^text\/html/)
      for (const path of Object.keys(OpenApi.fromApi(HubSpotApi.HubSpotApi).paths)) assert.include(text, path)
      assert.notMatch(text, /<(?:script|link)[^>]*(?:src|href)=/)
      assert.match(text, /"withDefaultFonts":false/)
    }).pipe(served())
  )

  it.live("seeds products with their properties", () =>
    Effect.gen(function* () {
      const seed = (body: object) =>
        admin(HttpClientRequest.post("/_emulator/objects").pipe(HttpClientRequest.bodyJsonUnsafe(body)))
      const objects = [{ id: "42", properties: { name: "Desk", price: "300" } }]
      assert.strictEqual((yield* seed({ objectType: "products", objects })).status, 204)
      const answer = yield* post({ inputs: [{ properties: { hs_product_id: "42" } }] })
      assert.strictEqual(answer.body.results[0]!.properties.name, "Desk")
      const nothing = yield* seed({ objectType: "deals" })
      assert.strictEqual(nothing.status, 400)
      assert.strictEqual(nothing.body.message, "neither ids nor objects are given")
    }).pipe(served())
  )
})

describe("starting", () => {
  const start = (options: EmulatorServer.Options) =>
    Effect.scoped(Layer.build(EmulatorServer.layer(options))).pipe(Effect.flip)

  it.live("fails with a clear message when the port is busy", () =>
    Effect.gen(function* () {
      const port = Number(new URL((yield* EmulatorServer.EmulatorServer).url).port)
      const error = yield* start({ port })
      assert.strictEqual(error._tag, "EmulatorServerError")
      assert.strictEqual(error.reason._tag, "PortInUse")
      assert.strictEqual(error.message, `port ${port} is in use; choose another with --port`)
    }).pipe(served())
  )

  it.live("refuses every host but this machine", () =>
    Effect.gen(function* () {
      for (const host of ["0.0.0.0", "::", "192.168.1.5", "example.com", ""]) {
        const error = yield* start({ host })
        assert.strictEqual(error.reason._tag, "HostNotLoopback", host)
      }
    })
  )

  it.live("keeps its keys out of what is printed", () =>
    Effect.gen(function* () {
      const server = yield* EmulatorServer.EmulatorServer
      const emulator = yield* Emulator
      assert.notInclude(JSON.stringify([server, emulator]), "the-key-of-this-test")
      assert.strictEqual(Redacted.value(server.adminKey), "the-key-of-this-test")
    }).pipe(served({ adminKey: Redacted.make("the-key-of-this-test"), host: "localhost" }))
  )
})
