/**
 * A pipe is read once: it is exact, or declared, or it ends before anything is sent, with the command that declares it.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { canary, counted, countsOf, directory, endAll, run, serve } from "./run.ts"

afterAll(() => {
  endAll()
})

const piped = (stdin: string | Uint8Array, ...flags: ReadonlyArray<string>) =>
  run(["import", "-", "--emulator", ...flags], { stdin })

describe("A pipe that needs a declaration", () => {
  it("is not sent, and the command that declares it is printed, also with --accept", async () => {
    for (const flags of [[], ["--accept"]]) {
      const end = await piped("Artikel;Menge;Preis\nStuhl;2;149,90\n", ...flags)
      assert.strictEqual(end.code, 2)
      assert.include(
        end.stderr,
        "  line-items import - --emulator --declare delimiter=semicolon --declare decimal=comma --map Artikel=name --map Menge=quantity --map Preis=price\n"
      )
      assert.include(end.stderr, "stdin: nothing was sent; a pipe is read once")
    }
    const declared = await piped(
      "Artikel;Menge;Preis\nStuhl;2;149,90\n",
      "--json",
      ..."--declare delimiter=semicolon --declare decimal=comma".split(" "),
      ..."--map Artikel=name --map Menge=quantity --map Preis=price".split(" ")
    )
    assert.deepStrictEqual(countsOf(declared), counted({ inputs: 1, created: 1 }))
  })

  it("is looked at for 64 KiB, and is in any encoding", async () => {
    const long = `name;price\n${"Stuhl;1,50\n".repeat(50_000)}Tisch;x;y\n`
    const end = await piped(long)
    assert.strictEqual(end.code, 2)
    assert.match(end.stderr, /^stdin: CSV, [56],\d{3} rows\n/)
    assert.include(end.stderr, "--declare delimiter=semicolon --declare decimal=comma\n")
    const wide = new Uint8Array(Buffer.from("\ufeffname\tprice\r\nStuhl\t149,90\r\n", "utf16le"))
    assert.include(
      (await piped(wide)).stderr,
      "--declare encoding=utf-16 --declare delimiter=tab --declare decimal=comma\n"
    )
  })

  it("is refused as before where no declaration is proposed", async () => {
    const typo = await piped("name,quantity,prise\nA,1,10\n")
    assert.strictEqual(typo.code, 2)
    assert.match(typo.stderr, /^line-items: stdin: column "prise" is no property .* did you mean "price"/)
  })

  it("that breaks off is sent to there, and says the line to go on from", async () => {
    const end = await piped("name,price\nA,1\nB,x\nC,2,3\nD,4\nE,5\n", "--json")
    assert.strictEqual(end.code, 65)
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 2, created: 1, invalid: 1 }, "CANCELED"))
    assert.include(end.stderr, "stdin:4:3: 3 columns, the header has 2")
    assert.include(end.stderr, "go on with the rows after line 3")
  })

  it("has the warnings that a file has, also as a job", async () => {
    const place = directory()
    const server = await serve()
    const text = "name,description\nA,#N/A\nB\u200b,null\n"
    place.write("items.csv", text)
    const at = ["--base-url", server.url, "--json"]
    const job = (id: string) => ["--job", id, "--state-dir", "jobs"]
    const importing = async (input: string, flags: ReadonlyArray<string>) => {
      const options = { cwd: place.path, token: canary, ...(input === "-" && { stdin: text }) }
      const end = await run(["import", input, ...at, ...flags], options)
      assert.strictEqual(end.code, 0, end.stderr)
      return end.stderr.replaceAll(/^(?:stdin|items\.csv): /gm, "").split("\n")
    }
    const warnings = [
      'description: 2 values are words for no value, and are sent as text; to send nothing, declare "empty=#N/A,null"',
      "name: 1 value has invisible characters (U+200B), with which it is sent; remove them if they are not meant"
    ]
    for (const [input, flags] of [
      ["items.csv", []],
      ["items.csv", job("file")],
      ["-", []],
      ["-", job("pipe")]
    ] as const) {
      const lines = await importing(input, flags)
      assert.deepStrictEqual(
        lines.filter((line) => / values? /.test(line)),
        warnings,
        `${input} ${flags.join(" ")}`
      )
    }
    await server.stop()
    place.remove()
  })

  it("is not sent to an account either", async () => {
    const server = await serve()
    const end = await run(["import", "-", "--base-url", server.url], {
      token: canary,
      stdin: "Name;Unit price\nA;1,50\n"
    })
    assert.strictEqual(end.code, 2)
    assert.include(end.stderr, `line-items import - --base-url ${server.url} --declare delimiter=semicolon`)
    assert.isEmpty((await server.ledger()).created)
    await server.stop()
  })
})
