/**
 * What must not be guessed: a proposal that reads a value as its author cannot have meant it is worse than none.
 */
import * as Proposal from "@effect-hubspot/batch/files/Proposal"
import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import { StandardProperties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { bytesOf } from "./read.ts"

const propose = (content: string | Uint8Array, declared: FileFormat = {}) =>
  Proposal.make("items.csv", Stream.make(bytesOf(content)), {
    definitions: StandardProperties.lineItems,
    isComplete: true,
    declared
  })

/** What the columns become. */
const mapping = ({ columns }: Proposal.Proposal) =>
  Object.fromEntries(columns.flatMap(({ becomes, name }) => (becomes === undefined ? [] : [[name, becomes]])))

describe("A dot that may be a separator of thousands", () => {
  it.effect("is for a person to decide in a file that is not exact, and warned about in one that is", () =>
    Effect.gen(function* () {
      const open = yield* propose("name;price\nA;1.000\nB;2.500\n")
      assert.isTrue(Proposal.isBlocked(open))
      assert.deepInclude(open.problems[0], {
        column: "price",
        count: 2,
        message: '"1.000" can be 1.000, or 1000 with a dot between thousands'
      })
      const exact = yield* propose("name,price\nA,1.000\nB,2.500\n")
      assert.isTrue(Proposal.isExact(exact))
      assert.match(exact.warnings.join(), /price: "1.000" is sent as 1.000; if the dot is between thousands/)
      const quantity = yield* propose("name;quantity;price\nA;1.000;5,50\n")
      assert.isTrue(Proposal.isBlocked(quantity))
    })
  )

  it.effect("is none where another value tells, or where it cannot be one", () =>
    Effect.gen(function* () {
      for (const cells of [["1.000", "2.50"], ["0.500"], ["11.900000"]]) {
        const found = yield* propose(`name;price\n${cells.map((cell) => `A;${cell}\n`).join("")}`)
        assert.deepStrictEqual([found.words, found.problems], [["--declare", "delimiter=semicolon"], []])
      }
      const declared = yield* propose("name;price\nA;1.000\n", { perColumn: { price: { decimal: "dot" } } })
      assert.isFalse(Proposal.isBlocked(declared))
    })
  )

  it.effect("is one where a decimal comma is declared, and no zero begins thousands", () =>
    Effect.gen(function* () {
      const { declared } = yield* propose("name,price\nA,1.000\n", { decimal: "comma" })
      assert.strictEqual(declared.thousands, "dot")
      const halves = yield* propose("name;price\nA;0,500\nB;0,250\n")
      assert.deepInclude(halves, { invalid: 0, problems: [] })
      assert.strictEqual(halves.declared.decimal, "comma")
    })
  )
})

describe("A value without a digit", () => {
  it.effect("is invalid, and does not decide how the others are written", () =>
    Effect.gen(function* () {
      const prices = yield* propose('name;price\nA;"1.039,50"\nB;auf Anfrage\nC;149,00\nD;€\n')
      assert.deepInclude(prices, { invalid: 2 })
      assert.deepInclude(prices.declared, { decimal: "comma", thousands: "dot" })
      const days = yield* propose("name,hs_recurring_billing_start_date\nA,31.01.2026\nB,offen\n")
      assert.deepInclude(days, { invalid: 1 })
      assert.strictEqual(days.declared.dates, "dd.MM.yyyy")
      // A value with digits that nothing reads still leaves the column alone.
      const odd = yield* propose("name;price\nA;149,00\nB;ab 12,00\n")
      assert.deepInclude(odd, { invalid: 2 })
      const none = yield* propose("name,price\nA,auf Anfrage\n")
      assert.deepStrictEqual(none.words, [])
    })
  )
})

describe("Days", () => {
  const start = "hs_recurring_billing_start_date"
  const days = (...cells: ReadonlyArray<string>) =>
    Effect.map(
      propose(`name,${start}\n${cells.map((cell) => `A,"${cell}"\n`).join("")}`),
      ({ declared }) => declared.dates
    )
  it.effect("are proposed in one order only", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* days("31/01/2026", "01/02/2026"), "dd/MM/yyyy")
      assert.strictEqual(yield* days("01/31/2026", "01/02/2026"), "M/d/yyyy")
      assert.strictEqual(yield* days("31.01.2026"), "dd.MM.yyyy")
      assert.strictEqual(yield* days("2026/01/31"), "yyyy/MM/dd")
      for (const open of ["01/02/2026", "01/01/2026", "3-4-2026", "01/02/26", "26/02/01", "2026/31/01"]) {
        assert.isUndefined(yield* days(open), open)
      }
      assert.isUndefined(yield* days("31/01/2026", "01/31/2026"))
    })
  )
})

describe("Names of columns", () => {
  it.effect("have units, of amounts and of pieces", () =>
    Effect.gen(function* () {
      for (const price of ["Price (EUR)", "Preis in €", "UNIT PRICE [USD]", "Price USD", "Einzelpreis (€)"]) {
        const found = mapping(yield* propose(`Artikel,Qty (pcs),${price}\nA,1,10\n`))
        assert.deepStrictEqual(found, { Artikel: "name", "Qty (pcs)": "quantity", [price]: "price" })
      }
      for (const other of ["Price (cents)", "Price (kg)", "Price per 100", "Price ALL"]) {
        assert.deepStrictEqual(mapping(yield* propose(`Artikel,${other}\nA,10\n`)), { Artikel: "name" })
      }
    })
  )

  it.effect("that say more win, and those that do not are for a person to decide", () =>
    Effect.gen(function* () {
      const price = yield* propose("Item,Qty,Price,Unit Price\nA,2,20,10\n")
      assert.deepStrictEqual(mapping(price), { Item: "name", Qty: "quantity", "Unit Price": "price" })
      const name = yield* propose("Name,Product Name,Qty\nMr X,Chair,2\n")
      assert.deepStrictEqual(mapping(name), { "Product Name": "name", Qty: "quantity" })
      const title = yield* propose("Name,Item Title,Quantity,Sales Price\nMr X,Chair,2,10\n")
      assert.deepStrictEqual(mapping(title), {
        "Item Title": "name",
        Quantity: "quantity",
        "Sales Price": "price"
      })
      const open = yield* propose("Name,Product,Qty\nMr X,Chair,2\n")
      assert.deepStrictEqual(mapping(open), { Qty: "quantity" })
      assert.isTrue(Proposal.isBlocked(open))
    })
  )

  it.effect("that their values contradict become nothing", () =>
    Effect.gen(function* () {
      const terms = yield* propose("Name,Unit price,Term\nA,10,Net 30\n")
      assert.deepStrictEqual(mapping(terms), { Name: "name", "Unit price": "price" })
      const period = yield* propose("Name,Unit price,Term\nA,10,P1Y\n")
      assert.strictEqual(mapping(period)["Term"], "hs_recurring_billing_period")
    })
  )
})

describe("Titles that a spreadsheet filled up with empty cells", () => {
  it.effect("are skipped", () =>
    Effect.gen(function* () {
      const { declared } = yield* propose(
        "Bericht;;\nVon;2026-01-01;\n;;\nArtikel;Menge;Preis\nStuhl;2;149,90\n"
      )
      assert.strictEqual(declared.skipLines, 3)
      const padded = yield* propose("name,price,,\nA,10,,\n")
      assert.isTrue(Proposal.isExact(padded))
    })
  )
})

describe("An encoding", () => {
  const byte = (text: string, ...bytes: ReadonlyArray<number>) =>
    Uint8Array.from([..."name,price\n", ...text, ..."\n"], (character) => character.charCodeAt(0)).map(
      (code) => (code === 0x3f ? (bytes[0] ?? code) : code)
    )
  it.effect("is Windows-1252 only where its letters are in places that western languages have them", () =>
    Effect.gen(function* () {
      // "?" stands for the byte.
      for (const [text, one] of [
        ["P?eklad,1", 0xf8],
        ["st?l,1", 0xf9],
        ["wi?nia,1", 0x9c],
        ["z wod?,1", 0xb9],
        ["Ka?ik,1", 0xfe],
        ["sto?,1", 0xb3],
        ["f?z,1", 0xf5],
        ["B?ro,1", 0x9f]
      ] as const) {
        const refused = yield* Effect.result(propose(byte(text, one)))
        assert.isTrue(Result.isFailure(refused), text)
        if (Result.isFailure(refused))
          assert.include(refused.failure.message, "which encoding it is cannot be told")
      }
      for (const [text, one] of [
        ["cr?me,1", 0xe8],
        ["B?f,1", 0xf8],
        ["pi?,1", 0xf9],
        ["b?uf,1", 0x9c],
        ["ma?ana,1", 0xf1],
        ["go?t,1", 0xfb],
        ["5 m?,1", 0xb2],
        ["lim?es,1", 0xf5]
      ] as const) {
        assert.strictEqual((yield* propose(byte(text, one))).declared.encoding, "windows-1252", text)
      }
    })
  )

  it.effect("is UTF-16 without a mark where zeros are in every other byte, also of other alphabets", () =>
    Effect.gen(function* () {
      const little = Buffer.from("name;price\nСтул большой деревянный красивый тёмный;1,5\n", "utf16le")
      const found = yield* propose(new Uint8Array(little))
      assert.strictEqual(found.declared.encoding, "utf-16le")
      assert.strictEqual(found.preview[0]?.input.properties["price"], "1.5")
      const big = yield* propose(new Uint8Array(Buffer.from(little).swap16()))
      assert.strictEqual(big.declared.encoding, "utf-16be")
    })
  )
})
