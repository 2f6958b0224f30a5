/**
 * Listens to undici on Node's diagnostics channels: which errors come from connecting, and on which socket a request is
 * written. Node's `fetch` is undici too. Other transports publish nothing, so nothing is known of them.
 */
import * as Predicate from "effect/Predicate"
import type { Readable } from "node:stream"

const connectErrors = new WeakSet<object>()

/**
 * Whether undici failed with this error while it was connecting, TLS handshake included, and had written no request
 * that failed with it.
 */
export const isConnectError = (error: object): boolean => connectErrors.has(error)

const origins = new Set<string>()
let listens = false

/** Listens from now on, and skips interim answers from this origin. */
export const watch = (origin: string): void => {
  origins.add(origin)
  if (listens) return
  listens = true
  const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel")
  if (channels === undefined) return
  const subscribe = (name: string, listener: (message: Record<string, unknown>) => void): void =>
    channels.subscribe(name, (message) => {
      if (Predicate.isObject(message)) listener(message)
    })
  const written = new WeakSet<object>()
  subscribe("undici:client:sendHeaders", ({ request, socket }) => {
    if (!Predicate.isObject(request)) return
    written.add(request)
    if (origins.has(String(request.origin)) && isOfHttp1(socket)) skipInterim(socket)
  })
  subscribe("undici:client:connectError", ({ error }) => {
    if (Predicate.isObject(error)) connectErrors.add(error)
  })
  // With HTTP/2, a connection that was to replace another can fail the requests that are under way on that one.
  subscribe("undici:request:error", ({ error, request }) => {
    if (Predicate.isObject(error) && Predicate.isObject(request) && written.has(request)) {
      connectErrors.delete(error)
    }
  })
}

// -----------------------------------------------------------------------------
// Interim answers
// -----------------------------------------------------------------------------

const isOfHttp1 = (socket: unknown): socket is Readable =>
  Predicate.isObject(socket) && (!("alpnProtocol" in socket) || socket.alpnProtocol !== "h2")

// All but 101: after it the connection speaks another protocol.
const interim = /HTTP\/1\.1 1(?!01)\d\d(?: [^\r\n]*)?\r?\n(?:[^\r\n]+\r?\n)*\r?\n/y
const beginning = /^HTTP\/1\.1 1(?!01)\d\d[ \r\n]/
const longest = 16 * 1024

const mayBecomeInterim = (text: string): boolean =>
  text.length < longest &&
  (beginning.test(text) || "HTTP/1.1 1".startsWith(text) || /^HTTP\/1\.1 1\d{0,2}$/.test(text))

/**
 * Removes the interim answers (1xx) before the answer to the request that is being written. undici closes the
 * connection on a "100 Continue" that it did not ask for and loses the answer after it; RFC 9110, section 15.2, says
 * that a client must accept it.
 */
const skipInterim = (socket: Readable): void => {
  let held = Buffer.alloc(0)
  const onReadable = () => {
    const read: unknown = socket.read()
    if (!(read instanceof Uint8Array)) return
    held = Buffer.concat([held, read])
    const text = held.toString("latin1")
    let skipped = 0
    interim.lastIndex = 0
    while (interim.test(text)) skipped = interim.lastIndex
    held = held.subarray(skipped)
    if (mayBecomeInterim(text.slice(skipped, skipped + longest))) return
    socket.off("readable", onReadable)
    socket.unshift(held)
  }
  // This listener reads before undici's own one.
  socket.prependListener("readable", onReadable)
}
