import { BatchState } from "@effect-hubspot/batch"
import type { BatchResponse } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

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

  const settle = (first: string, statuses: ReadonlyArray<string>, waiting?: Partial<BatchState.Waiting>) =>
    Effect.gen(function* () {
      const { at, observe } = observer(statuses)
      const full = { ...BatchState.defaultWaiting, ...waiting }
      const fiber = yield* Effect.forkChild(
        Effect.result(BatchState.settle(reply(first), { observe, pending: full, processing: full }))
      )
      yield* TestClock.adjust("2 hours")
      const result = yield* Fiber.join(fiber)
      return { at, end: result._tag === "Success" ? "done" : result.failure._tag }
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
        { _tag: "Rejected", ...of(1), category: "X", faults: [{ message: "no" }], verifiedAbsent: false },
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
