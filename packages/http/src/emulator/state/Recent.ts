/**
 * The last so many of a row of things, and how many there were before them.
 *
 * Adding one costs the same however many there have been.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface Recent<A> {
  readonly push: (one: A) => void
  /** What is kept, the oldest first, as it is at this moment. */
  readonly toArray: () => Array<A>
  /** How many are not kept any more. */
  readonly forgotten: () => number
}

/**
 * Keeps the last `keep`, by default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = <A>(keep: number = Infinity): Recent<A> => {
  let all: Array<A | undefined> = []
  // Those before it are forgotten. They are cut off once they are the larger part.
  let first = 0
  let forgotten = 0
  return {
    push: (one) => {
      all.push(one)
      if (all.length - first <= keep) return
      all[first++] = undefined
      forgotten++
      if (first * 2 <= all.length) return
      all = all.slice(first)
      first = 0
    },
    toArray: () => all.slice(first) as Array<A>,
    forgotten: () => forgotten
  }
}
