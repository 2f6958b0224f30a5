/**
 * The options and services of a runner of batches, and how it reports, writes down and stops the job.
 *
 * It decides nothing: `Attempts` decides what is sent, `BatchRunner` what becomes of the inputs.
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import type * as Retry from "@effect-hubspot/http/Retry"
import type { BatchResponse } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as BatchState from "../model/BatchState.ts"
import type { NotSentReason, Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import type * as AttemptLog from "./AttemptLog.ts"
import type { BatchOperation } from "./BatchOperation.ts"
import * as Circuit from "./Circuit.ts"
import * as Event from "./Event.ts"
import * as FirstBatches from "./FirstBatches.ts"
import * as Fence from "./Fence.ts"
import type * as RetryBudget from "./RetryBudget.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<In> extends BatchState.Waits {
  readonly jobId: string
  /** The number of the run, where several can run the job one after the other. */
  readonly epoch?: number | undefined
  /** Completed once nothing more may be sent. Batches that wait end as `NotSent` with its reason. */
  readonly halt: Deferred.Deferred<NotSentReason>
  /** Completed once answers are not waited for any more. Requests under way end as `InDoubt`. */
  readonly abandon: Deferred.Deferred<void>
  /** Called right before a send: an input that is not wanted any more ends as `NotSent`. Default: every input is wanted. */
  readonly isWanted?: ((index: number) => boolean) | undefined
  readonly policy: Retry.Policy
  /**
   * Whether a batch that HubSpot refused for its inputs counts as not executed. Default true. If false, inputs that are not
   * sent again after such a refusal are in doubt.
   */
  readonly trustRefusals?: boolean | undefined
  /** How much all batches of the job together may send again. */
  readonly budget: RetryBudget.RetryBudget
  /** Lets writes through. Default: one of its own for the limiter of the context. */
  readonly circuit?: Circuit.Circuit | undefined
  /** Runs the attempts of a batch once there are few enough others under way. Default: at once. */
  readonly limit?: (<A>(request: Effect.Effect<A>) => Effect.Effect<A>) | undefined
  /** Looks again at a batch that HubSpot has not finished. Without it, inputs that the reply leaves open are in doubt. */
  readonly observe?:
    | ((batch: {
        readonly items: ReadonlyArray<Item<unknown, In>>
        readonly last: BatchResponse.BatchResponse
      }) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError | BatchState.NotObservable>)
    | undefined
  /** Done when a later run should follow the batches that HubSpot has not finished, from the log. Default: never. */
  readonly leavesUnfinished?: Effect.Effect<unknown> | undefined
  /** Stops the job if its first batches are all rejected for one cause. Default: it does not. */
  readonly firstBatches?: FirstBatches.FirstBatches | undefined
  readonly onEvent: Event.Listener
}

/** The intent to send a batch. */
export type Intent = Fence.Intent<BatchResponse.BatchResponse>

export type RunnerContext<In, S extends Success> = Effect.Success<ReturnType<typeof make<In, S>>>

export const make = Effect.fnUntraced(function* <In, S extends Success>(
  operation: BatchOperation<In, S>,
  options: Options<In>
) {
  const client = yield* HubSpotClient
  const fence = yield* Fence.make(client)
  const limits = yield* RateLimits
  const circuit = operation.writes
    ? (options.circuit ?? (yield* Circuit.make({ ...options, client, limits })))
    : Circuit.closed
  const halt = (reason: NotSentReason) => Deferred.succeed(options.halt, reason)
  /** Once the log cannot be written, nothing more may be sent. */
  const unlogged = (written: Effect.Effect<void, AttemptLog.AttemptLogError>) =>
    Effect.catch(written, (error) => halt({ _tag: "Unlogged", error }))
  return {
    operation,
    options,
    client,
    limits,
    circuit,
    fence,
    firstBatches: options.firstBatches ?? FirstBatches.none,
    report: Event.safe(options.onEvent),
    isWanted: (item: Item<unknown, In>) => options.isWanted?.(item.index) ?? true,
    halt,
    /** Writes down how an attempt ended. */
    end: (intent: Intent, how: AttemptLog.End) => unlogged(fence.end(intent, how)),
    /** Writes down that HubSpot has not finished a batch. */
    unfinished: (intent: Intent, seen: AttemptLog.Unfinished) => unlogged(fence.unfinished(intent, seen))
  }
})
