/**
 * The billing terms of a line item: what its frequency and its term say together.
 *
 * Pure. It reads terms and refuses none: `Rules` does.
 *
 * @since 0.1.0
 */

type Values = Readonly<Record<string, string>>

/** How often is billed: every so many days, or every so many months. */
interface Frequency {
  readonly unit: "days" | "months"
  readonly every: number
}

const frequencies: ReadonlyMap<string, Frequency> = new Map(
  Object.entries({
    weekly: { unit: "days", every: 7 },
    biweekly: { unit: "days", every: 14 },
    monthly: { unit: "months", every: 1 },
    quarterly: { unit: "months", every: 3 },
    per_six_months: { unit: "months", every: 6 },
    annually: { unit: "months", every: 12 },
    per_two_years: { unit: "months", every: 24 },
    per_three_years: { unit: "months", every: 36 },
    per_four_years: { unit: "months", every: 48 },
    per_five_years: { unit: "months", every: 60 }
  } as const)
)

/**
 * A term: months, or days. A term with both is one of months, which begin another payment where they are not whole.
 *
 * @category models
 * @since 0.1.0
 */
export interface Term {
  readonly unit: "days" | "months"
  readonly length: number
}

const duration = /^P(?:(\d{1,6})W|(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?)$/

/**
 * A term from `PnYnMnD` or `PnW`. `undefined` for other text, and for a term of no length (an assumption).
 *
 * @category reading
 * @since 0.1.0
 */
export const readTerm = (text: string): Term | undefined => {
  const found = duration.exec(text)
  if (found === null) return undefined
  const [weeks, years, months, days] = found.slice(1).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number
  ]
  const whole = years * 12 + months
  if (whole > 0) return { unit: "months", length: whole + (days > 0 ? days / 31 : 0) }
  const length = weeks * 7 + days
  return length > 0 ? { unit: "days", length } : undefined
}

/**
 * Whether a term can be that of the frequency. Observation: weekly and a term of months do not fit. Assumption: nor do the
 * others that have not the same unit.
 *
 * @category predicates
 * @since 0.1.0
 */
export const fits = (term: Term, frequency: string): boolean => {
  const known = frequencies.get(frequency)
  return known === undefined || known.unit === term.unit
}

/**
 * What is billed: once, or again and again. `payments` is undefined without an end, `perYear` is a fraction.
 *
 * @category models
 * @since 0.1.0
 */
export interface Billing {
  readonly isRecurring: boolean
  readonly payments: number | undefined
  readonly perYear: readonly [times: number, in_: number]
  /** Whether a term says how many payments there are. */
  readonly hasTerm: boolean
}

const once: Billing = { isRecurring: false, payments: 1, perYear: [0, 1], hasTerm: false }

/**
 * The billing of a line item. Observation: a term sets the number of payments, P21D weekly is 3. Assumptions: a payment
 * that is begun counts; without a term the number that was sent counts, and without both there is no end.
 *
 * @category reading
 * @since 0.1.0
 */
export const of = (properties: Values): Billing => {
  const frequency = frequencies.get(properties.recurringbillingfrequency || "")
  if (frequency === undefined) return once
  const { every, unit } = frequency
  const perYear = unit === "days" ? ([364 / every, 1] as const) : ([12, every] as const)
  const term = readTerm(properties.hs_recurring_billing_period ?? "")
  if (term !== undefined && term.unit === unit) {
    return { isRecurring: true, payments: Math.ceil(term.length / every), perYear, hasTerm: true }
  }
  const sent = Number(properties.hs_recurring_billing_number_of_payments || Number.NaN)
  const payments = Number.isInteger(sent) && sent > 0 ? sent : undefined
  return { isRecurring: true, payments, perYear, hasTerm: false }
}
