/**
 * Updates any number of line items: a stream of `{ id, properties }` in, one outcome per input out.
 *
 * HubSpot's reply does not mention ids that do not exist, so such an input is `InDoubt` (`missing`). Updating twice with
 * the same values is updating once, so a doubt is sent again as the retry policy allows; that overwrites a change that
 * another program made in between. Batches run at once, so two inputs for the same record contradict each other: the
 * second is `Invalid`.
 *
 * @since 0.1.0
 */
import * as Operations from "@effect-hubspot/http/Operations"
import { type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import * as Correlation from "../model/Correlation.ts"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Records from "./Records.ts"
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
  account: (items, end) => Correlation.judge(items.map(Records.identityOf), end),
  propertiesOf: ({ properties }) => properties,
  succeed: ({ index, objectWriteTraceId, source }, object) => ({
    _tag: "Updated",
    source,
    index,
    objectWriteTraceId,
    id: object.id,
    object
  })
}

const shape = <I>(jobId: string): Shape<I, Input> => ({
  jobId,
  toInput: Result.succeed,
  read: (given) => InputIssue.readFields(given, ["id", "idProperty", "properties", "objectWriteTraceId"]),
  prepare: (given, { objectWriteTraceId }) =>
    Records.prepared({ ...given, objectWriteTraceId }, [
      ...InputIssue.ofRecord(given),
      ...InputIssue.ofProperties(given.properties),
      ...InputIssue.ofTraceId(given.objectWriteTraceId)
    ]),
  unique: Records.unique
})

/**
 * Updates the line items of a stream. An option out of its range is a defect.
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
  <I extends BatchRequest.Given<Input>, E, R>(inputs: Stream.Stream<I, E, R>) =>
    Records.outcomes(options, operation, shape<I>)(inputs)
