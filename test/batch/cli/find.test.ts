/**
 * `--find`: columns that name deals and products by keys of the person's own, as they see it.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import {
  canary,
  countsOf,
  counted,
  type Directory,
  directory,
  endAll,
  run,
  serve,
  type Server
} from "./run.ts"

let files: Directory
let server: Server
let deal: string
let chair: string

const post = (path: string, body: unknown): Promise<string> =>
  HttpClientRequest.post(`${server.url}${path}`).pipe(
    HttpClientRequest.bearerToken(canary),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ json }) => json),
    Effect.map((json) => (json as { readonly id: string }).id),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

const property = (groupName: string) => ({
  name: "erp_number",
  label: "ERP number",
  type: "string",
  fieldType: "text",
  groupName,
  hasUniqueValue: true
})

beforeAll(async () => {
  files = directory()
  server = await serve()
  await post("/crm/v3/properties/deals", property("dealinformation"))
  await post("/crm/v3/properties/products", property("productinformation"))
  deal = await post("/crm/v3/objects/deals", { properties: { erp_number: "4711" } })
  chair = await post("/crm/v3/objects/products", { properties: { name: "Chair", erp_number: "C-1" } })
  files.write("orders.csv", "Order No,SKU,name\n4711,C-1,Chair\n4711,,Table\n4712,C-1,Lamp\n,,Free\n")
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) => run(args, { cwd: files.path, token: canary })

const find = ["--find", "Order No=deal.erp_number", "--find", "SKU=product.erp_number"]

const at = () => ["--base-url", server.url]

/** What was created since, by name: its parent and its product. */
const createdAfter = async (count: number) =>
  (await server.ledger()).created
    .slice(count)
    .map(({ associations, properties }) => [
      properties.name,
      associations.map(({ to }) => to.id).join(),
      properties.hs_product_id
    ])
    .sort(([a], [b]) => String(a).localeCompare(String(b)))

describe("a file with the numbers of orders and articles", () => {
  it("is imported with its deals and products; what is not found has its line, its value and a next step", async () => {
    const before = (await server.ledger()).created.length
    const done = await on("import", "orders.csv", ...find, ...at(), "--json", "--rejects", "rejects.csv")
    assert.strictEqual(done.code, 3, done.stderr)
    assert.deepStrictEqual(countsOf(done), counted({ inputs: 4, created: 3, invalid: 1 }))
    assert.include(
      done.stderr,
      'orders.csv:4:1: Order No: no deal has erp_number "4712"; make it in HubSpot, or correct the value; then import the row again'
    )
    assert.deepStrictEqual(await createdAfter(before), [
      ["Chair", deal, chair],
      ["Free", "", undefined],
      ["Table", deal, undefined]
    ])
    assert.match(files.read("rejects.csv"), /4712,C-1,Lamp,4,.*no deal has erp_number/)
    const { requests } = JSON.parse(done.stdout) as { readonly requests: number }
    assert.strictEqual(requests, 6, "three definitions, two reads, one create")
  })

  it("is checked with what is looked up for each of the first rows", async () => {
    const { code, stdout } = await on("check", "orders.csv", ...find, ...at())
    assert.strictEqual(code, 0)
    assert.include(
      stdout,
      `
First rows as they would be sent
  line 2: name="Chair" deal.erp_number="4711" → looked up, product.erp_number="C-1" → looked up
  line 3: name="Table" deal.erp_number="4711" → looked up
  line 4: name="Lamp" deal.erp_number="4712" → looked up, product.erp_number="C-1" → looked up
`
    )
    const json = await on("check", "orders.csv", ...find, ...at(), "--json")
    assert.deepStrictEqual(JSON.parse(json.stdout).preview[1], {
      line: 3,
      input: { properties: { name: "Table" } },
      lookups: [{ object: "deal", property: "erp_number", value: "4711" }]
    })
  })

  it("may be the parent's own column, with numbers that are no ids", async () => {
    const before = (await server.ledger()).created.length
    files.write("own.csv", "deal_id,name\nD-4714,Shelf\n")
    const own = await post("/crm/v3/objects/deals", { properties: { erp_number: "D-4714" } })
    const done = await on("import", "own.csv", "--find", "deal_id=deal.erp_number", ...at())
    assert.strictEqual(done.code, 0, done.stderr)
    assert.deepStrictEqual(await createdAfter(before), [["Shelf", own, undefined]])
  })

  it("as a job keeps what was found; resume and retry read the file as it was declared", async () => {
    const before = (await server.ledger()).created.length
    files.write("semi.csv", "Order No;SKU;name\n4711;C-1;Chair\n4713;C-1;Lamp\n")
    const kept = [...at(), "--state-dir", "state", "--json"]
    const first = await on(
      "import",
      "semi.csv",
      "--declare",
      "delimiter=semicolon",
      ...find,
      "--job",
      "q4",
      "--rejects",
      "q4.csv",
      ...kept
    )
    assert.strictEqual(first.code, 3, first.stderr)
    assert.include(
      first.stderr,
      'semi.csv:3:1: "Order No": no deal has erp_number "4713"; make it in HubSpot'
    )
    assert.deepStrictEqual(await createdAfter(before), [["Chair", deal, chair]])
    const again = await on("resume", "q4", ...kept)
    assert.strictEqual(again.code, 3, again.stderr)
    assert.notInclude(again.stderr, "differs from the planned input")
    const late = await post("/crm/v3/objects/deals", { properties: { erp_number: "4713" } })
    const retried = await on("retry", "q4", "q4.csv", ...kept)
    assert.strictEqual(retried.code, 0, retried.stderr)
    assert.deepStrictEqual(await createdAfter(before + 1), [["Lamp", late, chair]])
  })

  it("is not touched where something cannot be looked up: one line, and nothing is sent", async () => {
    const before = (await server.ledger()).created.length
    for (const [given, line] of [
      [
        ["Order No=deal.nonsense"],
        "--find deal.nonsense: this account has no such property; give the internal name"
      ],
      [["Order No=widget.x"], 'find "widget.x" names no object type; write deal, quote,'],
      [["Order=deal.erp_number"], 'column "Order" is looked up, and the file has no such column'],
      [["Order No=deal.erp_number", "SKU=deal.erp_number"], 'two columns for deal_id: "Order No" and "SKU"']
    ] as const) {
      const done = await on(
        "import",
        "orders.csv",
        "--ignore",
        "unmapped",
        ...given.flatMap((word) => ["--find", word]),
        ...at()
      )
      assert.strictEqual(done.code, 2, done.stderr)
      assert.include(done.stderr, line)
      assert.lengthOf(done.stderr.trimEnd().split("\n"), 1)
    }
    assert.lengthOf(await createdAfter(before), 0)
  })

  it("is not sent with a token that may not read deals, or while HubSpot does not answer", async () => {
    const before = (await server.ledger()).created.length
    await server.grant("crm.objects.line_items.write", "crm.objects.line_items.read")
    const forbidden = await on("import", "orders.csv", ...find, ...at())
    assert.strictEqual(forbidden.code, 5, forbidden.stderr)
    assert.include(forbidden.stderr, "crm.objects.deals.read")
    await server.grant("e-commerce", "crm.schemas.deals.read")
    const half = await on("import", "orders.csv", ...find, ...at(), "--json")
    assert.strictEqual(half.code, 5, half.stderr)
    assert.deepStrictEqual(countsOf(half), counted({ inputs: 4, notSent: 4 }, "CANCELED"))
    const job = await on("import", "orders.csv", ...find, ...at(), "--job", "no", "--state-dir", "state")
    assert.strictEqual(job.code, 5, job.stderr)
    await server.grant("e-commerce", "crm.objects.deals.read")
    assert.lengthOf(await createdAfter(before), 0)
    assert.include((await on("status", "no", "--state-dir", "state")).stdout, "no")
  })
})
