/**
 * Parent columns of which no value is an id of the account: their line items would be orphans.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary, type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  server = await serve()
  await server.seed("orders", "71", "72")
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) => run(args, { cwd: files.path, token: canary })
const connected = (...args: ReadonlyArray<string>) => on(...args, "--base-url", server.url)
const sent = async () => (await server.ledger()).requests.map(({ path }) => path)

describe("a parent column", () => {
  it("without one id of HubSpot's form is refused, also by the emulator", async () => {
    files.write("names.csv", "deal_id,name,price\nDEAL-0001,A,1\n#1001,B,2\n")
    for (const end of [
      await on("import", "names.csv", "--emulator"),
      await connected("import", "names.csv")
    ]) {
      assert.strictEqual(end.code, 2)
      assert.strictEqual(
        end.stderr,
        'line-items: names.csv: 2 rows: "deal_id": no value is an id of HubSpot, such as "DEAL-0001"; leave it out with --ignore deal_id, or look each up with --find "deal_id=deal.<your property>"; line items without their parent are orphans\n'
      )
    }
    const without = await on("import", "names.csv", "--emulator", "--ignore", "deal_id", "--json")
    assert.strictEqual(summaryOf(without).created, 2)
    files.write("keys.ndjson", '{"deal_id":"D1","name":"A"}\n')
    const json = await on("import", "keys.ndjson", "--emulator")
    assert.include(json.stderr, '"deal_id": no value is an id of HubSpot, such as "D1"; leave it out')
  })

  it("of another program's numbers is refused after one read, and nothing is created", async () => {
    files.write("own.csv", "order_id,name,quantity,price\n10248,Queso,12,14\n10249,Tofu,10,9.8\n")
    const before = (await sent()).length
    const end = await connected("import", "own.csv", "--json")
    assert.strictEqual(end.code, 2)
    assert.strictEqual(
      end.stderr,
      'line-items: own.csv: column "order_id": none of the 2 ids that were looked up (10248, …) is an order of the account; look the order up by a key of your own with --find "order_id=order.<your property>", or import the rows without a parent with --ignore order_id\n'
    )
    assert.deepStrictEqual((await sent()).slice(before), [
      "/crm/v3/properties/line_items",
      "/crm/v3/objects/0-123/batch/read"
    ])
    assert.isEmpty((await server.ledger()).created)
    const emulated = await on("import", "own.csv", "--emulator", "--json")
    assert.strictEqual(summaryOf(emulated).created, 2)
    assert.strictEqual(
      emulated.stderr,
      'own.csv: the parents in "order_id" are not checked: the emulator knows none\n'
    )
  })

  it("of which some are ids is sent, and the others are invalid rows", async () => {
    files.write("some.csv", "order_id,name\n71,A\nX,B\n99,C\n")
    const end = await connected("import", "some.csv", "--json")
    const { created, invalid, rejected, requests } = summaryOf(end)
    assert.deepStrictEqual([created, invalid, rejected], [1, 1, 1], end.stderr)
    assert.strictEqual(requests, 3)
  })

  it("of a type that the token may not read is told, and sent", async () => {
    const own = await serve()
    await own.grant("crm.objects.line_items.read", "crm.objects.line_items.write")
    files.write("deals.csv", "deal_id,name\n4711,A\n")
    const end = await on("import", "deals.csv", "--json", "--base-url", own.url)
    assert.strictEqual(summaryOf(end).created, 1, end.stderr)
    assert.match(
      end.stderr,
      /^deals\.csv: column "deal_id" is not checked: the access token lacks the scope .*\n$/
    )
    await own.stop()
  })
})
