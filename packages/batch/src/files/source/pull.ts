/**
 * The step between two pulls: a synchronous machine that may fail after it has put out elements. They are emitted before
 * the failure, and so are elements read before an upstream failure.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"

/** A pull of chunks, of which streams are made. */
export type Chunks<A, E> = Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E>

/**
 * `step` takes one element and adds to `out`; the error that it returns ends the pull. `end` runs once after the last
 * element, `broken` once after a failure of the upstream.
 */
export interface Machine<A, B, E> {
  readonly step: (element: A, out: Array<B>) => E | undefined
  readonly end?: (out: Array<B>) => E | undefined
  readonly broken?: (out: Array<B>) => void
}

export const run = <A, B, E, E2>(upstream: Chunks<A, E>, machine: Machine<A, B, E2>): Chunks<B, E | E2> => {
  let last: Pull.Pull<never, E | E2> | undefined
  const emit = (out: Array<B>): Chunks<B, E | E2> =>
    Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : (last ?? pull)
  const stop = (error: E2 | undefined): void => {
    if (error !== undefined) last = Effect.fail(error)
  }
  const pull: Chunks<B, E | E2> = Effect.suspend(() => {
    if (last !== undefined) return last
    return Pull.matchEffect(upstream, {
      onSuccess: (elements) => {
        const out: Array<B> = []
        for (const element of elements) {
          stop(machine.step(element, out))
          if (last !== undefined) break
        }
        return emit(out)
      },
      onFailure: (cause): Chunks<B, E | E2> => {
        const out: Array<B> = []
        last = Effect.failCause(cause)
        machine.broken?.(out)
        return emit(out)
      },
      onDone: () => {
        const out: Array<B> = []
        last = Cause.done()
        stop(machine.end?.(out))
        return emit(out)
      }
    })
  })
  return pull
}

/**
 * The most bytes that are read into rows in one go. The rows of a go live at the same time; where they are many, V8 takes them
 * for long-lived and makes all rows after them among old objects, which are seldom collected.
 */
const maxPiece = 8192

/** The same bytes in pieces, one by one. */
export const pieces = <E>(upstream: Chunks<Uint8Array, E>): Chunks<Uint8Array, E> => {
  let chunks: ReadonlyArray<Uint8Array> = []
  let at = 0
  let offset = 0
  const take = (): Uint8Array | undefined => {
    const chunk = chunks[at]
    if (chunk === undefined) return undefined
    const piece = chunk.subarray(offset, offset + maxPiece)
    offset += maxPiece
    if (offset >= chunk.length) {
      at++
      offset = 0
    }
    return piece
  }
  return Effect.suspend(() => {
    const piece = take()
    if (piece !== undefined) return Effect.succeed<Arr.NonEmptyReadonlyArray<Uint8Array>>([piece])
    return Effect.map(upstream, (some): Arr.NonEmptyReadonlyArray<Uint8Array> => {
      chunks = some
      at = 0
      return [take()!]
    })
  })
}

/** The elements of `first`, if there are any, and then the rest of the pull. */
export const prepend = <A, E>(first: ReadonlyArray<A>, rest: Chunks<A, E>): Chunks<A, E> => {
  let pending = Arr.isReadonlyArrayNonEmpty(first) ? first : undefined
  return Effect.suspend(() => {
    if (pending === undefined) return rest
    const out = pending
    pending = undefined
    return Effect.succeed(out)
  })
}

/** Pulls until `enough`, or until the input ends. */
export const peek = Effect.fnUntraced(function* <A, E>(
  upstream: Chunks<A, E>,
  enough: (seen: ReadonlyArray<A>) => boolean
) {
  const seen: Array<A> = []
  const more = Pull.matchEffect(upstream, {
    onSuccess: (elements) => {
      seen.push(...elements)
      return Effect.succeed(!enough(seen))
    },
    onFailure: Effect.failCause,
    onDone: () => Effect.succeed(false)
  })
  while (yield* more) {
    // Pull on.
  }
  return seen
})
