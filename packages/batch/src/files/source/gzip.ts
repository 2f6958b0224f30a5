/**
 * Inflates gzip by the platform's own stream, up to a bound.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ScopeModule from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Pull from "./pull.ts"
import { type Failure, failure, size } from "./row.ts"

export const isGzip = (start: Uint8Array): boolean => start[0] === 0x1f && start[1] === 0x8b

/** A chunk in a buffer of its own. */
const copy = (chunk: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(chunk)

export const inflate = Effect.fnUntraced(function* <E>(
  bytes: Pull.Chunks<Uint8Array, E>,
  limit: number,
  scope: Scope.Scope
): Effect.fn.Return<Pull.Chunks<Uint8Array, E | Failure>> {
  // An error of the input itself goes around the platform's stream.
  let upstream: { readonly error: E } | undefined
  const compressed = Stream.fromPull(Effect.succeed(bytes)).pipe(
    Stream.map(copy),
    Stream.tapError((error) => Effect.sync(() => (upstream = { error })))
  )
  const readable = yield* Stream.toReadableStreamEffect(compressed)
  let length = 0
  const inflated = Stream.fromReadableStream<Uint8Array, E | Failure>({
    evaluate: () => readable.pipeThrough(new DecompressionStream("gzip")),
    onError: () =>
      upstream === undefined
        ? failure(
            {},
            "the gzip file is broken, cut off, or several in one",
            "make or fetch it again, or unpack it with gzip -d"
          )
        : upstream.error
  }).pipe(
    Stream.mapEffect((chunk): Effect.Effect<Uint8Array, Failure> => {
      length += chunk.length
      return length > limit
        ? Effect.fail(
            failure({}, `the gzip file holds more than ${size(limit)}`, "split it into several files")
          )
        : Effect.succeed(chunk)
    })
  )
  return yield* ScopeModule.provide(Stream.toPull(inflated), scope)
})
