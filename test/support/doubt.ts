/**
 * Whole imports in virtual time whose answers get lost, and what HubSpot's ledger says of them.
 */
import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "./hubspot.ts"
import { join } from "./virtualTime.ts"

export type Input = BatchRequest.CreateInput

/** A property with unique values. */
export const key = "import_key"
export const good = (n: number): Input => ({ properties: { name: `Seat ${n}` } })

/** The same with a parent. */
export const ofDeal = (n: number, deal: string): Input => ({
  ...good(n),
  associations: [Association.make("deal", deal)]
})

export const some = (count: number) => Array.from({ length: count }, (_, n) => good(n))

export const rule = (
  fault: Faults.Fault,
  match: Faults.Match = { path: "*/batch/create", nth: 1 }
): Faults.Rule => ({ match, fault })
/** An answer that leaves open what happened. */
export const gateway = { kind: "status", status: 502, body: "html" } as const

export const hubspot = (rules: ReadonlyArray<Faults.Rule>, searchLag = 0) =>
  HubSpot.layer({ emulator: { faults: { rules }, uniqueProperties: [key], searchLag } })

export const run = (inputs: ReadonlyArray<Input>, options: BulkCreate.Options) =>
  Effect.gen(function* () {
    const job = yield* Stream.fromIterable(inputs).pipe(
      BulkCreate.outcomes({ jobId: "job", ...options }),
      Stream.runCollect,
      Effect.forkChild
    )
    const outcomes = yield* join(job)
    // What comes late has come.
    yield* TestClock.adjust("1000 seconds")
    const { created, requests } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
    return { outcomes, created, requests, counts: countBy(outcomes) }
  })

export const countBy = (outcomes: Iterable<Outcome.Outcome<unknown>>) => {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const tag =
      outcome._tag === "Created" ? `${outcome.via}${outcome.possibleDuplicate ? "?" : ""}` : outcome._tag
    counts[tag] = (counts[tag] ?? 0) + 1
  }
  return counts
}
