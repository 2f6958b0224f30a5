/**
 * Line items as answers show them: which properties, their histories, their associations.
 *
 * It only shows a record. The handlers decide which record may be read.
 *
 * @since 0.1.0
 */
import { Association, Properties } from "@effect-hubspot/schema"
import * as BigDecimal from "effect/BigDecimal"
import * as Crm from "../state/Crm.ts"
import type { Rejection } from "./Refusal.ts"

/**
 * What a read asks for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Wanted {
  readonly properties: ReadonlyArray<string>
  readonly propertiesWithHistory: ReadonlyArray<string>
  readonly associations: ReadonlyArray<Association.Target>
}

/**
 * @category constants
 * @since 0.1.0
 */
export const nothingSpecial: Wanted = { properties: [], propertiesWithHistory: [], associations: [] }

// Documentation: always present.
const always = ["createdate", "hs_lastmodifieddate", "hs_object_id"]

// Present unless a read asks for other properties. Documentation of searches; for other reads an assumption.
const defaults = ["amount", "createdate", "hs_lastmodifieddate", "hs_object_id", "price", "quantity"]

/**
 * The current value of a property, null for an empty one.
 *
 * @category reading
 * @since 0.1.0
 */
export const valueOf = (record: Crm.LineItemRecord, name: string): string | null => {
  switch (name) {
    case "createdate":
    case "hs_createdate":
      return record.createdAt
    case "hs_lastmodifieddate":
      return record.updatedAt
    case "hs_object_id":
      return record.id
    case "hs_object_source":
    case "hs_object_source_label":
      return "API"
    case "amount":
      return amountOf(record.properties)
    default:
      return Object.hasOwn(record.properties, name) ? record.properties[name] || null : null
  }
}

// Documentation: quantity × price, less the discount. That a discount is per unit is an assumption.
const amountOf = (properties: Readonly<Record<string, string>>): string | null => {
  const price = decimal(properties.price)
  const quantity = decimal(properties.quantity)
  if (price === undefined || quantity === undefined) return null
  const discount = decimal(properties.discount)
  const percentage = decimal(properties.hs_discount_percentage)
  const off =
    discount ?? (percentage && BigDecimal.multiply(price, BigDecimal.multiply(percentage, hundredth)))
  const unit = off === undefined ? price : BigDecimal.subtract(price, off)
  return Properties.formatDecimal(BigDecimal.multiply(unit, quantity))
}

const hundredth = Properties.decimal("0.01")

const decimal = (text: string | undefined): BigDecimal.BigDecimal | undefined =>
  text !== undefined && Properties.isDecimalText(text) ? Properties.decimal(text) : undefined

/**
 * A line item as a read shows it. Documentation: requested properties that are empty are null, and unknown ones are
 * ignored.
 *
 * @category formatting
 * @since 0.1.0
 */
export const read = (crm: Crm.Crm, record: Crm.LineItemRecord, wanted: Wanted): object => {
  const names =
    wanted.properties.length === 0
      ? defaults
      : [...new Set([...always, ...wanted.properties.filter((name) => crm.properties.has(name))])]
  return {
    ...envelope(record, Object.fromEntries(names.map((name) => [name, valueOf(record, name)]))),
    ...(wanted.propertiesWithHistory.length > 0 && {
      propertiesWithHistory: Object.fromEntries(
        wanted.propertiesWithHistory
          .filter((name) => crm.properties.has(name))
          .map((name) => [name, historyOf(record, name)])
      )
    }),
    ...associationsOf(record, wanted.associations)
  }
}

/**
 * A line item as the answer to its create shows it. Documentation: the sent properties and a few defaults.
 *
 * @category formatting
 * @since 0.1.0
 */
export const created = (record: Crm.LineItemRecord, traceId: string | undefined): object => ({
  ...envelope(record, {
    ...record.properties,
    createdate: record.createdAt,
    hs_lastmodifieddate: record.updatedAt,
    hs_object_id: record.id,
    hs_object_source: "API",
    hs_object_source_label: "API"
  }),
  // Observation, of upserts of one input; for creates an assumption.
  ...(traceId !== undefined && { objectWriteTraceId: traceId })
})

/**
 * A line item as the answer to a change shows it. Assumption: the sent properties and the three that are always present.
 *
 * @category formatting
 * @since 0.1.0
 */
export const updated = (
  record: Crm.LineItemRecord,
  sent: Readonly<Record<string, string>>,
  traceId?: string
): object => ({
  ...envelope(
    record,
    Object.fromEntries([...Object.keys(sent), ...always].map((name) => [name, valueOf(record, name)]))
  ),
  ...(traceId !== undefined && { objectWriteTraceId: traceId })
})

/**
 * The error entry of a rejected input. `names` identifies the input. Documentation: the entry has no `errors`, `links` or
 * `id`; the details are in the message.
 *
 * @category formatting
 * @since 0.1.0
 */
export const rejected = (
  { category, context, message, subCategory }: Rejection,
  names: Readonly<Record<string, ReadonlyArray<string>>>
): object => ({
  status: "error",
  category,
  ...(subCategory !== undefined && { subCategory }),
  message,
  context: { ...context, ...names }
})

/**
 * The body of the reply to a batch that was decided at one instant.
 *
 * @category formatting
 * @since 0.1.0
 */
export const completed = (
  now: Crm.Moment,
  results: ReadonlyArray<object>,
  errors: ReadonlyArray<object>
): object => ({
  status: "COMPLETE",
  results,
  ...(errors.length > 0 && { numErrors: errors.length, errors }),
  startedAt: now.iso,
  completedAt: now.iso
})

const envelope = (record: Crm.LineItemRecord, properties: Properties.PropertyValues): object => ({
  id: record.id,
  properties,
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
  archived: record.archived !== undefined,
  ...(record.archived !== undefined && { archivedAt: record.archived.iso })
})

// The shape is specification; newest first is documentation.
const historyOf = (record: Crm.LineItemRecord, name: string): ReadonlyArray<object> => {
  const own = Crm.writesOf(record).filter(({ properties }) => Object.hasOwn(properties, name))
  const values =
    own.length > 0
      ? own.map(({ at, properties }) => ({ value: properties[name]!, timestamp: at }))
      : valueOf(record, name) === null
        ? []
        : [{ value: valueOf(record, name)!, timestamp: record.updatedAt }]
  return values.map((value) => ({ ...value, sourceType: "API" })).toReversed()
}

// Specification: by object type, each with id and type. The names of the types are an assumption.
const associationsOf = (
  record: Crm.LineItemRecord,
  targets: ReadonlyArray<Association.Target>
): { readonly associations?: object } => {
  const associations: Record<string, { readonly results: ReadonlyArray<object> }> = {}
  for (const target of targets) {
    const results = record.associations.flatMap(({ to, types }) =>
      types.some((spec) => Association.targetOf(spec) === target)
        ? [{ id: to.id, type: `line_item_to_${snake(target)}` }]
        : []
    )
    if (results.length > 0) associations[`${snake(target)}s`] = { results }
  }
  return Object.keys(associations).length === 0 ? {} : { associations }
}

const snake = (target: string): string => target.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
