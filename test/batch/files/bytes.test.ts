import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { bytesOf, cuts, holds, read, type Reading } from "./read.ts"

const join = (...parts: ReadonlyArray<string | ReadonlyArray<number>>): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...bytesOf(part)] : part)))

describe("Bytes that are no text", () => {
  it.effect("are named by line and byte, behind the rows before them", () =>
    Effect.gen(function* () {
      for (const bad of [
        [0xff],
        [0xc3, 0x28],
        [0xe2, 0x82],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0x80],
        [0xc0, 0x80]
      ]) {
        const reading = yield* read(join("name,price\r\nStühle,1\r\n1234567890123456", bad, "\nmore,2\n"))
        assert.strictEqual(
          reading.error,
          "items.csv:3:17: byte 17 of line 3 is not valid UTF-8; save the file as UTF-8"
        )
        assert.strictEqual(reading.rows.length, 1)
      }
      const cutOff = yield* read(join("name\nA\nB\xfc", [0xe2, 0x82]))
      assert.strictEqual(
        cutOff.error,
        "items.csv:3:4: byte 4 of line 3 is not valid UTF-8; save the file as UTF-8"
      )
    })
  )

  it.effect("are refused when they are NUL", () =>
    Effect.gen(function* () {
      const reading = yield* read("name\nA\nab\0c\n")
      assert.strictEqual(
        reading.error,
        "items.csv:3:3: byte 3 of line 3 is a NUL (U+0000); remove it, or save the file as UTF-8"
      )
      assert.strictEqual(reading.rows.length, 1)
      assert.strictEqual(
        (yield* read(new Uint8Array(100_000))).error,
        "items.csv:1:1: byte 1 of line 1 is a NUL (U+0000); remove it, or save the file as UTF-8"
      )
    })
  )

  it.effect("are recognised as UTF-16, with and without a mark", () =>
    Effect.gen(function* () {
      const wide = (text: string, little: boolean) =>
        [...text].flatMap((c) => (little ? [c.charCodeAt(0), 0] : [0, c.charCodeAt(0)]))
      for (const bytes of [
        join([0xff, 0xfe], wide("name\nA\n", true)),
        join([0xfe, 0xff], wide("name\nA\n", false)),
        join(wide("name\nA\n", true)),
        join(wide("name\nA\n", false))
      ]) {
        assert.strictEqual(
          (yield* read(bytes)).error,
          "items.csv:1:1: UTF-16 text, byte 1 of line 1 is not valid UTF-8; save the file as UTF-8"
        )
      }
    })
  )

  it.effect("are recognised as compressed, wherever they are cut", () =>
    Effect.gen(function* () {
      for (const [name, magic] of [
        ["a gzip file", [0x1f, 0x8b, 8, 0]],
        ["a zip or Excel file", [0x50, 0x4b, 3, 4]],
        ["a zstd file", [0x28, 0xb5, 0x2f, 0xfd]],
        ["a bzip2 file", [...bytesOf("BZh91AY&SY")]],
        ["an xz file", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]]
      ] as const) {
        const { error } = yield* read(join(magic, "rest of the file"), { cuts: [1, 2, 3, 9] })
        assert.match(
          error ?? "",
          new RegExp(`^items.csv: ${name}: compressed input is not accepted; unpack it first`)
        )
      }
      assert.strictEqual((yield* read("BZh\nA\n")).rows.length, 1)
      assert.strictEqual((yield* read("PK\nA\n")).rows.length, 1)
    })
  )

  it.effect("are found where the platform's decoder says there are some, and nowhere else", () => {
    const byte = Schema.Literals([
      0x41, 0x0a, 0x0d, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xff
    ])
    const bytes = Arbitrary.array(Arbitrary.schema(byte), { maxLength: 12 })
    return holds(
      Arbitrary.all([bytes, cuts]),
      ([tail, places]) => {
        const content = join("name\n", tail)
        let valid = true
        try {
          new TextDecoder("utf-8", { fatal: true }).decode(content)
        } catch {
          valid = false
        }
        return Effect.gen(function* () {
          const whole = yield* read(content)
          const parts = yield* read(content, { cuts: places })
          assert.deepStrictEqual([parts.rows, parts.error], [whole.rows, whole.error])
          return (whole.error === undefined) === valid
        })
      },
      { runs: 500 }
    )
  })
})

describe("U+FEFF", () => {
  const mark = "\ufeff"
  const everywhere = (bytes: Uint8Array) => Array.from({ length: bytes.length }, (_, place) => place)

  it.effect("is a character like others inside of a file, wherever the bytes are cut", () =>
    Effect.gen(function* () {
      for (const [name, content] of [
        ["items.csv", `name,sku\nA${mark},${mark}B\n${mark}C,${mark}\n"${mark}D${mark}",E\n`],
        ["items.ndjson", `{"name":"A${mark}","sku":"${mark}B"}\n{"name":"${mark}${mark}","sku":"${mark}"}\n`],
        ["items.json", `[{"name":"A${mark}","sku":"${mark}B"},{"name":"${mark}C","sku":"D"}]`]
      ] as const) {
        const whole = yield* read(content, { name })
        assert.isUndefined(whole.error, name)
        assert.isAtLeast(whole.rows.length, 2)
        assert.include(JSON.stringify(whole.rows), `A${mark}`)
        // Behind a mark that begins the file, too: only that one is dropped.
        for (const start of ["", mark]) {
          const all = join(start, content)
          const same = (parts: Reading, what: string) =>
            assert.deepStrictEqual([parts.rows, parts.error], [whole.rows, whole.error], what)
          same(yield* read(all, { name, cuts: everywhere(all) }), name)
          for (const place of everywhere(all)) {
            same(yield* read(all, { name, cuts: [place] }), `${name} cut at ${place}`)
          }
        }
      }
    })
  )
})
