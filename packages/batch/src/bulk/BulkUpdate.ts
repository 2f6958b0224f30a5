/**
 * Any number of updates: a stream of `{ id, properties }` in, one outcome per input out.
 *
 * HubSpot leaves ids that do not exist out of its answer without a word, so such an input is `InDoubt`
 * (`missing`). Updating twice with the same values is updating once, so what is in doubt is done again as the retry
 * policy allows; a change that somebody made in between is overwritten. Two inputs for the same record are
 * a contradiction, since batches run at once: the second is `Invalid`.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as Operations from "@effect-hubspot/http/Operations"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import * as Correlation from "../model/Correlation.ts"
import * as Bulk from "../engine/Pipeline.ts"
import * as Record from "./Records.ts"
import type { Outcome } from "../model/Outcome.ts"
import type { Shape } from "../model/Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Options = Bulk.Options

type Input = BatchRequest.UpdateInput

/**
 * Updating.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation: BatchOperation<Input, "Updated"> = {
  name: "batchUpdate",
  idempotent: true,
  writes: true,
  passesOver: true,
  request: (items) => Operations.batchUpdate({ inputs: items.map(({ input }) => input) }),
  account: (items, end) => Correlation.judge(items.map(Record.identityOf), end),
  succeed: ({ index, objectWriteTraceId, source }, object) => ({
    _tag: "Updated",
    source,
    index,
    objectWriteTraceId,
    id: object.id,
    object
  })
}

const shape = (jobId: string): Shape<Input, Input> => ({
  jobId,
  toInput: Result.succeed,
  read: (given) => InputIssue.readFields(given, ["id", "idProperty", "properties", "objectWriteTraceId"]),
  prepare: (given, { objectWriteTraceId }) =>
    Record.prepared({ ...given, objectWriteTraceId }, [
      ...InputIssue.ofRecord(given),
      ...InputIssue.ofProperties(given.properties),
      ...InputIssue.ofTraceId(given.objectWriteTraceId)
    ]),
  unique: Record.unique
})

/**
 * Updates the line items of a stream. Options out of range are defects.
 *
 * **Example**
 *
 * ```ts
 * import { BulkUpdate } from "@effect-hubspot/batch"
 * import { LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const lineItems = yield* LineItems.LineItems
 *   const { id } = yield* lineItems.create({ properties: { name: "Chair", price: "19.90" } })
 *   const outcomes = yield* Stream.make(
 *     { id, properties: { price: "17.90" } },
 *     { id: "404", properties: { price: "17.90" } }
 *   ).pipe(BulkUpdate.outcomes(), Stream.runCollect)
 *   return outcomes.map((outcome) => outcome._tag).sort()
 * })
 * await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems())) // => ["InDoubt", "Updated"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const outcomes =
  (options: Options = {}) =>
  <E, R>(
    inputs: Stream.Stream<Input, E, R>
  ): Stream.Stream<Outcome<Input, "Updated">, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const job = yield* Bulk.job(options)
        return Bulk.outcomes(inputs, job, shape(job.jobId), Bulk.final(yield* job.runner(operation)))
      })
    )
