/**
 * Any number of line items into the recycle bin: a stream of ids in, one outcome per id out.
 *
 * Archiving twice is archiving once, so what is in doubt is done again as the retry policy allows. HubSpot's
 * answer has no body: ids that do not exist are passed over, and count as archived.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as Operations from "@effect-hubspot/http/Operations"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import * as Bulk from "../engine/Pipeline.ts"
import * as Record from "./Records.ts"
import type { Outcome } from "../model/Outcome.ts"
import type { Shape } from "../model/Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Options = Bulk.Options

type Input = typeof BatchRequest.IdInput.Type

/**
 * Archiving.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation: BatchOperation<Input, "Archived"> = {
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
    unattributed: []
  }),
  succeed: ({ index, source }, { id }) => ({ _tag: "Archived", source, index, id })
}

const shape = (jobId: string): Shape<string, Input> => ({
  jobId,
  toInput: (id) => Result.succeed({ id }),
  read: (given) => InputIssue.readFields(given, ["id"]),
  prepare: (given) => Record.prepared({ id: given.id }, InputIssue.ofRecord({ id: given.id })),
  unique: Record.unique
})

/**
 * Archives the line items of a stream of ids. Options out of range are defects.
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
export const outcomes =
  (options: Options = {}) =>
  <E, R>(
    inputs: Stream.Stream<string, E, R>
  ): Stream.Stream<Outcome<string, "Archived">, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const job = yield* Bulk.job(options)
        return Bulk.outcomes(inputs, job, shape(job.jobId), Bulk.final(yield* job.runner(operation)))
      })
    )
