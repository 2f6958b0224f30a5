/**
 * Durable imports as a person and a script see them: what is kept, what is refused, and in which words.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { canary, type Directory, directory, endAll, run, serve, type Server, start, until } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  server = await serve()
  files.write("items.csv", 'name,price,deal_id\nChair,12.50,4711\nStool,-1,4711\nTable,"1,5",4712\n')
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) =>
  run([...args, "--state-dir", "state"], { cwd: files.path, token: canary })
const connected = (...args: ReadonlyArray<string>) => on(...args, "--base-url", server.url)

describe("a durable import", () => {
  it("of an account that cannot be asked ends with 75, has sent no row, and says to give the command again", async () => {
    const requests: Array<string> = []
    const dead = createServer((request, response) => {
      requests.push(request.url ?? "")
      response.writeHead(502).end("<html>502 Bad Gateway</html>")
    })
    await new Promise<void>((resolve) => dead.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`
    const importing = (...args: ReadonlyArray<string>) =>
      run(["import", "items.csv", "--job", "first", "--state-dir", "unanswered", ...args], {
        cwd: files.path,
        token: canary
      })
    const end = await importing("--base-url", url)
    dead.close()
    assert.strictEqual(end.code, 75, end.stderr)
    assert.match(end.stderr, /HTTP 502.*this command has sent no row, so give it again once HubSpot answers/)
    assert.isAbove(requests.length, 1)
    assert.isFalse(requests.some((path) => path.includes("/batch/")))
    const again = await importing("--base-url", server.url, "--json")
    assert.strictEqual(JSON.parse(again.stdout).created, 1, again.stderr)
  }, 60_000)

  it("is kept, listed, told again, and its files hold what its rows came to", async () => {
    const first = await connected("import", "items.csv", "--job", "q3", "--rejects", "r.csv", "--json")
    assert.strictEqual(first.code, 3, first.stderr)
    const { elapsedMs: _, ...summary } = JSON.parse(first.stdout)
    assert.deepStrictEqual(summary, {
      status: "COMPLETE",
      inputs: 3,
      created: 1,
      rejected: 1,
      invalid: 1,
      notSent: 0,
      inDoubt: 0,
      requests: 3,
      job: "q3"
    })
    assert.include(first.stderr, 'items.csv:4:2: price: "1,5" is not a finite number')
    assert.include(first.stderr, "items.csv:3:2: rejected: price:")
    const kept = files.read("r.csv").split("\n")
    assert.deepStrictEqual(
      kept.map((line) => line.split(",")[0]),
      ["name", "Stool", "Table", ""]
    )

    const again = await connected("resume", "q3")
    assert.strictEqual(again.code, 3)
    assert.match(again.stdout, /^items\.csv: 3 rows in .*, 0 requests\n {2}created +1 /)
    const list = await on("jobs")
    assert.match(list.stdout, /^q3 {2}done {2}3 of 3 {2}items\.csv {2}\d{4}-/)
    const status = await on("status", "q3", "--json")
    const { account, created, state } = JSON.parse(status.stdout)
    assert.match(account, /^\d+$/)
    assert.deepStrictEqual([created, state], [1, "done"])
    const resolved = await connected("resolve", "q3")
    assert.deepStrictEqual([resolved.code, resolved.stdout], [0, "q3: nothing is in doubt\n"])
  })

  it("is refused in one line where it cannot be meant", async () => {
    await connected("import", "items.csv", "--job", "taken")
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, string]> = [
      [
        ["import", "items.csv", "--job", "taken"],
        2,
        'job "taken" exists (3 of 3 done); choose another id for other rows'
      ],
      [["resume", "other"], 2, 'there is no job "other"; list the jobs to see their ids'],
      [["import", "items.csv", "--job", "../etc/x"], 2, 'is not letters, digits, "-" and "_"'],
      [["import", "items.csv", "--job", ""], 2, "--job: a value is missing"],
      [["cancel", "taken"], 2, 'job "taken" is done']
    ]
    for (const [args, code, words] of cases) {
      const end = args[0] === "cancel" ? await on(...args) : await connected(...args)
      assert.strictEqual(end.code, code, `${args.join(" ")}: ${end.stderr}`)
      assert.include(end.stderr, words)
      assert.lengthOf(end.stderr.trim().split("\n"), 1, end.stderr)
    }
    const alone = await run(["import", "items.csv", "--state-dir", "state", "--emulator"], {
      cwd: files.path,
      token: canary
    })
    assert.strictEqual(alone.code, 2)
    assert.include(alone.stderr, "--state-dir is for durable imports; give --job <id> as well")
  })

  it("a wrong use is told in the words of the command it is about", async () => {
    const form = "an address such as postgres://user:password@host:5432/name"
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["status", "missing <job>: give the id of a job; line-items jobs lists them"],
      ["retry q3", "missing <file>: give the rejects of the job, corrected"],
      ["status q3 q4", '"q4" is one argument too many; see --help'],
      ["cancel b@d", '<job>: "b@d" is not the id of a job: letters, digits, "-" and "_", 1 to 48 of them'],
      [
        "submit items.csv --job q3",
        `--database-url is missing; give ${form}, best in LINE_ITEMS_DATABASE_URL`
      ],
      ["jobs --database-url mysql://x:secret@y/z", `--database-url: what was given is not ${form}`]
    ]
    for (const [args, said] of cases) {
      const { code, stderr } = await run(args.split(" "), { cwd: files.path })
      assert.deepStrictEqual([code, stderr], [2, `line-items: ${said}\n`], args)
    }
  })

  it("is looked for where --state-dir says, whatever database the environment names", async () => {
    await connected("import", "items.csv", "--job", "own")
    const where = (databaseUrl: string, ...args: ReadonlyArray<string>) =>
      run(["status", "own", ...args], { cwd: files.path, databaseUrl })
    const own = await where("postgres://u:secret@127.0.0.1:1/none", "--state-dir", "state")
    assert.deepStrictEqual([own.code, own.stderr], [0, ""])
    const both = ["--state-dir", "state", "--database-url", "postgres://u@127.0.0.1:1/none"]
    assert.strictEqual((await where("postgres://u:secret@127.0.0.1:1/none", ...both)).code, 2)
    const none = await where("secret")
    assert.deepStrictEqual(
      [none.code, none.stderr],
      [
        2,
        "line-items: LINE_ITEMS_DATABASE_URL: what was given is not an address such as postgres://user:password@host:5432/name\n"
      ]
    )
  })

  it("does not go on with a file that has changed, or elsewhere, and goes on without the file", async () => {
    files.write("lines.ndjson", '{"name":"A"}\n{"name":"B"}\n{"name":"C"}\n')
    // Suspended before anything was accepted, and so without an outcome.
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create" },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
        }
      ]
    })
    const held = await connected("import", "lines.ndjson", "--job", "held", "--batch-size", "1")
    assert.strictEqual(held.code, 5, held.stderr)
    assert.include(held.stderr, "line-items resume held")
    await server.fail({ rules: [] })

    files.write("lines.ndjson", '{"name":"A"}\n{"name":"X"}\n{"name":"C"}\n')
    const changed = await connected("resume", "held")
    assert.strictEqual(changed.code, 2)
    assert.match(
      changed.stderr,
      /"lines\.ndjson" differs from the planned input at line 2; resume without the file/
    )
    const elsewhere = await on("resume", "held", "--base-url", "http://localhost:9")
    assert.strictEqual(elsewhere.code, 2)
    assert.include(elsewhere.stderr, `was planned for ${server.url}`)

    rmSync(files.at("lines.ndjson"))
    const gone = await connected("resume", "held")
    assert.strictEqual(gone.code, 0, gone.stderr)
    const { created } = await server.ledger()
    const names = created.map(({ properties }) => properties["name"])
    assert.deepStrictEqual(
      names.filter((name) => name === "X"),
      []
    )
    assert.lengthOf(
      names.filter((name) => name === "B"),
      1
    )
  })

  it("is followed until it is over, and forgotten when that is asked for and not before", async () => {
    const forget = async (...args: ReadonlyArray<string>) => {
      const { code, stderr, stdout } = await run(["forget", ...args, "--state-dir", "past"], {
        cwd: files.path,
        token: canary
      })
      return [code, stdout + stderr]
    }
    const past = (...args: ReadonlyArray<string>) =>
      run([...args, "--state-dir", "past"], { cwd: files.path, token: canary })
    files.write("p.csv", "name\nAda\n")
    await past("import", "p.csv", "--job", "ended", "--base-url", server.url)
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create" },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
        }
      ]
    })
    await past("import", "p.csv", "--job", "waits", "--base-url", server.url)
    await server.fail({ rules: [] })

    const ended = await past("status", "ended", "--watch")
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.match(
      ended.stdout,
      /^ended: done · 1 of 1 rows · 1 created\nended: done\n {2}p\.csv, account \d+, fail-visible\n {2}1 row: 1 created\n$/
    )
    const waits = await past("status", "waits", "--watch", "--json")
    assert.strictEqual(waits.code, 75, waits.stderr)
    assert.lengthOf(waits.stdout.trim().split("\n"), 1)
    assert.strictEqual(JSON.parse(waits.stdout).state, "suspended")

    assert.deepStrictEqual(await forget(), [
      2,
      "line-items: --older-than is missing; give a time with its unit, such as 30d or 12h\n"
    ])
    assert.deepStrictEqual(await forget("--older-than", "30"), [
      2,
      'line-items: --older-than: "30" is not a time with its unit, such as 30d or 12h\n'
    ])
    assert.deepStrictEqual(await forget("--older-than", "1d"), [0, "no job ended that long ago\n"])
    assert.deepStrictEqual(await forget("--older-than", "0s", "--dry-run"), [
      0,
      "ended: would be forgotten\n"
    ])
    assert.deepStrictEqual(await forget("--older-than", "0s", "--json"), [
      0,
      '{"forgotten":["ended"],"dryRun":false}\n'
    ])
    assert.deepStrictEqual(
      JSON.parse((await past("jobs", "--json")).stdout).map(({ job }: { job: string }) => job),
      ["waits"]
    )
  })

  it("that runs is followed by another process, which Ctrl-C ends quietly", async () => {
    const slow = await serve("--latency", "700-800")
    files.write("s.csv", `name\n${Array.from({ length: 6 }, (_, n) => `Slow ${n}\n`).join("")}`)
    const importing = start(
      [
        "import",
        "s.csv",
        "--job",
        "slow",
        "--batch-size",
        "1",
        "--concurrency",
        "1",
        "--state-dir",
        "state"
      ].concat("--base-url", slow.url),
      { cwd: files.path, token: canary }
    )
    // The job is there as soon as it is planned, after the account was asked for.
    await until(
      () => on("status", "slow"),
      ({ code }) => code === 0
    )
    const gone = start(["status", "slow", "--watch", "--state-dir", "state"], { cwd: files.path })
    await gone.seen("stdout", "slow: ")
    const watching = on("status", "slow", "--watch", "--json")
    gone.kill("SIGINT")
    const quiet = await gone.finished
    assert.deepStrictEqual([quiet.code, quiet.stderr], [130, ""])
    const done = await importing.finished
    assert.strictEqual(done.code, 0, done.stderr)
    const seen = await watching
    assert.strictEqual(seen.code, 0, seen.stderr)
    const created = seen.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).created)
    assert.isAbove(created.length, 1)
    assert.strictEqual(created.at(-1), 6)
    assert.deepStrictEqual(
      created,
      [...created].sort((a, b) => a - b)
    )
    assert.lengthOf((await slow.ledger()).created, 6)
    await slow.stop()
  })
})
