/**
 * Events of a job, for progress and reports.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Effect from "effect/Effect"

/**
 * `Requested`: a request with inputs ended after `millis`, with an answer or without. `Asked`: another request was made, to
 * look for inputs or to associate them. `Surplus` and `Unattributed`: HubSpot answered with records or errors that fit no
 * input. `Unanswered`: HubSpot answered a write ambiguously or not at all, for the `count`th time since it accepted one; `most` of
 * them suspend the job. `Waiting`: inputs wait for at least `millis`: until HubSpot answers before they are sent, or before
 * they are looked for, because HubSpot has not finished them, they are in doubt, or their rejection is to be verified; or
 * before records that they name, and that a search did not find, are searched again.
 *
 * @category models
 * @since 0.1.0
 */
export type Event =
  | {
      readonly _tag: "Requested"
      readonly inputs: number
      readonly millis: number
      readonly error?: HubSpotError
    }
  | { readonly _tag: "Asked"; readonly operation: string }
  | { readonly _tag: "Surplus"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "Unattributed"; readonly messages: ReadonlyArray<string> }
  | {
      readonly _tag: "Unanswered"
      readonly count: number
      readonly most: number
      readonly error: HubSpotError
    }
  | {
      readonly _tag: "Waiting"
      readonly inputs: number
      readonly millis: number
      readonly why: "unanswered" | "unfinished" | "doubt" | "verification" | "search"
    }

/** A function that receives events. */
export type Listener = (event: Event) => Effect.Effect<void>

/** A client whose requests are reported as `Asked`. */
export const reporting = (client: HubSpotClient["Service"], report: Listener): HubSpotClient["Service"] => ({
  ...client,
  execute: (operation) =>
    Effect.ensuring(client.execute(operation), report({ _tag: "Asked", operation: operation.name }))
})

/** The listener, without its defects: a listener that throws must not cost an outcome. */
export const safe =
  (listener: Listener): Listener =>
  (event) =>
    Effect.catchDefect(
      Effect.suspend(() => listener(event)),
      (defect) => Effect.logError("a defect in onEvent", defect)
    )
