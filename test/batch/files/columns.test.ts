import { StandardProperties } from "@effect-hubspot/schema"
import { Source } from "@effect-hubspot/batch"
import type { FileFormat } from "@effect-hubspot/batch"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Columns from "../../../packages/batch/src/files/Columns.ts"
import { nearest } from "../../../packages/batch/src/files/nearest.ts"

const definitions = [...StandardProperties.lineItems, { name: "order_line_ref", type: "string" }]
const account = { definitions, isComplete: true }

const columnsOf = Effect.fnUntraced(function* (text: string, format: FileFormat.FileFormat = {}) {
  const bytes = Stream.make(new TextEncoder().encode(text))
  const source = yield* Source.fromBytes("input", bytes, { declared: format })
  const columns = Columns.make(source.header, format)
  yield* Stream.runForEach(source.rows, (row) => Effect.sync(() => columns.take(row)))
  return columns
}, Effect.scoped)

const problemsOf = (text: string, format?: FileFormat.FileFormat, of = account) =>
  Effect.map(columnsOf(text, format), (columns) => columns.problems(of))

describe("the columns of a file", () => {
  it.effect("are problems where the account has no such property, with what was perhaps meant", () =>
    Effect.gen(function* () {
      const unknown = { _tag: "Unknown", isSet: false } as const
      assert.deepStrictEqual(yield* problemsOf("name,prise,Surcharge,order_line_ref\nA,1,2,3\n"), [
        { ...unknown, column: "prise", property: "prise", nearest: "price" },
        { ...unknown, column: "Surcharge", property: "Surcharge", nearest: undefined }
      ])
      assert.deepStrictEqual(yield* problemsOf('{"name":"A","prise":1}\n{"name":"B","nothing":null}\n'), [
        { ...unknown, column: "prise", property: "prise", nearest: "price" }
      ])
      assert.deepStrictEqual(
        yield* problemsOf('{"properties":{"name":"A","prise":1},"_note":1}\n{"properties":null,"x":1}\n'),
        [{ ...unknown, column: "prise", property: "prise", nearest: "price" }]
      )
      assert.deepStrictEqual(yield* problemsOf("n,p\nA,1\n", { map: { n: "name", p: "prise" } }), [
        { ...unknown, column: "p", property: "prise", nearest: "price" }
      ])
      assert.deepStrictEqual(yield* problemsOf("name\nA\n", { set: { surcharge: "1" } }), [
        { _tag: "Unknown", isSet: true, column: "surcharge", property: "surcharge", nearest: undefined }
      ])
    })
  )

  it.effect(
    "are no problems if they are not sent, are not properties, or the account's are not all known",
    () =>
      Effect.gen(function* () {
        const header = "_line,_reason,objectWriteTraceId,deal_id,prise,name,,Total"
        const row = "1,x,t1,4711,1,A,,9"
        const format = { map: { prise: "price" }, ignore: ["Total"] }
        assert.deepStrictEqual(yield* problemsOf(`${header}\n${row}\n`, format), [])
        const unmapped = { ignore: ["unmapped"] }
        assert.deepStrictEqual(yield* problemsOf("name,prise\nA,1\n", unmapped), [])
        const some = { ...account, isComplete: false }
        assert.deepStrictEqual(yield* problemsOf("name,prise\nA,1\n", undefined, some), [])
      })
  )

  it.effect("are problems where HubSpot sets the property, if more than half of the rows have a value", () =>
    Effect.gen(function* () {
      const problem = { _tag: "ReadOnly", column: "amount", property: "amount", isSet: false } as const
      assert.deepStrictEqual(yield* problemsOf("name,amount\nA,1\nB,2\nC,\n"), [
        { ...problem, values: 2, rows: 3 }
      ])
      assert.deepStrictEqual(yield* problemsOf("name,amount\nA,1\nB,\n"), [])
      assert.deepStrictEqual(yield* problemsOf("name,amount\nA,-\nB,3\n", { empty: ["-"] }), [])
      assert.deepStrictEqual(yield* problemsOf('{"name":"A","amount":3}\n'), [
        { ...problem, values: 1, rows: 1 }
      ])
      const record = '{"id":"1","properties":{"name":"A","amount":"3"}}\n'
      assert.deepStrictEqual(yield* problemsOf(record, { records: "hubspot" }), [])
    })
  )

  it.effect("count a parent's values and ids, and keep a sample of the whole file", () =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 5000 }, (_, n) => String(10_000 + n))
      const csv = `order_id,name\nDEAL-1,A\n,B\n${ids.map((id) => `${id},C\n`).join("")}`
      const [parents, ...others] = (yield* columnsOf(csv)).parents()
      assert.deepStrictEqual(others, [])
      const { sample, ...counts } = parents!
      assert.deepStrictEqual(counts, {
        column: "order_id",
        property: "order_id",
        target: "order",
        values: 5001,
        ids: 5000
      })
      assert.isAtMost(sample.length, 100)
      assert.isAtLeast(sample.length, 40)
      assert.isTrue(sample.every((id) => ids.includes(id)))
      assert.isTrue(sample.some((id) => Number(id) > 14_500))
      const json = '{"deal_id":"X","name":"A"}\n{"deal_id":12,"name":"B"}\n'
      const [parent] = (yield* columnsOf(json)).parents()
      assert.deepStrictEqual([parent?.values, parent?.ids, parent?.sample], [2, 1, ["12"]])
    })
  )
})

describe("the nearest property", () => {
  it("is one whose name or label is near, and only one", () => {
    const words = {
      prise: "price",
      PRICE: "price",
      "Unit Price": "price",
      quantitiy: "quantity",
      SKU: "hs_sku",
      Surcharge: undefined,
      "": undefined,
      x: undefined,
      ["y".repeat(100_000)]: undefined
    }
    for (const [word, property] of Object.entries(words)) {
      assert.strictEqual(nearest(definitions)(word), property, word.slice(0, 20))
    }
    assert.isUndefined(nearest([{ name: "ab" }, { name: "ad" }])("ac"))
  })
})
