import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Net from "node:net"
import * as Run from "../cli/run.ts"
import * as Cycle from "../../crash/cycle.ts"
import { password, postgres } from "../../crash/place.ts"
import { freePort } from "../../support/freePort.ts"
import { serverPort } from "../../support/postgres.ts"
import { assertTrue, batchSize, concurrency, submit, world } from "./workers.ts"
import * as World from "./world.ts"

afterAll(Cycle.endAll)
afterAll(Run.endAll)

const ended = ({ finished }: Cycle.Process) => Effect.promise(() => finished)

const run = (here: World.World, name: string, ...args: ReadonlyArray<string>) =>
  ended(here.command(name, ...args))

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

/** Ends with one line that says it, and holds no password. */
const refused = ({ code, stderr, stdout }: Cycle.Finished, wanted: number, words: RegExp) => {
  assert.strictEqual(code, wanted, stderr + stdout)
  assert.match(stderr, words)
  assert.match(stderr, /^line-items: [^\n]+\n$/)
  for (const text of [stderr, stdout]) assert.notMatch(text, new RegExp(`${password}|canary|secret`, "i"))
}

describe.concurrent("commands of a database with workers", () => {
  it.live("status and jobs tell of a job that runs; cancel ends it; resume tells what became of it", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const inputs = 20 * batchSize
      yield* submit(here, "a", 20)
      const worker = yield* here.worker(`--concurrency=${concurrency}`)
      yield* World.held(here, "a", concurrency)
      const status = json((yield* run(here, "status", "a", "--json")).stdout)
      assert.deepInclude(status, { job: "a", status: "PROCESSING", state: "running", inputs, inDoubt: 0 })
      const host = `127.0.0.1:${worker.port}`
      // The worker is in this process.
      assert.deepInclude(status["holder"], { pid: process.pid, host })
      const { stdout } = yield* run(here, "jobs", "--json")
      assert.deepInclude((JSON.parse(stdout) as Array<unknown>)[0], { job: "a", state: "running" })
      const again = yield* run(here, "resume", "a", "--base-url", here.url)
      assert.deepStrictEqual([again.code, again.stderr], [0, ""])
      assert.include(again.stdout, `a: run by pid ${process.pid} on ${host}`)

      const canceled = yield* run(here, "cancel", "a")
      assert.deepStrictEqual([canceled.code, canceled.stderr], [0, ""])
      assert.include(canceled.stdout, `pid ${process.pid} on ${host} stops within seconds`)
      // The worker hears of it when it renews its lease, and sends nothing more.
      yield* World.renewed(here, "a")
      const creates = yield* World.creates(here)
      yield* here.release
      assert.deepStrictEqual(yield* World.finished(here, ["a"]), ["canceled"])
      assert.strictEqual((yield* World.creates(here)).length, creates.length)
      const { created, inDoubt, invalid, notSent } = yield* assertTrue(here, { a: inputs })
      assert.isAbove(notSent, 0)
      assert.strictEqual(inDoubt, 0)

      const rejects = here.at("rejects.ndjson")
      const over = yield* run(here, "resume", "a", "--json", "--rejects", rejects, "--base-url", here.url)
      assert.strictEqual(over.code, 3, over.stderr)
      assert.deepInclude(json(over.stdout), { status: "CANCELED", created, invalid, notSent, inputs })
      assert.lengthOf(readFileSync(rejects, "utf8").trim().split("\n"), invalid + notSent)
      assert.strictEqual((yield* World.creates(here)).length, creates.length)
    })
  )

  it.live("resume goes on with one that is suspended", () =>
    Effect.gen(function* () {
      const here = yield* world()
      yield* submit(here, "a", 10)
      yield* here.fail({
        rules: [
          {
            match: { path: "*/batch/create" },
            fault: { place: "beforeCommit", reply: { kind: "status", status: 401 } }
          }
        ]
      })
      yield* here.worker()
      yield* World.until("the suspension", World.job(here, "a"), ({ state }) => state === "suspended")
      const status = json((yield* run(here, "status", "a", "--json")).stdout)
      assert.deepInclude(status, { status: "PROCESSING", state: "suspended", created: 0 })
      assert.deepInclude(status["suspended"], { reason: "auth", resumeAt: null })
      const early = yield* run(here, "resume", "a", "--base-url", here.url, "--rejects", here.at("r.ndjson"))
      refused(
        early,
        2,
        /job "a" is suspended, and workers write no files: give --rejects, --doubts and --created once/
      )
      yield* here.fail({ rules: [] })
      const resumed = yield* run(here, "resume", "a", "--base-url", here.url)
      assert.deepStrictEqual([resumed.code, resumed.stderr], [0, ""])
      assert.include(
        resumed.stdout,
        "a: to be resumed; a worker of this database takes it as soon as one runs"
      )
      yield* World.finished(here, ["a"])
      const { created, invalid } = yield* assertTrue(here, { a: 10 * batchSize })
      assert.deepStrictEqual([created, invalid], [47, 3])
    })
  )

  it.live("a database that cannot be used is one line without its password", () =>
    Effect.gen(function* () {
      const port = yield* serverPort
      const here = yield* world()
      const silent = Net.createServer(() => undefined)
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void silent.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => silent.close())
      )
      const silentPort = (silent.address() as Net.AddressInfo).port
      const database = here.databaseUrl.replace(/^.*\//, "")
      const at = (user: string, port: number, name = database) =>
        `postgres://${user}@127.0.0.1:${port}/${name}`
      const cases: ReadonlyArray<readonly [string, number, RegExp]> = [
        [at(`postgres:${password}`, 1), 74, /the job database cannot be used: .*(refused|connect)/i],
        [at("postgres:secret-wrong", port), 74, /password authentication failed/],
        [at(`postgres:${password}`, port, "nowhere"), 74, /does not exist/],
        [at(`postgres:${password}`, Number(new URL(here.url).port)), 74, /the job database cannot be used/],
        [at(`postgres:${password}`, silentPort), 74, /the job database cannot be used/],
        [
          `mysql://root:${password}@127.0.0.1:3306/x`,
          2,
          /--database-url: .* is not an address such as postgres:/
        ],
        ["secret", 2, /--database-url: .* is not an address such as postgres:/]
      ]
      const free = yield* freePort
      const commands: ReadonlyArray<ReadonlyArray<string>> = [
        ["jobs"],
        ["worker", `--port=${free}`, `--base-url=${here.url}`]
      ]
      yield* Effect.forEach(
        cases.flatMap(([url, code, words]) => commands.map((command) => ({ url, code, words, command }))),
        ({ code, command, url, words }) =>
          Effect.promise(async () =>
            refused(await Run.run([...command, "--database-url", url], { token: "pat-eu1-x" }), code, words)
          ),
        { concurrency: 2, discard: true }
      )
    })
  )

  it.live("a database in which the engine may not make its tables is one line", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const user = `user_${randomUUID().replaceAll("-", "")}`
      yield* here.submit("a", 100)
      const url = new URL(here.databaseUrl)
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE ROLE ${sql(user)} LOGIN PASSWORD 'secret-of-user'`
        yield* sql`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${sql(user)}`
      }).pipe(
        Effect.provide(postgres({ port: yield* serverPort, name: url.pathname.slice(1) })),
        Effect.orDie
      )
      Object.assign(url, { username: user, password: "secret-of-user" })
      const args = [
        "worker",
        `--port=${yield* freePort}`,
        `--base-url=${here.url}`,
        "--database-url",
        url.href
      ]
      const ran = yield* Effect.promise(() => Run.run(args, { token: "pat-eu1-x" }))
      refused(ran, 74, /the job database cannot be used: permission denied/)
    })
  )

  it.live("what is wrong is said in one line before anything is begun", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const taken = Net.createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void taken.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => taken.close())
      )
      const port = (taken.address() as Net.AddressInfo).port
      const on = ["--database-url", here.databaseUrl]
      const connected = [...on, "--base-url", here.url]
      yield* here.submit("a", 100)
      const file = here.at("100.ndjson")
      const free = yield* freePort
      const token = "pat-eu1-x"
      const run = (args: ReadonlyArray<string>, token?: string) =>
        Effect.promise(() => Run.run(args, { token }))

      refused(
        yield* run(["worker", `--port=${port}`, ...connected], token),
        2,
        new RegExp(`port ${port} is in use; choose another with --port`)
      )
      refused(
        yield* run(["worker", `--port=${free}`, "--host=192.0.2.1", ...connected], token),
        2,
        new RegExp(`192.0.2.1:${free} cannot be listened on \\(EADDRNOTAVAIL\\); .*--listen`)
      )
      refused(yield* run(["worker", `--port=${free}`, ...connected]), 5, /HUBSPOT_ACCESS_TOKEN/)
      refused(yield* run(["submit", file, "--job=b", ...connected]), 5, /HUBSPOT_ACCESS_TOKEN/)
      const oauth = {
        HUBSPOT_CLIENT_ID: "app",
        HUBSPOT_CLIENT_SECRET: "secret-of-app",
        HUBSPOT_REFRESH_TOKEN: "na1-refresh"
      }
      for (const command of [
        ["worker", `--port=${free}`],
        ["submit", file, "--job=b"]
      ]) {
        const ran = yield* Effect.promise(() => Run.run([...command, ...connected], { env: oauth }))
        refused(ran, 5, /OAuth needs --token-file <file>/)
      }
      refused(yield* run(["submit", file, "--job=a", ...connected], token), 2, /job "?a"? /)
      refused(yield* run(["submit", file, ...connected], token), 2, /--job|job/)
      refused(yield* run(["worker", `--port=${free}`, "--base-url", here.url], token), 2, /database-url/)
      for (const name of ["jobs", "status", "cancel", "resume", "resolve"]) {
        const args = name === "jobs" ? [] : ["a"]
        refused(
          yield* run([name, ...args, ...on, "--state-dir", here.at("state")], token),
          2,
          /--state-dir and --database-url exclude each other; give one/
        )
      }
      refused(yield* run(["status", "nobody", ...on], token), 2, /nobody/)
      const counts = yield* World.counts(here, "a")
      assert.deepInclude(counts, { inputs: 100, open: 94, created: 0 })
    })
  )
})
