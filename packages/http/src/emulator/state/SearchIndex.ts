/**
 * The index of searches: versions of line items as they were some time ago.
 *
 * A new or changed record appears after a lag: "a few moments" by documentation, seconds by observation. There is no
 * number, so the lag is an option, by default none. An older version never replaces a newer one. `Filters` decides what
 * matches. The index forgets what the account forgets.
 *
 * @since 0.1.0
 */
import type * as Crm from "./Crm.ts"
import type * as Records from "./Records.ts"

/**
 * Milliseconds until a record appears: always the same, or drawn uniformly for each version.
 *
 * @category models
 * @since 0.1.0
 */
export type Lag = number | { readonly min: number; readonly max: number }

/**
 * @category models
 * @since 0.1.0
 */
export interface SearchIndex {
  /** A new version of a record, and the one before, if there was one. */
  readonly changed: (record: Crm.LineItemRecord, at: number, before?: Crm.LineItemRecord) => void
  /** The versions that a search at this time sees. Documentation: archived records are never there. */
  readonly at: (at: number) => Iterable<Crm.LineItemRecord>
  /** How many versions the index itself holds. */
  readonly size: () => number
}

/**
 * `random` draws from 0 to 1. `live` are the current records of the account, which a search without lag sees. The index
 * forgets all others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (lag: Lag, random: () => number, live: () => Records.Known): SearchIndex =>
  lag === 0 ? withoutLag(live) : withLag(lag, random, live)

const withoutLag = (live: () => Records.Known): SearchIndex => ({
  changed: () => {},
  size: () => 0,
  at: function* () {
    for (const record of live().values()) if (record.archived === undefined) yield record
  }
})

/** The least number of versions before they are swept without a search. */
const few = 1000

const withLag = (lag: Lag, random: () => number, live: () => Records.Known): SearchIndex => {
  /** The records of which a version is not visible yet, with the version that is. Of all others it is the current one. */
  const changing = new Map<string, { shown: Crm.LineItemRecord | undefined; pending: number }>()
  let pending: Array<{ readonly visibleAt: number; readonly record: Crm.LineItemRecord }> = []
  let sweepFrom = few

  // An archived record is shown as such, so that a late older version does not replace it.
  const show = (record: Crm.LineItemRecord): void => {
    const known = changing.get(record.id)
    if (known !== undefined && (known.shown?.version ?? 0) < record.version) known.shown = record
  }
  const draw = (): number =>
    typeof lag === "number" ? lag : Math.round(lag.min + random() * (lag.max - lag.min))

  const sweep = (at: number): void => {
    const waiting: typeof pending = []
    for (const one of pending) {
      const { record } = one
      if (one.visibleAt > at) {
        waiting.push(one)
        continue
      }
      show(record)
      const known = changing.get(record.id)
      if (known !== undefined && --known.pending === 0) changing.delete(record.id)
    }
    pending = waiting
    sweepFrom = Math.max(few, 2 * pending.length)
  }

  return {
    size: () => pending.length,
    changed: (record, at, before) => {
      const millis = draw()
      if (millis > 0) {
        const known = changing.get(record.id)
        if (known === undefined) changing.set(record.id, { shown: before, pending: 1 })
        else known.pending++
        pending.push({ visibleAt: at + millis, record })
      } else show(record)
      // Also without searches.
      if (pending.length > sweepFrom) sweep(at)
    },
    at: function* (at) {
      sweep(at)
      for (const record of live().values()) {
        const known = changing.get(record.id)
        const shown = known === undefined ? record : known.shown
        if (shown !== undefined && shown.archived === undefined) yield shown
      }
    }
  }
}
