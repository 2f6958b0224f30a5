import { afterAll, afterEach, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import * as Binary from "../support/binary.ts"
import { serve, type Server } from "../batch/cli/run.ts"
import { file } from "./recordings.ts"

/* `pnpm contract` as a process of its own, against `line-items serve`. */

const token = "contract-token-1"

const contract = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Binary.start({
    command: [Binary.node, "test/contract/contract.ts", ...args],
    cwd: Binary.root,
    env
  })

const against = ({ url }: Server) =>
  contract(["--live", "--base-url", url, "--max-wait", "0"], { HUBSPOT_CONTRACT_TOKEN: token })

const servers: Array<Server> = []
const hubspot = async (...args: ReadonlyArray<string>): Promise<Server> => {
  const server = await serve("--token", token, ...args)
  servers.push(server)
  return server
}

/** What is in the account and not archived. */
const left = async ({ url }: Server): Promise<ReadonlyArray<string>> => {
  const read = async (path: string) => {
    const body = await Effect.runPromise(
      HttpClientRequest.get(`${url}${path}`).pipe(
        HttpClientRequest.bearerToken(token),
        HttpClient.execute,
        Effect.flatMap((response) => response.json),
        Effect.provide(FetchHttpClient.layer)
      )
    )
    return (body as { readonly results: ReadonlyArray<Record<string, string>> }).results
  }
  const items = await read("/crm/v3/objects/line_items?limit=100")
  const properties = await read("/crm/v3/properties/line_items")
  return [
    ...items.map(({ id }) => id!),
    ...properties.map(({ name }) => name!).filter((name) => name.startsWith("contract_key"))
  ]
}

describe("pnpm contract", () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop()
  })
  afterAll(() => Binary.endAll())

  it("says what it would do, and sends nothing", async () => {
    const server = await hubspot()
    const { code, stderr, stdout } = await contract(["--base-url", server.url]).finished
    assert.deepStrictEqual([code, stderr], [0, ""])
    assert.match(stdout, /^Would send about \d+ requests to http:\/\/127\.0\.0\.1/)
    for (const { name } of file.recordings) assert.include(stdout, name)
    for (const { question } of file.unknowns) assert.include(stdout, question)
    assert.deepStrictEqual((await server.ledger()).requests, [])
  })

  it("finds the emulator in agreement, answers every question that it asks, and leaves nothing", async () => {
    const server = await hubspot()
    const { code, stderr, stdout } = await against(server).finished
    assert.strictEqual(stderr, "")
    assert.notInclude(stdout, "DISAGREES")
    assert.notInclude(stdout, token)
    const tried = file.recordings.filter(({ notLive }) => notLive === undefined).length
    const asked = file.unknowns.filter(({ probe }) => probe !== undefined)
    for (const { question } of asked) assert.include(stdout, `answered  ${question} status `)
    assert.include(
      stdout,
      `${tried} of ${tried} recordings agree; ${asked.length} of ${file.unknowns.length} open questions are answered.`
    )
    assert.deepStrictEqual(await left(server), [])
    assert.isAbove((await server.ledger()).created.length, 20)
    assert.strictEqual(code, 0)
  })

  it("archives what it created when it is interrupted", async () => {
    const server = await hubspot("--latency", "40-40")
    const run = against(server)
    await run.seen("stdout", "agrees    an update without properties")
    run.kill("SIGINT")
    const { code, stdout } = await run.finished
    assert.strictEqual(code, 130)
    assert.match(stdout, /cleaned up: [1-9]\d* line items/)
    assert.notInclude(stdout, "agrees    archiving")
    assert.isAbove((await server.ledger()).created.length, 4)
    assert.deepStrictEqual(await left(server), [])
  })

  it("names a fact that the account contradicts, and a create whose reply is lost", async () => {
    const server = await hubspot()
    await server.fail({
      rules: [
        {
          match: { path: "*/line_items/batch/read" },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 500, body: "hubspot" } }
        },
        {
          match: { path: "/crm/v3/objects/line_items", method: "POST", nth: 1 },
          fault: { place: "afterCommit", reply: { kind: "reset" } }
        }
      ]
    })
    const { code, stdout } = await against(server).finished
    assert.strictEqual(code, 1)
    assert.include(stdout, "DISAGREES ids that are not there are one error of a batch read (high)")
    assert.match(stdout, /POST \S+\/batch\/read: status should be 207, but it is 500/)
    assert.match(stdout, /1 creates got no reply: look for line items with contract-\w+ in their names/)
    const [lost] = (await server.ledger()).created
    assert.deepStrictEqual(await left(server), [lost!.id])
  })

  it("needs a token, and gives it to HubSpot and this machine only", async () => {
    const bare = await contract(["--live"]).finished
    assert.deepStrictEqual([bare.code, bare.stdout], [2, ""])
    assert.match(bare.stderr, /HUBSPOT_CONTRACT_TOKEN is not set/)
    const elsewhere = await contract(["--live", "--base-url", "https://example.com"], {
      HUBSPOT_CONTRACT_TOKEN: token
    }).finished
    assert.deepStrictEqual([elsewhere.code, elsewhere.stdout], [2, ""])
    assert.match(elsewhere.stderr, /only HubSpot and this machine/)
  })
})
