/**
 * The records of the emulated account by their ids, which are consecutive: millions of them take little memory.
 *
 * @since 0.1.0
 */
import type * as Association from "@effect-hubspot/schema/Association"
import * as Packed from "./Packed.ts"

type Values = Readonly<Record<string, string>>

/**
 * An instant, in both forms that handlers use.
 *
 * @category models
 * @since 0.1.0
 */
export interface Moment {
  readonly millis: number
  readonly iso: string
}

/**
 * A line item of the account. `properties` hold the sent and inherited values; an emptied property is empty text.
 * `writes` are the writes with their times, the newest last; there are none before the first update.
 *
 * @category models
 * @since 0.1.0
 */
export interface LineItemRecord {
  readonly id: string
  readonly version: number
  readonly properties: Values
  readonly associations: ReadonlyArray<Association.Association>
  readonly createdAt: string
  readonly updatedAt: string
  readonly archived: Moment | undefined
  readonly writes: ReadonlyArray<{ readonly at: string; readonly properties: Values }>
}

/**
 * The current records, in order of their ids.
 *
 * @category models
 * @since 0.1.0
 */
export interface Known {
  readonly get: (id: string) => LineItemRecord | undefined
  readonly has: (id: string) => boolean
  readonly size: () => number
  readonly forgotten: () => number
  /** The last records. */
  readonly last: (count: number) => ReadonlyArray<LineItemRecord>
  readonly values: () => Iterable<LineItemRecord>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Records extends Known {
  /** The id of the next new record. */
  readonly nextId: () => string
  /** Adds a new record, or replaces a record by its new version. */
  readonly put: (record: LineItemRecord) => void
  readonly oldest: () => LineItemRecord | undefined
  readonly forget: () => void
  /** The records behind an id; all if there is none. */
  readonly after: (id: string | undefined) => Iterable<LineItemRecord>
}

// Eleven digits, as portals show them today. Real ids are not dense, so clients must not rely on that.
const firstId = 20_000_000_001

// JSON has no `undefined`.
const revive = (json: LineItemRecord): LineItemRecord => ({ ...json, archived: json.archived ?? undefined })

/**
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (): Records => {
  const all = Packed.makeUnsafe(revive)
  const placeOf = (id: string): number => Number(id) - firstId
  const end = (): number => all.forgotten() + all.size()
  return {
    // A number can be written in several ways, an id in one.
    get: (id) => {
      const record = all.at(placeOf(id))
      return record?.id === id ? record : undefined
    },
    has: (id) => {
      const place = placeOf(id)
      return place >= all.forgotten() && place < end() && String(place + firstId) === id
    },
    size: all.size,
    forgotten: all.forgotten,
    last: all.last,
    values: all.values,
    nextId: () => String(firstId + end()),
    put: (record) => {
      const place = placeOf(record.id)
      if (place === end()) all.push(record)
      else all.set(place, record)
    },
    oldest: () => all.at(all.forgotten()),
    forget: all.forget,
    after: function* (id) {
      const from = id === undefined ? 0 : placeOf(id) + 1
      for (let place = Math.max(all.forgotten(), from); place < end(); place++) {
        const record = all.at(place)
        if (record !== undefined) yield record
      }
    }
  }
}
