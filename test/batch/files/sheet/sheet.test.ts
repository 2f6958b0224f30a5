import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inputs, issues, read } from "../read.ts"
import { number, type Options, row, type Sheet, text, workbook, zip } from "./workbook.ts"

const header = (...names: ReadonlyArray<string>) => row(...names.map(text))

/** What is read of a workbook: the properties of each row, all issues, and the error. */
const readBook = (sheets: string | ReadonlyArray<Sheet>, options: Options = {}, declared: FileFormat = {}) =>
  Effect.promise(() => workbook(sheets, options)).pipe(
    Effect.flatMap((bytes) => read(bytes, { name: "a.xlsx", declared })),
    Effect.map((reading) => ({
      ...reading,
      properties: inputs(reading).map((input) => (input === "invalid" ? input : input.properties)),
      issues: issues(reading)
    }))
  )

/** The values of a column `erp_value` whose type is not known. */
const values = (cells: ReadonlyArray<string>, options?: Options) =>
  Effect.map(
    readBook(header("name", "erp_value") + cells.map((cell) => row(text("A"), cell)).join(""), options),
    ({ issues, properties }) => ({
      issues,
      values: properties.map((found) => (found === "invalid" ? found : (found["erp_value"] ?? "")))
    })
  )

const valuesOf = (cells: ReadonlyArray<string>, options?: Options) =>
  Effect.map(values(cells, options), ({ values }) => values)

const refused = (bytes: Uint8Array, declared: FileFormat = {}, maxInflatedBytes?: number) =>
  Effect.map(read(bytes, { name: "a.xlsx", declared, maxInflatedBytes }), ({ error }) => error)

const styles = (...codes: ReadonlyArray<string | number>) =>
  `<numFmts>${codes.map((code, index) => (typeof code === "number" ? "" : `<numFmt numFmtId="${index + 164}" formatCode="${code.replaceAll('"', "&quot;")}"/>`)).join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf/>${codes
    .map((code, index) => `<xf numFmtId="${typeof code === "number" ? code : index + 164}"/>`)
    .join("")}</cellXfs>`

describe("A cell", () => {
  it.effect("is the text of the workbook, of its own, or of a formula", () =>
    Effect.gen(function* () {
      const texts = `<si><t>Chair</t></si><si><r><t xml:space="preserve">Büro</t></r><r><rPr/><t>-Stuhl &amp; 1</t></r><rPh sb="0" eb="1"><t>spoken</t></rPh></si><si><t>a_x000A_b_x005F_x</t></si><si/>`
      assert.deepStrictEqual(
        yield* valuesOf(
          [
            `<c t="s"><v>0</v></c>`,
            `<c t="s"><v>1</v></c>`,
            `<c t="s"><v>2</v></c>`,
            `<c t="s"><v>3</v></c>`,
            `<c t="inlineStr"><is><r><t>in</t></r><rPh><t>x</t></rPh><r><t>line</t></r></is></c>`,
            `<c t="str"><f>A1&amp;"x"</f><v>made</v></c>`,
            `<c t="str"><f>""</f><v></v></c>`,
            `<c t="b"><v>1</v></c>`,
            `<c t="b"><v>0</v></c>`
          ],
          { texts }
        ),
        ["Chair", "Büro-Stuhl & 1", "a\nb_x", "", "inline", "made", "", "true", "false"]
      )
    })
  )

  it.effect("with a number is the shortest text that reads back the same", () =>
    Effect.gen(function* () {
      const cases = [
        ["149.90000000000001", "149.9"],
        ["0.10000000000000001", "0.1"],
        ["1E+2", "100"],
        ["1.0000000000000001E-5", "0.00001"],
        ["4006381333931", "4006381333931"],
        ["12345678901234567890", "12345678901234567890"],
        ["-0", "0"],
        ["1e21", "1000000000000000000000"]
      ] as const
      assert.deepStrictEqual(
        yield* valuesOf(cases.map(([stored]) => number(stored))),
        cases.map(([, value]) => value)
      )
    })
  )

  it.effect("is a day where its style shows one", () =>
    Effect.gen(function* () {
      const codes = [
        14,
        "dd\\.mm\\.yyyy;@",
        "[$-407]d. mmmm yyyy",
        '"day" 0.00',
        "[Red]#,##0.00",
        "mmm",
        "[h]:mm",
        22,
        "h:mm AM/PM",
        "General"
      ]
      const day = (style: number, serial: number) => `<c s="${style}"><v>${serial}</v></c>`
      const cells = [
        ...codes.map((_, index) => day(index + 1, 46053)),
        day(8, 46053.75),
        day(9, 0.5),
        day(1, 1),
        day(1, 59),
        day(1, 60),
        day(1, 61),
        day(1, 0),
        day(8, 46052.9999999999),
        `<c t="d"><v>2026-01-31T00:00:00</v></c>`
      ]
      const plain = "46053"
      const iso = "2026-01-31"
      assert.deepStrictEqual(yield* valuesOf(cells, { styles: styles(...codes) }), [
        ...codes.map((_, index) => ([3, 4, 6, 9].includes(index) ? plain : iso)),
        "2026-01-31T18:00:00",
        "12:00:00",
        "1900-01-01",
        "1900-02-28",
        "1900-02-29",
        "1900-03-01",
        "1900-01-00",
        iso,
        iso
      ])
      assert.deepStrictEqual(
        yield* valuesOf([day(1, 44591), day(1, 0)], { styles: styles(14), is1904: true }),
        [iso, "1904-01-01"]
      )
    })
  )

  it.effect("without a value is invalid, in one line", () =>
    Effect.gen(function* () {
      const found = yield* values(
        [
          `<c t="e"><f>X()</f><v>#N/A</v></c>`,
          `<c><f>SUM(A1:A2)</f></c>`,
          `<c><f>SUM(A1:A2)</f><v></v></c>`,
          `<c><v>12,5</v></c>`,
          `<c s="1"><v>-5</v></c>`
        ],
        { styles: styles(14) }
      )
      const formula =
        "a formula without a value; open the workbook in a spreadsheet program and save it, or write the value"
      assert.deepStrictEqual(found.issues, [
        'a.xlsx:2:2: erp_value: "#N/A" is an error of the spreadsheet; correct the cell, or declare empty=#N/A',
        `a.xlsx:3:2: erp_value: ${formula}`,
        `a.xlsx:4:2: erp_value: ${formula}`,
        'a.xlsx:5:2: erp_value: "12,5" is in a cell for numbers; correct the cell, or make it text',
        'a.xlsx:6:2: erp_value: "-5" is shown as a day, and is none; correct the cell, or show it as a number'
      ])
      const rows =
        header("name", "notes", "price") +
        row(text("A"), `<c t="e"><v>#REF!</v></c>`, `<c t="e"><v>#N/A</v></c>`)
      const declared = yield* readBook(rows, {}, { ignore: ["notes"], empty: ["#N/A"] })
      assert.deepStrictEqual(declared.properties, [{ name: "A" }])
    })
  )
})

describe("A sheet", () => {
  it.effect("whose footer is missing is refused where a row would be left out", () =>
    Effect.gen(function* () {
      const rows = header("name", "price") + row(text("A"), number(1)) + row(text("B"), number(2))
      const missing = yield* readBook(rows, {}, { skipLast: 1 })
      assert.match(
        missing.error ?? "",
        /^a\.xlsx:3: skipLast=1 is declared, and this line is a row like those/
      )
      const whole = yield* readBook(`${rows}${row(text("D. Scott"))}`, {}, { skipLast: 1 })
      assert.deepStrictEqual([whole.properties.length, whole.error], [2, undefined])
    })
  )

  it.effect("is read like CSV, with the numbers of its rows", () =>
    Effect.gen(function* () {
      const rows = `<row r="2">${text("Price list")}</row><row r="4"><c r="A4"/><c r="B4" t="inlineStr"><is><t>Artikel</t></is></c><c r="C4" t="inlineStr"><is><t>Preis</t></is></c><c r="D4" s="1"/></row><row r="5"/><row r="7"><c r="B7" t="inlineStr"><is><t>Stuhl</t></is></c><c r="C7"><v>1.234</v></c></row><row r="8">${text("")}${text(" ")}</row><row r="9"><c r="B9" t="inlineStr"><is><t>Tisch</t></is></c><c r="C9" t="inlineStr"><is><t>1.234,50</t></is></c></row><row r="12">${text("Total")}</row>`
      const found = yield* readBook(
        rows,
        {},
        {
          skipLines: 3,
          skipLast: 1,
          decimal: "comma",
          thousands: "dot",
          map: { Artikel: "name", Preis: "price" },
          set: { quantity: "1" }
        }
      )
      assert.strictEqual(found.error, undefined)
      assert.deepStrictEqual(found.properties, [
        { name: "Stuhl", price: "1.234", quantity: "1" },
        { name: "Tisch", price: "1234.50", quantity: "1" }
      ])
      assert.deepStrictEqual(
        found.rows.map(({ line, original }) => [line, original]),
        [
          [7, { _tag: "Csv", cells: ["", "Stuhl", "1,234"] }],
          [9, { _tag: "Csv", cells: ["", "Tisch", "1.234,50"] }]
        ]
      )
      assert.deepStrictEqual(found.source?.header, ["", "Artikel", "Preis"])
      assert.strictEqual(found.source?.format, "csv")
      const named = yield* readBook(row(text("A"), number(2)), {}, { columns: ["name", "quantity"] })
      assert.deepStrictEqual(named.properties, [{ name: "A", quantity: "2" }])
    })
  )

  it.effect("is the only visible one, or the one that is declared", () =>
    Effect.gen(function* () {
      const sheet = (name: string, state?: string): Sheet => ({
        name,
        rows: header("name") + row(text(name)),
        ...(state !== undefined && { state })
      })
      const one = yield* readBook([sheet("Old", "hidden"), sheet("Q3"), sheet("Lists", "veryHidden")])
      assert.deepStrictEqual(one.properties, [{ name: "Q3" }])
      const hidden = yield* readBook([sheet("Old", "hidden"), sheet("Q3")], {}, { sheet: "Old" })
      assert.deepStrictEqual(hidden.properties, [{ name: "Old" }])
      const two = [sheet("Q3"), sheet("Q4 2026")]
      assert.strictEqual(
        (yield* readBook(two)).error,
        'a.xlsx: the workbook has 2 sheets: "Q3", "Q4 2026"; declare the one to read: --declare sheet=Q3'
      )
      assert.strictEqual(
        (yield* readBook(two, {}, { sheet: "q3" })).error,
        'a.xlsx: the workbook has no sheet "q3"; its sheets are "Q3", "Q4 2026"'
      )
    })
  )

  it.effect("with cells that are merged over rows is refused where values would be missing", () =>
    Effect.gen(function* () {
      const rows =
        row(text("List")) + header("name", "deal_id", "notes") + row(text("A"), text("1")) + row(text("B"))
      const merge = (...refs: ReadonlyArray<string>) => [
        { rows, after: `<mergeCells>${refs.map((ref) => `<mergeCell ref="${ref}"/>`).join("")}</mergeCells>` }
      ]
      assert.strictEqual(
        (yield* readBook(merge("A1:C1", "B3:B4"), {}, { skipLines: 1 })).error,
        "a.xlsx:3:2: the cells B3:B4 are merged over 2 rows, and only the first has their value; unmerge them and fill each cell, or ignore the column"
      )
      for (const [refs, declared] of [
        [["A1:C1", "A3:C3"], {}],
        [["A1:B2"], {}],
        [["C3:C4"], { ignore: ["notes"] }],
        [["B9:B10"], {}]
      ] as const) {
        const found = yield* readBook(merge(...refs), {}, { skipLines: 1, ...declared })
        assert.deepStrictEqual([found.error, found.rows.length], [undefined, 2])
      }
    })
  )

  it.effect("that cannot be a table is refused, with its place", () =>
    Effect.gen(function* () {
      for (const [rows, error] of [
        [
          header("name") + row(text("A"), text("loose")),
          "a.xlsx:2:2: column 2 has a value, the header has 1 columns; name it in the header, or empty it"
        ],
        [header("name", "name"), 'a.xlsx:1:2: column "name" appears twice (1 and 2); rename or remove one'],
        [row(text("name"), "<c><f>A1</f></c>"), /^a\.xlsx:1:2: a formula without a value; /],
        [`<row r="5"/><row r="4"/>`, /^a\.xlsx: row "4" follows row 5; save the workbook again/],
        [`<row><c r="B1"/><c r="A1"/></row>`, /^a\.xlsx:1: the cell "A1" follows column 2; /],
        [`<row><c r="XFE1"><v>1</v></c></row>`, /^a\.xlsx:1: the cell "XFE1" follows /],
        [
          header("name") + row(`<c t="s"><v>7</v></c>`),
          /^a\.xlsx:2:1: a cell has the text "7" of the workbook/
        ],
        ["<row>", /^a\.xlsx: the part xl\/worksheets\/sheet1\.xml cannot be read: .*line 1/]
      ] as const) {
        const found = yield* readBook(rows)
        if (typeof error === "string") assert.strictEqual(found.error, error)
        else assert.match(found.error ?? "", error)
      }
      const wrong = yield* readBook(header("name"), {}, { delimiter: "semicolon" })
      assert.strictEqual(
        wrong.error,
        "a.xlsx: delimiter is declared, and the file is a spreadsheet; leave it out"
      )
      assert.strictEqual(
        (yield* read("name\nA\n", { declared: { sheet: "Q3" } })).error,
        "items.csv: sheet is declared, and the file is CSV; leave it out"
      )
    })
  )
})

describe("A file that is no workbook", () => {
  it.effect("is refused in one line", () =>
    Effect.gen(function* () {
      const good = yield* Effect.promise(() => workbook(header("name") + row(text("A"))))
      const type = (content: string) =>
        Effect.promise(() =>
          zip({ "[Content_Types].xml": `<Types><Override PartName="/a" ContentType="${content}"/></Types>` })
        )
      const ods = yield* Effect.promise(() =>
        zip({ mimetype: "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>" })
      )
      const as = "save it as .xlsx, or the sheet as CSV UTF-8"
      for (const [bytes, error] of [
        [
          Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0, 0, 0),
          "an old Excel file (.xls), or one with a password; save it as .xlsx without a password, or the sheet as CSV UTF-8"
        ],
        [ods, `an OpenDocument spreadsheet (.ods) is not read; ${as}`],
        [
          yield* type("application/vnd.ms-excel.sheet.binary.macroEnabled.main"),
          `a binary workbook (.xlsb) is not read; ${as}`
        ],
        [
          yield* Effect.promise(() => zip({ "a.csv": "name\nA\n" })),
          "a zip file that holds no workbook; unpack it first, and give the file in it"
        ],
        [good.slice(0, 900), "the workbook is broken, or cut off; save or fetch it again"],
        [
          yield* Effect.promise(() => workbook(header("name"), { parts: { "xl/workbook.xml": undefined } })),
          "the workbook has no visible sheet with cells; save the workbook again in a spreadsheet program"
        ]
      ] as const) {
        assert.strictEqual(yield* refused(bytes), `a.xlsx: ${error}`)
      }
      assert.match(
        (yield* Effect.map(read(good), ({ error }) => error)) ?? "",
        /compressed input is not accepted/
      )
    })
  )

  it.effect("or is a bomb is refused within its bounds", () =>
    Effect.gen(function* () {
      const big = yield* Effect.promise(() =>
        workbook(header("name"), { parts: { "xl/media/a.png": new Uint8Array(4 * 1024 * 1024) } })
      )
      assert.strictEqual(
        yield* refused(big, {}, 1024 * 1024),
        "a.xlsx: the workbook holds more than 1 MiB; split it into several files"
      )
      const deep = yield* readBook(`${"<a>".repeat(100)}${"</a>".repeat(100)}`)
      assert.match(deep.error ?? "", /sheet1\.xml cannot be read: .*deep|depth|nested/i)
      const long = yield* readBook(row(text("x".repeat(2 * 1024 * 1024))))
      assert.match(long.error ?? "", /sheet1\.xml cannot be read: /)
      const wide = yield* readBook(row(...Array.from({ length: 40 }, () => text("x".repeat(32_767)))))
      assert.strictEqual(
        wide.error,
        "a.xlsx:1: row 1 is longer than 1 MiB; split it; one row is one line item"
      )
      const part = "xl/sharedStrings.xml"
      const doctype = yield* readBook(header("name"), {
        parts: { [part]: `<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>A</t></si></sst>` }
      })
      assert.match(doctype.error ?? "", /the part xl\/sharedstrings\.xml has a DOCTYPE/)
      const many = `<si><t>${"x".repeat(32_000)}</t></si>`.repeat(2200)
      assert.match(
        (yield* readBook(header("name"), { texts: many })).error ?? "",
        /the texts of the workbook are longer than 64 MiB/
      )
    })
  )
})
