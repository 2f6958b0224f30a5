/**
 * The transport guard: one request out, one bounded reply in, with the same guarantees on any `HttpClient`.
 * Redirects are not followed, the trace header of the caller's own telemetry is not sent, bytes are counted
 * after inflation, and the reply's JSON is shallow and free of names with a meaning in JavaScript.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as HubSpotError from "../HubSpotError.ts"
import * as Classify from "./classify.ts"
import * as Undici from "./undici.ts"

export interface Bounds {
  /** For the whole exchange. */
  readonly timeoutMillis: number
  /** Of the reply's body, after inflation. */
  readonly maxBytes: number
  /** Removes the request's secrets from a text. */
  readonly redact: (text: string) => string
}

/** Sends a request and reads the reply to its end. The reply may hold the request's secrets; its error does not. */
export const exchange = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest,
  bounds: Bounds
): Effect.Effect<Classify.RawReply, HubSpotError.Reason> => {
  let phase: HubSpotError.TimedOut["phase"] = "headers"
  return Effect.gen(function* () {
    Undici.watch(new URL(request.url).origin)
    const response = yield* Effect.mapError(client.execute(request), (error) =>
      Classify.transport(error, undefined)
    )
    phase = "body"
    const body = yield* readBody(response, bounds.maxBytes)
    return { status: response.status, headers: response.headers, body }
  }).pipe(
    Effect.timeoutOrElse({
      duration: bounds.timeoutMillis,
      orElse: () => Effect.fail(new HubSpotError.TimedOut({ phase, millis: bounds.timeoutMillis }))
    }),
    Effect.mapError((reason) => withoutSecrets(reason, bounds.redact)),
    Effect.catchDefect((defect) => Effect.die(shown(defect, bounds.redact))),
    Effect.provideContext(settings),
    Effect.updateService(FetchHttpClient.Fetch, sentOnce)
  )
}

const settings = Context.empty().pipe(
  // The caller's span says the same, without the ids in the address.
  Context.add(HttpClient.TracerDisabledWhen, () => true),
  Context.add(HttpClient.TracerPropagationEnabled, false),
  Context.add(FetchHttpClient.RequestInit, { redirect: "manual" })
)

/**
 * Deno's `fetch` sends text or bytes a second time where a kept connection ends before the answer, whatever the method is.
 * A `Blob` is the same on the wire, and is sent once.
 */
const sentOnce =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) => {
    const body: unknown = init?.body
    return typeof body === "string" || body instanceof Uint8Array
      ? fetch(input, { ...init, body: new Blob([body as BlobPart]) })
      : fetch(input, init)
  }

/** The reply without the request's secrets. */
export const redacted = (reply: Classify.RawReply, redact: Bounds["redact"]): Classify.RawReply => {
  const values = Object.values(reply.headers).join("\n")
  const headers =
    redact(values) === values
      ? reply.headers
      : Headers.fromInput(
          Object.entries(reply.headers).map(([name, value]): [string, string] => [name, redact(value)])
        )
  return { status: reply.status, headers, body: redact(reply.body) }
}

/** A code comes from the transport, which may be foreign, so it may hold a secret. */
const withoutSecrets = (reason: HubSpotError.Reason, redact: Bounds["redact"]): HubSpotError.Reason => {
  switch (reason._tag) {
    case "TransportAmbiguous":
      return new HubSpotError.TransportAmbiguous({ code: redact(reason.code) })
    case "TlsUntrusted":
      return new HubSpotError.TlsUntrusted({ code: redact(reason.code) })
    default:
      return reason
  }
}

/** The text of a defect without secrets. Its other fields may hold the request, so they are dropped. */
const shown = (defect: unknown, redact: Bounds["redact"]): Error => {
  const error = new Error(redact(Predicate.isError(defect) ? defect.message : String(defect)))
  if (Predicate.isError(defect)) error.stack = redact(defect.stack ?? "")
  return error
}

const readBody = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<string, HubSpotError.Reason> => {
  const sent = bytesOf(response.stream, maxBytes).pipe(
    // The status decides what a missing body means.
    Effect.catchIf(
      (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
      () => Effect.succeed(new Uint8Array())
    ),
    Effect.mapError((error) =>
      error._tag === "HttpClientError" ? Classify.transport(error, response.status) : error
    )
  )
  const encoding = Option.getOrElse(Headers.get(response.headers, "content-encoding"), () => "identity")
    .trim()
    .toLowerCase()
  return encoding === "identity" || encoding === ""
    ? Effect.map(sent, (body) => new TextDecoder().decode(body))
    : Effect.flatMap(sent, (body) => inflate(body, encoding, response.status, maxBytes))
}

/** All bytes. It fails as soon as there are more than are read. */
const bytesOf = <E>(
  stream: Stream.Stream<Uint8Array, E>,
  maxBytes: number
): Effect.Effect<Uint8Array<ArrayBuffer>, E | HubSpotError.ResponseTooLarge> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array<ArrayBuffer>> = []
    let size = 0
    return Effect.map(
      Stream.runForEachArray(stream, (some) => {
        for (const chunk of some) {
          size += chunk.length
          chunks.push(chunk as Uint8Array<ArrayBuffer>)
        }
        return size > maxBytes
          ? Effect.fail(new HubSpotError.ResponseTooLarge({ limit: maxBytes }))
          : Effect.void
      }),
      () => {
        const [first] = chunks
        if (first !== undefined && chunks.length === 1) return first
        const all = new Uint8Array(size)
        let at = 0
        for (const chunk of chunks) {
          all.set(chunk, at)
          at += chunk.length
        }
        return all
      }
    )
  })

const formats: ReadonlyMap<string, string> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "brotli"]
])

/**
 * Inflates a body that is encoded although `identity` was asked for, up to the bound. Fetch inflates by itself and
 * leaves the header, so a body that cannot be inflated and reads as text is taken literally.
 */
const inflate = (
  body: Uint8Array<ArrayBuffer>,
  encoding: string,
  status: number,
  maxBytes: number
): Effect.Effect<string, HubSpotError.Reason> => {
  if (body.length === 0) return Effect.succeed("")
  const asText = readsAsText(body[0] ?? 0) ? new TextDecoder().decode(body) : undefined
  const format = formats.get(encoding)
  const violation = (detail: string) =>
    new HubSpotError.ProtocolViolation({ kind: "contentType", status, detail })
  const inflated =
    format === undefined
      ? Effect.fail(violation("a content encoding that is not accepted"))
      : Effect.flatMap(
          Effect.try({
            try: () =>
              new Response(body).body!.pipeThrough(new DecompressionStream(format as CompressionFormat)),
            catch: () => violation("a content encoding that this runtime does not know")
          }),
          (stream) =>
            Effect.map(
              bytesOf(
                Stream.fromReadableStream({
                  evaluate: () => stream,
                  onError: () => new HubSpotError.ResponseTruncated({ status })
                }),
                maxBytes
              ),
              (bytes) => new TextDecoder().decode(bytes)
            )
        )
  return asText === undefined
    ? inflated
    : Effect.catchIf(
        inflated,
        (reason) => reason._tag !== "ResponseTooLarge",
        () => Effect.succeed(asText)
      )
}

// The first byte of JSON or HTML, or of the blanks before it.
const readsAsText = (byte: number): boolean => "{[< \n\r\t".includes(String.fromCharCode(byte))

/** Levels of nesting that are read. */
const maxDepth = 32

/** Why JSON must not be read any further, or `undefined` if it may be. */
export const unfit = (json: unknown, depth = 0): string | undefined => {
  if (Array.isArray(json)) {
    if (depth >= maxDepth) return `nested more than ${maxDepth} levels deep`
    for (const item of json) {
      if (typeof item !== "object" || item === null) continue
      const found = unfit(item, depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!Predicate.isObject(json)) return undefined
  if (depth >= maxDepth) return `nested more than ${maxDepth} levels deep`
  for (const name in json) {
    if (name === "__proto__" || name === "constructor" || name === "prototype") return `a field named ${name}`
    const value = json[name]
    if (typeof value !== "object" || value === null) continue
    const found = unfit(value, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
