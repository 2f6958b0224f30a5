/*
 * What must not compile. Each of these would be a request that leaves without having been written down.
 */
import type { AttemptLog } from "@effect-hubspot/batch"
import type { Operations } from "@effect-hubspot/http"
import type { BatchResponse } from "@effect-hubspot/schema"
import type { Effect } from "effect"

declare const fence: AttemptLog.Fence
declare const operation: ReturnType<typeof Operations.batchCreate>
declare const attempt: AttemptLog.Attempt
declare const intent: AttemptLog.Intent<BatchResponse.BatchResponse>

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
