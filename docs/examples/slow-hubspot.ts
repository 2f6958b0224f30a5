/**
 * For the examples beside this file: a local HubSpot that answers `PENDING`, works for a while, and gives a link to look at.
 */
import { BatchObserver } from "@effect-hubspot/batch"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Layer } from "effect"

/** How long a batch is in each status, in milliseconds. */
export const slowHubSpot = (asynchronous: {
  readonly pendingMillis: number
  readonly processingMillis: number
}) =>
  BatchObserver.layerLinks.pipe(Layer.provideMerge(Emulator.layerLineItems({ emulator: { asynchronous } })))
