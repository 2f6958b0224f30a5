/**
 * Columns whose values are looked up: their words, what contradicts them, and the keys of rows.
 */
import * as FileFormat from "@effect-hubspot/batch/files/FileFormat"
import * as Source from "@effect-hubspot/batch/files/Source"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"

const problem = (read: Result.Result<FileFormat.FileFormat, FileFormat.FormatError>): string =>
  Result.match(read, { onFailure: ({ message }) => message, onSuccess: () => "none" })

const rowsOf = (text: string, format: FileFormat.FileFormat, name = "orders.csv") =>
  Stream.runCollect(Source.rows(new TextEncoder().encode(text), format, { name }))

/** What each row sends, its keys with their places, and its issues. */
const read = (text: string, format: FileFormat.FileFormat, name?: string) =>
  Effect.map(rowsOf(text, format, name), (rows) =>
    rows.map(({ input, keys = [] }) =>
      Result.match(input, {
        onFailure: (issues): unknown => issues.map((issue) => Source.format({ name: "f" }, issue)),
        onSuccess: (input) => [
          input,
          ...keys.map(
            ({ column, line, object, path, property, value }) =>
              `${line}:${column} ${path}: ${object}.${property}=${value}`
          )
        ]
      })
    )
  )

const find = { "Order No": "deal.erp_number", Article: "product.hs_sku" }

describe("words", () => {
  it("split at the last =", () => {
    const format = FileFormat.fromWords(["find=Order=No=deal.erp_number", "find=SKU=product.hs_sku"])
    assert.deepStrictEqual(Result.getOrThrow(format), {
      find: { "Order=No": "deal.erp_number", SKU: "product.hs_sku" }
    })
  })

  it("that cannot be meant are refused in one line", () => {
    for (const [words, expected] of [
      [["find=SKU"], /^find "SKU" has two sides, with = between; write "column=object.property"$/],
      [
        ["find=A=erp_number"],
        /^find "erp_number" names no object type; write deal, quote, invoice, order, cart, subscription, payment or product, a dot, and a property of it$/
      ],
      [["find=A=deals.x"], /^find "deals.x" names no object type; /],
      [["find=A=contact.email"], /^find "contact.email" names no object type; /],
      [["find=A=deal."], /^find "deal.": /],
      [["find=A=deal.ERP No"], /^find "deal.ERP No": /],
      [["find=A=deal.x", "find=B=deal.y"], /^two columns for deal_id: "A" and "B"; keep one of the two/],
      [["find=A=product.x", "map=B=hs_product_id"], /^two columns for hs_product_id: "B" and "A"; /],
      [["find=A=deal.x", "map=A=name"], /^column "A" is mapped and looked up; keep one of the two$/],
      [["find=A=deal.x", "ignore=A"], /^column "A" is ignored and looked up; keep one of the two$/],
      [["find=A=deal.x", "set=deal_id=7"], /^deal_id is set for every row, and column "A" becomes it too; /],
      [["find=A=product.x", "set=hs_product_id=7"], /^hs_product_id is set for every row/],
      [["find=A=deal.x", "find=A=deal.y"], /^find.A is declared twice; keep one$/]
    ] as const) {
      assert.match(problem(FileFormat.fromWords(words)), expected)
    }
    assert.strictEqual(problem(FileFormat.fromWords(["find=A=deal.x", "find=B=product.y"])), "none")
  })

  it("in a format file are read and merged", () => {
    const file = Result.getOrThrow(FileFormat.fromUnknown({ find: { A: "order.hs_external_order_id" } }))
    const merged = FileFormat.merge(file, { find: { B: "product.hs_sku" } })
    assert.deepStrictEqual(Result.getOrThrow(merged), {
      find: { A: "order.hs_external_order_id", B: "product.hs_sku" }
    })
    assert.match(problem(FileFormat.merge(file, { map: { A: "name" } })), /mapped and looked up/)
    assert.match(problem(FileFormat.fromUnknown({ find: { A: "widget.x" } })), /names no object type/)
  })
})

describe("a column that is looked up", () => {
  it.effect("is no property of the row, but a key with its place", () =>
    Effect.gen(function* () {
      const rows = yield* read(`name,Order No,Article\nChair, 4711 ,A-1\n"Ta\nble",,\n`, { find })
      assert.deepStrictEqual(rows, [
        [
          { properties: { name: "Chair" } },
          "2:2 Order No: deal.erp_number=4711",
          "2:3 Article: product.hs_sku=A-1"
        ],
        [{ properties: { name: "Ta\nble" } }]
      ])
    })
  )

  it.effect("is enough for a row if it names a product, and not if it names a parent", () =>
    Effect.gen(function* () {
      const rows = yield* read("Order No,Article\n,A-1\n4711,\n", { find, set: { quantity: "1" } })
      assert.deepStrictEqual(rows, [
        [{ properties: { quantity: "1" } }, "2:2 Article: product.hs_sku=A-1"],
        ["f:3:1: nothing to send: no property has a value; fill in at least one"]
      ])
    })
  )

  it.effect("counts as the parent that it names", () =>
    Effect.gen(function* () {
      const text = "name,quote_id,Order No\nA,7,\nB,,4711\nC,7,4711\n"
      const [a, b, c] = yield* read(text, { find: { "Order No": "deal.erp_number" } })
      assert.lengthOf(a as ReadonlyArray<unknown>, 1)
      assert.lengthOf(b as ReadonlyArray<unknown>, 2)
      assert.match(String(c), /^f:4:3: deal_id: 2 parents \(quote, deal\), a line item has one; /)
    })
  )

  it.effect("has the words for empty cells, and may begin with _", () =>
    Effect.gen(function* () {
      const rows = yield* read("name,_order\nA,NULL\nB,7\n", {
        find: { _order: "order.number" },
        empty: ["NULL"]
      })
      assert.deepStrictEqual(rows, [
        [{ properties: { name: "A" } }],
        [{ properties: { name: "B" } }, "3:2 _order: order.number=7"]
      ])
    })
  )

  it.effect("must be there, and not beside a column of ids", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(rowsOf("name\nChair\n", { find: { SKU: "product.hs_sku" } }))
      assert.include(
        missing.message,
        'column "SKU" is looked up, and the file has no such column; its columns are "name"'
      )
      const twice = yield* Effect.flip(
        rowsOf("name,deal_id,Order No\nA,,\n", { find: { "Order No": "deal.x" } })
      )
      assert.include(twice.message, 'two columns for deal_id: "deal_id" and "Order No"')
    })
  )

  it.effect("may be in JSON, flat and in HubSpot's form", () =>
    Effect.gen(function* () {
      const text = [
        '{"name":"A","Order No":4711,"Article":"A-1"}',
        '{"properties":{"name":"B","Article":"A-2"},"associations":[]}',
        '{"Article":"A-3"}',
        '{"name":"C","quote_id":"7","Order No":"4711"}',
        '{"name":"D","Order No":null}'
      ].join("\n")
      const [a, b, c, d, e] = yield* read(text, { find }, "orders.ndjson")
      assert.deepStrictEqual(a, [
        { properties: { name: "A" } },
        "1:24 Order No: deal.erp_number=4711",
        "1:39 Article: product.hs_sku=A-1"
      ])
      assert.deepStrictEqual(b, [
        { properties: { name: "B" } },
        "2:37 properties.Article: product.hs_sku=A-2"
      ])
      assert.deepStrictEqual(c, [{ properties: {} }, "3:12 Article: product.hs_sku=A-3"])
      assert.match(String(d), /^f:4:\d+: "Order No": 2 parents \(quote, deal\)/)
      assert.deepStrictEqual(e, [{ properties: { name: "D" } }])
    })
  )
})
