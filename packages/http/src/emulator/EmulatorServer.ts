/**
 * The emulator on a port of this machine, for other processes: the command line, the official SDK, curl.
 *
 * It shows itself to people at `/`. It listens on loopback only. It refuses a request whose `Host` is not this machine, so
 * that a web page cannot reach it by DNS rebinding. It never sends a CORS header. Needs Node.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as NodeHttp from "node:http"
import type { Socket } from "node:net"
import * as HubSpotApi from "../HubSpotApi.ts"
import * as Delivery from "./passage/Delivery.ts"
import * as Emulator from "./Emulator.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends Emulator.Options {
  /** `127.0.0.1`, `::1` or `localhost`; anything else is refused. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Default 0: any free port. */
  readonly port?: number | undefined
}

/**
 * Another process uses the port.
 *
 * @category errors
 * @since 0.1.0
 */
export class PortInUse extends Schema.TaggedError<PortInUse>()("PortInUse", { port: Schema.Int }) {
  override get message(): string {
    return `port ${this.port} is in use; choose another with --port`
  }
}

/**
 * Other machines could reach the emulator on this host.
 *
 * @category errors
 * @since 0.1.0
 */
export class HostNotLoopback extends Schema.TaggedError<HostNotLoopback>()("HostNotLoopback", {
  host: Schema.String
}) {
  override get message(): string {
    return `refused to listen on ${JSON.stringify(this.host)}: the emulator serves this machine only; use 127.0.0.1, ::1 or localhost`
  }
}

/**
 * The port could not be opened for another reason. `code` is the error code of the system, such as `EACCES`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.host} port ${this.port}: ${this.code}`
  }
}

/**
 * Why the emulator is not being served.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmulatorServerError extends Schema.TaggedError<EmulatorServerError>()("EmulatorServerError", {
  reason: Schema.Union([PortInUse, HostNotLoopback, ListenFailed])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * Where the served emulator is, and the key of its admin API.
 *
 * @category services
 * @since 0.1.0
 */
export class EmulatorServer extends Context.Service<
  EmulatorServer,
  {
    /** The base url, without a slash at the end: `http://127.0.0.1:8080`. */
    readonly url: string
    readonly adminKey: Redacted.Redacted<string>
  }
>()("@effect-hubspot/http/emulator/EmulatorServer") {}

/**
 * Serves an emulator until the scope ends. `GET /` is a page for people, which asks for the admin key, and `GET /docs`
 * shows the contract.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<EmulatorServer | Emulator.Emulator, EmulatorServerError> =>
  layerServing.pipe(
    Layer.provide(layerPort(options.host ?? "127.0.0.1", options.port ?? 0)),
    Layer.provideMerge(layerEmulator(options))
  )

// Other programs on this machine can reach the port, so the key comes from a secure source of randomness.
const layerEmulator = (options: Options): Layer.Layer<Emulator.Emulator> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      const adminKey = options.adminKey ?? Redacted.make(Hex.encode(yield* random.randomBytes(32)))
      return Emulator.layerServer({ ...options, adminKey })
    })
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"])

const layerPort = (host: string, port: number): Layer.Layer<HttpServer.HttpServer, EmulatorServerError> =>
  loopback.has(host)
    ? NodeHttpServer.layerServer(() => NodeHttp.createServer(), {
        host,
        port,
        gracefulShutdownTimeout: "1 second"
      }).pipe(
        Layer.catch((error) =>
          Layer.effect(HttpServer.HttpServer, Effect.fail(serverError(host, port, error)))
        )
      )
    : Layer.effect(
        HttpServer.HttpServer,
        Effect.fail(new EmulatorServerError({ reason: new HostNotLoopback({ host }) }))
      )

const serverError = (host: string, port: number, { cause }: ServeError): EmulatorServerError => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
  return new EmulatorServerError({
    reason: code === "EADDRINUSE" ? new PortInUse({ port }) : new ListenFailed({ host, port, code })
  })
}

const layerServing: Layer.Layer<EmulatorServer, never, Emulator.Emulator | HttpServer.HttpServer> =
  Layer.effect(
    EmulatorServer,
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const server = yield* HttpServer.HttpServer
      const docs = yield* HttpRouter.toHttpEffect(
        // The default fonts would come from the internet.
        HttpApiScalar.layer(HubSpotApi.HubSpotApi, { scalar: { withDefaultFonts: false } })
      )
      yield* server.serve(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          !isThisMachine(request.headers.host ?? "")
            ? Effect.succeed(foreignHost)
            : request.url === "/docs" && request.method === "GET"
              ? Effect.map(docs, HttpServerResponse.setHeader("content-security-policy", ownOrigin))
              : isPage(request)
                ? page
                : Effect.flatMap(Effect.interruptible(emulator.handle), (delivery) =>
                    carry(request, delivery)
                  )
        )
      )
      return { url: HttpServer.formatAddress(server.address), adminKey: emulator.adminKey }
    })
    // Effect's own spans of a server have the address, and so the ids in it.
  ).pipe(Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true)))

// The key of the page is kept for this origin, and the contract's program is not ours.
const ownOrigin =
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; base-uri 'none'; frame-ancestors 'none'"

const isPage = ({ method, url }: HttpServerRequest.HttpServerRequest): boolean =>
  method === "GET" && url.split("?", 1)[0] === "/"

// Loaded when it is asked for: an emulator in process has no page.
const page = Effect.map(
  Effect.promise(() => import("./page/Page.ts")),
  ({ response }) => response
)

// A fault acts on the real socket, at the moment of the answer.
const carry = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  delivery: Delivery.Delivery
): Effect.fn.Return<HttpServerResponse.HttpServerResponse> {
  const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
  switch (delivery._tag) {
    case "Silence":
      return yield* untilGone
    case "Lost":
      return yield* breakOff(socket, delivery.by)
    case "Answer": {
      const { informational, response } = delivery
      if (informational !== undefined) {
        socket.write(interim(informational.status).repeat(informational.count))
      }
      if (response.body._tag !== "Stream") return response
      return HttpServerResponse.setBody(
        response,
        HttpBody.stream(
          Stream.catchCause(response.body.stream, (cause) => {
            const lost = Cause.squash(cause)
            return Stream.fromEffect(
              breakOff(socket, lost instanceof Delivery.ConnectionLost ? lost.by : "reset")
            )
          }),
          response.body.contentType,
          response.body.contentLength
        )
      )
    }
  }
})

// Handlers are uninterruptible by default. This one is interrupted when the socket closes or the server stops.
const untilGone: Effect.Effect<never> = Effect.interruptible(Effect.never)

const breakOff = (socket: Socket, by: Delivery.Break): Effect.Effect<never> =>
  Effect.interruptible(flushed(socket)).pipe(
    Effect.andThen(
      Effect.sync(() => {
        if (by === "reset") return socket.resetAndDestroy()
        return socket.end(by === "close" ? "" : interim(101), () => socket.destroy())
      })
    ),
    Effect.andThen(untilGone)
  )

// A reset would overtake what was written before, so that has to be flushed first.
const flushed = (socket: Socket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.destroyed) return resume(Effect.void)
    socket.write("", () => resume(Effect.void))
  })

const interim = (status: number): string =>
  `HTTP/1.1 ${status} ${NodeHttp.STATUS_CODES[status]}\r\n${status === 101 ? "connection: upgrade\r\nupgrade: none\r\n" : ""}\r\n`

const isThisMachine = (host: string): boolean => /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)

const foreignHost = HttpServerResponse.text(
  "This emulator answers to 127.0.0.1, [::1] and localhost only.\n",
  {
    status: 403
  }
)
