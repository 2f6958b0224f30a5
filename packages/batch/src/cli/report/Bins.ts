/**
 * Counts over time in a bounded number of bins: when time outgrows them, they become wider. The order of what is counted does
 * not matter.
 */

/** Widths in milliseconds, each a multiple of the one before. */
const widths = [
  250, 500, 1000, 2000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000, 21_600_000, 86_400_000
] as const

const most = 2400

/** Counts from `originMillis` on, in bins of the same width. */
export interface Bins {
  readonly originMillis: number
  level: number
  counts: Array<number>
}

/** A bin, in milliseconds since the origin. */
export interface Bin {
  readonly from: number
  readonly to: number
  readonly count: number
}

export const make = (originMillis: number): Bins => ({ originMillis, level: 0, counts: [] })

export const widthOf = ({ level }: Pick<Bins, "level">): number => widths[level]!

/** Counts at a time. What happened before the origin is counted in the first bin. */
export const add = (bins: Bins, atMillis: number, count = 1): void => {
  const since = Math.max(0, atMillis - bins.originMillis)
  while (Math.floor(since / widthOf(bins)) >= most && bins.level < widths.length - 1) {
    bins.counts = merged(bins.counts, widths[bins.level + 1]! / widthOf(bins))
    bins.level++
  }
  const at = Math.min(most - 1, Math.floor(since / widthOf(bins)))
  while (bins.counts.length <= at) bins.counts.push(0)
  bins.counts[at]! += count
}

/** One value for each so many, from the first on. */
const grouped = (
  values: ReadonlyArray<number>,
  factor: number,
  combine: (one: number, other: number) => number
): Array<number> => {
  const wider: Array<number> = []
  for (let n = 0; n < values.length; n++) {
    const at = Math.floor(n / factor)
    wider[at] = combine(wider[at] ?? 0, values[n]!)
  }
  return wider
}

const merged = (counts: ReadonlyArray<number>, factor: number): Array<number> =>
  grouped(counts, factor, (sum, count) => sum + count)

/** The narrowest width of which at most `bars` cover this time, and that none of the counts is wider than. */
export const shownWidth = (all: ReadonlyArray<Bins>, spanMillis: number, bars: number): number => {
  const least = Math.max(0, ...all.map(({ level }) => level))
  return widths.find((width, level) => level >= least && spanMillis / width <= bars) ?? widths.at(-1)!
}

/** The counts of a time, in wider bins, also of those in which nothing was counted. */
export const sums = (bins: Bins, spanMillis: number, width: number): ReadonlyArray<Bin> => {
  const counts = merged(bins.counts, width / widthOf(bins))
  return Array.from({ length: Math.max(1, Math.ceil(spanMillis / width)) }, (_, n) => ({
    from: n * width,
    to: (n + 1) * width,
    count: counts[n] ?? 0
  }))
}

/** The window of HubSpot's limit. */
export const windowMillis = 10_000

/**
 * How many were counted in the window that ends with each bin; of bins that are wider than the window, how many on average. A
 * window that ends within a bin can hold more, by what is in one bin at most.
 */
export const rolling = (bins: Bins, spanMillis: number): ReadonlyArray<number> => {
  const width = widthOf(bins)
  const length = Math.max(1, Math.ceil(spanMillis / width))
  const count = (at: number) => bins.counts[at] ?? 0
  if (width > windowMillis) return Array.from({ length }, (_, n) => (count(n) * windowMillis) / width)
  const inWindow = windowMillis / width
  let sum = 0
  return Array.from({ length }, (_, n) => (sum += count(n) - (n < inWindow ? 0 : count(n - inWindow))))
}

/** The greatest of each so many values. */
export const peaks = (values: ReadonlyArray<number>, factor: number): ReadonlyArray<number> =>
  grouped(values, factor, Math.max)

/** The longest times between two counts, the longest first. */
export const gaps = (bins: Bins, leastMillis: number, count: number): ReadonlyArray<Omit<Bin, "count">> => {
  const width = widthOf(bins)
  const found: Array<Omit<Bin, "count">> = []
  let last: number | undefined
  for (let n = 0; n < bins.counts.length; n++) {
    if (bins.counts[n] === 0) continue
    if (last !== undefined && (n - last - 1) * width >= leastMillis) {
      found.push({ from: (last + 1) * width, to: n * width })
    }
    last = n
  }
  return found.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, count)
}
