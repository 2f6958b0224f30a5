/**
 * Following a job, in virtual time.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Process from "../../../packages/batch/src/cli/Process.ts"
import * as Watch from "../../../packages/batch/src/cli/Watch.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Sink, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { terminal } from "../../support/command.ts"
import { batchesOf, frozen, rowsOf } from "../sql/jobStore/rows.ts"

// Of another machine: nobody here can tell that it is gone.
const holder = { pid: 4711, host: "elsewhere" }

const stdioOf = (written: Array<string>, isTerminal: boolean) =>
  Stdio.layerTest({
    stdoutIsTerminal: Effect.succeed(isTerminal),
    stdout: () =>
      Sink.forEach((text: string | Uint8Array) => Effect.sync(() => void written.push(String(text))))
  })

interface Followed {
  readonly jobs: JobStore.Service
  readonly claim: JobStore.Claim
  readonly watch: Fiber.Fiber<number, unknown>
  /** Settles the next batch, and lets a second pass. */
  readonly next: Effect.Effect<void, unknown>
  /** What was written since this was asked last. */
  readonly written: () => ReadonlyArray<string>
}

/** A job of four rows in two batches that is run, and followed. */
const followed = (
  options: { readonly json?: boolean; readonly columns?: number },
  body: (followed: Followed) => Effect.Effect<void, unknown>
) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    const planning = yield* jobs.create({ id: "q3", frozen, holder })
    const batches = yield* batchesOf(rowsOf(4), { jobId: "q3" })
    yield* jobs.append(planning, batches)
    yield* jobs.planned(planning, { digest: "d", inputs: 4 })
    const claim = yield* jobs.claim("q3", { holder })
    const lines: Array<string> = []
    const watch = yield* Watch.run("q3", options.json ?? false, "processes").pipe(
      Effect.provide([
        stdioOf(lines, options.columns !== undefined),
        terminal(options.columns ?? 80),
        Process.layer
      ]),
      Effect.forkScoped
    )
    yield* TestClock.adjust(0)
    let number = 0
    yield* body({
      jobs,
      claim,
      watch,
      next: Effect.gen(function* () {
        const { items } = batches[number]!
        yield* jobs.settle(claim, [
          {
            number: number++,
            outcomes: items.map(({ index }) => ({
              _tag: "Created",
              index,
              id: String(index),
              via: "response",
              possibleDuplicate: false
            }))
          }
        ])
        yield* TestClock.adjust("1 second")
      }),
      written: () => lines.splice(0)
    })
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Stores.layerMemory)))

describe("following a job", () => {
  it.effect("says a line when something has changed, looks once a second, and ends with the job", () =>
    followed({}, ({ claim, jobs, next, watch, written }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(written(), ["q3: running · 0 of 4 rows · 0 created\n"])
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(written(), [])
        yield* next
        assert.deepStrictEqual(written(), ["q3: running · 2 of 4 rows · 2 created\n"])
        yield* jobs.requestCancel("q3")
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(written(), [])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(written(), ["q3: running, to be canceled · 2 of 4 rows · 2 created\n"])
        yield* next
        written()
        yield* jobs.complete(claim, "done")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(watch), 0)
        assert.deepStrictEqual(written(), [
          "q3: done · 4 of 4 rows · 4 created\n",
          "q3: done\n  items.csv, account 42, fail-visible\n  4 rows: 4 created\n"
        ])
      })
    )
  )

  it.effect("gives an object for each change, and nothing else", () =>
    followed({ json: true, columns: 80 }, ({ claim, jobs, next, watch, written }) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("3 seconds")
        yield* next
        yield* next
        yield* jobs.complete(claim, "canceled")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(watch), 3)
        assert.deepStrictEqual(
          written().map((line) => {
            const { created, state } = JSON.parse(line)
            return [state, created]
          }),
          [
            ["running", 0],
            ["running", 2],
            ["running", 4],
            ["canceled", 4]
          ]
        )
      })
    )
  )

  it.effect("is one line on a terminal, no wider than it, and the time goes on", () =>
    followed({ columns: 40 }, ({ claim, jobs, next, watch, written }) =>
      Effect.gen(function* () {
        const clear = "\r\u001b[2K"
        yield* next
        const lines = written()
        assert.lengthOf(lines, 2)
        for (const line of lines) {
          assert.isTrue(line.startsWith(`${clear}q3: running · `) && !line.includes("\n"), line)
          assert.isAtMost(line.length - clear.length, 39)
        }
        yield* TestClock.adjust("2 seconds")
        assert.lengthOf(written(), 2)
        yield* next
        written()
        yield* jobs.complete(claim, "done")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(watch), 0)
        assert.deepStrictEqual(written(), [
          `${clear}q3: \u001b[32mdone\u001b[39m\n  items.csv, account 42, fail-visible\n  4 rows: \u001b[32m4 created\u001b[39m\n`
        ])
      })
    )
  )

  it.effect("ends at once where it is suspended, and soon where nobody runs it", () =>
    Effect.gen(function* () {
      yield* followed({}, ({ claim, jobs, watch, written }) =>
        Effect.gen(function* () {
          yield* jobs.suspend(claim, { reason: "quota", message: "the daily limit" })
          yield* TestClock.adjust("3 seconds")
          assert.isUndefined(watch.pollUnsafe(), "somebody has it still")
          yield* jobs.release(claim)
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* Fiber.join(watch), 75)
          assert.include(written().at(-1), "q3: suspended (the daily limit)\n")
        })
      )
      yield* followed({}, ({ claim, jobs, watch, written }) =>
        Effect.gen(function* () {
          yield* jobs.release(claim)
          yield* TestClock.adjust("4 seconds")
          assert.isUndefined(watch.pollUnsafe(), "it may be taken at any moment")
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(yield* Fiber.join(watch), 75)
          assert.include(written().at(-1), "\n  go on with: line-items resume q3\n")
        })
      )
      // A holder that is not heard of any more.
      yield* followed({}, ({ watch }) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("29 seconds")
          assert.isUndefined(watch.pollUnsafe())
          yield* TestClock.adjust("7 seconds")
          assert.strictEqual(yield* Fiber.join(watch), 75)
        })
      )
    })
  )
})
