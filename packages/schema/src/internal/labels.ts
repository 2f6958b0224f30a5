/**
 * What is shown of the standard properties: their labels, and the options with theirs. Also the properties of products and
 * parents, which only those who show them ask for.
 *
 * Labels come from the export of a portal where it has them. The others follow HubSpot's public naming, which is an assumption.
 */
import * as Standard from "./standard.ts"

/** A label, and the options of an enumeration. */
export type Label = string | readonly [label: string, options: Readonly<Record<string, string>>]

/** Properties by their names, and what is shown of each. */
export interface Shown<Name extends string = string> {
  readonly rows: Readonly<Record<Name, Standard.Row>>
  readonly labels: Readonly<Record<Name, Label>>
}

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

const shared: Readonly<Record<keyof typeof Standard.shared, Label>> = {
  name: "Name",
  description: "Description",
  price: "Unit price",
  tax: "Tax",
  hs_sku: "SKU",
  hs_url: "URL",
  hs_images: "Image URL",
  hs_cost_of_goods_sold: "Unit cost",
  hs_product_type: ["Product type", productTypes],
  hs_pricing_model: ["Pricing model", pricingModels],
  hs_tiers: "Tiers",
  hs_tier_ranges: "Tier ranges",
  hs_tier_prices: "Tier prices",
  hs_tax_category: "Tax category",
  hs_tax_rate_group_id: "Tax rate group ID",
  recurringbillingfrequency: ["Billing frequency", frequencies],
  hs_recurring_billing_period: "Term",
  hs_recurring_billing_start_date: "Billing start date",
  hubspot_owner_id: "Owner",
  hubspot_team_id: "HubSpot team"
}

const system: Readonly<Record<keyof typeof Standard.system, Label>> = {
  createdate: "Create Date",
  hs_createdate: "Object create date/time",
  hs_lastmodifieddate: "Last Modified Date",
  hs_object_id: "Record ID",
  hs_object_source: ["Record source ID", sources],
  hs_object_source_id: "Record creation source ID",
  hs_object_source_label: ["Record source", sources],
  hs_object_source_user_id: "Record creation source user ID",
  hs_object_source_detail_1: "Record source detail 1",
  hs_object_source_detail_2: "Record source detail 2",
  hs_object_source_detail_3: "Record source detail 3",
  hs_created_by_user_id: "Created by user ID",
  hs_updated_by_user_id: "Updated by user ID",
  hs_merged_object_ids: "Merged record IDs",
  hs_was_imported: "Performed in an import",
  hs_read_only: "Read only object",
  hs_all_owner_ids: "All owner IDs",
  hs_all_team_ids: "All team IDs",
  hs_all_accessible_team_ids: "All accessible team IDs",
  hs_all_assigned_business_unit_ids: "Business units",
  hs_owning_teams: "Owning teams",
  hs_shared_team_ids: "Shared teams",
  hs_shared_user_ids: "Shared users",
  hs_user_ids_of_all_notification_followers: "User IDs of all notification followers",
  hs_user_ids_of_all_notification_unfollowers: "User IDs of all notification unfollowers",
  hs_user_ids_of_all_owners: "User IDs of all owners",
  hs_pinned_engagement_id: "Pinned engagement ID",
  hubspot_owner_assigneddate: "Owner assigned date",
  hs_unique_creation_key: "Unique creation key"
}

/** Line items. */
export const lineItems: Shown<keyof typeof Standard.lineItems> = {
  rows: Standard.lineItems,
  labels: {
    ...shared,
    quantity: "Quantity",
    discount: "Unit discount",
    hs_discount_percentage: "Discount Percentage",
    hs_line_item_currency_code: ["Currency", same(currencies)],
    hs_product_id: "Product ID",
    hs_variant_id: "Variant ID",
    hs_bundle_id: "Bundle ID",
    hs_external_id: "External ID",
    hs_external_tax_rate_id: "External tax rate ID",
    hs_origin_key: "Origin key",
    hs_group_key: "Group key",
    hs_position_on_quote: "Position on quote",
    hs_recurring_billing_number_of_payments: "Number of payments",
    hs_recurring_billing_terms: ["Billing terms", terms],
    hs_billing_start_delay_type: ["Billing start delay type", delayTypes],
    hs_billing_start_delay_days: "Billing start delay (days)",
    hs_billing_start_delay_months: "Billing start delay (months)",
    hs_billing_period_start_date: "Billing period start date",
    hs_billing_period_end_date: "Billing period end date",
    hs_term_in_months: "Term (months)",
    hs_is_optional: "Is optional",
    hs_is_editable_price: "Is editable price",
    hs_allow_buyer_selected_quantity: "Allow buyer selected quantity",
    hs_buyer_selected_quantity_min: "Minimum buyer selected quantity",
    hs_buyer_selected_quantity_max: "Maximum buyer selected quantity",
    amount: "Net price",
    hs_acv: "Annual contract value",
    hs_arr: "Annual recurring revenue",
    hs_mrr: "Monthly recurring revenue",
    hs_tcv: "Total contract value",
    hs_margin: "Margin",
    hs_margin_acv: "ACV margin",
    hs_margin_arr: "ARR margin",
    hs_margin_mrr: "MRR margin",
    hs_margin_tcv: "TCV margin",
    hs_pre_discount_amount: "Pre discount amount",
    hs_post_tax_amount: "Post tax amount",
    hs_total_discount: "Total discount",
    hs_effective_unit_price: "Effective unit price",
    hs_tier_amount: "Tier amount",
    hs_sync_amount: "Sync amount",
    hs_tax_amount: "Tax amount",
    hs_auto_tax_amount: "Automatic tax amount",
    hs_recurring_billing_end_date: "Billing end date",
    hs_tax_label: "Tax label",
    hs_tax_rate: "Tax rate",
    ...system
  }
}

/** The parents of line items, those that matter here: a name, and what HubSpot keeps of every record. */
export const parents: Shown = {
  rows: {
    dealname: ["string"],
    hs_title: ["string"],
    hs_number: ["string"],
    hs_order_name: ["string"],
    hs_external_order_id: ["string"],
    hs_external_cart_id: ["string"],
    ...Standard.system
  },
  labels: {
    dealname: "Deal Name",
    hs_title: "Title",
    hs_number: "Number",
    hs_order_name: "Order name",
    hs_external_order_id: "External order ID",
    hs_external_cart_id: "External cart ID",
    ...system
  }
}

const prices = currencies.map((code) => [`hs_price_${code.toLowerCase()}`, `Unit price (${code})`] as const)

/** Products. The names of those that line items have not are public; the labels are assumptions. */
export const products: Shown = {
  rows: {
    ...Standard.shared,
    hs_product_classification: ["enumeration", "set"],
    hs_status: ["enumeration"],
    hs_folder_id: ["number"],
    hs_folder_name: ["string"],
    ...Object.fromEntries(prices.map(([name]): [string, Standard.Row] => [name, ["money"]])),
    ...Standard.system
  },
  labels: {
    ...shared,
    hs_product_classification: [
      "Product classification",
      { standalone: "Standalone", variant: "Variant", bundle: "Bundle" }
    ],
    hs_status: ["Status", { active: "Active", inactive: "Inactive" }],
    hs_folder_id: "Folder ID",
    hs_folder_name: "Folder name",
    ...Object.fromEntries(prices),
    ...system
  }
}
