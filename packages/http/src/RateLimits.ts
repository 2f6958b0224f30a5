/**
 * The limits of an account, kept exactly: at most `limit` requests in any rolling window, as HubSpot sees it;
 * five searches a second; and a day's requests with a reserve for others.
 *
 * A slot is held from the send until **completion plus the window**. Every request that the server saw
 * within some window then still holds its slot at the end of that window, so there were at most `limit` of them.
 * A limiter that counts sends lets slow requests pile up; a token bucket lets twice the limit through. A request
 * that never completes holds its slot until its timeout has passed plus the window.
 *
 * A `RateLimitStore` keeps the slots: in memory, or in a database where several processes use one account. This
 * module knows nothing of retries, and it never sends.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as HubSpotError from "./HubSpotError.ts"
import * as InRange from "./internal/inRange.ts"
import * as Midnight from "./internal/midnight.ts"
import { elapsing, monotonicMillis } from "./Monotonic.ts"
import * as SlotFate from "./internal/slotFate.ts"
import * as Turns from "./internal/turns.ts"
import { asFarAsPossible, unlessUnavailable } from "./internal/unavailable.ts"
import * as Metrics from "./Metrics.ts"
import * as RateLimitStore from "./RateLimitStore.ts"
import * as Settings from "./Settings.ts"

/**
 * Requests per ten seconds by what the account and the app are, see {@link Settings.tiers}.
 *
 * @category constants
 * @since 0.1.0
 */
export const tiers = Settings.tiers

/** The highest limit HubSpot sells. */
export const highestLimit = Settings.highestLimit

// HubSpot allows this to every app.
const lowestLimit = tiers.starter

// Searches per second, for all apps of an account together.
const searchLimit = 5

/**
 * A value out of its bounds is a defect, a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Requests per window, from 1. `"auto"` starts at 100 and adopts the maximum that the account advertises in
   * `X-HubSpot-RateLimit-Max`. Default `"auto"`.
   */
  readonly limit?: number | "auto" | undefined
  /** Default 10 seconds, HubSpot's. */
  readonly window?: Duration.Input | undefined
  /**
   * How long after its send a request that did not complete may still be under way. Default 110 seconds, the
   * client's timeout.
   */
  readonly timeout?: Duration.Input | undefined
  /**
   * The part of the account's daily requests that is left to its other apps, 0 to 1. Default 0.1. It has no effect
   * before HubSpot has reported how many there are.
   */
  readonly dailyReserve?: number | undefined
  /** The time zone in which the account's day ends, such as `Europe/Berlin`. Default: not known. */
  readonly timeZone?: string | undefined
  /** The account whose limits these are, if a store serves several. Default `"default"`. */
  readonly account?: string | undefined
}

/**
 * What HubSpot's headers and refusals say about the limits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Observation {
  /** `X-HubSpot-RateLimit-Max` and `-Remaining`: of the window, as the server counts it. */
  readonly max?: number | undefined
  readonly remaining?: number | undefined
  /** Milliseconds since the request of this answer was sent. */
  readonly ageMillis?: number | undefined
  /** `X-HubSpot-RateLimit-Daily` and `-Daily-Remaining`. */
  readonly daily?: number | undefined
  readonly dailyRemaining?: number | undefined
  /** Milliseconds in which no request may be sent, after a 429. */
  readonly pauseMillis?: number | undefined
  /** The account's time zone. */
  readonly timeZone?: string | undefined
  /** The id of the token's account, for limits that do not know it yet: see `AccountLimits`. */
  readonly account?: string | undefined
}

// Timers of real machines fire up to a millisecond early, and a server may round its clock.
const marginMillis = 5

const searchWindowMillis = 1000

// A slot that was asked for longer ago is given back and asked for again: a process that stood still (stopped, asleep)
// may have outlived its lease. After the third return a slot is kept: then the store is only slow.
const maxPauseMillis = 1000
const maxPauses = 3

// HubSpot's midnight and ours are at most this far apart. An answer from between the two says nothing about the new day.
const resetMillis = 60_000

/**
 * The share of the limit that a request counts for. The shares that wait in one process get equal parts of the limit,
 * however many requests each of them makes at once. Bulk operations and durable jobs each have a share of their own.
 *
 * **Example**
 *
 * ```ts
 * import { RateLimits } from "@effect-hubspot/http"
 * import { Effect } from "effect"
 *
 * const mine = Effect.provideService(Effect.service(RateLimits.Share), RateLimits.Share, "nightly export")
 * await Effect.runPromise(mine) // => "nightly export"
 * ```
 *
 * @category references
 * @since 0.1.0
 */
export const Share: Context.Reference<string> = Context.Reference<string>(
  "@effect-hubspot/http/RateLimits/Share",
  { defaultValue: () => "" }
)

export { NothingSent } from "./internal/slotFate.ts"

/**
 * The limiter that all requests of one account share.
 *
 * **Example**
 *
 * ```ts
 * import { RateLimits } from "@effect-hubspot/http"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const limits = yield* RateLimits.RateLimits
 *   const sent = yield* limits.withSlot("burst")(Effect.succeed("sent"))
 *   return [sent, yield* limits.limit]
 * }).pipe(Effect.provide(RateLimits.layer({ limit: RateLimits.tiers.professional })))
 * await Effect.runPromise(program) // => ["sent", 190]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class RateLimits extends Context.Service<
  RateLimits,
  {
    /**
     * Waits for a slot, runs one request in it, and holds the slot until a window after its completion. Fails
     * without sending if the account's day is used up, or if the store of the slots cannot be reached. A request that
     * fails with `NothingSent` gives its slot back.
     */
    readonly withSlot: (
      pool: RateLimitStore.Pool,
      options?: {
        /** Whether the request cannot be interrupted; waiting for its slot always can. Default false. */
        readonly uninterruptible?: boolean
      }
    ) => <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.Effect<A, E | HubSpotError.HubSpotError, R>
    /** Adapts the limits to an answer. */
    readonly observe: (observation: Observation) => Effect.Effect<void>
    /** Requests per window at this moment. */
    readonly limit: Effect.Effect<number>
  }
>()("@effect-hubspot/http/RateLimits") {}

/**
 * Limits kept in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<RateLimits> =>
  Layer.provide(layerStore(options), RateLimitStore.layerMemory)

/**
 * Limits kept in a store, shared with everything else that uses it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (
  options: Options = {}
): Layer.Layer<RateLimits, never, RateLimitStore.RateLimitStore> => Layer.effect(RateLimits, make(options))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<RateLimits["Service"], never, RateLimitStore.RateLimitStore> {
  const store = yield* RateLimitStore.RateLimitStore
  const account = options.account ?? "default"
  const endsAt = Midnight.make()
  const adopts = options.limit === undefined || options.limit === "auto"
  const window = InRange.duration("window", options.window ?? "10 seconds")
  const timeout = InRange.duration("timeout", options.timeout ?? "110 seconds")
  const reserve = InRange.share("dailyReserve", options.dailyReserve ?? 0.1)
  let limit = adopts ? lowestLimit : InRange.count("limit", options.limit)
  let timeZone = options.timeZone === undefined ? undefined : InRange.timeZone("timeZone", options.timeZone)
  const turns = { burst: Turns.make(window), search: Turns.make(searchWindowMillis) }

  const boundsOf = (pool: RateLimitStore.Pool) =>
    pool === "search"
      ? { limit: searchLimit, windowMillis: searchWindowMillis + marginMillis }
      : { limit, windowMillis: window + marginMillis }

  /** Asks for a slot. `taken` gets it at once, even if the waiter is interrupted. */
  const ask = (
    pool: RateLimitStore.Pool,
    left: number,
    taken: (slot: RateLimitStore.Slot) => void
  ): Effect.Effect<RateLimitStore.Taken, HubSpotError.HubSpotError> => {
    const { limit, windowMillis } = boundsOf(pool)
    return Effect.map(
      unlessUnavailable(
        afterDebt(
          store.take({
            account,
            pool,
            limit: Math.max(1, limit - left),
            windowMillis,
            leaseMillis: timeout + windowMillis
          })
        )
      ),
      (answer) => {
        if (answer._tag === "Taken") {
          taken(answer.slot)
          return answer
        }
        // A slot whose request is under way comes free a window from now at the earliest, so asking again after at most
        // a window misses none.
        return { _tag: "Full", waitMillis: Math.max(1, Math.min(answer.waitMillis, windowMillis)) }
      }
    )
  }

  /** The end of a pause that the store does not know of yet. */
  let owed: number | undefined

  const pause = (millis: number) =>
    Effect.catch(store.pause({ account, millis }), ({ message }) =>
      Effect.andThen(
        Effect.map(monotonicMillis, (now) => {
          owed = Math.max(owed ?? 0, now + millis)
        }),
        Effect.logWarning(message)
      )
    )

  /** Tells the store of such a pause first. */
  const afterDebt = <A, E>(effect: Effect.Effect<A, E>) => {
    const until = owed
    if (until === undefined) return effect
    const pay = Effect.flatMap(monotonicMillis, (now) =>
      Effect.tap(until > now ? store.pause({ account, millis: until - now }) : Effect.void, () =>
        Effect.sync(() => {
          if (owed === until) owed = undefined
        })
      )
    )
    return Effect.andThen(pay, effect)
  }

  let underWay = 0

  /** Fails if the account's day allows no more requests, counting those under way. */
  const dayIsOver = Effect.fnUntraced(function* (own: 0 | 1) {
    const day = yield* unlessUnavailable(store.day(account))
    if (day === undefined) return
    // The store counts the caller's own slot.
    const others = day.underWay === undefined ? underWay : day.underWay - own
    if (day.remaining - others > Math.floor(day.limit * reserve)) return
    return yield* new HubSpotError.HubSpotError({
      reason: new HubSpotError.RateLimited({
        policy: "daily",
        policyName: "DAILY",
        ...(timeZone !== undefined && { resumeAtMillis: day.endsAtMillis })
      }),
      operation: "RateLimits.withSlot"
    })
  })

  const giveBack = (slot: RateLimitStore.Slot, share: string) =>
    Effect.suspend(() => {
      turns[slot.pool].leave(share)
      return asFarAsPossible(store.giveBack(slot))
    })

  /** Waits for a slot, and takes it if the day still allows a request. */
  const enter = (
    pool: RateLimitStore.Pool,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function* () {
      const askedAt = yield* monotonicMillis
      const share = yield* Share
      for (let pauses = 0; ; pauses++) {
        let slot: RateLimitStore.Slot | undefined
        let sinceAsked = Effect.succeed(0)
        const take = turns[pool].take(
          share,
          () => boundsOf(pool).limit,
          (left) =>
            Effect.flatMap(elapsing, (since) => {
              sinceAsked = since
              return ask(pool, left, (taken) => (slot = taken))
            })
        )
        const leave = Effect.suspend(() => (slot === undefined ? Effect.void : giveBack(slot, share)))
        yield* restore(take).pipe(Effect.onInterrupt(() => leave))
        yield* Effect.tapError(dayIsOver(1), () => leave)
        if (pauses < maxPauses && (yield* sinceAsked) > maxPauseMillis) {
          yield* leave
          continue
        }
        yield* Metrics.slotWaited(((yield* monotonicMillis) - askedAt) / 1000)
        underWay++
        return { slot: slot!, share }
      }
    })

  return RateLimits.of({
    withSlot: (pool, options) => (request) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          yield* dayIsOver(0)
          const { share, slot } = yield* enter(pool, restore)
          const sentAt = yield* monotonicMillis
          const free = options?.uninterruptible === true ? identity : restore
          return yield* SlotFate.watch(request, free, (fate) =>
            Effect.flatMap(monotonicMillis, (until) => {
              underWay--
              if (fate === "notSent") return giveBack(slot, share)
              turns[pool].leave(share, { at: sentAt, until })
              return fate === "over" ? asFarAsPossible(store.complete(slot)) : Effect.void
            })
          )
        })
      ),
    observe: Effect.fnUntraced(function* (seen) {
      if (seen.timeZone !== undefined) timeZone = seen.timeZone
      if (seen.pauseMillis !== undefined) yield* pause(seen.pauseMillis)
      if (seen.max !== undefined && seen.max >= 1) {
        if (adopts) limit = Math.min(highestLimit, Math.floor(seen.max))
        if (seen.remaining !== undefined) {
          yield* asFarAsPossible(
            store.observe({
              account,
              used: Math.max(0, Math.floor(seen.max - seen.remaining)),
              ageMillis: seen.ageMillis ?? 0,
              windowMillis: window
            })
          )
        }
      }
      if (seen.daily !== undefined && seen.dailyRemaining !== undefined) {
        const now = yield* Clock.currentTimeMillis
        const sentAt = now - (seen.ageMillis ?? 0)
        // Without a time zone the end of the day is not known: after an hour the next answer says how many are left.
        const endsAtMillis = timeZone === undefined ? now + 3_600_000 : endsAt(sentAt - resetMillis, timeZone)
        // An answer about a day that is over must not hold up the next day.
        if (endsAtMillis > now) {
          yield* asFarAsPossible(
            store.setDay(account, { limit: seen.daily, remaining: seen.dailyRemaining, endsAtMillis })
          )
        }
      }
    }),
    limit: Effect.sync(() => limit)
  })
})
