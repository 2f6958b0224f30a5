import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Association } from "@effect-hubspot/schema"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Binary from "../../support/binary.ts"
import * as Csv from "./csv.ts"
import {
  canary,
  counted,
  countsOf,
  type Directory,
  directory,
  endAll,
  type Finished,
  root,
  run,
  sample,
  serve,
  type Server,
  summaryOf
} from "./run.ts"

/** What is said of a wrong row, by kind, and of how many rows. */
const kinds = {
  invalid: [
    [/^price: "[\d.]+,\d+" is not a finite number/, 9],
    [/^price: "(€ |\$)?[\d.]+( €)?" is not a finite number/, 6],
    [/^price: "(n\/a|TBD|auf Anfrage|-)" is not a finite number/, 5],
    [/^quantity: "[^"]*" is not a finite number/, 4],
    [/^deal_id: "https:[^"]*" is not a HubSpot id/, 4],
    [/^deal_id: "\d\.\d{5}E\+10" is not a HubSpot id/, 3],
    [/^quote_id: 2 parents \(deal, quote\)/, 4],
    [/^nothing to send/, 3],
    [/^description: control character U\+000B/, 2],
    [/^hs_recurring_billing_start_date: .* is not a day of the calendar; .* declare /, 10]
  ],
  rejected: [
    [/is not a valid price: it cannot be negative/, 15],
    [/^hs_line_item_currency_code: .* was not one of the allowed options/, 12],
    [/^recurringbillingfrequency: .* was not one of the allowed options/, 11],
    [/associations are invalid: DEAL=/, 8],
    [/"amount" is a read only property/, 4]
  ]
} as const

const kindOf = (reason: string): readonly [side: "invalid" | "rejected", index: number] => {
  for (const side of ["invalid", "rejected"] as const) {
    const index = kinds[side].findIndex(([pattern]) => pattern.test(reason))
    if (index >= 0) return [side, index]
  }
  throw new Error(`a reason of no kind: ${reason}`)
}

const whole = counted({ inputs: 10_000, created: 9900, rejected: 50, invalid: 50 })
const text = readFileSync(sample, "utf8")
const table = Csv.parse(text)

describe("the sample", () => {
  let files: Directory
  let server: Server
  let first: Finished
  let rejects: Csv.Table
  let reasons: ReadonlyMap<number, string>
  let ledger: Ledger.Snapshot

  beforeAll(async () => {
    files = directory()
    server = await serve()
    first = await run(
      ["import", sample, "--json", "--base-url", server.url, "--rejects", files.at("rejects.csv")],
      { token: canary }
    )
    ledger = await server.ledger()
    rejects = Csv.parse(files.read("rejects.csv"))
    reasons = new Map(
      rejects.records.map(({ cells }) => [Number(cells.get("_line")), cells.get("_reason") ?? ""])
    )
  })

  afterAll(() => {
    endAll()
    files.remove()
  })

  it("is what its script writes, byte for byte", async () => {
    const { code, stderr, stdout } = await Binary.start({
      command: [Binary.node, join(root, "docs/examples/make-line-items.ts")],
      cwd: root,
      env: {}
    }).finished
    assert.strictEqual(stderr, "")
    assert.strictEqual(code, 0)
    assert.isTrue(
      stdout === text,
      "run: node docs/examples/make-line-items.ts > docs/examples/line-items.csv"
    )
  })

  it("looks like an export: many parents, currencies, products and custom items, odd text", () => {
    const values = (column: string) =>
      table.records.flatMap(({ cells }) => (cells.get(column) === "" ? [] : [cells.get(column) ?? ""]))
    assert.strictEqual(table.records.length, 10_000)
    assert.isBelow(Buffer.byteLength(text), 2_500_000)
    assert.isAbove(new Set(values("deal_id")).size, 300)
    for (const column of ["quote_id", "invoice_id", "order_id"]) assert.isAbove(values(column).length, 100)
    assert.isAbove(new Set(values("hs_line_item_currency_code")).size, 6)
    assert.isAbove(values("hs_product_id").length, 5000)
    assert.isAbove(values("hs_recurring_billing_period").length, 1000)
    assert.isAbove(10_000 - values("hs_sku").length, 1000)
    for (const odd of ["é", "Ł", '"', ",", "&", "'", "🌿", "☕"]) {
      assert.isTrue(
        values("name").some((name) => name.includes(odd)),
        odd
      )
    }
    assert.isTrue(values("description").some((description) => description.includes("\n")))
  })

  it("gives 9,900 created, 50 rejected and 50 invalid, and exit code 3", () => {
    assert.deepStrictEqual(countsOf(first), whole)
    assert.strictEqual(first.code, 3)
  })

  it("is wrong in fifteen ways", () => {
    const found = { invalid: kinds.invalid.map(() => 0), rejected: kinds.rejected.map(() => 0) }
    for (const reason of reasons.values()) {
      const [side, index] = kindOf(reason)
      found[side][index]!++
    }
    assert.deepStrictEqual(found, {
      invalid: kinds.invalid.map(([, count]) => count),
      rejected: kinds.rejected.map(([, count]) => count)
    })
  })

  it("has what HubSpot rejects in at least 40 of its batches", () => {
    const batches = new Set<number>()
    let valid = 0
    for (const { line } of table.records) {
      const reason = reasons.get(line)
      if (reason !== undefined && kindOf(reason)[0] === "invalid") continue
      if (reason !== undefined) batches.add(Math.floor(valid / 100))
      valid++
    }
    assert.strictEqual(valid, 9950)
    assert.isAtLeast(batches.size, 40)
  })

  it("gives the rows that were not created back, with their cells as they were", () => {
    assert.deepStrictEqual(rejects.header, [...table.header, "_line", "_reason"])
    assert.strictEqual(rejects.records.length, 100)
    assert.strictEqual(reasons.size, 100)
    const byLine = new Map(table.records.map((record) => [record.line, record.cells]))
    for (const { cells } of rejects.records) {
      const original = byLine.get(Number(cells.get("_line")))
      for (const name of table.header) assert.strictEqual(cells.get(name), original?.get(name), name)
    }
  })

  it("names twenty wrong rows and then the file that has them all", () => {
    const lines = first.stderr.trimEnd().split("\n")
    const named = lines.filter((line) => /line-items\.csv:\d+(:\d+)?: /.test(line))
    assert.strictEqual(named.length, 20)
    for (const line of named) assert.match(line, /line-items\.csv:\d+(:\d+)?: .+; \S.+/)
    assert.isTrue(
      lines.some((line) => line.startsWith("… and so on; ") && line.includes(files.at("rejects.csv")))
    )
  })

  it("arrives: each good row once, exactly its texts, at the parent it named", () => {
    const parents = { deal_id: "deal", quote_id: "quote", invoice_id: "invoice", order_id: "order" } as const
    const key = (properties: object, associations: unknown) =>
      JSON.stringify([Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)), associations])
    const wanted = table.records
      .filter(({ line }) => !reasons.has(line))
      .map(({ cells }) => {
        const filled = [...cells].filter(([, cell]) => cell !== "")
        return key(
          Object.fromEntries(filled.filter(([name]) => !(name in parents))),
          filled.flatMap(([name, id]) =>
            name in parents ? [Association.make(parents[name as keyof typeof parents], id)] : []
          )
        )
      })
    const created = ledger.created.map(({ associations, properties }) => key(properties, associations))
    assert.strictEqual(created.length, 9900)
    assert.isTrue(
      wanted.every((row) => row.includes('"to"')),
      "every row names a parent"
    )
    assert.deepStrictEqual(created.sort(), wanted.sort())
    assert.strictEqual(new Set(ledger.created.map(({ id }) => id)).size, 9900)
    assert.strictEqual(new Set(ledger.created.map(({ objectWriteTraceId }) => objectWriteTraceId)).size, 9900)
  })

  it("takes 100 requests and one for the properties, and no row is in two of them", () => {
    assert.strictEqual(summaryOf(first).requests, 101)
    assert.deepStrictEqual(
      [...new Set(ledger.requests.map(({ method, path, status }) => `${method} ${path} ${status}`))].sort(),
      [
        "GET /crm/v3/properties/line_items 200",
        ...[201, 207].map((status) => `POST /crm/v3/objects/line_items/batch/create ${status}`)
      ]
    )
    assert.strictEqual(ledger.requests.length, 101)
    assert.strictEqual(
      ledger.requests.reduce((sum, { inputs }) => sum + (inputs ?? 0), 0),
      9950
    )
  })

  it("gives the same numbers out of a pipe", async () => {
    const piped = await run(["import", "-", "--emulator", "--json"], { stdin: text })
    assert.deepStrictEqual(countsOf(piped), whole)
    assert.strictEqual(piped.code, 3)
  })

  it("once corrected, the rejects give the 100 rows that were missing, and no other", async () => {
    const corrected = Csv.write(
      rejects.header,
      rejects.records.map(({ cells }) => correct(cells))
    )
    files.write("corrected.csv", corrected)
    const second = await run(
      [
        "import",
        files.at("corrected.csv"),
        "--json",
        "--base-url",
        server.url,
        "--rejects",
        files.at("none.csv")
      ],
      { token: canary }
    )
    assert.strictEqual(second.stderr, "")
    assert.deepStrictEqual(countsOf(second), counted({ inputs: 100, created: 100 }))
    assert.strictEqual(second.code, 0)
    const all = (await server.ledger()).created
    assert.strictEqual(all.length, 10_000)
    const named = (column: string) => Csv.parse(corrected).records.map(({ cells }) => cells.get(column) ?? "")
    assert.deepStrictEqual(
      all
        .slice(9900)
        .map(({ properties }) => properties.name)
        .sort(),
      named("name").sort()
    )
    assert.isFalse(all.some(({ properties }) => "_line" in properties || "_reason" in properties))
    assert.strictEqual(Csv.parse(files.read("none.csv")).records.length, 0)
  })
})

/** What a person would do about the rejects. */
const correct = (cells: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const row = new Map(cells)
  const mend = (column: string, good: RegExp, otherwise: (cell: string) => string) => {
    const cell = row.get(column) ?? ""
    if (cell !== "" && !good.test(cell)) row.set(column, otherwise(cell))
  }
  if (row.get("name") === "") row.set("name", "Nothing was exported")
  if (row.get("deal_id") !== "") row.set("quote_id", "")
  mend("deal_id", /^\d{1,12}$/, () => "21300000001")
  mend("price", /^\d+(\.\d+)?$/, (price) => price.replace(/[^\d,]/g, "").replace(",", ".") || "0")
  mend("quantity", /^\d+(\.\d+)?$/, (quantity) => quantity.replace(/\D/g, ""))
  mend("hs_line_item_currency_code", /^(EUR|USD|GBP|CHF|SEK|PLN|JPY)$/, () => "EUR")
  mend("recurringbillingfrequency", /^(monthly|quarterly|annually|per_six_months)$/, () => "annually")
  mend("hs_recurring_billing_start_date", /^\d{4}-\d\d-\d\d$/, () => "2026-12-31")
  mend("description", /^[^\u000b]*$/, (description) => description.replace("\u000b", "\n"))
  row.set("amount", "")
  return row
}
