/**
 * Exports in the shapes of well-known programs, with made-up rows: name, quantity, price and SKU of every row that is a line item
 * are compared with the ledger.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { checking, creating, type Item } from "./proposals.ts"
import { type Directory, directory, endAll, serve, type Server } from "./run.ts"

const place: Directory = directory()
let server: Server
beforeAll(async () => {
  server = await serve("--limit", "100000")
})
afterAll(() => {
  endAll()
  place.remove()
})

interface Case {
  readonly content: string
  readonly items: ReadonlyArray<Item>
  /** A parent column whose values are the program's own. */
  readonly own?: string
  /** What is said of columns that could be taken for a property. */
  readonly not?: Readonly<Record<string, RegExp>>
}

const lines = (...all: ReadonlyArray<string>) => `${all.join("\r\n")}\r\n`

const eur = { hs_line_item_currency_code: "EUR" }

const shopify =
  "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Notes,Vendor,Lineitem discount"

const cases: Readonly<Record<string, Case>> = {
  Shopify: {
    content: `${shopify}
#1001,a@example.com,paid,2026-03-01,EUR,120.00,124.90,0.00,2026-03-01,2,Oak stool,45.00,,OS-0012,"leave at
the door",Wood Ltd,0.00
#1001,a@example.com,,,,,,,2026-03-01,1,"Candle, large",30.00,35.00,CA-7,,Wood Ltd,0.00
#1002,b@example.com,paid,2026-03-02,EUR,9.00,9.00,0.00,2026-03-02,3,Zip bag,3.00,,,,Wood Ltd,0.00
`,
    items: [
      { name: "Candle, large", quantity: "1", price: "30.00", hs_sku: "CA-7", ...eur },
      { name: "Oak stool", quantity: "2", price: "45.00", hs_sku: "OS-0012", ...eur },
      { name: "Zip bag", quantity: "3", price: "3.00", ...eur }
    ],
    not: { Name: /number of the order/, "Lineitem discount": /whole line/ }
  },
  Xero: {
    content: lines(
      "*ContactName,EmailAddress,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,Total,InventoryItemCode,*Description,*Quantity,*UnitAmount,Discount,*AccountCode,*TaxType,TaxAmount,Currency",
      "Example Ltd,x@example.com,INV-0041,PO 7,03/01/2026,03/31/2026,,PR-1,Consulting day,2,640.00,10%,200,20% (VAT on Income),,GBP"
    ),
    items: [
      {
        name: "Consulting day",
        quantity: "2",
        price: "640.00",
        hs_sku: "PR-1",
        hs_line_item_currency_code: "GBP"
      }
    ],
    not: { Discount: /percentage/ }
  },
  QuickBooks: {
    content: lines(
      "*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Terms,Location,Memo,Item(Product/Service),ItemDescription,ItemQuantity,ItemRate,*ItemAmount,Service Date",
      '1001,Haven,08/09/2026,08/09/2026,Due on receipt,,,Turn Clean,Turn Clean,1,"$1,390.00","$1,390.00",',
      "1002,Haven,08/09/2026,08/09/2026,Due on receipt,,,Wax,Wax,2,$9.50,$19.00,"
    ),
    items: [
      { name: "Turn Clean", quantity: "1", price: "1390.00" },
      { name: "Wax", quantity: "2", price: "9.50" }
    ],
    not: { "*ItemAmount": /total of a line/ }
  },
  Northwind: {
    content: "order_id,product_id,unit_price,quantity,discount\n10248,11,14.0,12,0.0\n10248,42,9.8,10,0.05\n",
    own: "order_id",
    items: [
      { quantity: "12", price: "14.0" },
      { quantity: "10", price: "9.8" }
    ],
    not: { discount: /fraction/, product_id: /own number/ }
  },
  Salesforce: {
    content: lines(
      '"Id","OpportunityId","PricebookEntryId","Product2Id","ProductCode","Name","Quantity","TotalPrice","UnitPrice","ListPrice","ServiceDate","Description","Discount"',
      '"00kD1","006D1","01uD1","01tD1","GC1040","Acme - Generator","3","360000.00","120000.00","120000.00","2026-05-01","",""'
    ),
    items: [{ name: "Acme - Generator", quantity: "3", price: "120000.00", hs_sku: "GC1040" }],
    not: { TotalPrice: /total of a line/ }
  },
  "Salesforce's report": {
    content: lines(
      '"Opportunity Name","Product Name","Product Code","Quantity","Sales Price","Sales Price Currency","Total Price","Total Price Currency"',
      '"Acme","Seat, yearly","S-1","40.00","99.50","USD","3980.00","USD"'
    ),
    items: [
      {
        name: "Seat, yearly",
        quantity: "40.00",
        price: "99.50",
        hs_sku: "S-1",
        hs_line_item_currency_code: "USD"
      }
    ],
    not: { "Total Price": /total of a line/ }
  },
  Superstore: {
    content: lines(
      "Row ID,Order ID,Order Date,Ship Date,Customer ID,Segment,Country,Product ID,Category,Product Name,Sales,Quantity,Discount,Profit",
      '1,CA-2026-152156,11/8/2026,11/11/2026,CG-12520,Consumer,United States,FUR-BO-10001798,Furniture,"Bush Bookcase, oak",261.96,2,0,41.91',
      "2,CA-2026-152157,11/8/2026,11/11/2026,CG-12520,Consumer,United States,FUR-CH-10000454,Furniture,Chair,731.94,3,0.2,219.58"
    ),
    items: [
      { name: "Bush Bookcase, oak", quantity: "2" },
      { name: "Chair", quantity: "3" }
    ],
    not: { Sales: /total of a line/, Discount: /fraction/, "Product ID": /own number/ }
  },
  WooCommerce: {
    content: lines(
      "order_id,order_number,date,status,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_total,item_price",
      "512,512,2026-01-02,completed,31,88,Hoodie,HD-1,2,90.00,90.00,45.00"
    ),
    own: "order_id",
    items: [{ name: "Hoodie", quantity: "2", price: "45.00", hs_sku: "HD-1" }],
    not: { item_total: /total of a line/ }
  },
  Olist: {
    content: lines(
      '"order_id","order_item_id","product_id","seller_id","shipping_limit_date","price","freight_value"',
      '"00010242fe8c5a6d1ba2dd792cb16214",1,"4244733e06e7ecb4970a6e2683c13e61","48436dade18ac8b2bce089ec2a041202",2026-09-19 09:45:35,58.90,13.29'
    ),
    own: "order_id",
    items: [{ price: "58.90" }]
  },
  UCI: {
    content: lines(
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
      "536365,85123A,WHITE HOLDER,6,12/1/2026 8:26,2.55,17850,United Kingdom",
      "C536379,D,Zero,-1,12/1/2026 9:41,27.5,14527,United Kingdom"
    ),
    items: [
      { name: "WHITE HOLDER", quantity: "6", price: "2.55", hs_sku: "85123A" },
      { name: "Zero", quantity: "-1", price: "27.5", hs_sku: "D" }
    ]
  },
  Odoo: {
    content: lines(
      "Order Reference,Customer,Order Lines/Product,Order Lines/Quantity,Order Lines/Unit Price,Order Lines/Discount (%),Order Lines/Subtotal",
      "S00042,Azure,Desk,2.00,450.00,10.00,810.00",
      ",,Lamp,1.00,40.00,0.00,40.00"
    ),
    items: [
      { name: "Desk", quantity: "2.00", price: "450.00" },
      { name: "Lamp", quantity: "1.00", price: "40.00" }
    ]
  },
  PrestaShop: {
    content: lines(
      "id_order_detail;id_order;product_id;product_name;product_quantity;product_price;product_reference;total_price_tax_excl",
      "1;1;9;Mug;3;11.900000;demo_11;35.70"
    ),
    items: [{ name: "Mug", quantity: "3", price: "11.900000", hs_sku: "demo_11" }]
  },
  "a shop that nobody knows, in German": {
    content: lines(
      "Bestellung;Kunde;Artikelnummer;Bezeichnung;Menge;Einzelpreis;Gesamt",
      "77;Meier;00123;Büro-Stuhl;2;1.149,90;2.299,80",
      "78;Huber;00124;Tisch;1;20,00;20,00"
    ),
    items: [
      { name: "Büro-Stuhl", quantity: "2", price: "1149.90", hs_sku: "00123" },
      { name: "Tisch", quantity: "1", price: "20.00", hs_sku: "00124" }
    ],
    not: { Gesamt: /total of a line/ }
  }
}

describe("An export of", () => {
  const check = checking(place)
  for (const [program, { content, items, not = {}, own }] of Object.entries(cases)) {
    it(program, async () => {
      const name = `${program.replaceAll(/\W/g, "")}.csv`
      const { shown, stderr } = await check(name, content)
      assert.strictEqual(stderr, "")
      assert.strictEqual(shown?.blocked, own !== undefined)
      const notes = new Map(shown?.columns.map(({ name, note = "" }) => [name, note]))
      for (const [column, why] of Object.entries(not)) assert.match(notes.get(column) ?? "", why)
      const into = creating(place, server)
      const before = await into(name, "--json", ...(own === undefined ? [] : ["--accept"]))
      assert.deepStrictEqual([before.code, before.items], [2, []])
      if (own === undefined) assert.include(shown?.assumptions.join(), "no column names a parent")
      else {
        assert.include(before.stderr, `--ignore ${own}`)
        assert.include(before.stderr, `--find "${own}=order.<your property>"`)
      }
      const accepted = await into(name, "--accept", ...(own === undefined ? [] : ["--ignore", own]))
      assert.strictEqual(accepted.code, 0, accepted.stderr)
      assert.sameDeepMembers([...accepted.items], [...items])
    })
  }
})
