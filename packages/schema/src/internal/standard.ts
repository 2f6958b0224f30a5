/**
 * The properties that every account has, of line items and of products, by type. `labels` has what is shown of them.
 *
 * Names, types, and what is read-only come from HubSpot's guides and the field lists of two portals. An account's own answer is
 * the authority. Nothing here knows a value.
 */
import type { PropertyType } from "./values.ts"

/**
 * What is special about a property: `set` by HubSpot (read-only), `computed` by HubSpot (read-only and calculated), `unique`,
 * `long` text, or `ids` of the account (the options are not listed).
 */
export type Trait = "set" | "computed" | "unique" | "long" | "ids"

export type Row = readonly [type: PropertyType, ...traits: ReadonlyArray<Trait>]

export type Rows = Readonly<Record<string, Row>>

/** What line items have from their product: the same property on both sides. */
export const shared = {
  name: ["string"],
  description: ["string", "long"],
  price: ["money"],
  tax: ["money"],
  hs_sku: ["string"],
  hs_url: ["string"],
  hs_images: ["string"],
  hs_cost_of_goods_sold: ["money"],
  hs_product_type: ["enumeration"],
  hs_pricing_model: ["enumeration"],
  hs_tiers: ["string"],
  hs_tier_ranges: ["string"],
  hs_tier_prices: ["string"],
  hs_tax_category: ["enumeration"],
  hs_tax_rate_group_id: ["string"],
  recurringbillingfrequency: ["enumeration"],
  hs_recurring_billing_period: ["string"],
  hs_recurring_billing_start_date: ["date"],
  hubspot_owner_id: ["enumeration", "ids"],
  hubspot_team_id: ["enumeration", "ids"]
} as const satisfies Rows

/** What HubSpot keeps of records of every type. */
export const system = {
  createdate: ["datetime", "set"],
  hs_createdate: ["datetime", "set"],
  hs_lastmodifieddate: ["datetime", "set"],
  hs_object_id: ["number", "set", "unique"],
  hs_object_source: ["enumeration", "set"],
  hs_object_source_id: ["string", "set"],
  hs_object_source_label: ["enumeration", "set"],
  hs_object_source_user_id: ["number", "set"],
  hs_object_source_detail_1: ["string", "set"],
  hs_object_source_detail_2: ["string", "set"],
  hs_object_source_detail_3: ["string", "set"],
  hs_created_by_user_id: ["number", "set"],
  hs_updated_by_user_id: ["number", "set"],
  hs_merged_object_ids: ["enumeration", "set"],
  hs_was_imported: ["bool", "set"],
  hs_read_only: ["bool", "set"],
  hs_all_owner_ids: ["enumeration", "set", "ids"],
  hs_all_team_ids: ["enumeration", "set", "ids"],
  hs_all_accessible_team_ids: ["enumeration", "set", "ids"],
  hs_all_assigned_business_unit_ids: ["enumeration", "set", "ids"],
  hs_owning_teams: ["enumeration", "set", "ids"],
  hs_shared_team_ids: ["enumeration", "set", "ids"],
  hs_shared_user_ids: ["enumeration", "set", "ids"],
  hs_user_ids_of_all_notification_followers: ["enumeration", "set", "ids"],
  hs_user_ids_of_all_notification_unfollowers: ["enumeration", "set", "ids"],
  hs_user_ids_of_all_owners: ["enumeration", "set", "ids"],
  hs_pinned_engagement_id: ["number", "set"],
  hubspot_owner_assigneddate: ["datetime", "set"],
  // Observation, live for another type: it cannot be written.
  hs_unique_creation_key: ["string", "set", "unique"]
} as const satisfies Rows

/**
 * The properties of line items. Assumption: `hs_external_id` can be written and is not unique.
 */
export const lineItems = {
  ...shared,
  quantity: ["number"],
  discount: ["money"],
  hs_discount_percentage: ["number"],
  hs_line_item_currency_code: ["enumeration"],
  hs_product_id: ["string"],
  hs_variant_id: ["string"],
  hs_bundle_id: ["string"],
  hs_external_id: ["string"],
  hs_external_tax_rate_id: ["string"],
  hs_origin_key: ["string"],
  hs_group_key: ["string"],
  hs_position_on_quote: ["number"],
  hs_recurring_billing_number_of_payments: ["number"],
  hs_recurring_billing_terms: ["enumeration"],
  hs_billing_start_delay_type: ["enumeration"],
  hs_billing_start_delay_days: ["number"],
  hs_billing_start_delay_months: ["number"],
  hs_billing_period_start_date: ["date"],
  hs_billing_period_end_date: ["date"],
  hs_term_in_months: ["number"],
  hs_is_optional: ["bool"],
  hs_is_editable_price: ["bool"],
  hs_allow_buyer_selected_quantity: ["bool"],
  hs_buyer_selected_quantity_min: ["number"],
  hs_buyer_selected_quantity_max: ["number"],
  amount: ["money", "computed"],
  hs_acv: ["money", "computed"],
  hs_arr: ["money", "computed"],
  hs_mrr: ["money", "computed"],
  hs_tcv: ["money", "computed"],
  hs_margin: ["money", "computed"],
  hs_margin_acv: ["money", "computed"],
  hs_margin_arr: ["money", "computed"],
  hs_margin_mrr: ["money", "computed"],
  hs_margin_tcv: ["money", "computed"],
  hs_pre_discount_amount: ["money", "computed"],
  hs_post_tax_amount: ["money", "computed"],
  hs_total_discount: ["money", "computed"],
  hs_effective_unit_price: ["money", "computed"],
  hs_tier_amount: ["money", "computed"],
  hs_sync_amount: ["money", "computed"],
  hs_tax_amount: ["money", "computed"],
  hs_auto_tax_amount: ["money", "computed"],
  hs_recurring_billing_end_date: ["date", "computed"],
  hs_tax_label: ["string", "set"],
  hs_tax_rate: ["number", "set"],
  ...system
} as const satisfies Rows
