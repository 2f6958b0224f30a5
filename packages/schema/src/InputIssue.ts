/**
 * What is wrong with an input before HubSpot has seen it.
 *
 * Only what is wrong in every account is an issue here: a name no property can have, text that is not a
 * number where a standard property is one, two parents, an id that is no id. Whether an account has a
 * property, an option or a parent is HubSpot's to say.
 *
 * @since 0.1.0
 */
import * as Association from "./Association.ts"
import type { CreateInput } from "./BatchRequest.ts"
import * as LineItem from "./LineItem.ts"
import * as Properties from "./Properties.ts"

/**
 * `path` is where (`properties.price`, `associations[0].to.id`), `message` what and why, `advice` what to
 * do. No message repeats a value that could be long or secret in full.
 *
 * @category models
 * @since 0.1.0
 */
export interface InputIssue {
  readonly path: string
  readonly message: string
  readonly advice: string
}

/** The longest trace id that is sent. */
export const maxTraceIdLength = 64

const maxId = 2n ** 63n - 1n

/**
 * Whether a text can be the id of a HubSpot record: digits only, not zero, at most 2^63 − 1.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isRecordId = (text: string): boolean =>
  /^\d{1,19}$/.test(text) && BigInt(text) > 0n && BigInt(text) <= maxId

/**
 * A value as it may be shown in a message: one line, control characters escaped, 40 characters at most.
 *
 * @category formatting
 * @since 0.1.0
 */
export const quote = (text: string): string => {
  const cut = text.length > 40 ? `${text.slice(0, 39)}…` : text
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
}

// Tab, line feed and carriage return are ordinary in descriptions.
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/**
 * The issues of a property's name, none if it can exist.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofName = (name: string, path: string): ReadonlyArray<InputIssue> =>
  Properties.isPropertyName(name)
    ? []
    : [
        {
          path,
          message: `property name ${quote(name)} is not a valid internal name`,
          advice: "use the internal name HubSpot shows: lower case letters, digits and underscores"
        }
      ]

/**
 * The issues of one value.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofValue = (name: string, value: string, path: string): ReadonlyArray<InputIssue> => {
  if (value.length > Properties.maxValueLength) {
    return [
      {
        path,
        message: `${count(value.length)} characters, the limit is ${count(Properties.maxValueLength)}`,
        advice: "shorten the text"
      }
    ]
  }
  const control = controlCharacter.exec(value)
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")
    return [
      { path, message: `control character U+${code} at position ${control.index + 1}`, advice: "remove it" }
    ]
  }
  if (!value.isWellFormed()) {
    return [
      {
        path,
        message: "half of a surrogate pair: not valid Unicode",
        advice: "export the text as UTF-8 again"
      }
    ]
  }
  const type = LineItem.knownProperties.get(name)?.type
  if ((type === "number" || type === "money") && !Properties.isDecimalText(value)) {
    return [
      {
        path,
        message: `${quote(value)} is not a finite number`,
        advice: "write digits with a dot, without thousands separators, currency or blanks"
      }
    ]
  }
  return []
}

const ofAssociation = (association: Association.Association, path: string): ReadonlyArray<InputIssue> => [
  ...(isRecordId(association.to.id)
    ? []
    : [
        {
          path: `${path}.to.id`,
          message: `${quote(association.to.id)} is not a HubSpot id`,
          advice: "give the record's id: digits only"
        }
      ]),
  ...(association.types.length === 0
    ? [{ path: `${path}.types`, message: "no association type", advice: "give at least one" }]
    : [])
]

/**
 * Everything that is wrong with an input, in the order of its fields; nothing for an input that may be
 * sent.
 *
 * **Example**
 *
 * ```ts
 * import { InputIssue } from "@effect-hubspot/schema"
 *
 * const issues = InputIssue.of({ properties: { name: "Chair", price: "12,50" } })
 * issues[0]?.message // => "\"12,50\" is not a finite number"
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const of = (input: CreateInput): ReadonlyArray<InputIssue> => {
  const issues: Array<InputIssue> = []
  let properties = 0
  for (const name in input.properties) {
    properties++
    const path = `properties.${name}`
    issues.push(...ofName(name, path), ...ofValue(name, input.properties[name] ?? "", path))
  }
  if (properties === 0) {
    issues.push({
      path: "properties",
      message: "nothing to send: no property has a value",
      advice: "fill in at least one"
    })
  }
  const associations = input.associations ?? []
  for (const [index, association] of associations.entries()) {
    issues.push(...ofAssociation(association, `associations[${index}]`))
  }
  const parents = Association.parentsOf(associations)
  if (parents.length > 1) {
    issues.push({
      path: "associations",
      message: `${parents.length} parents (${parents.join(", ")}), a line item has one`,
      advice: "keep one, and make a line item of its own for each other"
    })
  }
  const traceId = input.objectWriteTraceId
  if (traceId !== undefined && (traceId.length === 0 || traceId.length > maxTraceIdLength)) {
    issues.push({
      path: "objectWriteTraceId",
      message: `${traceId.length} characters, 1 to ${maxTraceIdLength} are allowed`,
      advice: "shorten it, or leave it out to have one made"
    })
  }
  return issues
}

const count = (n: number): string => n.toLocaleString("en-US")
