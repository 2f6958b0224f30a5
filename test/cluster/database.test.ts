import { JobStore } from "@effect-hubspot/batch"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Net from "node:net"
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
          for (const { code, said } of workers) assert.strictEqual(code(), null, said())
        }),
      150_000
    )
  }

  it.live("for 2 s while answers come lose none of them: no row that was created is in doubt", () =>
    Effect.gen(function* () {
      const port = yield* serverPort
      // Every request that is under way now is answered while the database is away.
      const here = yield* World.make({ port, latency: { min: 400, max: 900 } })
      yield* here.submit("a", 4000)
      const workers = yield* Effect.all([here.worker(), here.worker()], { concurrency: 2 })
      yield* World.sent(here, 15)
      yield* takeAway(here)
      yield* Effect.sleep("2 seconds")
      yield* giveBack(here)
      yield* World.finished(here, ["a"]).pipe(
        Effect.onError(() =>
          Effect.sync(() => console.log(workers.map(({ said }) => said()).join("\n=====\n")))
        )
      )
      assert.deepStrictEqual((yield* World.check(here, { a: 4000 })).wrong, [])
      const { created } = yield* here.ledger
      const there = new Set(created.map(({ objectWriteTraceId }) => objectWriteTraceId))
      const doubts = yield* here.look(
        Effect.flatMap(JobStore.JobStore, (store) => Stream.runCollect(store.rows("a", ["InDoubt"])))
      )
      assert.deepStrictEqual(
        doubts.filter(({ item }) => there.has(item?.objectWriteTraceId ?? "")),
        []
      )
    })
  )

  it.live("and does not answer any more end when they are asked twice", () =>
    Effect.gen(function* () {
      const port = yield* serverPort
      const here = yield* World.make({ port, latency: { min: 100, max: 300 } })
      const sockets = new Set<Net.Socket>()
      const between = Net.createServer((client) => {
        const server = Net.connect(port, "127.0.0.1")
        for (const [one, other] of [
          [client, server],
          [server, client]
        ] as const) {
          sockets.add(one)
          one.on("data", (part) => void other.write(part))
          one.on("close", () => other.destroy()).on("error", () => undefined)
        }
      })
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void between.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => between.close())
      )
      yield* here.submit("a", 8000)
      const url = new URL(here.databaseUrl)
      url.port = String((between.address() as Net.AddressInfo).port)
      const worker = yield* here.program((port) =>
        Cycle.program(
          "worker",
          "--host=127.0.0.1",
          `--port=${port}`,
          `--base-url=${here.url}`,
          "--database-url",
          url.href
        )
      )
      yield* World.sent(here, 10)
      for (const socket of sockets) socket.pause()
      worker.kill("SIGTERM")
      yield* Effect.promise(() => worker.seen("stderr", "stopping"))
      worker.kill("SIGTERM")
      const { code, stderr } = yield* Effect.timeout(worker.ended, "15 seconds")
      assert.deepStrictEqual([code, /the database does not answer/.test(stderr)], [130, true])
      for (const socket of sockets) socket.destroy()
      yield* here.worker()
      yield* World.finished(here, ["a"])
      assert.deepStrictEqual((yield* World.check(here, { a: 8000 })).wrong, [])
    })
  )

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
        for (const { code, said } of workers) assert.strictEqual(code(), null, said())
      }),
    90_000
  )
})
