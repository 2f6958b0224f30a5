/**
 * What must not be guessed: a proposal that reads a value as its author cannot have meant it is worse than none.
 */
import * as Proposal from "@effect-hubspot/batch/files/Proposal"
import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import { StandardProperties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { bytesOf } from "./read.ts"

const propose = (content: string | Uint8Array, declared: FileFormat = {}) =>
  Proposal.make(/^[[{]/.test(String(content)) ? "items.json" : "items.csv", Stream.make(bytesOf(content)), {
    definitions: StandardProperties.lineItems,
    isComplete: true,
    declared
  })

/** What the columns become. */
const mapping = ({ columns }: Proposal.Proposal) =>
  Object.fromEntries(columns.flatMap(({ becomes, name }) => (becomes === undefined ? [] : [[name, becomes]])))

describe("A dot that may be a separator of thousands", () => {
  it.effect("is for a person to decide in a file that is not exact, and warned about in one that is", () =>
    Effect.gen(function* () {
      const open = yield* propose("name;price\nA;1.000\nB;2.500\n")
      assert.isTrue(Proposal.isBlocked(open))
      assert.deepInclude(open.problems[0], {
        column: "price",
        count: 2,
        message: '"1.000" can be 1.000, or 1000 with a dot between thousands'
      })
      const exact = yield* propose("name,price\nA,1.000\nB,2.500\n")
      assert.isTrue(Proposal.isExact(exact))
      assert.match(exact.warnings.join(), /price: "1.000" is sent as 1.000; if the dot is between thousands/)
      const quantity = yield* propose("name;quantity;price\nA;1.000;5,50\n")
      assert.isTrue(Proposal.isBlocked(quantity))
    })
  )

  it.effect("is none where another value tells, or where it cannot be one", () =>
    Effect.gen(function* () {
      for (const cells of [["1.000", "2.50"], ["0.500"], ["11.900000"]]) {
        const found = yield* propose(`name;price\n${cells.map((cell) => `A;${cell}\n`).join("")}`)
        assert.deepStrictEqual([found.words, found.problems], [["--declare", "delimiter=semicolon"], []])
      }
      const declared = yield* propose("name;price\nA;1.000\n", { perColumn: { price: { decimal: "dot" } } })
      assert.isFalse(Proposal.isBlocked(declared))
    })
  )

  it.effect("is one where a decimal comma is declared, and no zero begins thousands", () =>
    Effect.gen(function* () {
      const { declared } = yield* propose("name,price\nA,1.000\n", { decimal: "comma" })
      assert.strictEqual(declared.thousands, "dot")
      const halves = yield* propose("name;price\nA;0,500\nB;0,250\n")
      assert.deepInclude(halves, { invalid: 0, problems: [] })
      assert.strictEqual(halves.declared.decimal, "comma")
    })
  )
})

describe("A value without a digit", () => {
  it.effect("is invalid, and does not decide how the others are written", () =>
    Effect.gen(function* () {
      const prices = yield* propose('name;price\nA;"1.039,50"\nB;auf Anfrage\nC;149,00\nD;€\n')
      assert.deepInclude(prices, { invalid: 2 })
      assert.deepInclude(prices.declared, { decimal: "comma", thousands: "dot" })
      const days = yield* propose("name,hs_recurring_billing_start_date\nA,31.01.2026\nB,offen\n")
      assert.deepInclude(days, { invalid: 1 })
      assert.strictEqual(days.declared.dates, "dd.MM.yyyy")
      // A value with digits that nothing reads still leaves the column alone.
      const odd = yield* propose("name;price\nA;149,00\nB;ab 12,00\n")
      assert.deepInclude(odd, { invalid: 2 })
      const none = yield* propose("name,price\nA,auf Anfrage\n")
      assert.deepStrictEqual(none.words, [])
    })
  )
})

describe("Days", () => {
  const start = "hs_recurring_billing_start_date"
  const days = (...cells: ReadonlyArray<string>) =>
    Effect.map(
      propose(`name,${start}\n${cells.map((cell) => `A,"${cell}"\n`).join("")}`),
      ({ declared }) => declared.dates
    )
  it.effect("are proposed in one order only", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* days("31/01/2026", "01/02/2026"), "dd/MM/yyyy")
      assert.strictEqual(yield* days("01/31/2026", "01/02/2026"), "M/d/yyyy")
      assert.strictEqual(yield* days("31.01.2026"), "dd.MM.yyyy")
      assert.strictEqual(yield* days("2026/01/31"), "yyyy/MM/dd")
      for (const open of ["01/02/2026", "01/01/2026", "3-4-2026", "01/02/26", "26/02/01", "2026/31/01"]) {
        assert.isUndefined(yield* days(open), open)
      }
      assert.isUndefined(yield* days("31/01/2026", "01/31/2026"))
    })
  )
})

describe("Names of columns", () => {
  it.effect("have units, of amounts and of pieces", () =>
    Effect.gen(function* () {
      for (const price of ["Price (EUR)", "Preis in €", "UNIT PRICE [USD]", "Price USD", "Einzelpreis (€)"]) {
        const found = mapping(yield* propose(`Artikel,Qty (pcs),${price}\nA,1,10\n`))
        assert.deepStrictEqual(found, { Artikel: "name", "Qty (pcs)": "quantity", [price]: "price" })
      }
      for (const other of ["Price (cents)", "Price (kg)", "Price per 100", "Price ALL"]) {
        assert.deepStrictEqual(mapping(yield* propose(`Artikel,${other}\nA,10\n`)), { Artikel: "name" })
      }
    })
  )

  it.effect("that say more win, and those that do not are for a person to decide", () =>
    Effect.gen(function* () {
      const price = yield* propose("Item,Qty,Price,Unit Price\nA,2,20,10\n")
      assert.deepStrictEqual(mapping(price), { Item: "name", Qty: "quantity", "Unit Price": "price" })
      const name = yield* propose("Name,Product Name,Qty\nMr X,Chair,2\n")
      assert.deepStrictEqual(mapping(name), { "Product Name": "name", Qty: "quantity" })
      const title = yield* propose("Name,Item Title,Quantity,Sales Price\nMr X,Chair,2,10\n")
      assert.deepStrictEqual(mapping(title), {
        "Item Title": "name",
        Quantity: "quantity",
        "Sales Price": "price"
      })
      const open = yield* propose("Name,Product,Qty\nMr X,Chair,2\n")
      assert.deepStrictEqual(mapping(open), { Qty: "quantity" })
      assert.isTrue(Proposal.isBlocked(open))
    })
  )

  it.effect("that their values contradict become nothing", () =>
    Effect.gen(function* () {
      const terms = yield* propose("Name,Unit price,Term\nA,10,Net 30\n")
      assert.deepStrictEqual(mapping(terms), { Name: "name", "Unit price": "price" })
      const period = yield* propose("Name,Unit price,Term\nA,10,P1Y\n")
      assert.strictEqual(mapping(period)["Term"], "hs_recurring_billing_period")
    })
  )
})

describe("Titles that a spreadsheet filled up with empty cells", () => {
  it.effect("are skipped", () =>
    Effect.gen(function* () {
      const { declared } = yield* propose(
        "Bericht;;\nVon;2026-01-01;\n;;\nArtikel;Menge;Preis\nStuhl;2;149,90\n"
      )
      assert.strictEqual(declared.skipLines, 3)
      const padded = yield* propose("name,price,,\nA,10,,\n")
      assert.isTrue(Proposal.isExact(padded))
    })
  )
})

describe("An encoding", () => {
  const byte = (text: string, ...bytes: ReadonlyArray<number>) =>
    Uint8Array.from([..."name,price\n", ...text, ..."\n"], (character) => character.charCodeAt(0)).map(
      (code) => (code === 0x3f ? (bytes[0] ?? code) : code)
    )
  it.effect("is Windows-1252 only where its letters are in places that western languages have them", () =>
    Effect.gen(function* () {
      // "?" stands for the byte.
      for (const [text, one] of [
        ["P?eklad,1", 0xf8],
        ["st?l,1", 0xf9],
        ["wi?nia,1", 0x9c],
        ["z wod?,1", 0xb9],
        ["Ka?ik,1", 0xfe],
        ["sto?,1", 0xb3],
        ["f?z,1", 0xf5],
        ["B?ro,1", 0x9f]
      ] as const) {
        const refused = yield* Effect.result(propose(byte(text, one)))
        assert.isTrue(Result.isFailure(refused), text)
        if (Result.isFailure(refused))
          assert.include(refused.failure.message, "which encoding it is cannot be told")
      }
      for (const [text, one] of [
        ["cr?me,1", 0xe8],
        ["B?f,1", 0xf8],
        ["pi?,1", 0xf9],
        ["b?uf,1", 0x9c],
        ["ma?ana,1", 0xf1],
        ["go?t,1", 0xfb],
        ["5 m?,1", 0xb2],
        ["lim?es,1", 0xf5]
      ] as const) {
        assert.strictEqual((yield* propose(byte(text, one))).declared.encoding, "windows-1252", text)
      }
    })
  )

  it.effect("is UTF-16 without a mark where zeros are in every other byte, also of other alphabets", () =>
    Effect.gen(function* () {
      const little = Buffer.from("name;price\nСтул большой деревянный красивый тёмный;1,5\n", "utf16le")
      const found = yield* propose(new Uint8Array(little))
      assert.strictEqual(found.declared.encoding, "utf-16le")
      assert.strictEqual(found.preview[0]?.input.properties["price"], "1.5")
      const big = yield* propose(new Uint8Array(Buffer.from(little).swap16()))
      assert.strictEqual(big.declared.encoding, "utf-16be")
    })
  )
})

/** What is left for a person: the columns, and why. */
const asked = ({ problems }: Proposal.Proposal) =>
  problems.filter(({ blocking }) => blocking).map(({ column, message }) => `${column}: ${message}`)

describe("A column that changes what is charged", () => {
  it.effect("is for a person to decide, and not left out because another program wrote the file", () =>
    Effect.gen(function* () {
      for (const [content, column] of [
        ["Artikel;Menge;Preis;Preiseinheit\nSchraube;1000;12,50;100\nMutter;5;10,00;1\n", "Preiseinheit"],
        ["Produkt;Menge;Preis;Rabatt\nA;1;100,00;10%\n", "Rabatt"],
        ["Product,Qty,Unit Price,Discount\nA,2,10.00,1.50\n", "Discount"],
        ["Product,Qty,Unit Price,Line Discount\nA,2,10.00,1.50\n", "Line Discount"],
        ["Product,Qty,Price (cents)\nA,1,1190\n", "Price (cents)"],
        ['[{"product":"Pro","quantity":1,"unit_amount":2900}]', "unit_amount"],
        ["Product,Qty,Price,Currency\nA,1,€10.00,USD\n", "Currency"],
        ["Product,Qty,Price,Currency\nA,1,US$10.00,EUR\n", "Currency"],
        ["Product,Qty,Price (EUR),Currency\nA,1,10.00,USD\n", "Currency"],
        ["Item,Qty,Gross\nA,1,$10.00\n", "Gross"],
        ["Item,Qty,Gross\nA,1,10.00\n", "Gross"],
        ["SKU;Menge;Preis;Was\nA1;2;10,50;Stuhl\n", "Was"]
      ] as const) {
        const found = yield* propose(content)
        assert.isTrue(Proposal.isBlocked(found), content)
        assert.lengthOf(asked(found), 1, content)
        assert.match(asked(found)[0]!, new RegExp(`^${column.replace(/[()]/g, "\\$&")}: `), content)
        assert.isUndefined(mapping(found)[column === "Currency" ? "" : column], content)
      }
      const percents = yield* propose("Produkt;Menge;Preis;Rabatt\nA;1;100,00;10%\n")
      assert.strictEqual(percents.columns[3]?.hint, "hs_discount_percentage")
    })
  )

  it.effect("is none where it changes nothing", () =>
    Effect.gen(function* () {
      for (const content of [
        "Artikel;Menge;Preis;Preiseinheit\nSchraube;1000;12,50;1\nMutter;5;10,00;1\n",
        "Artikel;Menge;Preis;Per\nSchraube;1000;12,50;Stk\n",
        "Product,Qty,Unit Price,Discount\nA,2,10.00,0.00\nB,2,10.00,0.00\n",
        "Product,Qty,Price,Currency\nA,1,€10.00,EUR\n",
        "Product,Qty,Price,Currency\nA,1,€10.00,eur\nB,1,€10.00,EUR\n",
        "Product,Qty,Price,Currency\nA,1,$10.00,CAD\n",
        "Item,Qty,Price,Discount\nA,1,9.00,0\nB,1,8.50,0.00\n",
        "Item,Qty,Price,Weight in pence\nA,1,9.00,1\n",
        "hs_product_id,Qty,Warehouse,Weight\n12345678901,2,Berlin,1.25\n",
        "Item,Qty,Year,Day\nA,1,2026,01.02.26\n",
        "SKU;Menge;Preis;Datum;Land\nA1;2;10,50;2026-01-31;DE\n",
        // The program says that it has no price.
        "Order ID,Product Name,Sales,Quantity,Discount,Profit,Extra\nA-1,Chair,261.96,2,0.2,41.91,1.25\n"
      ]) {
        const found = yield* propose(content, content.startsWith("Order ID") ? { ignore: ["Order ID"] } : {})
        assert.deepStrictEqual(asked(found), [], content)
      }
    })
  )
})

describe("A number of another program", () => {
  it.effect("is a SKU where it numbers the item, and never a product of HubSpot", () =>
    Effect.gen(function* () {
      const shop = yield* propose('[{"name":"A","price":"1","product_id":632910392,"variant_id":39072856}]')
      assert.deepStrictEqual(mapping(shop), { name: "name", price: "price" })
      assert.deepStrictEqual(
        asked(shop).map((line) => line.slice(0, 10)),
        ["product_id", "variant_id"]
      )
      const labels = yield* propose("Name,Unit price,Product ID\nA,1,20354892347\n")
      assert.strictEqual(mapping(labels)["Product ID"], "hs_product_id")
      for (const header of ["Item #", "Item No.", "Part #", "Materialnummer"]) {
        const found = yield* propose(`${header},Description,Qty,Unit Price\nCH-001,Oak chair,2,149.90\n`)
        assert.deepStrictEqual(mapping(found), {
          [header]: "hs_sku",
          Description: "name",
          Qty: "quantity",
          "Unit Price": "price"
        })
      }
    })
  )
})

describe("The name", () => {
  it.effect("is the description where nothing else is, and not where something is", () =>
    Effect.gen(function* () {
      const alone = yield* propose("Menge;Beschreibung;Einzelpreis\n2;Stuhl;10,50\n")
      assert.deepInclude(alone.preview[0]?.input.properties, { name: "Stuhl" })
      assert.strictEqual(alone.columns[1]?.note, "nothing else is the name")
      const beside = yield* propose("Artikel;Beschreibung;Einzelpreis\nStuhl;Eiche;10,50\n")
      assert.deepInclude(beside.preview[0]?.input.properties, { name: "Stuhl", description: "Eiche" })
      const set = yield* propose("Menge;Beschreibung;Einzelpreis\n2;Eiche;10,50\n", {
        set: { name: "Stuhl" }
      })
      assert.deepInclude(set.preview[0]?.input.properties, { name: "Stuhl", description: "Eiche" })
    })
  )
})

describe("A weak header", () => {
  it.effect("means something only where no other column does, and no person is in the file", () =>
    Effect.gen(function* () {
      const none = { name: undefined, quantity: undefined, price: undefined, hs_sku: undefined }
      for (const [content, meant] of [
        ["Contact,Title,Product,Qty,Unit Price\nBob,CEO,Widget,2,9.00\n", { name: "Product" }],
        ["Item,Qty,Price,Rate\nWidget,2,100.00,20\n", { price: "Price" }],
        ["Nombre,Email,Producto,Cantidad\nJuan,j@x.es,Silla,2\n", { name: "Producto" }],
        ["Product,Qty,Units\nA,2,10\n", { quantity: "Qty" }],
        ["Product,Item No,Product Code,Qty\nA,1,P1,2\n", { hs_sku: "Product Code" }],
        ["Código;Cliente;Producto;Cantidad\nC001;Acme;Silla;2\n", { hs_sku: undefined }],
        ["Item No.,Description,Qty\n1,Chair,2\n2,Desk,1\n", { hs_sku: undefined, name: "Description" }],
        ["Product,Units,Price\nScrews,kg,9.00\n", { quantity: undefined }],
        ["Item,Description,Qty\n1001,Chair,2\n1002,Desk,1\n", { name: "Description" }],
        ["Kod;Nazwa;Ilość\nA1;Stół;2\n", { hs_sku: "Kod" }]
      ] as const) {
        const found = yield* propose(content)
        const columns = Object.entries(mapping(found)).map(([name, becomes]) => [becomes, name])
        assert.deepInclude({ ...none, ...Object.fromEntries(columns) }, meant, content)
      }
      for (const [content, hint] of [
        ["Title,SKU,Qty,Price\nChair,C1,2,10.00\n", "name"],
        ["Service,Description,Qty,Price\nAdvice,3 hours,2,10.00\n", "name"],
        ["Description,Qty,Rate,Total\nWidget,2,50.00,100.00\n", "price"],
        ["Product,Units,Price\nScrews,3,9.00\n", "quantity"],
        ['[{"name":"A","unit_amount":9.50}]', "price"]
      ] as const) {
        const { problems, columns } = yield* propose(content)
        assert.deepStrictEqual(
          columns.flatMap(({ hint = [] }) => hint),
          [hint],
          content
        )
        assert.lengthOf(
          problems.filter(({ blocking }) => blocking),
          1,
          content
        )
      }
    })
  )
})

describe("A currency", () => {
  it.effect("that only the header names is told, and US$ is read as it is proposed", () =>
    Effect.gen(function* () {
      const header = yield* propose("Product,Qty,Unit Price (EUR)\nA,1,10.00\n")
      assert.include(
        header.assumptions,
        `"Unit Price (EUR)" names a currency, and amounts are taken in the account's own currency: --set hs_line_item_currency_code=EUR gives it to the line items`
      )
      const dollars = yield* propose("Product;Qty;Price\nA;1;US$ 10.50\nB;2;US$ 20.25\n")
      assert.deepInclude(dollars, { rows: 2, invalid: 0 })
      assert.strictEqual(dollars.preview[0]?.input.properties["price"], "10.50")
    })
  )
})

describe("A hint", () => {
  it.effect("is for a property that no other column is, and for one column", () =>
    Effect.gen(function* () {
      const hints = ({ columns }: Proposal.Proposal) => columns.map(({ hint }) => hint)
      assert.deepStrictEqual(hints(yield* propose("name,prise\nA,3\n")), [undefined, "price"])
      assert.deepStrictEqual(hints(yield* propose("name,price,prise\nA,1,3\n")), [
        undefined,
        undefined,
        undefined
      ])
      assert.deepStrictEqual(hints(yield* propose("name,prise,pricee\nA,1,3\n")), [
        undefined,
        "price",
        undefined
      ])
      assert.deepStrictEqual(hints(yield* propose("name,Variant,price\nA,Red,3\n")), [
        undefined,
        undefined,
        undefined
      ])
    })
  )
})

describe("A row below the table", () => {
  it.effect("is none where it is the sum, lacks what all rows have, or is a tax", () =>
    Effect.gen(function* () {
      for (const [content, rows, last] of [
        ["Artikel;Menge;Einzelpreis\nStuhl;2;149,90\nTisch;1;99,00\nGesamt;3;398,80\n", 2, 1],
        ["Item,Qty,Unit Price\nA,2,1.50\nB,1,9.00\n\nGrand Total,3,12.00\nGenerated on 2026-02-01\n", 2, 2],
        [
          "Artikel;Menge;Preis\nA;2;1,90\nB;1;9,00\nNettosumme;;8,80\nzzgl. 19% MwSt;;7,77\nRechnungsbetrag;;7,57\n",
          2,
          3
        ],
        ["Product,Qty,Price\nA,1,10.00\nB,2,20.00\nTotal HT,,50.00\n", 2, 1],
        ["name,quantity,price\nA,1,10.00\nB,2,20.00\n,,50.00\n", 2, 1],
        ["Item,Qty,Unit Price,Total\nA,1,10.00,10.00\nB,2,194.40,388.80\n,3,,398.80\n", 2, 1],
        [
          "Artikel;Menge;Preis;Gesamt\nA;2;9,90;9,80\nB;1;9,00;9,00\n;;MwSt 19%;5,77\n;;Gesamtsumme;4,57\n",
          2,
          2
        ],
        [
          "Concept,Qty,Price,Total\nA,2,1.90,3.80\nB,1,9.00,9.00\nBase imponible,,,8.80\nIVA 21%,,,7.77\n",
          2,
          2
        ],
        ["Item,Qty,Price\nOak,2,1.50\nTotal for Oak,2,\nTOTAL,2,\n", 1, 2]
      ] as const) {
        const found = yield* propose(content)
        assert.deepInclude(found, { rows, invalid: 0 }, content)
        assert.include(found.words, `skipLast=${last}`, content)
        assert.isFalse(Proposal.isBlocked(found), content)
      }
    })
  )

  it.effect("is a row where it may be one", () =>
    Effect.gen(function* () {
      for (const [content, rows] of [
        // One row above it is no sum.
        ["name,quantity,price\nA,1,10.00\nTotal,1,10.00\n", 2],
        ["name,quantity,price\nA,1,10.00\nB,1,10.00\nTotal,1,10.00\n", 3],
        ["name,quantity,price\nA,1,10.00\nB,1,\nTax consulting,1,\n", 3],
        ["name,quantity,price\nA,1,10.00\nB,2,20.00\nGift,,\n", 3],
        // Neither a tax nor a total lacks what no row has.
        ["name,hs_sku,quantity,price\nA,,1,10.00\nB,,2,20.00\nVAT,,1,5.00\n", 3],
        // Its product has the name.
        ["name,hs_product_id,quantity,price\nA,,2,49.90\nB,,1,1.00\n,12345678901,3,12.50\n", 3],
        ["name,hs_sku,quantity,price\nA,A1,2,10.00\n,A2,1,20.00\n,A3,4,5.00\n", 3],
        // Rows need not have a name.
        ["name,quantity,price\nA,1,10.00\n,1,5.00\nC,1,20.00\n,1,50.00\n", 4]
      ] as const) {
        const found = yield* propose(content)
        assert.deepInclude(found, { rows, invalid: 0 }, content)
        assert.isTrue(Proposal.isExact(found), content)
      }
    })
  )
})

describe("The place of line items in JSON", () => {
  it.effect("is the one that has quantities or prices, and asked for where there are two", () =>
    Effect.gen(function* () {
      const item =
        '{"name":"A","quantity":1,"price":"199.00","price_set":{"shop_money":{"amount":"9","currency":"USD"}}}'
      for (const [content, root] of [
        [
          `{"orders":[{"id":1,"name":"#1001","currency":"EUR","line_items":[${item}]}]}`,
          "orders.[].line_items"
        ],
        [
          '{"records":[{"Quantity":2,"UnitPrice":10.5,"Product2":{"Name":"A","ProductCode":"P"}}]}',
          "records"
        ],
        // Another object is not the line items because it has more names.
        [`{"name":"#1001","currency":"EUR","line_items":[${item}]}`, "line_items"],
        ['[{"name":"Chair","sku":"C1","prices":[{"currency":"EUR","price":"1"}]}]', undefined],
        [`{"title":"Quote 5","description":"Spring","lines":[${item}]}`, "lines"],
        [`{"reference":"Q5","currency":"EUR","lines":[${item}]}`, "lines"],
        ['{"lines":[{"product":"A","sku":"W1"}],"taxes":[{"title":"VAT","rate":0.2}]}', "lines"],
        ['{"rows":[{"product":"A","sku":"W1"}],"summary":{"units":3,"rate":0.2}}', "rows"],
        ['{"Line":[{"Description":"Rock","Amount":2,"Detail":{"UnitPrice":2,"Qty":1}},{"Amount":2}]}', "Line"]
      ] as const) {
        assert.strictEqual((yield* propose(content)).declared.root, root)
      }
      for (const [content, places] of [
        ['{"a":[{"name":"A","quantity":1}],"b":[{"name":"B","quantity":2}]}', "a, b"],
        ['{"a":[{"description":"A","sku":"1"}],"refunds":[{"name":"B","quantity":2}]}', "a, refunds"]
      ] as const) {
        const two = yield* Effect.result(propose(content))
        assert.include(Result.isFailure(two) ? two.failure.message : "", `in several places: ${places}`)
      }
    })
  )
})

describe("A day", () => {
  it.effect("has no time but midnight UTC: HubSpot would refuse it", () =>
    Effect.gen(function* () {
      for (const [day, invalid] of [
        ["2026-01-31", 0],
        ["2026-01-31T00:00", 0],
        ["2026-01-31T00:00:00.000Z", 0],
        ["2026-01-31T01:00:00+01:00", 0],
        ["2026-01-31T00:00:00+01:00", 1],
        ["2026-01-31T12:00:00", 1],
        ["2026-01-31T00:00:00.001Z", 1],
        ["2026-01-31Tnoon", 1]
      ] as const) {
        const found = yield* propose(`name,hs_recurring_billing_start_date\nA,${day}\n`)
        assert.strictEqual(found.invalid, invalid, day)
      }
    })
  )
})
