import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary } from "../../support/canary.ts"
import { number, row, text, workbook } from "../files/sheet/workbook.ts"
import { type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

describe("A spreadsheet", () => {
  let server: Server
  let files: Directory

  beforeAll(async () => {
    files = directory()
    server = await serve()
  })

  afterAll(async () => {
    await server.stop()
    files.remove()
    await endAll()
  })

  const importFile = (name: string, flags: ReadonlyArray<string>, stdin?: Uint8Array) =>
    run(["import", name === "-" ? name : files.at(name), "--base-url", server.url, "--json", ...flags], {
      token: canary,
      ...(stdin !== undefined && { stdin })
    })

  const names = async () =>
    (await server.ledger()).created.map(({ properties }) => [properties["name"], properties["price"]])

  const rows = [
    row(text("Artikel"), text("Preis")),
    row(text("Stuhl, rot"), number("149.90000000000001")),
    row(text("Tisch"), `<c t="e"><v>#N/A</v></c>`),
    row(text("Hocker"), text("1.234,50"))
  ].join("")
  const declared = [
    "--declare=decimal=comma",
    "--declare=thousands=dot",
    "--map=Artikel=name",
    "--map=Preis=price"
  ]

  it("is imported, and its rejects are CSV that is imported with the same declarations but the sheet", async () => {
    files.write(
      "items.xlsx",
      await workbook([
        { name: "Q3", rows },
        { name: "Q4", rows: "" }
      ])
    )
    const asked = await importFile("items.xlsx", declared)
    assert.strictEqual(asked.code, 2)
    assert.include(
      asked.stderr,
      'items.xlsx: the workbook has 2 sheets: "Q3", "Q4"; declare the one to read: --declare sheet=Q3\n'
    )
    const flags = [...declared, "--declare", "sheet=Q3", "--rejects", files.at("rejects.csv")]
    const end = await importFile("items.xlsx", flags)
    assert.strictEqual(end.code, 3)
    assert.strictEqual(summaryOf(end).created, 2)
    assert.sameDeepMembers(await names(), [
      ["Stuhl, rot", "149.9"],
      ["Hocker", "1234.50"]
    ])
    assert.strictEqual(
      files.read("rejects.csv"),
      `Artikel,Preis,_line,_reason\nTisch,#N/A,3,"price: ""#N/A"" is an error of the spreadsheet; correct the cell, or declare empty=#N/A"\n`
    )
    files.write("rejects.csv", files.read("rejects.csv").replace("#N/A", '"12,5"'))
    const again = await importFile("rejects.csv", [...declared, "--declare", "sheet=Q3"])
    assert.include(again.stderr, "sheet is declared, and the file is CSV; leave it out\n")
    assert.strictEqual((await importFile("rejects.csv", declared)).code, 0)
    assert.deepInclude(await names(), ["Tisch", "12.5"])
  })

  it("is read with what it hides, which is one line for rows and one for columns", async () => {
    const header = row(text("name"), text("price"), text("Notes"), text("hs_sku"))
    const item = (name: string) => [text(name), number(1), text("x"), text("S-1")]
    const hide = (...cells: ReadonlyArray<string>) => row(...cells).replace("<row>", '<row hidden="1">')
    const before = `<cols><col min="1" max="1" width="9"/><col min="3" max="4" hidden="1"/></cols>`
    const blank = hide(text(" "))
    const rows =
      header + row(...item("A")) + blank + hide(...item("B")) + row(...item("C")) + hide(...item("D"))
    const bytes = await workbook([
      { rows, before },
      { rows: header, state: "hidden" }
    ])
    files.write("hidden.xlsx", bytes)
    const lines = (name: string) => [
      `${name}: 2 rows are hidden, the first is row 4, and are read like the others; delete them in the workbook if they are not meant`,
      `${name}: the hidden column "hs_sku" is read like the others; leave it out with --ignore if not meant`
    ]
    const file = files.at("hidden.xlsx")
    const ignored = ["--ignore", "Notes"]
    const { stdout } = await run(["check", file, "--emulator", ...ignored])
    assert.include(
      stdout,
      `\nWarnings\n${lines(file)
        .map((line) => `  ${line}\n`)
        .join("")}\n`
    )
    for (const input of ["hidden.xlsx", "-"]) {
      const end = await importFile(input, ignored, input === "-" ? bytes : undefined)
      assert.strictEqual(end.code, 0, end.stderr)
      assert.strictEqual(summaryOf(end).created, 4)
      assert.include(end.stderr, `${lines(input === "-" ? "stdin" : file).join("\n")}\n`)
    }
  })

  it("is read from a pipe as well", async () => {
    const end = await importFile("-", [], await workbook(row(text("name")) + row(text("Piped"))))
    assert.strictEqual(end.code, 0)
    assert.deepInclude(await names(), ["Piped", undefined])
  })

  it("that is wrong anywhere sends nothing", async () => {
    const before = (await names()).length
    const merged = row(text("name"), text("deal_id")) + row(text("A"), text("1")) + row(text("B"))
    files.write(
      "merged.xlsx",
      await workbook([{ rows: merged, after: `<mergeCells><mergeCell ref="B2:B3"/></mergeCells>` }])
    )
    const end = await importFile("merged.xlsx", [])
    assert.strictEqual(end.code, 2)
    assert.match(
      end.stderr,
      /merged\.xlsx:2:2: the cells B2:B3 are merged over 2 rows, and only the first has their value; unmerge them and fill each cell, or ignore the column\n$/
    )
    assert.strictEqual((await names()).length, before)
  })

  it("that cannot be read is one line, exit 2, and nothing is sent, also with --accept", async () => {
    const before = (await names()).length
    const name = row(text("name"), text("price"))
    const formulas = name + row(text("A"), "<c><f>B9*2</f></c>")
    const merged = name + row(text("A"), number(1)) + row(text("B"))
    const password = new Uint8Array(1536)
    password.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
    // 65 MiB of one letter in a file of some 64 KiB.
    const bomb = `<si><t>${"x".repeat(1024 * 1024)}</t></si>`.repeat(65)
    for (const [bytes, line] of [
      [await workbook(formulas), /^w\.xlsx: 1 row \(line 2\): price: a formula without a value; [^\n]*\n$/],
      [
        password,
        /^w\.xlsx: an old Excel file \(\.xls\), or one with a password; save it as \.xlsx without a password, or the sheet as CSV UTF-8\n$/
      ],
      [
        await workbook([{ rows: merged, after: `<mergeCells><mergeCell ref="B2:B3"/></mergeCells>` }]),
        /^w\.xlsx:2:2: the cells B2:B3 are merged over 2 rows, and only the first has their value; [^\n]*\n$/
      ],
      [
        await workbook(name, { texts: bomb }),
        /^w\.xlsx: the texts of the workbook are longer than 64 MiB; [^\n]*\n$/
      ],
      [
        await workbook([
          { name: "Q3", rows: name },
          { name: "Q4", rows: name }
        ]),
        /^w\.xlsx: the workbook has 2 sheets: "Q3", "Q4"; declare the one to read: --declare sheet=Q3\n$/
      ]
    ] as const) {
      files.write("w.xlsx", bytes)
      const told = ({ stderr }: { readonly stderr: string }) =>
        stderr.replace(/^line-items: /, "").replaceAll(files.at("w.xlsx"), "w.xlsx")
      const end = await importFile("w.xlsx", ["--accept"])
      assert.strictEqual(end.code, 2, end.stderr)
      assert.match(told(end), line)
      assert.strictEqual((await importFile("w.xlsx", [])).code, 2)
    }
    assert.strictEqual((await names()).length, before)
  })
})
