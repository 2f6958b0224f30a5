/**
 * Moves any number of line items into the recycle bin: a stream of ids in, one outcome per id out.
 *
 * Archiving twice is archiving once, so a doubt is sent again as the retry policy allows. HubSpot's reply has no
 * body: HubSpot ignores ids that do not exist, and they count as archived.
 *
 * @since 0.1.0
 */
import * as Operations from "@effect-hubspot/http/Operations"
import type { BatchRequest } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Records from "./Records.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Options = Bulk.Options

/**
 * Archiving.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation: BatchOperation<typeof BatchRequest.IdInput.Type, "Archived"> = {
  name: "batchArchive",
  idempotent: true,
  writes: true,
  passesOver: false,
  request: (items) =>
    Effect.map(Operations.batchArchive(items.map(({ input }) => input.id)), (request) => ({
      ...request,
      read: () => Option.some({ status: "COMPLETE", results: [] })
    })),
  account: (items) => ({
    verdicts: items.map(({ input }) => ({ _tag: "Done", object: { id: input.id } })),
    surplus: [],
    unattributed: [],
    unread: { ids: [], properties: [] }
  }),
  propertiesOf: () => ({}),
  succeed: ({ index, source }, { id }) => ({ _tag: "Archived", source, index, id })
}

/**
 * Archives the line items of a stream of ids. An option out of its range is a defect.
 *
 * **Example**
 *
 * ```ts
 * import { BulkArchive } from "@effect-hubspot/batch"
 * import { LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const lineItems = yield* LineItems.LineItems
 *   const { id } = yield* lineItems.create({ properties: { name: "Chair" } })
 *   const outcomes = yield* Stream.make(id, "not an id").pipe(BulkArchive.outcomes(), Stream.runCollect)
 *   return outcomes.map((outcome) => outcome._tag).sort()
 * })
 * await Effect.runPromise(Effect.provide(program, Emulator.layerLineItems())) // => ["Archived", "Invalid"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const outcomes = (options: Options = {}) => Records.outcomes(options, operation, Records.byId())
