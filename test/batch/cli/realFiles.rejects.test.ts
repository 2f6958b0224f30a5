/**
 * What was declared of a file holds around the import too: in its job, in the file of its rejects, and in the command that is
 * printed for them.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import {
  canary,
  counted,
  countsOf,
  type Directory,
  directory,
  endAll,
  run,
  serve,
  type Server
} from "./run.ts"

const place: Directory = directory()
let server: Server
beforeAll(async () => {
  server = await serve()
})
afterAll(() => {
  endAll()
  place.remove()
})

const importing = (...args: ReadonlyArray<string>) =>
  run(["import", ...args, "--emulator", "--json"], { cwd: place.path })

const atServer = (command: string, ...args: ReadonlyArray<string>) =>
  run([command, ...args, "--json", "--base-url", server.url, "--state-dir", "state"], {
    cwd: place.path,
    token: canary
  })

const atServerAlone = (...args: ReadonlyArray<string>) =>
  run(["import", ...args, "--json", "--base-url", server.url, "--strategy=at-least-once"], {
    cwd: place.path,
    token: canary
  })

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe("Rejects of a declared file", () => {
  it("keep byte order mark and line ends", async () => {
    place.write("bom.csv", "\ufeffname,quantity,price,hs_sku\r\nCafé,2,149.90,00123\r\nTisch,x,1,2\r\n")
    const end = await importing("bom.csv", "--rejects", "bom.rejects.csv")
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 2, created: 1, invalid: 1 }))
    const text = place.read("bom.rejects.csv")
    assert.match(text, /^\ufeffname,quantity,price,hs_sku,_line,_reason\r\nTisch,x,1,2,3,"[^\n]+"\r\n$/)
  })

  it("are imported again by the command that is printed, as it is", async () => {
    const lines = [
      "Bericht",
      "Name;Preis;Menge;Nr.;Auftrag",
      "Büro-Stuhl;149,90;2;1;",
      "Tür;x;1;2;",
      "Summe;1;1;1;"
    ]
    place.write("erp.csv", latin1(`${lines.join("\r\n")}\r\n`))
    const end = await atServerAlone(
      "erp.csv",
      "--rejects",
      "it's.csv",
      "--map",
      "Name=name",
      "--map",
      "Preis=price",
      "--map",
      "Menge=quantity",
      "--ignore",
      "Nr.",
      "--find",
      "Auftrag=deal.dealname",
      "--set",
      "hs_line_item_currency_code=EUR",
      "--declare",
      "encoding=windows-1252",
      "--declare",
      "delimiter=semicolon",
      "--declare",
      "decimal=comma",
      "--declare",
      "skipLines=1",
      "--declare",
      "skipLast=1"
    )
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 2, created: 1, invalid: 1 }))
    const command = /^erp\.csv: import it again with: line-items import (.*)$/m.exec(end.stderr)?.[1] ?? ""
    assert.strictEqual(
      command,
      `"it's.csv" --base-url ${server.url} --strategy=at-least-once --declare decimal=comma --declare encoding=windows-1252 --declare delimiter=semicolon --map Name=name --map Preis=price --map Menge=quantity --find Auftrag=deal.dealname --ignore Nr. --set hs_line_item_currency_code=EUR`
    )
    const rejects = new TextDecoder("windows-1252").decode(latin1(place.read("it's.csv")))
    assert.match(rejects, /^Name;Preis;Menge;Nr\.;Auftrag;_line;_reason\r\n/)
    place.write("it's.csv", latin1("Name;Preis;Menge;Nr.;Auftrag;_line;_reason\r\nTür;1,50;1;2;;4;x\r\n"))
    const words = [...command.matchAll(/"it's\.csv"|\S+/g)].map(([word]) =>
      word.startsWith('"') ? "it's.csv" : word
    )
    const again = await run(["import", ...words, "--json"], {
      cwd: place.path,
      token: canary
    })
    assert.deepStrictEqual(countsOf(again), counted({ inputs: 1, created: 1 }))
    const last = (await server.ledger()).created.at(-1)
    assert.deepStrictEqual(
      { ...last?.properties },
      { name: "Tür", price: "1.50", quantity: "1", hs_line_item_currency_code: "EUR" }
    )
  })

  it("have records that break the syntax, which are told at once where they stop the file", async () => {
    place.write("ragged.csv", "name,price,quantity\nA,1,1\nB,2\nC,3,1\nD\n")
    const stopped = await importing("ragged.csv", "--rejects", "ragged.rejects.csv")
    assert.strictEqual(stopped.code, 2)
    assert.match(stopped.stderr, /ragged\.csv:3:2: 2 columns, .*\n.*ragged\.csv:5:1: 1 column, .*\n$/)
    assert.isFalse(place.exists("ragged.rejects.csv"))
    const end = await importing(
      "ragged.csv",
      "--rejects",
      "ragged.rejects.csv",
      "--declare",
      "broken=rejects"
    )
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 4, created: 2, invalid: 2 }))
    assert.strictEqual(
      place.read("ragged.rejects.csv"),
      'name,price,quantity,_line,_reason,_text\n,,,3,"2 columns, the header has 3; add the missing cells","B,2"\n,,,5,"1 column, the header has 3; add the missing cells",D\n'
    )
  })
})

describe("A job of a declared file", () => {
  it("keeps the declaration: it is resumed, retried and written with it", async () => {
    const content = "Titel\nName;Preis\nStuhl;1.149,90\nTisch;x\nB\n"
    place.write("job.csv", content)
    const declared = [
      "--declare",
      "delimiter=semicolon",
      "--declare",
      "decimal=comma",
      "--declare",
      "thousands=dot",
      "--declare",
      "skipLines=1",
      "--declare",
      "broken=rejects",
      "--map",
      "Name=name",
      "--map",
      "Preis=price",
      "--set",
      "hs_line_item_currency_code=EUR"
    ]
    const first = await atServer("import", "job.csv", "--job", "j", "--rejects", "j.csv", ...declared)
    assert.deepInclude(JSON.parse(first.stdout), { job: "j", inputs: 3, created: 1, invalid: 2 })
    const rejects = place.read("j.csv")
    assert.match(rejects, /^Name;Preis;_line;_reason;_text\nTisch;x;4;[^\n]+;\n;;5;[^\n]+;B\n$/)
    const resumed = await atServer("resume", "j", "--rejects", "again.csv")
    assert.strictEqual(resumed.code, 3)
    assert.strictEqual(place.read("again.csv"), rejects)
    place.write("corrected.csv", "Name;Preis;_line;_reason;_text\nTisch;2,50;4;;\nBank;3;5;;B\n")
    const retried = await atServer("retry", "j", "corrected.csv", "--rejects", "none.csv")
    assert.strictEqual(retried.code, 0, retried.stderr)
    const { created } = await server.ledger()
    assert.deepStrictEqual(
      created
        .slice(-3)
        .map(({ properties: { name, price } }) => `${name} ${price}`)
        .sort(),
      ["Bank 3", "Stuhl 1149.90", "Tisch 2.50"]
    )
    assert.strictEqual(place.read("none.csv"), "Name;Preis;_line;_reason;_text\n")
  })

  it("is resumed with the same file, also under a declaration", async () => {
    place.write("keeps.csv", "name;price\n;\nA;1,5\n")
    await server.fail({
      rules: [
        {
          match: { path: "*/batch/create" },
          fault: { place: "beforeCommit", reply: { kind: "status", status: 403 } }
        }
      ]
    })
    const flags = ["--declare", "delimiter=semicolon", "--declare", "decimal=comma"]
    const first = await atServer("import", "keeps.csv", "--job", "k", ...flags)
    await server.fail({ rules: [] })
    assert.strictEqual(first.code, 5, first.stderr)
    const changed = place.read("keeps.csv")
    place.write("keeps.csv", "name;price\n;\nB;1,5\n")
    const refused = await atServer("resume", "k")
    assert.include(refused.stderr, "differs from the planned input at line 3")
    place.write("keeps.csv", changed)
    const end = await atServer("resume", "k")
    assert.strictEqual(end.code, 0, end.stderr)
    assert.strictEqual((await server.ledger()).created.at(-1)?.properties["price"], "1.5")
  })
})
