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
import { isDayOfCalendar, isDecimalText, type PropertyType } from "./internal/values.ts"

export {
  isDayOfCalendar,
  isDecimalText,
  isPropertyName,
  maxValueLength,
  plainDecimal,
  PropertyValues,
  type PropertyType,
  /** @public */
  textOf,
  /** @public */
  ValueFromWire
} from "./internal/values.ts"

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
      "a finite decimal number: digits with a dot, without thousands separators, currency or blanks",
      (text) => (isDecimalText(text) ? BigDecimal.fromString(text) : Option.none()),
      formatDecimal
    )
  )
)

const day = 86_400_000
const isoDate = /^\d{4}-\d{2}-\d{2}$/

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
  string: () => true,
  number: isDecimalText,
  money: isDecimalText,
  date: (text: string) => Option.isSome(Schema.decodeOption(DateValue)(text)),
  datetime: (text: string) => Option.isSome(Schema.decodeOption(DateTimeValue)(text)),
  bool: (text: string) => Option.isSome(Schema.decodeOption(Bool)(text)),
  enumeration: () => true
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
