/**
 * Pipes and devices as streams. Effect's file system reads at positions, which a pipe does not have.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export const stream = (path: string): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(
    Effect.map(
      Effect.promise(() => import("node:fs")),
      (fs) => Stream.fromAsyncIterable<Uint8Array, unknown>(fs.createReadStream(path), (cause) => cause)
    )
  )
