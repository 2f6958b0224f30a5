/**
 * What is done to a batch of line items: the request, how its reply is accounted, and what success is
 * called. The runner of batches is the same for all of them.
 *
 * Only creates are not idempotent; whatever else is in doubt may simply be done again.
 *
 * @since 0.1.0
 */
import type { Operation } from "@effect-hubspot/http/Operation"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import type { BatchResponse, CrmObject } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import type * as BatchState from "../model/BatchState.ts"
import * as Correlation from "../model/Correlation.ts"
import type { Created, Success, Successes } from "../model/Outcome.ts"
import type { Item, TracedInput } from "../model/Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchOperation<In, S extends Success> {
  /** Its name in spans, metrics and logs, such as `batchCreate`. */
  readonly name: string
  /** Whether doing it twice is the same as doing it once. */
  readonly idempotent: boolean
  /** Whether it changes anything: what only reads leaves no doubt behind. */
  readonly writes: boolean
  /** Whether HubSpot leaves out of its answer, without a word, what does not exist; asking again is no use. */
  readonly passesOver: boolean
  /** The request for inputs that are right in themselves. */
  readonly request: (
    items: ReadonlyArray<Item<unknown, In>>
  ) => Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError>
  /** What the end of their batch says of each of them. */
  readonly account: (items: ReadonlyArray<Item<unknown, In>>, end: BatchState.End) => Correlation.Account
  readonly succeed: <I>(item: Item<I, In>, object: CrmObject.CrmObject) => Successes<I>[S]
}

/**
 * Creating. `keyProperty` is where every input has its key, if there is such a property.
 *
 * @category operations
 * @since 0.1.0
 */
export const create = (keyProperty?: string | undefined): BatchOperation<TracedInput, "Created"> => ({
  name: "batchCreate",
  idempotent: false,
  writes: true,
  passesOver: false,
  request: (items) => Effect.succeed(Operations.batchCreate({ inputs: items.map(({ input }) => input) })),
  account: (items, end) =>
    Correlation.correlate(
      items.map(({ input }) => input),
      end,
      keyProperty
    ),
  succeed: (item, object) => created(item, object, "response")
})

/**
 * Creating by upsert: an input whose key HubSpot has already overwrites that line item. It takes no
 * associations; those are for later.
 *
 * @category operations
 * @since 0.1.0
 */
export const createByUpsert = (keyProperty: string): BatchOperation<TracedInput, "Created"> => ({
  name: "batchUpsert",
  idempotent: true,
  writes: true,
  passesOver: false,
  request: (items) =>
    Operations.batchUpsert({
      inputs: items.map(({ input, key, objectWriteTraceId }) => ({
        id: key ?? "",
        idProperty: keyProperty,
        properties: input.properties,
        objectWriteTraceId
      }))
    }),
  account: (items, end) =>
    Correlation.judge(
      items.map(({ input: { properties }, key, objectWriteTraceId }) => ({
        objectWriteTraceId,
        properties,
        key: { property: keyProperty, value: key ?? "" }
      })),
      end
    ),
  succeed: (item, object) => created(item, object, object["new"] === false ? "updated" : "response")
})

/** An input, by its item or its outcome, that is there as this record. */
export const created = <I>(
  { index, objectWriteTraceId, source }: Pick<Created<I>, "source" | "index" | "objectWriteTraceId">,
  object: CrmObject.CrmObject,
  via: Created<I>["via"]
): Created<I> => ({
  _tag: "Created",
  source,
  index,
  objectWriteTraceId,
  id: object.id,
  object,
  via,
  possibleDuplicate: false
})
