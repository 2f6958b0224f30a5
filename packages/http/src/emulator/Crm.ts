/**
 * The account behind the emulator: which properties a line item may have, which parents exist, and the
 * line items that were created.
 *
 * It keeps what it is told and judges nothing: whether an input is good is `Rules`. It lives in memory,
 * and its changes are synchronous, so that a batch is committed at one instant.
 *
 * @since 0.1.0
 */
import { Association, LineItem, type Properties } from "@effect-hubspot/schema"

/**
 * A property of the account. `options` are the values an enumeration takes; `undefined` where the
 * public facts give none, and then any text is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Property {
  readonly type: Properties.PropertyType
  readonly readOnly: boolean
  readonly options: ReadonlyArray<string> | RegExp | undefined
}

/**
 * A line item of the account, properties as they were sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface LineItemRecord {
  readonly id: string
  readonly properties: Readonly<Record<string, string>>
  readonly associations: ReadonlyArray<Association.Association>
  readonly createdAt: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Crm {
  readonly portalId: number
  readonly properties: ReadonlyMap<string, Property>
  readonly lineItems: ReadonlyMap<string, LineItemRecord>
  /** Whether a parent with this id is in the account. */
  readonly exists: (target: Association.Target, id: string) => boolean
  /** From now on only seeded ids of this type exist. */
  readonly seed: (target: Association.Target, ids: ReadonlyArray<string>) => void
  readonly create: (
    properties: Readonly<Record<string, string>>,
    associations: ReadonlyArray<Association.Association>,
    createdAt: string
  ) => LineItemRecord
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
 * The currencies that the emulated account has enabled.
 *
 * @category constants
 * @since 0.1.0
 */
export const currencies: ReadonlyArray<string> = "EUR USD GBP CHF SEK DKK NOK PLN CZK JPY CAD AUD".split(" ")

// Confidence: documentation for the delay types (each names the property it uses); the frequencies and
// owners-are-digits are assumptions, of which an account's own properties API is the authority.
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

/**
 * The association target an object type's name stands for: `deal`, `deals`, `abandoned_cart`,
 * `paymentLinks`. `undefined` for what a line item cannot be associated with.
 *
 * @category constructors
 * @since 0.1.0
 */
export const targetOfObjectType = (objectType: string): Association.Target | undefined =>
  targets.get(objectType.toLowerCase().replace(/[_-]/g, "").replace(/s$/, ""))

const targets: ReadonlyMap<string, Association.Target> = new Map(
  Object.keys(Association.typeIds).map((name) => [name.toLowerCase(), name as Association.Target])
)

// Ten digits, as portals show them today. Ids are not dense in reality; nobody may rely on that.
const firstId = 20_000_000_001

/**
 * An account without line items. `properties` are names of further custom properties.
 *
 * A parent exists when its id is decimal and has up to 12 digits. That rule is the emulator's own, so
 * that unknown parents can be had without seeding; seeding an object type ends it for that type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (config: {
  readonly portalId: number
  readonly properties: ReadonlyArray<string>
}): Crm => {
  const lineItems = new Map<string, LineItemRecord>()
  const seeded = new Map<Association.Target, Set<string>>()
  const properties = new Map<string, Property>()
  for (const [name, known] of LineItem.knownProperties) {
    properties.set(name, { ...known, options: known.type === "bool" ? truth : options[name] })
  }
  for (const name of [...customProperties, ...config.properties]) {
    properties.set(name, { type: "string", readOnly: false, options: undefined })
  }
  return {
    portalId: config.portalId,
    properties,
    lineItems,
    exists: (target, id) => seeded.get(target)?.has(id) ?? /^\d{1,12}$/.test(id),
    seed: (target, ids) => {
      const all = seeded.get(target) ?? new Set()
      for (const id of ids) all.add(id)
      seeded.set(target, all)
    },
    create: (properties, associations, createdAt) => {
      const record = { id: String(firstId + lineItems.size), properties, associations, createdAt }
      lineItems.set(record.id, record)
      return record
    }
  }
}
