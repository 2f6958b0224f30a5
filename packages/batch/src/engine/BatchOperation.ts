/**
 * An operation on a batch of line items: its request, what its reply says of each input, and the name of its success. The
 * runner of batches is the same for all operations.
 *
 * Only creates are not idempotent. Any other operation that is in doubt may simply be repeated.
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
  /** Whether two executions are the same as one. */
  readonly idempotent: boolean
  /** Whether it changes anything. A read leaves no doubt. */
  readonly writes: boolean
  /** Whether HubSpot's answer silently leaves out records that do not exist, so that another request is of no use. */
  readonly passesOver: boolean
  /** The request for valid inputs. */
  readonly request: (
    items: ReadonlyArray<Item<unknown, In>>
  ) => Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError>
  /** What the end of their batch says of each item. */
  readonly account: (items: ReadonlyArray<Item<unknown, In>>, end: BatchState.End) => Correlation.Account
  /** The properties that an input sets. */
  readonly propertiesOf: (input: In) => Readonly<Record<string, string>>
  readonly succeed: <I>(item: Item<I, In>, object: CrmObject.CrmObject) => Successes<I>[S]
}

/**
 * Create. `keyProperty` is the property that holds the key of every input, if there is one.
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
  propertiesOf: ({ properties }) => properties,
  succeed: (item, object) => created(item, object, "response")
})

/**
 * Create by upsert: an input whose key exists in HubSpot overwrites that line item. An upsert takes no associations;
 * `doubt/Associating` adds them.
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
  propertiesOf: ({ properties }) => properties,
  succeed: (item, object) => created(item, object, object["new"] === false ? "updated" : "response")
})

/** The outcome of an input, given by its item or its outcome, that exists as this record. */
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
