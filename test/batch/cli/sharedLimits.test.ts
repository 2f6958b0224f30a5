/**
 * Durable imports that run at the same time on one state directory: the account's limit is one for all of them.
 */
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { renameSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { canary, type Directory, directory, endAll, run, serve, type Server, start, until } from "./run.ts"

let files: Directory

beforeAll(() => {
  files = directory()
  const rows = (count: number) => Array.from({ length: count }, (_, n) => `{"name":"Seat ${n}"}\n`).join("")
  files.write("many.ndjson", rows(95))
  files.write("some.ndjson", rows(40))
})

afterAll(() => {
  endAll()
  files.remove()
})

const importing = (url: string, file: string, job: string, ...more: ReadonlyArray<string>) =>
  start(
    [
      "import",
      file,
      "--job",
      job,
      "--base-url",
      url,
      "--batch-size",
      "1",
      "--json",
      "--state-dir",
      `state-${job === "lost" || job === "moved" ? job : "shared"}`,
      ...more
    ],
    { cwd: files.path, token: canary }
  )

/** At once, in the two that lose their database. */
const concurrency = 4

const sentTo = async (server: Server) => (await server.ledger()).requests.length

/** Twenty are sent, and the rest waits, for ten seconds each time. */
const whenFull = (server: Server) =>
  until(
    () => sentTo(server),
    (sent) => sent >= 20
  )

describe.concurrent("durable imports of one account in several processes", () => {
  it("together stay below its limit", async () => {
    // It would let through more.
    const server = await serve("--limit", "250")
    const jobs = ["one", "two", "three"].map((job) =>
      importing(server.url, "many.ndjson", job, "--limit", "190", "--concurrency", "8")
    )
    const ends = await Promise.all(jobs.map(({ finished }) => finished))
    for (const { code, stderr } of ends) assert.strictEqual(code, 0, stderr)
    const { created, requests } = await server.ledger()
    assert.lengthOf(created, 3 * 95)
    assert.isAtLeast(requests.length, 3 * 96)
    assert.deepStrictEqual(
      requests.filter(({ status }) => status === 429),
      []
    )
    assert.isAtMost(Ledger.worstWindow(requests), 190)
    // The slots of all are the account's, also those of the requests that asked which account it is.
    const database = new DatabaseSync(`${files.path}/state-shared/jobs.sqlite`, { readOnly: true })
    const accounts = database.prepare("SELECT DISTINCT account FROM line_items_slots").all()
    database.close()
    assert.lengthOf(accounts, 1)
    await server.stop()
  })

  it("without the database of the limits nothing more is sent, and the job says so", async () => {
    const server = await serve()
    const job = importing(server.url, "some.ndjson", "lost", "--limit", "20", `--concurrency=${concurrency}`)
    await whenFull(server)
    const database = new DatabaseSync(`${files.path}/state-lost/jobs.sqlite`, { timeout: 5000 })
    database.exec("DROP TABLE line_items_slots")
    const before = await sentTo(server)
    const { code, stderr, stdout } = await job.finished
    assert.strictEqual(code, 75, stderr)
    assert.include(stderr, "go on with: line-items resume lost")
    assert.strictEqual(JSON.parse(stdout).status, "PROCESSING")
    const sent = await sentTo(server)
    // Those that had their slot.
    assert.isAtMost(sent, before + concurrency)
    // Nor is anything sent by the next run.
    const again = await run(["resume", "lost", "--state-dir", "state-lost", "--base-url", server.url], {
      cwd: files.path,
      token: canary
    })
    assert.oneOf(again.code, [74, 75], again.stderr)
    assert.include(again.stderr, "the shared rate limits cannot be used")
    assert.lengthOf((await server.ledger()).requests, sent)
    database.close()
    await server.stop()
  })

  it("a database that is taken away under a running job ends it, and no other is begun in its place", async () => {
    const server = await serve()
    const job = importing(server.url, "some.ndjson", "moved", "--limit", "20", `--concurrency=${concurrency}`)
    await whenFull(server)
    renameSync(files.at("state-moved/jobs.sqlite"), files.at("elsewhere.sqlite"))
    const before = await sentTo(server)
    const { code, stderr } = await job.finished
    assert.strictEqual(code, 74, stderr)
    assert.include(stderr, "jobs.sqlite was removed or replaced")
    assert.isAtMost(await sentTo(server), before + concurrency)
    assert.isFalse(files.exists("state-moved/jobs.sqlite"))
    await server.stop()
  })
})
