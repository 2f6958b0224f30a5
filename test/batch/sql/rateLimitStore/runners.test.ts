import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Random, Redacted } from "effect"
import { schema } from "../../../support/postgres.ts"

const limit = 190

describe("runners that share an account on PostgreSQL", () => {
  // Its clock is the server's, so the time is real.
  it.live("together stay below the limit, and none gets less than a third of its part", () =>
    Effect.gen(function* () {
      const connect = yield* schema
      const emulator = yield* Emulator.Emulator
      let begun = 0
      const runner = (name: string, account: string, concurrency: number) =>
        Effect.gen(function* () {
          const context = yield* Layer.build(
            Layer.fresh(LineItems.layerStore({ limit, account })).pipe(
              Layer.provide(Layer.provide(SqlRateLimitStore.layer, connect())),
              Layer.provide(Credentials.layer(Redacted.make("pat-eu1-runners")))
            )
          )
          return Context.get(context, LineItems.LineItems)
            .create({ properties: { name } })
            .pipe(
              Effect.tap(() => Effect.sync(() => begun++)),
              // More than one window lets through.
              Effect.repeat({ until: () => begun >= 1.5 * limit }),
              Effect.replicateEffect(concurrency, { concurrency: "unbounded" })
            )
        })
      const runners = yield* Effect.all([runner("a", "1", 32), runner("b", "1", 8), runner("c", "1", 8)])
      yield* Effect.all(runners, { concurrency: "unbounded" })
      const { created, requests } = yield* emulator.ledger
      assert.isAtLeast(requests.length, 1.5 * limit)
      assert.isAtMost(Ledger.worstWindow(requests), limit)
      for (const name of ["a", "b", "c"]) {
        const own = created.filter(({ properties }) => properties["name"] === name).length
        assert.isAtLeast(own, (0.3 * created.length) / 3, name)
      }
    }).pipe(
      Effect.provide(Emulator.layer({ limit: 1000, latency: { min: 20, max: 100 } })),
      Random.withSeed("runners"),
      Effect.scoped
    )
  )
})
