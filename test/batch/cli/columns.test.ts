/**
 * Problems of whole columns, as a person sees them: once per column, before anything is sent.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary, type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  files.write("own.json", '[{"name":"order_line_ref","label":"Order line ref","type":"string"}]')
  server = await serve("--emulator-properties", files.at("own.json"))
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) => run(args, { cwd: files.path, token: canary })
const connected = (...args: ReadonlyArray<string>) => on(...args, "--base-url", server.url)
const linesOf = ({ stderr }: { readonly stderr: string }) => stderr.trimEnd().split("\n")

describe("columns that HubSpot would reject in every row", () => {
  it("cost nothing: 20,000 rows under a typo are one line, and no create", async () => {
    files.write("typo.csv", `name,prise\n${"Chair,1\n".repeat(20_000)}`)
    const before = (await server.ledger()).requests.length
    const end = await connected("import", "typo.csv", "--json", "--rejects", "r.csv")
    assert.strictEqual(end.code, 2)
    assert.deepStrictEqual(linesOf(end), [
      'line-items: typo.csv: column "prise" is no property of the account; did you mean "price"? Take it so with --map prise=price, or leave it out with --ignore prise'
    ])
    assert.deepInclude(JSON.parse(end.stdout), { status: "CANCELED", inputs: 0, created: 0 })
    const { created, requests } = await server.ledger()
    assert.deepStrictEqual(
      requests.slice(before).map(({ path }) => path),
      ["/crm/v3/properties/line_items"]
    )
    assert.isEmpty(created)
    assert.isFalse(files.exists("r.csv"))
    const job = await connected("import", "typo.csv", "--job", "typo", "--state-dir", "state")
    assert.strictEqual(job.code, 2)
    assert.include(job.stderr, 'column "prise" is no property')
    const mapped = await on("import", "typo.csv", "--emulator", "--map", "prise=price", "--json")
    assert.strictEqual(summaryOf(mapped).created, 20_000)
  })

  it("are read-only ones, told with what to leave out", async () => {
    files.write("amount.csv", "name,quantity,price,amount\nA,2,10,20\n")
    const end = await on("import", "amount.csv", "--emulator")
    assert.strictEqual(end.code, 2)
    assert.deepStrictEqual(linesOf(end), [
      'line-items: amount.csv: column "amount" is read-only: HubSpot computes it, and 1 of 1 rows have a value; leave it out with --ignore amount'
    ])
    const without = await on("import", "amount.csv", "--emulator", "--ignore", "amount", "--json")
    assert.strictEqual(summaryOf(without).created, 1, without.stderr)
  })

  it("are named up to twenty, and the others counted; names are quoted for the shell", async () => {
    const names = Array.from({ length: 30 }, (_, n) => `Own $${n}`)
    files.write("many.csv", `name,${names.join(",")}\nA${",1".repeat(30)}\n`)
    const end = await connected("import", "many.csv")
    const lines = linesOf(end)
    assert.lengthOf(lines, 21)
    assert.strictEqual(
      lines[0],
      `line-items: many.csv: column "Own $0" is no property of the account; leave it out with --ignore 'Own $0'`
    )
    assert.strictEqual(lines[20], "line-items: many.csv: and 10 more columns like these")
  })
})

describe("a property of the account's own", () => {
  it("is known from the account, and can be defined for the emulator", async () => {
    files.write("own.csv", "name,order_line_ref\nA,77\n")
    const known = await connected("import", "own.csv", "--json")
    assert.strictEqual(summaryOf(known).created, 1, known.stderr)
    assert.strictEqual(summaryOf(known).requests, 2)
    const { created } = await server.ledger()
    assert.strictEqual(created.at(-1)?.properties["order_line_ref"], "77")

    const unknown = await on("import", "own.csv", "--emulator")
    assert.strictEqual(unknown.code, 2)
    assert.deepStrictEqual(linesOf(unknown), [
      'line-items: own.csv: column "order_line_ref" is no property of the account; leave it out with --ignore order_line_ref',
      'line-items: own.csv: the emulator has HubSpot\'s standard properties; others can be defined for it with --emulator-properties <file>, a JSON array such as [{"name":"order_line_ref","type":"string"}]'
    ])
    const defined = await on("import", "own.csv", "--emulator", "--emulator-properties", "own.json", "--json")
    assert.strictEqual(summaryOf(defined).created, 1, defined.stderr)
  })

  it("has its type and its options", async () => {
    const size = {
      name: "size",
      label: "Size",
      type: "enumeration",
      options: [{ label: "Large", value: "l" }]
    }
    files.write("size.json", JSON.stringify({ results: [size, { name: "due", type: "date" }] }))
    files.write("size.csv", "name,size,due\nA,large,01.02.2026\n")
    const flags =
      "--emulator --emulator-properties size.json --declare options=labels --declare dates=dd.MM.yyyy"
    const end = await on("import", "size.csv", "--json", ...flags.split(" "))
    assert.strictEqual(summaryOf(end).created, 1, end.stderr)
  })

  it("is sent unseen where the token may not read the account's properties", async () => {
    const own = await serve("--emulator-properties", files.at("own.json"))
    await own.grant("crm.objects.line_items.write")
    const end = await on("import", "own.csv", "--base-url", own.url, "--json")
    assert.strictEqual(summaryOf(end).created, 1, end.stderr)
    assert.lengthOf(linesOf(end), 1)
    assert.match(
      end.stderr,
      /^own\.csv: the account's properties cannot be read \(the access token lacks the scope .*\), so columns are compared with HubSpot's standard ones, and others are sent as they are\n$/
    )
    await own.stop()
  })
})

describe("a file of definitions", () => {
  const cases = {
    "not json": "it is no array of definitions; write [{",
    "{}": "it is no array of definitions; write [{",
    '[{"name":"a","type":"string"},7]': 'definition 2 is no definition; give it a "name" and a "type"',
    '[{"name":"Unit Price","type":"string"}]':
      'definition 1 has a name that no property can have: "Unit Price"',
    '[{"name":"a","type":"text"}]': 'definition 1 has the type "text"; give one of string, number'
  }
  for (const [content, said] of Object.entries(cases)) {
    it(`is refused in one line: ${content}`, async () => {
      files.write("wrong.json", content)
      const end = await on("import", "own.csv", "--emulator", "--emulator-properties", "wrong.json")
      assert.strictEqual(end.code, 2)
      assert.lengthOf(linesOf(end), 1)
      assert.include(end.stderr, `line-items: --emulator-properties wrong.json: ${said}`)
    })
  }

  it("is refused without an emulator, and where it is not there", async () => {
    const away = await connected("import", "own.csv", "--emulator-properties", "own.json")
    assert.deepStrictEqual(linesOf(away), [
      "line-items: --emulator-properties needs --emulator, or line-items serve"
    ])
    const missing = await on("serve", "--emulator-properties", "none.json")
    assert.strictEqual(missing.code, 2)
    assert.include(missing.stderr, "none.json: it cannot be read; check the path")
  })
})
