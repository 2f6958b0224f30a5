/**
 * Retries of durable imports: what is sent again, what never is, and under which key.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Duration, Effect } from "effect"
import { batchesOf, rowsOf } from "../sql/jobStore/rows.ts"
import * as Csv from "./csv.ts"
import { canary, type Directory, directory, endAll, run, serve, type Server } from "./run.ts"

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
  run([...args, "--state-dir", "state"], { cwd: files.path, token: canary })
const connected = (...args: ReadonlyArray<string>) => on(...args, "--base-url", server.url)

/** The names of what was created, of those that begin so. */
const namesOf = async (prefix: string) =>
  (await server.ledger()).created
    .map(({ properties }) => properties["name"] ?? "")
    .filter((name) => name.startsWith(prefix))
    .sort()

const requests = async () => (await server.ledger()).requests.length

/** A job of five rows: the first and the last are created, two are rejected, one is invalid. */
const imported = async (job: string, prefix: string, ...args: ReadonlyArray<string>) => {
  files.write(
    `${job}.csv`,
    `name,price\n${prefix} 1,1\n${prefix} 2,-2\n${prefix} 3,three\n${prefix} 4,-4\n${prefix} 5,5\n`
  )
  const end = await connected("import", `${job}.csv`, "--job", job, "--rejects", `${job}-r.csv`, ...args)
  assert.strictEqual(end.code, 3, end.stderr)
}

const refusing = async (words: string, code: number, ...args: ReadonlyArray<string>) => {
  const before = await requests()
  const jobs = (await on("jobs", "--json")).stdout
  const end = await connected("retry", ...args)
  assert.strictEqual(end.code, code, `${args.join(" ")}: ${end.stderr}`)
  assert.strictEqual(end.stderr, `line-items: ${words}\n`)
  assert.strictEqual(end.stdout, "")
  assert.strictEqual(await requests(), before, "nothing was sent")
  assert.strictEqual((await on("jobs", "--json")).stdout, jobs, "no job was made or changed")
}

describe("a retry", () => {
  it("sends what was not created, once, and so does a retry of it, by the lines of the first file", async () => {
    await imported("q3", "Oak")
    const before = await on("status", "q3", "--json")
    // Corrected but for one, and in another order.
    files.write("c.csv", `_line,name,price\n5,Oak 4,-4\n3,Oak 2,2\n4,Oak 3,3.0\n`)
    const first = await connected("retry", "q3", "c.csv", "--rejects", "again.csv", "--json")
    assert.strictEqual(first.code, 3, first.stderr)
    const { elapsedMs: _, ...summary } = JSON.parse(first.stdout)
    assert.deepStrictEqual(summary, {
      status: "COMPLETE",
      inputs: 3,
      created: 2,
      rejected: 1,
      invalid: 0,
      notSent: 0,
      inDoubt: 0,
      requests: 2,
      job: "q3-retry-1"
    })
    assert.include(first.stderr, "c.csv: rows of job q3 again, as job q3-retry-1\n")
    assert.include(first.stderr, "c.csv:2:3: rejected: price:")
    assert.deepStrictEqual(await namesOf("Oak"), ["Oak 1", "Oak 2", "Oak 3", "Oak 5"])
    const left = Csv.parse(files.read("again.csv"))
    assert.deepStrictEqual(left.header, ["name", "price", "_line", "_reason"])
    assert.deepStrictEqual(
      left.records.map(({ cells }) => cells.get("_line")),
      ["5"]
    )

    // The whole file again, by whoever did not see that most of it is through.
    await refusing('c.csv:3: _line 3 was created in job "q3-retry-1"; take it out', 2, "q3", "c.csv")
    files.write("last.csv", files.read("again.csv").replace("-4", "4"))
    const second = await connected("retry", "q3-retry-1", "last.csv")
    assert.strictEqual(second.code, 0, second.stderr)
    assert.include(second.stderr, "as job q3-retry-2")
    assert.deepStrictEqual(await namesOf("Oak"), ["Oak 1", "Oak 2", "Oak 3", "Oak 4", "Oak 5"])
    for (const job of ["q3", "q3-retry-1", "q3-retry-2"]) {
      await refusing('last.csv:2: _line 5 was created in job "q3-retry-2"; take it out', 2, job, "last.csv")
    }
    assert.strictEqual((await on("status", "q3", "--json")).stdout, before.stdout)
    assert.include((await on("status", "q3-retry-2")).stdout, "\n  sends rows of q3-retry-1 again\n")
    assert.strictEqual(JSON.parse((await on("status", "q3-retry-2", "--json")).stdout).retryOf, "q3-retry-1")
  })

  it("refuses a file of which one row may not be sent, in one line, before anything is sent", async () => {
    await imported("pine", "Pine")
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["name\nPine 2\n", "f.csv:2: no _line; copy it from the rejects file"],
      ["name,_line\nPine 2,3\nPine 3,\n", "f.csv:3: no _line; copy it from the rejects file"],
      [
        "name,_line\nPine 2,3\nPine 3,x\n",
        'f.csv:3: _line "x" is not the number of a line; copy it from the rejects file'
      ],
      [
        "name,_line\nPine 2,3\nPine 9,9\n",
        'f.csv:3: _line 9: job "pine" has no row there; give the rejects file of this job'
      ],
      ["name,_line\nPine 2,3\nPine 1,2\n", 'f.csv:3: _line 2 was created in job "pine"; take it out'],
      [
        "name,_line\nPine 2,3\nPine 2,3\n",
        "f.csv:3: _line 3 is named twice, first in line 2; keep one of them"
      ],
      [
        'name,_line\n"Pine,3\n',
        "f.csv:2:1: the quote opened on line 2 is never closed; close it; inside a quoted cell a quote is written twice"
      ]
    ]
    for (const [text, words] of cases) {
      files.write("f.csv", text)
      await refusing(words, 2, "pine", "f.csv")
    }
    files.write("f.csv", "name,_line\nPine 2,3\n")
    await refusing('there is no job "larch"; list the jobs to see their ids', 2, "larch", "f.csv")
    await refusing("retry checks all rows before it sends one; give a regular file", 2, "pine", "-")
    await refusing(
      "pine-r.csv exists; choose another name or remove it",
      2,
      "pine",
      "f.csv",
      "--rejects",
      "pine-r.csv"
    )
    await refusing(
      'job "pine" exists (5 of 5 done); choose another id for other rows',
      2,
      "pine",
      "f.csv",
      "--job",
      "pine"
    )
    const long = "p".repeat(41)
    await imported(long, "Long")
    files.write("l.csv", "name,_line\nLong 2,3\n")
    await refusing(
      `"${long}-retry-1" is too long for the id of a job; give another with --job`,
      2,
      long,
      "l.csv"
    )
    const named = await connected("retry", long, "l.csv", "--job", "short")
    assert.strictEqual(named.code, 0, named.stderr)
    assert.deepStrictEqual(await namesOf("Pine"), ["Pine 1", "Pine 5"])
    assert.deepStrictEqual(await namesOf("Long"), ["Long 1", "Long 2", "Long 5"])
  })

  it("is of a job that is over, and not of one whose rows another retry may still send", async () => {
    files.write("elm.ndjson", '{"name":"Elm 1"}\n{"name":"Elm 2"}\n')
    const forbidden = {
      rules: [
        {
          match: { path: "*/batch/create" },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
        }
      ]
    } as const
    await server.fail(forbidden)
    const held = await connected("import", "elm.ndjson", "--job", "elm", "--batch-size", "1")
    assert.strictEqual(held.code, 5, held.stderr)
    files.write("elm-c.ndjson", '{"name":"Elm 1","_line":1}\n{"name":"Elm 2b","_line":2}\n')
    await refusing(
      `job "elm" is suspended, and only a job that is over can be retried; resume it, or cancel it and resume it: line-items resume elm --base-url ${server.url} --state-dir state`,
      2,
      "elm",
      "elm-c.ndjson"
    )
    await on("cancel", "elm")
    await connected("resume", "elm", "--rejects", "elm-r.ndjson")
    assert.strictEqual(files.read("elm-r.ndjson").split("\n").length, 3)

    const again = await connected("retry", "elm", "elm-c.ndjson")
    assert.strictEqual(again.code, 5, again.stderr)
    assert.include(again.stderr, "line-items resume elm-retry-1")
    await refusing(
      'elm-c.ndjson:1: _line 1 has no outcome yet in job "elm-retry-1"; resume that job first, or cancel it and resume it',
      2,
      "elm",
      "elm-c.ndjson",
      "--job",
      "other"
    )
    await server.fail({ rules: [] })
    const resumed = await connected("resume", "elm-retry-1")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(await namesOf("Elm"), ["Elm 1", "Elm 2b"])
  })

  it("leaves what is in doubt alone", async () => {
    files.write("ash.csv", "name\nAsh 1\nAsh 2\n")
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create" },
          fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
        }
      ]
    })
    const doubtful = await connected("import", "ash.csv", "--job", "ash")
    assert.strictEqual(doubtful.code, 4, doubtful.stderr)
    await server.fail({ rules: [] })
    files.write("ash-c.csv", "name,_line\nAsh 1,2\n")
    await refusing(
      'ash-c.csv:2: _line 2 is in doubt in job "ash"; take it out, or resolve the doubt first',
      2,
      "ash",
      "ash-c.csv"
    )
    assert.deepStrictEqual(await namesOf("Ash"), ["Ash 1", "Ash 2"])
  })

  it("gives a row the key that was made for it at first, so that HubSpot itself refuses a second one", async () => {
    const setup = await run(["setup-key", "--key-property", "import_key", "--base-url", server.url], {
      token: canary
    })
    assert.strictEqual(setup.code, 0, setup.stderr)
    // A refusal that lies: the batch is created, and said to be wrong. fail-visible believes it.
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create", nth: 1 },
          fault: { place: "afterCommit", reply: { kind: "status", status: 403 } }
        }
      ]
    })
    files.write("fir.csv", "name\nFir 1\nFir 2\n")
    const lied = await connected("import", "fir.csv", "--job", "fir", "--key-property", "import_key")
    assert.strictEqual(lied.code, 5, lied.stderr)
    await server.fail({ rules: [] })
    await on("cancel", "fir")
    await connected("resume", "fir")
    assert.deepStrictEqual(await namesOf("Fir"), ["Fir 1", "Fir 2"])
    files.write("fir-c.csv", "name,_line\nFir 2,3\nFir 1,2\n")
    const again = await connected("retry", "fir", "fir-c.csv", "--json")
    assert.strictEqual(again.code, 3, again.stderr)
    assert.strictEqual(JSON.parse(again.stdout).rejected, 2)
    assert.deepStrictEqual(await namesOf("Fir"), ["Fir 1", "Fir 2"])
    const { created } = await server.ledger()
    assert.deepStrictEqual(
      created
        .flatMap(({ properties }) =>
          properties["name"]?.startsWith("Fir") ? [properties["import_key"]] : []
        )
        .sort(),
      ["fir:0", "fir:1"]
    )
  })

  it("of the same rows by two processes at once sends them once", async () => {
    // Slow, so that each has looked at what the job came to before the other has written its rows down.
    const slow = await serve("--latency", "1500-1500")
    files.write("yew.csv", "name,price\nYew 1,1\nYew 2,-2\nYew 3,three\n")
    files.write("yew-c.csv", "name,_line\nYew 2,3\nYew 3,4\n")
    const elsewhere = ["--state-dir", "state", "--base-url", slow.url]
    const options = { cwd: files.path, token: canary }
    const first = await run(["import", "yew.csv", "--job", "yew", ...elsewhere], options)
    assert.strictEqual(first.code, 3, first.stderr)
    const ends = await Promise.all(
      ["one", "two"].map((job) => run(["retry", "yew", "yew-c.csv", "--job", job, ...elsewhere], options))
    )
    const refused = ends.filter(({ code }) => code === 2)
    assert.isAtLeast(refused.length, 1, ends.map(({ stderr }) => stderr).join())
    for (const { stderr } of refused)
      assert.match(stderr, /_line 3 (has no outcome yet|was created) in job "(one|two)"/)
    // Both may have seen each other; then it is asked for once more.
    if (refused.length === 2) {
      const again = await run(["retry", "yew", "yew-c.csv", ...elsewhere], options)
      assert.strictEqual(again.code, 0, again.stderr)
    }
    const names = (await slow.ledger()).created.map(({ properties }) => properties["name"])
    assert.deepStrictEqual(names.sort(), ["Yew 1", "Yew 2", "Yew 3"])
    await slow.stop()
  })

  it("is not held up for ever by one that was left behind on another machine", async () => {
    await imported("q8", "Alder")
    files.write("alder.csv", `_line,name,price\n3,Alder 2,2\n`)
    const leftFor = (lease: Duration.Input) =>
      Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        const { frozen } = yield* jobs.get("q8")
        const planning = yield* jobs.create({
          id: "q8-retry-1",
          holder: { pid: 7, host: "a-container" },
          lease,
          frozen: { ...frozen, header: ["_line", "name", "price"], retryOf: { job: "q8", first: "q8" } }
        })
        const rows = rowsOf(1).map((row) => ({
          ...row,
          original: { _tag: "Csv" as const, cells: ["3", "Alder 2", "2"] }
        }))
        const batches = yield* batchesOf(rows, { jobId: "q8-retry-1" })
        yield* jobs.append(planning, batches)
        return { planning }
      })
    const stores = Stores.layerLocal({ stateDir: `${files.path}/state` })
    const { planning } = await Effect.runPromise(Effect.provide(leftFor("5 minutes"), stores))
    const held = await connected("retry", "q8", "alder.csv")
    assert.match(held.stderr, /_line 3 has no outcome yet in job "q8-retry-1"/)
    await Effect.runPromise(
      Effect.flatMap(JobStore.JobStore, (jobs) => jobs.release(planning)).pipe(Effect.provide(stores))
    )
    const { planning: left } = await Effect.runPromise(Effect.provide(leftFor(1), stores))
    const end = await connected("retry", "q8", "alder.csv")
    assert.strictEqual(end.code, 0, end.stderr)
    assert.deepStrictEqual(await namesOf("Alder"), ["Alder 1", "Alder 2", "Alder 5"])
    // Should it come back after all.
    const error = await Effect.runPromise(
      Effect.flatMap(JobStore.JobStore, (jobs) =>
        Effect.flip(jobs.planned(left, { digest: "d", inputs: 1 }))
      ).pipe(Effect.provide(stores))
    )
    assert.strictEqual(error._tag, "JobFenced")
  })
})
