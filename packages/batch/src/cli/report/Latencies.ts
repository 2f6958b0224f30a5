/**
 * Times of requests in a bounded number of bins, each a tenth wider than the one before: a quantile is right to a tenth.
 */

export interface Latencies {
  readonly counts: Map<number, number>
  count: number
  sum: number
  least: number
  greatest: number
}

export const make = (): Latencies => ({
  counts: new Map(),
  count: 0,
  sum: 0,
  least: Number.POSITIVE_INFINITY,
  greatest: 0
})

const ratio = 1.1

/** About eleven days. */
const last = Math.ceil(Math.log(1e9) / Math.log(ratio))

export const add = (latencies: Latencies, millis: number): void => {
  const time = Math.max(1, millis)
  const at = Math.min(last, Math.floor(Math.log(time) / Math.log(ratio)))
  latencies.counts.set(at, (latencies.counts.get(at) ?? 0) + 1)
  latencies.count++
  latencies.sum += time
  latencies.least = Math.min(latencies.least, time)
  latencies.greatest = Math.max(latencies.greatest, time)
}

/** The time that this share of the requests did not exceed, to a tenth. */
export const quantile = (latencies: Latencies, share: number): number => {
  let seen = 0
  for (const [at, count] of sorted(latencies)) {
    seen += count
    if (seen >= share * latencies.count) return Math.min(latencies.greatest, ratio ** (at + 1))
  }
  return latencies.greatest
}

/** How many requests took from `from` to `to` milliseconds. */
export const bars = (latencies: Latencies) => {
  const found = new Map<number, number>()
  for (const [at, count] of sorted(latencies)) {
    const bar = Math.floor(at / inBar)
    found.set(bar, (found.get(bar) ?? 0) + count)
  }
  const [first, final] = [Math.min(...found.keys()), Math.max(...found.keys())]
  return Array.from({ length: found.size === 0 ? 0 : final - first + 1 }, (_, n) => ({
    from: ratio ** ((first + n) * inBar),
    to: ratio ** ((first + n + 1) * inBar),
    count: found.get(first + n) ?? 0
  }))
}

const inBar = 2

const sorted = ({ counts }: Latencies) => [...counts].sort(([a], [b]) => a - b)
