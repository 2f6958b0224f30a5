import { BulkCreate } from "@effect-hubspot/batch"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Random, Redacted, Schedule, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

describe("an account that is shared", () => {
  it.effect(
    "beside another app that eats a third of the window it keeps off 429s and loses little time",
    () =>
      Effect.gen(function* () {
        const http = yield* HttpClient.HttpClient
        // 63 of 190 requests in each ten seconds are somebody else's.
        const two = { inputs: [{ properties: { name: "a" } }, { properties: { name: "b" } }] }
        const other = yield* HttpClientRequest.post(
          "https://api.hubapi.com/crm/v3/objects/line_items/batch/create"
        ).pipe(
          HttpClientRequest.bearerToken("pat-eu1-somebody-else"),
          HttpClientRequest.bodyJsonUnsafe(two),
          http.execute,
          Effect.repeat(Schedule.spaced(10_000 / 63)),
          Effect.forkChild
        )
        const refused: Array<number> = []
        const batches = 1000
        const job = yield* Stream.range(1, batches).pipe(
          Stream.map((n) => ({ properties: { name: `Seat ${n}` } })),
          BulkCreate.outcomes({
            batchSize: 1,
            onEvent: (event) =>
              Effect.sync(() => {
                if (event._tag === "Requested" && event.error?.reason._tag === "RateLimited") refused.push(1)
              })
          }),
          Stream.runFold(
            () => 0,
            (sum, outcome) => sum + (outcome._tag === "Created" ? 1 : 0)
          ),
          Effect.forkChild
        )
        yield* TestClock.adjust("10 minutes")
        yield* Fiber.interrupt(other)
        assert.strictEqual(yield* Fiber.join(job), batches)
        const { requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
        const mine = requests.filter((request) => request.inputs === 1)
        const millis = mine.at(-1)!.at - mine[0]!.at
        const bound = (batches / (190 - 63)) * 10_000
        assert.isBelow(refused.length, batches / 100)
        assert.isAtMost(millis, bound * 1.1)
      }).pipe(
        Effect.provide(
          LineItems.layer({ limit: 190 }).pipe(
            Layer.provide(Credentials.layer(Redacted.make("pat-eu1-ours"))),
            Layer.provideMerge(Emulator.layer({ limit: 190, latency: { min: 20, max: 400 } }))
          )
        ),
        Random.withSeed("shared")
      )
  )
})
