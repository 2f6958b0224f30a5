/**
 * Files as people have them: what is proposed, that nothing is sent before it is accepted, and every row afterwards as the
 * ledger has it.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { gzipSync } from "node:zlib"
import { checking, creating, type Item } from "./proposals.ts"
import { canary, type Directory, directory, endAll, run, serve, type Server } from "./run.ts"

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

const oneByte = (text: string, high: Readonly<Record<string, number>> = {}) =>
  Uint8Array.from(text, (character) => high[character] ?? character.charCodeAt(0))
const wide = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"))
const chair: Item = { name: "A", quantity: "1", price: "10" }

interface Case {
  readonly file: readonly [name: string, content: string | Uint8Array]
  /** What is added to the command line. Default: nothing, the file is exact. */
  readonly words?: ReadonlyArray<string>
  readonly items: ReadonlyArray<Item>
}

const declare = (...words: ReadonlyArray<string>) => words.flatMap((word) => ["--declare", word])
const map = (...words: ReadonlyArray<string>) => words.flatMap((word) => ["--map", word])
const desk: Item = { name: "Büro-Stuhl", quantity: "2", price: "149.90", hs_sku: "00123" }
const german = "name;quantity;price;hs_sku\r\nBüro-Stuhl;2;149,90;00123\r\n"

const cases: Readonly<Record<string, Case>> = {
  "01 semicolons and a decimal comma": {
    file: ["01.csv", german],
    words: declare("delimiter=semicolon", "decimal=comma"),
    items: [desk]
  },
  "02 the same in Windows-1252": {
    file: ["02.csv", oneByte(german)],
    words: declare("encoding=windows-1252", "delimiter=semicolon", "decimal=comma"),
    items: [desk]
  },
  "03 UTF-16 with tabs": {
    file: ["03.txt", wide("\ufeffname\tquantity\tprice\r\nStuhl\t2\t149,90\r\n")],
    words: declare("encoding=utf-16", "delimiter=tab", "decimal=comma"),
    items: [{ name: "Stuhl", quantity: "2", price: "149.90" }]
  },
  "05 Windows-1252 with commas": {
    file: [
      "05.csv",
      oneByte("name,quantity,price\r\nChair,1,10\r\nCafé “deluxe”,2,149.90\r\n", { "“": 0x93, "”": 0x94 })
    ],
    words: declare("encoding=windows-1252"),
    items: [
      { name: "Café “deluxe”", quantity: "2", price: "149.90" },
      { name: "Chair", quantity: "1", price: "10" }
    ]
  },
  "05 Windows-1252 far behind the beginning": {
    file: ["late.csv", oneByte(`name,description\n${`A,${"x".repeat(50_000)}\n`.repeat(4)}Café,y\n`)],
    words: declare("encoding=windows-1252"),
    items: [...Array.from({ length: 4 }, () => ({ name: "A" })), { name: "Café" }]
  },
  "08 a sep= line": {
    file: ["08.csv", "sep=;\r\nname;quantity;price\r\nA;1;10\r\n"],
    items: [chair]
  },
  "08b a sep= line of commas": {
    file: ["08b.csv", "sep=,\r\nname,quantity,price\r\nA,1,10\r\n"],
    items: [chair]
  },
  "17 labels": {
    file: [
      "17.csv",
      "Name,Quantity,Unit price,SKU,Product ID,Term,Unit discount\nA,1,10,00123,19201055021,P1Y,0\n"
    ],
    words: map(
      "Name=name",
      "Quantity=quantity",
      "Unit price=price",
      "SKU=hs_sku",
      "Product ID=hs_product_id",
      "Term=hs_recurring_billing_period",
      "Unit discount=discount"
    ),
    items: [{ ...chair, hs_sku: "00123" }]
  },
  "17b blanks around names": {
    file: ["17b.csv", "name , quantity, price\nA,1,10\n"],
    words: map("name=name", "quantity=quantity", "price=price"),
    items: [chair]
  },
  "26 tabs by the name": { file: ["26.tsv", "name\tquantity\tprice\nA\t1\t10\n"], items: [chair] },
  "26c tabs, and a comma in the header": {
    file: ["26c.csv", "name\tprice, net\tquantity\nA\t10\t1\n"],
    words: [...declare("delimiter=tab"), ...map("price, net=price")],
    items: [chair]
  },
  "28 gzip": {
    file: ["28.csv.gz", new Uint8Array(gzipSync("name,quantity,price\nA,1,10\n"))],
    items: [chair]
  },
  "30 wrapped JSON": {
    file: ["30.json", '{"data":[{"name":"A","price":1},{"name":"B","price":2}]}\n'],
    words: declare("root=data"),
    items: [
      { name: "A", price: "1" },
      { name: "B", price: "2" }
    ]
  },
  "31 HubSpot's own request": {
    file: ["31.json", '{"inputs":[{"properties":{"name":"A","price":"1"}},{"properties":{"name":"B"}}]}\n'],
    items: [{ name: "A", price: "1" }, { name: "B" }]
  },
  "31c HubSpot's own reply": {
    file: [
      "31c.json",
      '{"results":[{"id":"1","properties":{"name":"A","price":"1","createdate":"2024-01-01T00:00:00Z"},"archived":false}],"paging":{"next":{"after":"1"}}}'
    ],
    words: declare("root=results", "records=hubspot"),
    items: [{ name: "A", price: "1" }]
  },
  "32d pretty-printed objects": {
    file: ["32d.ndjson", '{\n  "name": "A",\n  "price": 1\n}\n{\n  "name": "B",\n  "price": 2\n}\n'],
    items: [
      { name: "A", price: "1" },
      { name: "B", price: "2" }
    ]
  },
  "35 a record of HubSpot": {
    file: [
      "35.ndjson",
      '{"id":"1","properties":{"name":"A","price":"1","hs_object_id":"1"},"createdAt":"2024-01-01T00:00:00Z","archived":false}\n'
    ],
    words: declare("records=hubspot"),
    items: [{ name: "A", price: "1" }]
  },
  "39b a title above the header": {
    file: ["39b.csv", "Order lines export 2026-11-01\n\nname,quantity,price\nA,1,10\n"],
    words: declare("skipLines=2"),
    items: [chair]
  },
  "41b blanks around numbers": { file: ["41b.csv", "name,price,quantity\nA, 10 ,1\n"], items: [chair] },
  "50 a no-break space": {
    file: ["50.csv", "name,price\u00a0\nA,1\n"],
    words: map("price=price"),
    items: [{ name: "A", price: "1" }]
  },
  "51 upper case": {
    file: ["51.csv", "NAME,QUANTITY,PRICE\nA,1,10\n"],
    words: map("NAME=name", "QUANTITY=quantity", "PRICE=price"),
    items: [chair]
  },
  "54 Airbyte's records": {
    file: [
      "54.jsonl",
      '{"stream":"line_items","data":{"id":"15","properties":{"amount":10,"name":"Blue Hat","price":10,"quantity":1}},"emitted_at":1706697468001}\n'
    ],
    words: declare("root=data", "records=hubspot"),
    items: [{ name: "Blue Hat", price: "10", quantity: "1" }]
  },
  "55 orders with lines": {
    file: ["55.json", '[{"order":"1001","line_items":[{"name":"A","price":1},{"name":"B","price":2}]}]'],
    words: declare("root=[].line_items"),
    items: [
      { name: "A", price: "1" },
      { name: "B", price: "2" }
    ]
  },
  "71 a property but for its case": {
    file: ["71.csv", "name,quantity,price,Discount\nA,1,10,\nA,1,10,2\n"],
    words: map("Discount=discount"),
    items: [chair, chair]
  },
  "76 one pretty-printed object": {
    file: ["76.json", '{\n  "name": "A",\n  "price": 1\n}\n'],
    items: [{ name: "A", price: "1" }]
  },
  "days in one order": {
    file: ["days.csv", "name,hs_recurring_billing_start_date\nA,01/02/2026\nB,31/01/2026\n"],
    words: declare("dates=dd/MM/yyyy"),
    items: [{ name: "A" }, { name: "B" }]
  },
  "yes and no": {
    file: ["words.csv", "name,hs_is_optional\nA,Ja\nB,nein\n"],
    words: declare("booleans=ja/nein"),
    items: [{ name: "A" }, { name: "B" }]
  },
  "labels of options": {
    file: ["options.csv", "name,recurringbillingfrequency\nA,Monthly\nB,Every two weeks\n"],
    words: declare("options=labels"),
    items: [{ name: "A" }, { name: "B" }]
  },
  "percentages alone": {
    file: ["percent.csv", "name,hs_discount_percentage\nA,10%\nB,5 %\n"],
    words: declare("hs_discount_percentage.percent=strip"),
    items: [{ name: "A" }, { name: "B" }]
  },
  "thousands and decimals": {
    file: ["both.csv", "name;quantity;price\nA;2;1.149,90 €\nB;3;10,00 €\n"],
    words: declare("delimiter=semicolon", "decimal=comma", "thousands=dot", "currency=EUR"),
    items: [
      { name: "A", quantity: "2", price: "1149.90" },
      { name: "B", quantity: "3", price: "10.00" }
    ]
  }
}

describe("A file that can be read", () => {
  for (const [what, { file, items, words = [] }] of Object.entries(cases)) {
    it(what, async () => {
      const { code, shown, stderr } = await check(...file)
      assert.strictEqual(stderr, "")
      assert.deepStrictEqual(shown?.words, words)
      assert.strictEqual(code, 0)
      const into = creating(place, server)
      if (words.length > 0) {
        const stopped = await into(file[0])
        assert.deepStrictEqual([stopped.code, stopped.items], [2, []], stopped.stderr)
        assert.include(stopped.stderr, "nothing was sent; run the command above")
      }
      const accepted = await into(file[0], ...(words.length === 0 ? [] : ["--accept"]))
      assert.strictEqual(accepted.code, 0, accepted.stderr)
      assert.deepStrictEqual(accepted.items, items)
    })
  }

  it("has a command that works as it is printed", async () => {
    const { shown } = await check(
      "it's.csv",
      "Artikel;Einzelpreis ($)\nO'Neill;1,50\n",
      "--map",
      "Einzelpreis ($)=price"
    )
    const words = (await shell(shown?.command ?? "")).slice(1)
    const end = await run(words, { cwd: place.path })
    assert.strictEqual(end.code, 0, end.stderr)
    assert.match(end.stdout, /created +1 /)
  })
})

/** A command line as a shell reads it. */
const shell = async (command: string): Promise<ReadonlyArray<string>> => {
  const { execFileSync } = await import("node:child_process")
  return execFileSync("sh", ["-c", `printf '%s\\n' ${command}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n")
}

describe("Mixed values", () => {
  const mixed = {
    "10 thousands": 'name,price\nA,"1,234.50"\nB,1.234.50\nC,1 234.50\n',
    "11 currencies": 'name,price\nA,$12.50\nB,"12,50 €"\nC,£12.50\n',
    "13 percent beside fractions": "name,hs_discount_percentage\nA,10%\nC,0.1\nD,10\n",
    "20 days": "name,hs_recurring_billing_start_date\nA,2026-01-31\nB,31/01/2026\n",
    "21 booleans": "name,hs_is_optional\nA,TRUE\nC,yes\nD,1\nF,WAHR\n",
    "22 options":
      "name,recurringbillingfrequency,hs_line_item_currency_code\nA,Monthly,USD\nB,monthly,usd\nD,Annually,€\n",
    "one number of two readings": 'name,price\nA,"25,000"\nB,"1,000"\n',
    "days of two readings": "name,hs_recurring_billing_start_date\nA,01/02/2026\nB,03/04/2026\n"
  }
  for (const [what, content] of Object.entries(mixed)) {
    it(`${what}: nothing is proposed`, async () => {
      const { shown } = await check("mixed.csv", content)
      assert.deepStrictEqual([shown?.words, shown?.exact], [[], true])
      assert.isAbove(shown?.invalid ?? 0, 0)
    })
  }
})

describe("A file that cannot be read", () => {
  const refusals: Readonly<
    Record<string, readonly [name: string, content: string | Uint8Array, said: string]>
  > = {
    "29b HTML named .xls": [
      "29b.xls",
      "<html><table><tr><td>name</td></tr></table></html>\n",
      "29b.xls:1: an HTML page"
    ],
    "77 an error page": [
      "77.csv",
      "<!DOCTYPE html>\n<html>\n<body>\nNot found, sorry\n</body></html>\n",
      "77.csv:1: an HTML page"
    ],
    "32b a comma after each object": [
      "32b.ndjson",
      '{"name":"A","price":1},\n{"name":"B"},\n',
      '32b.ndjson:1:23: unexpected ","; remove the comma at the end of the line'
    ],
    "43 no header": [
      "43.csv",
      "Chair,2,149.90\nTable,1,20\n",
      '43.csv:1: no header: the first line looks like data ("2" is no name of a column); name the columns: --declare columns=name,quantity,price'
    ],
    "79 a decimal comma in every row": [
      "79.csv",
      "name,quantity,price,hs_sku\r\nBuero-Stuhl,2,149,90,00123\r\n",
      '79.csv: every row has more cells than the header: a decimal comma splits "149,90" into two cells; no declaration can help'
    ],
    "an encoding of another alphabet": [
      "1251.csv",
      oneByte("name,price\n\xd1\xf2\xf3\xeb,1\n"),
      "1251.csv: byte 1 of line 2 is not valid UTF-8, and which encoding it is cannot be told"
    ],
    "36b a parent column without an id": [
      "36b.csv",
      "deal_id,name,price\nDEAL-0001,A,1\n#1001,B,2\n",
      '36b.csv: 2 rows: "deal_id": no value is an id of HubSpot, such as "DEAL-0001"; leave it out with --ignore deal_id, or look each up with --find'
    ],
    "86 a typo": [
      "86.csv",
      "name,quantity,prise\nA,1,10\n",
      '"prise" is no property of the account; did you mean "price"'
    ],
    "71 a column that is none": [
      "71s.csv",
      "name,price,Discount,Surcharge\nA,10,,1\n",
      '71s.csv: 1 row: "Surcharge" is no property of a line item; leave it out with --ignore'
    ]
  }
  for (const [what, [name, content, said]] of Object.entries(refusals)) {
    it(`${what}: says so, also with --accept`, async () => {
      place.write(name, content)
      const { code, items, stderr } = await creating(place, server)(name, "--accept")
      assert.deepStrictEqual([code, items], [2, []])
      assert.include(stderr, said)
      if (name.startsWith("36b") || name.startsWith("86") || name.startsWith("71")) return
      const checked = await check(name, content)
      assert.strictEqual(checked.code, 2)
      assert.include(checked.stderr, said)
    })
  }

  it("52 Stripe's list: a price that is an object, in cents", async () => {
    const { shown } = await check(
      "52.json",
      '{"object":"list","data":[{"id":"il_1","amount":1000,"currency":"usd","description":"Pro","quantity":1,"price":{"id":"p","unit_amount":1000}}],"has_more":false}'
    )
    assert.include(shown?.words ?? [], "root=data")
    const said = shown?.problems.map(({ advice, message }) => `${message}; ${advice}`).join("\n") ?? ""
    assert.include(said, '"amount" is read-only')
    assert.include(
      said,
      '"price" is an object with id, unit_amount; write price.unit_amount (it is in cents) as one value'
    )
    assert.isTrue(shown?.blocked)
  })

  it("a pipe, which can be read once", async () => {
    const end = await run(["check", "-"], { cwd: place.path, stdin: "name\nA\n" })
    assert.strictEqual(end.code, 2)
    assert.include(end.stderr, "a pipe can be read once; give a regular file")
  })
})

describe("A declaration that is saved", () => {
  it("imports the next file, overwrites none, and is all that is allowed", async () => {
    await check("may.csv", german, "--save", "shop.json")
    assert.deepStrictEqual(JSON.parse(place.read("shop.json")), {
      $schema: "./node_modules/@effect-hubspot/batch/schemas/format-file.json",
      delimiter: "semicolon",
      decimal: "comma"
    })
    const again = await check("may.csv", german, "--save", "shop.json")
    assert.include(again.stderr, "shop.json: the file exists already; give another name")
    const into = creating(place, server)
    assert.deepStrictEqual((await into("may.csv", "--format-file", "shop.json")).items, [desk])
    place.write("june.csv", "name,price\nA,1.50\n")
    const other = await into("june.csv", "--format-file", "shop.json")
    assert.deepStrictEqual([other.code, other.items], [2, []])
    assert.notInclude(other.stderr, "Found")
    const both = await into("may.csv", "--format-file", "shop.json", "--accept")
    assert.include(both.stderr, "--accept and --format-file exclude each other; give one")
  })

  it("tells of a column that the account does not know, as the import would", async () => {
    place.write("unknown.csv", "name,price,k1\nA,1,x\n")
    const of = (command: string) =>
      run([command, "unknown.csv", "--base-url", server.url], { cwd: place.path, token: canary })
    const checked = await of("check")
    assert.strictEqual(checked.code, 2, checked.stdout)
    assert.include(checked.stdout, '"k1" is no property of a line item; leave it out with --ignore')
    assert.notInclude(checked.stdout, 'k1="x"')
    assert.match(checked.stdout, /^ {2}line-items import unknown\.csv .* --ignore k1$/m)
    assert.strictEqual((await of("import")).code, 2)
  })

  it("is asked for the account's own properties, by a token", async () => {
    place.write("known.csv", "NAME,prise\nA,1\n")
    const end = await run(["check", "known.csv", "--base-url", server.url], {
      cwd: place.path,
      token: canary
    })
    assert.strictEqual(end.code, 2)
    assert.include(end.stdout, "did you mean price?")
    const offline = await run(["check", "known.csv"], { cwd: place.path })
    assert.include(offline.stdout, "line-items import known.csv --map NAME=name")
  })
})
