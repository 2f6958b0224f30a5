import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "../crash/cycle.ts"
import { serverPort } from "../support/postgres.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

/** Nobody gets into the database any more, and who was in it is thrown out. */
const takeAway = (here: World.World) =>
  here.statement((sql, name) =>
    Effect.andThen(
      sql`ALTER DATABASE ${sql(name)} ALLOW_CONNECTIONS false`,
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
    )
  )

const giveBack = (here: World.World) =>
  here.statement((sql, name) => sql`ALTER DATABASE ${sql(name)} ALLOW_CONNECTIONS true`)

const throwOut = (here: World.World) =>
  here.statement(
    (sql, name) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
  )

const requests = (here: World.World) => Effect.map(here.ledger, ({ requests }) => requests.length)

describe.concurrent("workers whose database goes away", () => {
  for (const seconds of [4, 15]) {
    it.live(
      `for ${seconds} s send nothing meanwhile, and go on when it is back`,
      () =>
        Effect.gen(function* () {
          const port = yield* serverPort
          const here = yield* World.make({ port, latency: { min: 100, max: 300 } })
          const jobs = { a: 8000, b: 8000 }
          for (const id of Object.keys(jobs)) yield* here.submit(id, 8000)
          const workers = yield* Effect.all([here.worker(), here.worker()], { concurrency: 2 })
          yield* World.sent(here, 20)
          yield* takeAway(here)
          // What was written down already may leave.
          yield* Effect.sleep("1 second")
          const before = yield* requests(here)
          yield* Effect.sleep(seconds * 1000)
          assert.strictEqual(yield* requests(here), before)
          yield* giveBack(here)
          yield* World.finished(here, Object.keys(jobs), 100).pipe(
            Effect.onError(() =>
              Effect.sync(() => console.log(workers.map(({ said }) => said()).join("\n=====\n")))
            )
          )
          const { inDoubt, wrong } = yield* World.check(here, jobs)
          assert.deepStrictEqual(wrong, [])
          assert.isAtMost(inDoubt, 4000)
          for (const { child, said } of workers) assert.strictEqual(child.exitCode, null, said())
        }),
      150_000
    )
  }

  it.live(
    "for a moment, again and again, go on",
    () =>
      Effect.gen(function* () {
        const port = yield* serverPort
        const here = yield* World.make({ port, latency: { min: 100, max: 300 } })
        yield* here.submit("a", 8000)
        const workers = yield* Effect.all([here.worker(), here.worker()], { concurrency: 2 })
        yield* World.sent(here, 15)
        for (let n = 0; n < 4; n++) {
          yield* throwOut(here)
          yield* Effect.sleep("1500 millis")
        }
        yield* World.finished(here, ["a"], 50).pipe(
          Effect.onError(() =>
            Effect.sync(() => console.log(workers.map(({ said }) => said()).join("\n=====\n")))
          )
        )
        assert.deepStrictEqual((yield* World.check(here, { a: 8000 })).wrong, [])
        for (const { child, said } of workers) assert.strictEqual(child.exitCode, null, said())
      }),
    90_000
  )
})
