import { JobStore } from "@effect-hubspot/batch"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import * as Net from "node:net"
import * as Cycle from "../../crash/cycle.ts"
import { serverPort } from "../../support/postgres.ts"
import { assertTrue, batchSize, both, concurrency, running, submit, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)

/** Ends the sessions of the workers. */
const throwOut = (here: World.World) =>
  here.statement(
    (sql, name) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = ${name} AND application_name = 'line-items'`
  )

const allow = (here: World.World, connections: boolean) =>
  here.statement(
    (sql, name) => sql`ALTER DATABASE ${sql(name)} ALLOW_CONNECTIONS ${sql.literal(String(connections))}`
  )

const worker = (here: World.World) => here.worker(`--concurrency=${concurrency}`)

/** The rows of a job that are created, and in doubt all the same. */
const lost = Effect.fnUntraced(function* (here: World.World, id: string) {
  const { created } = yield* here.ledger
  const there = new Set(created.map(({ objectWriteTraceId }) => objectWriteTraceId))
  const doubts = yield* here.look(
    Effect.flatMap(JobStore.JobStore, (store) => Stream.runCollect(store.rows(id, ["InDoubt"])))
  )
  return doubts.filter(({ item }) => there.has(item?.objectWriteTraceId ?? ""))
})

/** Each of them goes on working. */
const assertWork = (workers: ReadonlyArray<World.Worker>) => {
  for (const { code, said } of workers) assert.strictEqual(code(), null, said())
}

describe.concurrent("workers whose database goes away", () => {
  const ids = ["a", "b"]
  const outages: ReadonlyArray<{
    readonly name: string
    readonly isOver: (here: World.World, workers: ReadonlyArray<World.Worker>) => Effect.Effect<unknown>
    /** Whether all the answers that come meanwhile are written down afterwards. */
    readonly keepsAnswers: boolean
  }> = [
    {
      name: "for a moment send nothing meanwhile, lose no answer, and go on when it is back",
      isOver: (_, workers) =>
        Effect.forEach(workers, (worker) => World.says(worker, "not currently accepting", "stderr")),
      keepsAnswers: true
    },
    {
      name: "for so long that nobody has a job any more send nothing meanwhile, and go on when it is back",
      isOver: (here) =>
        Effect.forEach(ids, (id) =>
          World.until(
            `the lease of ${id}`,
            Effect.all([World.job(here, id), Clock.currentTimeMillis]),
            ([{ holder }, now]) => (holder?.untilMillis ?? 0) < now
          )
        ),
      keepsAnswers: false
    }
  ]
  for (const { isOver, keepsAnswers, name } of outages) {
    it.live(name, () =>
      Effect.gen(function* () {
        const here = yield* world()
        yield* Effect.forEach(ids, (id) => submit(here, id, 10))
        const workers = yield* both(worker(here))
        for (const id of ids) yield* World.held(here, id, concurrency)
        const before = yield* here.ledger
        yield* allow(here, false)
        yield* throwOut(here)
        // What is under way is answered, and nothing more is sent.
        yield* here.release
        yield* here.answered
        yield* isOver(here, workers)
        assert.strictEqual((yield* here.ledger).requests.length, before.requests.length)
        yield* allow(here, true)
        yield* World.finished(here, ids)
        const { inDoubt } = yield* assertTrue(here, { a: 10 * batchSize, b: 10 * batchSize })
        if (keepsAnswers) for (const id of ids) assert.deepStrictEqual(yield* lost(here, id), [])
        assert.isAtMost(inDoubt, ids.length * concurrency * batchSize)
        assertWork(workers)
      })
    )
  }

  it.live("and gives their work to others meanwhile lose no answer", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const { first, underWay } = yield* running(here)
      const { epoch } = yield* World.job(here, "a")
      // As after an outage: its heartbeat is old, and its locks went with its session.
      yield* here.look(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`UPDATE line_items_cluster_runners SET healthy = FALSE
            WHERE address = ${`127.0.0.1:${first.port}`}`
        )
      )
      yield* throwOut(here)
      // Time enough to take the job from who is there.
      yield* Effect.timeoutOption(
        World.until("another run of a", World.job(here, "a"), (job) => job.epoch !== epoch),
        "4 seconds"
      )
      yield* here.release
      yield* World.finished(here, ["a"])
      const { inDoubt } = yield* assertTrue(here, { a: 10 * batchSize })
      assert.deepStrictEqual([inDoubt, yield* lost(here, "a")], [0, []])
      assert.isAtLeast(underWay.length, concurrency)
    })
  )

  it.live("and does not answer any more end when they are asked twice", () =>
    Effect.gen(function* () {
      const port = yield* serverPort
      const here = yield* world()
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
      yield* submit(here, "a", 10)
      const url = new URL(here.databaseUrl)
      url.port = String((between.address() as Net.AddressInfo).port)
      const first = yield* here.program((port) =>
        Cycle.program(
          "worker",
          "--host=127.0.0.1",
          `--port=${port}`,
          `--base-url=${here.url}`,
          `--concurrency=${concurrency}`,
          "--database-url",
          url.href
        )
      )
      yield* World.held(here, "a", concurrency)
      for (const socket of sockets) socket.pause()
      first.kill("SIGTERM")
      yield* World.says(first, "stopping", "stderr")
      first.kill("SIGTERM")
      const { code, stderr } = yield* first.ended
      assert.deepStrictEqual([code, /the database does not answer/.test(stderr)], [130, true])
      for (const socket of sockets) socket.destroy()
      yield* here.release
      yield* worker(here)
      yield* World.finished(here, ["a"])
      yield* assertTrue(here, { a: 10 * batchSize })
    })
  )

  it.live("for a moment, again and again, go on", () =>
    Effect.gen(function* () {
      const here = yield* world({ latency: { min: 200, max: 400 } })
      yield* submit(here, "a", 16)
      const workers = yield* both(worker(here))
      for (let n = 1; n <= 4; n++) {
        yield* World.sent(here, 3 * n)
        yield* throwOut(here)
      }
      yield* World.finished(here, ["a"])
      yield* assertTrue(here, { a: 16 * batchSize })
      assertWork(workers)
    })
  )
})
