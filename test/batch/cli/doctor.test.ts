import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary } from "../../support/canary.ts"
import { type Directory, directory, endAll, run, serve, type Server } from "./run.ts"

interface Check {
  readonly name: string
  readonly status: string
  readonly detail: string
  readonly advice?: string
}

describe("doctor", () => {
  let server: Server
  let files: Directory

  beforeAll(async () => {
    files = directory()
    server = await serve("--token", canary)
  })

  afterAll(async () => {
    await server.stop()
    files.remove()
    await endAll()
  })

  const doctor = (token: string | undefined, ...args: ReadonlyArray<string>) =>
    run(["doctor", "--base-url", server.url, "--state-dir", files.at("state"), ...args], { token })

  const checks = async (token: string | undefined, ...args: ReadonlyArray<string>) => {
    const { code, stdout } = await doctor(token, "--json", ...args)
    return { code, found: JSON.parse(stdout) as ReadonlyArray<Check> }
  }

  const wrong = (found: ReadonlyArray<Check>) => found.filter(({ status }) => status !== "ok")

  it("finds nothing wrong with a good account, and creates nothing", async () => {
    const { code, found } = await checks(canary)
    assert.deepStrictEqual(wrong(found), [])
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(
      found.map(({ name }) => name),
      [
        "Node",
        "database of jobs",
        "token",
        "account",
        "clock",
        "limit",
        "daily limit",
        "scope to read line items",
        "scope to create line items",
        "scope to read properties"
      ]
    )
    assert.deepStrictEqual((await server.ledger()).created, [])
    const { stdout } = await doctor(canary)
    assert.match(stdout, /^ok +limit +190 requests per 10 s$/m)
  })

  it("names the token that HubSpot does not accept by its kind", async () => {
    for (const [token, kind] of [
      ["11111111-2222-3333-4444-555555555555", /old API key/],
      [undefined, /HUBSPOT_ACCESS_TOKEN is not set/]
    ] as const) {
      const { code, found } = await checks(token)
      assert.strictEqual(code, 5)
      const [only, ...more] = wrong(found)
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual([only?.name, only?.status], ["token", "problem"])
      assert.match(only?.detail ?? "", kind)
    }
  })

  it("names a scope that is missing, and goes on", async () => {
    await server.grant("crm.objects.line_items.read")
    const { code, found } = await checks(canary)
    assert.strictEqual(code, 5)
    const missing = wrong(found)
    assert.include(
      missing.map(({ name }) => name),
      "scope to create line items"
    )
    assert.match(missing[0]?.detail ?? "", /crm\.objects\.line_items\.write/)
    assert.isTrue(found.some(({ name, status }) => name === "scope to read line items" && status === "ok"))
    await server.grant(
      "crm.objects.line_items.read",
      "crm.objects.line_items.write",
      "crm.schemas.line_items.read",
      "oauth"
    )
  })

  it("says what a key property lacks", async () => {
    const { code, found } = await checks(canary, "--key-property", "import_key")
    assert.strictEqual(code, 2)
    assert.match(wrong(found)[0]?.detail ?? "", /"import_key" does not exist in this account; make one with/)
  })

  it("says that HubSpot does not answer", async () => {
    const { code, stdout } = await run(
      ["doctor", "--base-url", "http://127.0.0.1:1", "--state-dir", files.at("state")],
      {
        token: canary
      }
    )
    assert.strictEqual(code, 75)
    assert.match(stdout, /^PROBLEM {2}HubSpot .*connection refused.*\n +→ check the network/m)
  })

  it("says that the database cannot be used, and looks at the rest", async () => {
    files.write("file", "")
    const { code, stdout } = await run(
      ["doctor", "--base-url", server.url, "--state-dir", files.at("file"), "--json"],
      { token: canary }
    )
    assert.strictEqual(code, 74)
    const found = JSON.parse(stdout) as ReadonlyArray<Check>
    assert.deepStrictEqual(
      wrong(found).map(({ name }) => name),
      ["database of jobs"]
    )
    assert.isTrue(found.some(({ name }) => name === "scope to read properties"))
  })
})
