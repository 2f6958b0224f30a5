/**
 * Upserts any number of line items: a stream of `{ id, idProperty, properties, associations? }` in, one outcome per
 * input out. HubSpot updates the record whose `idProperty` has the value `id`, or creates one.
 *
 * An upsert takes no associations, so those follow in a request of their own. Both requests may be repeated, so a doubt
 * is sent again as the retry policy allows; the last write wins. Upserting is as safe as the values of the property are
 * unique: prove that with `KeyProperty.prove`.
 *
 * @since 0.1.0
 */
import * as Operations from "@effect-hubspot/http/Operations"
import { type Association, type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import * as Correlation from "../model/Correlation.ts"
import * as Associating from "../doubt/Associating.ts"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Records from "./Records.ts"
import type { Shape } from "../model/Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Options = Bulk.Options

/**
 * An upsert, and the records that the line item belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input extends BatchRequest.UpsertInput {
  readonly associations?: ReadonlyArray<Association.Association>
}

/**
 * Upserting, without the associations.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation: BatchOperation<Input, "Upserted"> = {
  name: "batchUpsert",
  idempotent: true,
  writes: true,
  passesOver: false,
  request: (items) =>
    Operations.batchUpsert({
      inputs: items.map(({ input: { id, idProperty, properties }, objectWriteTraceId }) => ({
        id,
        idProperty,
        properties,
        objectWriteTraceId
      }))
    }),
  account: (items, end) => Correlation.judge(items.map(Records.identityOf), end),
  propertiesOf: ({ properties }) => properties,
  succeed: ({ index, objectWriteTraceId, source }, object) => ({
    _tag: "Upserted",
    source,
    index,
    objectWriteTraceId,
    id: object.id,
    object,
    created: typeof object.new === "boolean" ? object.new : undefined
  })
}

const shape = <I>(jobId: string): Shape<I, Input> => ({
  jobId,
  toInput: Result.succeed,
  read: (given) =>
    Result.flatMap(
      InputIssue.readFields(given, ["id", "idProperty", "properties", "associations", "objectWriteTraceId"]),
      ({ idProperty, ...rest }) =>
        idProperty === undefined
          ? Result.fail([
              {
                path: "idProperty",
                message: "expected text, got nothing",
                advice: "name the property with unique values that id is the value of"
              }
            ])
          : Result.succeed({ ...rest, idProperty })
    ),
  prepare: (given, { objectWriteTraceId }) =>
    Records.prepared({ ...given, objectWriteTraceId }, [
      ...InputIssue.ofRecord(given),
      ...InputIssue.ofProperties(given.properties),
      ...InputIssue.ofAssociations(given.associations ?? []),
      ...Associating.issuesOf(given.associations),
      ...InputIssue.ofTraceId(given.objectWriteTraceId)
    ]),
  unique: Records.unique
})

/**
 * Upserts the line items of a stream. An option out of its range is a defect.
 *
 * **Example**
 *
 * ```ts
 * import { BulkUpsert } from "@effect-hubspot/batch"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Association } from "@effect-hubspot/schema"
 * import { Effect, Stream } from "effect"
 *
 * const input = (id: string, price: string) => ({
 *   id,
 *   idProperty: "import_key",
 *   properties: { name: `Chair ${id}`, price },
 *   associations: [Association.make("deal", "4711")]
 * })
 * const program = Effect.gen(function* () {
 *   yield* Stream.make(input("A", "10")).pipe(BulkUpsert.outcomes(), Stream.runDrain)
 *   const outcomes = yield* Stream.make(input("A", "12"), input("B", "7")).pipe(BulkUpsert.outcomes(), Stream.runCollect)
 *   return outcomes.map((outcome) => outcome._tag === "Upserted" && outcome.created)
 * })
 * const hubspot = Emulator.layerLineItems({ emulator: { uniqueProperties: ["import_key"] } })
 * const created = await Effect.runPromise(Effect.provide(program, hubspot))
 * created.sort() // => [false, true]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const outcomes =
  (options: Options = {}) =>
  <I extends BatchRequest.Given<Input>, E, R>(inputs: Stream.Stream<I, E, R>) =>
    Records.outcomes(options, operation, shape<I>, (runner, job) => ({
      ...runner,
      workOf: ({ item, outcome }) =>
        outcome._tag === "Upserted" && Associating.isDue(item.input) ? "association" : undefined,
      resolve: (open) => Associating.complete(job.services, open, Deferred.await(job.abandon))
    }))(inputs)
