import { afterAll, assert, describe, it } from "@effect/vitest"
import * as JobStore from "@effect-hubspot/batch/jobs/JobStore"
import { Cause, Effect, Exit, Schedule } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { inject } from "vitest"
import * as Cycle from "./cycle.ts"
import type { Point } from "./points.ts"
import type { Work } from "./worker.ts"

afterAll(Cycle.endAll)

type Database = Cycle.Options["database"]

/** An account that takes so long that an import is still under way when it is looked at. */
const slow = (database: Database) =>
  Cycle.world({ database, rows: 400, latency: { min: 150, max: 250 }, concurrency: 2 })

const sends = (world: Cycle.World) =>
  Effect.map(world.ledger, ({ requests }) => requests.filter(({ path }) => path.endsWith("/batch/create")))

/** When the world has got so many batches. */
const sent = (world: Cycle.World, batches: number) =>
  Effect.gen(function* () {
    while ((yield* sends(world)).length < batches) yield* Effect.sleep("50 millis")
  })

const ended = ({ finished }: Cycle.Process) => Effect.promise(() => finished)

/** On SQLite the command itself, elsewhere its parts. */
const run = (world: Cycle.World, files: Work) =>
  world.database._tag === "sqlite" ? Cycle.asCommand(files, Cycle.command) : Cycle.workHere(files)

/** The same as a process that can be killed. */
const runProcess = (world: Cycle.World, files: Work) =>
  world.database._tag === "sqlite" ? Cycle.asCommand(files) : Cycle.work(files)

/** Runs the job to its end; nothing may be wrong then. */
const finish = (world: Cycle.World) =>
  Effect.gen(function* () {
    const files = world.workOf("resume", { concurrency: 16 })
    const resumed = yield* ended(run(world, files))
    assert.include([3, 4], resumed.code, resumed.stderr)
    const { inDoubt, wrong } = yield* Cycle.check(world, files)
    assert.deepStrictEqual(wrong, [])
    return { inDoubt, resumed }
  })

/**
 * It has learned that the job is another's. On PostgreSQL its session may have been ended, if it was stopped in a
 * transaction; then it has lost its database.
 */
const assertLost = (world: Cycle.World, { code, stderr, stdout }: Cycle.Finished) => {
  if (world.database._tag === "postgres" && code === 74) {
    return assert.match(stderr, /^job store: .*[Cc]onnection.*; repair the database and resume$/m)
  }
  assert.strictEqual(code, 75, stderr + stdout)
  assert.match(stderr, /taken over by/)
}

/** Until the lease of who holds the job is over. */
const unheardOf = (world: Cycle.World) =>
  Cycle.look(
    world,
    Effect.flatMap(JobStore.JobStore, (store) => store.get(Cycle.jobId)).pipe(
      Effect.repeat({
        until: ({ holder }) => holder === undefined || holder.untilMillis < Date.now(),
        schedule: Schedule.spaced("100 millis")
      })
    )
  )

/** A letter for the state of a process, `T` if it is stopped. */
const stateOf = (pid: number): string =>
  process.platform === "linux"
    ? (/\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "")
    : execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).charAt(0)

/** Until a process has stopped itself. */
const standsStill = ({ pid }: Cycle.Process) =>
  Effect.gen(function* () {
    while (stateOf(pid) !== "T") yield* Effect.sleep("50 millis")
  })

/** A process is stopped, another one finishes its job, and then it goes on: it sends nothing more, and says so. */
const stopped = (database: Database, point: Omit<Point, "signal">) =>
  Effect.gen(function* () {
    // Nothing else is on its way where it is stopped: that might leave all the same, as below.
    const world = yield* Cycle.world({ database, concurrency: 1 })
    const stopped = Cycle.work(
      world.workOf("import", { leaseMillis: 1500, point: { ...point, signal: "SIGSTOP" } })
    )
    yield* standsStill(stopped)
    yield* unheardOf(world)
    const files = world.workOf("resume", { concurrency: 16 })
    const other = yield* ended(run(world, files))
    assert.include([3, 4], other.code, other.stderr)
    const before = yield* world.ledger
    const checked = yield* Cycle.check(world, files)
    assert.deepStrictEqual(checked.wrong, [])
    stopped.kill("SIGCONT")
    assertLost(world, yield* ended(stopped))
    const after = yield* world.ledger
    assert.deepStrictEqual(after.requests.slice(before.requests.length), [], "it sent something")
    // It may write into the log what it was answered long ago, but not into the outcomes.
    assert.deepStrictEqual((yield* Cycle.check(world, files)).counts, checked.counts)
  })

const postgres: Effect.Effect<Database> = HttpClient.get(inject("postgres")).pipe(
  Effect.flatMap((response) => response.text),
  Effect.map((port) => ({ port: Number(port) })),
  Effect.provide(FetchHttpClient.layer),
  Effect.orDie
)

/** What a process of a job is told, whatever it is kept in. */
const suite = (name: string, place: Effect.Effect<Database>) =>
  describe.concurrent(`processes of one job on ${name}`, () => {
    it.live("F64 one that was stopped and whose job was taken over sends nothing more, and says so", () =>
      Effect.flatMap(place, (database) => stopped(database, { what: "begin", when: "before", nth: 9 }))
    )

    it.live("F59 one that was stopped after it wrote down what it sends asks again before it sends", () =>
      Effect.flatMap(place, (database) => stopped(database, { what: "begin", when: "after", nth: 9 }))
    )

    it.live(
      "F59 one that was stopped just before its bytes leave may send them, and nothing is there twice",
      () =>
        Effect.gen(function* () {
          const world = yield* Cycle.world({ database: yield* place, concurrency: 1 })
          const point: Point = { what: "send", when: "before", nth: 9, signal: "SIGSTOP" }
          const stopped = Cycle.work(world.workOf("import", { leaseMillis: 1500, point }))
          yield* standsStill(stopped)
          yield* unheardOf(world)
          const files = world.workOf("resume", { concurrency: 16 })
          const { code, stderr } = yield* ended(run(world, files))
          assert.strictEqual(code, 4, stderr)
          const before = yield* sends(world)
          const checked = yield* Cycle.check(world, files)
          assert.deepStrictEqual(checked.wrong, [])
          stopped.kill("SIGCONT")
          assertLost(world, yield* ended(stopped))
          // What no check can prevent. The other one has it in doubt, and has not sent it again.
          assert.isAtMost((yield* sends(world)).length, before.length + 1)
          const { created } = yield* world.ledger
          const traces = created.map(({ objectWriteTraceId }) => objectWriteTraceId)
          assert.lengthOf(new Set(traces), traces.length)
          assert.deepStrictEqual((yield* Cycle.check(world, files)).counts, checked.counts)
        })
    )

    it.live("F64 B51 the second is refused, with who holds it", () =>
      Effect.gen(function* () {
        const world = yield* slow(yield* place)
        const first = runProcess(world, world.workOf("import"))
        yield* sent(world, 2)
        const second = yield* ended(run(world, world.workOf("resume")))
        assert.strictEqual(second.code, 75, second.stderr)
        assert.include(second.stderr, `held by pid ${first.pid} on host`)
        assert.lengthOf(second.stderr.trim().split("\n"), 1)
        first.kill("SIGKILL")
        yield* ended(first)
        yield* finish(world)
      })
    )

    it.live("cancel from another ends it within seconds, and tells what was not sent", () =>
      Effect.gen(function* () {
        const world = yield* Cycle.world({
          database: yield* place,
          rows: 2000,
          latency: { min: 300, max: 400 },
          concurrency: 1
        })
        const files = world.workOf("import")
        const running = run(world, files)
        yield* sent(world, 2)
        if (world.database._tag === "sqlite") {
          const canceled = yield* ended(
            Cycle.command("cancel", Cycle.jobId, "--state-dir", world.database.stateDir)
          )
          assert.strictEqual(canceled.code, 0, canceled.stderr)
          assert.include(canceled.stdout, `pid ${running.pid}`)
        } else {
          yield* Cycle.look(
            world,
            Effect.flatMap(JobStore.JobStore, (store) => store.requestCancel(Cycle.jobId))
          )
        }
        const { code, stdout } = yield* ended(running)
        // Some rows are rejected, and others were not sent.
        assert.strictEqual(code, 3)
        assert.strictEqual((JSON.parse(stdout) as { status: string }).status, "CANCELED")
        const { counts, wrong } = yield* Cycle.check(world, files, "canceled")
        assert.deepStrictEqual(wrong, [])
        assert.isAbove(counts.notSent, 0)
        assert.isAbove(counts.created, 0)
      })
    )

    // A terminal that is closed is the command's affair.
    const signals = ["SIGINT", "SIGTERM", ...(name === "SQLite" ? ["SIGHUP" as const] : [])] as const
    for (const signal of signals)
      it.live(`B56 ${signal} waits for what is under way, and leaves nothing in doubt to who resumes`, () =>
        Effect.gen(function* () {
          const world = yield* slow(yield* place)
          const running = run(world, world.workOf("import"))
          yield* sent(world, 4)
          running.kill(signal)
          const { code, stderr } = yield* ended(running)
          assert.strictEqual(code, 130, stderr)
          assert.include(stderr, `line-items resume ${Cycle.jobId}`)
          const { inDoubt } = yield* finish(world)
          assert.strictEqual(inDoubt, 0)
        })
      )

    it.live("B56 a second one waits for nothing, and what was under way is in doubt", () =>
      Effect.gen(function* () {
        const world = yield* Cycle.world({
          database: yield* place,
          rows: 60,
          latency: { min: 3000, max: 3000 },
          concurrency: 2
        })
        const running = run(world, world.workOf("import"))
        yield* sent(world, 2)
        running.kill("SIGINT")
        yield* Effect.promise(() => running.seen("stderr", "waiting for the requests under way"))
        running.kill("SIGINT")
        const { code, stderr } = yield* ended(running)
        assert.strictEqual(code, 130, stderr)
        const { inDoubt } = yield* finish(world)
        // Two batches of four were under way; rows that are invalid or rejected are among them.
        assert.isAbove(inDoubt, 0)
        assert.isAtMost(inDoubt, 8)
      })
    )

    it.live(
      "B49 a file that has changed, B50 another account: refused in one line, and nothing is sent",
      () =>
        Effect.gen(function* () {
          const world = yield* slow(yield* place)
          const running = runProcess(world, world.workOf("import"))
          yield* sent(world, 2)
          running.kill("SIGKILL")
          yield* ended(running)
          const before = yield* sends(world)
          const refused = (words: RegExp) =>
            Effect.gen(function* () {
              const { code, stderr } = yield* ended(run(world, world.workOf("resume")))
              assert.strictEqual(code, 2, stderr)
              assert.match(stderr, words)
              assert.lengthOf(stderr.trim().split("\n"), 1)
              assert.lengthOf(yield* sends(world), before.length)
            })
          const rows = readFileSync(world.input, "utf8")
          writeFileSync(world.input, rows.replace('"Row 77"', '"Row 7 7"'))
          yield* refused(/rows\.ndjson" differs from the planned input at line 78; resume without the file/)
          writeFileSync(world.input, rows.split("\n").slice(0, 300).join("\n"))
          yield* refused(/rows\.ndjson" differs from the planned input at line 301; resume without the file/)
          writeFileSync(world.input, rows)
          const { account } = (yield* Cycle.look(
            world,
            Effect.flatMap(JobStore.JobStore, (store) => store.get(Cycle.jobId))
          )).frozen
          const become = (from: string, to: string) =>
            Cycle.statement(
              world,
              (sql) => sql`UPDATE line_items_jobs SET frozen = REPLACE(frozen, ${`"${from}"`}, ${`"${to}"`})`
            )
          yield* become(account, "42")
          yield* refused(new RegExp(`token belongs to account ${account}.* 42`))
          yield* become("42", account)
          yield* finish(world)
        })
    )

    it.live(
      "C0 one whose rows were not all written down is told as status tells it, and is imported again",
      () =>
        Effect.gen(function* () {
          const world = yield* Cycle.world({ database: yield* place })
          const planning = Cycle.work(
            world.workOf("import", { point: { what: "append", when: "after", nth: 1 } })
          )
          yield* ended(planning)
          const { code, stderr } = yield* ended(run(world, world.workOf("resume")))
          assert.strictEqual(code, 2, stderr)
          const words =
            "not all of its rows were written down, and nothing was sent; plan it again with: line-items import "
          assert.match(
            stderr,
            new RegExp(`^(line-items: )?job "${Cycle.jobId}": ${words}.* --job ${Cycle.jobId} `, "m")
          )
          assert.lengthOf(stderr.trim().split("\n"), 1)
          if (world.database._tag === "sqlite") {
            const status = yield* ended(
              Cycle.command("status", Cycle.jobId, "--state-dir", world.database.stateDir)
            )
            assert.include(status.stdout, `  ${words}`)
          }
          assert.lengthOf(yield* sends(world), 0)
          const files = world.workOf("import")
          const again = yield* ended(run(world, files))
          assert.strictEqual(again.code, 3, again.stderr)
          assert.deepStrictEqual((yield* Cycle.check(world, files)).wrong, [])
        })
    )

    it.live("F63 B52 a database of a newer version is refused and left as it is", () =>
      Effect.gen(function* () {
        const world = yield* slow(yield* place)
        yield* Cycle.look(world, Effect.void)
        yield* Cycle.statement(world, (sql) => sql`UPDATE line_items_schema SET version = 99`)
        const words = /its tables are of version 99, and this version knows them up to \d+; use the version/
        const opened = yield* Effect.exit(Cycle.look(world, Effect.void))
        assert.match(Exit.isFailure(opened) ? Cause.pretty(opened.cause) : "opened", words)
        const { code, stderr } = yield* ended(run(world, world.workOf("import")))
        assert.notStrictEqual(code, 0)
        if (world.database._tag === "sqlite") {
          assert.match(stderr, words)
          assert.lengthOf(stderr.trim().split("\n"), 1)
          assert.strictEqual(code, 74)
        }
        assert.lengthOf(yield* sends(world), 0)
      })
    )
  })

describe("processes of one job on PostgreSQL alone", () => {
  it.live("F64 one that was stopped in the middle of a transaction does not keep its job from others", () =>
    Effect.flatMap(postgres, (database) =>
      stopped(database, { what: "UPDATE line_items_batches SET settled_at", when: "statement", nth: 5 })
    )
  )
})

describe("processes of one job on SQLite alone", () => {
  /** An import that is stopped in a transaction, until it goes on; what others do meanwhile. */
  const stoppedBy = <A>(
    signal: NonNullable<Point["signal"]>,
    meanwhile: (world: Cycle.World, pid: number) => Effect.Effect<A>
  ) =>
    Effect.gen(function* () {
      const world = yield* Cycle.world({ database: "sqlite" })
      const what = "UPDATE line_items_batches SET settled_at"
      const work = world.workOf("import", { point: { what, when: "statement", nth: 5, signal } })
      const stopped = Cycle.work(work)
      yield* standsStill(stopped)
      yield* meanwhile(world, stopped.pid)
      stopped.kill("SIGCONT")
      const { code, stderr } = yield* ended(stopped)
      // A connection may have been closed meanwhile, under a request.
      assert.include([3, 4], code, stderr)
      assert.deepStrictEqual((yield* Cycle.check(world, work)).wrong, [])
    })

  it.live("F64 Ctrl-Z in the middle of a transaction stops one after it, and keeps nothing from others", () =>
    stoppedBy("SIGTSTP", (world) =>
      Effect.gen(function* () {
        const input = world.at("invalid.ndjson")
        writeFileSync(input, '{"name":"Other","price":"much"}')
        const other = yield* ended(run(world, world.workOf("import", { jobId: "other", input })))
        assert.strictEqual(other.code, 3, other.stderr)
      })
    )
  )

  it.live(
    "F64 one that is stopped in a transaction all the same is named to others, with how to end that",
    () =>
      stoppedBy("SIGSTOP", (world, pid) =>
        Effect.gen(function* () {
          if (world.database._tag !== "sqlite") return
          const { stateDir } = world.database
          const { code, stderr } = yield* ended(Cycle.program("cancel", Cycle.jobId, "--state-dir", stateDir))
          assert.strictEqual(code, 74, stderr)
          assert.strictEqual(
            stderr,
            `line-items: job store: the database is locked by pid ${pid}, which is stopped; continue it (kill -CONT ${pid}) or end it (kill -KILL ${pid})\n`
          )
        })
      )
  )
})

suite("SQLite", Effect.succeed("sqlite"))
suite("PostgreSQL", postgres)
