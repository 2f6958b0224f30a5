/**
 * Batches of an emulator that is told how to behave.
 */
import type * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Effect from "effect/Effect"
import { post, root } from "./api.ts"

export const createdCount = Effect.flatMap(Emulator.Emulator, (emulator) =>
  Effect.map(emulator.ledger, ({ created }) => created.length)
)

/** Each input with a trace id: t0, t1, … */
export const batch = (
  all: ReadonlyArray<{ readonly associations?: ReadonlyArray<object> } & Record<string, unknown>>,
  path = root
) =>
  post(`${path}/batch/create`, {
    inputs: all.map(({ associations = [], ...properties }, n) => ({
      properties,
      associations,
      objectWriteTraceId: `t${n}`
    }))
  })

export const untraced = (all: ReadonlyArray<object>) =>
  post(`${root}/batch/create`, { inputs: all.map((properties) => ({ properties })) })

export const withBehaviour = (behaviour: Behaviour.Given, options: Emulator.Options = {}) =>
  Effect.provide(Emulator.layer({ behaviour, ...options }))
