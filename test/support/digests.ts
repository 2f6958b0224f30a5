/**
 * Digests at once: computed on a thread they would take real time, in which virtual time does not stand still.
 * Processes have the real ones.
 */
import { createHash } from "node:crypto"

const digest: SubtleCrypto["digest"] = async (algorithm, data) => {
  const name = typeof algorithm === "string" ? algorithm : algorithm.name
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
  return Uint8Array.from(createHash(name.replace("-", "")).update(bytes).digest()).buffer
}

Object.defineProperty(globalThis.crypto.subtle, "digest", { value: digest, configurable: true })
