/**
 * The bodies of the properties API as the emulator reads them: a property to define, what of one is changed, a group.
 *
 * Shapes only, with the words of `Json`. Whether a definition makes sense is for `PropertiesHandlers`.
 *
 * @since 0.1.0
 */
import * as Property from "@effect-hubspot/schema/Property"
import * as Result from "effect/Result"
import * as Refusal from "../answering/Refusal.ts"
import type * as Definitions from "../state/Definitions.ts"
import * as Json from "./Json.ts"

type Writable = Pick<
  Definitions.Definition,
  | "label"
  | "description"
  | "type"
  | "fieldType"
  | "groupName"
  | "displayOrder"
  | "hidden"
  | "formField"
  | "options"
>

/**
 * What a body says of a definition.
 *
 * @category models
 * @since 0.1.0
 */
export type Change = Partial<Writable>

/**
 * A property to define.
 *
 * @category models
 * @since 0.1.0
 */
export interface New extends Change {
  readonly name: string
  readonly type: Definitions.Definition["type"]
  readonly label: string
  readonly fieldType: string
  readonly groupName: string
  readonly unique: boolean
}

/**
 * @category reading
 * @since 0.1.0
 */
export const readNew = (json: unknown): Json.Reading<New> =>
  Result.gen(function* () {
    const fields = yield* readFields(json, "PropertyCreate", [
      "name",
      "label",
      "type",
      "fieldType",
      "groupName"
    ])
    const change = yield* readChange(fields)
    return {
      ...change,
      name: yield* Json.readText(fields.name),
      label: change.label ?? "",
      type: change.type ?? "string",
      fieldType: change.fieldType ?? "",
      groupName: change.groupName ?? "",
      unique: (yield* Json.optionalText(fields.hasUniqueValue)) === "true"
    }
  })

const readFields = (
  json: unknown,
  type: string,
  required: ReadonlyArray<string>
): Json.Reading<Json.Fields> => {
  if (!Json.isRecord(json)) return Json.mismatch(type, json)
  const missing = required.filter((name) => !Json.isPresent(json[name]))
  return missing.length > 0 ? Result.fail(Refusal.missingFields(...missing)) : Result.succeed(json)
}

const types: ReadonlySet<string> = new Set(Property.PropertyCreate.fields.type.literals)

const isType = (type: string): type is Property.PropertyCreate["type"] => types.has(type)

// Documentation.
const fieldTypes: ReadonlySet<string> = new Set(
  "text textarea number date booleancheckbox select radio checkbox file html phonenumber calculation_equation".split(
    " "
  )
)

/**
 * What of a definition is changed. Fields that cannot be changed are ignored.
 *
 * @category reading
 * @since 0.1.0
 */
export const readChange = (fields: Json.Fields): Json.Reading<Change> =>
  Result.gen(function* () {
    const text = (name: string) => Json.optionalText(fields[name])
    const flag = (name: string) => Result.map(text(name), (value) => value && value === "true")
    const type = yield* text("type")
    const fieldType = yield* text("fieldType")
    const displayOrder = yield* readOrder(fields)
    const options = yield* Json.readList(fields.options, readOption)
    if (type !== undefined && !isType(type)) {
      return yield* Result.fail(Refusal.invalid(`${type} is not a type of property`))
    }
    if (fieldType !== undefined && !fieldTypes.has(fieldType)) {
      return yield* Result.fail(Refusal.invalid(`${fieldType} is not a type of field`))
    }
    return given({
      type,
      fieldType,
      displayOrder,
      label: yield* text("label"),
      description: yield* text("description"),
      groupName: yield* text("groupName"),
      hidden: yield* flag("hidden"),
      formField: yield* flag("formField"),
      options: options.length > 0 ? new Map(options) : undefined
    }) as Change
  })

const given = (fields: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""))

const readOrder = (fields: Json.Fields): Json.Reading<number | undefined> =>
  Result.flatMap(Json.optionalText(fields.displayOrder), (text) =>
    text === undefined || /^-?\d{1,9}$/.test(text)
      ? Result.succeed(text === undefined ? undefined : Number(text))
      : Json.mismatch("Integer", fields.displayOrder)
  )

const readOption = (json: unknown): Json.Reading<readonly [value: string, label: string]> =>
  Result.gen(function* () {
    const fields = yield* readFields(json, "OptionInput", ["value"])
    const value = yield* Json.readText(fields.value)
    return [value, (yield* Json.optionalText(fields.label)) ?? value] as const
  })

/**
 * The name of a property, as batches have it.
 *
 * @category reading
 * @since 0.1.0
 */
export const readName = (json: unknown): Json.Reading<string> =>
  Result.flatMap(readFields(json, "PropertyName", ["name"]), ({ name }) => Json.readText(name))

/**
 * A group to add.
 *
 * @category reading
 * @since 0.1.0
 */
export const readGroup = (json: unknown): Json.Reading<Definitions.Group> =>
  Result.gen(function* () {
    const fields = yield* readFields(json, "PropertyGroupCreate", ["name", "label"])
    const name = yield* Json.readText(fields.name)
    return { name, label: name, displayOrder: -1, ...(yield* readGroupChange(fields)) }
  })

/**
 * What of a group is changed.
 *
 * @category reading
 * @since 0.1.0
 */
export const readGroupChange = (
  fields: Json.Fields
): Json.Reading<Partial<Pick<Definitions.Group, "label" | "displayOrder">>> =>
  Result.gen(function* () {
    const label = yield* Json.optionalText(fields.label)
    const displayOrder = yield* readOrder(fields)
    return { ...(label && { label }), ...(displayOrder !== undefined && { displayOrder }) }
  })
