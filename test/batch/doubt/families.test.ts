import { DoubtStrategy } from "@effect-hubspot/batch"
import { LineItems } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { gateway, hubspot, ofDeal, rule, run } from "../../support/doubt.ts"

/*
 * Parents with more line items than a page has, and families that are in more than one batch.
 */

const options = { strategy: DoubtStrategy.reconcileByParent() }

/** A page of a parent's line items. */
const page = 500

/** A deal that has had so many line items for an hour. */
const oldDeal = Effect.fnUntraced(function* (deal: string, count: number) {
  const lineItems = yield* LineItems.LineItems
  const all = Array.from({ length: count }, (_, n) => ofDeal(10_000 + n, deal))
  for (let from = 0; from < count; from += 100) {
    yield* lineItems.createBatch({ inputs: all.slice(from, from + 100) })
  }
  yield* TestClock.adjust("1 hour")
})

/** All creates of a run of one batch after the deal was made. */
const behind = (count: number, nth = 1) => ({
  path: "*/line_items/batch/create",
  nth: Math.ceil(count / 100) + nth
})

describe("a parent with more line items than a page has", () => {
  for (const count of [page, page + 20, 2 * page + 20]) {
    it.effect(`what was created is found behind ${count} others, and not sent again`, () =>
      Effect.gen(function* () {
        yield* oldDeal("70", count)
        const inputs = Array.from({ length: 10 }, (_, n) => ofDeal(n, "70"))
        const { counts, created, outcomes } = yield* run(inputs, options)
        assert.deepStrictEqual(counts, { reconciled: 10 })
        assert.lengthOf(created, count + 10)
        const traces = new Map(created.map(({ id, objectWriteTraceId }) => [id, objectWriteTraceId]))
        for (const outcome of outcomes) {
          const id = outcome._tag === "Created" ? outcome.id : ""
          assert.strictEqual(traces.get(id), `job-${outcome.index.toString(36)}`)
        }
      }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway }, behind(count))])))
    )
  }

  it.effect("what is on no page is sent again, and what is on the last one is not", () =>
    Effect.gen(function* () {
      yield* oldDeal("70", page + 20)
      const inputs = Array.from({ length: 10 }, (_, n) => ofDeal(n, "70"))
      const { counts, created } = yield* run(inputs, options)
      assert.deepStrictEqual(counts, { reconciled: 4, response: 6 })
      assert.lengthOf(created, page + 20 + 10)
    }).pipe(
      Effect.provide(
        hubspot([rule({ place: "partialCommit", inputs: 4, reply: gateway }, behind(page + 20))])
      )
    )
  )

  it.effect("a page that cannot be had leaves the doubt, though the one before it could", () =>
    Effect.gen(function* () {
      yield* oldDeal("70", page + 20)
      const { counts, created } = yield* run([ofDeal(1, "70")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.lengthOf(created, page + 20)
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "beforeCommit", reply: gateway }, behind(page + 20)),
          rule(
            { place: "beforeCommit", reply: { kind: "status", status: 403 } },
            { path: "*/objects/*/associations/*", nth: [2, 4, 6, 8] }
          )
        ])
      )
    )
  )
})

describe("equal rows of one parent in two batches that are both in doubt", () => {
  const twins = [ofDeal(1, "70"), ofDeal(1, "70")]
  const creates = "*/line_items/batch/create"
  const lost = { place: "beforeCommit", reply: gateway } as const
  const stored = { place: "afterCommit", reply: gateway } as const

  for (const [what, first, second, count] of [
    ["the first was stored", stored, lost, 1],
    ["the second was stored", lost, stored, 1],
    ["both were stored", stored, stored, 2],
    ["neither was stored", lost, lost, 0]
  ] as const) {
    it.effect(`stay in doubt where ${what}: the one record may be either's`, () =>
      Effect.gen(function* () {
        const { counts, created } = yield* run(twins, { ...options, batchSize: 1 })
        assert.deepStrictEqual(counts, { InDoubt: 2 })
        assert.lengthOf(created, count)
      }).pipe(
        Effect.provide(
          hubspot([rule(first, { path: creates, nth: 1 }), rule(second, { path: creates, nth: 2 })])
        )
      )
    )
  }

  it.effect("are told apart where one of them was answered", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(twins, { ...options, batchSize: 1 })
      assert.deepStrictEqual(counts, { response: 1, reconciled: 1 })
      assert.lengthOf(created, 2)
    }).pipe(Effect.provide(hubspot([rule(stored, { path: creates, nth: 1 })])))
  )
})
