import type { HubSpotClient, Operation } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
export class AttemptLogError extends Schema.TaggedError<AttemptLogError>()("AttemptLogError", {
  reason: Schema.Literals(["Unwritable", "Unreadable", "Fenced"])
}) {}
export interface Attempt {
  readonly jobId: string
  readonly operation: string
  readonly inputs: ReadonlyArray<number>
  readonly epoch?: number
}
export interface Intent<A> {
  readonly op: Operation<A>
}
export interface End {
  readonly acceptance: "Accepted" | "NotAccepted" | "InDoubt"
  readonly reason?: string
  readonly outcomes: ReadonlyArray<unknown>
}
export const fence = (client: HubSpotClient["Service"]) =>
  Effect.succeed({
    intend: <A>(op: Operation<A>, _attempt: Attempt): Effect.Effect<Intent<A>, AttemptLogError> =>
      Effect.succeed({ op }),
    send: <A>(intent: Intent<A>): Effect.Effect<A, HubSpotError> => client.execute(intent.op),
    end: (_intent: Intent<unknown>, _end: End): Effect.Effect<void, AttemptLogError> => Effect.void
  })
