/**
 * The term of a recurring line item, `hs_recurring_billing_period`: years, months and days (`P1Y6M`), or weeks (`P2W`).
 *
 * It knows what can be written, and which frequencies it can stand beside. HubSpot decides about the length.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Issue from "effect/SchemaIssue"
import * as Transformation from "effect/SchemaTransformation"

/**
 * What HubSpot takes for `recurringbillingfrequency`. Source: HubSpot's line items guide, November 2026.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Frequency = Schema.Literals([
  "weekly",
  "biweekly",
  "monthly",
  "quarterly",
  "per_six_months",
  "annually",
  "per_two_years",
  "per_three_years",
  "per_four_years",
  "per_five_years"
])

/**
 * @category models
 * @since 0.1.0
 */
export type Frequency = typeof Frequency.Type

/**
 * Whole numbers, `0` or more. Weeks stand alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface BillingPeriod {
  readonly years?: number
  readonly months?: number
  readonly weeks?: number
  readonly days?: number
}

const form = /^P(?:(\d{1,6})W|(?=\d)(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?)$/

/**
 * The period of a text in the form PnYnMnD or PnW; `undefined` for any other.
 *
 * **Example**
 *
 * ```ts
 * import { BillingPeriod } from "@effect-hubspot/schema"
 *
 * const periods = ["P1Y6M", "P2W", "24", "P1Y2W"].map(BillingPeriod.read)
 * periods // => [{ years: 1, months: 6 }, { weeks: 2 }, undefined, undefined]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (text: string): BillingPeriod | undefined => {
  const found = form.exec(text)
  if (found === null) return undefined
  const [, weeks, years, months, days] = found
  return {
    ...(years !== undefined && { years: Number(years) }),
    ...(months !== undefined && { months: Number(months) }),
    ...(weeks !== undefined && { weeks: Number(weeks) }),
    ...(days !== undefined && { days: Number(days) })
  }
}

/**
 * Whether a text is a period in one of these forms.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isText = (text: string): boolean => form.test(text)

const write = ({ days, months, weeks, years }: BillingPeriod): string =>
  `P${part(years, "Y")}${part(months, "M")}${part(weeks, "W")}${part(days, "D")}`

const part = (count: number | undefined, unit: string): string =>
  count === undefined ? "" : `${count}${unit}`

const count = Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999_999 })))

/**
 * A term as its text: `{ months: 12 }` ⇄ `"P12M"`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BillingPeriod = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Struct({ years: count, months: count, weeks: count, days: count }),
    Transformation.transformEffect<BillingPeriod, string>({
      decode: (text, options) => {
        const period = read(text)
        return period === undefined
          ? Effect.fail(new Issue.InvalidValue({ expected }, text, options))
          : Effect.succeed(period)
      },
      encode: (period, options) => {
        const text = write(period)
        return read(text) === undefined
          ? Effect.fail(new Issue.InvalidValue({ expected }, period, options))
          : Effect.succeed(text)
      }
    })
  )
)

const expected = "a term: years, months and days as P1Y6M, or weeks as P2W"

/**
 * Whether HubSpot takes a term beside a frequency: weekly and biweekly ones are counted in weeks or days, all others in
 * years or months. A frequency that this version does not know fits.
 *
 * **Example**
 *
 * ```ts
 * import { BillingPeriod } from "@effect-hubspot/schema"
 *
 * const pairs = [["weekly", "P21D"], ["monthly", "P1Y"], ["weekly", "P12M"]] as const
 * const fit = pairs.map(([frequency, term]) => BillingPeriod.fits(frequency, BillingPeriod.read(term)!))
 * fit // => [true, true, false]
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const fits = (
  frequency: string,
  { days = 0, months = 0, weeks = 0, years = 0 }: BillingPeriod
): boolean =>
  !isFrequency(frequency) ||
  (isOfWeeks(frequency) ? years + months === 0 : years + months > 0 || weeks + days === 0)

const isFrequency = Schema.is(Frequency)

/**
 * Whether the terms of a frequency are counted in weeks or days.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOfWeeks = (frequency: string): boolean => frequency === "weekly" || frequency === "biweekly"
