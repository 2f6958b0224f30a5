import { NodeFileSystem } from "@effect/platform-node"
import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import * as Rejects from "@effect-hubspot/batch/files/Rejects"
import * as Arbitrary from "effect/Arbitrary"
import * as XLSX from "@e965/xlsx"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Source from "@effect-hubspot/batch/files/Source"
import { cuts, holds, inputs, read } from "../read.ts"
import { directory } from "../../cli/run.ts"
import { number, row, text, workbook } from "./workbook.ts"

const oneOf = <const A extends ReadonlyArray<string>>(values: A) => Arbitrary.schema(Schema.Literals(values))
const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const words = Arbitrary.map(
  Arbitrary.array(oneOf(["a", "ü", " ", ",", '"', "<", "&", "\n", "😀", "=", "1", "]]>"]), {
    maxLength: 6
  }),
  (characters) => `x${characters.join("")}x`
)

/** A text, a number of so many decimals, the number of a day, or a boolean. */
const cell = Arbitrary.all([
  oneOf(["text", "number", "day", "boolean", "none"]),
  words,
  int(-1e9, 1e9),
  int(0, 6),
  int(61, 60_000)
])
const table = Arbitrary.array(Arbitrary.array(cell, { minLength: 3, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5
})

const dayOf = (serial: number): string =>
  new Date(Date.UTC(1899, 11, 30) + serial * 86_400_000).toISOString().slice(0, 10)

const book = (rows: ReadonlyArray<ReadonlyArray<XLSX.CellObject | null>>, options: XLSX.WritingOptions) => {
  const sheet = XLSX.utils.aoa_to_sheet(rows as Array<Array<XLSX.CellObject | null>>)
  const made = XLSX.utils.book_new()
  XLSX.utils.book_append_sheet(made, sheet, "Rows")
  return new Uint8Array(XLSX.write(made, { ...options, type: "array" }) as ArrayBuffer)
}

const columns = ["erp_a", "erp_b", "erp_c"]

describe("A workbook", () => {
  it.effect("that another program writes reads back as the same values", () =>
    holds(
      Arbitrary.all([table, oneOf(["shared", "inline"]), oneOf(["stored", "deflated"]), cuts]),
      ([cells, texts, packing, places]) => {
        const stored = cells.map((line) =>
          line.map(([kind, word, units, decimals, day]): readonly [XLSX.CellObject | null, string] => {
            const value = units / 10 ** decimals
            switch (kind) {
              case "text":
                return [{ t: "s", v: word }, word]
              case "number":
                return [{ t: "n", v: value }, String(value)]
              case "day":
                return [{ t: "n", v: day, z: "dd\\.mm\\.yyyy" }, dayOf(day)]
              case "boolean":
                return [{ t: "b", v: units > 0 }, String(units > 0)]
              default:
                return [null, ""]
            }
          })
        )
        const names = columns.map((name): XLSX.CellObject => ({ t: "s", v: name }))
        const bytes = book([names, ...stored.map((line) => line.map(([cell]) => cell))], {
          bookSST: texts === "shared",
          compression: packing === "deflated"
        })
        const expected = stored
          .map((line) => line.map(([, value]) => value))
          .filter((line) => line.some((value) => value !== ""))
        const again = XLSX.utils.sheet_to_json<Array<unknown>>(XLSX.read(bytes).Sheets["Rows"]!, {
          header: 1,
          raw: true
        })
        return Effect.map(read(bytes, { declared: {}, cuts: places }), ({ error, rows, source }) => {
          assert.isUndefined(error)
          assert.deepStrictEqual(source?.header, columns)
          assert.deepStrictEqual(
            rows.map(({ original }) => original._tag === "Csv" && original.cells),
            expected
          )
          // The other reader sees the same, but for days, which it leaves as numbers.
          const filled = again.filter((line) => line.length > 0)
          const others = filled.slice(1).map((line) => columns.map((_, index) => String(line[index] ?? "")))
          const asDays = others.map((line, at) =>
            line.map((value, index) =>
              /^\d{4}-\d\d-\d\d$/.test(expected[at]?.[index] ?? "") ? dayOf(Number(value)) : value
            )
          )
          assert.deepStrictEqual(asDays, expected)
          return true
        })
      },
      { runs: 100 }
    )
  )

  it.effect("is read from its file any number of times, and its rejects read back as the same rows", () =>
    Effect.gen(function* () {
      const place = directory()
      const declared: FileFormat = { decimal: "comma", thousands: "dot", map: { Preis: "price" } }
      const bytes = yield* Effect.promise(() =>
        workbook([
          {
            name: "Rows",
            rows:
              row(text("name"), text("Preis"), text("hs_sku")) +
              row(text('A, "quoted"\nline'), number(1.234), number("4006381333931")) +
              row(text("B"), text("1.234,5"), number(0.5))
          },
          { name: "Other", rows: "" }
        ])
      )
      place.write("a.xlsx", bytes)
      const source = yield* Source.open(
        { path: place.at("a.xlsx") },
        { declared: { ...declared, sheet: "Rows" } }
      )
      assert.deepStrictEqual(yield* Source.check(source), { rows: 2, invalid: 0, warnings: [] })
      const rows = yield* Stream.runCollect(source.rows)
      const rejects = yield* Rejects.make({ path: place.at("rejects.csv"), source })
      yield* rejects.writeAll(rows.map((row) => ({ row, reason: "not now" })))
      const before = inputs({ rows, source, error: undefined })
      assert.deepStrictEqual(
        before.map((input) => input !== "invalid" && input.properties),
        [
          { name: 'A, "quoted"\nline', price: "1.234", hs_sku: "4006381333931" },
          { name: "B", price: "1234.5", hs_sku: "0.5" }
        ]
      )
      const again = yield* read(place.read("rejects.csv"), { declared })
      assert.deepStrictEqual([again.error, inputs(again)], [undefined, before])
      place.remove()
    }).pipe(Effect.provide([NodeFileSystem.layer, Stdio.layerTest({})]))
  )
})
