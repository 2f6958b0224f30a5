/**
 * Small files as people reported them: what becomes of every row, accepted, in a HubSpot that is served.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { checking, creating, type Item } from "./proposals.ts"
import { type Directory, directory, endAll, run, serve, type Server } from "./run.ts"

const place: Directory = directory()
let server: Server
beforeAll(async () => {
  server = await serve("--limit", "100000")
})
afterAll(() => {
  endAll()
  place.remove()
})

const check = checking(place)
const accepting = (name: string, content: string, ...flags: ReadonlyArray<string>) => {
  place.write(name, content)
  return creating(place, server)(name, "--accept", ...flags)
}

const a: Item = { name: "A", quantity: "1", price: "10" }

describe("A file that is exact", () => {
  const exact: Readonly<Record<string, readonly [content: string, items: ReadonlyArray<Item>]>> = {
    "14 empty columns at the end": [
      "name,quantity,price,,,\nA,1,10,,,\nB,2,20,,,\n",
      [a, { name: "B", quantity: "2", price: "20" }]
    ],
    "15 rows of delimiters": ["name,quantity,price\nA,1,10\n,,\n,,\n,,\n", [a]],
    "15c rows of delimiters and blanks": ["name,quantity,price\nA,1,10\n , , \n", [a]],
    "41b blanks around numbers": [
      "name,price,quantity\nA, 10 ,1\nB,10, 2\n",
      [a, { name: "B", quantity: "2", price: "10" }]
    ]
  }
  for (const [what, [content, items]] of Object.entries(exact)) {
    it(what, async () => {
      const { shown } = await check("exact.csv", content)
      assert.isTrue(shown?.exact)
      const end = await accepting("exact.csv", content)
      assert.deepStrictEqual([end.code, end.items], [0, items], end.stderr)
    })
  }
})

describe("A file that is refused", () => {
  it("16 has a header twice: both places are told", async () => {
    const end = await accepting("16.csv", "name,price,price\nA,1,10\n")
    assert.deepStrictEqual([end.code, end.items], [2, []])
    assert.include(end.stderr, '16.csv:1:3: column "price" appears twice (2 and 3); rename or remove one')
  })

  it("72 has a column that only the account knows: a line says how the emulator gets it", async () => {
    place.write("72.csv", "name,quantity,price,order_line_ref\nA,1,10,77\n")
    const end = await run(["import", "72.csv", "--emulator"], { cwd: place.path })
    assert.strictEqual(end.code, 2)
    assert.include(end.stderr, '--emulator-properties <file>, a JSON array such as [{"name":"order_line_ref"')
  })

  it("71 has a column that is no property: told once, nothing sent, until it is ignored", async () => {
    const content = "name,quantity,price,Surcharge\nA,1,10,0\nB,2,20,1\nC,3,30,0\n"
    const end = await accepting("71.csv", content)
    assert.deepStrictEqual([end.code, end.items], [2, []])
    assert.strictEqual(
      end.stderr.match(/"Surcharge" is no property of the account; leave it out with --ignore Surcharge\n/g)
        ?.length,
      1
    )
    const ignored = await accepting("71.csv", content, "--ignore", "Surcharge")
    assert.deepStrictEqual([ignored.code, ignored.items.length], [0, 3], ignored.stderr)
    const upper = await accepting("71b.csv", "name,quantity,price,Discount\nA,1,10,0\nB,2,20,1\nC,3,30,0\n")
    assert.deepStrictEqual([upper.code, upper.items.length], [0, 3], upper.stderr)
  })

  it("70 breaks off: as a file nothing of it is sent", async () => {
    const end = await accepting("70.csv", "name,price\nA,1\nB,x\nC,2,3\nD,4\nE,5\n")
    assert.deepStrictEqual([end.code, end.items], [2, []])
    assert.include(end.stderr, "70.csv:4:3: 3 columns, the header has 2")
  })

  it("52 has an object for a price: the row is invalid, also where all else is decided", async () => {
    const end = await accepting(
      "52.json",
      '{"object":"list","data":[{"id":"il_1","object":"line_item","amount":1000,"currency":"usd","description":"Pro","quantity":1,"price":{"id":"price_1","unit_amount":1000}}],"has_more":false}',
      ..."--ignore id --ignore object --ignore amount".split(" ")
    )
    assert.deepStrictEqual([end.code, end.items], [3, []], end.stderr)
    assert.match(end.stderr, /price: expected text, got object/)
  })
})

describe("Texts that may not be meant", () => {
  it("37 are words for nothing, and counted in rows that are invalid too", async () => {
    const content =
      "name,quantity,price,description\nA,1,#N/A,x\nB,1,N/A,x\nC,1,NULL,#REF!\nD,1,-,#N/A\nE,1,NaN,null\n"
    const end = await accepting("37.csv", content)
    assert.deepStrictEqual([end.code, end.items], [3, []])
    assert.include(end.stderr, "37.csv: description: 3 values are words for no value")
    const declared = await accepting("37.csv", content, "--declare", "empty=#N/A,N/A,NULL,-")
    assert.deepStrictEqual(
      declared.items.map(({ name }) => name),
      ["A", "B", "C", "D"]
    )
  })

  it("63 have a zero-width space: told in a name, and wrong in a number", async () => {
    const end = await accepting("63.csv", "name,price\n\u200bA,\u200b10\n")
    assert.deepStrictEqual([end.code, end.items], [3, []])
    assert.include(end.stderr, "63.csv: name: 1 value has invisible characters (U+200B)")
    assert.include(end.stderr, '63.csv:2:2: price: "<U+200B>10" is not a finite number')
  })
})

describe("A last row that is a total", () => {
  it("is no line item", async () => {
    const content = "Artikel;Menge;Preis\nStuhl;2;149,90\nTisch;1;20,00\n;;\nSumme:;3;\n;;\n"
    const { shown } = await check("total.csv", content)
    assert.include(shown?.words ?? [], "skipLast=2")
    assert.include(shown?.assumptions.join("\n"), 'skipLast=2: "Summe:" is below the table, and no line item')
    const end = await accepting("total.csv", content)
    assert.deepStrictEqual(end.items, [
      { name: "Stuhl", quantity: "2", price: "149.90" },
      { name: "Tisch", quantity: "1", price: "20.00" }
    ])
    const product = await check("product.csv", "name,quantity,price\nA,1,10\nTotal,1,10\n")
    assert.isTrue(product.shown?.exact)
  })
})
