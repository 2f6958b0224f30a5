import { BulkCreate } from "@effect-hubspot/batch"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Random, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"

const hubspot = (limit: number, latency: { readonly min: number; readonly max: number }) =>
  LineItems.layer({ limit }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-virtual"))),
    Layer.provideMerge(Emulator.layer({ limit, latency }))
  )

describe("the account's limit, as HubSpot's ledger saw it", () => {
  it.effect(
    "2,500 requests at 190 per 10 s with 20 to 400 ms of latency take 1.05 of the bound at most",
    () =>
      Effect.gen(function* () {
        const requests = 2500
        const batchSize = 4
        const rows = requests * batchSize
        const limit = 190
        const job = yield* Stream.range(1, rows).pipe(
          Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
          BulkCreate.outcomes({ batchSize }),
          Stream.runFold(
            () => 0,
            (created, outcome) => created + (outcome._tag === "Created" ? 1 : 0)
          ),

          Effect.zip(Clock.currentTimeMillis),
          Effect.forkChild
        )
        yield* TestClock.adjust("10 minutes")
        const [created, endedAt] = yield* Fiber.join(job)
        const { requests: seen } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

        assert.strictEqual(created, rows)
        assert.strictEqual(seen.length, requests)
        assert.isTrue(seen.every((request) => request.status === 201))
        assert.isAtMost(Ledger.worstWindow(seen), limit)
        const bound = Math.floor((requests - 1) / limit) * 10_000
        assert.isAtMost(endedAt, bound * 1.05)
      }).pipe(Effect.provide(hubspot(190, { min: 20, max: 400 })), Random.withSeed("windows"))
  )
})
