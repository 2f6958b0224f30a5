import * as FileFormat from "@effect-hubspot/batch/files/FileFormat"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { descriptions, make, path } from "./formatSchema.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/files.md"), "utf8")

describe("The schema of a format file", () => {
  it("is the one in the package (node test/docs/formatSchema.ts writes it)", () => {
    assert.strictEqual(readFileSync(path, "utf8"), make())
  })

  it("describes every key, and the page has the same words in the same order", () => {
    const keys = Object.keys(FileFormat.FileFormat.fields)
    const rows = [...page.matchAll(/^\| `(\w+)` +\| .+? \| (.+?) +\|$/gm)].map(([, key, text]) => [key, text])
    assert.deepStrictEqual(
      rows,
      keys.map((key) => [key, descriptions.get(key)])
    )
  })

  it("has an example on the page that is a format", () => {
    const [, example] = /```json\n([\s\S]+?)```/.exec(page) ?? []
    const read = FileFormat.fromUnknown(JSON.parse(example ?? ""))
    assert.isTrue(Result.isSuccess(read), Result.isFailure(read) ? read.failure.message : "")
  })

  it("is reached by its name in the package, and refuses unknown keys as the command does", async () => {
    const { default: schema } = await import("@effect-hubspot/batch/schemas/format-file.json", {
      with: { type: "json" }
    })
    assert.deepStrictEqual(Object.keys(schema.properties), [
      "$schema",
      ...Object.keys(FileFormat.FileFormat.fields)
    ])
    assert.isFalse(schema.additionalProperties)
  })
})
