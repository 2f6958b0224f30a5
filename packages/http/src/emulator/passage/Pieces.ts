/**
 * JSON in pieces, for an answer that is too large to be one text: a piece is made when it is asked for, so that
 * whoever reads slowly, or stops, makes nobody hold the rest.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"

/** A piece is as long as this, and one entry of a list longer at most, in characters. */
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
 * An answer of JSON that is made as it is sent.
 *
 * @category delivering
 * @since 0.1.0
 */
export const toResponse = (object: Fields): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(
    // One at a time: a stream would else ask for thousands of pieces at once.
    Stream.encodeText(Stream.fromIterable(fromObject(object), { chunkSize: 1 })),
    { contentType: "application/json" }
  )
