import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { statSync, symlinkSync } from "node:fs"
import { canary } from "../../support/canary.ts"
import { type Directory, directory, endAll, run, serve, type Server, summaryOf } from "./run.ts"

/** A batch of ten is stored and answered by a gateway instead. */
const lostAnswer = {
  rules: [
    {
      match: { path: "*/batch/create", nth: 3 },
      fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
    }
  ]
} as const

const refused = {
  rules: [
    {
      match: { path: "*/batch/create" },
      fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
    }
  ]
} as const

/** 100 rows: those on lines 20 and 40 are rejected, that on line 60 is invalid. */
const fileOf = (name: string): string =>
  ["name,price"]
    .concat(
      Array.from({ length: 100 }, (_, n) => {
        const line = n + 2
        return `${name} ${line},${line === 20 || line === 40 ? "-1" : line === 60 ? canary : "1.50"}`
      })
    )
    .join("\n")

const texts = (markup: string) =>
  markup
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("&quot;", '"')
    .trim()

/** The rows of the table with this label. */
const tableOf = (page: string, label: RegExp): ReadonlyArray<ReadonlyArray<string>> => {
  const found = [...page.matchAll(/aria-label="([^"]*)"[^>]*>\s*<table[^]*?<tbody>([^]*?)<\/tbody>/g)]
  const [, , body = ""] = found.find(([, name = ""]) => label.test(name)) ?? []
  return [...body.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row = ""]) =>
    [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell = ""]) => texts(cell))
  )
}

const commandsOf = (page: string): ReadonlyArray<string> =>
  [...page.matchAll(/<pre><code>([^]*?)<\/code><\/pre>/g)].map(([, command = ""]) => texts(command))

const verdictOf = (page: string): string => texts(/<p class="verdict">([^]*?)<\/p>/.exec(page)?.[1] ?? "")

describe("the page of an import", () => {
  let server: Server
  let files: Directory

  beforeAll(async () => {
    files = directory()
    server = await serve()
  })

  afterAll(async () => {
    await server.stop()
    files.remove()
    await endAll()
  })

  const command = (...args: ReadonlyArray<string>) => run(args, { token: canary, cwd: files.path })
  const flags = () => ["--base-url", server.url, "--batch-size", "10", "--limit", "100", "--json"]

  /** The names of the line items that HubSpot has, by their ids. */
  const named = async (name: string) =>
    new Map(
      (await server.ledger()).created
        .filter(({ properties }) => properties["name"]?.startsWith(`${name} `))
        .map(({ id, properties }) => [id, properties["name"]!] as const)
    )

  /** Holds the rows of a page against the ledger. */
  const asInLedger = async (page: string, name: string) => {
    const ledger = await named(name)
    const ids = tableOf(page, /^Ids by line$/)
    for (const [line, id = ""] of ids) assert.strictEqual(ledger.get(id), `${name} ${line}`)
    const shown = new Set(ids.map(([, id]) => id))
    const doubts = tableOf(page, /^In doubt rows/).map(([line]) => `${name} ${line}`)
    assert.deepStrictEqual(
      doubts.toSorted(),
      [...ledger]
        .filter(([id]) => !shown.has(id))
        .map(([, row]) => row)
        .toSorted()
    )
    assert.deepStrictEqual(
      tableOf(page, /^Rejected rows/).map(([line]) => line),
      ["20", "40"]
    )
    assert.deepStrictEqual(
      tableOf(page, /^Invalid rows/).map(([line]) => line),
      ["60"]
    )
    return { ids: ids.length, doubts: doubts.length }
  }

  it("says of every row what the ledger says, and nothing that is secret", async () => {
    files.write("plain.csv", fileOf("Plain"))
    await server.fail(lostAnswer)
    const end = await command("import", "plain.csv", "--report", "plain.html", ...flags())
    await server.fail({ rules: [] })
    assert.strictEqual(end.code, 4, end.stderr)
    const { created, inDoubt } = summaryOf(end)
    const page = files.read("plain.html")
    assert.deepStrictEqual(await asInLedger(page, "Plain"), { ids: created, doubts: inDoubt })
    assert.strictEqual(
      verdictOf(page),
      `${created} of 100 rows are line items in HubSpot; 2 rejected, 1 invalid, ${inDoubt} in doubt.`
    )
    assert.deepStrictEqual(tableOf(page, /^Requests that were not accepted$/), [
      ["Server failed", "1", "10", "perhaps"]
    ])
    assert.include(page, ">limit 100</text>")
    assert.include(page, "&lt;redacted&gt;")
    assert.notInclude(page, canary)
    assert.strictEqual(statSync(files.at("plain.html")).mode & 0o777, 0o600)
  })

  it("is the same from the store of a job, at any time; its commands work when pasted", async () => {
    files.write("job.csv", fileOf("Job"))
    await server.fail(lostAnswer)
    const job = ["--job", "q3", "--state-dir", "state", "--report", "q3.html"]
    const first = await command("import", "job.csv", ...job, ...flags())
    await server.fail({ rules: [] })
    assert.strictEqual(first.code, 4, first.stderr)
    const { created, inDoubt } = summaryOf({ ...first, stdout: first.stdout.replace(/,"job":"q3"/, "") })
    const page = files.read("q3.html")
    assert.deepStrictEqual(await asInLedger(page, "Job"), { ids: created, doubts: inDoubt })

    const report = await command("report", "q3", "--state-dir", "state", "--limit", "100")
    assert.strictEqual(report.code, 0, report.stderr)
    assert.strictEqual(report.stdout, "q3: the report is in q3-report.html\n")
    const again = files.read("q3-report.html")
    const withoutTime = (text: string) => text.replace(/Written\s+<time[^]*?<\/time>/, "")
    assert.strictEqual(withoutTime(again), withoutTime(page))
    assert.strictEqual(statSync(files.at("q3-report.html")).mode & 0o777, 0o600)

    const [resolve = "", apply = "", resume = "", retry = "", ...others] = commandsOf(page)
    const at = `--base-url ${server.url} --state-dir state`
    assert.strictEqual(resolve, `line-items resolve q3 ${at}`)
    assert.strictEqual(apply, `line-items resolve q3 --apply ${at}`)
    assert.strictEqual(resume, `line-items resume q3 --rejects q3-rejects.csv ${at} --limit 100`)
    assert.strictEqual(retry, `line-items retry q3 q3-rejects.csv ${at} --limit 100`)
    assert.include(others, `line-items resume q3 --created q3-created.csv ${at} --limit 100`)
    const pasted = (line: string) => command(...line.split(" ").slice(1))
    // Without a key or a parent it can only say that it does not know.
    assert.include((await pasted(resolve)).stdout, "is unknown; look in HubSpot")
    assert.strictEqual((await pasted(apply)).code, 4)
    assert.strictEqual((await pasted(resume)).code, 4)
    assert.include(files.read("q3-rejects.csv"), "Job 20,-1,20,")
    files.write("q3-rejects.csv", files.read("q3-rejects.csv").replaceAll(",-1,", ",1,"))
    assert.strictEqual((await pasted(retry)).code, 3)
    assert.lengthOf(
      [...(await named("Job")).values()].filter((name) => / (?:20|40)$/.test(name)),
      2
    )
  })

  it("says of a job that does not go on what is left, and how to go on", async () => {
    files.write("held.csv", fileOf("Held"))
    await server.fail(refused)
    const end = await command("import", "held.csv", "--job", "held", "--state-dir", "state", ...flags())
    await server.fail({ rules: [] })
    assert.strictEqual(end.code, 5, end.stderr)
    const report = await command("report", "held", "--state-dir", "state", "--output", "held.html")
    assert.strictEqual(report.code, 0, report.stderr)
    const page = files.read("held.html")
    assert.strictEqual(
      verdictOf(page),
      "None of 100 rows is a line item in HubSpot; 1 invalid, 99 without an outcome yet."
    )
    assert.include(texts(page), "The limit is not drawn")
    const [resume = ""] = commandsOf(page)
    assert.strictEqual(resume, `line-items resume held --base-url ${server.url} --state-dir state`)
    assert.strictEqual((await command(...resume.split(" ").slice(1))).code, 3)
    assert.strictEqual((await named("Held")).size, 97)
  })

  it("is written over no file, and where it cannot be written nothing is sent", async () => {
    files.write("once.csv", "name\nOnce 2\n")
    files.write("there.html", "mine")
    const there = await command("import", "once.csv", "--report", "there.html", ...flags())
    assert.strictEqual(there.code, 2)
    assert.include(there.stderr, "there.html exists; choose another name or remove it")
    assert.strictEqual(files.read("there.html"), "mine")
    for (const job of [[], ["--job", "once", "--state-dir", "state"]]) {
      const nowhere = await command("import", "once.csv", "--report", "no/such.html", ...job, ...flags())
      assert.strictEqual(nowhere.code, 74, nowhere.stderr)
      assert.include(nowhere.stderr, "no/such.html cannot be written: no such directory")
    }
    symlinkSync("nowhere", files.at("link.html"))
    const linked = await command("import", "once.csv", "--report", "link.html", ...flags())
    assert.strictEqual(linked.code, 2)
    const missing = await command("report", "nosuch", "--state-dir", "state")
    assert.strictEqual(missing.code, 2)
    assert.strictEqual((await named("Once")).size, 0)
  })

  it("takes the place of no other file of the same run, and says so", async () => {
    files.write("same.csv", fileOf("Same"))
    const written = ["--rejects", "same.out", "--report", "./same.out"]
    const job = ["--job", "same", "--state-dir", "state"]
    const end = await command("import", "same.csv", ...written, ...job, ...flags())
    assert.strictEqual(end.code, 74, end.stderr)
    assert.include(end.stderr, "./same.out exists; choose another name or remove it")
    assert.include(files.read("same.out"), "Same 20,-1,20,")
    assert.notInclude(files.read("same.out"), "<html")
  })

  it("has no secret of the names of files either", async () => {
    files.write("names.csv", fileOf("Names"))
    const job = ["--job", "names", "--state-dir", `state-${canary}`]
    const report = ["--created", `created-${canary}.csv`, "--report", "names.html"]
    assert.strictEqual((await command("import", "names.csv", ...report, ...flags())).code, 3)
    assert.notInclude(files.read("names.html"), canary)
    assert.strictEqual((await command("import", "names.csv", ...job, ...flags())).code, 3)
    const of = await command("report", ...job.slice(1), "--output", "names-job.html")
    assert.strictEqual(of.code, 0, of.stderr)
    assert.notInclude(files.read("names-job.html"), canary)
  })
})
