/**
 * `undo`: what was created is archived if it is as its row made it, once, and nothing else.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Csv from "./csv.ts"
import { canary, type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  server = await serve()
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) =>
  run([...args, "--base-url", server.url], { cwd: files.path, token: canary })

/** Imports a file and keeps its created rows; succeeds with their ids. */
const imported = async (name: string, text: string, ...flags: ReadonlyArray<string>) => {
  files.write(name, text)
  const created = name.replace(".", "-created.")
  const end = await on("import", name, "--json", "--created", created, ...flags)
  assert.strictEqual(end.code, 0, end.stderr)
  return { created, count: summaryOf(end).created }
}

const api = (method: "GET" | "PATCH" | "DELETE", path: string, body?: object) =>
  HttpClientRequest.make(method)(`${server.url}/crm/v3/objects/line_items${path}`).pipe(
    HttpClientRequest.bearerToken(canary),
    body === undefined ? (same) => same : HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

const isThere = async (id: string) => (await api("GET", `/${id}`)).status === 200
const idsOf = (created: string) =>
  Csv.parse(files.read(created)).records.map(({ cells }) => cells.get("_id")!)
const archives = async () =>
  (await server.ledger()).requests.filter(({ path }) => path.endsWith("/batch/archive")).length

describe("undo", () => {
  it("says what it would do without --yes, and archives what is as its row made it with it", async () => {
    const { created } = await imported("a.csv", "name,price\nChair,1.5\nTable,2\nLamp,3\nDesk,4\n")
    const [chair, table, lamp, desk] = idsOf(created)
    await api("PATCH", `/${table!}`, { properties: { price: "9" } })
    await api("DELETE", `/${lamp!}`)
    const before = await archives()
    const asked = await on("undo", created, "--json")
    assert.strictEqual(asked.code, 2)
    assert.deepStrictEqual(JSON.parse(asked.stdout), {
      status: "PENDING",
      inputs: 4,
      planned: 2,
      archived: 0,
      left: 2,
      requests: 2
    })
    assert.deepStrictEqual(asked.stderr.trimEnd().split("\n"), [
      `${created}:3: left: it was changed since: price is "9" in HubSpot, and "2" in the row`,
      `${created}:4: left: it is in HubSpot no more`,
      `${created}: would archive 2 line items of account 891936587; nothing was archived: give --yes to do it`
    ])
    assert.isFalse(files.exists(`${created}.undo.csv`))
    assert.strictEqual(await archives(), before)
    assert.isTrue(await isThere(chair!))

    const done = await on("undo", created, "--yes")
    assert.strictEqual(done.code, 3, done.stderr)
    assert.strictEqual(done.stdout, `${created}: 2 line items archived, 2 left; see ${created}.undo.csv\n`)
    assert.deepStrictEqual(await Promise.all([chair, table, lamp, desk].map((id) => isThere(id!))), [
      false,
      true,
      false,
      false
    ])
    assert.strictEqual(await archives(), before + 1)

    const again = await on("undo", created, "--yes", "--json")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.deepInclude(JSON.parse(again.stdout), { status: "COMPLETE", archived: 2 })
    assert.strictEqual(await archives(), before + 1)
  })

  it("goes on where it was broken off, and archives nothing that is not in its plan", async () => {
    const { created } = await imported("b.csv", `name\n${"Stool\n".repeat(2500)}`)
    const ids = idsOf(created)
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/archive", nth: 12 },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 401 } }
        }
      ]
    })
    const first = await on("undo", created, "--yes", "--json")
    assert.strictEqual(first.code, 5, first.stderr)
    const { archived, status } = JSON.parse(first.stdout)
    assert.strictEqual(status, "PROCESSING")
    assert.isAtLeast(archived, 1000)
    assert.isBelow(archived, 2500)
    await server.fail({ rules: [] })
    // A row that was not planned, and one that was changed since.
    const text = files.read(created)
    files.write(created, `${text}${text.split("\n")[1]!}\n`)
    const foreign = await on("undo", created, "--yes")
    assert.strictEqual(foreign.code, 2)
    assert.include(foreign.stderr, "it is not the file that")
    files.write(created, text)
    await api("PATCH", `/${ids[2499]!}`, { properties: { name: "Bench" } })
    const second = await on("undo", created, "--yes", "--json")
    assert.strictEqual(second.code, 3, second.stderr)
    assert.deepInclude(JSON.parse(second.stdout), { status: "COMPLETE", archived: 2499 })
    assert.isTrue(await isThere(ids[2499]!))
    assert.isFalse(await isThere(ids[2498]!))
  })

  it("leaves what was found or updated, and rows that cannot be compared", async () => {
    const { created } = await imported("c.csv", "name,price\nA,1\nB,2\nC,3\n")
    const lines = files.read(created).split("\n")
    lines[1] = lines[1]!.replace(/created$/, "found")
    lines[2] = lines[2]!.replace(/created$/, "updated")
    lines[3] = lines[3]!.replace("C,3", 'C,"3,0"')
    files.write(created, lines.join("\n"))
    const end = await on("undo", created, "--yes", "--json")
    assert.strictEqual(end.code, 3)
    assert.deepInclude(JSON.parse(end.stdout), { planned: 0, archived: 0, left: 3 })
    assert.match(
      end.stderr,
      /:2: left: it was found .*\n.*:3: left: it was there before .*\n.*:4: left: the row cannot be/
    )
  })

  it("reads the file as it is declared, and NDJSON", async () => {
    const semicolon = [
      "--declare",
      "delimiter=semicolon",
      "--declare",
      "decimal=comma",
      "--map",
      "Preis=price"
    ]
    files.write("d.csv", "name;Preis\nStuhl;1,50\n")
    const end = await on("import", "d.csv", "--json", "--created", "d-created.csv", ...semicolon)
    assert.strictEqual(end.code, 0, end.stderr)
    // The file as it is written: with its own delimiter or with commas.
    const own = files.read("d-created.csv").split("\n")[0]!.includes(";") ? semicolon : semicolon.slice(2)
    const undone = await on("undo", "d-created.csv", "--yes", "--json", ...own)
    assert.strictEqual(undone.code, 0, undone.stderr)
    assert.strictEqual(JSON.parse(undone.stdout).archived, 1)

    const lines = '{"name":"A","price":1.50}\n{"properties":{"name":"B"}}\n'
    const { created } = await imported("e.ndjson", lines)
    const json = await on("undo", created, "--yes", "--json")
    assert.strictEqual(json.code, 0, json.stderr)
    assert.strictEqual(JSON.parse(json.stdout).archived, 2)
  })

  it("refuses another account, and a file that --created did not write", async () => {
    const { created } = await imported("f.csv", "name\nA\n")
    files.write("other.csv", files.read(created).replace("891936587", "4711"))
    const other = await on("undo", "other.csv", "--yes")
    assert.strictEqual(other.code, 2)
    assert.strictEqual(
      other.stderr,
      'line-items: other.csv: a row is of account "4711", and the token is of account 891936587; nothing was archived\n'
    )
    for (const name of ["f.csv", "g.ndjson", "none.csv", "how.csv"]) {
      files.write("g.ndjson", '{"name":"A"}\n')
      files.write("how.csv", "name,_how\nA,created\n")
      const end = await on("undo", name, "--yes")
      assert.strictEqual(end.code, 2, name)
      assert.lengthOf(end.stderr.trimEnd().split("\n"), 1)
    }
    assert.isTrue(await isThere(idsOf(created)[0]!))
  })
})
