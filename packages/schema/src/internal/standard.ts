/**
 * The properties that every account has, of line items and of products, as data.
 *
 * Names, types, and what is read-only come from HubSpot's guides and the field lists of two portals; labels from the export of a
 * portal where it has them. The other labels follow HubSpot's public naming, which is an assumption. An account's own answer is
 * the authority. Nothing here knows a value.
 */
import type { PropertyType } from "./values.ts"

/**
 * What is special about a property: `set` by HubSpot (read-only), `computed` by HubSpot (read-only and calculated), `unique`,
 * `long` text, `ids` of the account (the options are not listed), or options with their labels.
 */
export type Trait = "set" | "computed" | "unique" | "long" | "ids" | Readonly<Record<string, string>>

export type Row = readonly [type: PropertyType, label: string, ...traits: ReadonlyArray<Trait>]

type Rows = Readonly<Record<string, Row>>

/** The currencies of an account that nobody asked, the company's own first. */
export const currencies: ReadonlyArray<string> = "EUR USD GBP CHF SEK DKK NOK PLN CZK JPY CAD AUD".split(" ")

const same = (values: ReadonlyArray<string>) => Object.fromEntries(values.map((value) => [value, value]))

const sources = same(
  "API AUTOMATION_PLATFORM BATCH_UPDATE CLONE_OBJECTS COMMERCE CRM_UI IMPORT INTEGRATION MIGRATION QUOTES SALESFORCE".split(
    " "
  )
)

const productTypes = { inventory: "Inventory", "non-inventory": "Non-inventory", service: "Service" }

const pricingModels = { flat: "Flat", tiered: "Tiered" }

const frequencies = {
  weekly: "Weekly",
  biweekly: "Every two weeks",
  monthly: "Monthly",
  quarterly: "Quarterly",
  per_six_months: "Semi-annually",
  annually: "Annually",
  per_two_years: "Every two years",
  per_three_years: "Every three years",
  per_four_years: "Every four years",
  per_five_years: "Every five years"
}

// Documentation: each delay type names the property that it uses.
const delayTypes = {
  hs_recurring_billing_start_date: "Custom date",
  hs_billing_start_delay_days: "Delayed start (days)",
  hs_billing_start_delay_months: "Delayed start (months)"
}

// FIXED is observation, the other one is seen in the documents of one program.
const terms = { FIXED: "Fixed number of payments", AUTOMATICALLY_RENEW: "Automatically renew until canceled" }

/** What line items have from their product: the same property on both sides. */
const shared = {
  name: ["string", "Name"],
  description: ["string", "Description", "long"],
  price: ["money", "Unit price"],
  tax: ["money", "Tax"],
  hs_sku: ["string", "SKU"],
  hs_url: ["string", "URL"],
  hs_images: ["string", "Image URL"],
  hs_cost_of_goods_sold: ["money", "Unit cost"],
  hs_product_type: ["enumeration", "Product type", productTypes],
  hs_pricing_model: ["enumeration", "Pricing model", pricingModels],
  hs_tiers: ["string", "Tiers"],
  hs_tier_ranges: ["string", "Tier ranges"],
  hs_tier_prices: ["string", "Tier prices"],
  hs_tax_category: ["enumeration", "Tax category"],
  hs_tax_rate_group_id: ["string", "Tax rate group ID"],
  recurringbillingfrequency: ["enumeration", "Billing frequency", frequencies],
  hs_recurring_billing_period: ["string", "Term"],
  hs_recurring_billing_start_date: ["date", "Billing start date"],
  hubspot_owner_id: ["enumeration", "Owner", "ids"],
  hubspot_team_id: ["enumeration", "HubSpot team", "ids"]
} as const satisfies Rows

/** What HubSpot keeps of records of every type. */
const system = {
  createdate: ["datetime", "Create Date", "set"],
  hs_createdate: ["datetime", "Object create date/time", "set"],
  hs_lastmodifieddate: ["datetime", "Last Modified Date", "set"],
  hs_object_id: ["number", "Record ID", "set", "unique"],
  hs_object_source: ["enumeration", "Record source ID", "set", sources],
  hs_object_source_id: ["string", "Record creation source ID", "set"],
  hs_object_source_label: ["enumeration", "Record source", "set", sources],
  hs_object_source_user_id: ["number", "Record creation source user ID", "set"],
  hs_object_source_detail_1: ["string", "Record source detail 1", "set"],
  hs_object_source_detail_2: ["string", "Record source detail 2", "set"],
  hs_object_source_detail_3: ["string", "Record source detail 3", "set"],
  hs_created_by_user_id: ["number", "Created by user ID", "set"],
  hs_updated_by_user_id: ["number", "Updated by user ID", "set"],
  hs_merged_object_ids: ["enumeration", "Merged record IDs", "set"],
  hs_was_imported: ["bool", "Performed in an import", "set"],
  hs_read_only: ["bool", "Read only object", "set"],
  hs_all_owner_ids: ["enumeration", "All owner IDs", "set", "ids"],
  hs_all_team_ids: ["enumeration", "All team IDs", "set", "ids"],
  hs_all_accessible_team_ids: ["enumeration", "All accessible team IDs", "set", "ids"],
  hs_all_assigned_business_unit_ids: ["enumeration", "Business units", "set", "ids"],
  hs_owning_teams: ["enumeration", "Owning teams", "set", "ids"],
  hs_shared_team_ids: ["enumeration", "Shared teams", "set", "ids"],
  hs_shared_user_ids: ["enumeration", "Shared users", "set", "ids"],
  hs_user_ids_of_all_notification_followers: [
    "enumeration",
    "User IDs of all notification followers",
    "set",
    "ids"
  ],
  hs_user_ids_of_all_notification_unfollowers: [
    "enumeration",
    "User IDs of all notification unfollowers",
    "set",
    "ids"
  ],
  hs_user_ids_of_all_owners: ["enumeration", "User IDs of all owners", "set", "ids"],
  hs_pinned_engagement_id: ["number", "Pinned engagement ID", "set"],
  hubspot_owner_assigneddate: ["datetime", "Owner assigned date", "set"],
  // Observation, live for another type: it cannot be written.
  hs_unique_creation_key: ["string", "Unique creation key", "set", "unique"]
} as const satisfies Rows

/**
 * The properties of line items. Assumption: `hs_external_id` can be written and is not unique.
 */
export const lineItems = {
  ...shared,
  quantity: ["number", "Quantity"],
  discount: ["money", "Unit discount"],
  hs_discount_percentage: ["number", "Discount Percentage"],
  hs_line_item_currency_code: ["enumeration", "Currency", same(currencies)],
  hs_product_id: ["string", "Product ID"],
  hs_variant_id: ["string", "Variant ID"],
  hs_bundle_id: ["string", "Bundle ID"],
  hs_external_id: ["string", "External ID"],
  hs_external_tax_rate_id: ["string", "External tax rate ID"],
  hs_origin_key: ["string", "Origin key"],
  hs_group_key: ["string", "Group key"],
  hs_position_on_quote: ["number", "Position on quote"],
  hs_recurring_billing_number_of_payments: ["number", "Number of payments"],
  hs_recurring_billing_terms: ["enumeration", "Billing terms", terms],
  hs_billing_start_delay_type: ["enumeration", "Billing start delay type", delayTypes],
  hs_billing_start_delay_days: ["number", "Billing start delay (days)"],
  hs_billing_start_delay_months: ["number", "Billing start delay (months)"],
  hs_billing_period_start_date: ["date", "Billing period start date"],
  hs_billing_period_end_date: ["date", "Billing period end date"],
  hs_term_in_months: ["number", "Term (months)"],
  hs_is_optional: ["bool", "Is optional"],
  hs_is_editable_price: ["bool", "Is editable price"],
  hs_allow_buyer_selected_quantity: ["bool", "Allow buyer selected quantity"],
  hs_buyer_selected_quantity_min: ["number", "Minimum buyer selected quantity"],
  hs_buyer_selected_quantity_max: ["number", "Maximum buyer selected quantity"],
  amount: ["money", "Net price", "computed"],
  hs_acv: ["money", "Annual contract value", "computed"],
  hs_arr: ["money", "Annual recurring revenue", "computed"],
  hs_mrr: ["money", "Monthly recurring revenue", "computed"],
  hs_tcv: ["money", "Total contract value", "computed"],
  hs_margin: ["money", "Margin", "computed"],
  hs_margin_acv: ["money", "ACV margin", "computed"],
  hs_margin_arr: ["money", "ARR margin", "computed"],
  hs_margin_mrr: ["money", "MRR margin", "computed"],
  hs_margin_tcv: ["money", "TCV margin", "computed"],
  hs_pre_discount_amount: ["money", "Pre discount amount", "computed"],
  hs_post_tax_amount: ["money", "Post tax amount", "computed"],
  hs_total_discount: ["money", "Total discount", "computed"],
  hs_effective_unit_price: ["money", "Effective unit price", "computed"],
  hs_tier_amount: ["money", "Tier amount", "computed"],
  hs_sync_amount: ["money", "Sync amount", "computed"],
  hs_tax_amount: ["money", "Tax amount", "computed"],
  hs_auto_tax_amount: ["money", "Automatic tax amount", "computed"],
  hs_recurring_billing_end_date: ["date", "Billing end date", "computed"],
  hs_tax_label: ["string", "Tax label", "set"],
  hs_tax_rate: ["number", "Tax rate", "set"],
  ...system
} as const satisfies Rows

/** The properties of parents, those that matter here: a name, and what HubSpot keeps of every record. */
export const parents: Rows = {
  dealname: ["string", "Deal Name"],
  hs_title: ["string", "Title"],
  hs_number: ["string", "Number"],
  hs_order_name: ["string", "Order name"],
  hs_external_order_id: ["string", "External order ID"],
  hs_external_cart_id: ["string", "External cart ID"],
  ...system
}

/**
 * The properties of products. The names of those that line items have not are public; the labels are assumptions.
 */
export const products: Rows = {
  ...shared,
  hs_product_classification: [
    "enumeration",
    "Product classification",
    "set",
    { standalone: "Standalone", variant: "Variant", bundle: "Bundle" }
  ],
  hs_status: ["enumeration", "Status", { active: "Active", inactive: "Inactive" }],
  hs_folder_id: ["number", "Folder ID"],
  hs_folder_name: ["string", "Folder name"],
  ...Object.fromEntries(
    currencies.map((code): [string, Row] => [
      `hs_price_${code.toLowerCase()}`,
      ["money", `Unit price (${code})`]
    ])
  ),
  ...system
}
