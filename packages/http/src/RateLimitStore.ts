/**
 * The store of the limiter's slots. The memory layer serves one process. A layer on a database serves all processes
 * that share it; if it cannot reach the database, it must fail instead of guessing.
 *
 * It only counts. `RateLimits` decides how many slots there are, and how long they are held.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { monotonicMillis } from "./Monotonic.ts"

/**
 * `burst` is the account's requests per ten seconds, `search` its searches per second.
 *
 * @category models
 * @since 0.1.0
 */
export type Pool = "burst" | "search"

/**
 * A slot that was taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface Slot {
  readonly account: string
  readonly pool: Pool
  readonly id: number
  readonly windowMillis: number
}

/**
 * A request for one of `limit` slots. A slot that is never completed is held for `leaseMillis`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Take {
  readonly account: string
  readonly pool: Pool
  readonly limit: number
  readonly windowMillis: number
  readonly leaseMillis: number
}

/**
 * The slot, or the shortest wait before the next ask.
 *
 * @category models
 * @since 0.1.0
 */
export type Taken =
  | { readonly _tag: "Taken"; readonly slot: Slot }
  | { readonly _tag: "Full"; readonly waitMillis: number }

/**
 * The account's day as HubSpot last reported it. `underWay` counts the requests of all processes that have a slot and
 * no end yet; without it, the caller's own process is the only one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Day {
  readonly limit: number
  readonly remaining: number
  readonly endsAtMillis: number
  readonly underWay?: number
}

/**
 * The store cannot be reached, or cannot be written to. No slot was taken.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimitStoreError extends Schema.TaggedError<RateLimitStoreError>()("RateLimitStoreError", {
  detail: Schema.String,
  /** What to do, if the store knows. */
  advice: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `the shared rate limits cannot be used: ${this.detail}; ${this.advice ?? "repair their database"}`
  }
}

/**
 * @category services
 * @since 0.1.0
 */
export class RateLimitStore extends Context.Service<
  RateLimitStore,
  {
    readonly take: (take: Take) => Effect.Effect<Taken, RateLimitStoreError>
    /** The request in the slot is over: the slot is held for a window from now. */
    readonly complete: (slot: Slot) => Effect.Effect<void, RateLimitStoreError>
    /** Nothing was sent in the slot: it is free at once. */
    readonly giveBack: (slot: Slot) => Effect.Effect<void, RateLimitStoreError>
    /** No slot of the account is taken for this long. */
    readonly pause: (pause: {
      readonly account: string
      readonly millis: number
    }) => Effect.Effect<void, RateLimitStoreError>
    /**
     * HubSpot counted `used` requests in its window when a request that was sent `ageMillis` ago arrived. Those
     * without a slot here are of other apps, and take slots as well.
     */
    readonly observe: (seen: {
      readonly account: string
      readonly used: number
      readonly ageMillis: number
      readonly windowMillis: number
    }) => Effect.Effect<void, RateLimitStoreError>
    /** The account's day, unless it is over or not known. */
    readonly day: (account: string) => Effect.Effect<Day | undefined, RateLimitStoreError>
    readonly setDay: (account: string, day: Day) => Effect.Effect<void, RateLimitStoreError>
  }
>()("@effect-hubspot/http/RateLimitStore") {}

/**
 * Slots in this process, on the monotonic clock.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<RateLimitStore> = Layer.effect(
  RateLimitStore,
  Effect.sync(() => makeMemory())
)

/**
 * The held slots of a pool: those of requests under way, and those of requests that are over. Each map has its slots in the order
 * in which they come free, as all leases and all windows of an account have the same length.
 */
interface Held {
  readonly open: Map<number, number>
  readonly over: Map<number, number>
}

interface Account {
  readonly slots: Record<Pool, Held>
  /** When slots of the burst were taken, in order, two windows back. */
  taken: Array<{ readonly id: number; readonly at: number }>
  pausedUntil: number
  /** Slots that other apps use, and until when they count. */
  others: { readonly count: number; readonly until: number }
  day: Day | undefined
}

/** Drops the slots that are free, and gives the time when the next one comes free. */
const expire = (slots: Map<number, number>, now: number): number => {
  for (const [id, freeAt] of slots) {
    if (freeAt > now) return freeAt
    slots.delete(id)
  }
  return Number.POSITIVE_INFINITY
}

/** How many of these times, which are in order, are not after one. */
const countUntil = (taken: Account["taken"], time: number): number => {
  let [low, high] = [0, taken.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (taken[middle]!.at <= time) low = middle + 1
    else high = middle
  }
  return low
}

const makeMemory = (): RateLimitStore["Service"] => {
  const accounts = new Map<string, Account>()
  let lastId = 0

  const accountOf = (name: string): Account => {
    const known = accounts.get(name)
    if (known !== undefined) return known
    const made: Account = {
      slots: { burst: { open: new Map(), over: new Map() }, search: { open: new Map(), over: new Map() } },
      taken: [],
      pausedUntil: 0,
      others: { count: 0, until: 0 },
      day: undefined
    }
    accounts.set(name, made)
    return made
  }

  const at = <A>(use: (now: number) => A): Effect.Effect<A> => Effect.map(monotonicMillis, use)

  const take = ({ account: name, leaseMillis, limit, pool, windowMillis }: Take) =>
    at((now): Taken => {
      const account = accountOf(name)
      if (now < account.pausedUntil) return { _tag: "Full", waitMillis: account.pausedUntil - now }
      const { open, over } = account.slots[pool]
      const earliest = Math.min(expire(open, now), expire(over, now))
      const { count, until } = account.others
      const others = pool === "burst" && now < until ? Math.min(count, limit - 1) : 0
      if (open.size + over.size + others >= limit) {
        return { _tag: "Full", waitMillis: Math.min(earliest, others > 0 ? until : earliest) - now }
      }
      const id = ++lastId
      open.set(id, now + leaseMillis)
      if (pool === "burst") {
        const old = countUntil(account.taken, now - 2 * windowMillis)
        if (old > account.taken.length / 2) account.taken = account.taken.slice(old)
        account.taken.push({ id, at: now })
      }
      return { _tag: "Taken", slot: { account: name, pool, id, windowMillis } }
    })

  return RateLimitStore.of({
    take,
    complete: ({ account, id, pool, windowMillis }) =>
      at((now) => {
        const { open, over } = accountOf(account).slots[pool]
        if (open.delete(id) || over.delete(id)) over.set(id, now + windowMillis)
      }),
    giveBack: ({ account: name, id, pool }) =>
      Effect.sync(() => {
        const account = accountOf(name)
        account.slots[pool].open.delete(id)
        account.slots[pool].over.delete(id)
        account.taken = account.taken.filter((one) => one.id !== id)
      }),
    pause: ({ account: name, millis }) =>
      at((now) => {
        const account = accountOf(name)
        account.pausedUntil = Math.max(account.pausedUntil, now + millis)
      }),
    observe: ({ account: name, ageMillis, used, windowMillis }) =>
      at((now) => {
        // Too few taken slots are remembered to know which of an old answer's requests were ours.
        if (ageMillis > windowMillis) return
        const account = accountOf(name)
        const ours = account.taken.length - countUntil(account.taken, now - ageMillis - windowMillis)
        const count = Math.max(0, used - ours)
        // A lower count may only mean that requests of ours had not arrived yet, so the highest one counts.
        if (count >= account.others.count || now >= account.others.until) {
          account.others = { count, until: now + windowMillis }
        }
      }),
    day: (account) =>
      Clock.clockWith((clock) => {
        const { day } = accountOf(account)
        return Effect.succeed(
          day !== undefined && clock.currentTimeMillisUnsafe() < day.endsAtMillis ? day : undefined
        )
      }),
    setDay: (account, day) =>
      Effect.sync(() => {
        accountOf(account).day = day
      })
  })
}
