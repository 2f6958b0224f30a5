/**
 * What truly happened in the emulated account: every line item that was created and every request that
 * arrived. It is only ever added to.
 *
 * A line item is written at the moment of its commit, whatever the caller was told or did not live to
 * hear. Requests of the admin API are not in it.
 *
 * @since 0.1.0
 */
import { Association } from "@effect-hubspot/schema"
import * as Schema from "effect/Schema"
import * as Quota from "./Quota.ts"

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
 * The ledger as it stood at one moment; requests in order of arrival.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Snapshot = Schema.Struct({
  created: Schema.Array(Created),
  requests: Schema.Array(Request)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Snapshot = typeof Snapshot.Type

/**
 * The entry of a request that is being answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenRequest extends Omit<Request, "status" | "inputs"> {
  status: number
  inputs: number | null
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  readonly arrived: (at: number, method: string, path: string) => OpenRequest
  readonly created: (lineItem: Created) => void
  readonly snapshot: () => Snapshot
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (): Ledger => {
  const created: Array<Created> = []
  const requests: Array<OpenRequest> = []
  return {
    arrived: (at, method, path) => {
      const request = { at, method, path, status: 0, inputs: null }
      requests.push(request)
      return request
    },
    created: (lineItem) => void created.push(lineItem),
    snapshot: () => ({ created: created.slice(), requests: requests.map((request) => ({ ...request })) })
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
