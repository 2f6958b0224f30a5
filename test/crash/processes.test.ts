import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cycle from "./cycle.ts"

afterAll(Cycle.endAll)

/** An account that takes so long that an import is still under way when it is looked at. */
const slow = (database: Cycle.Options["database"] = "sqlite") =>
  Cycle.world({ database, rows: 400, latency: { min: 150, max: 250 }, concurrency: 2 })

const sends = (world: Cycle.World) =>
  Effect.map(world.ledger, ({ requests }) => requests.filter(({ path }) => path.endsWith("/batch/create")))

/** When the world has got so many batches. */
const sent = (world: Cycle.World, batches: number) =>
  Effect.gen(function* () {
    while ((yield* sends(world)).length < batches) yield* Effect.sleep("10 millis")
  })

const ended = ({ finished }: Cycle.Process) => Effect.promise(() => finished)

/** Runs the job to its end; nothing may be wrong then. */
const finish = (world: Cycle.World) =>
  Effect.gen(function* () {
    const files = world.workOf("resume", { concurrency: 16 })
    const resumed = yield* ended(Cycle.asCommand(files))
    assert.include([3, 4], resumed.code, resumed.stderr)
    const { inDoubt, wrong } = yield* Cycle.check(world, files)
    assert.deepStrictEqual(wrong, [])
    return { inDoubt, resumed }
  })

describe.concurrent("processes of one job", () => {
  it.live("one that was stopped and whose job was taken over sends nothing more, and says so", () =>
    Effect.gen(function* () {
      const world = yield* Cycle.world({ database: "sqlite" })
      // It stops where it has decided to send, and has not written it down yet: only the log can hold it back.
      const stopped = Cycle.work(
        world.workOf("import", {
          leaseMillis: 1500,
          point: { what: "begin", when: "before", nth: 9, signal: "SIGSTOP" }
        })
      )
      yield* sent(world, 8)
      yield* Effect.sleep("1700 millis")
      const files = world.workOf("resume")
      const other = yield* ended(Cycle.asCommand(files))
      assert.include([3, 4], other.code, other.stderr)
      const before = yield* world.ledger
      const checked = yield* Cycle.check(world, files)
      assert.deepStrictEqual(checked.wrong, [])
      stopped.child.kill("SIGCONT")
      const { code, stderr } = yield* ended(stopped)
      assert.strictEqual(code, 75, stderr)
      assert.match(stderr, /taken over by/)
      const after = yield* world.ledger
      assert.strictEqual(after.requests.length, before.requests.length, "it sent something")
      // It may write into the log what it was answered long ago, but not into the outcomes.
      assert.deepStrictEqual((yield* Cycle.check(world, files)).counts, checked.counts)
    })
  )

  it.live("the second is refused, with who holds it", () =>
    Effect.gen(function* () {
      const world = yield* slow()
      const first = Cycle.asCommand(world.workOf("import"))
      yield* sent(world, 2)
      const second = yield* ended(Cycle.asCommand(world.workOf("resume")))
      assert.strictEqual(second.code, 75, second.stderr)
      assert.include(second.stderr, `held by pid ${first.child.pid} on host`)
      first.child.kill("SIGKILL")
      yield* ended(first)
      yield* finish(world)
    })
  )

  it.live("cancel from another ends it within seconds, and tells what was not sent", () =>
    Effect.gen(function* () {
      const world = yield* Cycle.world({
        database: "sqlite",
        rows: 2000,
        latency: { min: 300, max: 400 },
        concurrency: 1
      })
      const files = world.workOf("import")
      const running = Cycle.asCommand(files)
      yield* sent(world, 2)
      const canceled = yield* ended(
        Cycle.command("cancel", Cycle.jobId, "--state-dir", world.at("").replace(/\/$/, ""))
      )
      assert.strictEqual(canceled.code, 0, canceled.stderr)
      assert.include(canceled.stdout, `pid ${running.child.pid}`)
      const at = performance.now()
      const { code, stdout } = yield* ended(running)
      assert.isBelow(performance.now() - at, 14_000)
      // Some rows are rejected, and others were not sent.
      assert.strictEqual(code, 3)
      assert.strictEqual((JSON.parse(stdout) as { status: string }).status, "CANCELED")
      const { counts, wrong } = yield* Cycle.check(world, files, "canceled")
      assert.deepStrictEqual(wrong, [])
      assert.isAbove(counts.notSent, 0)
      assert.isAbove(counts.created, 0)
    })
  )

  it.live("Ctrl-C waits for what is under way, and leaves nothing in doubt to who resumes", () =>
    Effect.gen(function* () {
      const world = yield* slow()
      const running = Cycle.asCommand(world.workOf("import"))
      yield* sent(world, 4)
      running.child.kill("SIGINT")
      const { code, stderr } = yield* ended(running)
      assert.strictEqual(code, 130, stderr)
      assert.include(stderr, `line-items resume ${Cycle.jobId}`)
      const { inDoubt } = yield* finish(world)
      assert.strictEqual(inDoubt, 0)
    })
  )
})
