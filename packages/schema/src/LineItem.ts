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
import { knownProperties, written } from "./internal/known.ts"
import * as Rows from "./internal/standard.ts"
import {
  Bool,
  DateTimeValue,
  DateValue,
  Decimal,
  type PropertyType,
  type PropertyValues
} from "./Properties.ts"

export {
  /** @public */
  type KnownProperty,
  knownProperties,
  objectType,
  objectTypeId,
  sent,
  sentNumber
} from "./internal/known.ts"

type Written = (typeof written)[number]

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
