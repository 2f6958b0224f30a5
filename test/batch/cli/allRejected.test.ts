/**
 * Files whose rows are all rejected for one cause, as a person and a script see them.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canary, type Directory, directory, endAll, run, serve, type Server } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  server = await serve("--required", "hs_sku")
  files.write("bare.csv", `name,price\n${Array.from({ length: 1300 }, (_, n) => `Chair ${n},1\n`).join("")}`)
})

afterAll(() => {
  endAll()
  files.remove()
})

const on = (...args: ReadonlyArray<string>) => run(args, { cwd: files.path, token: canary })

const cause =
  "the first 200 were all rejected for one cause: hs_sku: Error creating LINE_ITEM. Some required properties were not set"

describe("a file without a property that the account requires", () => {
  it("is not sent on after two batches; one line says why and what to do, and the rejects hold every row", async () => {
    const { code, stderr, stdout } = await on(
      "import",
      "bare.csv",
      "--base-url",
      server.url,
      "--json",
      "--rejects",
      "rejects.csv"
    )
    assert.strictEqual(code, 3, stderr)
    const { elapsedMs: _, ...summary } = JSON.parse(stdout)
    assert.deepStrictEqual(summary, {
      status: "CANCELED",
      inputs: 1300,
      created: 0,
      rejected: 200,
      invalid: 0,
      notSent: 1100,
      inDoubt: 0,
      requests: 3
    })
    const lines = stderr.split("\n").filter((line) => line.includes("one cause"))
    assert.lengthOf(lines, 1)
    assert.isTrue(lines[0]!.startsWith(`bare.csv: 1,100 rows not sent: ${cause}; `), lines[0])
    assert.isTrue(lines[0]!.endsWith("; --keep-going sends the other rows all the same"), lines[0])
    const rejects = files.read("rejects.csv").trimEnd().split("\n")
    assert.lengthOf(rejects, 1301)
    assert.lengthOf(
      rejects.filter((line) => line.includes("not sent: the first 200 were")),
      1100
    )
  })

  it("is sent whole with --keep-going", async () => {
    const { code, stderr, stdout } = await on(
      "import",
      "bare.csv",
      "--base-url",
      server.url,
      "--json",
      "--keep-going"
    )
    assert.strictEqual(code, 3)
    assert.deepInclude(JSON.parse(stdout), { status: "COMPLETE", rejected: 1300, notSent: 0 })
    assert.notInclude(stderr, "one cause")
  })

  it("as a job it is suspended, and resume goes on past it with --keep-going", async () => {
    const kept = ["--base-url", server.url, "--state-dir", "state", "--json"]
    const first = await on("import", "bare.csv", "--job", "q3", ...kept)
    assert.strictEqual(first.code, 75, first.stderr)
    assert.deepInclude(JSON.parse(first.stdout), {
      status: "PROCESSING",
      rejected: 200,
      notSent: 1100,
      suspended: { reason: "operator", resumeAt: null }
    })
    assert.include(first.stderr, `bare.csv: 1,100 of 1,300 rows have no outcome yet: not sent: ${cause}; `)
    assert.include(
      first.stderr,
      "--keep-going sends the other rows all the same; go on with: line-items resume q3"
    )
    const again = await on("resume", "q3", "--keep-going", ...kept)
    assert.strictEqual(again.code, 3, again.stderr)
    assert.deepInclude(JSON.parse(again.stdout), { status: "COMPLETE", rejected: 1300, notSent: 0 })
  })

  it("workers are told by a flag of their own", async () => {
    const { code, stderr } = await on(
      "resume",
      "q3",
      "--keep-going",
      "--database-url",
      "postgres://nobody@127.0.0.1:9/none"
    )
    assert.strictEqual(code, 2)
    assert.include(stderr, "give --keep-going to line-items worker")
  })
})
