/**
 * Decides which waiter asks for a slot next, fairly between parties with different numbers of requests. One waiter asks
 * at a time: the first one of the party that got the fewest slots within the window. A waiter that gives up leaves no
 * gap in the queue.
 *
 * Turns alone do not make equal shares. Slots come free as they were taken, in bursts, and a party with few requests
 * at once is not back before another party has taken them all. So a party that has had its share reserves slots for the
 * parties that have not: as many as each of them can still use, by the number of its requests and the time they take.
 * The rest goes to the first waiter.
 */
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../Monotonic.ts"

interface Party {
  /** Its waiters, in the order of their arrival. */
  readonly waiting: Set<Waiter>
  /** The waiter that had its turn, waited for a slot, and made room for another party: it is the first again. */
  overtaken: Waiter | undefined
  /** When it got slots; those before `expired` are out of the window. */
  got: Array<number>
  expired: number
  underWay: number
  /** How long its requests take on average, once the first one is over. */
  millis: number | undefined
  /** When it last got a slot or came back from one. */
  movedAt: number
}

interface Waiter {
  readonly party: Party
  /** Whether it is its turn. */
  called: boolean
  wake: () => void
}

/** `Full`: ask again after this time. */
type Answer = { readonly _tag: "Taken" } | { readonly _tag: "Full"; readonly waitMillis: number }

export interface Turns {
  /**
   * Asks for a slot when it is the party's turn, until it gets one. `ask` takes the number of slots to reserve for
   * other parties, and is not interrupted. After a slot was taken, `leave` must follow.
   */
  readonly take: <E>(
    party: string,
    limit: () => number,
    ask: (left: number) => Effect.Effect<Answer, E>
  ) => Effect.Effect<void, E>
  /** The request of a party is over, or was not sent. */
  readonly leave: (party: string, sent?: { readonly at: number; readonly until: number }) => void
}

// The slots of a window that a party can use for each of its requests, until it is known how long they take.
const untilKnown = 4

export const make = (windowMillis: number): Turns => {
  // Among parties with equally many slots, it is the turn of the one that came first.
  const parties = new Map<string, Party>()
  let current: Waiter | undefined
  let napping = false

  const partyOf = (name: string): Party => {
    const known = parties.get(name)
    if (known !== undefined) return known
    const party: Party = {
      waiting: new Set(),
      overtaken: undefined,
      got: [],
      expired: 0,
      underWay: 0,
      millis: undefined,
      movedAt: 0
    }
    parties.set(name, party)
    return party
  }

  const size = ({ expired, got }: Party) => got.length - expired
  const present = ({ underWay, waiting }: Party) => underWay + waiting.size

  const forget = (now: number) => {
    for (const [name, party] of parties) {
      while (party.expired < party.got.length && party.got[party.expired]! <= now - windowMillis)
        party.expired++
      if (party.expired > size(party)) {
        party.got = party.got.slice(party.expired)
        party.expired = 0
      }
      if (size(party) === 0 && present(party) === 0) parties.delete(name)
    }
  }

  const callNext = () => {
    let next: Party | undefined
    for (const party of parties.values()) {
      if (party.waiting.size > 0 && (next === undefined || size(party) < size(next))) next = party
    }
    current = next?.overtaken
    if (current === undefined && next !== undefined) [current] = next.waiting
    if (current === undefined) return
    current.called = true
    current.wake()
  }

  /** The slots of a window that a party can use. */
  const usable = (party: Party, now: number): number => {
    if (party.millis === undefined) return present(party) * untilKnown
    // Without waiters all requests are under way, at least for this long: a hanging request must not hold up others.
    const least = party.waiting.size === 0 ? now - party.movedAt : 0
    return (present(party) * windowMillis) / Math.max(party.millis, least)
  }

  /** The slots that a party reserves for those that have had less than their share. */
  const leftBy = (own: Party, limit: number, now: number): number => {
    if (parties.size === 1) return 0
    const active = [...parties.values()].filter((party) => present(party) > 0)
    const share = limit / active.length
    if (size(own) < share) return 0
    return active
      .filter((party) => party !== own)
      .map((party) => Math.max(0, Math.floor(Math.min(share, usable(party, now))) - size(party)))
      .reduce((sum, left) => sum + left, 0)
  }

  const called = (waiter: Waiter) =>
    Effect.callback<void>((resume) => {
      if (waiter.called) return resume(Effect.void)
      waiter.wake = () => resume(Effect.void)
      if (current === undefined) callNext()
      else if (napping && size(waiter.party) < size(current.party)) current.wake()
    })

  /** Waits, and makes room if a waiter comes that must have the slot first. */
  const nap = (waiter: Waiter, millis: number) =>
    Effect.timeoutOption(
      Effect.callback<void>((resume) => {
        napping = true
        waiter.wake = () => {
          napping = false
          waiter.called = false
          waiter.party.overtaken = waiter
          resume(Effect.void)
          callNext()
        }
      }),
      millis
    )

  const got = (party: Party, now: number) => {
    party.underWay++
    party.got.push(now)
    party.movedAt = now
  }

  const asking = <E>(
    waiter: Waiter,
    limit: () => number,
    ask: (left: number) => Effect.Effect<Answer, E>
  ): Effect.Effect<void, E> =>
    Effect.gen(function* () {
      const { party } = waiter
      while (true) {
        yield* called(waiter)
        napping = false
        if (party.overtaken === waiter) party.overtaken = undefined
        const now = yield* monotonicMillis
        forget(now)
        const answer = yield* Effect.uninterruptible(
          Effect.tap(ask(leftBy(party, limit(), now)), ({ _tag }) =>
            Effect.sync(() => (_tag === "Taken" ? got(party, now) : undefined))
          )
        )
        if (answer._tag === "Taken") return
        yield* nap(waiter, answer.waitMillis)
      }
    })

  return {
    take: (name, limit, ask) =>
      Effect.suspend(() => {
        const party = partyOf(name)
        const waiter: Waiter = { party, called: false, wake: () => undefined }
        party.waiting.add(waiter)
        return Effect.ensuring(
          asking(waiter, limit, ask),
          Effect.sync(() => {
            party.waiting.delete(waiter)
            if (party.overtaken === waiter) party.overtaken = undefined
            if (current !== waiter) return
            napping = false
            callNext()
          })
        )
      }),
    leave: (name, sent) => {
      const party = partyOf(name)
      party.underWay--
      if (sent === undefined) return
      const millis = Math.max(1, sent.until - sent.at)
      party.millis = party.millis === undefined ? millis : party.millis * 0.8 + millis * 0.2
      party.movedAt = sent.until
    }
  }
}
