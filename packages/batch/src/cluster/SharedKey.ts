/**
 * Connections between processes that share a key: TLS 1.3 with the key in place of certificates (a pre-shared key).
 *
 * Each side proves that it has the key, without telling it, before the other reads anything; what they say then is
 * encrypted. A process without the key is refused in the handshake.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Redacted from "effect/Redacted"

/** 32 bytes. */
export type Key = Redacted.Redacted<Uint8Array>

/** Where to connect to, or to listen. */
interface Address {
  readonly host: string
  readonly port: number
}

/** Keys of this kind need a cipher with SHA-256. */
const tls = {
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
} as const

/** The name of the key, which is told in the open. There is one. */
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
    // In milliseconds, after which a connection is closed that has not proved that it has the key.
    handshakeTimeout: 5000
  })
