/**
 * How many requests are under way at once. `"auto"` follows Little's law, requests under way = rate × latency, with a
 * quarter more as a margin for jitter. A lock (423) means that the job's own requests collide: it halves the number, once for
 * all that were under way together. Every four requests without a lock give one back.
 */
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { inRange } from "../model/InRange.ts"
import { monotonicMillis } from "../model/Monotonic.ts"
import type { Event } from "./Event.ts"

/** The most requests that are under way at once. */
export const most = 64

const start = 10
const windowMillis = 10_000

export const make = Effect.fnUntraced(function* (setting: number | "auto") {
  const limits = yield* RateLimits
  const highest = setting === "auto" ? most : inRange("concurrency", setting, 1, most)
  const least = setting === "auto" ? start : highest
  let allowed = least
  let ceiling = highest
  let averageMillis = 0
  let halvedAt = Number.NEGATIVE_INFINITY
  const permits = yield* Semaphore.make(allowed)

  const learn = Effect.fnUntraced(function* (event: Event) {
    if (event._tag !== "Requested") return
    averageMillis = averageMillis === 0 ? event.millis : averageMillis * 0.8 + event.millis * 0.2
    if (event.error?.reason._tag === "Locked") {
      const now = yield* monotonicMillis
      // A request from before the last halving says nothing new.
      if (now - event.millis >= halvedAt) {
        ceiling = Math.max(1, allowed / 2)
        halvedAt = now
      }
    } else ceiling = Math.min(highest, ceiling + 0.25)
    const wanted = Math.ceil((((yield* limits.limit) / windowMillis) * averageMillis * 5) / 4)
    const next = Math.floor(Math.min(ceiling, Math.max(least, wanted)))
    if (next === allowed) return
    allowed = next
    yield* permits.resize(next)
  })

  return { limit: permits.withPermit, learn } as const
})
