/**
 * What a runner of batches works with: its options, the services of the context, and how it tells, writes and halts.
 *
 * It decides nothing: what is sent is for `Attempts`, what becomes of the inputs for `BatchRunner`.
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
import type { Event } from "./Event.ts"
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
  /** Completed once nothing more may be sent; batches that wait end as `NotSent` with its reason. */
  readonly halt: Deferred.Deferred<NotSentReason>
  /** Completed once nobody waits for answers any more; requests under way end as `InDoubt`. */
  readonly abandon: Deferred.Deferred<void>
  /** Asked right before a send; what nobody wants any more ends as `NotSent`. Default: all is wanted. */
  readonly isWanted?: ((index: number) => boolean) | undefined
  readonly policy: Retry.Policy
  /**
   * Whether a batch that was refused for its inputs is believed not to have been executed. Default true. If
   * not, what is not sent again after such a refusal is in doubt.
   */
  readonly trustRefusals?: boolean | undefined
  /** What all batches of the job together may send again. */
  readonly budget: RetryBudget.RetryBudget
  /** Runs the attempts at a batch, in as much company as there may be. Default: at once. */
  readonly limit?: (<A>(request: Effect.Effect<A>) => Effect.Effect<A>) | undefined
  /** Looks again at a batch that HubSpot had not finished. Without it, what is not accounted is in doubt. */
  readonly observe?:
    | ((batch: {
        readonly items: ReadonlyArray<Item<unknown, In>>
        readonly last: BatchResponse.BatchResponse
      }) => Effect.Effect<BatchResponse.BatchResponse, HubSpotError | BatchState.NotObservable>)
    | undefined
  /** When a batch that HubSpot has not finished is left to a later run, which follows it from the log. Default: never. */
  readonly leavesUnfinished?: Effect.Effect<unknown> | undefined
  readonly onEvent: (event: Event) => Effect.Effect<void>
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
  const halt = (reason: NotSentReason) => Deferred.succeed(options.halt, reason)
  /** What is not written down any more must not be sent any more. What was sent, was. */
  const unlogged = (written: Effect.Effect<void, AttemptLog.AttemptLogError>) =>
    Effect.catch(written, (error) => halt({ _tag: "Unlogged", error }))
  return {
    operation,
    options,
    client,
    limits: yield* RateLimits,
    fence,
    tell: (event: Event) =>
      Effect.suspend(() => options.onEvent(event)).pipe(
        Effect.catchDefect((defect) => Effect.logError("a defect in onEvent", defect))
      ),
    isWanted: (item: Item<unknown, In>) => options.isWanted?.(item.index) ?? true,
    halt,
    /** Writes down how an attempt ended. */
    end: (intent: Intent, how: AttemptLog.End) => unlogged(fence.end(intent, how)),
    /** Writes down that HubSpot has not finished a batch. */
    unfinished: (intent: Intent, seen: AttemptLog.Unfinished) => unlogged(fence.unfinished(intent, seen))
  }
})
