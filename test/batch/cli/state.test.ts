/**
 * Durable imports where what they are kept in fails, or is not theirs, and what is wrong with what they are given: bad
 * inputs B45 to B56 and failures F61 to F63, by the real command.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import { createServer, type Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { DatabaseSync } from "node:sqlite"
import {
  canary,
  type Directory,
  directory,
  endAll,
  type Finished,
  run,
  runProcess,
  serve,
  type Server,
  start,
  until
} from "./run.ts"

let files: Directory
let server: Server

const rows = (count: number, name = "Seat") =>
  `name,price\n${Array.from({ length: count }, (_, n) => `${name} ${n},19.90\n`).join("")}`

beforeAll(async () => {
  files = directory()
  server = await serve("--limit", "100000")
  files.write("three.csv", rows(3))
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (stateDir: string, ...args: ReadonlyArray<string>) =>
  run([...args, "--state-dir", stateDir], { cwd: files.path, token: canary })
const connected = (stateDir: string, ...args: ReadonlyArray<string>) =>
  on(stateDir, ...args, "--base-url", server.url)

/** Refused in one line, with nothing on the standard output. */
const refused = (end: Finished, code: number, words: string | RegExp) => {
  assert.strictEqual(end.code, code, end.stderr)
  assert.strictEqual(end.stdout, "")
  assert.lengthOf(end.stderr.trim().split("\n"), 1, end.stderr)
  if (typeof words === "string") assert.include(end.stderr, words)
  else assert.match(end.stderr, words)
}

const created = async () => (await server.ledger()).created.map(({ properties }) => properties["name"] ?? "")

/** Nothing that begins with this name is there twice. */
const once = async (name: string) => {
  const names = (await created()).filter((one) => one.startsWith(`${name} `))
  assert.lengthOf(new Set(names), names.length)
  return names.length
}

/** The command where no file grows beyond so many blocks of 512 bytes, as on a disk that is full. */
const limited = (blocks: number, ...args: ReadonlyArray<string>) =>
  runProcess([...args, "--base-url", server.url], {
    cwd: files.path,
    token: canary,
    shell: `ulimit -f ${blocks}; exec "$@"`,
    // Without a listener the system would end the process at the limit.
    nodeOptions: "--import=data:text/javascript,process.on('SIGXFSZ',()=>{})"
  })

const edit = (stateDir: string, use: (database: DatabaseSync) => void) => {
  const database = new DatabaseSync(files.at(`${stateDir}/jobs.sqlite`))
  use(database)
  database.close()
}

/** A job that was planned, and stopped before anything was accepted. */
const held = async (stateDir: string, input: string, ...more: ReadonlyArray<string>) => {
  await server.fail({
    rules: [
      {
        match: { path: "*/batch/create" },
        fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
      }
    ]
  })
  const end = await connected(stateDir, "import", input, "--job", "held", ...more)
  await server.fail({ rules: [] })
  assert.strictEqual(end.code, 5, end.stderr)
}

describe("a disk that fails", () => {
  it("F61 B53 one that is full before the rows are written down: nothing is sent", async () => {
    files.write("full.csv", rows(2000, "Full"))
    const end = await limited(400, "import", "full.csv", "--job", "full", "--state-dir", "full")
    refused(end, 74, /^line-items: job store: .*; repair the database and resume$/m)
    assert.strictEqual(await once("Full"), 0)
    // With room again it is planned anew.
    const again = await connected("full", "import", "full.csv", "--job", "full")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.strictEqual(await once("Full"), 2000)
  })

  it("F61 B53 one that is full later: what cannot be written down is not sent, and it goes on with room", async () => {
    files.write("later.csv", rows(1500, "Later"))
    const job = ["--job", "later", "--state-dir", "later", "--batch-size", "10", "--concurrency", "2"]
    const end = await limited(3000, "import", "later.csv", ...job)
    assert.strictEqual(end.code, 74, end.stderr)
    assert.match(end.stderr, /^line-items: job store: disk I\/O error; repair the database and resume$/m)
    assert.notMatch(end.stderr, /^\s+at |Error:/m)
    const before = await once("Later")
    assert.isAbove(before, 0)
    assert.isBelow(before, 1500)
    const resumed = await connected("later", "resume", "later", "--json")
    const { created, inDoubt, inputs } = JSON.parse(resumed.stdout)
    assert.strictEqual(inputs, 1500)
    assert.strictEqual(created + inDoubt, 1500)
    // Two batches were under way.
    assert.isAtMost(inDoubt, 20)
    const after = await once("Later")
    assert.isAtLeast(after, created)
  })

  it("F61 one that is full under the ids of what was created: those that the file lacks are said", async () => {
    files.write("named.csv", rows(3000, "Named"))
    const end = await limited(40, "import", "named.csv", "--created", "ids.csv", "--concurrency", "2")
    assert.strictEqual(end.code, 74, end.stderr)
    assert.lengthOf([...end.stderr.matchAll(/ids\.csv cannot be written/g)], 1)
    const [header = [], ...whole] = files
      .read("ids.csv")
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(","))
    const written = whole.map((cells) => cells[header.indexOf("_id")]!)
    const said = [...end.stderr.matchAll(/^named\.csv:\d+: created as (\d+)$/gm)].map(([, id]) => id!)
    const there = (await server.ledger()).created.filter(({ properties }) =>
      properties["name"]?.startsWith("Named ")
    )
    assert.isNotEmpty(written)
    assert.isNotEmpty(said)
    const known = new Set([...written, ...said])
    assert.deepStrictEqual(
      there.map(({ id }) => id).filter((id) => !known.has(id)),
      []
    )
  })

  it("F61 one that fails later: the summary has every answer that came, and says which are not written down", async () => {
    files.write("told.csv", rows(1500, "Told"))
    const job = ["--job", "told", "--state-dir", "told", "--batch-size", "10", "--concurrency", "2"]
    const end = await limited(3000, "import", "told.csv", ...job, "--rejects", "told-rejects.csv", "--json")
    assert.strictEqual(end.code, 74, end.stderr)
    const summary = JSON.parse(end.stdout)
    const there = (await server.ledger()).created.filter(({ properties }) =>
      properties["name"]?.startsWith("Told ")
    )
    assert.deepInclude(summary, {
      job: "told",
      status: "PROCESSING",
      inputs: 1500,
      created: there.length,
      notSent: 1500 - there.length,
      inDoubt: 0,
      suspended: { reason: "disk", resumeAt: null }
    })
    assert.match(
      end.stderr,
      /^told\.csv: [\d,]+ of 1,500 rows have no outcome yet: .*disk I\/O error.*line-items resume told(?: --(?:base-url|state-dir) \S+){2}$/m
    )
    assert.match(end.stderr, /^told-rejects\.csv is not written: disk I\/O error$/m)
    const named = [
      ...end.stderr.matchAll(/^told\.csv:(\d+): created as (\d+); this could not be written down/gm)
    ]
    const lines = new Map(there.map(({ id, properties }) => [id, Number(properties["name"]?.slice(5)) + 2]))
    for (const [, line, id] of named) assert.strictEqual(lines.get(id!), Number(line))
    const resumed = await connected("told", "resume", "told", "--json")
    const { created, inDoubt } = JSON.parse(resumed.stdout)
    assert.strictEqual(created + inDoubt, 1500)
    // Whatever is in doubt now was named before.
    assert.isAtMost(inDoubt, named.length)
    assert.strictEqual(await once("Told"), 1500)
  })

  it("F61 a database that may only be read is refused before anything is sent", async () => {
    Fs.mkdirSync(files.at("readonly"))
    Fs.writeFileSync(files.at("readonly/jobs.sqlite"), "", { mode: 0o400 })
    Fs.chmodSync(files.path, 0o755)
    Fs.chmodSync(files.at("readonly"), 0o555)
    const end = await runProcess(
      ["import", "three.csv", "--job", "r", "--state-dir", "readonly", "--base-url", server.url],
      // Root may write everything.
      { cwd: files.path, token: canary, uid: process.getuid?.() === 0 ? 65534 : undefined }
    )
    refused(end, 74, "the job database cannot be used: ")
  })
})

describe("a database that is damaged, or is not ours", () => {
  it("F62 a write that was torn by a crash is not there, and all before it is", async () => {
    await held("torn", "three.csv", "--batch-size", "1")
    // As the power left it: the last frame of the log of writes is not complete.
    const wal = `${files.at("torn/jobs.sqlite")}-wal`
    const database = new DatabaseSync(files.at("torn/jobs.sqlite"))
    database.exec("PRAGMA wal_autocheckpoint = 0; UPDATE line_items_jobs SET cancel_requested = 0")
    Fs.mkdirSync(files.at("power"))
    const size = Fs.statSync(wal).size
    database.exec("UPDATE line_items_jobs SET cancel_requested = 1")
    assert.isAbove(Fs.statSync(wal).size, size)
    for (const file of ["jobs.sqlite", "jobs.sqlite-wal"]) {
      Fs.copyFileSync(files.at(`torn/${file}`), files.at(`power/${file}`))
    }
    database.close()
    Fs.truncateSync(
      files.at("power/jobs.sqlite-wal"),
      Fs.statSync(files.at("power/jobs.sqlite-wal")).size - 100
    )
    const status = await on("power", "status", "held", "--json")
    assert.strictEqual(status.code, 0, status.stderr)
    assert.deepInclude(JSON.parse(status.stdout), { state: "suspended", inputs: 3, open: 3 })
    const resumed = await connected("power", "resume", "held", "--json")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepInclude(JSON.parse(resumed.stdout), { status: "COMPLETE", created: 3 })
  })

  it("F63 B52 rows that are not as they were written down are named, and not sent", async () => {
    files.write("garbled.csv", rows(3, "Garbled"))
    await held("garbled", "garbled.csv", "--batch-size", "1")
    edit("garbled", (database) =>
      database.exec("UPDATE line_items_inputs SET items = REPLACE(items, 'Garbled 1', 'Another 1')")
    )
    Fs.rmSync(files.at("garbled.csv"))
    const end = await connected("garbled", "resume", "held")
    assert.strictEqual(end.code, 74, end.stderr)
    assert.include(end.stderr, 'job store: batch 1 of job "held" is garbled; restore the database')
    assert.notInclude(await created(), "Another 1")
  })

  it("F63 an attempt that is garbled or missing is named, and nothing is sent until it is restored", async () => {
    files.write("logged.csv", rows(3, "Logged"))
    await held("logged", "logged.csv", "--batch-size", "1", "--concurrency", "1")
    const change = (statement: string) => edit("logged", (database) => database.exec(statement))
    const sent = async () =>
      (await server.ledger()).requests.filter(({ path }) => path.endsWith("create")).length
    const before = await sent()
    const refusals = [
      [
        "UPDATE line_items_attempts SET inputs = '1' WHERE id = 1",
        "attempt log: attempt 1 is garbled; restore the database, or check in HubSpot what was created",
        "UPDATE line_items_attempts SET inputs = '0' WHERE id = 1"
      ],
      [
        "UPDATE line_items_attempts SET job_id = 'hold' WHERE id = 1",
        'attempt log: it has 0 of the 1 attempts of job "held"; restore the database',
        "UPDATE line_items_attempts SET job_id = 'held' WHERE id = 1"
      ]
    ] as const
    for (const [harm, words, repair] of refusals) {
      change(harm)
      const end = await connected("logged", "resume", "held", "--json")
      assert.strictEqual(end.code, 74, end.stderr)
      assert.include(end.stderr, words)
      assert.deepInclude(JSON.parse(end.stdout), { status: "PROCESSING", notSent: 3 })
      assert.strictEqual(await sent(), before)
      refused(await connected("logged", "resolve", "held"), 74, words)
      change(repair)
    }
    const end = await connected("logged", "resume", "held", "--json")
    assert.deepInclude(JSON.parse(end.stdout), { status: "COMPLETE", created: 3 })
  })

  it("F63 an old copy does not know what was sent after it: --restored puts that in doubt, and nothing is sent", async () => {
    files.write("copied.csv", rows(3, "Copied"))
    await held("copied", "copied.csv", "--batch-size", "1")
    Fs.mkdirSync(files.at("restored"), { mode: 0o700 })
    edit("copied", (database) => database.exec(`VACUUM INTO '${files.at("restored/jobs.sqlite")}'`))
    const first = await connected("copied", "resume", "held", "--json")
    assert.deepInclude(JSON.parse(first.stdout), { status: "COMPLETE", created: 3 })
    const end = await connected(
      "restored",
      "resume",
      "held",
      "--restored",
      "--json",
      "--doubts",
      "copied-doubts.csv"
    )
    assert.strictEqual(end.code, 4, end.stderr)
    assert.deepInclude(JSON.parse(end.stdout), { status: "COMPLETE", created: 0, inDoubt: 3 })
    assert.strictEqual(await once("Copied"), 3)
    assert.include(files.read("copied-doubts.csv"), "Restored")
    // And again: what is over is over.
    const again = await connected("restored", "resume", "held", "--restored", "--json")
    assert.deepInclude(JSON.parse(again.stdout), { status: "COMPLETE", inDoubt: 3 })
    const resolved = await connected("restored", "resolve", "held")
    assert.strictEqual(resolved.code, 4)
    assert.match(resolved.stdout, /^copied\.csv:2: is unknown; look in HubSpot$/m)
  })

  it("F63 B52 a database that is damaged in its middle is refused", async () => {
    await held("damaged", "three.csv")
    edit("damaged", (database) => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
    const file = Fs.openSync(files.at("damaged/jobs.sqlite"), "r+")
    const { size } = Fs.fstatSync(file)
    Fs.writeSync(file, Buffer.alloc(size - 4096, 0x5a), 0, size - 4096, 4096)
    Fs.closeSync(file)
    for (const command of ["resume", "status"]) {
      const end =
        command === "status"
          ? await on("damaged", command, "held")
          : await connected("damaged", command, "held")
      refused(end, 74, /malformed|not a database/)
    }
  })

  it("F63 B52 what is no database, another program's, of a newer version, a link, or open to others is refused", async () => {
    const cases: ReadonlyArray<readonly [string, (file: string) => void, RegExp]> = [
      [
        "text",
        (file) => Fs.writeFileSync(file, rows(500), { mode: 0o600 }),
        /file is not a database; use another/
      ],
      [
        "foreign",
        (file) => {
          const database = new DatabaseSync(file)
          database.exec("PRAGMA journal_mode=WAL; CREATE TABLE notes (text)")
          database.close()
          Fs.chmodSync(file, 0o600)
        },
        /it is a database of another program; use another database/
      ],
      ["link", (file) => Fs.symlinkSync("/dev/null", file), /jobs\.sqlite is a symbolic link/],
      [
        "open",
        (file) => {
          Fs.writeFileSync(file, "")
          Fs.chmodSync(file, 0o666)
        },
        /others may write to jobs\.sqlite/
      ]
    ]
    for (const [name, make, words] of cases) {
      Fs.mkdirSync(files.at(name), { mode: 0o700 })
      make(files.at(`${name}/jobs.sqlite`))
      const before = Fs.readFileSync(files.at(`${name}/jobs.sqlite`))
      refused(await connected(name, "import", "three.csv", "--job", "a"), 74, words)
      assert.deepStrictEqual(Fs.readFileSync(files.at(`${name}/jobs.sqlite`)), before)
    }
    await on("newer", "jobs")
    edit("newer", (database) => database.exec("UPDATE line_items_schema SET version = 99"))
    refused(await on("newer", "jobs"), 74, "its tables are of version 99")
  })
})

describe("a durable import that cannot be meant", () => {
  it("B45 a strategy that needs a key property", async () => {
    const end = await connected("b45", "import", "three.csv", "--job", "a", "--strategy", "guard")
    refused(
      end,
      2,
      "guard needs --key-property; if the account has no such property, make one with: line-items setup-key --key-property import_key"
    )
  })

  it("B46 a key property that keeps nothing apart", async () => {
    const by = ["--strategy", "guard", "--key-property", "description"]
    const end = await connected("b46", "import", "three.csv", "--job", "a", ...by)
    refused(end, 2, /property "description"/)
    refused(await connected("b46", "resume", "a"), 2, 'there is no job "a"')
  })

  it("B47 an id that is none", async () => {
    for (const id of ["../../etc/x", "x".repeat(300), "a b", "é"]) {
      const end = await connected("b47", "import", "three.csv", "--job", id)
      refused(end, 2, 'is not letters, digits, "-" and "_", 1 to 48 of them')
      refused(await on("b47", "status", id), 2, 'is not the id of a job: letters, digits, "-" and "_"')
    }
    refused(await connected("b47", "import", "three.csv", "--job", ""), 2, "--job: a value is missing")
    assert.isFalse(files.exists("b47"))
    // No name of a file is made of it.
    assert.strictEqual((await connected("b47", "import", "three.csv", "--job", "con")).code, 0)
  })

  it("B48 an id that is taken", async () => {
    await held("b48", "three.csv", "--batch-size", "1")
    const taken = 'job "held" exists (0 of 3 done); resume it, or choose another id for other rows'
    refused(await connected("b48", "import", "three.csv", "--job", "held"), 2, taken)
  })

  it("B50 the token of another account", async () => {
    const answers: Array<string> = []
    const account: HttpServer = createServer((request, response) => {
      request.resume().on("end", () => {
        answers.push(request.url ?? "")
        const portalId = request.headers.authorization?.endsWith("-2") === true ? 2 : 1
        const isAccount = request.url?.startsWith("/account-info") === true
        response
          .writeHead(isAccount ? 200 : 403, { "content-type": "application/json" })
          .end(
            JSON.stringify(
              isAccount ? { portalId } : { status: "error", category: "MISSING_SCOPES", message: "no" }
            )
          )
      })
    })
    await new Promise<void>((resolve) => account.listen(0, "127.0.0.1", resolve))
    const by = (token: string, ...args: ReadonlyArray<string>) =>
      run(
        [
          ...args,
          "--state-dir",
          "b50",
          "--base-url",
          `http://127.0.0.1:${(account.address() as AddressInfo).port}`
        ],
        { cwd: files.path, token }
      )
    const first = await by("pat-eu1-CANARY-1", "import", "three.csv", "--job", "a")
    assert.strictEqual(first.code, 5, first.stderr)
    const sent = answers.filter((url) => url.includes("/batch/")).length
    const other = await by("pat-eu1-CANARY-2", "resume", "a")
    refused(other, 2, "the token belongs to account 2, the job was started on 1")
    assert.lengthOf(
      answers.filter((url) => url.includes("/batch/")),
      sent
    )
    account.close()
  })
})

describe("where a durable import writes to, and reads from", () => {
  it("B54 a file that exists is refused before the job is made, so the name can be mended", async () => {
    files.write("there.csv", "mine\n")
    for (const flag of ["--rejects", "--doubts"]) {
      const end = await connected("b54", "import", "three.csv", "--job", "a", flag, "there.csv")
      refused(end, 2, "there.csv exists; choose another name or remove it")
    }
    refused(
      await connected("b54", "import", "three.csv", "--job", "a", "--rejects", "three.csv"),
      2,
      "three.csv exists"
    )
    const mended = await connected("b54", "import", "three.csv", "--job", "a", "--rejects", "r.csv")
    assert.strictEqual(mended.code, 0, mended.stderr)
    assert.strictEqual(files.read("there.csv"), "mine\n")
    refused(await connected("b54", "resume", "a", "--rejects", "r.csv"), 2, "r.csv exists")
  })

  it("B54 a full disk under the standard output is told, a reader that has gone is not", async () => {
    const job = ["import", "three.csv", "--job", "full", "--state-dir", "b54", "--base-url", server.url]
    const full = await runProcess(job, {
      cwd: files.path,
      token: canary,
      shell: 'exec "$@" > /dev/full'
    })
    assert.strictEqual(full.code, 74, full.stderr)
    assert.match(full.stderr, /the standard output cannot be written \(ENOSPC\); the import took place: /)
    const started = start(
      ["import", "three.csv", "--job", "gone", "--state-dir", "b54", "--base-url", server.url],
      { cwd: files.path, token: canary }
    )
    started.closeStdout()
    const { code, stderr } = await started.finished
    assert.strictEqual(code, 0, stderr)
    const status = await on("b54", "status", "gone", "--json")
    assert.deepInclude(JSON.parse(status.stdout), { state: "done", created: 3 })
  })

  it("B55 a standard input that is closed, and one that takes its time: nothing is sent before its end", async () => {
    const empty = await run(
      ["import", "-", "--job", "empty", "--json", "--state-dir", "b55", "--base-url", server.url],
      { cwd: files.path, token: canary, stdin: "" }
    )
    assert.strictEqual(empty.code, 0, empty.stderr)
    assert.include(empty.stderr, "stdin: no rows")
    assert.deepInclude(JSON.parse(empty.stdout), { status: "COMPLETE", inputs: 0 })
    const before = (await server.ledger()).requests.length
    const slow = start(
      ["import", "-", "--job", "slow", "--batch-size", "1", "--state-dir", "b55", "--base-url", server.url],
      { cwd: files.path, token: canary }
    )
    slow.write("name\nSlow 0\n")
    // It asks whose the token is as soon as it has read the header.
    await until(
      async () => (await server.ledger()).requests.length,
      (requests) => requests > before
    )
    slow.write("Slow 1\n")
    await until(
      () => on("b55", "status", "slow"),
      ({ code }) => code === 0
    )
    slow.write("Slow 2\n")
    const endedAt = Date.now()
    slow.end()
    const { code, stderr } = await slow.finished
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(await once("Slow"), 3)
    for (const { createdAt, properties } of (await server.ledger()).created) {
      if (properties["name"]?.startsWith("Slow ")) assert.isAtLeast(Date.parse(createdAt), endedAt)
    }
  })
})
