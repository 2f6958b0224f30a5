/**
 * Property maps and the text forms of their values.
 *
 * On the wire a property is text or null. Numbers and money stay exact: they are read into
 * `BigDecimal` and never pass through a binary float.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Issue from "effect/SchemaIssue"
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
 * The plain decimal form of a number, with the digits after the dot that it was made with: `10.00`
 * stays `10.00`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const formatDecimal = (value: BigDecimal.BigDecimal): string => {
  const { scale } = value
  if (scale <= 0) return String(value.value * 10n ** BigInt(-scale))
  const negative = value.value < 0n
  const digits = String(negative ? -value.value : value.value).padStart(scale + 1, "0")
  const cut = digits.length - scale
  return `${negative ? "-" : ""}${digits.slice(0, cut)}.${digits.slice(cut)}`
}

/**
 * An exact number from its text. It throws on anything {@link isDecimalText} refuses: use it for values written
 * in a program, and {@link Decimal} for values from outside.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const text = Properties.formatDecimal(Properties.decimal("10.00"))
 * text // => "10.00"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const decimal = (text: string): BigDecimal.BigDecimal => Schema.decodeSync(Decimal)(text)

const fromText = <A>(
  expected: string,
  read: (text: string) => Option.Option<A>,
  write: (value: A) => string
) =>
  Transformation.transformEffect<A, string>({
    decode: (text, options) =>
      Effect.mapError(
        Effect.fromOption(read(text)),
        () => new Issue.InvalidValue({ expected }, text, options)
      ),
    encode: (value) => Effect.succeed(write(value))
  })

/**
 * An exact decimal number, money included: `"19.99"` ⇄ `BigDecimal`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Decimal = Schema.String.pipe(
  Schema.decodeTo(
    Schema.BigDecimal,
    fromText(
      "a finite decimal number",
      (text) => (isDecimalText(text) ? BigDecimal.fromString(text) : Option.none()),
      formatDecimal
    )
  )
)

const day = 86_400_000
const isoDate = /^\d{4}-\d{2}-\d{2}$/

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

const readInstant = (text: string): Option.Option<DateTime.Utc> =>
  /^-?\d+$/.test(text)
    ? DateTime.make(Number(text))
    : isDayOfCalendar(text)
      ? DateTime.make(text)
      : Option.none()

/**
 * A day, as HubSpot's date properties hold it: ISO `2026-11-23`, or the milliseconds of its midnight
 * in UTC. Written as ISO.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DateValue = Schema.String.pipe(
  Schema.decodeTo(
    Schema.DateTimeUtc,
    fromText(
      "a day: 2026-11-23, or the milliseconds of its midnight in UTC",
      (text) =>
        Option.filter(
          readInstant(text),
          (instant) => isoDate.test(text) || (/^-?\d+$/.test(text) && instant.epochMilliseconds % day === 0)
        ),
      DateTime.formatIsoDateUtc
    )
  )
)

/**
 * An instant: ISO 8601 or epoch milliseconds. Written as ISO.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DateTimeValue = Schema.String.pipe(
  Schema.decodeTo(
    Schema.DateTimeUtc,
    fromText("an ISO 8601 instant, or epoch milliseconds", readInstant, DateTime.formatIso)
  )
)

/**
 * `"true"` ⇄ `true`. HubSpot sends lower case; any case is read.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Bool = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Boolean,
    fromText(
      "true or false",
      (text) => {
        const word = text.toLowerCase()
        return word === "true" || word === "false" ? Option.some(word === "true") : Option.none()
      },
      String
    )
  )
)

const accepts = {
  string: Schema.is(Schema.String),
  number: isDecimalText,
  money: isDecimalText,
  date: (text: string) => Option.isSome(Schema.decodeOption(DateValue)(text)),
  datetime: (text: string) => Option.isSome(Schema.decodeOption(DateTimeValue)(text)),
  bool: (text: string) => Option.isSome(Schema.decodeOption(Bool)(text)),
  enumeration: Schema.is(Schema.String)
} satisfies Record<PropertyType, (text: string) => boolean>

/**
 * Whether a text is a value of this type. The options of an enumeration belong to the account
 * and are not known here.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isValueOf = (type: PropertyType, text: string): boolean => accepts[type](text)

// A time without a zone is in UTC, as HubSpot's dates are.
const isoInstant = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * The one text for a value that can be written in several ways, whatever the type of its property. Equal numbers have
 * the same text, and so have equal instants (ISO 8601 or epoch milliseconds) and booleans in any case. Other texts have
 * the same one if they differ only in outer blanks, line ends or Unicode form (NFC). Use it to compare, not as a value.
 *
 * @category formatting
 * @since 0.1.0
 */
export const canonical = (text: string): string => {
  const trimmed = text.trim()
  if (isDecimalText(trimmed)) return canonicalNumber(trimmed)
  const iso = isoInstant.exec(trimmed)
  if (iso !== null) {
    const instant = readInstant(trimmed.length > 10 && iso[1] === undefined ? `${trimmed}Z` : trimmed)
    if (Option.isSome(instant)) return canonicalNumber(String(instant.value.epochMilliseconds))
  }
  return /^(?:true|false)$/i.test(trimmed)
    ? trimmed.toLowerCase()
    : trimmed.replaceAll(/\r\n?/g, "\n").normalize("NFC")
}

const canonicalNumber = (text: string): string =>
  Option.match(BigDecimal.fromString(text), {
    onNone: () => text,
    onSome: (number) => {
      const { scale, value } = BigDecimal.normalize(number)
      return `${value}e${-scale}`
    }
  })

/**
 * Whether two texts are the same value, as {@link canonical} has it.
 *
 * **Example**
 *
 * ```ts
 * import { Properties } from "@effect-hubspot/schema"
 *
 * const pairs = [["2.50", "2.5"], ["2026-01-01", "1767225600000"], ["A", "a"]] as const
 * const same = pairs.map(([a, b]) => Properties.isSameValue(a, b))
 * same // => [true, true, false]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const isSameValue = (a: string, b: string): boolean =>
  a === b ||
  (shortDecimal.test(a) && shortDecimal.test(b) ? Number(a) === Number(b) : canonical(a) === canonical(b))

// A binary float keeps so few digits apart, and most numbers have no more.
const shortDecimal = /^-?\d{1,8}(?:\.\d{1,6})?$/

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
