import { DoubtStrategy } from "@effect-hubspot/batch"
import * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
import * as Job from "@effect-hubspot/batch/jobs/Job"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { batchesOf, created, frozen, rowsOf } from "../sql/jobStore/suite.ts"

const strategies: ReadonlyArray<DoubtStrategy.DoubtStrategy> = [1, 2].flatMap((n) => [
  DoubtStrategy.failVisible,
  DoubtStrategy.failVisibleVerified({ quiet: n * 1000 }),
  DoubtStrategy.atLeastOnce({ resends: n }),
  DoubtStrategy.reconcile({ quiet: n * 1000, reads: n, resends: n }),
  DoubtStrategy.reconcileByParent({ quiet: 3000 - n * 1000, spacing: n }),
  DoubtStrategy.guard({ quiet: n * 1000, resends: n }),
  DoubtStrategy.upsert({ quiet: n * 1000 })
])

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

  it("goes on with the same strategy or a stricter one, and no way leads back", () => {
    for (const a of strategies) {
      assert.isTrue(Frozen.mayBecome(a, a, "sku"))
      for (const b of strategies) {
        const there = Frozen.mayBecome(a, b, "sku")
        if (there && Frozen.mayBecome(b, a, "sku")) assert.deepStrictEqual(a, b)
        for (const c of strategies) {
          if (there && Frozen.mayBecome(b, c, "sku")) {
            assert.isTrue(Frozen.mayBecome(a, c, "sku"), `${a._tag} ${b._tag} ${c._tag}`)
          }
        }
      }
    }
  })

  it("is not made to double, to overwrite, or to trust what it verified", () => {
    const { atLeastOnce, failVisible, failVisibleVerified, guard, reconcile, reconcileByParent, upsert } =
      DoubtStrategy
    for (const [was, is, may] of [
      [atLeastOnce(), guard(), true],
      [atLeastOnce(), reconcileByParent(), true],
      [reconcile(), guard(), true],
      [reconcile(), failVisible, true],
      [guard(), failVisibleVerified(), true],
      [upsert(), failVisibleVerified(), true],
      [failVisible, failVisibleVerified(), true],
      [guard(), failVisible, false],
      [guard(), failVisibleVerified({ quiet: 1 }), false],
      [failVisibleVerified(), failVisible, false],
      [failVisible, guard(), false],
      [failVisible, atLeastOnce(), false],
      [guard(), upsert(), false],
      [upsert(), guard(), false],
      [atLeastOnce(), upsert(), false],
      [reconcile(), reconcileByParent(), false],
      [reconcile(), reconcile({ quiet: 1 }), false],
      [reconcile(), reconcile({ reads: 2 }), false],
      [reconcile(), reconcile({ spacing: 1 }), false],
      [atLeastOnce(), atLeastOnce({ resends: 6 }), false],
      [atLeastOnce(), atLeastOnce({ resends: 4 }), true]
    ] as const) {
      assert.strictEqual(Frozen.mayBecome(was, is, "sku"), may, `${was._tag} ${is._tag}`)
    }
    // Inputs that were planned without a key cannot be found by one.
    assert.isFalse(Frozen.mayBecome(atLeastOnce(), guard(), undefined))
    assert.isTrue(Frozen.mayBecome(atLeastOnce(), reconcileByParent(), undefined))
  })

  it("is resumed by the same account with the same input, and says what is not", () => {
    const job = { frozen, digest: "aaaaaaaaaaaaaaaa" }
    const refused = (brought: Parameters<typeof Frozen.checkResume>[1]) => {
      const result = Frozen.checkResume(job, brought)
      return Result.isFailure(result) ? result.failure.message : "goes on"
    }
    assert.deepStrictEqual(
      Frozen.checkResume(job, { account: "42", digest: "aaaaaaaaaaaaaaaa" }),
      Result.succeed(frozen.strategy)
    )
    assert.strictEqual(refused({ account: "42" }), "goes on")
    assert.strictEqual(
      refused({ account: "2", digest: "b" }),
      "the token belongs to account 2, the job was started on 42; use a token of account 42"
    )
    assert.strictEqual(
      refused({ account: "42", digest: "bbbbbbbbbbbbbbbb", line: 77 }),
      '"items.csv" differs from the planned input at line 77 (digest bbbbbbbbbbbb, planned aaaaaaaaaaaa); resume without the file, or import it as a new job'
    )
    assert.strictEqual(
      refused({ account: "42", strategy: DoubtStrategy.atLeastOnce() }),
      "the job was planned with failVisible, and atLeastOnce is not stricter; resume without naming a strategy"
    )
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
