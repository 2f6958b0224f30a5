/**
 * What truly happened in the emulated account: every line item that was created and every request that
 * arrived. It is only ever added to, and forgets nothing unless it is told how many to keep.
 *
 * A line item is written at the moment of its commit, whatever the caller was told or did not live to
 * hear. Requests of the admin API are not in it. Those that are refused for their token (401) are counted only: anybody
 * who reaches the emulator can make them, and nothing comes of them.
 *
 * @since 0.1.0
 */
import { Association } from "@effect-hubspot/schema"
import * as Schema from "effect/Schema"
import type * as Journal from "./Journal.ts"
import * as Quota from "./state/Quota.ts"
import * as Recent from "./state/Recent.ts"

/**
 * One created line item. `objectWriteTraceId` is null when its input had none; `createdAt` is ISO 8601.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Created = Schema.Struct({
  id: Schema.String,
  objectWriteTraceId: Schema.NullOr(Schema.String),
  properties: Schema.Record(Schema.String, Schema.String),
  associations: Schema.Array(Association.Association),
  createdAt: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type Created = typeof Created.Type

/**
 * One request. `at` is its arrival in epoch milliseconds, `status` what was answered (0 until that is
 * decided, and for ever if the body never arrived), `inputs` how many inputs its body has (null when
 * that cannot be told, or nobody looked).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Request = Schema.Struct({
  at: Schema.Finite,
  method: Schema.String,
  path: Schema.String,
  status: Schema.Int,
  inputs: Schema.NullOr(Schema.Int)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Request = typeof Request.Type

/**
 * How many line items and requests were there once and are not kept, and how many requests never were, having no good
 * token; it is there when there is one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Forgotten = Schema.Struct({
  created: Schema.Int,
  requests: Schema.Int,
  unauthorized: Schema.Int
})

/**
 * The ledger as it stood at one moment; requests in order of arrival.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Snapshot = Schema.Struct({
  created: Schema.Array(Created),
  requests: Schema.Array(Request),
  forgotten: Schema.optionalKey(Forgotten)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Snapshot = typeof Snapshot.Type

/**
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  readonly created: (lineItem: Created) => void
  readonly snapshot: () => Snapshot
}

/**
 * Keeps the last `keep` line items, by default all. Its requests are those of the journal.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (journal: Journal.Journal, keep?: number): Ledger => {
  const created = Recent.makeUnsafe<Created>(keep)
  return {
    created: created.push,
    snapshot: () => {
      const forgotten = { created: created.forgotten(), ...journal.forgotten() }
      return {
        created: created.toArray(),
        requests: journal
          .requests()
          .map(({ arrivedAt: at, inputs, method, path, status }) => ({ at, method, path, status, inputs })),
        ...(Object.values(forgotten).some((count) => count > 0) && { forgotten })
      }
    }
  }
}

/**
 * The most requests that any half-open rolling window holds, those answered with 429 left out.
 *
 * Requests that were refused before the quota looked at them (401, 403, 404) are counted here, so the
 * figure is never too low.
 *
 * **Example**
 *
 * ```ts
 * import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
 *
 * const request = { method: "POST", path: "/", status: 201, inputs: 1 }
 * const worst = Ledger.worstWindow([0, 9_999, 10_000].map((at) => ({ ...request, at })))
 * worst // => 2
 * ```
 *
 * @category measuring
 * @since 0.1.0
 */
export const worstWindow = (
  requests: ReadonlyArray<Request>,
  windowMillis: number = Quota.windowMillis
): number => {
  const counted = requests.flatMap(({ at, status }) => (status === 429 ? [] : [at])).sort((a, b) => a - b)
  let worst = 0
  let first = 0
  for (let last = 0; last < counted.length; last++) {
    while (counted[first]! + windowMillis <= counted[last]!) first++
    worst = Math.max(worst, last - first + 1)
  }
  return worst
}
