/**
 * The record of every request: when it arrived, was decided and was answered, which fault struck it, and its
 * correlation id.
 *
 * The ledger says what is true; the journal says why. It holds no header and no body, so no token, and like the ledger no
 * request without a good token.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Recent from "./state/Recent.ts"

/**
 * One request. Times are in epoch milliseconds, and null for what has not happened or never will.
 *
 * `answeredAt` is when the answer began, or when the connection was broken instead. `decided` is the true status of the
 * request, null if a fault prevented the decision. `status` is the one that was sent, 0 for none. `fault` is the rule that
 * struck: its number in the plan from 0, its name and its place.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Struct({
  correlationId: Schema.String,
  method: Schema.String,
  path: Schema.String,
  inputs: Schema.NullOr(Schema.Int),
  arrivedAt: Schema.Finite,
  decidedAt: Schema.NullOr(Schema.Finite),
  answeredAt: Schema.NullOr(Schema.Finite),
  decided: Schema.NullOr(Schema.Int),
  status: Schema.Int,
  fault: Schema.NullOr(
    Schema.Struct({
      rule: Schema.Int,
      name: Schema.NullOr(Schema.String),
      place: Schema.String,
      reply: Schema.NullOr(Schema.String)
    })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export type Entry = typeof Entry.Type

/**
 * The requests in order of arrival. `forgotten` counts those that are not kept, and is absent if all are.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Snapshot = Schema.Struct({
  requests: Schema.Array(Entry),
  forgotten: Schema.optionalKey(Schema.Struct({ requests: Schema.Int, unauthorized: Schema.Int }))
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
export type Open = { -readonly [Field in keyof Entry]: Entry[Field] }

type Arrival = Pick<Entry, "arrivedAt" | "correlationId" | "method" | "path">

/**
 * @category models
 * @since 0.1.0
 */
export interface Journal {
  readonly arrived: (entry: Arrival) => Open
  /** A request without a good token: it is counted, and its entry is not kept. */
  readonly refused: (entry: Arrival) => Open
  /** The entries that are kept, as they are: those of open requests still change. */
  readonly requests: () => ReadonlyArray<Entry>
  /** The last of them. */
  readonly last: (count: number) => ReadonlyArray<Entry>
  /** How many are kept. */
  readonly size: () => number
  readonly forgotten: () => NonNullable<Snapshot["forgotten"]>
}

/**
 * A copy of what is kept now.
 *
 * @category reading
 * @since 0.1.0
 */
export const snapshot = (journal: Journal): Snapshot => {
  const forgotten = journal.forgotten()
  return {
    requests: journal.requests().map((request) => ({ ...request })),
    ...(forgotten.requests + forgotten.unauthorized > 0 && { forgotten })
  }
}

/**
 * Keeps the last `keep` requests, by default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (keep?: number): Journal => {
  const requests = Recent.makeUnsafe<Open>(keep)
  let unauthorized = 0
  const open = (entry: Arrival): Open => ({
    ...entry,
    inputs: null,
    decidedAt: null,
    answeredAt: null,
    decided: null,
    status: 0,
    fault: null
  })
  return {
    arrived: (entry) => {
      const one = open(entry)
      requests.push(one)
      return one
    },
    refused: (entry) => {
      unauthorized++
      return open(entry)
    },
    requests: requests.toArray,
    last: requests.last,
    size: requests.size,
    forgotten: () => ({ requests: requests.forgotten(), unauthorized })
  }
}
