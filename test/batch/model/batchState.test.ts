import { BatchState } from "@effect-hubspot/batch"
import type { BatchResponse } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { inVirtualTime } from "../../support/virtualTime.ts"

const reply = (status?: string): BatchResponse.BatchResponse => ({ ...(status && { status }), results: [] })

describe("the four statuses as effects", () => {
  it.effect("each word of HubSpot's is a type of its own", () =>
    Effect.gen(function* () {
      const tag = (status?: string) =>
        Effect.match(BatchState.fromResponse(reply(status)), {
          onFailure: (error) => error._tag,
          onSuccess: () => "done"
        })
      assert.strictEqual(yield* tag("COMPLETE"), "done")
      assert.strictEqual(yield* tag(), "done")
      assert.strictEqual(yield* tag("PENDING"), "Pending")
      assert.strictEqual(yield* tag("PROCESSING"), "Processing")
      assert.strictEqual(yield* tag("CANCELED"), "Canceled")
      assert.strictEqual(yield* tag("CANCELLED"), "Canceled")
      assert.strictEqual(yield* tag("ARCHIVED"), "UnknownStatus")
    })
  )

  it("the compiler asks for every status", () => {
    const handled: Effect.Effect<string> = BatchState.fromResponse(reply()).pipe(
      Effect.as(""),
      Effect.catchTags({
        Pending: () => Effect.succeed(""),
        Processing: () => Effect.succeed(""),
        Canceled: () => Effect.succeed(""),
        UnknownStatus: () => Effect.succeed("")
      })
    )
    // @ts-expect-error Canceled and UnknownStatus are left
    const open: Effect.Effect<string> = BatchState.fromResponse(reply()).pipe(
      Effect.as(""),
      Effect.catchTags({ Pending: () => Effect.succeed(""), Processing: () => Effect.succeed("") })
    )
    assert.isTrue(Effect.isEffect(handled) && Effect.isEffect(open))
  })

  /** Answers the given statuses one after the other, and says when it was asked. */
  const observer = (statuses: ReadonlyArray<string>) => {
    const at: Array<number> = []
    const observe = Effect.map(Clock.currentTimeMillis, (now) => {
      at.push(now)
      return reply(statuses[Math.min(at.length, statuses.length) - 1])
    })
    return { at, observe }
  }

  const settle = (first: string, statuses: ReadonlyArray<string>, waits: BatchState.Waits = {}) =>
    Effect.gen(function* () {
      const { at, observe } = observer(statuses)
      const fiber = yield* Effect.forkChild(
        BatchState.follow(reply(first), { observe: () => observe, ...waits })
      )
      const startedAt = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("2 hours")
      const { _tag: end } = yield* Fiber.join(fiber)
      return { at: at.map((time) => time - startedAt), end: end === "Complete" ? "done" : end }
    }).pipe(Random.withSeed("settle"))

  it.effect("a batch is followed through PENDING and PROCESSING to its end", () =>
    Effect.gen(function* () {
      const { at, end } = yield* settle("PENDING", [
        "PENDING",
        "PENDING",
        "PROCESSING",
        "PROCESSING",
        "COMPLETE"
      ])
      assert.strictEqual(end, "done")
      assert.lengthOf(at, 5)
      assert.strictEqual((yield* settle("PROCESSING", ["CANCELED"])).end, "Canceled")
      assert.strictEqual((yield* settle("PENDING", ["ODD"])).end, "UnknownStatus")
      assert.deepStrictEqual((yield* settle("COMPLETE", ["PENDING"])).at, [])
    })
  )

  it.effect("one that never ends is stuck at the deadline, observed less and less often", () =>
    Effect.gen(function* () {
      const { at, end } = yield* settle("PROCESSING", ["PROCESSING"])
      assert.strictEqual(end, "Stuck")
      assert.isAtMost(at.at(-1)!, 15 * 60_000 + 31_000)
      assert.isAtLeast(at.at(-1)!, 13 * 60_000)
      for (const [index, time] of at.entries()) {
        if (index > 0) assert.isAtMost(time - at[index - 1]!, 30_000)
      }
      assert.isBelow(at.length, 120)
    })
  )

  it.effect("a status is waited for by any schedule, stepped before every look with what was last seen", () =>
    Effect.gen(function* () {
      const steps: Array<readonly [attempt: number, tag: string]> = []
      const logged = <S extends BatchState.Pending | BatchState.Processing>(
        schedule: Schedule.Schedule<unknown, S>
      ) =>
        Schedule.tap(schedule, ({ attempt, input: { _tag } }) =>
          Effect.sync(() => steps.push([attempt, _tag]))
        )
      const { at, end } = yield* settle("PENDING", ["PENDING", "PROCESSING", "PROCESSING", "COMPLETE"], {
        pending: logged(Schedule.spaced("10 seconds")),
        processing: logged(Schedule.fibonacci("1 minute"))
      })
      assert.strictEqual(end, "done")
      assert.deepStrictEqual(at, [10_000, 20_000, 80_000, 140_000])
      assert.deepStrictEqual(steps, [
        [1, "Pending"],
        [2, "Pending"],
        [1, "Processing"],
        [2, "Processing"]
      ])
    })
  )

  it.effect("it is stuck when the schedule of its status ends, however long the other one is", () =>
    Effect.gen(function* () {
      const bounded = Schedule.upTo(Schedule.spaced("1 second"), { times: 2 })
      assert.deepStrictEqual(yield* settle("PENDING", ["PENDING"], { pending: bounded }), {
        at: [1000, 2000],
        end: "Stuck"
      })
      const second = yield* settle("PENDING", ["PENDING", "PROCESSING"], {
        pending: Schedule.spaced("1 second"),
        processing: bounded
      })
      assert.deepStrictEqual(second, { at: [1000, 2000, 3000, 4000], end: "Stuck" })
    })
  )

  it.effect("every end has what was created, also if a later look does not show it", () =>
    Effect.gen(function* () {
      const first = { ...reply("PROCESSING"), results: [{ id: "7" }] }
      const ends = {
        Complete: { observe: () => Effect.succeed(reply("COMPLETE")) },
        Stuck: { observe: () => Effect.succeed(reply("PROCESSING")) },
        Left: { observe: () => Effect.never, until: Effect.sleep("1 minute") },
        Unobserved: { observe: () => Effect.fail(new BatchState.NotObservable({ problem: "no link" })) }
      }
      for (const [tag, options] of Object.entries(ends)) {
        const end = yield* inVirtualTime(BatchState.follow(first, options))
        assert.strictEqual(end._tag, tag)
        assert.deepStrictEqual(end.response.results, [{ id: "7" }])
      }
    })
  )

  it("a batch that nobody follows has an end, too", () => {
    assert.deepStrictEqual(
      ["COMPLETE", "PENDING", "PROCESSING", "CANCELED", "ODD"].map(
        (status) => BatchState.endOf(reply(status))._tag
      ),
      ["Complete", "Stuck", "Stuck", "Canceled", "UnknownStatus"]
    )
  })

  it.effect("a move that cannot be is refused by type", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* settle("PROCESSING", ["PENDING"])).end, "IllegalMove")
      assert.isFalse(BatchState.isLegal("COMPLETE", "PENDING"))
      assert.isTrue(BatchState.isLegal("PENDING", "CANCELED"))
    })
  )
})

describe("the status of a job of ours", () => {
  const times = { requestedAtMillis: 0, startedAtMillis: 1000 }

  it("is one of HubSpot's four words", () => {
    const words = [
      { requestedAtMillis: 0 },
      times,
      { ...times, ended: "suspended" },
      { ...times, ended: "stopped", completedAtMillis: 2000 },
      { ...times, ended: "done", completedAtMillis: 2000 }
    ] as const
    assert.deepStrictEqual(
      words.map((job) => BatchState.statusOf({ ...job, outcomes: [] }).status),
      ["PENDING", "PROCESSING", "PROCESSING", "CANCELED", "COMPLETE"]
    )
  })

  it("has what succeeded among the results, and all else among the errors, named", () => {
    const of = (index: number) => ({ source: "row", index, objectWriteTraceId: `t-${index}` })
    const { errors, numErrors, results } = BatchState.statusOf({
      ...times,
      outcomes: [
        {
          _tag: "Created",
          ...of(0),
          id: "7",
          object: { id: "7" },
          via: "response",
          possibleDuplicate: false
        },
        { _tag: "Rejected", ...of(1), category: "X", problems: [{ message: "no" }], verifiedAbsent: false },
        { _tag: "InDoubt", ...of(2), evidence: { _tag: "Abandoned" } },
        { _tag: "Invalid", source: "row", index: 3, issues: [{ path: "p", message: "m", advice: "a" }] },
        { _tag: "Archived", source: "row", index: 4, id: "9" }
      ]
    })
    assert.deepStrictEqual(
      results.map(({ id }) => id),
      ["7", "9"]
    )
    assert.strictEqual(numErrors, 3)
    assert.deepStrictEqual(
      errors?.map(({ category, context }) => [category, context]),
      [
        ["X", { index: ["1"], objectWriteTraceId: ["t-1"] }],
        ["IN_DOUBT", { index: ["2"], objectWriteTraceId: ["t-2"] }],
        ["INVALID", { index: ["3"] }]
      ]
    )
  })
})
