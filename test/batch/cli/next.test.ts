/**
 * The next command for a person, from the arguments of the one that names it.
 */
import { DoubtStrategy } from "@effect-hubspot/batch"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Next from "../../../packages/batch/src/cli/Next.ts"

const frozen = (origin: string) =>
  ({
    source: { name: "q 3.csv", path: "q 3.csv" },
    format: "csv",
    batchSize: 100,
    strategy: DoubtStrategy.guard(),
    keyProperty: "import_key",
    account: "1",
    origin
  }) as const

describe("The next command", () => {
  it("keeps the flags that hold for it, as a shell reads them, and no others", () => {
    const args = [
      ..."import items.csv --job q3 --rejects r.csv --json --limit=50 --state-dir".split(" "),
      "my jobs",
      "--token-file",
      "it's$HOME"
    ]
    const at = { words: ["q3"] }
    assert.strictEqual(
      Next.commandOf(args, "resume", at),
      `line-items resume q3 --limit=50 --state-dir "my jobs" --token-file 'it'\\''s$HOME'`
    )
    assert.strictEqual(Next.commandOf(args, "status", at), 'line-items status q3 --state-dir "my jobs"')
    assert.strictEqual(
      Next.commandOf(args, "retry", { words: ["q3", "my rejects.csv"] }).slice(0, 38),
      'line-items retry q3 "my rejects.csv" -'
    )
  })

  it("never has the address of a database", () => {
    for (const flag of [
      ["--database-url", "postgres://u:pw@host/db"],
      ["--database-url=postgres://u:pw@host/db"]
    ]) {
      assert.strictEqual(
        Next.commandOf(["submit", "items.csv", ...flag, "--job", "q3"], "status", { words: ["q3"] }),
        'line-items status q3 --database-url "$LINE_ITEMS_DATABASE_URL"'
      )
    }
  })

  it("goes where the job goes, whatever the command that names it was given", () => {
    const on = (origin: string, ...args: ReadonlyArray<string>) =>
      Next.commandOf(["status", "q3", ...args], "resume", {
        words: ["q3"],
        job: { frozen: frozen(origin) }
      })
    const local = "http://127.0.0.1:8080"
    assert.strictEqual(on(local), `line-items resume q3 --base-url ${local}`)
    assert.strictEqual(on(local, "--base-url", `${local}/`), `line-items resume q3 --base-url ${local}`)
    assert.strictEqual(on("https://api.hubapi.com"), "line-items resume q3")
  })

  it("is an import with switches and values, for the rows that were not created", () => {
    const args =
      "import a.csv --emulator --verify-rejections --map A=name --emulator-properties p.json".split(" ")
    assert.deepStrictEqual(Next.flagsOf(args, "import"), [
      "--emulator",
      "--verify-rejections",
      "--emulator-properties",
      "p.json"
    ])
  })

  it.effect("is of the arguments of this process", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* Next.command("setup-key", { words: ["--key-property", "import_key"] }),
        "line-items setup-key --key-property import_key --base-url http://x"
      )
    }).pipe(
      Effect.provide(
        Stdio.layerTest({ args: Effect.succeed(["import", "a", "--base-url", "http://x", "--json"]) })
      )
    )
  )
})
