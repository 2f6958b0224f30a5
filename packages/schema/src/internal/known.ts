/**
 * What is known of line items without their schemas: the standard properties by name, and the text in which a value is sent.
 *
 * `LineItem` exports it.
 */
import { plainDecimal, type PropertyType } from "./values.ts"
import * as Rows from "./standard.ts"

/** HubSpot's id of the object type. */
export const objectTypeId = "0-8"

/** The name of the object type in paths. */
export const objectType = "line_items"

/** The standard properties that a caller may write, and that are typed here. */
export const written = [
  "name",
  "description",
  "quantity",
  "price",
  "hs_product_id",
  "hs_sku",
  "hs_url",
  "hs_images",
  "discount",
  "hs_discount_percentage",
  "tax",
  "hs_tax_category",
  "hs_tax_rate_group_id",
  "hs_line_item_currency_code",
  "hs_cost_of_goods_sold",
  "hs_position_on_quote",
  "recurringbillingfrequency",
  "hs_recurring_billing_period",
  "hs_recurring_billing_start_date",
  "hs_recurring_billing_number_of_payments",
  "hs_recurring_billing_terms",
  "hs_billing_start_delay_type",
  "hs_billing_start_delay_days",
  "hs_billing_start_delay_months",
  "hs_term_in_months",
  "hs_billing_period_start_date",
  "hs_billing_period_end_date",
  "hs_pricing_model",
  "hs_tier_ranges",
  "hs_tier_prices",
  "hs_is_optional",
  "hs_is_editable_price",
  "hs_allow_buyer_selected_quantity",
  "hs_variant_id",
  "hs_bundle_id",
  "hs_product_type",
  "hubspot_owner_id",
  "hubspot_team_id"
] as const satisfies ReadonlyArray<keyof typeof Rows.lineItems>

const writes: ReadonlySet<string> = new Set(written)

/**
 * The type of a standard property. HubSpot computes or sets a `readOnly` one, and rejects a value for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface KnownProperty {
  readonly type: PropertyType
  readonly readOnly: boolean
}

/**
 * The standard properties by name: those that a caller may write, and those that HubSpot computes.
 *
 * **Example**
 *
 * ```ts
 * import { LineItem } from "@effect-hubspot/schema"
 *
 * const price = LineItem.knownProperties.get("price")
 * price // => { type: "money", readOnly: false }
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const knownProperties: ReadonlyMap<string, KnownProperty> = new Map(
  Object.entries<Rows.Row>(Rows.lineItems).flatMap(([name, [type, ...traits]]) => {
    const readOnly = traits.includes("set") || traits.includes("computed")
    return readOnly || writes.has(name) ? [[name, { type, readOnly }] as const] : []
  })
)

/** The standard properties that are not sent exactly as they are given, and whether they are numbers. */
const isNumber: ReadonlyMap<string, boolean> = new Map(
  [...knownProperties]
    .filter(([name, { type }]) => type !== "string" || name.endsWith("_id"))
    .map(([name, { type }]) => [name, type === "number" || type === "money"])
)

/**
 * The text of a property as it is sent. A number is a plain decimal, see `Properties.plainDecimal`. Dates, booleans, options
 * and ids lose their outer blanks. Text is sent exactly, and so are properties of the account's own, whose types are not
 * known here. A text that is right already is returned itself.
 *
 * **Example**
 *
 * ```ts
 * import { LineItem } from "@effect-hubspot/schema"
 *
 * const sent = [
 *   LineItem.sent("price", " 1e-7"),
 *   LineItem.sent("hs_line_item_currency_code", "EUR "),
 *   LineItem.sent("name", " 1e-7")
 * ]
 * sent // => ["0.0000001", "EUR", " 1e-7"]
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const sent = (name: string, text: string): string => {
  const number = isNumber.get(name)
  if (number === undefined) return text
  return number ? plainDecimal(text) : text.trim()
}

/**
 * The same for a number in its text, such as one of a JSON file: a property whose type is not known here gets a plain
 * decimal as well.
 *
 * @category formatting
 * @since 0.1.0
 */
export const sentNumber = (name: string, text: string): string =>
  knownProperties.has(name) ? sent(name, text) : plainDecimal(text)
