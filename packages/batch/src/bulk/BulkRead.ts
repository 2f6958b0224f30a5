/**
 * Reads any number of line items by id, or by the value of a property with unique values: a stream of ids in, one
 * outcome per id out. A record that does not exist is `Rejected`.
 *
 * Reading changes nothing, so an unanswered request is no doubt: it is sent again as the retry policy allows, and
 * its ids are `NotSent` in the end. `InDoubt` is an id that HubSpot's replies do not mention.
 *
 * @since 0.1.0
 */
import * as Operations from "@effect-hubspot/http/Operations"
import type { BatchRequest } from "@effect-hubspot/schema"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import * as Correlation from "../model/Correlation.ts"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Records from "./Records.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Bulk.Options {
  /** The names of the properties to read. Default: the few that HubSpot chooses. */
  readonly properties?: ReadonlyArray<string> | undefined
  /** A property with unique values. The stream then has its values instead of ids. */
  readonly idProperty?: string | undefined
  /** Reads archived records instead of the others. Default false. */
  readonly archived?: boolean | undefined
}

/**
 * Reading.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation = (
  options: Pick<Options, "properties" | "idProperty" | "archived"> = {}
): BatchOperation<typeof BatchRequest.IdInput.Type, "Found"> => {
  const { archived, idProperty, properties } = options
  // The property that identifies a record must be in the reply.
  const asked = idProperty === undefined ? properties : [...new Set([...(properties ?? []), idProperty])]
  return {
    name: "batchRead",
    idempotent: true,
    writes: false,
    passesOver: false,
    request: (items) =>
      Operations.batchRead(
        {
          inputs: items.map(({ input }) => input),
          ...(asked !== undefined && { properties: asked }),
          ...(idProperty !== undefined && { idProperty })
        },
        { ...(archived !== undefined && { archived }) }
      ),
    account: (items, end) =>
      Correlation.judge(
        items.map(({ input }) =>
          Records.nameOf({ ...input, ...(idProperty !== undefined && { idProperty }) })
        ),
        end
      ),
    propertiesOf: () => ({}),
    succeed: ({ index, source }, object) => ({ _tag: "Found", source, index, id: object.id, object })
  }
}

/**
 * Reads the line items of a stream of ids. An option out of its range is a defect.
 *
 * **Example**
 *
 * ```ts
 * import { BulkRead } from "@effect-hubspot/batch"
 * import { LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const lineItems = yield* LineItems.LineItems
 *   const { id } = yield* lineItems.create({ properties: { name: "Chair" } })
 *   const outcomes = yield* Stream.make(id, "404").pipe(
 *     BulkRead.outcomes({ properties: ["name"] }),
 *     Stream.runCollect
 *   )
 *   return outcomes.map((outcome) => (outcome._tag === "Found" ? outcome.object.properties?.name : outcome._tag)).sort()
 * })
 * await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems())) // => ["Chair", "Rejected"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const outcomes = (options: Options = {}) =>
  Records.outcomes(options, operation(options), Records.byId(options.idProperty))
