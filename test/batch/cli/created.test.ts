import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary } from "../../support/canary.ts"
import * as Csv from "./csv.ts"
import { type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

describe("--created", () => {
  let server: Server
  let files: Directory

  beforeAll(async () => {
    files = directory()
    server = await serve("--unique", "import_key")
  })

  afterAll(async () => {
    await server.stop()
    files.remove()
    await endAll()
  })

  const rows = ["name,price,_note", "Chair,1.50,first", "Table,-1,refused", "Stool,2,third"].join("\n")

  const importFile = (name: string, text: string, ...flags: ReadonlyArray<string>) => {
    files.write(name, text)
    return run(["import", files.at(name), "--base-url", server.url, "--json", ...flags], { token: canary })
  }

  /** The ids of the file are those of the ledger, by the name of the row. */
  const sameAsLedger = async (
    name: string,
    id: (cells: ReadonlyMap<string, string>) => string | undefined
  ) => {
    const { created } = await server.ledger()
    const { records } = Csv.parse(files.read(name))
    for (const { cells } of records) {
      const found = created.find((record) => record.id === id(cells))
      assert.strictEqual(found?.properties["name"], cells.get("name"))
    }
    return records.map(({ cells }) => Object.fromEntries(cells))
  }

  it("keeps the original columns with id, account and how, of rows that were created only", async () => {
    const end = await importFile("items.csv", `${rows}\n`, "--created", files.at("created.csv"))
    assert.strictEqual(end.code, 3)
    const written = await sameAsLedger("created.csv", (cells) => cells.get("_id"))
    assert.deepStrictEqual(
      written.map(({ _id, ...cells }) => cells),
      [
        { name: "Chair", price: "1.50", _note: "first", _account: "891936587", _how: "created" },
        { name: "Stool", price: "2", _note: "third", _account: "891936587", _how: "created" }
      ]
    )
    assert.strictEqual(summaryOf(end).created, 2)
  })

  it("is written of a durable import as well, also by a later resume", async () => {
    const state = ["--state-dir", files.at("state")]
    const first = await importFile(
      "job.csv",
      `${rows}\n`,
      "--job",
      "c1",
      ...state,
      "--created",
      files.at("job-created.csv")
    )
    assert.strictEqual(first.code, 3, first.stderr)
    assert.lengthOf(await sameAsLedger("job-created.csv", (cells) => cells.get("_id")), 2)
    const again = await run(
      ["resume", "c1", "--base-url", server.url, ...state, "--created", files.at("again.csv"), "--json"],
      { token: canary }
    )
    assert.strictEqual(again.code, 3, again.stderr)
    assert.strictEqual(files.read("again.csv"), files.read("job-created.csv"))
  })

  it("says of a row that was found after a doubt that it was found, and of an update that it was updated", async () => {
    const keyed = "name,import_key\nDesk,k1\nLamp,k2\n"
    const key = ["--key-property", "import_key", "--key-column", "import_key"]
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create", nth: 1 },
          fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
        }
      ]
    })
    await importFile("guard.csv", keyed, "--strategy", "guard", ...key, "--created", files.at("guarded.csv"))
    await server.fail({ rules: [] })
    const found = await sameAsLedger("guarded.csv", (cells) => cells.get("_id"))
    assert.deepStrictEqual(
      found.map(({ _how }) => _how),
      ["found", "found"]
    )
    await importFile(
      "upsert.csv",
      keyed,
      "--strategy",
      "upsert",
      ...key,
      "--created",
      files.at("upserted.csv")
    )
    const updated = Csv.parse(files.read("upserted.csv")).records.map(({ cells }) => cells.get("_how"))
    assert.deepStrictEqual(updated, ["updated", "updated"])
  })

  it("gives NDJSON for JSON", async () => {
    const end = await importFile(
      "items.ndjson",
      '{"name":"Chair","price":1.50}\n',
      "--created",
      files.at("created.ndjson")
    )
    assert.strictEqual(end.code, 0)
    assert.match(
      files.read("created.ndjson"),
      /^\{"name":"Chair","price":1\.50,"_id":"\d+","_account":"891936587","_how":"created"\}\n$/
    )
  })

  it("is refused as an input: its rows would be created twice", async () => {
    for (const name of ["created.csv", "created.ndjson"]) {
      const end = await run(["import", files.at(name), "--base-url", server.url], { token: canary })
      assert.strictEqual(end.code, 2)
      assert.include(end.stderr, `${name}:1:`)
      assert.match(end.stderr, /a "_how" column: this is a file of rows that were created/)
    }
  })

  it("is refused where the file exists, and leaves no other file behind", async () => {
    files.write("there.csv", "")
    const end = await importFile(
      "more.csv",
      `${rows}\n`,
      "--created",
      files.at("there.csv"),
      "--rejects",
      files.at("new-rejects.csv")
    )
    assert.strictEqual(end.code, 2)
    assert.isFalse(files.exists("new-rejects.csv"))
  })
})
