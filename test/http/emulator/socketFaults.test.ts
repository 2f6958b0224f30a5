import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Net from "node:net"
import { inputs, request, send } from "./calls.ts"
import { cases, observe } from "./faultCases.ts"

const path = "/crm/v3/objects/line_items/batch/create"

const served = (options: EmulatorServer.Options) => EmulatorServer.layer(options)

const fetchManually = FetchHttpClient.layer.pipe(
  Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/** The answer, unless none comes for a while after the request has arrived and has done what it does. */
const orNothing = <E, R>(answer: Effect.Effect<string, E, R>, created: number) =>
  Effect.gen(function* () {
    const { ledger } = yield* Emulator
    const done = ledger.pipe(
      Effect.repeat({
        until: (seen) => seen.requests.length > 0 && seen.created.length >= created,
        schedule: Schedule.spaced(10)
      }),
      Effect.andThen(Effect.sleep(400)),
      Effect.as("nothing")
    )
    return yield* Effect.raceFirst(answer, done)
  })

for (const [transport, layer] of [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", fetchManually]
] as const) {
  describe(`every kind of fault, over a real socket, with ${transport}`, () => {
    for (const { created, fault, fetch, inputs: given, name, seen, takesTime } of cases) {
      it.live(name, () =>
        Effect.gen(function* () {
          const { url } = yield* EmulatorServer.EmulatorServer
          const sent = given ?? inputs(3)
          const emulator = yield* Emulator
          const answer = observe(sent, { url: url + path })
          const observed = yield* takesTime === true ? orNothing(answer, created) : answer
          assert.strictEqual(observed, transport === "fetch" ? (fetch ?? seen) : seen)
          const truth = yield* emulator.ledger
          assert.strictEqual(truth.created.length, created)
          assert.strictEqual(truth.requests.length, 1, "one attempt, one request")
          // Nothing of the connection that broke is left to the next one.
          yield* emulator.setFaults({ rules: [] })
          assert.strictEqual(yield* observe(inputs(1), { url: url + path }), "201 COMPLETE 1 results")
        }).pipe(Effect.provide(Layer.merge(served({ faults: { rules: [{ fault }] } }), layer)))
      )
    }
  })
}

/** What is on the wire, byte for byte, and how the connection ended. */
const raw = Effect.fnUntraced(function* (text: string) {
  const { url } = yield* EmulatorServer.EmulatorServer
  return yield* Effect.callback<{ readonly bytes: string; readonly end: string }>((resume) => {
    let bytes = ""
    let end = "close"
    const socket = Net.connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text))
    socket.setEncoding("latin1")
    socket.on("data", (chunk) => {
      bytes += String(chunk)
    })
    socket.on("error", (error) => {
      end = (error as NodeJS.ErrnoException).code ?? "error"
    })
    socket.on("close", () => resume(Effect.succeed({ bytes, end })))
    return Effect.sync(() => socket.destroy())
  })
})

const body = JSON.stringify({ inputs: inputs(2) })
const post = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer any-good-token\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

describe("the bytes on the wire", () => {
  it.live("of a reset: none, and RST", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* raw(post), { bytes: "", end: "ECONNRESET" })
    }).pipe(
      Effect.provide(
        served({ faults: { rules: [{ fault: { place: "afterCommit", reply: { kind: "reset" } } }] } })
      )
    )
  )

  it.live("of a close: none, and FIN", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* raw(post), { bytes: "", end: "close" })
    }).pipe(
      Effect.provide(
        served({ faults: { rules: [{ fault: { place: "afterCommit", reply: { kind: "close" } } }] } })
      )
    )
  )

  it.live("of a body that is cut: the headers with its full length, and the part", () =>
    Effect.gen(function* () {
      const { bytes, end } = yield* raw(post)
      const [head, part] = bytes.split("\r\n\r\n")
      const length = Number(/content-length: (\d+)/i.exec(head!)?.[1])
      assert.match(head!, /^HTTP\/1\.1 201 /)
      assert.strictEqual(part!.length, Math.floor(length * 0.5))
      assert.strictEqual(end, "ECONNRESET")
    }).pipe(
      Effect.provide(
        served({ faults: { rules: [{ fault: { place: "afterCommit", reply: { kind: "cut" } } }] } })
      )
    )
  )

  it.live("of informational answers: that many, then the true one", () =>
    Effect.gen(function* () {
      const { bytes } = yield* raw(post.replace("host:", "connection: close\r\nhost:"))
      assert.strictEqual(bytes.split("HTTP/1.1 103 Early Hints\r\n\r\n").length, 4)
      assert.include(bytes, "HTTP/1.1 201 Created")
    }).pipe(
      Effect.provide(
        served({
          faults: {
            rules: [
              { fault: { place: "afterCommit", reply: { kind: "informational", status: 103, count: 3 } } }
            ]
          }
        })
      )
    )
  )
})

describe("the served emulator", () => {
  it.live("sets faults over its admin API, for whoever comes next", () =>
    Effect.gen(function* () {
      const { adminKey, url } = yield* EmulatorServer.EmulatorServer
      const admin = (request: HttpClientRequest.HttpClientRequest) =>
        send(request.pipe(HttpClientRequest.prependUrl(url), HttpClientRequest.bearerToken(adminKey)))
      const set = yield* admin(
        HttpClientRequest.put("/_emulator/faults").pipe(
          HttpClientRequest.bodyJsonUnsafe({
            rules: [{ match: { nth: 2 }, fault: { place: "afterCommit", reply: { kind: "reset" } } }]
          })
        )
      )
      assert.strictEqual(set.status, 204)
      assert.strictEqual(yield* observe(inputs(1), { url: url + path }), "201 COMPLETE 1 results")
      assert.strictEqual(yield* observe(inputs(1), { url: url + path }), "TransportError ECONNRESET")
      assert.strictEqual(yield* observe(inputs(1), { url: url + path }), "201 COMPLETE 1 results")
      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.strictEqual(created.length, 3)
    }).pipe(Effect.provide(Layer.merge(served({}), NodeHttpClient.layerUndici)))
  )

  it.live("gives links to itself, which can be followed", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      const answer = yield* send(
        request(JSON.stringify({ inputs: inputs(2) })).pipe(HttpClientRequest.setUrl(url + path))
      )
      const { status: link } = answer.body.links as { readonly status: string }
      assert.isTrue(link.startsWith(`${url}${path}/tasks/`))
      const done = yield* send(
        HttpClientRequest.get(link).pipe(HttpClientRequest.bearerToken("any-good-token"))
      ).pipe(Effect.repeat({ until: (_) => _.body.status === "COMPLETE", schedule: Schedule.spaced(20) }))
      assert.strictEqual(done.body.results.length, 2)
    }).pipe(
      Effect.provide(
        Layer.merge(
          served({ asynchronous: { pendingMillis: 50, processingMillis: 50 } }),
          NodeHttpClient.layerUndici
        )
      )
    )
  )

  it.live("stops while answers are owed", () =>
    Effect.gen(function* () {
      const seen = yield* Effect.scoped(
        Effect.gen(function* () {
          const context = yield* Layer.build(
            served({ faults: { rules: [{ fault: { place: "replyLost" } }] } })
          )
          return yield* Effect.flatMap(EmulatorServer.EmulatorServer, ({ url }) =>
            orNothing(observe(inputs(1), { url: url + path }), 1)
          ).pipe(Effect.provideContext(context))
        })
      )
      assert.strictEqual(seen, "nothing")
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )
})
