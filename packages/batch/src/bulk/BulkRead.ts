/**
 * Any number of line items by id, or by the value of a property with unique values: a stream of ids in, one
 * outcome per id out. What does not exist is `Rejected`.
 *
 * Reading changes nothing, so there is no doubt about it: what was not answered is asked again as the retry
 * policy allows, and is `NotSent` in the end. `InDoubt` is an id that HubSpot's answers do not mention.
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
export interface Options extends Bulk.Options {
  /** Properties by name. Default: HubSpot's few. */
  readonly properties?: ReadonlyArray<string> | undefined
  /** A property with unique values whose values are given instead of ids. */
  readonly idProperty?: string | undefined
  /** Archived records instead of the others. Default false. */
  readonly archived?: boolean | undefined
}

type Input = typeof BatchRequest.IdInput.Type

/**
 * Reading.
 *
 * @category operations
 * @since 0.1.0
 */
export const operation = (
  options: Pick<Options, "properties" | "idProperty" | "archived"> = {}
): BatchOperation<Input, "Found"> => {
  const { archived, idProperty, properties } = options
  // What a record is recognised by has to be in the answer.
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
          Record.nameOf({ ...input, ...(idProperty !== undefined && { idProperty }) })
        ),
        end
      ),
    succeed: ({ index, source }, object) => ({ _tag: "Found", source, index, id: object.id, object })
  }
}

const shape = (jobId: string, idProperty: string | undefined): Shape<string, Input> => {
  const named = (id: string) => ({ id, ...(idProperty !== undefined && { idProperty }) })
  return {
    jobId,
    toInput: (id) => Result.succeed({ id }),
    read: (given) => InputIssue.readFields(given, ["id"]),
    prepare: ({ id }) => Record.prepared({ id }, InputIssue.ofRecord(named(id))),
    unique: Record.unique
  }
}

/**
 * Reads the line items of a stream of ids. Options out of range are defects.
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
export const outcomes =
  (options: Options = {}) =>
  <E, R>(
    ids: Stream.Stream<string, E, R>
  ): Stream.Stream<Outcome<string, "Found">, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const job = yield* Bulk.job(options)
        const runner = yield* job.runner(operation(options))
        return Bulk.outcomes(ids, job, shape(job.jobId, options.idProperty), Bulk.final(runner))
      })
    )
