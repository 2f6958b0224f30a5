/**
 * What a command printed with `--json`, checked by the JSON Schema in the package, as a script of another language does it.
 */
import { Ajv } from "ajv"
import { assert } from "@effect/vitest"
import output from "@effect-hubspot/batch/schemas/output.json" with { type: "json" }

const ajv = new Ajv({ allErrors: true, strict: false }).addSchema(output, "output")

/** Every line is what the command prints, or any command if none is named. */
export const check = (stdout: string, command?: keyof typeof output.definitions): void => {
  const name = command === undefined ? "output" : `output#/definitions/${command}`
  const lines = stdout.trimEnd().split("\n")
  for (const line of lines) {
    assert.isTrue(ajv.validate(name, JSON.parse(line)), `${ajv.errorsText()} in ${line}`)
  }
}
