import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
import { HubSpotError, RateLimits } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { opened, suite } from "./suite.ts"

const newFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "line-items-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  ),
  (path) => join(path, "jobs.db")
)

const on = (file: string) => Layer.provideMerge(SqlRateLimitStore.layer, Database.layerSqlite({ file }))

suite(
  "the limiter's slots on SQLite",
  Effect.map(newFile, (file) => ({ open: opened(on(file)), pass: TestClock.adjust }))
)

/** A process that takes a number of slots and prints when, by the machine's monotonic clock. */
const taker = (file: string) =>
  Effect.callback<ReadonlyArray<number>, string>((resume) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "taker.ts"), file])
    let out = ""
    let errors = ""
    child.stdout.on("data", (chunk) => (out += String(chunk)))
    child.stderr.on("data", (chunk) => (errors += String(chunk)))
    child.on("close", (code) => resume(code === 0 ? Effect.succeed(JSON.parse(out)) : Effect.fail(errors)))
  })

describe("the limiter on SQLite, by itself", () => {
  it.effect("three processes together stay below the limit in every window", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const times = (yield* Effect.forEach([1, 2, 3], () => taker(file), { concurrency: "unbounded" })).flat()
      assert.lengthOf(times, 30)
      // 5 in 200 ms, counted from before the send to after its end.
      for (const from of times) {
        assert.isAtMost(times.filter((time) => time >= from && time < from + 200).length, 5)
      }
    })
  )

  it.effect("without its database the limiter lets nothing through, and says so by type", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      const sql = yield* SqlClient.SqlClient
      let sent = 0
      const request = limits.withSlot("burst")(Effect.sync(() => sent++))
      yield* request
      yield* sql`PRAGMA query_only = ON`
      const error = yield* Effect.flip(request)
      assert.instanceOf(error, HubSpotError.HubSpotError)
      assert.strictEqual(error.reason._tag, "LimitsUnavailable")
      assert.strictEqual(error.acceptance, "NotAccepted")
      assert.strictEqual(
        error.message,
        "not sent: the shared rate limits cannot be used: attempt to write a readonly database; repair their database"
      )
      assert.strictEqual(sent, 1)
      // A refusal that was seen meanwhile is not forgotten.
      yield* limits.observe({ pauseMillis: 5000, max: 190, remaining: 0, daily: 10, dailyRemaining: 5 })
      yield* sql`PRAGMA query_only = OFF`
      const later = yield* Effect.forkChild(request, { startImmediately: true })
      yield* TestClock.adjust(4999)
      assert.strictEqual(sent, 1)
      yield* TestClock.adjust(20_000)
      yield* Fiber.join(later)
      assert.strictEqual(sent, 2)
    }).pipe(
      Effect.provide(
        Layer.unwrap(
          Effect.map(newFile, (file) =>
            Layer.provideMerge(RateLimits.layerStore({ limit: 10, account: "42" }), on(file))
          )
        )
      )
    )
  )

  it.effect("an answer is not lost because the store cannot be told of its end", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      const sql = yield* SqlClient.SqlClient
      const answer = yield* limits.withSlot("burst")(
        Effect.as(Effect.orDie(sql`PRAGMA query_only = ON`), "created")
      )
      assert.strictEqual(answer, "created")
    }).pipe(
      Effect.provide(
        Layer.unwrap(
          Effect.map(newFile, (file) => Layer.provideMerge(RateLimits.layerStore({ limit: 10 }), on(file)))
        )
      )
    )
  )

  it.effect("the last requests of the day are sent, and no more, by all together", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const limiter = Effect.map(
        Layer.build(
          Layer.fresh(
            Layer.provide(RateLimits.layerStore({ limit: 100, timeZone: "UTC" }), Layer.orDie(on(file)))
          )
        ),
        (context) => Context.get(context, RateLimits.RateLimits)
      )
      const limits = [yield* limiter, yield* limiter]
      // In the first minute of a day nothing is learnt of it.
      yield* TestClock.adjust("1 hour")
      yield* limits[0]!.observe({ daily: 100, dailyRemaining: 14 })
      // Four above the reserve of ten, and none of them has an answer yet.
      const requests = yield* Effect.forEach(Array.from({ length: 8 }), (_, n) =>
        Effect.forkChild(limits[n % 2]!.withSlot("burst")(Effect.sleep("1 second")), {
          startImmediately: true
        })
      )
      yield* TestClock.adjust("1 minute")
      const exits = yield* Effect.forEach(requests, Fiber.await)
      assert.lengthOf(exits.filter(Exit.isSuccess), 4)
    })
  )

  it.effect("requests under way in other processes count against the day", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const one = yield* opened(on(file))
      const two = yield* opened(on(file))
      yield* one.setDay("42", { limit: 100, remaining: 12, endsAtMillis: 86_400_000 })
      const ask = { account: "42", pool: "burst", limit: 10, windowMillis: 1000, leaseMillis: 5000 } as const
      const first = yield* one.take(ask)
      yield* two.take(ask)
      assert.strictEqual((yield* two.day("42"))?.underWay, 2)
      if (first._tag === "Taken") yield* one.complete(first.slot)
      assert.strictEqual((yield* two.day("42"))?.underWay, 1)
      yield* TestClock.adjust(5000)
      assert.strictEqual((yield* two.day("42"))?.underWay, 0)
    })
  )

  it.effect("after a restart of the machine slots are held for a lease, and not for ever", () =>
    Effect.gen(function* () {
      const file = yield* newFile
      const ask = { account: "42", pool: "burst", limit: 1, windowMillis: 1000, leaseMillis: 5000 } as const
      // A clock of its own: one clock does not go back.
      yield* Effect.andThen(
        TestClock.setTime(1_000_000),
        Effect.flatMap(opened(on(file)), (store) => store.take(ask))
      ).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
      const store = yield* opened(on(file))
      assert.deepStrictEqual(yield* store.take(ask), { _tag: "Full", waitMillis: 5000 })
      yield* TestClock.adjust(5000)
      assert.strictEqual((yield* store.take(ask))._tag, "Taken")
    })
  )
})
