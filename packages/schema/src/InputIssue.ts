/**
 * What is wrong with an input before HubSpot has seen it, and the form in which it is sent.
 *
 * Only what is wrong in every account is an issue here: a name that no property can have, text that is not a
 * number where a standard property is one, a day that no month has, two parents, text that cannot be an id. HubSpot
 * decides whether an account has a property, an option or a parent. Values are judged as they are sent: see
 * `LineItem.sent`.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Association from "./Association.ts"
import type { CreateInput } from "./BatchRequest.ts"
import * as BillingPeriod from "./BillingPeriod.ts"
import * as LineItem from "./internal/known.ts"
import { field, isRecord, kindOf, readers } from "./internal/reader.ts"
import { shorten } from "./internal/shorten.ts"
import * as Properties from "./internal/values.ts"

export { shorten } from "./internal/shorten.ts"

/**
 * `path` says where (`properties.price`, `associations[0].to.id`), `message` what is wrong, `advice` what to
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

const issue = (path: string, message: string, advice: string): ReadonlyArray<InputIssue> => [
  { path, message, advice }
]

/** What is wrong with something that is right: nothing is made for it. */
const none: ReadonlyArray<InputIssue> = []

/** The longest trace id that is sent, in UTF-16 code units. */
export const maxTraceIdLength = 64

const maxId = 2n ** 63n - 1n

/**
 * Whether a text can be the id of a HubSpot record: digits only, without leading zeros, from 1 to 2^63 − 1.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isRecordId = (text: string): boolean =>
  /^[1-9]\d{0,18}$/.test(text) && (text.length < 19 || BigInt(text) <= maxId)

/**
 * A value in quotes for a message: one line, control characters escaped, at most 40 characters of it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const quote = (text: string): string =>
  JSON.stringify(shorten(text, 40)).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

// Tab, line feed and carriage return are ordinary in descriptions.
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/**
 * The issues of a property's name. A name that a property can have has none.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofName = (name: string, path: string): ReadonlyArray<InputIssue> =>
  Properties.isPropertyName(name)
    ? none
    : issue(
        path,
        `property name ${quote(name)} is not a valid internal name`,
        "use the internal name HubSpot shows: lower case letters, digits and underscores"
      )

/**
 * The issues of one value.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofValue = (name: string, given: string, path: string): ReadonlyArray<InputIssue> => {
  const wrong = ofText(name, LineItem.sent(name, given))
  return wrong === undefined ? none : issue(path, wrong.message, wrong.advice)
}

type Wrong = Omit<InputIssue, "path">

/** What is wrong with a value as it is sent. */
const ofText = (name: string, value: string): Wrong | undefined => {
  if (value.length > Properties.maxValueLength) {
    const message = `${count(value.length)} characters, the limit is ${count(Properties.maxValueLength)}`
    return { message, advice: "shorten the text" }
  }
  const control = controlCharacter.exec(value)
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")
    return { message: `control character U+${code} at position ${control.index + 1}`, advice: "remove it" }
  }
  if (!value.isWellFormed()) {
    return {
      message: "half of a surrogate pair: not valid Unicode",
      advice: "export the text as UTF-8 again"
    }
  }
  return ofType(name, value)
}

const ofType = (name: string, value: string): Wrong | undefined => {
  switch (LineItem.knownProperties.get(name)?.type) {
    case "number":
    case "money":
      return Properties.isDecimalText(value)
        ? undefined
        : {
            message: `${quote(value)} is not a finite number`,
            advice: "write digits with a dot, without thousands separators, currency or blanks"
          }
    case "date":
    case "datetime":
      return Properties.isDayOfCalendar(value)
        ? undefined
        : {
            message: `${quote(value)} is not a day of the calendar`,
            advice: "write a day that exists, as 2026-11-23 (year-month-day)"
          }
    default:
      return name === periodName && value !== "" && !BillingPeriod.isText(value)
        ? {
            message: `${quote(value)} is not a billing period`,
            advice: "write years, months and days as P1Y6M (12 months: P12M), or weeks as P2W"
          }
        : undefined
  }
}

const periodName = "hs_recurring_billing_period"

/**
 * The issues of values that do not go together: a billing period that cannot stand beside its frequency.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofPairs = (properties: Readonly<Record<string, unknown>>): ReadonlyArray<InputIssue> => {
  const { hs_recurring_billing_period: term, recurringbillingfrequency: given } = properties
  if (typeof term !== "string" || typeof given !== "string") return none
  const frequency = given.trim()
  const period = BillingPeriod.read(term)
  return period === undefined || BillingPeriod.fits(frequency, period)
    ? none
    : issue(
        `properties.${periodName}`,
        `${quote(term)} does not fit the billing frequency ${quote(frequency)}`,
        BillingPeriod.isOfWeeks(frequency)
          ? "write weeks or days, such as P52W"
          : "write years or months, such as P12M"
      )
}

const ofId = (id: string, path: string): ReadonlyArray<InputIssue> =>
  isRecordId(id.trim())
    ? none
    : issue(path, `${quote(id)} is not a HubSpot id`, "give the record's id: digits only")

/**
 * All issues of an input, in the order of its fields. An input that may be sent has none.
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
export const of = (input: CreateInput): ReadonlyArray<InputIssue> =>
  together(
    ofProperties(input.properties),
    together(ofAssociations(input.associations ?? []), ofTraceId(input.objectWriteTraceId))
  )

const together = (
  first: ReadonlyArray<InputIssue>,
  second: ReadonlyArray<InputIssue>
): ReadonlyArray<InputIssue> =>
  first.length === 0 ? second : second.length === 0 ? first : [...first, ...second]

/**
 * The issues of a property map: of its names and values, and one if it is empty.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofProperties = (properties: Readonly<Record<string, string>>): ReadonlyArray<InputIssue> => {
  let issues: Array<InputIssue> | undefined
  let isEmpty = true
  for (const name in properties) {
    isEmpty = false
    if (!Properties.isPropertyName(name)) (issues ??= []).push(...ofName(name, `properties.${name}`))
    const wrong = ofText(name, LineItem.sent(name, properties[name] ?? ""))
    if (wrong !== undefined) (issues ??= []).push({ path: `properties.${name}`, ...wrong })
  }
  return isEmpty
    ? issue("properties", "nothing to send: no property has a value", "fill in at least one")
    : together(issues ?? none, ofPairs(properties))
}

/**
 * The issues of a list of associations: ids, types, and more than one parent.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofAssociations = (
  associations: ReadonlyArray<Association.Association>
): ReadonlyArray<InputIssue> => {
  let issues: Array<InputIssue> | undefined
  let count = 0
  for (const [index, { to, types }] of associations.entries()) {
    const path = `associations[${index}]`
    if (!isRecordId(to.id.trim())) (issues ??= []).push(...ofId(to.id, `${path}.to.id`))
    if (types.length === 0)
      (issues ??= []).push(...issue(`${path}.types`, "no association type", "give at least one"))
    count += types.length
  }
  if (count < 2) return issues ?? none
  const parents = Association.parentsOf(associations)
  return parents.length < 2
    ? (issues ?? none)
    : together(
        issues ?? none,
        issue(
          "associations",
          `${parents.length} parents (${shorten(parents.slice(0, 50).join(", "), 100)}), a line item has one`,
          "keep one, and create a separate line item for each of the others"
        )
      )
}

/**
 * The issues of a trace id, if there is one.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofTraceId = (traceId: string | undefined): ReadonlyArray<InputIssue> =>
  traceId !== undefined && (traceId.length === 0 || traceId.length > maxTraceIdLength)
    ? issue(
        "objectWriteTraceId",
        `${traceId.length} characters, 1 to ${maxTraceIdLength} are allowed`,
        "shorten it, or leave it out to have one made"
      )
    : none

/**
 * The issues of a record's id or, with `idProperty`, of the value of a property with unique values.
 *
 * @category checking
 * @since 0.1.0
 */
export const ofRecord = ({
  id,
  idProperty
}: {
  readonly id: string
  readonly idProperty?: string
}): ReadonlyArray<InputIssue> =>
  idProperty === undefined
    ? ofId(id, "id")
    : [
        ...ofName(idProperty, "idProperty"),
        ...(id === "" || id.trim() !== id
          ? issue("id", `${quote(id)} is empty or has outer blanks`, `give the value of ${idProperty}`)
          : []),
        ...ofValue(idProperty, id, "id")
      ]

/**
 * The fields of an input that a caller may pass.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fields {
  readonly id: string
  readonly idProperty?: string
  readonly properties: Readonly<Record<string, string>>
  readonly associations?: ReadonlyArray<Association.Association>
  readonly objectWriteTraceId?: string
}

/**
 * Reads a create from code that the types may not have checked: a copy with known fields only, in the form that is sent,
 * or the issues of its shape. Every field is read once. A getter that throws is an issue of its field.
 *
 * Numbers and booleans become text. Values are as `LineItem.sent` makes them, so reading a copy again gives the same one.
 *
 * **Example**
 *
 * ```ts
 * import { InputIssue } from "@effect-hubspot/schema"
 * import { Result } from "effect"
 *
 * const price = Result.map(InputIssue.read({ properties: { price: 5e-7 } }), ({ properties }) => properties["price"])
 * const read = Result.getOrElse(price, (issues) => issues[0]?.message)
 * read // => "0.0000005"
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const read = (given: unknown): Result.Result<CreateInput, ReadonlyArray<InputIssue>> =>
  readFields(given, ["properties", "associations", "objectWriteTraceId"])

/**
 * The same for other inputs, with these fields and no others.
 *
 * @category checking
 * @since 0.1.0
 */
export const readFields = <K extends keyof Fields>(
  given: unknown,
  names: ReadonlyArray<K>
): Result.Result<Pick<Fields, K>, ReadonlyArray<InputIssue>> => {
  if (!isRecord(given))
    return Result.fail(issue("", `expected an object, got ${kindOf(given)}`, "pass { properties: … }"))
  const issues: Array<InputIssue> = []
  const fields: Record<string, unknown> = {}
  for (const name of names) {
    const value = field(issues, given, name)
    // A missing field is left out, unless it is required.
    if (value !== undefined || name === "id" || name === "properties") {
      fields[name] = readers[name](issues, value)
    }
  }
  // The value of a property is exact, an id is not.
  if (
    typeof fields["id"] === "string" &&
    (names as ReadonlyArray<string>).includes("idProperty") &&
    fields["idProperty"] === undefined
  ) {
    fields["id"] = fields["id"].trim()
  }
  return issues.length > 0 ? Result.fail(issues) : Result.succeed(fields as unknown as Pick<Fields, K>)
}

const count = (n: number): string => n.toLocaleString("en-US")
