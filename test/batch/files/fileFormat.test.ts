import * as FileFormat from "@effect-hubspot/batch/files/FileFormat"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const problem = (read: Result.Result<FileFormat.FileFormat, FileFormat.FormatError>): string =>
  Result.match(read, { onFailure: ({ message }) => message, onSuccess: () => "none" })

describe("A format of words", () => {
  it("has the values of its keys, those of columns, and lists that grow", () => {
    const format = FileFormat.fromWords([
      "delimiter=semicolon",
      "skipLines=2",
      "decimal=comma",
      "price.decimal=dot",
      "Preis.netto.thousands=apostrophe",
      "empty=#N/A,NULL",
      "empty=-",
      "map=Unit Price=price",
      "map=a=b=name",
      "ignore=Notes, internal",
      "ignore=unmapped",
      "set=description=x=y"
    ])
    assert.deepStrictEqual(Result.getOrThrow(format), {
      delimiter: "semicolon",
      skipLines: 2,
      decimal: "comma",
      perColumn: { price: { decimal: "dot" }, "Preis.netto": { thousands: "apostrophe" } },
      empty: ["#N/A", "NULL", "-"],
      map: { "Unit Price": "price", "a=b": "name" },
      ignore: ["Notes, internal", "unmapped"],
      set: { description: "x=y" }
    })
  })

  it("is refused in one line that says what is wrong and what to do", () => {
    for (const [words, expected] of [
      [["delimiter"], /^"delimiter" is not key=value; write delimiter=semicolon$/],
      [["delimiter="], /^delimiter has no value; /],
      [["decimals=comma"], /^unknown key "decimals"; the keys are decimal, thousands, /],
      [["price.decimals=comma"], /^unknown key "price.decimals"; /],
      [["price.delimiter=comma"], /^unknown key "price.delimiter"; /],
      [["__proto__=x"], /^unknown key "__proto__"; /],
      [["decimal=semicolon"], /decimal/],
      [["delimiter=ab"], /comma, dot, semicolon/],
      [["delimiter=comma", "delimiter=tab"], /^delimiter is declared twice; keep one$/],
      [["price.decimal=comma", "price.decimal=dot"], /^price.decimal is declared twice; keep one$/],
      [["encoding=klingon"], /^encoding "klingon" is not known; .*Encoding standard/],
      [["thousands=dot"], /^thousands=dot and decimal=dot are the same character; declare decimal=comma/],
      [["decimal=comma", "price.thousands=comma"], /^price.thousands=comma and price.decimal=comma are/],
      [["dates=dd.yyyy"], /^dates="dd.yyyy" has no day, month and year once each; /],
      [["dates=dd.MM.jjjj"], /^dates="dd.MM.jjjj" has no day/],
      [["booleans=yes"], /yes\/no/],
      [["booleans=no/No"], /^booleans="no\/No" has no word for each; /],
      [["currency=EURO"], /the code of a currency/],
      [["skipLines=two"], /skipLines/],
      [["quote=pipe"], /apostrophe or none/],
      [["quote=|", "delimiter=pipe"], /^delimiter and quote are the same character; /],
      [["columns=name,name"], /^columns has "name" twice; /],
      [["map=price"], /^map "price" has two sides, with = between; write "column=property"$/],
      [["map=Preis=price", "map=Net=price"], /^two columns for price: "Preis" and "Net"; ignore one, /],
      [["map=Preis=Unit Price"], /^property name "Unit Price" is not a valid internal name; /],
      [["map=Preis=price", "ignore=Preis"], /^column "Preis" is mapped and ignored; keep one of the two$/],
      [
        ["map=Preis=price", "set=price=1"],
        /^price is set for every row, and column "Preis" becomes it too; /
      ],
      [["set=price=1,5"], /^set price: "1,5" is not a finite number; /],
      [["set=deal_id=x"], /^set deal_id: "x" is not a HubSpot id; /],
      [["set=objectWriteTraceId=x"], /^set objectWriteTraceId: a trace id belongs to one line item; /]
    ] as const) {
      const message = problem(FileFormat.fromWords(words))
      assert.match(message, expected)
      assert.notMatch(message, /\p{Cc}/u)
    }
    assert.strictEqual(Object.getPrototypeOf({}), Object.prototype)
  })
})

describe("A format of data", () => {
  it("is checked like one of words", () => {
    const good = { delimiter: ";", perColumn: { price: { decimal: "comma" } }, ignore: ["unmapped"] } as const
    assert.deepStrictEqual(Result.getOrThrow(FileFormat.fromUnknown(good)), good)
    assert.match(problem(FileFormat.fromUnknown([])), /^a format is an object of keys; /)
    assert.match(problem(FileFormat.fromUnknown({ seperator: ";" })), /^unknown key "seperator"; /)
    assert.match(
      problem(FileFormat.fromUnknown({ perColumn: { price: { decimals: "comma" } } })),
      /^unknown key "price.decimals"; /
    )
    assert.match(
      problem(FileFormat.fromUnknown({ map: { a: "price", b: "price" } })),
      /^two columns for price/
    )
    assert.match(problem(FileFormat.fromUnknown({ skipLines: -1 })), /skipLines/)
  })

  it("has a JSON Schema with all its keys", () => {
    const { schema } = Schema.toJsonSchemaDocument(FileFormat.FileFormat)
    const properties = Object.keys((schema as { properties: object }).properties)
    assert.deepStrictEqual(properties.sort(), Object.keys(FileFormat.FileFormat.fields).sort())
  })
})
