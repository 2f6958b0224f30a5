/**
 * Connections between processes that share a key: TLS 1.3 with the key in place of certificates (a pre-shared key).
 *
 * Each side proves that it has the key, without revealing it, before the other reads anything; after that all data is
 * encrypted. The handshake refuses a process without the key.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Redacted from "effect/Redacted"

/** 32 bytes. */
export type Key = Redacted.Redacted<Uint8Array>

/** The address to connect to, or to listen on. */
interface Address {
  readonly host: string
  readonly port: number
}

/** A pre-shared key needs a cipher with SHA-256. */
const tls = {
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
} as const

/** The name of the key, which is not secret. There is one key. */
const identity = "line-items"

export const connect = ({ host, port }: Address, key: Key) =>
  NodeSocket.makeTls({
    ...tls,
    host,
    port,
    openTimeout: "1 second",
    pskCallback: () => ({ identity, psk: Redacted.value(key) }),
    // No certificate is trusted, whatever the environment says.
    ca: [],
    rejectUnauthorized: true
  })

export const layerServer = ({ host, port }: Address, key: Key) =>
  NodeSocketServer.layerTls({
    ...tls,
    host,
    port,
    pskCallback: (_socket, name) => (name === identity ? Redacted.value(key) : null),
    // Milliseconds. A connection must prove in this time that it has the key.
    handshakeTimeout: 5000
  })
