/**
 * The last entries of a sequence, and the number of those before them.
 *
 * The cost of adding an entry does not depend on their number.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface Recent<A> {
  readonly push: (one: A) => void
  /** The entries that are kept now, the oldest first. */
  readonly toArray: () => Array<A>
  /** The last of them, the oldest first. */
  readonly last: (count: number) => Array<A>
  /** How many entries are kept. */
  readonly size: () => number
  /** How many entries are not kept any more. */
  readonly forgotten: () => number
}

/**
 * Keeps the last `keep` entries, by default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = <A>(keep: number = Infinity): Recent<A> => {
  let all: Array<A | undefined> = []
  // Entries before it are forgotten. They are cut off when they are more than half.
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
    last: (count) => all.slice(Math.max(first, all.length - count)) as Array<A>,
    size: () => all.length - first,
    forgotten: () => forgotten
  }
}
