/**
 * What truly happened in the emulated account: every line item that was created and every request that
 * arrived. Entries are only added, and none is forgotten unless the emulator has a limit of what it keeps.
 *
 * A line item is entered at the moment of its commit, whatever answer the caller receives, if any. Requests of the admin
 * API are not in it. Requests that are refused for their token (401) are only counted: any program that reaches the
 * emulator can make them, and they change nothing.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as Schema from "effect/Schema"
import type * as Journal from "./Journal.ts"
import * as Quota from "./state/Quota.ts"
import * as Packed from "./state/Packed.ts"

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
 * One request. `at` is its arrival in epoch milliseconds. `status` is the status of the answer: 0 until it is decided, and
 * for ever if the body never arrived. `inputs` is the number of inputs in its body, null if it is unknown.
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
 * How many line items and requests are not kept any more, and how many requests were never kept, because they had no good
 * token.
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
 * The ledger at one moment, with requests in order of arrival. `forgotten` is absent if everything is kept.
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
  /** The line items that were created last. */
  readonly last: (count: number) => ReadonlyArray<Created>
  /** How many were created in all. */
  readonly total: () => number
}

/**
 * Keeps the last `keep` line items, by default all. Its requests are those of the journal.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (journal: Journal.Journal, keep: number = Infinity): Ledger => {
  const created = Packed.makeUnsafe<Created>()
  return {
    created: (lineItem) => {
      created.push(lineItem)
      if (created.size() > keep) created.forget()
    },
    last: created.last,
    total: () => created.forgotten() + created.size(),
    snapshot: () => {
      const forgotten = { created: created.forgotten(), ...journal.forgotten() }
      return {
        created: [...created.values()],
        requests: journal
          .requests()
          .map(({ arrivedAt: at, inputs, method, path, status }) => ({ at, method, path, status, inputs })),
        ...(Object.values(forgotten).some((count) => count > 0) && { forgotten })
      }
    }
  }
}

/**
 * The most requests in any half-open rolling window, without those answered with 429.
 *
 * Requests that were refused before the quota counted them (401, 403, 404) are included, so the number is never too low.
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
