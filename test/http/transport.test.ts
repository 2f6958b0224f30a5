import { Credentials, HubSpotClient, Operations, RateLimits } from "@effect-hubspot/http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type * as Http from "node:http"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Line from "../support/line.ts"
import { serve } from "../support/server.ts"

const operation = Operations.batchCreate({ inputs: [{ properties: { name: "x" } }] })

const attempt = (baseUrl: string, options: HubSpotClient.Options = {}) =>
  Effect.flatMap(HubSpotClient.HubSpotClient, (client) => Effect.exit(client.execute(operation))).pipe(
    Effect.flatMap((exit) =>
      exit._tag === "Success"
        ? Effect.succeed("accepted")
        : Effect.flip(exit).pipe(Effect.map((error) => error.reason._tag))
    ),
    Effect.provide(clientOf(baseUrl, options))
  )

const clientOf = (baseUrl: string, options: HubSpotClient.Options = {}) =>
  HubSpotClient.layer({ baseUrl, ...options }).pipe(
    Layer.provideMerge(RateLimits.layer()),
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-sockets")))
  )

/** Sends these bytes as they are as the answer to a request, piece by piece. Without an end it stays silent then. */
const serveBytes = (pieces: ReadonlyArray<string>, end: boolean) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Net.Server; readonly seen: Array<Net.Socket> }>((resume) => {
        const seen: Array<Net.Socket> = []
        const server = Net.createServer((socket) => {
          let request = ""
          socket.on("error", () => {})
          socket.setNoDelay().on("data", (chunk) => {
            request += String(chunk)
            if (!request.endsWith("}")) return
            request = ""
            seen.push(socket)
            const next = (n: number): void => {
              const piece = pieces[n]
              if (piece !== undefined) socket.write(piece, () => void setTimeout(next, 2, n + 1))
              else if (end) socket.end()
            }
            next(0)
          })
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, seen })))
      }),
      ({ seen, server }) =>
        Effect.sync(() => {
          for (const socket of seen) socket.destroy()
          server.close()
        })
    ),
    ({ seen, server }) => ({ url: `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`, seen })
  )

/** One certificate after the other, and the last one from then on. */
const certificatesInTurn = (identities: ReadonlyArray<Line.Identity>) => {
  let n = 0
  return (_: string, done: (error: null, context: Tls.SecureContext) => void) =>
    done(null, Tls.createSecureContext(identities[Math.min(n++, identities.length - 1)]))
}

const created =
  'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"results":[]}'
const continued = "HTTP/1.1 100 Continue\r\n\r\n"

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

    const interim: ReadonlyArray<
      readonly [what: string, pieces: ReadonlyArray<string>, expected: string, end?: boolean]
    > = [
      ["a 100 that was not asked for, and the answer", [continued, created], "accepted"],
      ["a 100 in one packet with the answer", [continued + created], "accepted"],
      ["a 100 in single bytes", [...continued, created], "accepted"],
      [
        "a 100 that shares a packet with the answer's beginning",
        [continued + created.slice(0, 9), created.slice(9)],
        "accepted"
      ],
      ["a 100 with fields and without words", ["HTTP/1.1 100\r\nx: y\r\nz: 1\r\n\r\n", created], "accepted"],
      [
        "a 102, a 100, a 103, a 100",
        [102, 100, 103, 100].map((status) => `HTTP/1.1 ${status} x\r\n\r\n`).concat(created),
        "accepted"
      ],
      ["a hundred of them", [continued.repeat(100), created], "accepted"],
      ["a 100, and a body cut by a close", [continued, created.slice(0, -3)], "ResponseTruncated", true],
      ["a 100, and a close", [continued], "TransportAmbiguous", true],
      ["a 100, and silence", [continued], "TimedOut"],
      ["a 100 that never ends", [`HTTP/1.1 100 x\r\n${"x: y\r\n".repeat(10_000)}`], "TransportAmbiguous"],
      ["a 101", ["HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"], "TransportAmbiguous"],
      ["what is no HTTP", ["HTTP/1.1 1xx no\r\n\r\n"], "TransportAmbiguous"]
    ]
    for (const [what, pieces, expected, end = false] of interim) {
      it.live(`${what} is ${expected}`, () =>
        Effect.gen(function* () {
          const { seen, url } = yield* serveBytes(pieces, end)
          assert.strictEqual(yield* attempt(url, { timeout: "2 seconds" }), expected)
          assert.lengthOf(seen, 1, "one attempt, one request")
        }).pipe(Effect.provide(transport))
      )
    }

    it.live("a 100 before every answer on a kept connection", () =>
      Effect.gen(function* () {
        const { seen, url } = yield* serveBytes([continued, created], false)
        const answers = yield* Effect.replicateEffect(
          Effect.flatMap(HubSpotClient.HubSpotClient, (client) => client.execute(operation)),
          10
        ).pipe(Effect.provide(clientOf(url)))
        assert.lengthOf(answers, 10)
        assert.isBelow(new Set(seen).size, 10, "some connection had a second request")
      }).pipe(Effect.provide(transport))
    )

    it.live("a 421 proves nothing, and only fetch sends again by itself", () =>
      Effect.gen(function* () {
        const { seen, url } = yield* serve((_, response) => response.writeHead(421).end())
        assert.strictEqual(yield* attempt(url), "ProtocolViolation")
        assert.lengthOf(seen, name === "fetch" ? 2 : 1)
      }).pipe(Effect.provide(transport))
    )

    it.live("nobody listening, at one address or at each of several, is TransportNotSent", () =>
      Effect.gen(function* () {
        const { url } = yield* Effect.scoped(serve(() => {}))
        assert.strictEqual(yield* attempt(url), "TransportNotSent")
        assert.strictEqual(yield* attempt(url.replace("127.0.0.1", "localhost")), "TransportNotSent")
      }).pipe(Effect.provide(transport))
    )
  })
}

describe("HTTP/2", () => {
  it.live("a 100 that was not asked for, and the answer is accepted", () =>
    Effect.gen(function* () {
      const identity = Line.selfSigned("localhost", "2049")
      const url = yield* Line.http2Server({ ...identity }, (stream) => {
        stream.additionalHeaders({ ":status": 100 })
        stream.respond({ ":status": 201, "content-type": "application/json" })
        stream.end('{"results":[]}')
      })
      assert.strictEqual(yield* attempt(url).pipe(Effect.provide(Line.trusting(identity))), "accepted")
    })
  )

  it.live(
    "another certificate on the connection after a farewell proves nothing of what was sent before it",
    () =>
      Effect.gen(function* () {
        const first = Line.selfSigned("localhost", "2049")
        const second = Line.selfSigned("elsewhere", "2049")
        const arrived = yield* Deferred.make<void>()
        const url = yield* Line.http2Server(
          { ...first, SNICallback: certificatesInTurn([first, second]) },
          (stream) => {
            if (stream.id === 1) Deferred.doneUnsafe(arrived, Effect.void)
            // The request before is accepted, this one is not: it is sent again on another connection.
            else stream.session!.goaway(0, 1)
          }
        )
        const transport = NodeHttpClient.layerUndiciNoDispatcher.pipe(
          Layer.provide(
            NodeHttpClient.layerDispatcherOptions({
              pipelining: 2,
              connect: { ca: [first.cert, second.cert], maxCachedSessions: 0 }
            })
          )
        )
        const outcomes = yield* Effect.gen(function* () {
          const client = yield* HubSpotClient.HubSpotClient
          const execute = Effect.flip(client.execute(operation))
          const accepted = yield* Effect.forkChild(execute)
          yield* Deferred.await(arrived)
          const errors = [yield* execute, yield* Fiber.join(accepted), yield* execute]
          return errors.map((error) => error.reason._tag)
        }).pipe(Effect.provide(Layer.provide(clientOf(url), transport)))
        assert.deepStrictEqual(outcomes, ["TransportAmbiguous", "TransportAmbiguous", "TlsUntrusted"])
      })
  )
})

describe("a fetch that repeats requests by itself, as Deno's does", () => {
  it.effect("gets a body that it sends once, with the same bytes", () =>
    Effect.gen(function* () {
      const sent: Array<unknown> = []
      const repeating: typeof globalThis.fetch = (_, init) => {
        sent.push(init?.body)
        return Promise.resolve(Response.json({ results: [] }, { status: 201 }))
      }
      const transport = Layer.merge(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, repeating))
      yield* Effect.flatMap(HubSpotClient.HubSpotClient, (client) => client.execute(operation)).pipe(
        Effect.provide(Layer.provideMerge(clientOf("http://127.0.0.1:1"), transport))
      )
      const [body] = sent
      assert.instanceOf(body, Blob)
      assert.deepStrictEqual(JSON.parse(yield* Effect.promise(() => (body as Blob).text())), {
        inputs: [{ properties: { name: "x" } }]
      })
    })
  )
})

describe("a fetch that inflates and does not say so, as a browser's does with another origin", () => {
  it.effect("is not believed how long the reply is: no more is read than is allowed", () =>
    Effect.gen(function* () {
      const chunk = new Uint8Array(1024).fill(32)
      let read = 0
      const inflating: typeof globalThis.fetch = () =>
        Promise.resolve(
          new Response(
            new ReadableStream({
              pull: (to) => {
                read += chunk.length
                if (read > 1024 * 1024) to.close()
                else to.enqueue(chunk)
              }
            }),
            { status: 201, headers: { "content-type": "application/json", "content-length": "14" } }
          )
        )
      const transport = Layer.merge(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, inflating))
      const said = attempt("http://127.0.0.1:1", { maxResponseBytes: 64 * 1024 })
      assert.strictEqual(yield* Effect.provide(said, transport), "ResponseTooLarge")
      assert.isBelow(read, 256 * 1024)
    })
  )
})
