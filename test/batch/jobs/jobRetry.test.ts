import { DoubtStrategy, JobStore, Rejects } from "@effect-hubspot/batch"
import type * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
import * as Job from "@effect-hubspot/batch/jobs/Job"
import * as JobRetry from "@effect-hubspot/batch/jobs/JobRetry"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"

const Ending = Schema.Literals(["Created", "Rejected", "Invalid", "NotSent", "InDoubt", "Open"])

/** An attempt to retry: which job, which lines, and what its rows come to if they are sent. */
const Attempt = Schema.Struct({
  of: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  rows: Schema.Array(
    Schema.Struct({
      line: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 })),
      ends: Ending
    })
  ).check(Schema.isMaxLength(4))
})

const World = Schema.Struct({
  first: Schema.Array(Ending).check(Schema.isMinLength(2), Schema.isMaxLength(5)),
  attempts: Schema.Array(Attempt).check(Schema.isMaxLength(8))
})

const mayExist = (is: string) => is === "Created" || is === "InDoubt" || is === "Open"

/** Jobs as far as a retry knows them: what every line came to in each. */
const history = ({ attempts, first }: typeof World.Type) => {
  const jobs: Array<ReadonlyMap<number, JobRetry.Fate["is"]>> = [
    new Map(first.map((is, index) => [index + 2, is]))
  ]
  const fatesOf = (line: number): ReadonlyArray<JobRetry.Fate> =>
    jobs.flatMap((lines, job) => {
      const is = lines.get(line)
      return is === undefined ? [] : [{ jobId: `job-${job}`, index: line - 2, is }]
    })
  const answers = attempts.map(({ of, rows }) => {
    const before = new Map([0, 1, 2, 3, 4, 5, 6].map((line) => [line, fatesOf(line)]))
    const answer = JobRetry.check(
      `job-${of}`,
      rows.map(({ line }, at) => ({ at: at + 2, line: String(line) })),
      fatesOf
    )
    if (Result.isSuccess(answer)) jobs.push(new Map(rows.map(({ ends, line }) => [line, ends])))
    return { of: `job-${of}`, rows, answer, before }
  })
  return { jobs, answers }
}

describe("what may be retried", () => {
  it.prop(
    "is no row that may be in HubSpot, however often and in whatever order jobs are retried",
    [World],
    ([world]) => {
      const { jobs } = history(world)
      for (let line = 0; line <= 6; line++) {
        const times = jobs.filter((lines) => mayExist(lines.get(line) ?? "")).length
        assert.isAtMost(times, 1, `line ${line} may be there ${times} times`)
      }
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "is everything else that a file names once, and what is refused is the first row that is wrong",
    [World],
    ([world]) => {
      for (const { answer, before, of, rows } of history(world).answers) {
        const good = rows.map(({ line }, at) => {
          const fates = before.get(line) ?? []
          return (
            rows.findIndex((row) => row.line === line) === at &&
            fates.some(({ jobId }) => jobId === of) &&
            !fates.some(({ is }) => mayExist(is))
          )
        })
        if (Result.isSuccess(answer)) {
          assert.isTrue(good.every((is) => is))
          assert.deepStrictEqual(
            [...answer.success],
            rows.map(({ line }) => line)
          )
        } else assert.strictEqual(answer.failure.at, good.indexOf(false) + 2)
      }
    },
    { arbitrary: { runs: 2000 } }
  )

  it("is said in words that name the row, what is wrong, and what to do", () => {
    const fate = (jobId: string, is: JobRetry.Fate["is"]): JobRetry.Fate => ({ jobId, index: 0, is })
    const fates = new Map([
      [2, [fate("q3", "Rejected")]],
      [3, [fate("q3", "Created")]],
      [4, [fate("q3", "Rejected"), fate("q3-retry-1", "Open")]],
      [5, [fate("q3", "InDoubt")]],
      [6, [fate("q3", "Rejected"), fate("q3", "Created")]]
    ])
    const wordsFor = (...lines: ReadonlyArray<string | undefined>) => {
      const answer = JobRetry.check(
        "q3",
        lines.map((line, at) => ({ at: at + 2, line })),
        (line) => fates.get(line) ?? []
      )
      return Result.isFailure(answer) ? `${answer.failure.at}: ${answer.failure.message}` : "all of them"
    }
    assert.deepStrictEqual(
      [
        wordsFor("2"),
        wordsFor("2", undefined),
        wordsFor("two"),
        wordsFor("02"),
        wordsFor("2.0"),
        wordsFor("99999999999"),
        wordsFor("9"),
        wordsFor("2", "2"),
        wordsFor("2", "3"),
        wordsFor("4"),
        wordsFor("5"),
        wordsFor("6")
      ],
      [
        "all of them",
        "3: no _line; copy it from the rejects file",
        '2: _line "two" is not the number of a line; copy it from the rejects file',
        '2: _line "02" is not the number of a line; copy it from the rejects file',
        '2: _line "2.0" is not the number of a line; copy it from the rejects file',
        '2: _line "99999999999" is not the number of a line; copy it from the rejects file',
        '2: _line 9: job "q3" has no row there; give the rejects file of this job',
        "3: _line 2 is named twice, first in line 2; keep one of them",
        '3: _line 3 was created in job "q3"; take it out',
        '2: _line 4 has no outcome yet in job "q3-retry-1"; resume that job first, or cancel it and resume it',
        '2: _line 5 is in doubt in job "q3"; take it out, or resolve the doubt first',
        '2: _line 6: job "q3" has several rows on this line, so _line does not identify one; import it as a new job'
      ]
    )
  })
})

describe("the line that a row of a rejects file names", () => {
  const json = (text: string) => Rejects.lineOf({ header: undefined }, { original: { _tag: "Json", text } })
  const csv = (header: ReadonlyArray<string>, cells: ReadonlyArray<string>) =>
    Rejects.lineOf({ header }, { original: { _tag: "Csv", cells } })

  it("is read as it was written, and guessed nowhere", () => {
    assert.deepStrictEqual(
      [
        csv(["name", "_line"], ["Chair", "7"]),
        csv(["_line", "name"], ["7", "Chair"]),
        csv(["name"], ["7"]),
        csv(["name", "_line"], ["Chair", ""]),
        csv(["name", "_line"], ["Chair", "-7"]),
        json('{"name":"Chair","_line":7}'),
        json('{"properties":{"_line":8},"_line":"7"}'),
        json('{"properties":{"_line":8}}'),
        json('{"_line":7,"_line":8}'),
        json('{"_line":7.0}'),
        json('{"_line":[7]}'),
        json("[7]"),
        json("{")
      ],
      [
        7,
        7,
        undefined,
        undefined,
        undefined,
        7,
        7,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined
      ]
    )
  })
})

const created = (index: number): Job.Entry => ({
  _tag: "Created",
  index,
  id: String(1000 + index),
  via: "response",
  possibleDuplicate: false
})
const stopped = (index: number): Job.Entry => ({
  _tag: "NotSent",
  index,
  reason: { _tag: "Stopped", text: "stopped" }
})

/** A job over rows of the lines 2, 3, …, or a retry of some of them. */
const plan = Effect.fnUntraced(function* (id: string, options: { rows: number; retry?: Frozen.RetryOf }) {
  const jobs = yield* JobStore.JobStore
  yield* TestClock.adjust("1 second")
  const { retry } = options
  const rows = rowsOf(options.rows).map((row) =>
    // The lines of a retry are those of the first file in reverse.
    retry === undefined
      ? row
      : { ...row, original: { _tag: "Csv" as const, cells: ["", "", String(options.rows + 1 - row.index)] } }
  )
  const claim = yield* jobs.create({
    id,
    holder,
    frozen: {
      ...frozen,
      strategy: DoubtStrategy.failVisible,
      ...(retry !== undefined && { retryOf: retry, header: ["name", "price", "_line"] })
    }
  })
  yield* jobs.append(claim, yield* batchesOf(rows, { jobId: id }))
  return claim
})

const settle = Effect.fnUntraced(function* (
  planning: JobStore.Claim,
  rows: number,
  entryOf: (index: number) => Job.Entry | undefined
) {
  const jobs = yield* JobStore.JobStore
  const { jobId } = planning
  yield* jobs.planned(planning, { digest: "d", inputs: rows })
  const claim = yield* jobs.claim(jobId, { holder })
  const open = yield* Stream.runCollect(jobs.unsettled(jobId))
  const settled = open.flatMap(({ items, number }) => {
    const outcomes = items.flatMap(({ index }) => entryOf(index) ?? [])
    return outcomes.length === items.length ? [{ number, outcomes }] : []
  })
  yield* jobs.settle(claim, settled)
  return claim
})

describe("what lines came to, as the store has it", () => {
  it.effect(
    "is that of the job, of what it retries, and of all other retries, by the lines of the first file",
    () =>
      Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        const q3 = yield* settle(yield* plan("q3", { rows: 4 }), 4, (index) =>
          index === 0 ? created(index) : stopped(index)
        )
        const lines = new Set([2, 3, 4, 9])
        const ask = (jobId: string, but?: string, mayPlan = true) =>
          Effect.map(JobRetry.fates(jobId, lines, { but, mayPlan: () => mayPlan }), (fates) =>
            [...fates]
              .sort(([a], [b]) => a - b)
              .map(
                ([line, fates]) =>
                  `${line} ${fates.map(({ index, is, jobId }) => `${jobId}:${index} ${is}`).join(", ")}`
              )
          )

        const early = yield* Effect.flip(ask("q3"))
        assert.strictEqual(
          early.message,
          'job "q3" is running, and only a job that is over can be retried; resume it, or cancel it and resume it'
        )
        yield* jobs.complete(q3, "canceled")
        assert.deepStrictEqual(yield* ask("q3"), ["2 q3:0 Created", "3 q3:1 NotSent", "4 q3:2 NotSent"])

        // Of another job, with the same lines.
        yield* settle(yield* plan("q4", { rows: 4 }), 4, created)
        const again = yield* plan("again", { rows: 2, retry: { job: "q3", first: "q3" } })
        assert.deepStrictEqual(yield* ask("q3"), [
          "2 q3:0 Created, again:1 Open",
          "3 q3:1 NotSent, again:0 Open",
          "4 q3:2 NotSent"
        ])
        const without = ["2 q3:0 Created", "3 q3:1 NotSent", "4 q3:2 NotSent"]
        assert.deepStrictEqual(yield* ask("q3", "again"), without)
        assert.deepStrictEqual(yield* ask("q3", undefined, false), without)
        const running = yield* settle(again, 2, stopped)
        yield* jobs.complete(running, "done")
        // A retry of the retry is one of the family, whichever of them is asked for.
        yield* plan("third", { rows: 2, retry: { job: "again", first: "q3" } })
        const all = [
          "2 q3:0 Created, again:1 NotSent, third:1 Open",
          "3 q3:1 NotSent, again:0 NotSent, third:0 Open",
          "4 q3:2 NotSent"
        ]
        assert.deepStrictEqual(yield* ask("q3"), all)
        assert.deepStrictEqual(yield* ask("again"), all)
        assert.strictEqual((yield* Effect.flip(ask("nobody")))._tag, "JobNotFound")
      }).pipe(Effect.provide(Layer.fresh(Stores.layerMemory)))
  )
})
