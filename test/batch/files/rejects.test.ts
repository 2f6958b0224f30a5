import * as Rejects from "@effect-hubspot/batch/files/Rejects"
import * as Source from "@effect-hubspot/batch/files/Source"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bytesOf, holds } from "./read.ts"

const fromText = (name: string, text: string) => Source.fromBytes(name, Stream.make(bytesOf(text)))

/** The file that rejecting every row gives. */
const reject = (name: string, text: string, reason = "because") =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/rejects`
      const source = yield* fromText(name, text)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const rejects = yield* Rejects.make({ path, source })
          yield* Stream.runForEach(source.rows, (row) => rejects.write(row, reason))
        })
      )
      return yield* fs.readFileString(path)
    })
  )

const inputs = (name: string, text: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { rows } = yield* fromText(name, text)
      return (yield* Stream.runCollect(rows)).map(({ input }) =>
        Result.match(input, {
          onSuccess: (value): unknown => value,
          onFailure: (issues) => issues.map(({ message, path }) => [path, message])
        })
      )
    })
  )

it.layer(NodeFileSystem.layer)("A rejects file", (it) => {
  it.effect("of CSV is CSV with the cells as they were, and line and reason", () =>
    Effect.gen(function* () {
      const text = 'name,_note,price\r\n"=A, ""1""",\u00a0x ,"1\n2"\r\n\r\n-B,, 3\r\n'
      assert.strictEqual(
        yield* reject("a.csv", text, 'price: "x", bad'),
        'name,_note,price,_line,_reason\r\n"=A, ""1""",\u00a0x ,"1\n2",2,"price: ""x"", bad"\r\n-B,, 3,5,"price: ""x"", bad"\r\n'
      )
    })
  )

  it.effect("has a header though no row is rejected, and none if there was none", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reject("a.csv", "name,price\n"), "name,price,_line,_reason\n")
      assert.strictEqual(yield* reject("a.csv", ""), "_line,_reason\n")
      assert.strictEqual(yield* reject("a.ndjson", ""), "")
    })
  )

  it.effect("of JSON is NDJSON with every token as it was", () =>
    Effect.gen(function* () {
      const objects = ['{"price": 0.10000000000000000001, "name":"a\\u00e9\\n\\"}"}', "{}"]
      const expected =
        '{"price": 0.10000000000000000001,"name":"a\\u00e9\\n\\"}","_line":1,"_reason":"because"}\n{"_line":2,"_reason":"because"}\n'
      assert.strictEqual(yield* reject("a.ndjson", objects.join("\n")), expected)
      assert.strictEqual(yield* reject("a.json", `[${objects.join(",\n")}]`), expected)
      assert.strictEqual(
        yield* reject("a.json", '[ {\n  "properties" : {\r\n "name": "a  b",\n "price": 1e2 }\n} ]'),
        '{"properties" : {"name":"a  b","price":1e2},"_line":1,"_reason":"because"}\n'.replace('" : {', '":{')
      )
    })
  )

  it.effect("of a rejects file has line and reason once", () =>
    Effect.gen(function* () {
      const csv = yield* reject("a.csv", "_reason,name,_line\nold,A,77\n", "new")
      assert.strictEqual(csv, "name,_line,_reason\nA,2,new\n")
      assert.strictEqual(yield* reject("a.csv", csv, "new"), csv)
      const json = yield* reject("a.ndjson", '{"_line":77,"name":"A","_reason":"old","_line":78}\n', "new")
      assert.strictEqual(json, '{"name":"A","_line":1,"_reason":"new"}\n')
      assert.strictEqual(yield* reject("a.ndjson", json, "new"), json)
    })
  )

  it.effect("holds a reason in one line that can be read again", () =>
    Effect.gen(function* () {
      const reason = "two\nlines\0 \ud800 \u001b[31m"
      const expected = "two\\u000alines\\u0000 \ufffd \\u001b[31m"
      assert.strictEqual(yield* reject("a.csv", "name\nA\n", reason), `name,_line,_reason\nA,2,${expected}\n`)
      const json = yield* reject("a.ndjson", '{"name":"A"}', reason)
      assert.strictEqual((JSON.parse(json) as Record<string, unknown>)["_reason"], expected)
    })
  )

  it.effect("of CSV gives the same inputs again", () => {
    const cell = Schema.String.check(Schema.isMaxLength(10))
    const odd = Schema.Literals(["", " ", ",", '"', "\n", "\r", "\r\n", "\ufeff", "=1", "12", "x"])
    const row = Arbitrary.schema(Schema.Tuple([odd, cell, odd, odd]))
    return Effect.context<FileSystem.FileSystem>().pipe(
      Effect.flatMap((context) =>
        holds(Arbitrary.array(row, { maxLength: 6 }), (rows) =>
          Effect.gen(function* () {
            const quote = (text: string) =>
              `"${text.toWellFormed().replaceAll("\0", "").replaceAll('"', '""')}"`
            const text = `name,description,price,deal_id\n${rows.map((cells) => `${cells.map(quote).join(",")}\n`).join("")}`
            const again = yield* reject("a.csv", text)
            assert.deepStrictEqual(yield* inputs("b.csv", again), yield* inputs("a.csv", text))
            return true
          }).pipe(Effect.orDie, Effect.provide(context))
        )
      )
    )
  })

  it.effect("of JSON gives the same inputs again", () => {
    const key = Schema.Literals([
      "name",
      "price",
      "deal_id",
      "properties",
      "associations",
      "_line",
      "x y",
      "__proto__"
    ])
    const member = Arbitrary.schema(Schema.Tuple([key, Schema.Json]))
    const objects = Arbitrary.array(Arbitrary.array(member, { maxLength: 5 }), { maxLength: 4 })
    return Effect.context<FileSystem.FileSystem>().pipe(
      Effect.flatMap((context) =>
        holds(objects, (objects) =>
          Effect.gen(function* () {
            const written = objects.map(
              (members) =>
                `{${members.map(([key, value]) => `"${key}" : ${JSON.stringify(value, undefined, 1)}`).join(",\n")}}`
            )
            const text = `[${written.join(",\n")}]`
            const again = yield* reject("a.json", text)
            assert.deepStrictEqual(yield* inputs("b.ndjson", again), yield* inputs("a.json", text))
            return true
          }).pipe(Effect.orDie, Effect.provide(context))
        )
      )
    )
  })

  it.effect("is only for its owner, and never overwrites", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/rejects.csv`
      const source = yield* fromText("a.csv", "name\nA\n")
      yield* Effect.scoped(Rejects.make({ path, source }))
      assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o600)
      const error = yield* Effect.flip(Effect.scoped(Rejects.make({ path, source })))
      assert.strictEqual(error.message, `${path} exists; choose another name or remove it`)
      assert.strictEqual(error.reason, "Exists")
      assert.strictEqual(yield* fs.readFileString(path), "name,_line,_reason\n")
      yield* fs.symlink(`${path}.elsewhere`, `${path}.link`)
      assert.strictEqual(
        (yield* Effect.flip(Effect.scoped(Rejects.make({ path: `${path}.link`, source })))).reason,
        "Exists"
      )
      const missing = yield* Effect.flip(Effect.scoped(Rejects.make({ path: `${path}/no/where`, source })))
      assert.strictEqual(missing.reason, "Unwritable")
    })
  )

  it.effect("that the disk cannot take is an error", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/rejects.csv`
      const full = PlatformError.systemError({
        _tag: "Unknown",
        module: "FileSystem",
        method: "writeAll",
        cause: Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })
      })
      const source = yield* fromText("a.csv", "name\nA\n")
      let writes = 0
      const limited = FileSystem.makeNoop({
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) => ({
            ...file,
            writeAll: (bytes: Uint8Array) => (writes++ === 0 ? file.writeAll(bytes) : Effect.fail(full))
          }))
      })
      const error = yield* Effect.gen(function* () {
        const rejects = yield* Rejects.make({ path, source })
        yield* Stream.runForEach(source.rows, (row) => rejects.write(row, "because"))
      }).pipe(Effect.provideService(FileSystem.FileSystem, limited), Effect.flip)
      assert.strictEqual(
        error.message,
        `${path} cannot be written: ENOSPC; check the path and the space on its disk`
      )
    })
  )

  it.effect("keeps rows whole that are written at once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/rejects.csv`
      const source = yield* fromText("a.csv", `name\n${"A\n".repeat(200)}`)
      const rows = yield* Stream.runCollect(source.rows)
      const rejects = yield* Rejects.make({ path, source })
      yield* Effect.forEach(
        rows,
        (row) =>
          rejects.writeAll([
            { row, reason: "x" },
            { row, reason: "y" }
          ]),
        {
          concurrency: "unbounded"
        }
      )
      const lines = (yield* fs.readFileString(path)).trimEnd().split("\n").slice(1)
      assert.deepStrictEqual(lines.sort(), rows.flatMap(({ line }) => [`A,${line},x`, `A,${line},y`]).sort())
    })
  )
})

it.layer(NodeFileSystem.layer)("A file of doubts", (it) => {
  it.effect("has the trace id and the evidence, and is refused as a source", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      for (const [name, text, expected] of [
        [
          "a.csv",
          "name,_line\nA,9\n",
          "name,_line,_reason,_doubt,_doubt_evidence\nA,2,reply lost,job-0,timeout\n"
        ],
        [
          "a.ndjson",
          '{"name":"A"}',
          '{"name":"A","_line":1,"_reason":"reply lost","_doubt":"job-0","_doubt_evidence":"timeout"}\n'
        ]
      ] as const) {
        const path = `${folder}/doubts-${name}`
        const source = yield* fromText(name, text)
        const doubts = yield* Rejects.makeDoubts({ path, source })
        yield* Stream.runForEach(source.rows, (row) =>
          doubts.write(row, { reason: "reply lost", traceId: "job-0", evidence: "timeout" })
        )
        const written = yield* fs.readFileString(path)
        assert.strictEqual(written, expected)
        const error = yield* Effect.flip(inputs(name, written))
        assert.match(
          error.message,
          /in doubt, importing it could create them twice; look for each in HubSpot first \(`line-items resolve` will do that for jobs\)$/
        )
      }
    })
  )
})
