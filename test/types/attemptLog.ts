/*
 * What must not compile. Each of these would be a request that leaves without having been written down.
 */
import { BulkCreate, type JobStore, type Outcome } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Fence from "@effect-hubspot/batch/engine/Fence"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import type { HubSpotClient, Operations, RateLimits } from "@effect-hubspot/http"
import type { BatchRequest, BatchResponse } from "@effect-hubspot/schema"
import type { Effect, Scope, Stream } from "effect"

declare const fence: Fence.Fence
declare const operation: ReturnType<typeof Operations.batchCreate>
declare const attempt: AttemptLog.Attempt
declare const intent: Fence.Intent<BatchResponse.BatchResponse>

// @ts-expect-error an operation is no intent
export const sendsAnOperation = fence.send(operation)

// @ts-expect-error nor is an attempt
export const sendsAnAttempt = fence.send(attempt)

// @ts-expect-error nor is an object that looks like one
export const sendsALiteral = fence.send({ id: 1 })

// @ts-expect-error nor is a copy of one
export const sendsACopy = fence.send({ ...intent })

// @ts-expect-error nor is nothing
export const sendsNothing = fence.send({})

// @ts-expect-error the number of an attempt is not enough to end it
export const endsANumber = fence.end(1, { acceptance: "Accepted", outcomes: [] })

// @ts-expect-error an intent is had from the fence, by an effect that has written it down
export const sendsUnwritten = fence.send(fence.intend(operation, attempt))

/** And what must compile. */
export const sends: Effect.Effect<BatchResponse.BatchResponse, unknown> = fence.send(intent)
export const ends = fence.end(intent, { acceptance: "Accepted", outcomes: [] })

/*
 * A durable job has a log that survives the process: that of its store. There is no other way to give it one.
 */
type Client = HubSpotClient.HubSpotClient | RateLimits.RateLimits
type Input = BatchRequest.CreateInput

declare const client: HubSpotClient.HubSpotClient["Service"]
declare const claim: JobStore.Claim
declare const inputs: Stream.Stream<Input>
declare const jobsWithoutLog: Omit<JobStore.Service, "log">

type Run<R> = Effect.Effect<JobRunner.End, JobStore.JobStoreError, R | Client | Scope.Scope>

// @ts-expect-error a job cannot be run without its store, which has its log
// @effect-diagnostics-next-line missingEffectContext:off
export const runsWithoutLog: Run<never> = JobRunner.run(claim)

// @ts-expect-error a log beside it, such as one in memory, does not do
// @effect-diagnostics-next-line missingEffectContext:off
export const runsWithAnyLog: Run<AttemptLog.AttemptLog> = JobRunner.run(claim)

// @ts-expect-error a store of jobs without a log is none
export const storesWithoutLog: JobStore.Service = jobsWithoutLog

// @ts-expect-error a fence without a log is none
// @effect-diagnostics-next-line missingEffectContext:off
export const fencesWithoutLog: Effect.Effect<Fence.Fence> = Fence.make(client)

/** And what must compile: a job with its store, and what is over with its process without any. */
export const runs: Run<JobStore.JobStore> = JobRunner.run(claim)
export const creates: Stream.Stream<Outcome.Outcome<Input>, never, Client> = BulkCreate.outcomes()(inputs)
