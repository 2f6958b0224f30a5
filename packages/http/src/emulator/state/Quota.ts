/**
 * The request limits of the emulated account: requests per rolling ten seconds and per day, and searches per second.
 *
 * The window is exact and half open: a request that arrived at t counts until just before t + 10 s. The quota reads no
 * clock: the caller gives the times.
 *
 * Documentation for the limits, their names and headers. HubSpot does not say whether a refused request (429) is counted: the
 * account is told.
 *
 * @since 0.1.0
 */

import * as DateTime from "effect/DateTime"

/** The length of the rolling window in milliseconds. */
export const windowMillis = 10_000

/** Searches per second. Documentation: for the account, all apps together. */
const searchesPerSecond = 5

/**
 * The limit that refuses a request.
 *
 * @category models
 * @since 0.1.0
 */
type Exceeded = "TEN_SECONDLY_ROLLING" | "SECONDLY" | "DAILY"

/**
 * @category models
 * @since 0.1.0
 */
export interface Quota {
  /** Counts a request that arrives at this time, or returns the limit that refuses it. */
  readonly take: (at: number) => Exceeded | undefined
  /** The same for a search, which does not count in the ten seconds. */
  readonly takeSearch: (at: number) => Exceeded | undefined
  /** The requests of the rolling ten seconds, and their limit. */
  readonly window: (at: number) => { readonly used: number; readonly limit: number }
  /** The requests of the day so far, its limit, and when it ends. */
  readonly day: (at: number) => { readonly used: number; readonly limit: number; readonly resetsAt: number }
  /** The rate-limit headers of an answer. OAuth has none of the day. */
  readonly headers: (at: number, daily?: boolean) => Readonly<Record<string, string>>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (limits: {
  /** Requests per ten seconds. */
  readonly limit: number
  /** Requests per day. */
  readonly dailyLimit: number
  /** The time zone of the account's days. Default UTC. */
  readonly timeZone?: DateTime.TimeZone | undefined
  /** Whether a request that the ten seconds refuse counts in them. Default: never. */
  readonly countsRefused?: (() => boolean) | undefined
}): Quota => {
  const tenSeconds = makeWindow(windowMillis)
  const second = makeWindow(1000)
  // Assumption: a rolling second, like the ten seconds.
  const searches = makeWindow(1000)
  const timeZone = limits.timeZone ?? DateTime.zoneMakeNamedUnsafe("UTC")
  let dayStart = 0
  let dayEnd = 0
  let today = 0
  const countToday = (at: number): number => {
    // Documentation: it resets at midnight in the account's time zone.
    if (at < dayStart || at >= dayEnd) {
      const midnight = DateTime.startOf(DateTime.makeZonedUnsafe(at, { timeZone }), "day")
      dayStart = DateTime.toEpochMillis(midnight)
      dayEnd = DateTime.toEpochMillis(DateTime.add(midnight, { days: 1 }))
      today = 0
    }
    return today
  }
  // Documentation: sent, deprecated and not enforced. A tenth of the limit is an observation.
  const secondly = Math.max(1, Math.floor(limits.limit / 10))
  return {
    take: (at) => {
      if (countToday(at) >= limits.dailyLimit) return "DAILY"
      if (tenSeconds.count(at) >= limits.limit) {
        if (limits.countsRefused?.() === true) tenSeconds.add(at)
        return "TEN_SECONDLY_ROLLING"
      }
      tenSeconds.add(at)
      second.add(at)
      today++
      return undefined
    },
    // Documentation: a limit of its own, not in the ten seconds. That it counts for the day is an assumption.
    takeSearch: (at) => {
      if (countToday(at) >= limits.dailyLimit) return "DAILY"
      if (searches.count(at) >= searchesPerSecond) return "SECONDLY"
      searches.add(at)
      today++
      return undefined
    },
    window: (at) => ({ used: tenSeconds.count(at), limit: limits.limit }),
    day: (at) => ({ used: countToday(at), limit: limits.dailyLimit, resetsAt: dayEnd }),
    headers: (at, daily = true) => ({
      ...(daily && {
        "x-hubspot-ratelimit-daily": String(limits.dailyLimit),
        "x-hubspot-ratelimit-daily-remaining": String(limits.dailyLimit - countToday(at))
      }),
      "x-hubspot-ratelimit-interval-milliseconds": String(windowMillis),
      "x-hubspot-ratelimit-max": String(limits.limit),
      "x-hubspot-ratelimit-remaining": String(Math.max(0, limits.limit - tenSeconds.count(at))),
      "x-hubspot-ratelimit-secondly": String(secondly),
      "x-hubspot-ratelimit-secondly-remaining": String(Math.max(0, secondly - second.count(at)))
    })
  }
}

interface Window {
  readonly count: (at: number) => number
  readonly add: (at: number) => void
}

// Arrivals are added in order, so the expired ones are always in front. They are cut off when they are more than half,
// which keeps the average cost of both operations constant.
const makeWindow = (millis: number): Window => {
  let arrivals: Array<number> = []
  let first = 0
  return {
    count: (at) => {
      while (first < arrivals.length && arrivals[first]! + millis <= at) first++
      if (first > 1000 && first * 2 > arrivals.length) {
        arrivals = arrivals.slice(first)
        first = 0
      }
      return arrivals.length - first
    },
    add: (at) => void arrivals.push(at)
  }
}
