/**
 * How many requests are under way at once. A job begins with one, and each that HubSpot answers properly allows one more; an
 * ambiguous answer takes it back to one. So an outage costs the few requests that are under way when it begins.
 *
 * `"auto"` goes up to what Little's law asks for, requests under way = rate × latency, with a quarter more as a margin for
 * jitter. A lock (423) means that the job's own requests collide: it halves the number, once for all that were under way
 * together. Every four requests without a lock give one back.
 */
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { inRange } from "../model/InRange.ts"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import { mostAtOnce as most } from "./Bounds.ts"
import type { Event } from "./Event.ts"

const start = 10
const windowMillis = 10_000

export const make = Effect.fnUntraced(function* (setting: number | "auto") {
  const limits = yield* RateLimits
  const highest = setting === "auto" ? most : inRange("concurrency", setting, 1, most)
  const least = setting === "auto" ? start : highest
  let allowed = 1
  let earned = 1
  let ceiling = highest
  let averageMillis = 0
  let halvedAt = Number.NEGATIVE_INFINITY
  const permits = yield* Semaphore.make(allowed)

  const measure = Effect.fnUntraced(function* ({ error, millis }: Event & { readonly _tag: "Requested" }) {
    averageMillis = averageMillis === 0 ? millis : averageMillis * 0.8 + millis * 0.2
    if (error?.reason._tag === "Locked") {
      const now = yield* monotonicMillis
      // A request from before the last halving says nothing new.
      if (now - millis >= halvedAt) {
        ceiling = Math.max(1, allowed / 2)
        halvedAt = now
      }
    } else ceiling = Math.min(highest, ceiling + 0.25)
    if (error === undefined || error.ends === "parts") earned = Math.min(highest, earned + 1)
    else if (error.acceptance === "InDoubt") earned = 1
  })

  const learn = Effect.fnUntraced(function* (event: Event) {
    if (event._tag === "Requested") yield* measure(event)
    // Another job of the account had an ambiguous answer.
    else if (event._tag === "Waiting" && event.why === "unanswered") earned = 1
    else return
    const wanted = Math.ceil((((yield* limits.limit) / windowMillis) * averageMillis * 5) / 4)
    const next = Math.floor(Math.min(earned, ceiling, Math.max(least, wanted)))
    if (next === allowed) return
    allowed = next
    yield* permits.resize(next)
  })

  return { limit: permits.withPermit, learn } as const
})
