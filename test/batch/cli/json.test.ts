/**
 * What other programs rely on: one JSON object on the standard output, exit codes, signals, and that
 * what is reported is what happened.
 */
import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Csv from "./csv.ts"
import {
  canary,
  counted,
  countsOf,
  type Directory,
  directory,
  endAll,
  type Finished,
  run,
  sample,
  serve,
  type Server,
  start,
  type Started,
  summaryOf,
  until
} from "./run.ts"

const rows = (count: number) =>
  `name,price,deal_id\n${Array.from({ length: count }, (_, index) => `Chair ${index + 1},12.50,4711\n`).join("")}`

let files: Directory
/** Both take seconds in which the processor has little to do, so other tests go on meanwhile. */
let unconnected: Promise<Finished>
let demo: Promise<Finished>

beforeAll(() => {
  files = directory()
  unconnected = run(["import", "-", "--json", "--base-url", "http://127.0.0.1:9"], {
    stdin: 'name,price\nChair,12.50\nStool,"1,5"\n',
    token: canary
  })
  demo = run(["demo"])
  files.write("three.csv", `${rows(2)}Stool,"1,5",4711\n`)
})

afterAll(() => {
  endAll()
  files.remove()
})

describe("--json", () => {
  it("prints one object with the documented keys, in their order, and all else on the standard error", async () => {
    const end = await run(["import", "three.csv", "--emulator", "--json"], { cwd: files.path })
    assert.deepStrictEqual(Object.keys(JSON.parse(end.stdout)), [
      "status",
      "inputs",
      "created",
      "rejected",
      "invalid",
      "notSent",
      "inDoubt",
      "requests",
      "elapsedMs"
    ])
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 3, created: 2, invalid: 1 }))
    assert.strictEqual(summaryOf(end).requests, 1)
    assert.match(
      end.stderr,
      /^three\.csv: the parents in "deal_id" are not checked: .*\nthree\.csv:4:2: price: "1,5" is not a finite number; [^\n]+\n$/
    )
    assert.strictEqual(end.code, 3)
  })

  it("without it the summary is text, with the same numbers and the same exit code", async () => {
    const end = await run(["import", "three.csv", "--emulator"], { cwd: files.path })
    assert.match(
      end.stdout,
      /^three\.csv: 3 rows in \d[\d.]* m?s, 1 request\n {2}created +2 .*\n {2}invalid +1 .*\n {2}each row at most once, .*\n$/
    )
    assert.strictEqual(end.code, 3)
  })

  for (const args of [
    ["import", sample, "--limit", "none"],
    ["import", sample, "--no-such-flag"],
    ["import"],
    ["resume", "not an id"],
    ["retry", "q3"]
  ]) {
    it(`a wrong use prints an object as well: ${args.map((arg) => (arg === sample ? "sample" : arg)).join(" ")}`, async () => {
      const end = await run([...args, "--json"], { token: canary })
      assert.strictEqual(end.code, 2)
      assert.deepStrictEqual(countsOf(end), counted({}, "CANCELED"))
      assert.match(end.stderr, /^line-items: [^\n]+\n$/)
    })
  }

  it("an import that could not begin prints an object as well, and whether it can be given again", async () => {
    const end = await run(["import", "none.csv", "--emulator", "--json"], { cwd: files.path })
    assert.deepStrictEqual(countsOf(end), counted({}, "CANCELED"))
    assert.strictEqual(end.code, 2)
    const job = ["--job", "unbegun", "--state-dir", files.at("unbegun"), "--base-url", "http://127.0.0.1:1"]
    const later = await run(["import", "three.csv", "--json", ...job], { cwd: files.path, token: canary })
    assert.deepStrictEqual(countsOf(later), {
      ...counted({}, "PROCESSING"),
      suspended: { reason: "network", resumeAt: null }
    })
    assert.strictEqual(later.code, 75)
  })
})

const postTo = (url: string, path: string, body: object) =>
  HttpClientRequest.post(`${url}/crm/v3/objects/line_items${path}`).pipe(
    HttpClientRequest.bearerToken(canary),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
    Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

describe("serve", () => {
  it("prints one line of url and admin key, and ends on SIGINT and SIGTERM", async () => {
    const ends: Array<Finished> = []
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const server = await serve()
      assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.deepStrictEqual(await server.ledger(), { created: [], requests: [] })
      ends.push(await server.stop(signal))
    }
    for (const { code, signal, stderr, stdout } of ends) {
      assert.deepStrictEqual({ code, signal, stderr }, { code: 130, signal: null, stderr: "" })
      assert.match(stdout, /^\{"url":"[^"]+","adminKey":"[0-9a-f]{32,}"\}\n$/)
    }
  })

  it("keeps the last of what happened where it is told how much", async () => {
    const refused = await run(["serve", "--keep", "0"])
    assert.deepStrictEqual(
      { code: refused.code, stderr: refused.stderr },
      { code: 2, stderr: 'line-items: --keep: "0" is not a whole number from 1 to 999999999\n' }
    )
    const server = await serve("--keep", "120")
    const end = await run(["import", "-", "--json", "--base-url", server.url], {
      stdin: rows(250),
      token: canary
    })
    assert.strictEqual(end.code, 0)
    const { created, forgotten } = await server.ledger()
    assert.lengthOf(created, 120)
    assert.strictEqual(forgotten?.created, 130)
    await server.stop("SIGTERM")
  })

  it("finds new line items in searches after a lag, which is not zero by default", async () => {
    const found = async (url: string): Promise<number> => {
      const { text } = await postTo(url, "/search", { filterGroups: [] })
      return (JSON.parse(text) as { readonly total: number }).total
    }
    const lagging = await serve("--search-lag", "300ms")
    assert.strictEqual((await postTo(lagging.url, "", { properties: { name: "Chair" } })).status, 201)
    assert.strictEqual(await found(lagging.url), 0)
    await until(
      () => found(lagging.url),
      (total) => total === 1
    )
    await lagging.stop("SIGTERM")
    const started = start(["serve", "--json"], { token: canary })
    await started.seen("stdout", "\n")
    const { url } = JSON.parse(started.said()) as { readonly url: string }
    await postTo(url, "", { properties: { name: "Chair" } })
    assert.strictEqual(await found(url), 0)
    started.kill("SIGTERM")
    await started.finished
  })

  it("behaves as it is told, and says in one line what it cannot be told", async () => {
    const server = await serve(
      "--unique=key",
      "--required=hs_sku",
      "--required=cost_center:name=Chair",
      "--behaviour=duplicateValue=invalidValue",
      "--behaviour=missingProperties=errors"
    )
    const create = (properties: object) => postTo(server.url, "", { properties })
    assert.strictEqual((await create({ key: "A", hs_sku: "S" })).status, 201)
    assert.include((await create({ key: "A", hs_sku: "S" })).text, "CONFLICTING_UNIQUE_VALUE")
    const missing = await create({ name: "Chair" })
    assert.strictEqual(missing.status, 400)
    assert.include(missing.text, "hs_sku is required")
    assert.include(missing.text, "cost_center is required when name is Chair")
    await server.stop("SIGTERM")
    for (const [flag, value, expected] of [
      ["--search-lag", "3", "is not a time with its unit, such as 3s, or 0s for none"],
      ["--unique", "My Key", "is not the internal name of a property"],
      ["--required", "A=b", "is not a property, or a property, a colon and the condition property=value"],
      ["--behaviour", "duplicateValue=perhaps", "duplicateValue=conflict|invalidValue"],
      ["--behaviour", "constructor=conflict", "is not a setting of the emulator and its value"]
    ] as const) {
      const { code, stderr } = await run(["serve", flag, value])
      assert.strictEqual(code, 2)
      assert.include(stderr, `line-items: ${flag}: "${value}" `)
      assert.include(stderr, expected)
    }
  })

  it("takes every setting of the emulator, with every value", async () => {
    const all = Object.entries<ReadonlyArray<string>>(Behaviour.settings)
    const most = Math.max(...all.map(([, values]) => values.length))
    for (let n = 1; n < most; n++) {
      const wanted = Object.fromEntries(all.map(([name, values]) => [name, values[n] ?? values[0]!]))
      const flags = Object.entries(wanted).map(([name, value]) => `--behaviour=${name}=${value}`)
      const started = start(["serve", "--json", ...flags], { token: canary })
      await started.seen("stdout", "\n")
      const { adminKey, url } = JSON.parse(started.said()) as {
        readonly adminKey: string
        readonly url: string
      }
      const told = await Effect.runPromise(
        HttpClientRequest.get(`${url}/_emulator/behaviour`).pipe(
          HttpClientRequest.bearerToken(adminKey),
          HttpClient.execute,
          Effect.flatMap((response) => response.json),
          Effect.provide(FetchHttpClient.layer)
        )
      )
      assert.deepStrictEqual<unknown>(told, { ...wanted, requiredProperties: [] })
      started.kill("SIGTERM")
      await started.finished
    }
  })

  it("takes a key property from setup-key, twice as well as once, and an import that goes by it", async () => {
    const server = await serve("--token", canary)
    const options = { token: canary, stdin: "name,hs_sku\nChair,k1\nTable,k2\n" }
    const to = ["--base-url", server.url, "--key-property", "import_key"]
    const before = await run(["import", "-", "--json", "--strategy", "guard", ...to], options)
    assert.strictEqual(before.code, 2)
    assert.strictEqual(
      before.stderr,
      'line-items: property "import_key" does not exist in this account; make one with `line-items setup-key --key-property import_key`\n'
    )
    for (const _ of ["first", "again"]) {
      const { code, stderr, stdout } = await run(["setup-key", ...to], options)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.include(stdout, 'property "import_key" can hold keys')
    }
    const plain = await run(["setup-key", ...to.with(3, "hs_sku")], options)
    assert.deepStrictEqual(
      { code: plain.code, stderr: plain.stderr },
      {
        code: 2,
        stderr:
          'line-items: property "hs_sku" does not have unique values; make one with `line-items setup-key --key-property import_key`\n'
      }
    )
    const end = await run(
      ["import", "-", "--json", "--strategy", "guard", "--key-column", "hs_sku", ...to],
      options
    )
    assert.strictEqual(end.code, 0)
    const { created } = await server.ledger()
    assert.deepStrictEqual(
      created
        .flatMap(({ properties: { import_key, name } }) =>
          name === "effect-hubspot canary" ? [] : [[name, import_key]]
        )
        .sort(),
      [
        ["Chair", "k1"],
        ["Table", "k2"]
      ]
    )
    await server.stop("SIGTERM")
  })

  it("settles rows in doubt as it is told to", async () => {
    const server = await serve("--token", canary)
    const key = ["--base-url", server.url, "--key-property", "import_key"]
    assert.strictEqual((await run(["setup-key", ...key], { token: canary })).code, 0)
    const importBy = async (...flags: ReadonlyArray<string>) => {
      // HubSpot stores the rows; the answer is lost.
      await server.fail({
        rules: [
          {
            match: { path: "*/batch/create", nth: 1 },
            fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
          }
        ]
      })
      const before = (await server.ledger()).created.length
      const end = await run(["import", "-", "--json", "--base-url", server.url, ...flags], {
        token: canary,
        stdin: "name,_line_of_order\nChair,k1\nTable,k2\n"
      })
      const { created } = await server.ledger()
      const rows = created
        .slice(before)
        .filter(({ properties }) => properties["name"] !== "effect-hubspot canary")
      const { elapsedMs: _, requests: __, ...summary } = summaryOf(end)
      return { ...end, summary, keys: rows.map(({ properties }) => properties["import_key"]).sort() }
    }

    const doubtful = await importBy()
    assert.deepStrictEqual(doubtful.summary, counted({ inputs: 2, inDoubt: 2 }))
    assert.deepStrictEqual([doubtful.code, doubtful.keys], [4, [undefined, undefined]])

    const twice = await importBy("--strategy", "at-least-once")
    assert.deepStrictEqual<unknown>(twice.summary, {
      ...counted({ inputs: 2, created: 2 }),
      possibleDuplicates: 2
    })
    assert.lengthOf(twice.keys, 4)
    assert.strictEqual(twice.code, 0)
    const second = (await server.ledger()).created.slice(-2)
    const ids = ["Chair", "Table"].map(
      (name) => second.find(({ properties }) => properties["name"] === name)?.id
    )
    assert.deepStrictEqual(
      twice.stderr.split("\n").filter((line) => line.includes("possibly")),
      ids.map(
        (id, row) =>
          `stdin:${row + 2}: created as ${id}, and possibly twice; look in HubSpot for a second one`
      )
    )

    const guarded = ["--strategy", "guard", "--key-property", "import_key", "--key-column", "_line_of_order"]
    const once = await importBy(...guarded)
    assert.deepStrictEqual(once.summary, counted({ inputs: 2, created: 2 }))
    assert.deepStrictEqual([once.code, once.keys], [0, ["k1", "k2"]])
    const again = await importBy(...guarded)
    assert.deepStrictEqual(again.summary, counted({ inputs: 2, created: 2 }))
    assert.deepStrictEqual([again.code, again.keys], [0, []])
    await server.stop("SIGTERM")
  })

  it("keeps a ledger of what was created and of every request", async () => {
    const server = await serve("--token", canary)
    const importInto = (token: string) =>
      run(["import", "-", "--json", "--base-url", server.url], { stdin: rows(1), token })
    files.write("cut.csv", `${rows(250)}"Chair`)
    const cut = await run(["import", files.at("cut.csv"), "--json", "--base-url", server.url], {
      token: canary
    })
    assert.strictEqual(cut.code, 2)
    assert.deepStrictEqual((await server.ledger()).requests, [], "a file is checked before anything is sent")
    assert.strictEqual((await importInto("pat-eu1-another-token")).code, 5)
    assert.strictEqual((await importInto(canary)).code, 0)
    const { created, forgotten, requests } = await server.ledger()
    const [{ objectWriteTraceId, ...record } = assert.fail("nothing was created"), ...more] = created
    assert.deepStrictEqual(more, [])
    assert.match(objectWriteTraceId ?? "", /^[\w-]{1,64}$/)
    assert.deepStrictEqual(record, {
      id: "20000000001",
      properties: { name: "Chair 1", price: "12.50" },
      associations: [
        { to: { id: "4711" }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }] }
      ],
      createdAt: record.createdAt
    })
    assert.strictEqual(new Date(record.createdAt).toISOString(), record.createdAt)
    assert.deepStrictEqual(
      requests.map(({ inputs, method, path, status }) => ({ method, path, status, inputs })),
      [
        { method: "GET", path: "/crm/v3/properties/line_items", status: 200, inputs: null },
        { method: "POST", path: "/crm/v3/objects/line_items/batch/create", status: 201, inputs: 1 }
      ]
    )
    // The one with the other token.
    assert.deepStrictEqual(forgotten, { created: 0, requests: 0, unauthorized: 1 })
    const first = requests[0]?.at ?? 0
    assert.isTrue(
      requests.every(({ at }) => at >= first && Math.abs(at - Date.parse(record.createdAt)) < 60_000)
    )
    await server.stop()
  })
})

describe("Ctrl-C", () => {
  const importSample = (server: Server, name: string): Started =>
    start(
      `import ${sample} --json --base-url ${server.url} --concurrency 2`
        .split(" ")
        .concat("--rejects", files.at(`${name}.csv`), "--doubts", files.at(`${name}-doubts.csv`)),
      { token: canary }
    )

  const untilSent = async (server: Server, { code }: Started, requests: number): Promise<void> => {
    await until(
      async () =>
        (await server.ledger()).requests.filter(({ path }) => path.endsWith("/batch/create")).length,
      (sent) => {
        if (code() !== null) throw new Error("it ended too soon")
        return sent >= requests
      }
    )
  }

  describe("once", () => {
    let server: Server
    let end: Finished

    beforeAll(async () => {
      server = await serve("--latency", "200-300")
      const started = importSample(server, "once")
      await untilSent(server, started, 5)
      started.kill("SIGINT")
      end = await started.finished
    })

    afterAll(() => server.stop())

    it("stops sending, waits for what is under way, and exits 130 with the true numbers", async () => {
      const summary = summaryOf(end)
      const { created, requests } = await server.ledger()
      assert.strictEqual(end.code, 130)
      assert.strictEqual(summary.status, "CANCELED")
      assert.strictEqual(summary.inputs, 10_000)
      assert.strictEqual(summary.inDoubt, 0)
      assert.strictEqual(summary.created, created.length)
      assert.strictEqual(summary.requests, requests.length)
      assert.isAtLeast(summary.created, 300)
      assert.isBelow(summary.created, 9900)
      assert.match(end.stderr, /^stopping: waiting for the requests under way/m)
      assert.match(end.stderr, /line-items\.csv: \d,\d{3} rows not sent: the job was stopped\n$/)
    })

    it("keeps every row that was not created, ready to be imported", async () => {
      const { records } = Csv.parse(files.read("once.csv"))
      const summary = summaryOf(end)
      const created = new Set(
        (await server.ledger()).created.map(({ properties }) => JSON.stringify(properties))
      )
      assert.strictEqual(records.length, summary.notSent + summary.invalid + summary.rejected)
      assert.strictEqual(new Set(records.map(({ cells }) => cells.get("_line"))).size, records.length)
      assert.isTrue(created.size > 0)
      const reasons = records.filter(({ cells }) => cells.get("_reason") === "not sent: the job was stopped")
      assert.strictEqual(reasons.length, summary.notSent)
      assert.strictEqual(Csv.parse(files.read("once-doubts.csv")).records.length, 0)
    })
  })

  it("before the first row ends at once, and a script gets its object", async () => {
    const server = await serve("--latency", "600000-600000")
    const started = importSample(server, "before")
    await until(
      async () => (await server.ledger()).requests.length,
      (asked) => asked > 0
    )
    started.kill("SIGINT")
    const end = await started.finished
    assert.deepStrictEqual(countsOf(end), counted({}, "CANCELED"))
    assert.strictEqual(end.code, 130)
    assert.isFalse(files.exists("before.csv"))
    await server.stop()
  })

  describe("twice", () => {
    let server: Server
    let end: Finished
    let unanswered: number

    beforeAll(async () => {
      server = await serve()
      const silent = { place: "beforeCommit", reply: { kind: "never" } } as const
      await server.fail({ rules: [{ match: { path: "*/batch/create" }, fault: silent }] })
      const started = importSample(server, "twice")
      // An import begins with one batch.
      await untilSent(server, started, 1)
      started.kill("SIGINT")
      await started.seen("stderr", "stopping:")
      started.kill("SIGINT")
      end = await started.finished
      unanswered = (await server.ledger()).requests.filter(({ status }) => status === 0).length
    })

    afterAll(() => server.stop())

    it("leaves at once, with what was under way in doubt", async () => {
      const summary = summaryOf(end)
      assert.strictEqual(end.code, 130)
      assert.strictEqual(summary.status, "CANCELED")
      assert.strictEqual(unanswered, 1)
      assert.isAtLeast(summary.inDoubt, 100)
    })

    it("counts no row as in doubt that was never sent, and leaves none out", () => {
      const summary = summaryOf(end)
      assert.strictEqual(summary.inDoubt, 100)
      assert.strictEqual(summary.inputs, 10_000)
    })

    it("writes the rows in doubt into the file of doubts, and the others into the rejects", () => {
      assert.strictEqual(Csv.parse(files.read("twice-doubts.csv")).records.length, 100)
      assert.strictEqual(Csv.parse(files.read("twice.csv")).records.length, 9900)
    })
  })

  it("while it waits for a pipe ends it, and what was read and not sent is told", async () => {
    const started = start(["import", "-", "--emulator", "--json"])
    started.write(`${rows(2)}Stool,"1,5",4711\n`)
    await started.seen("stderr", "stdin:4:2: price")
    started.kill("SIGTERM")
    const end = await started.finished
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 3, invalid: 1, notSent: 2 }, "CANCELED"))
    assert.strictEqual(end.code, 130)
  })
})

describe("without a connection", () => {
  let end: Finished

  beforeAll(async () => {
    end = await unconnected
  })

  it("says that it could go on later, and exits 75", () => {
    assert.deepStrictEqual(countsOf(end), {
      ...counted({}, "PROCESSING"),
      suspended: { reason: "network", resumeAt: null }
    })
    assert.strictEqual(
      end.stderr,
      "line-items: no connection to HubSpot (connection refused); nothing was sent; this command has sent no row, so give it again once HubSpot answers\n"
    )
    assert.strictEqual(end.code, 75)
  })

  it("calls one row a row that the token may not create", async () => {
    const server = await serve()
    await server.grant("crm.schemas.line_items.read")
    const { code, stderr } = await run(["import", "-", "--base-url", server.url], {
      stdin: rows(1),
      token: canary
    })
    assert.match(stderr, /^stdin: 1 row not sent: /m)
    assert.strictEqual(code, 5)
    await server.stop()
  })
})

describe("demo", () => {
  it("imports the sample, and says that report and ledger agree", async () => {
    const end = await demo
    assert.strictEqual(end.code, 0)
    assert.match(end.stdout, /docs\/examples\/line-items\.csv: 10,000 rows in [\d.]+ s, 100 requests\n/)
    assert.match(end.stdout, / created +9,900 .*\n +rejected +27 .*\n +invalid +73 /)
    assert.include(end.stdout, "The emulator's ledger: 9,900 line items, 100 requests.\n")
    assert.include(end.stdout, "Report and ledger agree")
    assert.match(end.stdout, /reject 27 of the rows, and 73 are\ninvalid/)
  })
})
