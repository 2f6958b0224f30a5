/**
 * The properties that HubSpot computes from those of a line item: amounts, margins, revenue, and terms of billing.
 *
 * Pure, and the only place that computes them. They are not stored: a record holds what was sent and inherited, and its views
 * ask here. Amounts are exact decimals, rounded once, at the end, as the account is told.
 *
 * @since 0.1.0
 */
import * as Properties from "@effect-hubspot/schema/Properties"
import * as BigDecimal from "effect/BigDecimal"
import type * as Behaviour from "../Behaviour.ts"
import * as Billing from "./Billing.ts"

type Values = Readonly<Record<string, string>>

/**
 * The properties that may be computed although a line item has a value of its own.
 *
 * @category constants
 * @since 0.1.0
 */
export const names: ReadonlySet<string> = new Set([
  "amount",
  "hs_recurring_billing_number_of_payments",
  "hs_recurring_billing_terms"
])

/**
 * The computed properties of a line item that are not empty.
 *
 * Recorded for a one-off without discount and cost: all amounts are the same, and what recurs is `0.00`. Documentation for
 * the discount and the cost. Assumptions: the discount is per unit and goes before the percentage; without price or quantity
 * no amount is computed; what HubSpot publishes of recurring revenue is what the API computes.
 *
 * @category computing
 * @since 0.1.0
 */
export const of = (properties: Values, behaviour: Behaviour.Behaviour): Values => {
  const billing = Billing.of(properties)
  const terms = termsOf(properties, billing)
  const unit = read(properties.price)
  const quantity = read(properties.quantity)
  if (unit === undefined || quantity === undefined) return terms
  const digits = digitsOf(properties, behaviour)
  const write = writing(digits, behaviour.rounding)
  const zero = digits === 0 ? "0" : "0.00"
  const gross = BigDecimal.multiply(unit, quantity)
  const off = discountOf(properties, unit)
  const reduction = off && BigDecimal.multiply(off, quantity)
  const sent = behaviour.amount === "writable" ? read(properties.amount) : undefined
  const net = sent ?? (reduction === undefined ? gross : BigDecimal.subtract(gross, reduction))
  const cost = read(properties.hs_cost_of_goods_sold)
  const margin = cost === undefined ? net : BigDecimal.subtract(net, BigDecimal.multiply(cost, quantity))
  const tax = read(properties.tax)
  const amount = write(net)
  const marginText = margin === net ? amount : write(margin)
  const isComputed = !billing.isRecurring || behaviour.recurringRevenue === "computed"
  const revenue = billing.isRecurring ? revenueOf(net, billing, write) : once(amount, zero)
  const profit =
    margin === net
      ? revenue
      : billing.isRecurring
        ? revenueOf(margin, billing, write)
        : once(marginText, zero)
  return {
    amount,
    hs_pre_discount_amount: reduction === undefined && sent === undefined ? amount : write(gross),
    hs_total_discount: reduction === undefined ? zero : write(reduction),
    hs_post_tax_amount: tax === undefined ? amount : write(BigDecimal.sum(net, tax)),
    hs_margin: marginText,
    ...(isComputed && {
      hs_acv: revenue.acv,
      hs_arr: revenue.arr,
      hs_mrr: revenue.mrr,
      hs_tcv: revenue.tcv,
      hs_margin_acv: profit.acv,
      hs_margin_arr: profit.arr,
      hs_margin_mrr: profit.mrr,
      hs_margin_tcv: profit.tcv
    }),
    ...terms
  }
}

// Observation: a one-off has one payment, and a term makes the terms FIXED. Recorded: the position is 0 unless it is sent.
const termsOf = (properties: Values, { hasTerm, payments }: Billing.Billing): Values => ({
  ...(!properties.hs_position_on_quote && { hs_position_on_quote: "0" }),
  ...(payments !== undefined &&
    (hasTerm || !properties.hs_recurring_billing_number_of_payments) && {
      hs_recurring_billing_number_of_payments: String(payments)
    }),
  ...(hasTerm && { hs_recurring_billing_terms: "FIXED" })
})

interface Revenue {
  readonly acv: string
  readonly arr: string
  readonly mrr: string
  readonly tcv: string
}

const once = (amount: string, zero: string): Revenue => ({ acv: amount, arr: zero, mrr: zero, tcv: amount })

// Public definitions: a year's revenue is twelve months' revenue, the annual value counts at most one year, the total value
// all payments. Assumption: what has no end counts a year.
const revenueOf = (
  payment: BigDecimal.BigDecimal,
  { payments, perYear: [times, every] }: Billing.Billing,
  write: Writing
): Revenue => {
  const yearly = divide(BigDecimal.multiply(payment, whole(times)), every)
  const total = payments === undefined ? yearly : BigDecimal.multiply(payment, whole(payments))
  const isWithinYear = payments !== undefined && payments * every <= times
  return {
    mrr: write(divide(yearly, 12)),
    arr: write(yearly),
    tcv: write(total),
    acv: write(isWithinYear ? total : yearly)
  }
}

const whole = (value: number): BigDecimal.BigDecimal => BigDecimal.make(BigInt(value), 0)

// Twenty digits are enough for an exact rounding of what is divided by a few months.
const divide = (value: BigDecimal.BigDecimal, by: number): BigDecimal.BigDecimal =>
  by === 1 ? value : BigDecimal.make((value.value * 10n ** 20n) / BigInt(by), value.scale + 20)

const hundredth = BigDecimal.make(1n, 2)

const discountOf = (properties: Values, unit: BigDecimal.BigDecimal): BigDecimal.BigDecimal | undefined => {
  const discount = read(properties.discount)
  if (discount !== undefined) return discount
  const percentage = read(properties.hs_discount_percentage)
  return percentage && BigDecimal.multiply(unit, BigDecimal.multiply(percentage, hundredth))
}

const read = (text: string | undefined): BigDecimal.BigDecimal | undefined => {
  if (!text) return undefined
  const found = plain.exec(text)
  if (found === null) return undefined
  const decimals = found[2] ?? ""
  return BigDecimal.make(BigInt(`${found[1]}${decimals}`), decimals.length)
}

const plain = /^(?=.*\d)\+?(-?\d*)(?:\.(\d*))?$/

type Writing = (value: BigDecimal.BigDecimal) => string

const modes = { halfAway: "half-from-zero", halfEven: "half-even", down: "to-zero" } as const

const writing =
  (digits: number, rounding: keyof typeof modes): Writing =>
  (value) => {
    const rounded =
      value.scale === digits ? value : BigDecimal.round(value, { scale: digits, mode: modes[rounding] })
    return Properties.formatDecimal(BigDecimal.scale(rounded, digits))
  }

const withoutDecimals: ReadonlySet<string> = new Set(["CLP", "ISK", "JPY", "KRW", "PYG", "VND"])

const digitsOf = (properties: Values, { decimals }: Behaviour.Behaviour): number =>
  decimals === "currency" && withoutDecimals.has(properties.hs_line_item_currency_code ?? "") ? 0 : 2
