import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { post, root } from "./api.ts"
import { batch, createdCount, untraced, withBehaviour } from "./behaving.ts"

/*
 * Where HubSpot is not known, the emulator can be told to behave either way. Each setting is tested in each of its values.
 * Here: batches.
 */

describe("a batch", () => {
  const bad = { prise: "1" }

  for (const [allInvalid, expected] of [
    ["partial", 207],
    ["refused", 400]
  ] as const) {
    it.effect(`of bad inputs only is a ${expected}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* batch([bad, bad])).status, expected)
        assert.strictEqual((yield* batch([bad, { name: "A" }])).status, 207)
        assert.strictEqual(yield* createdCount, 1)
      }).pipe(withBehaviour({ allInvalid }))
    )
  }

  for (const [refusedBatch, expected] of [
    ["nothing", 0],
    ["goodInputs", 2]
  ] as const) {
    it.effect(`without trace ids that is refused creates ${expected} of 2 good inputs`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* untraced([{ name: "A" }, bad, { name: "B" }])
        assert.strictEqual(status, 400)
        assert.include(body.message, "PROPERTY_DOESNT_EXIST")
        assert.strictEqual(yield* createdCount, expected)
      }).pipe(withBehaviour({ refusedBatch }))
    )
  }

  for (const [partialIn202609, expected] of [
    ["folded", 201],
    ["multiStatus", 207]
  ] as const) {
    it.effect(`that partly fails in 2026-09 is a ${expected}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch([bad, { name: "A" }], "/crm/objects/2026-09/line_items")
        assert.deepStrictEqual([status, body.numErrors], [expected, 1])
      }).pipe(withBehaviour({ partialIn202609 }))
    )
  }

  for (const [emptyInputs, expected, words] of [
    ["refused", 400, "The list of inputs is empty"],
    ["unset", 400, "Some required fields were not set: [inputs]"],
    ["accepted", 201, undefined]
  ] as const) {
    it.effect(`of nothing is a ${expected}: ${emptyInputs}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch([])
        assert.strictEqual(status, expected)
        if (words === undefined) assert.deepStrictEqual([body.status, body.results], ["COMPLETE", []])
        else assert.include(body.message, words)
        assert.strictEqual((yield* post(`${root}/batch/create`, {})).status, 400)
      }).pipe(withBehaviour({ emptyInputs }))
    )
  }

  for (const [noInputs, expected] of [
    ["refused", 400],
    ["accepted", 201]
  ] as const) {
    it.effect(`without the list of inputs is a ${expected}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* post(`${root}/batch/create`, {})
        assert.strictEqual(status, expected)
        if (expected === 201) assert.deepStrictEqual([body.status, body.results], ["COMPLETE", []])
        assert.strictEqual((yield* batch([])).status, 400)
      }).pipe(withBehaviour({ noInputs }))
    )
  }

  for (const [tooManyInputs, words, category] of [
    ["counted", "The maximum number of inputs supported in a batch is 100.", "VALIDATION_ERROR"],
    ["unreadable", "Invalid input JSON on line 1, column 2: inputs has more than 100", undefined]
  ] as const) {
    it.effect(`of 101 inputs is refused: ${tooManyInputs}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch(Array.from({ length: 101 }, () => ({ name: "A" })))
        assert.deepStrictEqual([status, body.category], [400, category])
        assert.include(body.message, words)
        assert.strictEqual(yield* createdCount, 0)
      }).pipe(withBehaviour({ tooManyInputs }))
    )
  }

  for (const [bodyCeiling, expected] of [
    ["10MiB", [201, 413]],
    ["1MiB", [413, 413]]
  ] as const) {
    it.effect(`may have a body of ${bodyCeiling}`, () =>
      Effect.gen(function* () {
        const large = { name: "A", description: "x".repeat(60_000) }
        assert.strictEqual((yield* batch([large])).status, 201)
        const { status } = yield* batch(Array.from({ length: 20 }, () => large))
        const most = yield* batch(
          Array.from({ length: 90 }, () => ({ ...large, hs_sku: "x".repeat(60_000) }))
        )
        assert.deepStrictEqual([status, most.status], [...expected])
        assert.strictEqual(yield* createdCount, expected[0] === 201 ? 21 : 1)
      }).pipe(withBehaviour({ bodyCeiling }))
    )
  }

  for (const [tooLarge, type] of [
    ["json", "application/json"],
    ["html", "text/html"]
  ] as const) {
    it.effect(`that is too large is a 413 with ${tooLarge}`, () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* batch([{ name: "A", description: "x".repeat(2 ** 20) }])
        assert.strictEqual(status, 413)
        assert.isTrue(headers["content-type"]?.startsWith(type))
        assert.strictEqual(text.includes('"category":"VALIDATION_ERROR"'), tooLarge === "json")
        assert.strictEqual(yield* createdCount, 0)
      }).pipe(withBehaviour({ tooLarge, bodyCeiling: "1MiB" }))
    )
  }

  for (const [someTraceIds, expected] of [
    ["untraced", [400, 400, 0]],
    ["traced", [207, 207, 2]]
  ] as const) {
    it.effect(`with trace ids of some inputs, or the same of two, is ${someTraceIds}`, () =>
      Effect.gen(function* () {
        const some = yield* post(`${root}/batch/create`, {
          inputs: [{ properties: { name: "A" } }, { properties: bad, objectWriteTraceId: "b" }]
        })
        const same = yield* post(`${root}/batch/create`, {
          inputs: [
            { properties: { name: "A" }, objectWriteTraceId: "a" },
            { properties: bad, objectWriteTraceId: "a" }
          ]
        })
        assert.deepStrictEqual([some.status, same.status, yield* createdCount], [...expected])
        assert.strictEqual((yield* untraced([bad])).status, 400)
        if (someTraceIds === "traced")
          assert.deepInclude(some.body.errors[0]!.context, { objectWriteTraceId: ["b"] })
      }).pipe(withBehaviour({ someTraceIds }))
    )
  }

  for (const [longTraceIds, expected] of [
    ["taken", 201],
    ["refused", 400]
  ] as const) {
    it.effect(`with a trace id of 101 characters is ${longTraceIds}`, () =>
      Effect.gen(function* () {
        const of = (length: number) =>
          post(`${root}/batch/create`, {
            inputs: [{ properties: { name: "A" }, objectWriteTraceId: "x".repeat(length) }]
          })
        assert.deepStrictEqual([(yield* of(100)).status, (yield* of(101)).status], [201, expected])
      }).pipe(withBehaviour({ longTraceIds }))
    )
  }

  for (const [traceIds, expected] of [
    ["repeated", "t0"],
    ["absent", undefined]
  ] as const) {
    it.effect(`has results with trace ids ${traceIds}`, () =>
      Effect.gen(function* () {
        const { body } = yield* batch([{ name: "A" }])
        assert.strictEqual(body.results[0]!.objectWriteTraceId, expected)
      }).pipe(withBehaviour({ traceIds }))
    )
  }
})

describe("the results of a batch", () => {
  it.effect("have and have no trace ids", () =>
    Effect.gen(function* () {
      const { body } = yield* batch([{ name: "A" }, { name: "B" }, { name: "C" }, { name: "D" }])
      const traceIds = body.results.map((_) => _.objectWriteTraceId)
      assert.lengthOf(
        traceIds.filter((traceId) => traceId === undefined),
        2
      )
      assert.strictEqual(yield* createdCount, 4)
    }).pipe(withBehaviour({ traceIds: "mixed" }))
  )
})

describe("results", () => {
  const names = Array.from({ length: 20 }, (_, n) => `N${n}`)
  for (const resultOrder of ["any", "sent"] as const) {
    it.effect(`are in the order ${resultOrder}`, () =>
      Effect.gen(function* () {
        const { body } = yield* batch(names.map((name) => ({ name })))
        const found = body.results.map((_) => _.properties.name)
        assert.sameMembers(found, names)
        assert.strictEqual(JSON.stringify(found) === JSON.stringify(names), resultOrder === "sent")
      }).pipe(withBehaviour({ resultOrder }), Random.withSeed("order"))
    )
  }
})
