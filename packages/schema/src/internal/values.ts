/**
 * Property maps and the text of their values, without the types that values are read into.
 *
 * `Properties` exports it.
 */
import * as Schema from "effect/Schema"
import * as Transformation from "effect/SchemaTransformation"

/**
 * A value on the wire: text, or a number or a boolean, which is read as its text. It is written as text.
 *
 * An integer beyond 2⁵³ − 1 does not decode: JavaScript has lost digits of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ValueFromWire = Schema.Union([
  Schema.String,
  Schema.Union([
    Schema.Finite.check(
      Schema.makeFilter((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
        expected: "a number with all its digits"
      })
    ),
    Schema.Boolean
  ]).pipe(
    Schema.decodeTo(
      Schema.String,
      Transformation.transform<string, number | boolean>({ decode: String, encode: Number })
    )
  )
])

/**
 * Property name → text, or null for a requested property that is empty.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PropertyValues = Schema.Record(Schema.String, Schema.NullOr(ValueFromWire))

/**
 * @category models
 * @since 0.1.0
 */
export type PropertyValues = typeof PropertyValues.Type

/**
 * HubSpot's types of properties. `string` is any text; `money` is a `number` in the currency of
 * the line item; `enumeration` is one of the options of the account.
 *
 * @category models
 * @since 0.1.0
 */
export type PropertyType = "string" | "number" | "money" | "date" | "datetime" | "bool" | "enumeration"

/** The longest value HubSpot takes, in UTF-16 code units. */
export const maxValueLength = 65_536

const decimalText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/

/**
 * Whether a text is a finite decimal number the way HubSpot reads one: digits, one dot, an optional
 * exponent; no thousands separators, no decimal comma, no currency sign.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const read = ["19.99", "1e999", "1,50", "NaN"].map(Properties.isDecimalText)
 * read // => [true, false, false, false]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const isDecimalText = (text: string): boolean =>
  decimalText.test(text) && Number.isFinite(Number(text))

/**
 * A number as HubSpot takes it: its text without outer blanks, and with its exponent expanded. HubSpot refuses an
 * exponent. The value stays exactly the same, and so does a text that has neither; one that is no number is only
 * trimmed.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const plain = ["1e-7", "1.50e2", " 10.00 "].map(Properties.plainDecimal)
 * plain // => ["0.0000001", "150", "10.00"]
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const plainDecimal = (text: string): string => {
  // No new text is made of one that is right already.
  const trimmed = text.trim()
  return /[eE]/.test(trimmed) && isDecimalText(trimmed) ? expanded(trimmed) : trimmed
}

const expanded = (text: string): string => {
  const [, sign, integer, fraction = "", exponent] = /^([+-]?)(\d*)\.?(\d*)[eE](.*)$/.exec(text)!
  const point = integer!.length + Number(exponent)
  const digits = `${integer}${fraction}`
  const padded = point < 0 ? "0".repeat(-point) + digits : digits.padEnd(point, "0")
  const cut = Math.max(point, 0)
  const whole = padded.slice(0, cut).replace(/^0+(?=\d)/, "") || "0"
  const rest = padded.slice(cut)
  return `${sign}${whole}${rest === "" ? "" : `.${rest}`}`
}

/**
 * The text of a value that a program gives: a number in its shortest plain decimal form that reads back the same.
 * `undefined` for NaN and the infinities.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const texts = [19.9, 1e21, 1e-7, true, Number.NaN].map(Properties.textOf)
 * texts // => ["19.9", "1000000000000000000000", "0.0000001", "true", undefined]
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const textOf = (value: string | number | boolean): string | undefined =>
  typeof value === "number"
    ? Number.isFinite(value)
      ? plainDecimal(String(value))
      : undefined
    : String(value)

/**
 * False for a text that begins with an ISO day that no month has, such as `2026-02-30`. JavaScript reads that one as the
 * 2nd of March.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isDayOfCalendar = (text: string): boolean => {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(text)
  if (found === null) return true
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day >= 1 && day <= (month === 2 && isLeap ? 29 : (daysOfMonths[month - 1] ?? 0))
}

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const internalName = /^[a-z][a-z0-9_]{0,99}$/
const forbiddenNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"])

/**
 * Whether a name can be the internal name of a property: lower case letters, digits and underscores,
 * a letter first, at most 100 characters, and no name with a special meaning in JavaScript.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const read = ["hs_sku", "Unit Price", "constructor"].map(Properties.isPropertyName)
 * read // => [true, false, false]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const isPropertyName = (name: string): boolean => internalName.test(name) && !forbiddenNames.has(name)
