/**
 * The definitions of a line item's properties in the emulated account: the standard ones, and how the properties API
 * shows them.
 *
 * It knows what a property is, not which record holds a value of it. It checks no value: `Rules` does.
 *
 * @since 0.1.0
 */
import { LineItem, type Properties, Property } from "@effect-hubspot/schema"

/**
 * A property of the account. `options` are the values of an enumeration, `undefined` if none are public; then every text is
 * an option.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly type: Properties.PropertyType
  readonly fieldType: string
  readonly groupName: string
  readonly readOnly: boolean
  readonly calculated: boolean
  readonly unique: boolean
  readonly hubspotDefined: boolean
  readonly options: ReadonlyArray<string> | RegExp | undefined
  /** The labels of options, where they are not their values. */
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * Custom properties that every emulated account has, all of them text.
 *
 * @category constants
 * @since 0.1.0
 */
export const customProperties: ReadonlyArray<string> = [
  "cost_center",
  "erp_item_number",
  "erp_position",
  "line_item_key"
]

/**
 * The currencies that the emulated account has enabled, the company's own first.
 *
 * @category constants
 * @since 0.1.0
 */
export const currencies: ReadonlyArray<string> = "EUR USD GBP CHF SEK DKK NOK PLN CZK JPY CAD AUD".split(" ")

// Documentation for the delay types (each names the property it uses). The frequencies, and that owners are digits, are
// assumptions; the properties API of an account is the authority.
const options: Readonly<Record<string, ReadonlyArray<string> | RegExp>> = {
  hs_line_item_currency_code: currencies,
  hs_billing_start_delay_type: [
    "hs_recurring_billing_start_date",
    "hs_billing_start_delay_days",
    "hs_billing_start_delay_months"
  ],
  recurringbillingfrequency: [
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
  ],
  hubspot_owner_id: /^\d+$/,
  hubspot_team_id: /^\d+$/
}

const truth: ReadonlyArray<string> = ["true", "false"]

// Assumption: the field types that the properties API shows.
const fieldTypes: Readonly<Record<Properties.PropertyType, string>> = {
  string: "text",
  number: "number",
  money: "number",
  date: "date",
  datetime: "date",
  bool: "booleancheckbox",
  enumeration: "select"
}

// Observation: the values that HubSpot computes, as opposed to those it only sets.
const calculated: ReadonlySet<string> = new Set(
  "amount hs_acv hs_arr hs_mrr hs_tcv hs_margin hs_margin_acv hs_margin_arr hs_margin_mrr hs_margin_tcv hs_total_discount hs_pre_discount_amount hs_post_tax_amount hs_effective_unit_price hs_tax_amount hs_auto_tax_amount hs_recurring_billing_end_date".split(
    " "
  )
)

/**
 * A property with the defaults that follow from its name and type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  given: Pick<Definition, "name" | "type"> & Partial<Omit<Definition, "name" | "type">>
): Definition => ({
  label: given.name,
  description: "",
  fieldType: fieldTypes[given.type],
  groupName: Property.defaultGroup,
  readOnly: false,
  calculated: false,
  unique: false,
  hubspotDefined: false,
  options: given.type === "bool" ? truth : undefined,
  ...given
})

/**
 * The properties that every account has. Assumptions: `hs_unique_creation_key` is unique and cannot be written;
 * `hs_external_id` can be written and is not unique; `hs_object_id` is shown as unique.
 *
 * @category constants
 * @since 0.1.0
 */
export const standard: ReadonlyArray<Definition> = [
  ...[...LineItem.knownProperties].map(([name, { readOnly, type }]) =>
    make({
      name,
      type,
      readOnly,
      calculated: calculated.has(name),
      unique: name === "hs_object_id",
      hubspotDefined: true,
      ...(options[name] !== undefined && { options: options[name] })
    })
  ),
  make({
    name: "hs_unique_creation_key",
    type: "string",
    readOnly: true,
    unique: true,
    hubspotDefined: true
  }),
  make({ name: "hs_external_id", type: "string", hubspotDefined: true })
]

const beginning = "2019-08-06T02:41:08.029Z"

/**
 * A definition as the properties API shows it. Documentation for the fields; dates are invented.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toJson = (definition: Definition): typeof Property.Property.Encoded => ({
  updatedAt: beginning,
  createdAt: beginning,
  name: definition.name,
  label: definition.label,
  // Documentation: money is a number that is shown with a currency sign.
  type: definition.type === "money" ? "number" : definition.type,
  fieldType: definition.fieldType,
  description: definition.description,
  groupName: definition.groupName,
  options: Array.isArray(definition.options)
    ? (definition.options as ReadonlyArray<string>).map((value, displayOrder) => ({
        label: definition.labels?.[value] ?? value,
        value,
        displayOrder,
        hidden: false
      }))
    : [],
  displayOrder: -1,
  calculated: definition.calculated,
  externalOptions: definition.options instanceof RegExp,
  archived: false,
  hasUniqueValue: definition.unique,
  hidden: false,
  hubspotDefined: definition.hubspotDefined,
  ...(definition.type === "money" && { showCurrencySymbol: true }),
  modificationMetadata: {
    archivable: !definition.hubspotDefined,
    readOnlyDefinition: definition.hubspotDefined,
    readOnlyValue: definition.readOnly
  },
  formField: false
})
