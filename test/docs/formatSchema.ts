/**
 * The JSON Schema of a format file: `FileFormat` as Effect derives it, and what its doc comments say of each key.
 * `node test/docs/formatSchema.ts` writes it into the package.
 */
import * as FileFormat from "@effect-hubspot/batch/files/FileFormat"
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

export const path = join(root, "packages/batch/schemas/format-file.json")

/** What the doc comment of each key says. */
export const descriptions: ReadonlyMap<string, string> = new Map(
  [
    ...readFileSync(join(root, "packages/batch/src/files/FileFormat.ts"), "utf8").matchAll(
      /^ {2}\/\*\* (.+) \*\/\n {2}(\w+): /gm
    )
  ].map(([, text, key]) => [key!, text!])
)

const described = (properties: Readonly<Record<string, object>>) =>
  Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [
      key,
      { description: descriptions.get(key)?.replaceAll("`", ""), ...schema }
    ])
  )

/** The schema as the file has it. */
export const make = (): string => {
  const { schema } = JsonSchema.toDocumentDraft07(
    Schema.toJsonSchemaDocument(FileFormat.FileFormat, { onExcessProperty: "error" })
  )
  const properties = described(schema["properties"] as Record<string, object>)
  const perColumn = properties["perColumn"] as object as {
    additionalProperties: { properties: Record<string, object> }
  }
  const values = perColumn.additionalProperties
  return `${JSON.stringify(
    {
      $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
      title: "A format file of line-items",
      description: "How a file of line items is written, for line-items import --format-file",
      ...schema,
      properties: {
        $schema: { type: "string" },
        ...properties,
        perColumn: {
          ...perColumn,
          additionalProperties: { ...values, properties: described(values.properties) }
        }
      }
    },
    null,
    2
  )}\n`
}

if (import.meta.main) writeFileSync(path, make())
