import * as FileFormat from "@effect-hubspot/batch/files/FileFormat"
import * as Rejects from "@effect-hubspot/batch/files/Rejects"
import * as Source from "@effect-hubspot/batch/files/Source"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bytesOf, holds, inputs, issues, read } from "./read.ts"

const oneOf = <const A extends ReadonlyArray<string>>(values: A) => Arbitrary.schema(Schema.Literals(values))
const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** The file of rejects that all rows of a file give. */
const reject = (
  name: string,
  content: string | Uint8Array,
  declared: FileFormat.FileFormat,
  reason = 'because, "of"; this|\tand …'
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/rejects`
      const source = yield* Source.fromBytes(name, Stream.make(bytesOf(content)), { declared })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const rejects = yield* Rejects.make({ path, source })
          yield* Stream.runForEach(source.rows, (row) => rejects.write(row, reason))
        })
      )
      return { bytes: yield* fs.readFile(path), format: Rejects.formatOf(source, declared) }
    })
  )

const text = (bytes: Uint8Array, encoding = "utf-8") =>
  new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes)

/** The bytes of a text of which every character is one of the encoding. */
const encoded = (content: string, encoding: string): Uint8Array => {
  if (encoding === "utf-8") return bytesOf(content)
  if (encoding.startsWith("utf-16")) {
    const codes = Array.from({ length: content.length }, (_, index) => content.charCodeAt(index))
    return Uint8Array.from(
      codes.flatMap((code) => (encoding === "utf-16le" ? [code & 255, code >> 8] : [code >> 8, code & 255]))
    )
  }
  const decoder = new TextDecoder(encoding)
  const table = Array.from({ length: 256 }, (_, code) => decoder.decode(Uint8Array.of(code)))
  return Uint8Array.from([...content], (character) => table.indexOf(character))
}

const odd = Arbitrary.map(
  Arbitrary.array(oneOf(["a", "é", "ß", " ", ",", ";", "\t", "|", '"', "'", "\n", "\r\n", "\r", "=", "%"]), {
    maxLength: 6
  }),
  (characters) => characters.join("")
)
const row = Arbitrary.all([odd, oneOf(["1", "12,5", "x", "", "-3"]), odd])

const layout = Arbitrary.all([
  oneOf(["comma", "semicolon", "tab", "pipe"]),
  oneOf(['"', "'", "none"]),
  oneOf(["utf-8", "windows-1252", "iso-8859-15", "utf-16le", "utf-16be", "macintosh"]),
  oneOf(["\n", "\r\n", "\r"]),
  oneOf(["mark", "none"]),
  oneOf(["plain", "sep", "headless", "blanks"]),
  int(0, 2),
  int(0, 2)
])

it.layer(NodeFileSystem.layer)("A rejects file of a declared file", (it) => {
  it.effect("gives the same inputs again, under the declaration that is printed for it", () =>
    Effect.context<FileSystem.FileSystem>().pipe(
      Effect.flatMap((context) =>
        holds(
          Arbitrary.all([Arbitrary.array(row, { minLength: 1, maxLength: 5 }), layout]),
          ([rows, [delimiter, quote, encoding, newline, mark, extra, skipLines, skipLast]]) =>
            Effect.gen(function* () {
              const separator = FileFormat.characterOf(delimiter)
              const plain = (cell: string) => cell.replace(/[\r\n,;|\t]/g, "")
              const cell = (given: string) =>
                quote === "none" ? plain(given) : `${quote}${given.replaceAll(quote, quote + quote)}${quote}`
              const record = (cells: ReadonlyArray<string>) =>
                cells.map(cell).join(extra === "blanks" ? `${separator} ` : separator)
              const columns = ["Artikel", "Preis", "description"] as const
              const declared: FileFormat.FileFormat = {
                ...(extra !== "sep" && { delimiter }),
                quote,
                encoding,
                decimal: "comma",
                skipLines,
                skipLast,
                map: { Artikel: "name", Preis: "price" },
                set: { hs_line_item_currency_code: "EUR" },
                ...(extra === "headless" && { columns }),
                ...(extra === "blanks" && { blanks: "skip" as const })
              }
              const lines = [
                ...(extra === "sep" ? [`sep=${separator}`] : []),
                ...Array.from({ length: skipLines }, () => "A title"),
                ...(extra === "headless" ? [] : [record(columns)]),
                ...rows.map(record),
                ...Array.from({ length: skipLast }, () => "A total"),
                ""
              ]
              const begin = mark === "mark" && encoding.startsWith("utf") ? "\ufeff" : ""
              const content = encoded(begin + lines.join(newline), encoding)
              const first = yield* read(content, { declared })
              assert.strictEqual(first.error, undefined)
              const { bytes, format } = yield* reject("items.csv", content, declared)
              const again = yield* read(bytes, { declared: format })
              assert.strictEqual(again.error, undefined)
              assert.deepStrictEqual(inputs(again), inputs(first))
              const messages = (all: ReadonlyArray<string>) =>
                all.map((issue) => issue.replace(/^[^ ]+ /, ""))
              assert.deepStrictEqual(messages(issues(again)), messages(issues(first)))
              // A rejects file of it is the same file: nothing changes on the way.
              const twice = yield* reject("items.csv", bytes, format)
              assert.deepStrictEqual(twice.format, format)
              assert.strictEqual(
                text(twice.bytes, format.encoding).replaceAll(/\d+/g, ""),
                text(bytes, format.encoding).replaceAll(/\d+/g, "")
              )
              return true
            }).pipe(Effect.orDie, Effect.provide(context)),
          { runs: 120 }
        )
      )
    )
  )

  it.effect("keeps byte order mark and line ends", () =>
    Effect.gen(function* () {
      const { bytes } = yield* reject("a.csv", "\ufeffname,price\r\nCafé,x\r\n", {}, "bad")
      assert.strictEqual(text(bytes), "\ufeffname,price,_line,_reason\r\nCafé,x,2,bad\r\n")
    })
  )

  it.effect("has a reason of at most 200 characters, cut between two of them", () =>
    Effect.gen(function* () {
      const { bytes } = yield* reject("a.csv", "name\nA\n", {}, `${"😀".repeat(201)}`)
      assert.strictEqual(text(bytes), `name,_line,_reason\nA,2,${"😀".repeat(199)}…\n`)
      const whole = yield* reject("a.csv", "name\nA\n", {}, "😀".repeat(200))
      assert.strictEqual(text(whole.bytes), `name,_line,_reason\nA,2,${"😀".repeat(200)}\n`)
    })
  )

  it.effect("is UTF-8 where its encoding is only read, or lacks a character of the columns", () =>
    Effect.gen(function* () {
      const japanese = Uint8Array.from([...bytesOf("name,price\n"), 0x88, 0xc0, ...bytesOf(",x\n")])
      const declared = { encoding: "shift_jis" } as const
      const found = yield* reject("a.csv", japanese, declared, "bad")
      assert.deepStrictEqual(found.format, {})
      assert.strictEqual(text(found.bytes), "name,price,_line,_reason\n安,x,2,bad\n")
      const cyrillic = yield* reject(
        "a.csv",
        "Stuhl,1\n",
        { encoding: "koi8-r", columns: ["Größe", "price"], map: { Größe: "name" } },
        "bad"
      )
      assert.deepStrictEqual(cyrillic.format, { map: { Größe: "name" } })
      assert.strictEqual(
        text(cyrillic.bytes),
        "Größe,price,_line,_reason\nStuhl,1,2,bad\n".replace(",2,", ",1,")
      )
    })
  )

  it.effect("of wrapped JSON is NDJSON that is read without a root", () =>
    Effect.gen(function* () {
      const declared = { root: "data", map: { Preis: "price" }, decimal: "comma" } as const
      const content = '{"data":[\n{"name":"A","Preis":"x"},{"name":"B","Preis":"1,5"}]}'
      const { bytes, format } = yield* reject("a.json", content, declared, "bad")
      assert.deepStrictEqual(format, { map: { Preis: "price" }, decimal: "comma" })
      assert.strictEqual(
        text(bytes),
        '{"name":"A","Preis":"x","_line":2,"_reason":"bad"}\n{"name":"B","Preis":"1,5","_line":2,"_reason":"bad"}\n'
      )
      const again = yield* read(bytes, { name: "a.ndjson", declared: format })
      assert.deepStrictEqual(inputs(again), ["invalid", { properties: { name: "B", price: "1.5" } }])
    })
  )
})

it.layer(NodeFileSystem.layer)("Records that break the syntax", (it) => {
  const broken = { broken: "rejects" } as const

  it.effect("are invalid rows with their reason, and the others go on", () =>
    Effect.gen(function* () {
      const reading = yield* read('name,price\nA,1\nB\n5" pipe,2\nC,1,2\n"x"y,1\nD,"1\n"\nE,"open\nF,2\n', {
        declared: broken
      })
      assert.strictEqual(reading.error, undefined)
      assert.deepStrictEqual(
        inputs(reading).map((input) => (input === "invalid" ? input : input.properties["name"])),
        ["A", "invalid", "invalid", "invalid", "invalid", "D", "invalid", "F"]
      )
      assert.deepStrictEqual(issues(reading), [
        "items.csv:3:1: 1 column, the header has 2; add the missing cells",
        "items.csv:4:1: a quote inside a cell that is not quoted; put the cell in quotes, and write the quote twice",
        "items.csv:5:3: 3 columns, the header has 2; put a cell that holds a comma in quotes",
        "items.csv:6:1: text after the quote that closes a cell; inside a quoted cell a quote is written twice",
        "items.csv:9:2: the quote opened on line 9 is never closed; close it; inside a quoted cell a quote is written twice"
      ])
      assert.deepStrictEqual(
        reading.rows.map(({ line }) => line),
        [2, 3, 4, 5, 6, 7, 9, 10]
      )
    })
  )

  it.effect("survive in the file of rejects as they were, also when that is imported again", () =>
    Effect.gen(function* () {
      const content = "name;price\r\n'A';1\r\nB;'x'y\r\n"
      const declared = { ...broken, delimiter: "semicolon", quote: "'" } as const
      const { bytes, format } = yield* reject("a.csv", content, declared, "bad")
      assert.strictEqual(
        text(bytes),
        "name;price;_line;_reason;_text\r\nA;1;2;bad;\r\n;;3;bad;'B;''x''y'\r\n"
      )
      const again = yield* read(bytes, { declared: format })
      assert.deepStrictEqual(inputs(again), [{ properties: { name: "A", price: "1" } }, "invalid"])
      const twice = yield* reject("a.csv", bytes, format, "bad")
      assert.strictEqual(text(twice.bytes), text(bytes))
    })
  )

  it.effect("of JSON are invalid rows too", () =>
    Effect.gen(function* () {
      const content = '{"name":"A"}\n{"name":B}\n[1]\n{"name":"C"}\n'
      const reading = yield* read(content, { name: "a.ndjson", declared: broken })
      assert.strictEqual(reading.error, undefined)
      assert.deepStrictEqual(inputs(reading).length, 4)
      assert.deepStrictEqual(issues(reading), [
        'a.ndjson:2:9: unexpected "B"; correct the JSON there',
        "a.ndjson:3:1: expected an object, got array; each line item is one { … }"
      ])
      const { bytes } = yield* reject("a.ndjson", content, broken, "bad")
      assert.strictEqual(text(bytes).split("\n")[1], '{"_line":2,"_reason":"bad","_text":"{\\"name\\":B}"}')
    })
  )

  it.effect("change nothing of how a good file is read, however it is cut", () => {
    const cell = oneOf(["a", "", " ", '"x"', '"a""b"', '"1\n2"', '"\r\n"', "é"])
    const table = Arbitrary.array(Arbitrary.all([cell, cell]), { maxLength: 8 })
    const places = Arbitrary.array(int(0, 80), { maxLength: 8 })
    return holds(Arbitrary.all([table, oneOf(["\n", "\r\n", "\r"]), places]), ([rows, newline, cuts]) =>
      Effect.gen(function* () {
        const content = ["name,price", ...rows.map((cells) => cells.join(","))].join(newline)
        const strict = yield* read(content, { declared: {}, cuts })
        assert.strictEqual(strict.error, undefined)
        const tolerant = yield* read(content, { declared: broken, cuts })
        assert.strictEqual(tolerant.error, undefined)
        assert.deepStrictEqual(tolerant.rows, strict.rows)
        return true
      })
    )
  })

  it.effect("are told up to the fiftieth, and how many more there are", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = `${yield* fs.makeTempDirectoryScoped()}/items.csv`
        yield* fs.writeFileString(path, `name,price\n${'A,1\nB\nC,"1" 2\n'.repeat(600)}`)
        const source = yield* Source.open({ path }, { declared: {} })
        const checked = yield* Effect.result(Source.check(source))
        assert.isTrue(Result.isFailure(checked))
        if (Result.isSuccess(checked)) return
        const { also = [], message } = checked.failure
        assert.include(message, "items.csv:3:1: 1 column, the header has 2")
        assert.include(also[0], "items.csv:4:2: text after the quote that closes a cell")
        assert.strictEqual(also.length, 20)
        assert.strictEqual(also[19], `${path}: … and 1,180 more such places`)
      }).pipe(Effect.provide(NodeStdio.layer))
    )
  )
})
