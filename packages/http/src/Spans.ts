/**
 * What a span says of a failure.
 *
 * An exporter writes the message of the error that a span ends with. HubSpot's own words are part of a `HubSpotError`'s
 * message, and they may name records and quote values. So the spans of this library end with the reason alone.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { HubSpotError } from "./HubSpotError.ts"
import * as Predicate from "effect/Predicate"

/**
 * Ends the current span, where an effect fails, with the reason of the failure: `error.type`, and `hubspot.acceptance` of
 * a `HubSpotError`. It goes inside the span. A span ends once, so the error itself does not reach the exporter.
 *
 * **Example**
 *
 * ```ts
 * import { LineItems, Spans } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect } from "effect"
 *
 * const send = Effect.fn("Orders.send")(function* (price: string) {
 *   const lineItems = yield* LineItems.LineItems
 *   return yield* lineItems.create({ properties: { name: "Chair", price } })
 * }, Spans.byReason)
 * const program = Effect.provide(Effect.flip(send("-1")), Emulator.layerLineItems())
 * const { reason } = await Effect.runPromise(program)
 * reason._tag // => "ValidationFailed"
 * ```
 *
 * @category recording
 * @since 0.1.0
 */
export const byReason = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapError(effect, (error) =>
    Effect.ignore(
      Effect.zipWith(Effect.currentSpan, Clock.currentTimeNanos, (span, now) => {
        const { acceptance, type } = reasonOf(error)
        span.attribute("error.type", type)
        if (acceptance !== undefined) span.attribute("hubspot.acceptance", acceptance)
        const message = acceptance === undefined ? type : `${type} (${acceptance})`
        span.end(now, Exit.fail({ name: type, message }))
      })
    )
  )

const reasonOf = (error: unknown): { readonly type: string; readonly acceptance?: string } => {
  if (error instanceof HubSpotError) return { type: error.reason._tag, acceptance: error.acceptance }
  return { type: Predicate.hasProperty(error, "_tag") ? String(error._tag) : "unknown" }
}
