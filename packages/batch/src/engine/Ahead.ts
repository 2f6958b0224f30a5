/**
 * How much of a stream is read ahead of what is done: bounded by weight, such as characters, and by number.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"

/** What an element has become. `release` gives its room to others, once. */
export interface Done<B> {
  readonly result: B
  readonly release: Effect.Effect<void>
}

/**
 * Runs `use` for several elements at once, as many as weigh at most `most` together. One that weighs more runs alone. No
 * element is read before there is room for the one before it. Results come as they are done, and keep their room until it is
 * released: where they are taken slowly, the rest is read slowly.
 */
export const bounded =
  <A, B>(
    {
      concurrency,
      most,
      weigh
    }: { readonly most: number; readonly weigh: (element: A) => number; readonly concurrency: number },
    use: (element: A) => Effect.Effect<B>
  ) =>
  <E, R>(elements: Stream.Stream<A, E, R>): Stream.Stream<Done<B>, E, R> =>
    Stream.suspend(() => {
      const room = Semaphore.makeUnsafe(most)
      return elements.pipe(
        Stream.rechunk(1),
        Stream.mapEffect((element) => {
          const weight = Math.min(most, Math.max(0, weigh(element)))
          return Effect.as(room.take(weight), { element, weight })
        }),
        Stream.mapEffect(
          ({ element, weight }) =>
            Effect.map(use(element), (result) => ({ result, release: room.release(weight) })),
          { concurrency, unordered: true }
        )
      )
    })

/** About the most bytes of the inputs that are read ahead. A batch that has more runs alone. */
export const mostBytes = 4 * 1024 * 1024

/** About how many bytes the inputs of a batch take, at most all that there may be. */
export const weightOf = (items: ReadonlyArray<{ readonly input: unknown }>): number =>
  Math.min(
    mostBytes,
    items.reduce((sum, { input }) => sum + bytesOf(input), 0)
  )

/** A row of a file, the input that is read from it, its copy that is sent, and its outcome. */
export const bytesOfObjects = 600

/** About how many bytes an input takes until it has its outcome: its objects, and its texts. */
const bytesOf = (input: unknown): number => {
  let sum = bytesOfObjects
  const { properties } = input as { readonly properties?: Readonly<Record<string, string>> }
  for (const name in properties) sum += properties[name]!.length
  return sum
}
