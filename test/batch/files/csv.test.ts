import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cuts, holds, inputs, issues, read } from "./read.ts"

const expectError = (content: string, error: string, lines: ReadonlyArray<number> = []) =>
  Effect.gen(function* () {
    const reading = yield* read(content)
    assert.strictEqual(reading.error, error)
    assert.deepStrictEqual(
      reading.rows.map(({ line }) => line),
      lines
    )
  })

describe("CSV rows", () => {
  it.effect("become inputs by the names of their columns", () =>
    Effect.gen(function* () {
      const reading = yield* read("name,price,deal_id,objectWriteTraceId\nChair,19.90,4711,t-1\nDesk,5,,\n")
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: { name: "Chair", price: "19.90" },
          associations: [Association.make("deal", "4711")],
          objectWriteTraceId: "t-1"
        },
        { properties: { name: "Desk", price: "5" } }
      ])
      assert.deepStrictEqual(
        reading.rows.map(({ index, line }) => [index, line]),
        [
          [0, 2],
          [1, 3]
        ]
      )
      assert.deepStrictEqual(reading.source?.header, ["name", "price", "deal_id", "objectWriteTraceId"])
    })
  )

  it.effect("know every parent column", () =>
    Effect.gen(function* () {
      for (const parent of Association.parents) {
        const [input] = inputs(yield* read(`name,${parent}_id\nChair,7\n`))
        assert.deepStrictEqual(input, {
          properties: { name: "Chair" },
          associations: [Association.make(parent, "7")]
        })
      }
    })
  )

  it.effect("keep every blank of a cell, and leave out empty cells and columns that begin with _", () =>
    Effect.gen(function* () {
      const reading = yield* read("name,description,_note,__proto__\n Chair  ,,mine,x\n")
      assert.deepStrictEqual(inputs(reading), [{ properties: { name: " Chair  " } }])
      assert.deepStrictEqual(reading.rows[0]?.original, { _tag: "Csv", cells: [" Chair  ", "", "mine", "x"] })
    })
  )

  it.effect("count physical lines: LF, CRLF and CR, also inside quotes, and blank lines", () =>
    Effect.gen(function* () {
      const reading = yield* read(
        'name,description\r\n\r\nA,"one\ntwo\r\nthree\rfour"\nB,\rC,"x ""y"""\r\n   \nD,d'
      )
      assert.deepStrictEqual(
        reading.rows.map(({ line }) => line),
        [3, 7, 8, 10]
      )
      assert.deepStrictEqual(inputs(reading)[0], {
        properties: { name: "A", description: "one\ntwo\r\nthree\rfour" }
      })
      assert.deepStrictEqual(inputs(reading)[2], { properties: { name: "C", description: 'x "y"' } })
      assert.strictEqual(reading.error, undefined)
    })
  )

  it.effect("are none in an empty file, a file of blank lines, and a header alone", () =>
    Effect.gen(function* () {
      for (const [text, header] of [
        ["", undefined],
        ["\uFEFF", undefined],
        ["\n\r\n  \n", undefined],
        ["name,price", ["name", "price"]],
        ["name,price\n", ["name", "price"]]
      ] as const) {
        const reading = yield* read(text)
        assert.deepStrictEqual([reading.rows, reading.error, reading.source?.header], [[], undefined, header])
      }
    })
  )

  it.effect("lose the byte order mark of their file", () =>
    Effect.gen(function* () {
      const reading = yield* read('\uFEFF"name"\nChair\n')
      assert.deepStrictEqual(inputs(reading), [{ properties: { name: "Chair" } }])
    })
  )

  it.effect("are the same wherever the bytes are cut", () =>
    Effect.gen(function* () {
      const text =
        '\uFEFFname,description,deal_id\r\nStühle 🪑,"one\r\ntwo, ""three""\r\n",4711\r\n\r\nx,,\ry,"€\r",1\n"z","",\n'
      const whole = yield* read(text)
      assert.strictEqual(whole.rows.length, 4)
      yield* holds(cuts, (cuts) =>
        Effect.map(read(text, { cuts }), (reading) => {
          assert.deepStrictEqual(reading.rows, whole.rows)
          return reading.error === undefined
        })
      )
    })
  )

  it.effect("end at the same place with the same words wherever a broken file is cut", () =>
    Effect.gen(function* () {
      const head = 'name,price\r\nChair,1\r\n"De\nsk",2\r'
      const tails = [
        'a,"open\nto the end',
        'a,"x"y\n',
        'a,b"c\nd,1\n',
        "one\n",
        "1,2,3\n",
        "n\0,1\n",
        "x,1\n\xff",
        "\xff",
        "",
        `${"x".repeat(210)},1\n`,
        `a,"${"x".repeat(210)}\n`
      ]
      for (const tail of tails) {
        const bytes = new Uint8Array([...(head + tail)].map((character) => character.charCodeAt(0)))
        const whole = yield* read(bytes, { maxLineLength: 200 })
        assert.strictEqual(whole.rows.length, tail.startsWith("x,1") ? 3 : 2)
        yield* holds(
          cuts,
          (cuts) =>
            Effect.map(read(bytes, { cuts, maxLineLength: 200 }), (reading) => {
              assert.deepStrictEqual([reading.error, reading.rows], [whole.error, whole.rows])
              return true
            }),
          { runs: 60 }
        )
      }
    })
  )

  it.effect("are what was written, whatever the cells hold", () => {
    const cell = Schema.String.check(Schema.isMaxLength(12))
    const rows = Arbitrary.array(Arbitrary.schema(Schema.Tuple([cell, cell])), { maxLength: 8 })
    const special = Schema.Literals(["", ",", '"', "\n", "\r\n", "\r", " ", "ß", "🪑", "a"])
    const odd = Arbitrary.array(Arbitrary.schema(Schema.Tuple([special, special])), { maxLength: 8 })
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    const property = ([rows, places]: readonly [
      ReadonlyArray<readonly [string, string]>,
      ReadonlyArray<number>
    ]) => {
      const clean = rows.map((cells) => cells.map((text) => text.toWellFormed().replaceAll("\0", "")))
      let line = 2
      const expected = clean.map((cells) => {
        const begins = line
        line += 1 + cells.reduce((n, text) => n + (text.match(/\r\n|\r|\n/g)?.length ?? 0), 0)
        return [begins, cells]
      })
      const text = `name,description\n${clean.map((cells) => `${cells.map(quote).join(",")}\n`).join("")}`
      return Effect.map(read(text, { cuts: places }), (reading) => {
        assert.strictEqual(reading.error, undefined)
        assert.deepStrictEqual(
          reading.rows.map(({ line, original }) => [
            line,
            original._tag === "Csv" ? original.cells : undefined
          ]),
          expected
        )
        return true
      })
    }
    return Effect.andThen(
      holds(Arbitrary.all([rows, cuts]), property),
      holds(Arbitrary.all([odd, cuts]), property)
    )
  })
})

describe("A CSV row that cannot be sent", () => {
  it.effect("names the cell, also behind a cell of several lines", () =>
    Effect.gen(function* () {
      const reading = yield* read('name,description,price\nA,"one\ntwo","12,50"\nB,,1\n')
      assert.deepStrictEqual(issues(reading), [
        'items.csv:3:3: price: "12,50" is not a finite number; write digits with a dot, without thousands separators, currency or blanks'
      ])
      assert.deepStrictEqual(inputs(reading), ["invalid", { properties: { name: "B", price: "1" } }])
    })
  )

  it.effect("names everything that is wrong with it, in the order of the cells", () =>
    Effect.gen(function* () {
      const reading = yield* read(
        "deal_id,quote_id,Unit Price,price,name,objectWriteTraceId\n12a,7,1,NaN,a\u0001b," + "t".repeat(65)
      )
      assert.deepStrictEqual(issues(reading), [
        'items.csv:2:1: deal_id: "12a" is not a HubSpot id; give the record\'s id: digits only',
        "items.csv:2:2: quote_id: 2 parents (deal, quote), a line item has one; keep one, and create a separate line item for each of the others",
        'items.csv:2:3: "Unit Price": property name "Unit Price" is not a valid internal name; use the internal name HubSpot shows: lower case letters, digits and underscores',
        'items.csv:2:4: price: "NaN" is not a finite number; write digits with a dot, without thousands separators, currency or blanks',
        "items.csv:2:5: name: control character U+0001 at position 2; remove it",
        "items.csv:2:6: objectWriteTraceId: 65 characters, 1 to 64 are allowed; shorten it, or leave it out to have one made"
      ])
    })
  )

  it.effect("may hold nothing, too much, or a value without a name", () =>
    Effect.gen(function* () {
      const reading = yield* read(`name,,properties\n,,\nx,y,\n${"z".repeat(70_001)},,\n`)
      assert.deepStrictEqual(issues(reading), [
        "items.csv:2:1: nothing to send: no property has a value; fill in at least one",
        "items.csv:3:2: column 2 has a value and no name; name it in the header, or empty it",
        "items.csv:4:1: name: 70,001 characters, the limit is 65,536; shorten the text"
      ])
    })
  )

  it.effect("may have a name that means something in JavaScript, and nothing happens", () =>
    Effect.gen(function* () {
      const reading = yield* read("name,constructor,prototype\nx,y,z\n")
      assert.deepStrictEqual(
        issues(reading).map((line) => line.split(";")[0]),
        [
          'items.csv:2:2: constructor: property name "constructor" is not a valid internal name',
          'items.csv:2:3: prototype: property name "prototype" is not a valid internal name'
        ]
      )
      assert.strictEqual(({} as Record<string, unknown>)["y"], undefined)
    })
  )
})

describe("A CSV file that cannot be read on", () => {
  it.effect("has a row with too few or too many columns", () =>
    Effect.gen(function* () {
      yield* expectError(
        "a,b,c\n1,2,3\n1,2\n",
        "items.csv:3:2: 2 columns, the header has 3; add the missing cells",
        [2]
      )
      yield* expectError(
        "a,b\n1,2\n\n1,2,3\n4,5\n",
        "items.csv:4:3: 3 columns, the header has 2; put a cell that holds a comma in quotes",
        [2]
      )
      yield* expectError("a,b\n1\n", "items.csv:2:1: 1 column, the header has 2; add the missing cells")
    })
  )

  it.effect("has a quote that is never closed, and the error names where it was opened", () =>
    expectError(
      'a,b\n1,2\n"one\ntwo","three\n4,5\n6,7\n',
      "items.csv:4:2: the quote opened on line 4 is never closed; close it; inside a quoted cell a quote is written twice",
      [2]
    )
  )

  it.effect("has text behind a closing quote, or a quote in a bare cell", () =>
    Effect.gen(function* () {
      yield* expectError(
        'a,b\n1,"x" y\n',
        "items.csv:2:2: text after the quote that closes a cell; inside a quoted cell a quote is written twice"
      )
      yield* expectError(
        'a,b\n1,"x\n2,"y"\n',
        "items.csv:2:2: text after the quote that closes a cell; it was opened on line 2, closed on line 3; inside a quoted cell a quote is written twice"
      )
      yield* expectError(
        'a,b\n"1\n",5"\n',
        "items.csv:3:2: a quote inside a cell that is not quoted; put the cell in quotes, and write the quote twice"
      )
    })
  )

  it.effect("has a column twice, columns separated otherwise, or is a file of doubts", () =>
    Effect.gen(function* () {
      yield* expectError(
        "name,price,a,b,price\n",
        'items.csv:1:5: column "price" appears twice (2 and 5); rename or remove one'
      )
      yield* expectError(
        "\nname;price\nx;1\n",
        'items.csv:2:1: the header is one column, "name;price"; separate the columns with commas, or declare delimiter=semicolon'
      )
      yield* expectError(
        "name,_line,_doubt\n",
        'items.csv:1:3: a "_doubt" column: this is a file of inputs in doubt, importing it could create them twice; look for each in HubSpot first (`line-items resolve` will do that for jobs)'
      )
      // Spreadsheets leave nameless columns behind.
      assert.strictEqual((yield* read("name,,\nx,,\n")).error, undefined)
    })
  )

  it.effect("has a line over the limit, or a quote that is not closed within it", () =>
    Effect.gen(function* () {
      const long = "x".repeat(1024 * 1024)
      assert.strictEqual((yield* read(`name\nA\n${long}\n`)).error, undefined)
      for (const end of ["\n", "", `\n${long}\n`]) {
        yield* expectError(
          `name\nA\nx${long}${end}`,
          "items.csv:3: line 3 is longer than 1 MiB; split it; one row is one line item",
          [2]
        )
      }
      yield* expectError(
        `name\nA\n"x\n${long}\n${long}`,
        "items.csv:3:1: the quote opened on line 3 is not closed within 1 MiB; close it; inside a quoted cell a quote is written twice",
        [2]
      )
    })
  )
})
