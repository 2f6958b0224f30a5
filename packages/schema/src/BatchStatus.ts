/**
 * The four words HubSpot has for the state of a batch: `PENDING`, `PROCESSING`, `CANCELED`, `COMPLETE`.
 *
 * This module only names and orders them. `BatchState` of `@effect-hubspot/batch` says what each of them
 * means for the inputs of a batch.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @category schemas
 * @since 0.1.0
 */
export const BatchStatus = Schema.Literals(["PENDING", "PROCESSING", "CANCELED", "COMPLETE"])

/**
 * @category models
 * @since 0.1.0
 */
export type BatchStatus = typeof BatchStatus.Type

/**
 * The `status` of a reply: one of the four, or any other word. An unknown word must not make the whole
 * reply unreadable.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FromWire = Schema.Union([BatchStatus, Schema.String])

const known: Readonly<Record<string, BatchStatus>> = {
  PENDING: "PENDING",
  PROCESSING: "PROCESSING",
  CANCELED: "CANCELED",
  CANCELLED: "CANCELED",
  COMPLETE: "COMPLETE"
}

/**
 * Reads a status leniently: any case, and `CANCELLED` with two Ls. `undefined` for every other word.
 *
 * **Example**
 *
 * ```ts
 * import { BatchStatus } from "@effect-hubspot/schema"
 *
 * const read = ["COMPLETE", "cancelled", "DONE"].map(BatchStatus.fromString)
 * read // => ["COMPLETE", "CANCELED", undefined]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromString = (text: string): BatchStatus | undefined => {
  const word = text.trim().toUpperCase()
  return Object.hasOwn(known, word) ? known[word] : undefined
}

/**
 * Whether HubSpot will not change the batch any more: `CANCELED` and `COMPLETE`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isTerminal = (status: BatchStatus): boolean => status === "CANCELED" || status === "COMPLETE"

const order: Readonly<Record<BatchStatus, number>> = { COMPLETE: 0, PENDING: 1, PROCESSING: 2, CANCELED: 3 }

/**
 * The status of several batches taken together: the worst of them, from `COMPLETE` over `PENDING` and
 * `PROCESSING` to `CANCELED`. No batch at all is `COMPLETE`.
 *
 * @category combining
 * @since 0.1.0
 */
export const combine = (statuses: Iterable<BatchStatus>): BatchStatus => {
  let worst: BatchStatus = "COMPLETE"
  for (const status of statuses) if (order[status] > order[worst]) worst = status
  return worst
}
