/**
 * What lies between a client and the emulator's port, and can fail before HubSpot is reached: names,
 * connections, TLS, HTTP/2.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici, { type buildConnector } from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { constants, createHash, createSign, generateKeyPairSync } from "node:crypto"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import * as Tls from "node:tls"

/** Serves on a free port until the scope ends; the sockets that are still open end with it. */
const listen = (server: Net.Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as Net.AddressInfo).port)))
    }).pipe(
      Effect.map((port) => {
        const sockets = new Set<Net.Socket>()
        server.on("connection", (socket: Net.Socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
        return { port, sockets }
      })
    ),
    ({ sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  )

const portOf = (url: string): number => Number(new URL(url).port)

/** Carries bytes to the emulator and back. */
const join = (socket: Net.Socket, emulatorUrl: string): Net.Socket => {
  const upstream = Net.connect(portOf(emulatorUrl), "127.0.0.1")
  for (const [one, other] of [
    [socket, upstream],
    [upstream, socket]
  ] as const) {
    one.on("error", () => other.destroy())
    one.on("close", () => other.destroy())
    one.pipe(other)
  }
  return upstream
}

/** What is done to the n-th connection, from 0; `carry` carries it to the emulator. */
export type OnConnection = (socket: Net.Socket, n: number, carry: () => void) => void

/** A line to the emulator. */
export const line = (onConnection: OnConnection) => (emulatorUrl: string) => {
  let n = 0
  const server = Net.createServer((socket) => {
    socket.on("error", () => {})
    onConnection(socket, n++, () => void join(socket, emulatorUrl))
  })
  return Effect.map(listen(server), ({ port }) => `http://127.0.0.1:${port}`)
}

/** A line whose first connection is kept for one answer, and reset as soon as the next request arrives. */
export const lineKeptOnce = (emulatorUrl: string) => {
  let first = true
  const server = Net.createServer((socket) => {
    socket.on("error", () => {})
    const upstream = join(socket, emulatorUrl)
    if (!first) return
    first = false
    let answered = false
    upstream.on("data", () => {
      answered = true
    })
    socket.prependListener("data", () => {
      if (!answered) return
      // Before what has arrived is carried on.
      socket.unpipe(upstream)
      upstream.destroy()
      socket.resetAndDestroy()
    })
  })
  return Effect.map(listen(server), ({ port }) => `http://127.0.0.1:${port}`)
}

/** The same with TLS on those connections that are carried. */
export const tlsLine =
  (identity: Identity, onConnection: OnConnection = (_socket, _n, carry) => carry()) =>
  (emulatorUrl: string) => {
    const tls = Tls.createServer({ cert: identity.cert, key: identity.key }, (socket) =>
      join(socket, emulatorUrl)
    )
    tls.on("tlsClientError", () => {})
    let n = 0
    const server = Net.createServer((socket) => {
      socket.on("error", () => {})
      onConnection(socket, n++, () => void tls.emit("connection", socket))
    })
    return Effect.map(listen(server), ({ port }) => `https://localhost:${port}`)
  }

/**
 * A line with TLS 1.2, in which a server can negotiate anew: on its first connection it shows another certificate
 * instead of the answer, after HubSpot has executed the request.
 */
export const renegotiatingLine = (identity: Identity, other: Identity) => (emulatorUrl: string) => {
  let first = true
  const server = Tls.createServer(
    {
      ...identity,
      maxVersion: "TLSv1.2",
      secureOptions: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION
    },
    (socket) => {
      if (!first) return void join(socket, emulatorUrl)
      first = false
      const upstream = Net.connect(portOf(emulatorUrl), "127.0.0.1")
      socket.on("error", () => {})
      socket.on("close", () => upstream.destroy())
      socket.pipe(upstream)
      upstream.once("data", () => {
        socket.setKeyCert(other)
        socket.renegotiate({ rejectUnauthorized: false }, () => {})
      })
    }
  )
  server.on("tlsClientError", () => {})
  return Effect.map(listen(server), ({ port }) => `https://localhost:${port}`)
}

/** Answers a handshake with an alert: nothing that the client speaks is spoken here. */
export const refuseHandshake = (identity: Identity, socket: Net.Socket): void => {
  const tls = Tls.createServer({ ...identity, ALPNProtocols: ["none"] })
  tls.on("tlsClientError", () => {})
  tls.emit("connection", socket)
}

/** What is done to the n-th HTTP/2 request, from 0; `carry` carries it to the emulator. */
export type OnStream = (stream: Http2.ServerHttp2Stream, n: number, carry: () => void) => void

/** An HTTP/2 server, which prefers it to HTTP/1.1. */
export const http2Server = (
  options: Http2.SecureServerOptions,
  onStream: (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders) => void
) => {
  const server = Http2.createSecureServer(options)
  server.on("sessionError", () => {})
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {})
    onStream(stream, headers)
  })
  return Effect.map(listen(server), ({ port }) => `https://localhost:${port}`)
}

/** The same in front of the emulator. */
export const http2Line = (identity: Identity, onStream: OnStream) => (emulatorUrl: string) => {
  let n = 0
  return http2Server({ ...identity }, (stream, headers) =>
    onStream(stream, n++, () => {
      const { authorization = "", "content-type": type = "" } = headers
      const request = Http.request(
        `${emulatorUrl}${headers[":path"]}`,
        { method: String(headers[":method"]), headers: { authorization, "content-type": type } },
        (response) => {
          stream.respond({
            ":status": response.statusCode ?? 0,
            "content-type": response.headers["content-type"] ?? ""
          })
          response.pipe(stream)
        }
      )
      stream.pipe(request)
    })
  )
}

// -----------------------------------------------------------------------------
// The client's side
// -----------------------------------------------------------------------------

/** undici, which trusts this certificate. */
export const trusting = (identity: Identity) =>
  NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(NodeHttpClient.layerDispatcherOptions({ connect: { ca: identity.cert } }))
  )

/** Node's fetch, which trusts this certificate: for everybody in this process, while the layer is there. */
export const fetchTrusting = (identity: Identity) =>
  FetchHttpClient.layer.pipe(
    Layer.provideMerge(
      Layer.effectDiscard(
        Effect.acquireRelease(
          Effect.sync(() => {
            const before = Tls.getCACertificates("default")
            Tls.setDefaultCACertificates([...before, identity.cert])
            return before
          }),
          (before) => Effect.sync(() => Tls.setDefaultCACertificates(before))
        )
      )
    )
  )

/** undici, with another way to dial for the n-th connection, from 0. */
export const dialing = (
  dial: (n: number) => {
    /** The name that is looked up. */
    readonly hostname?: string
    readonly port?: number
    /** Looks up the name for ever; the dialing times out. */
    readonly silent?: boolean
  }
) => {
  const plain = Undici.buildConnector({})
  const silent = Undici.buildConnector({ timeout: 50, lookup: () => {} })
  let n = 0
  const connect: buildConnector.connector = (options, callback) => {
    const { hostname = options.hostname, port, silent: isSilent } = dial(n++)
    const to = { ...options, hostname, host: hostname, ...(port !== undefined && { port: String(port) }) }
    return isSilent === true ? silent({ ...to, hostname: "silent.invalid" }, callback) : plain(to, callback)
  }
  return NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(NodeHttpClient.layerDispatcherOptions({ connect }))
  )
}

/** A port on which nobody listens. */
export const closedPort = Effect.scoped(Effect.map(listen(Net.createServer()), ({ port }) => port))

// -----------------------------------------------------------------------------
// Certificates
// -----------------------------------------------------------------------------

export interface Identity {
  readonly cert: string
  readonly key: string
}

const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: ReadonlyArray<Uint8Array>) => der(0x30, ...parts)
const hex = (text: string) => Buffer.from(text, "hex")

/** A certificate that signs itself, made here so that no key is kept in the repository. */
export const selfSigned = (name: string, validTo: "2000" | "2049"): Identity => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const ecdsaWithSha256 = sequence(hex("06082a8648ce3d040302"))
  const commonName = sequence(der(0x31, sequence(hex("0603550403"), der(0x0c, Buffer.from(name)))))
  const time = (year: string) => der(0x17, Buffer.from(`${year.slice(2)}0101000000Z`))
  const alternativeNames = sequence(hex("0603551d11"), der(0x04, sequence(der(0x82, Buffer.from(name)))))
  const serial = createHash("sha256").update(`${name} ${validTo}`).digest().subarray(0, 8)
  const unsigned = sequence(
    hex("a003020102"),
    der(0x02, Buffer.from([1]), serial),
    ecdsaWithSha256,
    commonName,
    sequence(time("1990"), time(validTo)),
    commonName,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(alternativeNames))
  )
  const signature = createSign("sha256").update(unsigned).sign(privateKey)
  const certificate = sequence(unsigned, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: "pkcs8", format: "pem" }))
  }
}
