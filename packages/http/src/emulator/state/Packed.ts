/**
 * A long sequence of JSON values in little memory: the last ones as they are, and those before them as JSON text in bytes.
 *
 * Values are added at the end, replaced at their place, and forgotten from the beginning. Values that are not the last ones are
 * unpacked by the page when they are read, and only the page that was read last stays unpacked.
 *
 * @since 0.1.0
 */

import * as Columns from "./columns.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Packed<A> {
  /** Adds a value. Its place is the number of values that were added before. */
  readonly push: (one: A) => void
  /** The value at a place, `undefined` if there is none or it is forgotten. */
  readonly at: (place: number) => A | undefined
  /** Replaces the value at a place, unless it is forgotten. */
  readonly set: (place: number, one: A) => void
  /** Forgets the oldest value. */
  readonly forget: () => void
  /** How many values are forgotten. */
  readonly forgotten: () => number
  /** How many values are kept. */
  readonly size: () => number
  /** The last values, the oldest first. */
  readonly last: (count: number) => ReadonlyArray<A>
  /** The values that are kept, the oldest first. */
  readonly values: () => IterableIterator<A>
}

/** Values of a page. Reading one value costs the reading of its page. */
const perPage = 64

/** So many pages at the end are not packed. */
const loosePages = 64

interface Page<A> {
  /** `undefined` while the page is packed. */
  values: Array<A> | undefined
  bytes: Uint8Array | undefined
}

/**
 * `revive` makes a value of its JSON, if they differ: JSON has no `undefined`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = <A>(revive: (json: A) => A = (json) => json): Packed<A> => {
  const pages: Array<Page<A> | undefined> = []
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  let end = 0
  let first = 0
  /** The packed page that is unpacked now. */
  let unpacked: Page<A> | undefined

  const pack = (page: Page<A> | undefined): void => {
    if (page?.values === undefined) return
    page.bytes ??= encoder.encode(JSON.stringify(Columns.make(page.values)))
    page.values = undefined
  }
  const valuesOf = (page: Page<A>): Array<A> => {
    if (page.values !== undefined) return page.values
    pack(unpacked)
    unpacked = page
    const column = JSON.parse(decoder.decode(page.bytes)) as ReturnType<typeof Columns.make>
    // A packed page is full.
    return (page.values = (Columns.read(column, perPage) as ReadonlyArray<A>).map(revive))
  }
  const at = (place: number): A | undefined => {
    const page = place >= first && place < end ? pages[Math.floor(place / perPage)] : undefined
    return page === undefined ? undefined : valuesOf(page)[place % perPage]
  }

  const from = function* (place: number): IterableIterator<A> {
    for (; place < end; place++) {
      const one = at(place)
      if (one !== undefined) yield one
    }
  }

  return {
    push: (one) => {
      const number = Math.floor(end / perPage)
      if (end % perPage === 0) {
        pages.push({ values: [], bytes: undefined })
        pack(pages[number - loosePages])
      }
      pages[number]!.values!.push(one)
      end++
    },
    at,
    set: (place, one) => {
      if (at(place) === undefined) return
      const page = pages[Math.floor(place / perPage)]!
      valuesOf(page)[place % perPage] = one
      page.bytes = undefined
    },
    forget: () => {
      if (first === end) return
      first++
      if (first % perPage === 0) pages[first / perPage - 1] = undefined
    },
    forgotten: () => first,
    size: () => end - first,
    last: (count) => [...from(Math.max(first, end - count))],
    values: () => from(first)
  }
}
