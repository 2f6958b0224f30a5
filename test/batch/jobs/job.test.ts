import * as Job from "@effect-hubspot/batch/jobs/Job"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { batchesOf, created, rowsOf } from "../sql/jobStore/suite.ts"

describe("a job", () => {
  it("moves as the table of its states says", () => {
    const states = Job.State.literals
    const found = states.flatMap((from) =>
      states.filter((to) => Result.isSuccess(Job.move("a", from, to))).map((to) => `${from} ${to}`)
    )
    assert.deepStrictEqual(found, [
      "planning pending",
      "pending running",
      "running suspended",
      "running done",
      "running canceled",
      "suspended running"
    ])
    assert.deepStrictEqual(states.filter(Job.isFinal), ["done", "canceled"])
    assert.deepStrictEqual(states.map(Job.statusOf), [
      "PENDING",
      "PENDING",
      "PROCESSING",
      "PROCESSING",
      "COMPLETE",
      "CANCELED"
    ])
  })

  it("changes outcomes as the table says", () => {
    const of: Readonly<Record<Job.Entry["_tag"], Job.Entry>> = {
      Created: created(7),
      Rejected: { _tag: "Rejected", index: 7, category: "x", problems: [], verifiedAbsent: true },
      Invalid: { _tag: "Invalid", index: 7, issues: [] },
      NotSent: { _tag: "NotSent", index: 7, reason: { _tag: "Stopped", text: "x" } },
      InDoubt: { _tag: "InDoubt", index: 7, evidence: { _tag: "Abandoned", text: "x" } }
    }
    const found = Object.values(of).flatMap((from) =>
      Object.values(of)
        .filter((to) => Result.isSuccess(Job.revise(from, to)))
        .map((to) => `${from._tag} ${to._tag}`)
    )
    assert.deepStrictEqual(found, [
      "Rejected Created",
      "Rejected Rejected",
      "Rejected InDoubt",
      "NotSent Created",
      "NotSent Rejected",
      "NotSent NotSent",
      "NotSent InDoubt",
      "InDoubt Created",
      "InDoubt Rejected",
      "InDoubt NotSent"
    ])
    // A refusal is no proof that an earlier attempt had no effect.
    const unverified = { ...of.Rejected, verifiedAbsent: false } as Job.Entry
    assert.isTrue(Result.isFailure(Job.revise(of.InDoubt, unverified)))
    assert.isTrue(Result.isFailure(Job.revise(of.InDoubt, created(8))))
  })

  it.effect("is cut into batches without gaps, none larger than asked for", () =>
    Effect.gen(function* () {
      for (const [count, wrong, size] of [
        [0, [], 3],
        [7, [], 3],
        [9, [0, 1, 4, 8], 3],
        [3500, Array.from({ length: 3499 }, (_, n) => n), 100]
      ] as const) {
        const batches = yield* batchesOf(rowsOf(count, wrong), { batchSize: size })
        const parts = batches.map(({ invalid, items }) =>
          [...items, ...invalid].map(({ index }) => index).sort((a, b) => a - b)
        )
        assert.deepStrictEqual(
          parts.flat(),
          Array.from({ length: count }, (_, n) => n)
        )
        assert.deepStrictEqual(
          batches.map(({ number }) => number),
          batches.map((_, n) => n)
        )
        for (const { invalid, items } of batches) {
          assert.isAtMost(items.length, size)
          assert.isAtMost(items.length + invalid.length, 1000 + size)
          assert.isAbove(items.length + invalid.length, 0)
        }
      }
    })
  )
})
