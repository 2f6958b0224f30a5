import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Json from "../../../packages/batch/src/files/source/json.ts"
import { cuts, holds, inputs, issues, read } from "./read.ts"

const line = (text: string) => read(text, { name: "items.ndjson" })
const array = (text: string) => read(text, { name: "items.json" })

/** The plain value of a tree, as `JSON.parse` would make it. */
const plain = (value: Json.Json): unknown => {
  switch (value.type) {
    case "null":
      return null
    case "array":
      return value.items.map(plain)
    case "object":
      return Object.fromEntries(value.members.map((member) => [member.key, plain(member.value)]))
    case "number":
      return Number(value.text)
    case "boolean":
      return value.text === "true"
    case "text":
      return value.text
  }
}

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const agrees = (text: string): boolean => {
  const ours = Json.read(text)
  const oracle = parse(text)
  if (Json.isError(ours)) return oracle === undefined
  assert.deepStrictEqual(plain(ours.value), oracle?.value)
  return oracle !== undefined
}

describe("The JSON reader", () => {
  it.effect("reads what JSON.parse writes and reads", () =>
    holds(Arbitrary.schema(Schema.Json), (value) =>
      [JSON.stringify(value), JSON.stringify(value, undefined, 2)].every(agrees)
    )
  )

  it.effect("accepts and refuses what JSON.parse does", () => {
    const token = Schema.Literals([
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      '"a"',
      '"b":',
      "1",
      "0",
      "-",
      ".5",
      "e3",
      "E+",
      "true",
      "fals",
      "null",
      " ",
      "\n",
      "\t",
      "\u00a0",
      "\ufeff",
      "\u0001",
      "\\u00e9",
      "\\ud800",
      "\\x",
      '"__proto__":',
      "é",
      "🪑"
    ])
    const texts = Arbitrary.array(Arbitrary.schema(token), { maxLength: 10 })
    return holds(
      texts,
      (parts) =>
        [parts, ["[", ...parts, "]"], ['"', ...parts, '"'], ['{"k":', ...parts, "}"]].every((tokens) =>
          agrees(tokens.join(""))
        ),
      { runs: 3000 }
    )
  })

  it.effect("refuses what is changed by one character where JSON.parse does", () => {
    const change = Schema.Struct({
      at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 })),
      to: Schema.String
    })
    return holds(
      Arbitrary.all([Arbitrary.schema(Schema.Json), Arbitrary.schema(change)]),
      ([value, { at, to }]) => {
        const text = JSON.stringify(value)
        const place = at % (text.length + 1)
        return agrees(text.slice(0, place) + to + text.slice(place + 1))
      },
      { runs: 1000 }
    )
  })

  it("keeps the text of numbers, and knows the place of the first error", () => {
    const document = Json.read("[0.10000000000000000001, 1e2, -0, 1E+2]")
    assert.deepStrictEqual(
      !Json.isError(document) && document.value.type === "array"
        ? document.value.items.map((item) => (item.type === "number" ? item.text : item.type))
        : document,
      ["0.10000000000000000001", "1e2", "-0", "1E+2"]
    )
    for (const [text, at, problem] of [
      ['{"a": }', 6, 'unexpected "}"'],
      ['{"a": 01}', 7, 'unexpected "1"'],
      ["[1, 2", 5, "unexpected end"],
      ['["a', 3, "unexpected end of a text"],
      ['["a\nb"]', 3, "unexpected line break in a text"],
      ['["\\q"]', 2, "an unknown \\ escape"],
      ['["\\u12g4"]', 2, "a broken \\u escape"],
      ["[\u001b]", 1, 'unexpected "\\u001b"'],
      ["{'a': 1}", 1, 'unexpected "\'"'],
      ["[1,]", 3, 'unexpected "]"'],
      ["\u202e", 0, 'unexpected "\\u202e"'],
      ["[".repeat(33), 32, "nested deeper than 32 levels"]
    ] as const) {
      assert.deepStrictEqual(Json.read(text), { at, problem })
    }
    assert.isFalse(Json.isError(Json.read("[".repeat(32) + "]".repeat(32))))
  })
})

describe("A JSON object", () => {
  it.effect("is flat, with the keys of a CSV header", () =>
    Effect.gen(function* () {
      const reading = yield* line(
        '{"name": "Chair", "price": 0.10000000000000000001, "quantity": 1e2, "hs_is_optional": true, "discount": null, ' +
          '"description": "", "deal_id": 12345678901234567, "objectWriteTraceId": "t", "_note": {"any": []}, "__proto__": 1}\n'
      )
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: {
            name: "Chair",
            price: "0.10000000000000000001",
            quantity: "100",
            hs_is_optional: "true"
          },
          associations: [Association.make("deal", "12345678901234567")],
          objectWriteTraceId: "t"
        }
      ])
    })
  )

  it.effect("is HubSpot's form if it has properties", () =>
    Effect.gen(function* () {
      const reading = yield* line(
        '{"properties": {"name": "Chair", "price": 9.90, "tax": null}, "_line": 7, "objectWriteTraceId": "t", "associations": ' +
          '[{"to": {"id": 9007199254740993}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 20}]}]}'
      )
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: { name: "Chair", price: "9.90" },
          associations: [Association.make("deal", "9007199254740993")],
          objectWriteTraceId: "t"
        }
      ])
    })
  )

  it.effect("has numbers as HubSpot reads them, and ids of association types that are text", () =>
    Effect.gen(function* () {
      const types = '"types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "20"}]'
      const reading = yield* line(
        `{"properties": {"price": 1e-7, "quantity": " 2E2 ", "cost_center": 1e3, "hs_sku": 1e3, "erp_position": "1e3"}, "associations": [{"to": {"id": " 1 "}, ${types}}]}`
      )
      assert.deepStrictEqual(inputs(reading), [
        {
          properties: {
            price: "0.0000001",
            quantity: "200",
            cost_center: "1000",
            hs_sku: "1e3",
            erp_position: "1e3"
          },
          associations: [Association.make("deal", "1")]
        }
      ])
    })
  )

  it.effect("has its issues named by path, line and column", () =>
    Effect.gen(function* () {
      const reading = yield* line(
        '{"name": {"a": 1}, "price": "1,5", "price": [2], "deal_id": "x", "quote_id": 7, "Unit Price": 1e999}\n' +
          '{"tax": 1e999, "name": "\\ud800"}\n{}\n'
      )
      assert.deepStrictEqual(
        issues(reading).map((line) => line.split(";")[0]),
        [
          "items.ndjson:1:10: name: expected text, got object",
          'items.ndjson:1:29: price: "1,5" is not a finite number',
          'items.ndjson:1:36: price: "price" appears twice',
          "items.ndjson:1:45: price: expected text, got array",
          'items.ndjson:1:61: deal_id: "x" is not a HubSpot id',
          "items.ndjson:1:78: quote_id: 2 parents (deal, quote), a line item has one",
          'items.ndjson:1:95: "Unit Price": property name "Unit Price" is not a valid internal name',
          'items.ndjson:2:9: tax: "1e999" is not a finite number',
          "items.ndjson:2:24: name: half of a surrogate pair: not valid Unicode",
          "items.ndjson:3:1: nothing to send: no property has a value"
        ]
      )
    })
  )

  it.effect("has the issues of its associations named by path", () =>
    Effect.gen(function* () {
      const types = '"types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 20}]'
      const reading = yield* line(
        [
          `{"properties": {"name": "A"}, "associations": [1, {"to": {"id": "-7"}, ${types}}]}`,
          '{"properties": {"name": "A"}, "associations": [{"to": {"id": "7"}, "types": []}]}',
          '{"properties": {"name": "A"}, "associations": [{"to": {"id": true}}]}',
          '{"properties": {"name": "A"}, "associations": [{"to": 5, "types": [1, {"associationTypeId": 1.5}]}]}',
          `{"properties": {"name": "A"}, "associations": [{"to": {"id": 9223372036854775808}, ${types}}, {${types}}]}`,
          '{"properties": {"name": "A", "__proto__": "x"}, "associations": {}, "price": 1}',
          '{"properties": [], "objectWriteTraceId": ""}'
        ].join("\n")
      )
      assert.deepStrictEqual(
        issues(reading).map((line) => line.split(";")[0]?.slice("items.ndjson:".length)),
        [
          "1:48: associations[0]: expected an object, got number",
          '1:65: associations[1].to.id: "-7" is not a HubSpot id',
          "2:77: associations[0].types: no association type",
          "3:48: associations[0].types: expected an array, got nothing",
          "3:62: associations[0].to.id: expected a HubSpot id, got boolean",
          "4:55: associations[0].to: expected an object, got number",
          "4:68: associations[0].types[0]: expected an object, got number",
          "4:71: associations[0].types[1].associationCategory: expected a category, got nothing",
          '4:93: associations[0].types[1].associationTypeId: expected a whole number, got "1.5"',
          '5:62: associations[0].to.id: "9223372036854775808" is not a HubSpot id',
          "5:165: associations[1].to: expected an object, got nothing",
          '6:43: properties.__proto__: property name "__proto__" is not a valid internal name',
          "6:65: associations: expected an array, got object",
          '6:69: price: unknown field "price" beside "properties"',
          "7:16: properties: expected an object, got array",
          "7:42: objectWriteTraceId: 0 characters, 1 to 64 are allowed"
        ]
      )
      assert.strictEqual(({} as Record<string, unknown>)["x"], undefined)
    })
  )

  it.effect("never makes a message of several lines, nor a long one", () =>
    Effect.gen(function* () {
      const long = "v".repeat(5000)
      const reading = yield* line(`{"a\\nb${long}": "x", "price": "${long}", "deal_id": "${long}\\n"}`)
      assert.strictEqual(issues(reading).length, 3)
      for (const issue of issues(reading)) {
        assert.isBelow(issue.length, 300)
        assert.notInclude(issue, "\n")
      }
    })
  )
})

describe("NDJSON", () => {
  it.effect("has one object per line, and skips blank lines", () =>
    Effect.gen(function* () {
      const reading = yield* line('\uFEFF\n{"name":"A"}\r\n  \n\t{"name":"B"}')
      assert.deepStrictEqual(
        reading.rows.map((row) => [row.index, row.line, row.original]),
        [
          [0, 2, { _tag: "Json", text: '{"name":"A"}' }],
          [1, 4, { _tag: "Json", text: '{"name":"B"}' }]
        ]
      )
      assert.deepStrictEqual([(yield* line("")).rows, (yield* line("\n \n")).error], [[], undefined])
    })
  )

  it.effect("ends where a line is no object, behind the rows before it", () =>
    Effect.gen(function* () {
      for (const [text, error] of [
        ['{"name": 1, }', '2:13: unexpected "}"; correct the JSON there'],
        ['{"name": 1', "2:11: unexpected end; correct the JSON there"],
        ['{"a": 1} {"b": 2}', '2:10: unexpected "{"; correct the JSON there'],
        ["[1]", "2:1: expected an object, got array; each line item is one { … }"],
        ['  "x"', "2:3: expected an object, got text; each line item is one { … }"],
        ["null", "2:1: expected an object, got null; each line item is one { … }"],
        [
          '{"_doubt": "t"}',
          '2:2: a "_doubt" column: this is a file of inputs in doubt, importing it could create them twice; look for each in HubSpot first (`line-items resolve` will do that for jobs)'
        ],
        [`{"a":${"[".repeat(40)}`, "2:37: nested deeper than 32 levels; a line item has no deep values"]
      ] as const) {
        const reading = yield* line(`{"name":"A"}\n${text}\n{"name":"B"}\n`)
        assert.strictEqual(reading.error, `items.ndjson:${error}`)
        assert.strictEqual(reading.rows.length, 1)
      }
      const long = yield* line(`{"name":"A"}\n{"name":"${"x".repeat(1024 * 1024)}"}\n`)
      assert.strictEqual(long.error, "items.ndjson:2: line 2 is longer than 1 MiB; one line is one line item")
      assert.strictEqual(long.rows.length, 1)
    })
  )
})

describe("A JSON array", () => {
  it.effect("is read element by element, with the lines of the document", () =>
    Effect.gen(function* () {
      const reading = yield* array(
        '\uFEFF [\n  {"name": "A"},\n  {\n    "name": "B ] } \\" ,",\n    "price": x"1,5"\n  }\n]\n'.replace(
          "x",
          ""
        )
      )
      assert.deepStrictEqual(
        reading.rows.map((row) => [row.index, row.line]),
        [
          [0, 2],
          [1, 3]
        ]
      )
      assert.deepStrictEqual(
        issues(reading).map((line) => line.split(";")[0]),
        ['items.json:5:14: price: "1,5" is not a finite number']
      )
      assert.deepStrictEqual([(yield* array("[]")).rows, (yield* array(" [ ] \n")).error], [[], undefined])
      assert.deepStrictEqual([(yield* array("")).rows, (yield* array("")).error], [[], undefined])
    })
  )

  it.effect("ends where it is no array of objects, behind the elements before it", () =>
    Effect.gen(function* () {
      const head = '[{"name":"A"}'
      for (const [tail, error] of [
        ["", "1:14: the file ends inside the array; close it with ]; the file may be cut off"],
        [",", "1:15: the file ends inside the array; close it with ]; the file may be cut off"],
        [",]", '1:15: unexpected "]"; remove the comma before it'],
        [',\n,{"a":1}]', '2:1: unexpected ","; each line item is one { … }'],
        ["\n{}]", '2:1: unexpected "{"; separate the objects with commas, close the array with ]'],
        ["] x", '1:16: unexpected "x"; remove what follows the closing ]'],
        [",\n 7]", "2:2: expected an object, got number; each line item is one { … }"],
        [",null]", "1:15: expected an object, got null; each line item is one { … }"],
        [',["a"]]', "1:15: expected an object, got array; each line item is one { … }"],
        [',\n{"a": 1]', '2:8: unexpected "]"; correct the JSON there'],
        [',\n{"a": "x\n"}]', "2:9: unexpected line break in a text; correct the JSON there"],
        [',{"a": [1', "1:23: unexpected end; correct the JSON there"]
      ] as const) {
        const reading = yield* array(head + tail)
        assert.strictEqual(reading.error, `items.json:${error}`)
        assert.strictEqual(reading.rows.length, 1)
      }
      const no = yield* read('"x"', { format: "json" })
      assert.strictEqual(no.error, 'items.csv:1:1: unexpected "\\""; a JSON file is one array: [ {…}, {…} ]')
      for (const end of ["}]", ""]) {
        const long = yield* array(`${head},\n{"a":"${"x".repeat(1024 * 1024)}"${end}`)
        assert.strictEqual(
          long.error,
          "items.json:2:1: the element that begins on line 2 is longer than 1 MiB; one element is one line item"
        )
        assert.strictEqual(long.rows.length, 1)
      }
    })
  )

  it.effect("and NDJSON give the same wherever the bytes are cut, broken or not", () =>
    Effect.gen(function* () {
      const objects = [
        '{"name": "Stühle 🪑", "price": 1e2}',
        '{"a": {"b": ["}]", "\\\\", "\\""]}}',
        '{"tax":\t"x"}'
      ]
      const texts = [
        ...["]", ",]", "", "]x", ',{"a": ]', ',{"a"', ",7]", ',{"a":"' + "y".repeat(200)].map(
          (end) => `[${objects.join(" ,\r\n")}${end}`
        ),
        ...["", "\n", "\n7", '\n{"a": }', '\n{"a":"' + "y".repeat(200), "\n\0"].map(
          (end) => `${objects.join("\r\n")}${end}`
        )
      ]
      for (const text of texts) {
        const whole = yield* read(text, { name: "stdin", maxLineLength: 150 })
        assert.strictEqual(whole.rows.length, 3)
        yield* holds(
          cuts,
          (cuts) =>
            Effect.map(read(text, { name: "stdin", cuts, maxLineLength: 150 }), (reading) => {
              assert.deepStrictEqual([reading.rows, reading.error], [whole.rows, whole.error])
              return true
            }),
          { runs: 50 }
        )
      }
    })
  )

  it.effect("of any objects has the elements JSON.parse finds", () =>
    holds(
      Arbitrary.all([
        Arbitrary.array(Arbitrary.schema(Schema.Record(Schema.String, Schema.Json)), { maxLength: 6 }),
        cuts
      ]),
      ([objects, cuts]) =>
        Effect.map(read(JSON.stringify(objects, undefined, 1), { name: "a.json", cuts }), (reading) => {
          if (objects.some((object) => Object.hasOwn(object, "_doubt"))) return true
          assert.strictEqual(reading.error, undefined)
          assert.deepStrictEqual(
            reading.rows.map(({ original }) =>
              original._tag === "Json" ? JSON.parse(original.text) : undefined
            ),
            JSON.parse(JSON.stringify(objects))
          )
          return true
        })
    )
  )
})
