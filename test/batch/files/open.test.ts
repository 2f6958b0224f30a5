import * as Source from "@effect-hubspot/batch/files/Source"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { bytesOf, read } from "./read.ts"

const folder = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.makeTempDirectoryScoped()
})

const file = (name: string, content: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* folder}/${name}`
    yield* fs.writeFileString(path, content)
    return path
  })

const names = (source: Source.Source) =>
  Effect.map(Stream.runCollect(source.rows), (rows) => rows.map(({ line }) => line))

const services = Layer.mergeAll(
  NodeFileSystem.layer,
  Stdio.layerTest({ stdin: Stream.make(bytesOf("name\nA\n")) })
)

describe("The format of a source", () => {
  it.effect("is told by the extension, else by the first character, unless it is given", () =>
    Effect.gen(function* () {
      for (const [name, text, expected] of [
        ["a.csv", "{x", "csv"],
        ["a.CSV", "name", "csv"],
        ["a.ndjson", "name", "ndjson"],
        ["a.jsonl", "[", "ndjson"],
        ["a.json", "[", "json"],
        ["a.json", "\uFEFF \n {", "ndjson"],
        ["a.json", "", "json"],
        ["stdin", "\n\t [1", "json"],
        ["stdin", ' {"a"', "ndjson"],
        ["stdin", "name", "csv"],
        ["stdin", "", "csv"],
        ["data.txt", "[]", "json"],
        ["a.constructor", "name", "csv"]
      ] as const) {
        assert.strictEqual((yield* read(text, { name })).source?.format, expected)
      }
      assert.strictEqual((yield* read("[x", { name: "a.json", format: "csv" })).source?.format, "csv")
      assert.strictEqual((yield* read("{}", { name: "a.csv", format: "ndjson" })).source?.format, "ndjson")
    })
  )
})

it.layer(services)("An input", (it) => {
  it.effect("that is a regular file can be checked, and read again", () =>
    Effect.gen(function* () {
      const path = yield* file("items.csv", "name,price\nA,1\nB,x\nC,3\n")
      const source = yield* Source.open({ path })
      assert.deepStrictEqual([source.replayable, source.header], [true, ["name", "price"]])
      assert.deepStrictEqual(yield* Source.check(source), { rows: 3, invalid: 1, warnings: [] })
      assert.deepStrictEqual(yield* names(source), [2, 3, 4])
      assert.deepStrictEqual(yield* names(source), [2, 3, 4])
    })
  )

  it.effect("that is a regular file fails the check at its first syntax error", () =>
    Effect.gen(function* () {
      const path = yield* file("items.csv", "name,price\nA,1\nB\n")
      const source = yield* Source.open({ path })
      const error = yield* Effect.flip(Source.check(source))
      assert.strictEqual(error.message, `${path}:3:1: 1 column, the header has 2; add the missing cells`)
      assert.deepStrictEqual([error.file, error.line, error.column], [path, 3, 1])
    })
  )

  it.effect("with a broken header is not opened", () =>
    Effect.gen(function* () {
      const path = yield* file("items.csv", "name,name\nA,1\n")
      const error = yield* Effect.flip(Source.open({ path }))
      assert.strictEqual(
        error.message,
        `${path}:1:2: column "name" appears twice (1 and 2); rename or remove one`
      )
    })
  )

  it.effect("that is the standard input is read once, and not checked", () =>
    Effect.gen(function* () {
      const source = yield* Source.open("stdin")
      assert.deepStrictEqual([source.name, source.replayable, source.header], ["stdin", false, ["name"]])
      assert.strictEqual(
        (yield* Effect.flip(Source.check(source))).message,
        "cannot read stdin: it can be read only once, so it is not checked first; give a regular file"
      )
      assert.deepStrictEqual(yield* names(source), [2])
      assert.strictEqual(
        (yield* Effect.flip(names(source))).message,
        "cannot read stdin: it can be read only once; give a regular file to read it again"
      )
    })
  )

  it.effect("that is a pipe or a device is read like the standard input", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/pipe`
      execFileSync("mkfifo", [path])
      const rows = "Chair,1\n".repeat(50_000)
      const fs = yield* FileSystem.FileSystem
      const [source, lines] = yield* Effect.all(
        [
          Effect.flatMap(Source.open({ path }), (source) =>
            Effect.map(names(source), (lines) => [source, lines] as const)
          ),
          fs.writeFileString(path, `name,price\n${rows}`)
        ],
        { concurrency: "unbounded" }
      ).pipe(Effect.map(([read]) => read))
      assert.deepStrictEqual([source.replayable, lines.length, lines.at(-1)], [false, 50_000, 50_001])

      const empty = yield* Source.open({ path: "/dev/null" })
      assert.deepStrictEqual([empty.replayable, yield* names(empty)], [false, []])
      assert.strictEqual(
        (yield* Effect.flip(Source.open({ path: "/dev/zero" }))).message,
        "/dev/zero:1:1: byte 1 of line 1 is a NUL (U+0000); remove it, or save the file as UTF-8"
      )
    })
  )

  it.effect("that cannot be read says why", () =>
    Effect.gen(function* () {
      const here = yield* folder
      for (const [path, error] of [
        ["", 'cannot read "": the path is empty; give a file, or "-" for the standard input'],
        [here, `cannot read ${here}: it is a directory; give a file`],
        ["no\u001b[31m.csv", "cannot read no\\u001b[31m.csv: no such file; check the path"],
        [
          `${here}/a\0b`,
          `cannot read ${here}/a\\u0000b: the system refused to read it; check the path and the disk`
        ]
      ] as const) {
        const { message } = yield* Effect.flip(Source.open({ path }))
        assert.strictEqual(message, error)
        assert.notMatch(message, /\p{Cc}/u)
      }
    })
  )

  it.effect("that this user may not read says so", () =>
    Effect.gen(function* () {
      const denied = FileSystem.layerNoop({
        stat: () =>
          Effect.fail(
            PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "stat" })
          )
      })
      const error = yield* Effect.flip(Source.open({ path: "items.csv" }).pipe(Effect.provide(denied)))
      assert.strictEqual(
        error.message,
        "cannot read items.csv: permission denied; make it readable for this user"
      )
    })
  )

  it.effect("that breaks off is an error behind the rows before it", () =>
    Effect.gen(function* () {
      const broken = PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "read" })
      const lines: Array<number> = []
      const error = yield* Source.open("stdin").pipe(
        Effect.flatMap(({ rows }) =>
          Stream.runForEach(rows, ({ line }) => Effect.sync(() => lines.push(line)))
        ),
        Effect.provide(
          Stdio.layerTest({
            stdin: Stream.concat(Stream.make(bytesOf("name\nA\nB\nC")), Stream.fail(broken))
          })
        ),
        Effect.flip
      )
      assert.strictEqual(
        error.message,
        "cannot read stdin: the system refused to read it; check the path and the disk"
      )
      assert.deepStrictEqual(lines, [2, 3])
    })
  )
})
