/**
 * The digest of a file's bytes, to see at little cost that a file is the one it was.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import { concat } from "./source/utf8.ts"

const block = 1024 * 1024

/** SHA-256 of each block and the digest before it, in hex; nothing for a file that cannot be read to its end. */
export const of = (path: string, fs: FileSystem.FileSystem): Effect.Effect<string | undefined> =>
  Effect.flatMap(Digest.Digest, ({ digestHex }) =>
    fs.stream(path, { chunkSize: block }).pipe(
      Stream.runFoldEffect(
        () => "",
        (before, bytes) => digestHex(Digest.sha256, concat(new TextEncoder().encode(before), bytes))
      )
    )
  ).pipe(
    Effect.orElseSucceed(() => undefined),
    Effect.provide(Digest.layerWebCrypto)
  )
