import * as Proposal from "@effect-hubspot/batch/files/Proposal"
import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import { StandardProperties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bytesOf, cuts, holds, inputs, read } from "./read.ts"
import { layout, rows, written } from "./tables.ts"

const account = { definitions: StandardProperties.lineItems, isComplete: true }

const propose = (content: string | Uint8Array, declared: FileFormat = {}, name = "items.csv") =>
  Proposal.make(name, Stream.make(bytesOf(content)), { ...account, declared })

/** Only a person knows these. */
const known: FileFormat = {
  map: { Start: "hs_recurring_billing_start_date" },
  set: { hs_line_item_currency_code: "EUR" }
}

let told = 0

describe("Sniffing", () => {
  it.effect("proposes what reads a table back right, or says what it cannot tell", () =>
    holds(
      Arbitrary.all([rows, layout, cuts]),
      ([table, parts, places]) =>
        Effect.gen(function* () {
          const { bytes, expected, isAmbiguous } = written(table, parts)
          if (isAmbiguous) return true
          const proposed = yield* Effect.result(propose(bytes, known))
          if (Result.isFailure(proposed)) return proposed.failure.message.includes("; ")
          const { declared, problems } = proposed.success
          const reading = yield* read(bytes, { declared, cuts: places, definitions: account.definitions })
          const found = inputs(reading)
          const isSame = (index: number) => {
            try {
              assert.deepStrictEqual(found[index], expected[index])
              return true
            } catch {
              return found[index] === "invalid" && problems.length > 0
            }
          }
          if (problems.length === 0) told++
          return (
            reading.error === undefined &&
            found.length === expected.length &&
            found.every((_, index) => isSame(index))
          )
        }),
      { runs: 1000 }
    ).pipe(Effect.andThen(Effect.sync(() => assert.isAbove(told, 100))))
  )
})

describe("A proposal", () => {
  it.effect("tells apart columns of one name, in the header and above it", () =>
    Effect.gen(function* () {
      const titled = yield* propose(
        "Lieferung;Menge;Menge;;\nArtikel;Menge;Preis;Notiz;X\nSeat;1;3,00;a;b\nDesk;2;4,00;a;b\n"
      )
      assert.deepStrictEqual(
        titled.columns.map(({ becomes }) => becomes),
        ["name", "quantity", "price", undefined, undefined]
      )
      const twice = yield* Effect.flip(propose("Artikel;Menge;Menge;Preis\nSeat;1;1;3,00\n"))
      assert.include(twice.message, 'column "Menge" appears twice (2 and 3)')
    })
  )

  it.effect("is made of any header, or says why there is none", () =>
    holds(
      Arbitrary.array(
        Arbitrary.schema(
          Schema.Literals(["Menge", "Preis", "price", "Name", "SKU", "Rabatt", "Total", "deal_id", "", "x"])
        ),
        { minLength: 2, maxLength: 6 }
      ),
      (header) =>
        Effect.gen(function* () {
          const rows = [header, header.map((_, n) => String(n + 1)), header.map((_, n) => String(n + 2))]
          const made = yield* Effect.exit(propose(rows.map((cells) => cells.join(";")).join("\n")))
          return made._tag === "Success" || !Cause.hasDies(made.cause)
        }),
      { runs: 500 }
    )
  )

  it.effect("holds for the whole file, not for its beginning", () =>
    Effect.gen(function* () {
      const many = "A,10\n".repeat(40_000)
      const late = yield* propose(`name,price\n${many}B,"1,50"\n`)
      assert.strictEqual(late.declared.decimal, "comma")
      assert.deepInclude(late, { rows: 40_001, invalid: 0, requests: 401, seconds: 10 })
      const mixed = yield* propose(`name,price\nA,"1,50"\n${many}B,1.50\n`)
      assert.deepStrictEqual([mixed.words, mixed.invalid], [[], 1])
    })
  )

  it.effect("names a column that is in the second half of JSON alone", () =>
    Effect.gen(function* () {
      const many = '{"name":"A"}\n'.repeat(20_000)
      const { declared, preview, words } = yield* propose(
        `${many}{"name":"B","Unit Price":"2"}\n`,
        {},
        "items.ndjson"
      )
      assert.deepStrictEqual(declared.map, { "Unit Price": "price" })
      assert.deepStrictEqual(words, ["--map", "Unit Price=price"])
      assert.lengthOf(preview, 3)
    })
  )

  it.effect("keeps what is declared, and adds to it", () =>
    Effect.gen(function* () {
      const german = "Artikel;Preis;Notiz\nStuhl;1,50;x\n"
      const { declared, words } = yield* propose(german, { decimal: "comma", ignore: ["Notiz"] })
      assert.deepStrictEqual(declared, {
        decimal: "comma",
        ignore: ["Notiz"],
        delimiter: "semicolon",
        map: { Artikel: "name", Preis: "price" }
      })
      assert.deepStrictEqual(words, [
        "--declare",
        "delimiter=semicolon",
        "--map",
        "Artikel=name",
        "--map",
        "Preis=price"
      ])
    })
  )

  it.effect("never maps a percentage, a fraction or a shop's number to what it is not", () =>
    Effect.gen(function* () {
      for (const [header, values] of [
        ["Discount", ["0.1", "0.2"]],
        ["Discount", ["10%", "5%"]],
        ["Product ID", ["11", "42"]],
        ["Order ID", ["1001", "1002"]],
        ["Amount", ["10", "20"]],
        ["Total price", ["10", "20"]]
      ] as const) {
        const { columns } = yield* propose(
          `name,${header}\n${values.map((value) => `A,${value}\n`).join("")}`
        )
        assert.strictEqual(columns[1]?.becomes, undefined, header)
      }
    })
  )

  it.effect("does not know which of two columns is the price", () =>
    Effect.gen(function* () {
      const { columns, problems } = yield* propose("name,Einzelpreis,Stückpreis\nA,1,2\n")
      assert.deepStrictEqual(
        columns.map(({ becomes }) => becomes),
        ["name", undefined, undefined]
      )
      assert.isTrue(problems.length === 2 || columns.every(({ why }) => why !== "header"))
    })
  )

  it.effect("reads numbers of several columns as each is written", () =>
    Effect.gen(function* () {
      const { declared } = yield* propose("name;price;tax\nA;1,50;1.25\nB;2,50;3.5\n")
      assert.deepStrictEqual(declared, { delimiter: "semicolon", perColumn: { price: { decimal: "comma" } } })
      const { words } = yield* propose('name;price;quantity\nA;1,50;"25,000"\n')
      assert.deepStrictEqual(words, ["--declare", "delimiter=semicolon", "--declare", "price.decimal=comma"])
    })
  )

  it.effect("takes a column that is looked up as it is declared, whatever its name and values", () =>
    Effect.gen(function* () {
      const { assumptions, columns, problems, words } = yield* propose(
        "order_id,SKU,name,Unit Price\n#1001,C-1,A,1\n",
        { find: { order_id: "order.hs_order_name", SKU: "product.hs_sku" } }
      )
      assert.deepStrictEqual(
        columns.slice(0, 2).map(({ becomes, note, why }) => [becomes, why, note]),
        [
          ["order_id", "declared", "the order by hs_order_name"],
          ["hs_product_id", "declared", "the product by hs_sku"]
        ]
      )
      assert.deepStrictEqual(words, ["--map", "Unit Price=price"])
      assert.deepStrictEqual(problems, [])
      assert.notInclude(assumptions.join(), "parent")
    })
  )
})
