/**
 * How an answer reaches the caller, or does not: the true answer and a fault's `reply` become bytes,
 * silence, or a broken connection.
 *
 * A delivery is only a description. `Emulator` carries it to the client in process, `EmulatorServer` to a socket.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import type * as Behaviour from "../Behaviour.ts"
import type * as Faults from "../Faults.ts"
import * as Refusal from "../answering/Refusal.ts"
import * as ErrorBodies from "./ErrorBodies.ts"
import * as Tampering from "./Tampering.ts"

/**
 * The true answer, without faults. `body` is undefined for a 204.
 *
 * @category models
 * @since 0.1.0
 */
export interface Message {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object | undefined
}

/**
 * What a reply may need of its request.
 *
 * @category models
 * @since 0.1.0
 */
export interface About {
  readonly correlationId: string
  readonly portalId: number
  readonly behaviour: Behaviour.Behaviour
  readonly headers: Readonly<Record<string, string>>
  readonly traceIds: ReadonlyArray<string>
}

/** How a connection ends without a whole answer. */
export type Break = "reset" | "close" | "switchProtocols"

/**
 * - `Answer`: a response, after `informational` others (1xx). Its body may break with {@link ConnectionLost}.
 * - `Silence`: nothing, for ever.
 * - `Lost`: the connection ends before any answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Delivery =
  | {
      readonly _tag: "Answer"
      readonly response: HttpServerResponse.HttpServerResponse
      readonly informational: { readonly status: 100 | 102 | 103; readonly count: number } | undefined
    }
  | { readonly _tag: "Silence" }
  | { readonly _tag: "Lost"; readonly by: Break }

/**
 * A connection that ended too early. `code` is the one that undici reports for it.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{ readonly by: Break }> {
  readonly code = this.by === "reset" ? "ECONNRESET" : "UND_ERR_SOCKET"
  override get message(): string {
    return this.by === "reset" ? "read ECONNRESET" : this.by === "close" ? "other side closed" : "bad upgrade"
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
const answer = (response: HttpServerResponse.HttpServerResponse): Delivery => ({
  _tag: "Answer",
  response,
  informational: undefined
})

/**
 * The true answer, as it is.
 *
 * @category delivering
 * @since 0.1.0
 */
export const plain = (message: Message): Delivery => answer(textResponse(message, textOf(message)))

/**
 * A page for people, as servers and proxies answer.
 *
 * @category delivering
 * @since 0.1.0
 */
export const html = (
  status: number,
  title: string,
  headers: Readonly<Record<string, string>>,
  contentType = "text/html;charset=utf-8"
): HttpServerResponse.HttpServerResponse =>
  textResponse(
    { status, headers },
    `<html>\n<head><title>Error ${title}</title></head>\n<body><h2>HTTP ERROR ${title}</h2></body>\n</html>\n`,
    contentType
  )

/**
 * A delivery as a response that passes through the router. Only a plain answer is a plain response.
 *
 * @category delivering
 * @since 0.1.0
 */
export const toResponse = (delivery: Delivery): HttpServerResponse.HttpServerResponse =>
  delivery._tag === "Answer" && delivery.informational === undefined
    ? delivery.response
    : HttpServerResponse.raw(new Carried(delivery))

/**
 * The delivery that a response of the router stands for.
 *
 * @category delivering
 * @since 0.1.0
 */
export const fromResponse = (response: HttpServerResponse.HttpServerResponse): Delivery =>
  response.body._tag === "Raw" && response.body.body instanceof Carried
    ? response.body.body.delivery
    : answer(response)

class Carried {
  readonly delivery: Delivery
  constructor(delivery: Delivery) {
    this.delivery = delivery
  }
}

/**
 * A reply that does not depend on the true answer.
 *
 * @category delivering
 * @since 0.1.0
 */
export const bare = Effect.fnUntraced(function* (
  reply: Faults.BareReply,
  about: About
): Effect.fn.Return<Delivery> {
  switch (reply.kind) {
    case "never":
      return { _tag: "Silence" }
    case "reset":
    case "close":
    case "switchProtocols":
      return { _tag: "Lost", by: reply.kind }
    case "status":
      return answer(statusResponse(reply, about, yield* Clock.currentTimeMillis))
  }
})

/**
 * A reply made from the true one. It takes as long as the fault says.
 *
 * @category delivering
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  reply: Faults.Reply,
  message: Message,
  about: About
): Effect.fn.Return<Delivery> {
  const text = textOf(message)
  switch (reply.kind) {
    case "never":
    case "reset":
    case "close":
    case "switchProtocols":
    case "status":
      return yield* bare(reply, about)
    case "cut": {
      const { by = "reset", keep = 0.5 } = reply
      const bytes = encode(text)
      // All bytes and then a break would be a whole answer.
      const part = bytes.subarray(0, Math.min(Math.floor(bytes.length * keep), bytes.length - 1))
      return answer(
        streamResponse(
          message,
          Stream.concat(Stream.succeed(part), Stream.fail(new ConnectionLost({ by }))),
          bytes.length
        )
      )
    }
    case "slow":
      yield* Effect.sleep(reply.delayMillis)
      return plain(message)
    case "drip":
      return answer(streamResponse(message, drip(encode(text), reply, yield* Effect.context<never>())))
    case "truncated":
      return answer(textResponse(message, text.slice(0, Math.floor(text.length * (reply.keep ?? 0.5)))))
    case "otherStatus":
      return plain({ ...message, status: reply.status })
    case "contentType":
      return answer(textResponse(message, text, reply.contentType))
    case "whole":
      return answer(textResponse(message, JSON.stringify(reply.json)))
    case "oversize": {
      const bytes = encode(text)
      const length = Math.max(bytes.length, reply.bytes)
      return answer(
        streamResponse(message, Stream.concat(Stream.succeed(bytes), blanks(length - bytes.length)), length)
      )
    }
    case "deep":
      return answer(textResponse(message, nested(text, reply.levels)))
    case "encoding":
      return answer(
        textResponse(
          { ...message, headers: { ...message.headers, "content-encoding": reply.encoding } },
          text
        )
      )
    case "gzip": {
      const { inflatedBytes = 0, layers = 1 } = reply
      const zipped = yield* gzip(encode(text), inflatedBytes, layers)
      return answer(
        HttpServerResponse.uint8Array(zipped, {
          status: message.status,
          contentType: json,
          headers: {
            ...message.headers,
            "content-encoding": Array.from({ length: layers }, () => "gzip").join(", ")
          }
        })
      )
    }
    case "informational": {
      const { count, status } = reply
      return { _tag: "Answer", response: textResponse(message, text), informational: { count, status } }
    }
    case "tamper":
      return plain({ ...message, body: Tampering.apply(message.body ?? {}, reply.tampering) })
  }
})

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

const json = "application/json;charset=utf-8"

const textOf = ({ body }: Message): string => (body === undefined ? "" : JSON.stringify(body))

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

const textResponse = ({ headers, status }: Omit<Message, "body">, text: string, contentType: string = json) =>
  text === ""
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.text(text, { status, contentType, headers })

const streamResponse = (
  { headers, status }: Message,
  body: Stream.Stream<Uint8Array, ConnectionLost>,
  contentLength?: number
) => HttpServerResponse.stream(body, { status, contentType: json, headers, contentLength })

// The pauses are on the server's clock, not on that of the reader.
const drip = (
  bytes: Uint8Array,
  { bytes: size = 1, everyMillis }: { readonly bytes?: number; readonly everyMillis: number },
  context: Context.Context<never>
): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (at) =>
    at >= bytes.length
      ? Effect.undefined
      : Effect.as(Effect.sleep(everyMillis).pipe(Effect.updateContext<never, never>(() => context)), [
          bytes.subarray(at, at + size),
          at + size
        ] as const)
  )

const blankChunk = new Uint8Array(64 * 1024).fill(32)

const blanks = (bytes: number): Stream.Stream<Uint8Array> =>
  Stream.unfold(bytes, (left) =>
    Effect.succeed(
      left <= 0
        ? undefined
        : ([blankChunk.subarray(0, Math.min(left, blankChunk.length)), left - blankChunk.length] as const)
    )
  )

const nested = (text: string, levels: number): string => {
  const open = text.length > 2 ? `${text.slice(0, -1)},` : "{"
  return `${open}"nested":${"[".repeat(levels)}${"]".repeat(levels)}}`
}

// Blanks after the JSON, so that the inflated body is still a good answer.
const gzip = (
  bytes: Uint8Array<ArrayBuffer>,
  inflatedBytes: number,
  layers: number
): Effect.Effect<Uint8Array> =>
  Effect.suspend(() => {
    let left = inflatedBytes - bytes.length
    let stream: ReadableStream<Uint8Array<ArrayBuffer>> = new ReadableStream({
      start: (controller) => controller.enqueue(bytes),
      pull: (controller) => {
        if (left <= 0) return controller.close()
        controller.enqueue(blankChunk.slice(0, Math.min(left, blankChunk.length)))
        left -= blankChunk.length
      }
    })
    for (let layer = 0; layer < layers; layer++) stream = stream.pipeThrough(new CompressionStream("gzip"))
    return Effect.map(
      Effect.promise(() => new Response(stream).arrayBuffer()),
      (buffer) => new Uint8Array(buffer)
    )
  })

// -----------------------------------------------------------------------------
// Statuses
// -----------------------------------------------------------------------------

const statusResponse = (
  reply: Extract<Faults.BareReply, { readonly kind: "status" }>,
  about: About,
  now: number
): HttpServerResponse.HttpServerResponse => {
  const { body = ErrorBodies.kindOf(reply.status, about.behaviour), status } = reply
  const own = {
    // Not known of HubSpot, so the account is told. The wait is documentation.
    ...(status === 423 &&
      body === "hubspot" &&
      about.behaviour.retryAfter === "present" && { "retry-after": "2" }),
    ...(reply.retryAfterDate !== undefined && { "retry-after": httpDate(now + reply.retryAfterDate) }),
    ...(reply.retryAfter !== undefined && { "retry-after": reply.retryAfter }),
    ...lowerCased(reply.headers ?? {})
  }
  const { "content-type": contentType, ...headers } = own as Readonly<Record<string, string>>
  if (body === "empty") return HttpServerResponse.empty({ status, headers: own })
  if (body === "html") return html(status, String(status), headers, contentType ?? "text/html")
  if (typeof body !== "string") {
    return "json" in body
      ? textResponse({ status, headers }, JSON.stringify(body.json), contentType)
      : textResponse({ status, headers }, body.text, body.contentType ?? contentType ?? "text/plain")
  }
  const error = Refusal.withCorrelationId(ErrorBodies.errorBody(status, body, about), about.correlationId)
  const blamed = about.traceIds.slice(0, reply.blame ?? 0)
  return textResponse(
    { status, headers: { ...about.headers, ...headers } },
    JSON.stringify(blamed.length === 0 ? error : { ...error, errors: blamed.map(ErrorBodies.blame) }),
    contentType
  )
}

const lowerCased = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

const httpDate = (millis: number): string => DateTime.toDateUtc(DateTime.makeUnsafe(millis)).toUTCString()
