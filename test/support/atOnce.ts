/**
 * Digests and compression at once: computed on a thread they would take real time, in which virtual time does not stand
 * still. Processes have the real ones.
 */
import { createHash } from "node:crypto"
import * as Zlib from "node:zlib"

const digest: SubtleCrypto["digest"] = async (algorithm, data) => {
  const name = typeof algorithm === "string" ? algorithm : algorithm.name
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
  return Uint8Array.from(createHash(name.replace("-", "")).update(bytes).digest()).buffer
}

Object.defineProperty(globalThis.crypto.subtle, "digest", { value: digest, configurable: true })

type Format = "gzip" | "deflate" | "deflate-raw" | "brotli"
type Convert = (bytes: Uint8Array) => Uint8Array

const compress: Readonly<Record<Format, Convert>> = {
  gzip: Zlib.gzipSync,
  deflate: Zlib.deflateSync,
  "deflate-raw": Zlib.deflateRawSync,
  brotli: Zlib.brotliCompressSync
}

const decompress: Readonly<Record<Format, Convert>> = {
  gzip: Zlib.gunzipSync,
  deflate: Zlib.inflateSync,
  "deflate-raw": Zlib.inflateRawSync,
  brotli: Zlib.brotliDecompressSync
}

const chunkBytes = 65_536

/** A stream of this kind that converts all of its bytes when they have come. */
const converter = (conversions: Readonly<Record<Format, Convert>>) =>
  class extends TransformStream<Uint8Array, Uint8Array> {
    constructor(format: Format) {
      const convert = conversions[format]
      if (convert === undefined) throw new TypeError(`no such format: ${String(format)}`)
      const chunks: Array<Uint8Array> = []
      super({
        transform: (chunk) => void chunks.push(chunk),
        flush: (controller) => {
          const bytes = convert(Buffer.concat(chunks))
          for (let at = 0; at < bytes.length; at += chunkBytes) {
            controller.enqueue(Uint8Array.from(bytes.subarray(at, at + chunkBytes)))
          }
        }
      })
    }
  }

Object.defineProperty(globalThis, "CompressionStream", { value: converter(compress), configurable: true })
Object.defineProperty(globalThis, "DecompressionStream", { value: converter(decompress), configurable: true })
