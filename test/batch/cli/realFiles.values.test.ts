/**
 * Values as real files have them: what is read, what is invalid and which declaration would read it, and what is warned about.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { type Directory, directory, run } from "./run.ts"

const place: Directory = directory()
afterAll(() => place.remove())

const Summary = Schema.Struct({ created: Schema.Int, invalid: Schema.Int, rejected: Schema.Int })
const read = Schema.decodeUnknownSync(Schema.fromJsonString(Summary))

/** Imports a file into an emulator: the counts, the lines, the code. */
const importing = async (name: string, content: string, ...flags: ReadonlyArray<string>) => {
  place.write(name, content)
  const { code, stderr, stdout } = await run(
    ["import", name, "--emulator", "--json", "--keep-going", "--batch-size", "1", ...flags],
    { cwd: place.path }
  )
  const { created, invalid, rejected } = read(stdout)
  return { code, counts: [created, invalid, rejected], lines: stderr.trimEnd().split("\n") }
}

/** What is advised in the rows of a file, by line. */
const advice = (lines: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, number, message] = /^[\w.]+:(\d+):\d+: \w+: (.*)$/.exec(line) ?? []
      return number === undefined || message === undefined ? [] : [[number, message]]
    })
  )

const number = "write digits with a dot, without thousands separators, currency or blanks"
const day = "write a day that exists, as 2026-11-23 (year-month-day)"

describe("Values of real files", () => {
  it("with thousands of five kinds are invalid, each with the declaration that reads it", async () => {
    const cells = ['"1,234.50"', "1.234.50", "1 234.50", "1\u00a0234.50", "1'234.50"]
    const text = ["name,price", ...cells.map((cell) => `A,${cell}`), ""].join("\n")
    const plain = await importing("thousands.csv", text)
    assert.deepStrictEqual(plain.counts, [0, 5, 0])
    assert.deepStrictEqual(advice(plain.lines), {
      2: `"1,234.50" is not a finite number; ${number}, or declare thousands=comma`,
      3: `"1.234.50" is not a finite number; ${number}`,
      4: `"1 234.50" is not a finite number; ${number}, or declare thousands=space`,
      5: `"1<U+00A0>234.50" is not a finite number; ${number}, or declare thousands=space`,
      6: `"1'234.50" is not a finite number; ${number}, or declare thousands=apostrophe`
    })
    const declared = await importing("thousands.csv", text, "--declare", "thousands=comma")
    assert.deepStrictEqual(declared.counts, [1, 4, 0])
  })

  it("in several currencies are invalid, and a declared one reads its own", async () => {
    const text = 'name,price\nA,$12.50\nB,"12,50 €"\nC,£12.50\nD,USD 12.50\nE,12.50 EUR\nF,12.50 kr\n'
    const plain = await importing("currencies.csv", text)
    assert.deepStrictEqual(plain.counts, [0, 6, 0])
    const found = advice(plain.lines)
    assert.include(found[2], "or declare currency=USD")
    assert.include(found[3], '"12,50 €" is not a finite number')
    assert.match(found[3] ?? "", /or declare (?:decimal=comma, currency=EUR|currency=EUR, decimal=comma)$/)
    assert.include(found[4], "or declare currency=GBP")
    assert.include(found[5], "or declare currency=USD")
    assert.include(found[6], "or declare currency=EUR")
    assert.match(found[7] ?? "", /declare currency=DKK \(the sign is also that of .*SEK/)
    const declared = await importing("currencies.csv", text, "--declare", "currency=EUR")
    assert.deepStrictEqual(declared.counts, [1, 5, 0])
  })

  it("in percent beside fractions are invalid, and can be declared", async () => {
    const text = "name,price,hs_discount_percentage\nA,10,10%\nB,10,10 %\nC,10,0.1\nD,10,10\nE,10%,1\n"
    const plain = await importing("percent.csv", text)
    assert.deepStrictEqual(plain.counts, [2, 3, 0])
    assert.match(advice(plain.lines)[2] ?? "", /or declare percent=strip$/)
    assert.match(advice(plain.lines)[3] ?? "", /or declare percent=strip$/)
    assert.include(advice(plain.lines)[6], "10% is no amount of money")
    const declared = await importing("percent.csv", text, "--declare", "percent=strip")
    assert.deepStrictEqual(declared.counts, [4, 1, 0])
  })

  it("with two readings name both", async () => {
    const found = advice(
      (
        await importing(
          "two.csv",
          'name,price,hs_recurring_billing_start_date\nA,"1,234",\nB,,01/02/2026\nC,"1.149,90 €",\nD,12.50,2026-01-31\n'
        )
      ).lines
    )
    assert.include(found[2], "it can be 1.234 with decimal=comma, or 1234 with thousands=comma")
    assert.include(
      found[3],
      "it can be 2026-02-01 with dates=dd/MM/yyyy, or 2026-01-02 with dates=MM/dd/yyyy; declare the one that is meant"
    )
    assert.match(found[4] ?? "", /declare decimal=comma, thousands=dot, currency=EUR$/)
  })

  it("in scientific notation are numbers, and warned about in a text", async () => {
    const { counts, lines } = await importing(
      "scientific.csv",
      "name,quantity,price,hs_sku\nA,1E+2,1.5e1,8.90123E+12\nB,1,1e400,1\nC,1,+10,1\nD,1,.5,1\nE,1,5.,1\n"
    )
    assert.deepStrictEqual(counts, [3, 2, 0])
    assert.deepStrictEqual(Object.keys(advice(lines)), ["3", "6"])
    assert.include(
      lines,
      "scientific.csv: hs_sku: 1 value is in scientific notation (8.90123E+12): a spreadsheet may have lost digits; format the column as text there, and export again"
    )
  })

  it("that are days of many kinds name the pattern that reads them", async () => {
    const days = [
      "2026-01-31",
      "31/01/2026",
      "01/31/2026",
      "31.01.2026",
      "2026-01-31T00:00:00Z",
      "1769817600000",
      "46053",
      "2026-02-30",
      '"Jan 31, 2026"',
      "2026-01-31 00:00:00",
      "1769817600001"
    ]
    const { counts, lines } = await importing(
      "days.csv",
      ["name,hs_recurring_billing_start_date", ...days.map((cell) => `A,${cell}`), ""].join("\n")
    )
    assert.deepStrictEqual(counts, [3, 8, 0])
    const no = (text: string) => `"${text}" is not a day of the calendar; `
    assert.deepStrictEqual(advice(lines), {
      3: `${no("31/01/2026")}${day}, or declare dates=dd/MM/yyyy`,
      4: `${no("01/31/2026")}${day}, or declare dates=MM/dd/yyyy`,
      5: `${no("31.01.2026")}${day}, or declare dates=dd.MM.yyyy`,
      8: `${no("46053")}this is a spreadsheet's number of the day 2026-01-31: format the column as a date, and export again`,
      9: `${no("2026-02-30")}${day}`,
      10: `${no("Jan 31, 2026")}${day}, or declare "dates=MMM d, yyyy"`,
      11: `${no("2026-01-31 00:00:00")}${day}, or declare "dates=yyyy-MM-dd HH:mm:ss"`,
      12: `${no("1769817600001")}${day}`
    })
  })

  it("that are booleans are read in any case, and other words can be declared", async () => {
    const text = "name,hs_is_optional\nA,TRUE\nB,false\nC,yes\nD,1\nE,Y\nF,WAHR\n"
    const { counts, lines } = await importing("booleans.csv", text)
    assert.deepStrictEqual(counts, [2, 4, 0])
    assert.deepStrictEqual(advice(lines), {
      4: '"yes" is not true or false; write true or false, or declare booleans=yes/no',
      5: '"1" is not true or false; write true or false, or declare booleans=1/0',
      6: '"Y" is not true or false; write true or false, or declare booleans=y/n',
      7: '"WAHR" is not true or false; write true or false, or declare booleans=wahr/falsch'
    })
  })

  it("that are labels of options are read where that is declared, in any case", async () => {
    const text =
      "name,price,recurringbillingfrequency,hs_line_item_currency_code\nA,1,Monthly,usd\nB,1,monthly,€\nC,1,monthly,EUR\nD,1,annually,Usd\n"
    const declared = await importing("labels.csv", text, "--declare", "options=labels")
    assert.deepStrictEqual(declared.counts, [3, 1, 0], declared.lines.join("\n"))
    assert.match(advice(declared.lines)[3] ?? "", /^"€" is /)
    const plain = await importing("labels.csv", text)
    assert.isBelow(plain.counts[0] ?? 9, 3)
  })

  it("that are words for nothing are invalid numbers, and warned about as texts", async () => {
    const text =
      "name,quantity,price,description\nA,#N/A,x,d\nB,N/A,1,d\nC,NULL,1,#REF!\nD,-,1,#N/A\nE,1,1,null\nF,1,1,#N/A\n"
    const { counts, lines } = await importing("nothing.csv", text)
    assert.deepStrictEqual(counts, [2, 4, 0])
    assert.include(lines.join("\n"), 'quantity: "N/A" is not a finite number')
    assert.include(lines.join("\n"), 'or declare "empty=#N/A"')
    assert.include(
      lines,
      'nothing.csv: description: 4 values are words for no value, and are sent as text; to send nothing, declare "empty=#REF!,#N/A,null"'
    )
    const declared = await importing("nothing.csv", text, "--declare", "empty=#N/A,N/A,NULL,-,#REF!,null")
    assert.deepStrictEqual(declared.counts, [5, 1, 0])
  })

  it("with invisible characters show them", async () => {
    const { counts, lines } = await importing("invisible.csv", "name,price\n\u200bA,1\nB,\u200b10\n")
    assert.deepStrictEqual(counts, [1, 1, 0])
    assert.strictEqual(advice(lines)[3], '"<U+200B>10" is not a finite number; remove the invisible U+200B')
    assert.include(
      lines,
      "invisible.csv: name: 1 value has invisible characters (U+200B), with which it is sent; remove them if they are not meant"
    )
  })

  it("are the same in JSON, and warned about in a pipe too", async () => {
    const text = '{"name":"#N/A","price":"12,50"}\n{"name":"#N/A","price":"1.50"}\n'
    const { counts, lines } = await importing("values.ndjson", text)
    assert.deepStrictEqual(counts, [1, 1, 0])
    assert.match(advice(lines)[1] ?? "", /or declare decimal=comma$/)
    const piped = await run(["import", "-", "--emulator"], { cwd: place.path, stdin: text })
    assert.include(piped.stderr, "stdin: name: 1 value is a word for no value")
  })
})

describe("Names that are declared and never occur", () => {
  it("are refused in a JSON file as in CSV, before anything is sent", async () => {
    place.write("items.json", '[{"name":"A","Preis":1},{"name":"B"}]')
    for (const [flags, problem] of [
      [["--map", "Price=price"], 'column "Price" is mapped, and the file has no such column'],
      [["--ignore", "Notes"], 'column "Notes" is ignored, and the file has no such column'],
      [["--declare", "Cost.decimal=comma"], 'column "Cost" is declared, and the file has no such column']
    ] as const) {
      const end = await run(["import", "items.json", "--emulator", ...flags], { cwd: place.path })
      assert.strictEqual(end.stderr, `line-items: items.json: ${problem}; its columns are "name", "Preis"\n`)
      assert.strictEqual(end.code, 2)
    }
    const good = await run(["import", "items.json", "--emulator", "--map", "Preis=price"], {
      cwd: place.path
    })
    assert.strictEqual(good.code, 0)
  })
})
