/**
 * The line item: its standard properties with their types, and the typed view of a line item's
 * property map.
 *
 * An account adds properties of its own; those are plain text here, beside the standard ones. This module
 * does not know which properties an account really has.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Association } from "./Association.ts"
import * as BillingPeriod from "./BillingPeriod.ts"
import type { CreateInput } from "./BatchRequest.ts"
import type { CrmObject } from "./CrmObject.ts"
import * as Rows from "./internal/standard.ts"
import {
  Bool,
  DateTimeValue,
  DateValue,
  Decimal,
  plainDecimal,
  type PropertyType,
  type PropertyValues
} from "./Properties.ts"

/** HubSpot's id of the object type. */
export const objectTypeId = "0-8"

/** The name of the object type in paths. */
export const objectType = "line_items"

/** The standard properties that a caller may write, and that are typed here. */
const written = [
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

type Written = (typeof written)[number]

const writes: ReadonlySet<string> = new Set(written)

const values = {
  string: Schema.String,
  number: Decimal,
  money: Decimal,
  date: DateValue,
  datetime: DateTimeValue,
  bool: Bool,
  enumeration: Schema.String
} satisfies Record<PropertyType, unknown>

// A frequency that this version does not know is kept.
const own = {
  recurringbillingfrequency: Schema.Union([BillingPeriod.Frequency, Schema.String]),
  hs_recurring_billing_period: BillingPeriod.BillingPeriod
} satisfies { readonly [K in Written]?: unknown }

type Fields = {
  readonly [K in Written]: Schema.optionalKey<
    K extends keyof typeof own ? (typeof own)[K] : (typeof values)[(typeof Rows.lineItems)[K][0]]
  >
}

/**
 * The standard properties that a caller may write, by type. Money and numbers are `BigDecimal`, days
 * are `DateTime.Utc`, a billing period is a `BillingPeriod`, the rest is text; on the wire each is text.
 *
 * Source: HubSpot's line items guide and portal schemas, November 2026. `amount` is not here: whether
 * it may be written is contested, and HubSpot computes it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Standard = Schema.Struct(
  Object.fromEntries(
    written.map((name) => [
      name,
      Schema.optionalKey((own as Record<string, Schema.Top>)[name] ?? values[Rows.lineItems[name][0]])
    ])
  ) as unknown as Fields
)

/**
 * @category models
 * @since 0.1.0
 */
export type Standard = typeof Standard.Type

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
  Object.entries<Rows.Row>(Rows.lineItems).flatMap(([name, [type, , ...traits]]) => {
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

const encodeStandard = Schema.encodeSync(Standard)
const decodeStandard = Schema.decodeUnknownEffect(Standard)

/**
 * A line item to create, from typed values: the standard properties, `custom` ones as text, the
 * associations, and the caller's own `objectWriteTraceId` if there is one. `undefined` is not sent. A
 * standard property replaces a custom one of the same name.
 *
 * **Example**
 *
 * ```ts
 * import { Association, LineItem, Properties } from "@effect-hubspot/schema"
 *
 * const input = LineItem.make({
 *   name: "Onboarding",
 *   quantity: Properties.decimal("2"),
 *   price: Properties.decimal("19.90"),
 *   custom: { erp_position: "10" },
 *   associations: [Association.make("deal", "4711")]
 * })
 * input.properties // => { erp_position: "10", name: "Onboarding", quantity: "2", price: "19.90" }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  item: { readonly [K in keyof Standard]?: Standard[K] | undefined } & {
    readonly custom?: Readonly<Record<string, string | undefined>> | undefined
    readonly associations?: ReadonlyArray<Association> | undefined
    readonly objectWriteTraceId?: string | undefined
  }
): CreateInput => {
  const { associations, custom = {}, objectWriteTraceId, ...standard } = item
  return {
    properties: { ...defined(custom), ...encodeStandard(defined(standard)) },
    ...(associations !== undefined && { associations }),
    ...(objectWriteTraceId !== undefined && { objectWriteTraceId })
  }
}

/**
 * The standard properties of a record, typed. Empty (null) ones are absent; a value that is not of its
 * property's type fails with the property's name.
 *
 * @category reading
 * @since 0.1.0
 */
export const fromObject = (object: CrmObject): Effect.Effect<Standard, Schema.SchemaError> =>
  decodeStandard(present(object.properties ?? {}))

/**
 * The properties of a record that are not standard ones, without the empty ones.
 *
 * @category reading
 * @since 0.1.0
 */
export const customProperties = (object: CrmObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(present(object.properties ?? {})).filter(([name]) => !knownProperties.has(name))
  )

const defined = <A>(values: { readonly [name: string]: A | undefined }): { [name: string]: A } =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, A] => entry[1] !== undefined))

const present = (properties: PropertyValues): Record<string, string> =>
  Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, string] => entry[1] !== null)
  )
