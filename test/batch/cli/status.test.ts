/**
 * What is said of a job that is run, was run, or waits, in virtual time.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Jobs from "../../../packages/batch/src/cli/Jobs.ts"
import { assert, describe, it } from "@effect/vitest"
import * as Process from "../../../packages/batch/src/cli/Process.ts"
import { Effect, Layer, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { batchesOf, frozen, rowsOf } from "../sql/jobStore/rows.ts"

// Of another machine: nobody here can tell that it is gone.
const holder = { pid: 4711, host: "elsewhere" }

/** What there is after the numbers, and the first line. */
const said = Effect.fnUntraced(function* (runBy: Jobs.RunBy) {
  const { counts, job } = yield* Jobs.look("q3")
  const [head, , , ...rest] = (yield* Jobs.textOf(job, counts, runBy)).split("\n")
  return [head, ...rest.map((line) => line.trim())]
})

/** A job of four rows that nobody runs yet. */
const planned = Effect.gen(function* () {
  const jobs = yield* JobStore.JobStore
  const planning = yield* jobs.create({ id: "q3", frozen, holder })
  yield* jobs.append(planning, yield* batchesOf(rowsOf(4), { jobId: "q3" }))
  yield* jobs.planned(planning, { digest: "d", inputs: 4 })
  return jobs
})

const onJobs = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | Process.Process | Stdio.Stdio>) =>
  Effect.provide(effect, [Layer.fresh(Stores.layerMemory), Process.layer, Stdio.layerTest({})])

const whenAWorkerRuns = "a worker of this database takes it as soon as one runs"

describe("the status of a job", () => {
  it.effect("offers nothing that would be refused: who runs it has it", () =>
    onJobs(
      Effect.gen(function* () {
        const jobs = yield* planned
        yield* jobs.claim("q3", { holder })
        for (const runBy of ["processes", "workers"] as const) {
          assert.deepStrictEqual(yield* said(runBy), ["q3: running", "run by pid 4711 on elsewhere"])
        }
        yield* jobs.requestCancel("q3")
        assert.strictEqual((yield* said("processes"))[0], "q3: running, to be canceled")
      })
    )
  )

  it.effect("does not say that somebody runs it who is not heard of any more", () =>
    onJobs(
      Effect.gen(function* () {
        const jobs = yield* planned
        yield* jobs.claim("q3", { holder })
        yield* TestClock.adjust("1 minute")
        const was = "was run by pid 4711 on elsewhere, which has ended"
        assert.deepStrictEqual(yield* said("processes"), [
          "q3: running",
          was,
          "go on with: line-items resume q3"
        ])
        assert.deepStrictEqual(yield* said("workers"), ["q3: running", was, whenAWorkerRuns])
        yield* jobs.requestCancel("q3")
        assert.deepStrictEqual(yield* said("processes"), [
          "q3: running, to be canceled",
          was,
          "end it with: line-items resume q3"
        ])
      })
    )
  )

  it.effect("says that a canceled job has not come to its end yet, also as JSON", () =>
    onJobs(
      Effect.gen(function* () {
        const jobs = yield* planned
        yield* jobs.requestCancel("q3")
        assert.deepStrictEqual(yield* said("workers"), ["q3: pending, to be canceled", whenAWorkerRuns])
        const { counts, job } = yield* Jobs.look("q3")
        assert.deepInclude(Jobs.view(job, counts), {
          state: "pending",
          cancelRequested: true,
          strategy: "fail-visible"
        })
      })
    )
  )

  it.effect("says when a suspended job goes on by itself", () =>
    onJobs(
      Effect.gen(function* () {
        const jobs = yield* planned
        const claim = yield* jobs.claim("q3", { holder })
        yield* jobs.suspend(claim, { reason: "quota", message: "the daily limit", resumeAtMillis: 5000 })
        yield* jobs.release(claim)
        const head = "q3: suspended (the daily limit)"
        assert.deepStrictEqual(yield* said("workers"), [
          head,
          "goes on at 1970-01-01T00:00:05.000Z, or at once with: line-items resume q3"
        ])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* said("workers"), [head, whenAWorkerRuns])
      })
    )
  )

  it.effect("of one whose rows were not all written down is what resume says as well", () =>
    onJobs(
      Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        yield* jobs.create({ id: "q3", frozen, holder })
        const resumed = Effect.flip(Jobs.requestResume("q3", { json: false, writes: false })).pipe(
          Effect.provide(Stdio.layerTest({}))
        )
        const busy = yield* resumed
        assert.strictEqual(busy.code, 75)
        assert.match(busy.lines.join(), /^job "q3" is held by pid 4711 on host elsewhere since /)
        yield* TestClock.adjust("1 minute")
        const words =
          "not all of its rows were written down, and nothing was sent; plan it again with: line-items import /data/items.csv --job q3 --strategy fail-visible --batch-size 2"
        assert.strictEqual((yield* said("workers")).at(-1), words)
        assert.deepInclude(yield* resumed, { code: 2, lines: [`job "q3": ${words}`] })
        const of = { ...frozen, retryOf: { job: "q3", first: "q3" } }
        yield* jobs.create({ id: "q3", frozen: of, holder })
        yield* TestClock.adjust("1 minute")
        const retried = (yield* resumed).lines.join()
        assert.include(retried, "plan it again with: line-items retry q3 /data/items.csv --job q3")
      })
    )
  )
})
