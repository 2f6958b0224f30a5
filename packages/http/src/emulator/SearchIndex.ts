/**
 * The index that searches look into: versions of line items as they were some time ago.
 *
 * A new or changed record appears after a lag. Documentation says "a few moments", observation seconds;
 * there is no figure, so the lag is an option and by default there is none. Older versions never replace
 * newer ones. What matches is `Filters`' business.
 *
 * @since 0.1.0
 */
import type * as Crm from "./Crm.ts"

/**
 * Milliseconds until a record appears: always as many, or drawn uniformly for each version.
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
  readonly changed: (record: Crm.LineItemRecord, at: number) => void
  /** The versions that a search at this time sees. Documentation: archived records are never there. */
  readonly at: (at: number) => Iterable<Crm.LineItemRecord>
}

/**
 * `random` draws from 0 to 1; `live` are the records as they are, which is what is seen without a lag.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (
  lag: Lag,
  random: () => number,
  live: () => Iterable<Crm.LineItemRecord>
): SearchIndex => (lag === 0 ? withoutLag(live) : withLag(lag, random))

const withoutLag = (live: () => Iterable<Crm.LineItemRecord>): SearchIndex => ({
  changed: () => {},
  at: function* () {
    for (const record of live()) if (record.archived === undefined) yield record
  }
})

const withLag = (lag: Lag, random: () => number): SearchIndex => {
  const seen = new Map<string, Crm.LineItemRecord>()
  let pending: Array<{ readonly visibleAt: number; readonly record: Crm.LineItemRecord }> = []

  // An archived record stays, unseen, so that a late older version does not bring it back.
  const show = (record: Crm.LineItemRecord): void => {
    const known = seen.get(record.id)
    if (known === undefined || known.version < record.version) seen.set(record.id, record)
  }
  const draw = (): number =>
    typeof lag === "number" ? lag : Math.round(lag.min + random() * (lag.max - lag.min))

  return {
    changed: (record, at) => {
      const millis = draw()
      if (millis > 0) pending.push({ visibleAt: at + millis, record })
      else show(record)
    },
    at: function* (at) {
      if (pending.length > 0) {
        const waiting: typeof pending = []
        for (const one of pending) {
          if (one.visibleAt <= at) show(one.record)
          else waiting.push(one)
        }
        pending = waiting
      }
      for (const record of seen.values()) if (record.archived === undefined) yield record
    }
  }
}
