/**
 * The question to a person at a terminal: only yes sends, and what is sent is what was proposed.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import * as Command from "../../support/command.ts"
import { canary, directory, type Directory, serve, type Server } from "./run.ts"

let files: Directory
let server: Server

beforeAll(async () => {
  files = directory()
  files.write("stuhl.csv", "Artikel;Menge;Preis\nStuhl;2;149,90\n")
  server = await serve()
})

afterAll(async () => {
  await server.stop()
  files.remove()
})

const quit = Effect.fail(new Terminal.QuitError({}))

interface Asked {
  readonly answer: Command.Options["answer"]
  readonly flags?: ReadonlyArray<string>
  /** Of the terminal that the standard output and error are. */
  readonly columns?: number | undefined
}

/** Begins an import of the file, and counts how often its person is asked. */
const begin = ({ answer, columns = 80, flags = [] }: Asked) => {
  let asked = 0
  const started = Command.start({
    args: ["import", "stuhl.csv", "--base-url", server.url, ...flags],
    cwd: files.path,
    env: { HUBSPOT_ACCESS_TOKEN: canary },
    columns: columns === 0 ? undefined : columns,
    answer: answer === undefined ? undefined : Effect.suspend(() => (asked++, answer))
  })
  return { ...started, asked: () => asked }
}

/** What an import creates, as the emulator has it. */
const createdBy = async (given: Asked) => {
  const before = (await server.ledger()).created.length
  const started = begin(given)
  const finished = await started.finished
  const created = (await server.ledger()).created.slice(before).map(({ properties }) => properties)
  return { ...finished, asked: started.asked(), created }
}

const stuhl = { name: "Stuhl", quantity: "2", price: "149.90" }

describe("The question before a file is imported as proposed", () => {
  it("yes sends what was proposed, in any writing of it", async () => {
    for (const text of ["y", " YES "]) {
      const { asked, code, created, stderr } = await createdBy({ answer: Effect.succeed(text) })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(asked, 1)
      assert.deepStrictEqual(created, [stuhl])
    }
  })

  it("anything else sends nothing, and says the command that would", async () => {
    for (const answer of [Effect.succeed("n"), Effect.succeed(""), Effect.succeed("yes!"), quit]) {
      const { asked, code, created, stderr } = await createdBy({ answer })
      assert.strictEqual(code, 2)
      assert.strictEqual(asked, 1)
      assert.isEmpty(created)
      assert.include(stderr, "Import it so? [y/N] ")
      assert.match(stderr, /\[y\/N\] \n?line-items: stuhl\.csv: nothing was sent; run the command above/)
    }
  })

  it("an end of the input leaves the cursor at the beginning of a line", async () => {
    const { stderr } = await createdBy({ answer: quit })
    assert.include(stderr, "[y/N] \nline-items: ")
  })

  it("is on the standard error, so that a script gets its object alone", async () => {
    const { created, stdout } = await createdBy({ answer: Effect.succeed("y"), flags: ["--json"] })
    assert.deepStrictEqual(created, [stuhl])
    assert.match(stdout, /^\{.*\}\n$/)
  })

  it("is not asked with --accept", async () => {
    const { asked, created } = await createdBy({ answer: Effect.succeed("n"), flags: ["--accept"] })
    assert.strictEqual(asked, 0)
    assert.deepStrictEqual(created, [stuhl])
  })

  it("is not asked where nobody is who sees it, or can answer", async () => {
    const unanswerable = await createdBy({ answer: undefined })
    const unseen = await createdBy({ answer: Effect.succeed("y"), columns: 0 })
    for (const { asked, code, created, stderr } of [unanswerable, unseen]) {
      assert.strictEqual(code, 2)
      assert.strictEqual(asked, 0)
      assert.isEmpty(created)
      assert.notInclude(stderr, "[y/N]")
    }
  })

  it("Ctrl-C at it ends with 130, and sends nothing", async () => {
    const before = (await server.ledger()).created.length
    const started = begin({ answer: Effect.never })
    await started.seen("stderr", "[y/N] ")
    started.kill("SIGINT")
    assert.strictEqual((await started.finished).code, 130)
    assert.lengthOf((await server.ledger()).created, before)
  })
})
