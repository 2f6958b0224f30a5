/**
 * What every attempt log promises.
 */
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"

/** Where a log is; to build the layer is to open it, as another process would. */
export type Place = Effect.Effect<Layer.Layer<AttemptLog.AttemptLog, unknown>, never, Scope.Scope>

export const batch: AttemptLog.Attempt = { jobId: "job", operation: "batchCreate", inputs: [0, 1, 2] }

/** Works with the log until it is closed again. */
export const opened = <A, E>(
  layer: Layer.Layer<AttemptLog.AttemptLog, unknown>,
  use: (log: AttemptLog.Service) => Effect.Effect<A, E>
) => Effect.flatMap(AttemptLog.AttemptLog, use).pipe(Effect.provide(Layer.fresh(Layer.orDie(layer))))

export const defectOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? String(Cause.squash(exit.cause)) : "no defect"

/** With what breaks texts on the way to a database and back. */
export const end: AttemptLog.End = {
  acceptance: "InDoubt",
  reason: "ServerFailed",
  outcomes: [
    { _tag: "Created", index: 0, id: "123456789012345678901", via: "conflict", possibleDuplicate: true },
    {
      _tag: "Rejected",
      index: 1,
      category: "VALIDATION_ERROR",
      problems: [
        { message: `it's "wrong"\n\u0000\ud800 \u{1f4a5} ?`, code: "INVALID", property: "price" },
        { message: "" }
      ],
      verifiedAbsent: true
    },
    { _tag: "InDoubt", index: 2, evidence: { _tag: "NoAnswer", text: "HubSpot failed (HTTP 502)" } }
  ]
}

export const suite = (name: string, place: Place) =>
  describe(name, () => {
    const test = (
      sentence: string,
      body: (layer: Layer.Layer<AttemptLog.AttemptLog, unknown>) => Effect.Effect<void, unknown>
    ) => it.effect(sentence, () => Effect.scoped(Effect.flatMap(place, body)))

    test("an attempt that began is there when the log is opened again, and has no end", (layer) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_700_000_000_123)
        const id = yield* opened(layer, (log) => log.begin({ ...batch, epoch: 3 }))
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [
          { ...batch, epoch: 3, id, begunAtMillis: 1_700_000_000_123 }
        ])
      }))

    test("an end is there with its outcomes, letter by letter, when the log is opened again", (layer) =>
      Effect.gen(function* () {
        const id = yield* opened(layer, (log) => log.begin(batch))
        yield* TestClock.setTime(1_700_000_000_123)
        yield* opened(layer, (log) => log.end(id, end))
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [
          { ...batch, id, begunAtMillis: 0, end: { ...end, endedAtMillis: 1_700_000_000_123 } }
        ])
      }))

    test("that HubSpot has not finished is there until the attempt ends, and cannot be said after", (layer) =>
      Effect.gen(function* () {
        const id = yield* opened(layer, (log) => log.begin(batch))
        const seen: ReadonlyArray<AttemptLog.Unfinished> = [
          { status: "PENDING" },
          { status: "PROCESSING", link: 'https://api.hubapi.com/it\'s?a=1&b="2"' }
        ]
        for (const unfinished of seen) {
          yield* opened(layer, (log) => log.unfinished(id, unfinished))
          assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [
            { ...batch, id, begunAtMillis: 0, unfinished }
          ])
        }
        yield* opened(layer, (log) => log.end(id, end))
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [
          { ...batch, id, begunAtMillis: 0, end: { ...end, endedAtMillis: 0 } }
        ])
        for (const number of [id, id + 1]) {
          const exit = yield* Effect.exit(opened(layer, (log) => log.unfinished(number, seen[0]!)))
          assert.match(defectOf(exit), /is not under way/)
        }
      }))

    test("an attempt that was perhaps made earlier has begun then", (layer) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5000)
        const id = yield* opened(layer, (log) => log.begin({ ...batch, sinceMillis: 1234 }))
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [
          { ...batch, id, begunAtMillis: 1234 }
        ])
      }))

    test("an end without reason or outcomes comes back so", (layer) =>
      Effect.gen(function* () {
        const id = yield* opened(layer, (log) => log.begin(batch))
        yield* opened(layer, (log) => log.end(id, { acceptance: "Accepted", outcomes: [] }))
        const [attempt] = yield* opened(layer, (log) => log.attempts("job"))
        assert.deepStrictEqual(attempt!.end, { acceptance: "Accepted", outcomes: [], endedAtMillis: 0 })
      }))

    test("what an outcome holds beside its entry is not written down", (layer) =>
      Effect.gen(function* () {
        const outcome = {
          ...(end.outcomes[0] as Extract<AttemptLog.Entry, { _tag: "Created" }>),
          source: "the caller's own"
        }
        const id = yield* opened(layer, (log) => log.begin(batch))
        yield* opened(layer, (log) => log.end(id, { acceptance: "Accepted", outcomes: [outcome] }))
        const [attempt] = yield* opened(layer, (log) => log.attempts("job"))
        assert.deepStrictEqual(attempt!.end!.outcomes, [end.outcomes[0]!])
      }))

    test("the attempts of a job come back equal, in the order in which they were begun", (layer) =>
      Effect.gen(function* () {
        const inputs = [
          Array.from({ length: 100 }, (_, n) => n),
          [],
          [7],
          [3, 4, 5, 9, 10, 2, 1, 1, 0],
          [Number.MAX_SAFE_INTEGER - 1, 900_719_925_474_000]
        ]
        const jobs = ["job", `it's "another" one; --`]
        const written = yield* opened(layer, (log) =>
          Effect.forEach(inputs, (inputs, n) =>
            Effect.map(log.begin({ jobId: jobs[n % 2]!, operation: `operation ${n}`, inputs }), (id) => ({
              jobId: jobs[n % 2]!,
              operation: `operation ${n}`,
              inputs,
              id,
              begunAtMillis: 0
            }))
          )
        )
        for (const jobId of jobs) {
          assert.deepStrictEqual(
            yield* opened(layer, (log) => log.attempts(jobId)),
            written.filter((attempt) => attempt.jobId === jobId)
          )
        }
        assert.deepStrictEqual(
          written.map(({ id }) => id),
          written.map(({ id }) => id).sort((a, b) => a - b)
        )
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("none")), [])
      }))

    test("attempts that begin at once have numbers of their own", (layer) =>
      Effect.gen(function* () {
        const ids = yield* opened(layer, (log) =>
          Effect.forEach(
            Array.from({ length: 50 }, (_, n) => n),
            (n) => log.begin({ ...batch, inputs: [n] }),
            { concurrency: "unbounded" }
          )
        )
        assert.strictEqual(new Set(ids).size, 50)
        const attempts = yield* opened(layer, (log) => log.attempts("job"))
        assert.deepStrictEqual(
          new Map(attempts.map(({ id, inputs }) => [id, inputs[0]])),
          new Map(ids.map((id, n) => [id, n] as const).sort(([a], [b]) => a - b))
        )
      }))

    test("an attempt ends once; the second end is a defect and changes nothing", (layer) =>
      Effect.gen(function* () {
        const id = yield* opened(layer, (log) => log.begin(batch))
        yield* opened(layer, (log) => log.end(id, end))
        const again = yield* Effect.exit(
          opened(layer, (log) => log.end(id, { acceptance: "NotAccepted", outcomes: [] }))
        )
        assert.include(defectOf(again), `attempt ${id} is not under way`)
        const [attempt] = yield* opened(layer, (log) => log.attempts("job"))
        assert.deepStrictEqual(attempt!.end, { ...end, endedAtMillis: 0 })
      }))

    test("the same end may be written again, as if it had not been confirmed; the first one stays", (layer) =>
      Effect.gen(function* () {
        for (const how of [end, { acceptance: "NotAccepted", outcomes: [] } as const]) {
          const id = yield* opened(layer, (log) => log.begin({ ...batch, jobId: how.acceptance }))
          yield* opened(layer, (log) => log.end(id, how))
          yield* TestClock.adjust("1 second")
          yield* opened(layer, (log) => log.end(id, how))
          const [attempt] = yield* opened(layer, (log) => log.attempts(how.acceptance))
          assert.deepStrictEqual(attempt!.end, { ...how, endedAtMillis: attempt!.begunAtMillis })
          for (const another of [
            { ...how, reason: "Another" },
            { ...how, acceptance: "Accepted" } as const,
            { ...how, outcomes: end.outcomes.slice(0, 1) }
          ]) {
            const exit = yield* Effect.exit(opened(layer, (log) => log.end(id, another)))
            assert.include(defectOf(exit), `attempt ${id} is not under way`)
          }
        }
      }))

    test("of two ends at once, one is written down and one is a defect", (layer) =>
      Effect.gen(function* () {
        const exits = yield* opened(layer, (log) =>
          Effect.flatMap(log.begin(batch), (id) =>
            Effect.forEach(
              ["first", "second"],
              (reason) => Effect.exit(log.end(id, { acceptance: "NotAccepted", reason, outcomes: [] })),
              { concurrency: "unbounded" }
            )
          )
        )
        const won = exits.findIndex(Exit.isSuccess)
        assert.include(defectOf(exits[1 - won]!), "is not under way")
        const [attempt] = yield* opened(layer, (log) => log.attempts("job"))
        assert.strictEqual(attempt!.end!.reason, ["first", "second"][won])
      }))

    test("the end of an attempt that never began is a defect", (layer) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(opened(layer, (log) => log.end(4711, end)))
        assert.include(defectOf(exit), "attempt 4711 is not under way")
      }))

    test("an index that is no whole number is a defect, and nothing is written down", (layer) =>
      Effect.gen(function* () {
        for (const index of [-1, 0.5, Number.NaN, 2 ** 60]) {
          const exit = yield* Effect.exit(opened(layer, (log) => log.begin({ ...batch, inputs: [0, index] })))
          assert.include(defectOf(exit), "whole numbers from 0")
        }
        assert.deepStrictEqual(yield* opened(layer, (log) => log.attempts("job")), [])
      }))

    test("an attempt may have a hundred thousand inputs, and more are a defect", (layer) =>
      Effect.gen(function* () {
        const inputs = Array.from({ length: 100_000 }, (_, n) => n * 2)
        const begin = (inputs: ReadonlyArray<number>) =>
          opened(layer, (log) => log.begin({ ...batch, inputs }))
        yield* begin(inputs)
        yield* begin(inputs.map((_, n) => n))
        assert.include(defectOf(yield* Effect.exit(begin([...inputs, 1]))), "at most 100000 inputs")
        const attempts = yield* opened(layer, (log) => log.attempts("job"))
        assert.deepStrictEqual(
          attempts.map(({ inputs }) => [inputs.length, inputs.at(-1)]),
          [
            [100_000, 199_998],
            [100_000, 99_999]
          ]
        )
      }))

    test("a run that was taken over begins nothing any more, and may end what it had begun", (layer) =>
      Effect.gen(function* () {
        const begin = (epoch: number, jobId = "job") =>
          opened(layer, (log) => log.begin({ ...batch, jobId, epoch }))
        const first = yield* begin(1)
        yield* begin(2)
        yield* begin(2)
        yield* begin(1, "another job")
        const error = yield* Effect.flip(begin(1))
        assert.instanceOf(error, AttemptLog.AttemptLogError)
        assert.strictEqual(error.reason, "Fenced")
        assert.strictEqual(
          error.message,
          'attempt log: run 1 of job "job" was taken over by a later run; another process runs the job now; wait for it, or stop it and resume'
        )
        yield* opened(layer, (log) => log.end(first, end))
        assert.lengthOf(yield* opened(layer, (log) => log.attempts("job")), 3)
      }))
  })
