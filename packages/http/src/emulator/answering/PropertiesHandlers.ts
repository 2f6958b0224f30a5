/**
 * The properties API of line items: it lists the definitions, and adds one.
 *
 * Definitions are never changed or archived here. Statuses are documentation, and most words of refusals are
 * assumptions.
 *
 * @since 0.1.0
 */
import { Properties, Property } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Definitions from "../state/Definitions.ts"
import type { Answer, Call } from "../passage/Exchange.ts"
import * as Json from "../reading/Json.ts"
import * as Refusal from "./Refusal.ts"

/**
 * `GET /crm/v3/properties/line_items`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const list = ({ account }: Call) =>
  Effect.sync(() => ({
    status: 200,
    body: { results: [...account.crm.properties.values()].map(Definitions.toJson) }
  }))

/**
 * `GET /crm/v3/properties/line_items/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const get = Effect.fnUntraced(function* (
  { account }: Call,
  { params: { name } }: { readonly params: { readonly name: string } }
): Answer {
  const definition = account.crm.properties.get(name)
  if (definition !== undefined) return { status: 200, body: Definitions.toJson(definition) }
  return yield* Effect.fail(
    Refusal.notFound(`Property ${JSON.stringify(name)} does not exist`, "Properties.PROPERTY_NOT_FOUND")
  )
})

/**
 * `POST /crm/v3/properties/line_items`. Documentation: values can be made unique only at creation,
 * for at most ten properties.
 *
 * @category handlers
 * @since 0.1.0
 */
export const create = Effect.fnUntraced(function* ({ account: { crm }, text }: Call): Answer {
  const definition = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "PropertyCreate"), readDefinition)
  )
  const { groupName, name, options, type, unique } = definition
  const invalid = (message: string) => Effect.fail(Refusal.invalid(message))
  if (!Properties.isPropertyName(name))
    return yield* invalid(`${JSON.stringify(name)} is not a valid property name`)
  if (crm.properties.has(name)) {
    return yield* Effect.fail(
      Refusal.conflict(`A property named '${name}' already exists.`, "OBJECT_ALREADY_EXISTS")
    )
  }
  if (groupName !== Property.defaultGroup)
    return yield* invalid(`Property group "${groupName}" does not exist`)
  if (type === "enumeration" && (!Array.isArray(options) || options.length === 0)) {
    return yield* invalid("A property of type enumeration must have options")
  }
  if (unique) {
    const others = [...crm.properties.values()].filter((one) => one.unique && !one.hubspotDefined).length
    if (others >= Property.maxUnique) {
      return yield* invalid(
        `No more than ${Property.maxUnique} properties of an object can have unique values`
      )
    }
  }
  crm.define(definition)
  return { status: 201, body: Definitions.toJson(definition) }
})

const types: ReadonlySet<string> = new Set(Property.PropertyCreate.fields.type.literals)

const isType = (type: string): type is Property.PropertyCreate["type"] => types.has(type)

const required = ["name", "label", "type", "fieldType", "groupName"] as const

// Documentation.
const fieldTypes: ReadonlySet<string> = new Set(
  "text textarea number date booleancheckbox select radio checkbox file html phonenumber calculation_equation".split(
    " "
  )
)

const readDefinition = (fields: Json.Fields): Json.Reading<Definitions.Definition> =>
  Result.gen(function* () {
    const missing = required.filter((name) => !Json.isPresent(fields[name]))
    if (missing.length > 0) return yield* Result.fail(Refusal.missingFields(...missing))
    const name = yield* Json.readText(fields.name)
    const label = yield* Json.readText(fields.label)
    const type = yield* Json.readText(fields.type)
    const fieldType = yield* Json.readText(fields.fieldType)
    const groupName = yield* Json.readText(fields.groupName)
    const description = yield* Json.optionalText(fields.description)
    const hasUniqueValue = yield* Json.optionalText(fields.hasUniqueValue)
    const options = yield* Json.readList(fields.options, readOption)
    if (!isType(type)) return yield* Result.fail(Refusal.invalid(`${type} is not a type of property`))
    if (!fieldTypes.has(fieldType)) {
      return yield* Result.fail(Refusal.invalid(`${fieldType} is not a type of field`))
    }
    return Definitions.make({
      name,
      label,
      type,
      fieldType,
      groupName,
      description: description ?? "",
      unique: hasUniqueValue === "true",
      ...(options.length > 0 && {
        options: options.map(({ value }) => value),
        labels: Object.fromEntries(options.map(({ label, value }) => [value, label]))
      })
    })
  })

const readOption = (json: unknown): Json.Reading<{ readonly value: string; readonly label: string }> =>
  Result.gen(function* () {
    if (!Json.isRecord(json)) return yield* Json.mismatch("OptionInput", json)
    if (!Json.isPresent(json.value)) return yield* Result.fail(Refusal.missingFields("value"))
    const value = yield* Json.readText(json.value)
    return { value, label: (yield* Json.optionalText(json.label)) ?? value }
  })
