/**
 * JSON in pieces, for an answer that is too large for one text. Each piece is made when it is read, so a slow reader or one
 * that stops does not keep the rest in memory.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"

/** The length of a piece in characters. A piece is longer by at most one entry of a list. */
const pieceLength = 64 * 1024

type Fields = { readonly [name: string]: unknown }

/**
 * The text that `JSON.stringify` gives for an object, cut between the entries of the lists in its fields.
 *
 * @category formatting
 * @since 0.1.0
 */
export const fromObject = function* (object: Fields): Generator<string, void, void> {
  let piece = "{"
  let comma = ""
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    piece += `${comma}${JSON.stringify(name)}:`
    comma = ","
    if (!Array.isArray(value)) {
      piece += JSON.stringify(value)
      continue
    }
    piece += "["
    for (let n = 0; n < value.length; n++) {
      piece += `${n === 0 ? "" : ","}${JSON.stringify(value[n]) ?? "null"}`
      if (piece.length < pieceLength) continue
      yield piece
      piece = ""
    }
    piece += "]"
  }
  yield `${piece}}`
}

/**
 * A JSON answer that is made while it is sent.
 *
 * @category delivering
 * @since 0.1.0
 */
export const toResponse = (object: Fields): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(
    // One at a time: otherwise a stream would read thousands of pieces at once.
    Stream.encodeText(Stream.fromIterable(fromObject(object), { chunkSize: 1 })),
    { contentType: "application/json" }
  )
