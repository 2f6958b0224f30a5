/**
 * The custom properties of an emulator, from a file of definitions as HubSpot's properties API takes and gives them.
 */
import type * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { InputIssue, Property } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { visible } from "../files/source/row.ts"
import { type Exit, usage } from "./Exit.ts"
import { load } from "./load.ts"

/** The properties of an emulator besides the standard ones. */
export type Own = Pick<Emulator.Options, "propertyDefinitions" | "uniqueProperties">

/** An array of definitions, or the answer of the properties API. */
const Given = Schema.Union([Schema.Array(Schema.Unknown), Property.Properties])

const example = '[{"name": "erp_id", "label": "ERP id", "type": "string"}, …]'

const types: ReadonlySet<string> = new Set(Property.PropertyCreate.fields.type.literals)

/** Why this is no definition, if it is none. */
const wrong = (given: unknown): string | undefined => {
  const property = Schema.decodeUnknownOption(Property.Property)(given)
  if (Option.isNone(property)) return 'is no definition; give it a "name" and a "type"'
  const { name, type } = property.value
  if (InputIssue.ofName(name, "").length > 0)
    return `has a name that no property can have: ${InputIssue.quote(name)}`
  return types.has(type)
    ? undefined
    : `has the type ${InputIssue.quote(type)}; give one of ${[...types].join(", ")}`
}

const definitionsOf = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<Property.Property>, Exit, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const refuse = (what: string) => usage(`--emulator-properties ${visible(path)}: ${what}`)
  const text = yield* Effect.mapError(fs.readFileString(path), () =>
    refuse("it cannot be read; check the path")
  )
  const json = Result.try(() => JSON.parse(text) as unknown)
  const given = Option.flatMap(Result.getSuccess(json), Schema.decodeUnknownOption(Given))
  if (Option.isNone(given)) return yield* refuse(`it is no array of definitions; write ${example}`)
  const all: ReadonlyArray<unknown> = "results" in given.value ? given.value.results : given.value
  for (const [index, one] of all.entries()) {
    const why = wrong(one)
    if (why !== undefined) return yield* refuse(`definition ${index + 1} ${why}`)
  }
  return all as ReadonlyArray<Property.Property>
})

/** The emulator's properties: those of the file, and the property that holds keys. */
export const read = (
  file: Option.Option<string>,
  keyProperty?: string | undefined
): Effect.Effect<Required<Own>, Exit, FileSystem.FileSystem> =>
  Effect.map(
    Option.match(file, { onNone: () => Effect.succeed([]), onSome: definitionsOf }),
    (propertyDefinitions) => ({
      propertyDefinitions,
      uniqueProperties: keyProperty === undefined ? [] : [keyProperty]
    })
  )

/** All properties of such an emulator, the standard ones too. */
export const withStandard = (own: Own): Effect.Effect<ReadonlyArray<Property.Property>> =>
  Effect.map(
    load(() => [import("@effect-hubspot/http/emulator/Emulator")]),
    ([Emulator]) => Emulator.propertiesOf(own)
  )
