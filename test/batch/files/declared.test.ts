import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import * as Source from "@effect-hubspot/batch/files/Source"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { gzipSync } from "node:zlib"
import { bytesOf, inputs, issues, read, type ReadOptions } from "./read.ts"

/** Everything up to U+00FF in one byte each, which Windows-1252 has in common with Unicode but for 80 to 9F. */
const oneByte = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

const wide = (text: string, order: "le" | "be") =>
  Uint8Array.from(
    [...text].flatMap((character) => {
      const code = character.charCodeAt(0)
      return order === "le" ? [code & 255, code >> 8] : [code >> 8, code & 255]
    })
  )

/** The properties of each row, wherever the bytes are cut. */
const properties = (
  content: string | Uint8Array,
  declared: FileFormat,
  options: ReadOptions = {}
): Effect.Effect<ReadonlyArray<unknown>> =>
  Effect.gen(function* () {
    const whole = yield* read(content, { ...options, declared })
    const length = bytesOf(content).length
    const parts = yield* read(content, {
      ...options,
      declared,
      cuts: Array.from({ length }, (_, index) => index)
    })
    assert.deepStrictEqual([parts.rows, parts.error], [whole.rows, whole.error])
    if (whole.error !== undefined) return [whole.error]
    return inputs(whole).map((input) => (input === "invalid" ? input : input.properties))
  })

/** Which of these values of a column are read, and as what. */
const values = (name: string, cells: ReadonlyArray<string>, declared: FileFormat, options?: ReadOptions) =>
  Effect.map(
    read(`name,${name}\n${cells.map((cell) => `A,"${cell}"\n`).join("")}`, { ...options, declared }),
    (reading) =>
      inputs(reading).map((input) => (input === "invalid" ? input : (input.properties[name] ?? "")))
  )

const desk = { name: "Büro", quantity: "2", price: "149.90" }

describe("A declared file", () => {
  it.effect("is read in its encoding, with its delimiter and its decimal sign", () =>
    Effect.gen(function* () {
      const german = "name;quantity;price\r\nBüro;2;149,90\r\n"
      const semicolons: FileFormat = { delimiter: "semicolon", decimal: "comma" }
      const tabs: FileFormat = { delimiter: "tab", decimal: "comma", encoding: "utf-16" }
      const tabbed = german.replaceAll(";", "\t")
      for (const [content, declared] of [
        [german, semicolons],
        [`\uFEFF${german}`, { ...semicolons, encoding: "utf-8" }],
        [oneByte(german), { ...semicolons, encoding: "windows-1252" }],
        [oneByte(german), { ...semicolons, encoding: "Latin1" }],
        [wide(`\uFEFF${tabbed}`, "le"), tabs],
        [wide(`\uFEFF${tabbed}`, "be"), tabs],
        [wide(tabbed, "le"), { ...tabs, encoding: "utf-16le" }],
        [wide(tabbed, "be"), { ...tabs, encoding: "utf-16be" }]
      ] as const) {
        assert.deepStrictEqual(yield* properties(content, declared), [desk])
      }
      const quoted = yield* properties(oneByte("name,price\r\nDesk \x93deluxe\x94,1\r\n"), {
        encoding: "windows-1252"
      })
      assert.deepStrictEqual(quoted, [{ name: "Desk “deluxe”", price: "1" }])
    })
  )

  it.effect("that is not in its declared encoding says so, after the rows before", () =>
    Effect.gen(function* () {
      for (const [content, encoding, error] of [
        [
          "\uFEFFname\nA\n",
          "windows-1252",
          "items.csv:1:1: the file begins with the mark of utf-8, windows-1252 is declared; declare encoding=utf-8"
        ],
        [
          oneByte("name\nA\n\x81\x20\n"),
          "shift_jis",
          "items.csv:3: a byte of line 3 is not valid shift_jis; declare the encoding that the file has, or save it as UTF-8"
        ],
        [wide("name\nA\n", "le").slice(2), "windows-1252", /UTF-16 text/],
        [wide("name\nA\n", "le").slice(0, -1), "utf-16le", /not valid utf-16le/],
        [oneByte("name\nBüro\n"), "utf-8", /byte 2 of line 2 is not valid UTF-8/]
      ] as const) {
        const reading = yield* read(content, { declared: { encoding } })
        if (typeof error === "string") assert.strictEqual(reading.error, error)
        else assert.match(reading.error ?? "", error)
      }
      assert.deepStrictEqual(
        yield* properties(oneByte("name\r\nA\r\n\r\n\x81\x20\r\n"), { encoding: "shift_jis" }),
        [
          "items.csv:4: a byte of line 4 is not valid shift_jis; declare the encoding that the file has, or save it as UTF-8"
        ]
      )
      const before = yield* read(oneByte("name\nA\n\x81\x20\n"), { declared: { encoding: "shift_jis" } })
      assert.strictEqual(before.rows.length, 1)
    })
  )

  it.effect("may be compressed with gzip, up to a bound", () =>
    Effect.gen(function* () {
      const zipped = new Uint8Array(gzipSync("name,price\nChair,10\n"))
      assert.deepStrictEqual(yield* properties(zipped, {}, { name: "a.csv.gz" }), [
        { name: "Chair", price: "10" }
      ])
      const json = new Uint8Array(gzipSync('[{"name":"Chair"}]'))
      assert.deepStrictEqual(yield* properties(json, {}, { name: "a.json.gz" }), [{ name: "Chair" }])
      for (const [content, error, options] of [
        [
          zipped.slice(0, -6),
          "items.csv: the gzip file is broken, cut off, or several in one; make or fetch it again, or unpack it with gzip -d",
          {}
        ],
        [
          gzipSync(`name\n${"A\n".repeat(2_000_000)}`),
          "items.csv: the gzip file holds more than 1 MiB; split it into several files",
          { maxInflatedBytes: 1024 * 1024 }
        ],
        [gzipSync(zipped), "items.csv: a gzip file in a gzip file; unpack it once", {}]
      ] as const) {
        const reading = yield* read(new Uint8Array(content), { declared: {}, ...options })
        assert.strictEqual(reading.error, error)
      }
    })
  )

  it.effect("may say its delimiter in its first line, which is a line of the file", () =>
    Effect.gen(function* () {
      for (const [content, declared] of [
        ["sep=;\r\nname;price\r\nChair;10\r\n", {}],
        ["sep=,\nname,price\nChair,10\n", {}],
        ['"sep=\t"\rname\tprice\rChair\t10', {}],
        ["sep=;\nname;price\nChair;10\n", { delimiter: "semicolon" }]
      ] as const) {
        assert.deepStrictEqual(yield* properties(content, declared), [{ name: "Chair", price: "10" }])
        assert.deepStrictEqual(
          (yield* read(content, { declared })).rows.map(({ line }) => line),
          [3]
        )
      }
      assert.deepStrictEqual(yield* properties("sep=;\nname,price\n", { delimiter: "," }), [
        'items.csv:1: the line "sep=;" and delimiter="," contradict each other; declare the delimiter that the file has, or none'
      ])
    })
  )

  it.effect("that has not the declared delimiter says so", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* properties("name,price\nChair,10\n", { delimiter: "semicolon" }), [
        'items.csv:1:1: the header is one column, "name,price": the delimiter ";" does not occur; declare the delimiter that the file has'
      ])
      assert.deepStrictEqual(yield* properties("name;price\nChair;1\nTable;1;2\n", { delimiter: ";" }), [
        'items.csv:3:3: 3 columns, the header has 2; put a cell that holds a delimiter (";") in quotes'
      ])
      assert.deepStrictEqual(yield* properties("name\tprice\nA\t1\n", {}, { name: "a.tsv" }), [
        { name: "A", price: "1" }
      ])
    })
  )

  it.effect("has no rows of nothing but delimiters", () =>
    Effect.gen(function* () {
      const content = ",,\nname,quantity,price\nA,1,10\n,,\n , , \n,\nB,1,2\n,,"
      const reading = yield* read(content, { declared: {} })
      assert.strictEqual(reading.error, undefined)
      assert.deepStrictEqual(
        reading.rows.map(({ index, line }) => [index, line]),
        [
          [0, 3],
          [1, 7]
        ]
      )
      assert.strictEqual((yield* read("name,price\nA,1\n,\n")).rows.length, 2)
    })
  )

  it.effect("may have lines before its header and at its end, other quotes, blanks and no header", () =>
    Effect.gen(function* () {
      const chair = { name: "Chair", price: "10" }
      for (const [content, declared] of [
        ['Export "of today\r\n\r\nname,price\r\nChair,10\r\n', { skipLines: 2 }],
        ["sep=;\nTitle\nname;price\nChair;10\n", { skipLines: 1 }],
        ["name,price\nChair,10\nTotal;10\n", { skipLast: 1 }],
        ['name,price\r\nChair,10\r\n\r\nTotal\r\n"printed" by me\r\n\r\n', { skipLast: 2 }],
        ["name,price\n'Chair','10'\n", { quote: "'" }],
        ['name, price\n"Chair", "10"\n', { blanks: "skip" }],
        ["Chair,10\n", { columns: ["name", "price"] }]
      ] as const) {
        assert.deepStrictEqual(yield* properties(content, declared), [chair])
      }
      assert.deepStrictEqual(
        yield* properties('name\tprice\n19" rack, "x"\t1\n', { delimiter: "tab", quote: "none" }),
        [{ name: '19" rack, "x"', price: "1" }]
      )
      assert.deepStrictEqual(
        yield* properties(`name;price\n'say "it''s"; a';1\n`, { delimiter: ";", quote: "apostrophe" }),
        [{ name: `say "it's"; a`, price: "1" }]
      )
      assert.deepStrictEqual(yield* properties('a\nb\nname,price\nA,1\nB,"x" y\n', { skipLines: 2 }), [
        "items.csv:5:2: text after the quote that closes a cell; inside a quoted cell a quote is written twice"
      ])
      const last = yield* read("name\nA\nB\n", { declared: { skipLast: 9 } })
      assert.deepStrictEqual([last.rows, last.error], [[], undefined])
    })
  )
})

describe("Lines that are left out at the end", () => {
  const lines = ["Order;name;price;hs_sku", "1;Chair;10,5;", '2;"Desk; oak";20;S-2', "3;Lamp;5;S-3"]
  const saved: FileFormat = { delimiter: "semicolon", decimal: "comma", ignore: ["Order"], skipLast: 2 }
  const reading = (below: ReadonlyArray<string>, over: FileFormat = {}) =>
    Effect.map(
      read([...lines, ...below, ""].join("\r\n"), { declared: { ...saved, ...over } }),
      ({ error, rows }) => [rows.length, error] as const
    )
  const refused = (line: number, last: number, more: number) =>
    `items.csv:${line}: skipLast=${last} is declared, and this line is a row like those above it, so the footer may be missing; to import it, add --declare skipLast=${more}; if it is no line item, take the line away`

  it.effect(
    "are no rows: where the footer is missing, or shorter, the file is refused at the first row",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* reading([]), [1, refused(3, 2, 0)])
        assert.deepStrictEqual(yield* reading([], { broken: "rejects" }), [1, refused(3, 2, 0)])
        assert.deepStrictEqual(yield* reading(["", "Summe;;35,5;"]), [2, refused(4, 2, 1)])
        assert.deepStrictEqual(yield* reading(['4;"Desk; ash";1;S-4', "Printed by me"]), [
          3,
          refused(5, 2, 1)
        ])
        const other = { declared: { skipLast: 1, quote: "apostrophe" } } as const
        const quoted = yield* read("name,price\nA,1\n'E, \"F\"',1\n", other)
        assert.deepStrictEqual([quoted.rows.length, quoted.error], [1, refused(3, 1, 0)])
      })
  )

  it.effect("may be anything that is no row like those above", () =>
    Effect.gen(function* () {
      for (const below of [
        ["Summe;;35,5;", "Printed by me"],
        ["Summe;3;35,5;1", "D. Scott;;;"],
        ["3 Positionen", "a;b"],
        // Without a name, which all rows have.
        ["4;;35,5;", ";D. Scott;;"],
        // No price.
        ["x;y;z;", "1;2;3;4;5"]
      ]) {
        assert.deepStrictEqual(yield* reading(below), [3, undefined], below.join("|"))
      }
    })
  )
})

describe("Declared values", () => {
  it.effect("are numbers as they are written, or invalid, and never another number", () =>
    Effect.gen(function* () {
      const thousands = [
        "1,234.50",
        "1.234.50",
        "1 234.50",
        "1\u00a0234.50",
        "1'234.50",
        "1234.50",
        "12,34.5",
        ",5"
      ]
      const no = "invalid"
      const read = "1234.50"
      for (const [declared, cells, expected] of [
        [{ thousands: "comma" }, thousands, [read, no, no, no, no, read, no, no]],
        [{ thousands: "space" }, thousands, [no, no, read, read, no, read, no, no]],
        [{ thousands: "apostrophe" }, thousands, [no, no, no, no, read, read, no, no]],
        [
          { decimal: "comma", thousands: "dot" },
          ["1.234,50", "1.234", "1.23", "25,000", "149.90", "-5", ",5", "5,", "1e3", "1,5e1", "", "x"],
          ["1234.50", "1234", no, "25.000", no, "-5", "0.5", no, "1000", "15", "", no]
        ],
        [{ decimal: "comma" }, ["1.000", "12,50", "1.234,5"], [no, "12.50", no]],
        [
          { currency: "EUR", decimal: "comma" },
          [
            "12,50 €",
            "€12,50",
            "EUR 12,50",
            "12,50EUR",
            "-12,50 €",
            "€ -5",
            "-€5",
            "$5",
            "5 USD",
            "€5€",
            "€"
          ],
          ["12.50", "12.50", "12.50", "12.50", "-12.50", "-5", "-5", no, no, no, no]
        ],
        [
          { currency: "usd" },
          ["$12.50", "USD 12.50", "US$1", "£12.50", "12.50"],
          ["12.50", "12.50", "1", no, "12.50"]
        ],
        [
          { negatives: "parentheses", currency: "USD" },
          ["(12.50)", "($12.50)", "$(12.50)", "( 3 )", "(-3)", "-(3)", "()", "(3", "((3))", "$($3)"],
          ["-12.50", "-12.50", "-12.50", "-3", no, no, no, no, no, no]
        ],
        [{ percent: "strip" }, ["10%"], [no]]
      ] as const) {
        assert.deepStrictEqual(
          yield* values("price", cells, declared),
          [...expected],
          JSON.stringify(declared)
        )
      }
      assert.deepStrictEqual(
        yield* values("hs_discount_percentage", ["10%", "10 %", "0.1", "10", "%", "10 %%"], {
          percent: "strip"
        }),
        ["10", "10", "0.1", "10", no, no]
      )
      assert.deepStrictEqual(yield* values("hs_discount_percentage", ["€10"], { currency: "EUR" }), [no])
    })
  )

  it.effect("are days of their pattern, and HubSpot's own forms", () =>
    Effect.gen(function* () {
      const no = "invalid"
      const day = "2026-01-31"
      const cells = [
        ["2026-01-31", "31/01/2026", "01/31/2026", "31.01.2026", "2026-01-31T00:00:00Z"],
        ["1769817600000", "46053", "2026-02-30", "Jan 31, 2026", "2026-01-31 00:00:00", "1769817600001"]
      ].flat()
      const always = { 0: day, 4: "2026-01-31T00:00:00Z", 5: "1769817600000" }
      for (const [dates, at] of [
        ["dd/MM/yyyy", 1],
        ["MM/dd/yyyy", 2],
        ["dd.MM.yyyy", 3],
        ["MMM d, yyyy", 8],
        ["yyyy-MM-dd HH:mm:ss", 9]
      ] as const) {
        const expected = cells.map((_, index) => ({ ...always, [at]: day })[index] ?? no)
        assert.deepStrictEqual(
          yield* values("hs_recurring_billing_start_date", cells, { dates }),
          expected,
          dates
        )
      }
      for (const [dates, cell, expected] of [
        ["d.M.yy", "1.2.26", "2026-02-01"],
        ["d.M.yy", "01.02.2026", no],
        ["dd.MM.yyyy", "1.2.2026", no],
        ["dd.MM.yyyy", "31.02.2026", no],
        ["dd.MM.yyyy", "29.02.2028", "2028-02-29"],
        ["yyyy-dd-MM", "2026-31-01", day],
        ["yyyy-dd-MM", "2026-01-31", no],
        ["d MMMM yyyy", "31 january 2026", day],
        ["yyyy-MM-dd HH:mm:ss", "2026-01-31 10:00:00", no]
      ] as const) {
        assert.deepStrictEqual(yield* values("hs_recurring_billing_start_date", [cell], { dates }), [
          expected
        ])
      }
    })
  )

  it.effect("are booleans, options by label, and words for nothing", () =>
    Effect.gen(function* () {
      const no = "invalid"
      assert.deepStrictEqual(
        yield* values("hs_is_optional", ["TRUE", "false", "yes", " No", "1", "Y"], { booleans: "yes/no" }),
        ["true", "false", "true", "false", no, no]
      )
      assert.deepStrictEqual(
        yield* values("price", ["#N/A", "N/A", "NULL", "-", "-5", "nan"], { empty: ["#N/A", "NULL", "-"] }),
        ["", no, "", "", "-5", no]
      )
      const options = [
        { label: "Monthly", value: "monthly" },
        { label: "Per Year", value: "annually" },
        { label: "Twice", value: "a" },
        { label: "twice", value: "b" }
      ]
      const definitions = [{ name: "recurringbillingfrequency", type: "enumeration", options }]
      const labels = yield* values(
        "recurringbillingfrequency",
        ["Monthly", "MONTHLY", "per year", "annually", "twice", "a", "€"],
        { options: "labels" },
        { definitions }
      )
      assert.deepStrictEqual(labels, ["monthly", "monthly", "annually", "annually", no, "a", no])
    })
  )

  it.effect("are declared for single columns, and for the account's own properties by their type", () =>
    Effect.gen(function* () {
      const content = "name;quantity;price;erp_cost;erp_text\nA;1.5;2,5;3,5;4,5\n"
      const expected = { name: "A", quantity: "1.5", price: "2.5", erp_text: "4,5" }
      assert.deepStrictEqual(
        yield* properties(content, {
          delimiter: ";",
          perColumn: { price: { decimal: "comma" }, erp_cost: { decimal: "," } }
        }),
        [{ ...expected, erp_cost: "3.5" }]
      )
      const declared: FileFormat = {
        delimiter: ";",
        decimal: "comma",
        perColumn: { quantity: { decimal: "dot" } }
      }
      assert.deepStrictEqual(yield* properties(content, declared), [{ ...expected, erp_cost: "3,5" }])
      assert.deepStrictEqual(
        yield* properties(content, declared, { definitions: [{ name: "erp_cost", type: "number" }] }),
        [{ ...expected, erp_cost: "3.5" }]
      )
    })
  )

  it.effect("that are wrong have their place, and so has everything else in the row", () =>
    Effect.gen(function* () {
      const reading = yield* read('Artikel;Preis;hs_is_optional;deal_id\n"a\nb";1.000;ja;x\n', {
        declared: {
          delimiter: ";",
          decimal: "comma",
          booleans: "wahr/falsch",
          map: { Artikel: "name", Preis: "price" }
        }
      })
      assert.deepStrictEqual(issues(reading), [
        'items.csv:3:2: price: "1.000" is not a number with a decimal comma, as declared; if it is thousands, declare thousands=dot as well',
        'items.csv:3:3: hs_is_optional: "ja" is not wahr or falsch, as declared; correct the value, or the declaration',
        'items.csv:3:4: deal_id: "x" is not a HubSpot id; give the record\'s id: digits only'
      ])
      assert.deepStrictEqual(reading.rows[0]?.original, { _tag: "Csv", cells: ["a\nb", "1.000", "ja", "x"] })
    })
  )
})

describe("Declared columns", () => {
  it.effect("are mapped, ignored and set", () =>
    Effect.gen(function* () {
      const reading = yield* read("Item, Price ,Deal,Notes,name,Notes\nChair,10,7,x,y,z\n,,,x,,\n,,7,,,\n", {
        declared: {
          map: { Item: "description", Price: "price", Deal: "deal_id" },
          ignore: ["Notes"],
          set: { hs_line_item_currency_code: "EUR" }
        }
      })
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: { description: "Chair", price: "10", name: "y", hs_line_item_currency_code: "EUR" },
          associations: [Association.make("deal", "7")]
        },
        "invalid",
        "invalid"
      ])
      assert.deepStrictEqual(issues(reading), [
        "items.csv:3:1: nothing to send: no property has a value; fill in at least one",
        "items.csv:4:1: nothing to send: no property has a value; fill in at least one"
      ])
      const unmapped = yield* read("Item,price,Notes,erp,deal_id\nChair,10,x,y,7\n", {
        declared: { map: { Item: "name" }, ignore: ["unmapped"], set: { deal_id: "8" } }
      })
      assert.match(unmapped.error ?? "", /^items.csv:1: deal_id is set for every row, and column "deal_id"/)
      const known = yield* properties(
        "Item,price,Notes,erp,crm\nChair,10,x,y,z\n",
        {
          map: { Item: "name" },
          ignore: ["unmapped"]
        },
        { definitions: [{ name: "crm", type: "string" }] }
      )
      assert.deepStrictEqual(known, [{ name: "Chair", price: "10", crm: "z" }])
    })
  )

  it.effect("that the file has not, or that become the same, are refused once", () =>
    Effect.gen(function* () {
      for (const [declared, error] of [
        [
          { map: { Price: "price" } },
          'items.csv:1: column "Price" is mapped, and the file has no such column; its columns are "name", "price", "Net"'
        ],
        [{ ignore: ["Gross"] }, /column "Gross" is ignored, and the file has no such column/],
        [
          { perColumn: { cost: { decimal: "comma" } } },
          /column "cost" is declared, and the file has no such/
        ],
        [
          { map: { Net: "price" } },
          'items.csv:1: two columns for price: "price" and "Net"; ignore one, or map it to another property'
        ],
        [
          { set: { price: "1" } },
          /^items.csv:1: price is set for every row, and column "price" becomes it too/
        ],
        [{ encoding: "klingon" }, /^items.csv: encoding "klingon" is not known/]
      ] as const) {
        const reading = yield* read("name,price,Net\nA,1,2\n", { declared: declared as FileFormat })
        if (typeof error === "string") assert.strictEqual(reading.error, error)
        else assert.match(reading.error ?? "", error)
      }
    })
  )

  it.effect("are those of JSON objects too, whose numbers are exact", () =>
    Effect.gen(function* () {
      const declared: FileFormat = {
        decimal: "comma",
        empty: ["-"],
        map: { Artikel: "name", Preis: "price", Deal: "deal_id" },
        ignore: ["unmapped"],
        set: { description: "all" }
      }
      const content = [
        '{"Artikel":"A","Preis":"1,5","Deal":7,"x":1}',
        '{"Artikel":"B","Preis":1.5,"quantity":"-"}',
        '{"properties":{"Artikel":"C","Preis":"2,5"}}',
        '{"Artikel":"D","Preis":"1.5"}',
        '{"Artikel":"E","name":"F"}',
        '{"x":1}'
      ]
      const reading = yield* read(content.join("\n"), { name: "a.ndjson", declared })
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: { name: "A", price: "1.5", description: "all" },
          associations: [Association.make("deal", "7")]
        },
        { properties: { name: "B", price: "1.5", description: "all" } },
        { properties: { name: "C", price: "2.5", description: "all" } },
        "invalid",
        "invalid",
        "invalid"
      ])
      assert.strictEqual(
        (yield* read("[]", { name: "a.json", declared: { delimiter: "tab" } })).error,
        "a.json: delimiter is declared, and the file is JSON; leave it out, or give the format CSV"
      )
    })
  )

  it.effect("of JSON inside other JSON are found by their root, wherever the bytes are cut", () =>
    Effect.gen(function* () {
      const both = [
        { name: "A", price: "1" },
        { name: "B", price: "2" }
      ]
      const a = '{"name":"A","price":1}'
      const b = '{"price":2,"name":"B"}'
      for (const [content, declared] of [
        [`{"data":[${a},${b}]}`, { root: "data" }],
        [
          `{\n "x": {"data": [1, "]\\""]},\n "data" : [\n ${a} ,\n ${b} ],\n "more": false\n}\n`,
          { root: "data" }
        ],
        [
          `[{"order":"1","line_items":[${a}]},{"line_items":[${b}]},{"line_items":null}]`,
          { root: "[].line_items" }
        ],
        [`{"data":${a}}\n{"at":1.5e3,"data":${b},"_":[]}\n`, { root: "data" }],
        [`{"a":{"b":[{"c":${a}},{"c":${b}}]}}`, { root: "a.b.[].c" }],
        [`[${a},${b}]`, { root: "[]" }],
        [
          `{"results":[{"id":"1","properties":{"name":"A","price":"1","amount":"5","hs_object_id":"1","tax":null},"archived":false},
            {"properties":{"name":"B","price":2}}],"paging":{"next":{"after":"1"}}}`,
          { root: "results", records: "hubspot" }
        ],
        [
          `{"data":{"id":7,"properties":${a}}}\n{"data":{"properties":${b}}}`,
          { root: "data", records: "hubspot" }
        ]
      ] as const) {
        for (const name of ["a.json", "a.ndjson", "stdin"]) {
          assert.deepStrictEqual(yield* properties(content, declared, { name }), both, content)
        }
      }
      const placed = yield* read(`{"data":[${a},\n ${b}]}`, { name: "a", declared: { root: "data" } })
      assert.deepStrictEqual(
        placed.rows.map(({ index, line, original }) => [index, line, original]),
        [
          [0, 1, { _tag: "Json", text: a }],
          [1, 2, { _tag: "Json", text: b }]
        ]
      )
    })
  )

  it.effect("of JSON that has no such root, or is broken, lose no row in silence", () =>
    Effect.gen(function* () {
      for (const [content, root, error] of [
        [
          '{"items":[]}',
          "data",
          '1:12: the object that ends here has no "data"; declare another root than "data"'
        ],
        ['{"data":[1]}', "data", "1:10: expected an object, got number; each line item is one { … }"],
        ['{"data":"x"}', "data", "1:9: expected an object, got text; each line item is one { … }"],
        ['{"data":[[{}]]}', "data", '1:10: an array where "data" has none; declare another root'],
        ['[{"a":1}]', "data", '1:1: an array where "data" has none; declare another root'],
        [
          '[{"l":[{"name":"A"}]},\n{"m":1}]',
          "[].l",
          '2:7: the object that ends here has no "l"; declare another root than "[].l"'
        ],
        ['{"data":[{"name":"A"}', "data", "1:22: the file ends inside the JSON; the file may be cut off"],
        ['{"data" [', "data", '1:9: unexpected "["; correct the JSON there'],
        ['{"data":[{"name":}]}', "data", /^1:18: /],
        ['{"data":[{"name":"A"}]} x', "data", '1:25: unexpected "x"; write { … } or [ … ]'],
        ['{"data":[{"name":"A"},]}', "data", /^1:23: /],
        ["name\nA\n", "data", /root is declared, and the file is CSV; leave it out, or give the format JSON$/]
      ] as const) {
        const reading = yield* read(content, { name: "a", declared: { root } })
        const message = (reading.error ?? "").replace(/^a:\s?/, "")
        if (typeof error === "string") assert.strictEqual(message, error)
        else assert.match(message, error)
        const all = yield* properties(content, { root }, { name: "a" })
        assert.deepStrictEqual(all, [reading.error])
      }
      const long = yield* read(`{"data":[{"name":"${"x".repeat(200)}"}]}`, {
        name: "a",
        maxLineLength: 100,
        declared: { root: "data" }
      })
      assert.match(long.error ?? "", /^a:1:10: what begins here is longer than 100 characters/)
      const plain = yield* read('{"name":"A"}\n', { name: "a", declared: { records: "hubspot" } })
      assert.deepStrictEqual(issues(plain), [
        "a:1:1: properties: expected an object, got nothing; leave out records=hubspot"
      ])
    })
  )

  it.effect("are read by the library from bytes and from streams", () =>
    Effect.gen(function* () {
      const bytes = bytesOf("name;price\nA;1,5\n")
      const declared: FileFormat = { delimiter: "semicolon", decimal: "comma" }
      const [whole, streamed] = yield* Effect.all([
        Stream.runCollect(Source.rows(bytes, declared)),
        Stream.runCollect(Source.rows(Stream.fromIterable([bytes.slice(0, 5), bytes.slice(5)]), declared))
      ])
      assert.deepStrictEqual(whole, streamed)
      assert.strictEqual(whole.length, 1)
    })
  )
})
