/**
 * The JSON Schemas of the packages beside that of a format file: what `--json` prints, and fault plans, as Effect derives
 * them. `node test/docs/schemas.ts` writes them.
 */
import * as Faults from "@effect-hubspot/http/emulator/Faults"
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Json from "../../packages/batch/src/cli/Json.ts"

const root = join(import.meta.dirname, "../..")

const document = (schema: Schema.Constraint) =>
  JsonSchema.toDocumentDraft07(Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" }))

const written = (json: object): string => `${JSON.stringify(json, null, 2)}\n`

const faultPlan = (): string => {
  const { definitions, schema } = document(Faults.Plan)
  return written({
    $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
    title: "A fault plan of the emulator",
    description:
      "What goes wrong, and for which requests, for line-items serve --faults and PUT /_emulator/faults",
    ...schema,
    ...(Object.keys(definitions).length > 0 && { definitions })
  })
}

/** A definition for each command: the object, or the line, that it prints. */
const output = (): string => {
  const all: Record<string, object> = {}
  for (const [command, schema] of Object.entries(Json.commands)) {
    const { definitions, schema: own } = document(schema)
    Object.assign(all, definitions)
    all[command] = own
  }
  return written({
    $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
    title: "What line-items prints with --json",
    description:
      "#/definitions/<command> is the object of a command; status --watch and worker print one a line",
    anyOf: Object.keys(Json.commands).map((command) => ({ $ref: `#/definitions/${command}` })),
    definitions: all
  })
}

/** Path and text of each file. */
export const files = {
  "packages/batch/schemas/output.json": output,
  "packages/http/schemas/fault-plan.json": faultPlan
}

export const pathOf = (file: string): string => join(root, file)

if (import.meta.main) for (const [file, make] of Object.entries(files)) writeFileSync(pathOf(file), make())
