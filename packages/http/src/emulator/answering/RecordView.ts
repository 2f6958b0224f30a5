/**
 * Line items as answers show them: which properties, their histories, their associations.
 *
 * It only shows a record. The handlers decide which record may be read.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import type * as Properties from "@effect-hubspot/schema/Properties"
import * as Aliases from "../../contract/Aliases.ts"
import type { Call, Reply } from "../passage/Exchange.ts"
import * as Crm from "../state/Crm.ts"
import * as Computed from "./Computed.ts"
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

type Values = Readonly<Record<string, string>>

// Recorded, except that the app's id is invented.
const source: Values = {
  hs_object_source: "INTEGRATION",
  hs_object_source_id: "1000001",
  hs_object_source_label: "INTEGRATION"
}

const stampsOf = ({ createdAt, id, updatedAt }: Crm.LineItemRecord): Values => ({
  createdate: createdAt,
  hs_lastmodifieddate: updatedAt,
  hs_object_id: id
})

/** All values of a record, empty text for an emptied one: sent, inherited, computed, and set by HubSpot. */
const allOf = (crm: Crm.Crm, record: Crm.LineItemRecord): Values => ({
  ...record.properties,
  ...computedOf(crm, record),
  ...stampsOf(record),
  ...source,
  hs_createdate: record.createdAt
})

/** What HubSpot computes, of line items only. */
const computedOf = ({ behaviour, kind }: Crm.Crm, { properties }: Crm.LineItemRecord): Values =>
  kind === "lineItem" ? Computed.of(properties, behaviour) : {}

const shown = (values: Values, names: Iterable<string>): Properties.PropertyValues =>
  Object.fromEntries(
    Array.from(names, (name) => [name, (Object.hasOwn(values, name) && values[name]) || null])
  )

/**
 * The current value of a property, null for an empty one.
 *
 * @category reading
 * @since 0.1.0
 */
export const valueOf = (crm: Crm.Crm, record: Crm.LineItemRecord, name: string): string | null =>
  shown(isKept(record, name) ? record.properties : allOf(crm, record), [name])[name]!

/** Searches ask for one value of many records. */
const isKept = ({ properties }: Crm.LineItemRecord, name: string): boolean =>
  Object.hasOwn(properties, name) && !Computed.names.has(name)

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
      ? crm.kind === "lineItem"
        ? defaults
        : always
      : [...new Set([...always, ...wanted.properties.filter((name) => crm.properties.has(name))])]
  return {
    ...envelope(record, shown(allOf(crm, record), names)),
    ...(wanted.propertiesWithHistory.length > 0 && {
      propertiesWithHistory: Object.fromEntries(
        wanted.propertiesWithHistory
          .filter((name) => crm.properties.has(name))
          .map((name) => [name, historyOf(crm, record, name)])
      )
    }),
    ...associationsOf(record, wanted.associations)
  }
}

/**
 * A line item as the answer to its create shows it. Recorded: the sent properties, the computed ones, and who created it.
 * HubSpot's own example shows the last and the stamps only.
 *
 * @category formatting
 * @since 0.1.0
 */
export const created = (crm: Crm.Crm, record: Crm.LineItemRecord, traceId: string | undefined): object => ({
  ...envelope(record, {
    ...(crm.behaviour.createdProperties === "all" && {
      ...record.properties,
      ...computedOf(crm, record)
    }),
    ...stampsOf(record),
    ...source
  }),
  // Observation, of upserts of one input; for creates an assumption.
  ...(traceId !== undefined && repeats(crm, record) && { objectWriteTraceId: traceId })
})

const repeats = ({ behaviour: { traceIds } }: Crm.Crm, { id }: Crm.LineItemRecord): boolean =>
  traceIds === "mixed" ? Number(id) % 2 === 0 : traceIds === "repeated"

/**
 * A reply with values as the account is told: numbers, and in 2026-09 (specification: no value is null) empty values.
 *
 * @category formatting
 * @since 0.1.0
 */
export const withValuesAsTold = ({ account: { crm }, entry }: Call, reply: Reply): Reply => {
  const { numbers } = crm.behaviour
  const empty = Aliases.versionOf(entry.path) === "2026-09" ? crm.behaviour.emptyIn202609 : "null"
  const { body } = reply
  if (body === undefined || (numbers === "text" && empty === "null")) return reply
  const told = (name: string, value: string | null): ReadonlyArray<readonly [string, unknown]> => {
    if (value === null) return empty === "absent" ? [] : [[name, empty === "null" ? null : ""]]
    const type = crm.properties.get(name)?.type
    const isNumber = numbers === "json" && value !== "" && (type === "number" || type === "money")
    return [[name, isNumber ? Number(value) : value]]
  }
  const shownAs = (record: object): object =>
    "id" in record && "properties" in record
      ? {
          ...record,
          ...(numbers === "json" && { id: Number(record.id) }),
          properties: Object.fromEntries(
            Object.entries(record.properties as Properties.PropertyValues).flatMap(([name, value]) =>
              told(name, value)
            )
          )
        }
      : record
  const list = "results" in body ? (body.results as ReadonlyArray<object>) : undefined
  return { ...reply, body: list === undefined ? shownAs(body) : { ...body, results: list.map(shownAs) } }
}

/**
 * A line item as the answer to a change shows it. Assumption: the sent properties, the computed ones, and the three that are
 * always present.
 *
 * @category formatting
 * @since 0.1.0
 */
export const updated = (crm: Crm.Crm, record: Crm.LineItemRecord, sent: Values, traceId?: string): object => {
  const computed = computedOf(crm, record)
  return {
    ...envelope(record, {
      ...shown(record.properties, Object.keys(sent)),
      ...computed,
      ...stampsOf(record)
    }),
    ...(traceId !== undefined && { objectWriteTraceId: traceId })
  }
}

/**
 * The error entry of a rejected input. `names` identifies the input. Documentation: the entry has no `errors`, `links` or
 * `id`; the details are in the message. Assumption: required properties that are named in `errors` are named there too.
 *
 * @category formatting
 * @since 0.1.0
 */
export const rejected = (
  { about, category, context, errors, message, subCategory }: Rejection,
  names: Readonly<Record<string, ReadonlyArray<string>>>
): object => ({
  status: "error",
  category,
  ...(subCategory !== undefined && { subCategory }),
  message,
  ...(about === "required" && { errors }),
  context: { ...context, ...names }
})

/**
 * The status of a batch beside line items. Specification of 2026-09: 200, and errors in the plain reply.
 *
 * @category formatting
 * @since 0.1.0
 */
export const statusOf = (
  { account: { crm }, entry }: Call,
  ok: 200 | 201,
  errors: ReadonlyArray<object>
): number => {
  const isFolded = Aliases.versionOf(entry.path) === "2026-09"
  if (errors.length === 0) return isFolded ? 200 : ok
  return isFolded && crm.behaviour.partialIn202609 === "folded" ? 200 : 207
}

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
const historyOf = (crm: Crm.Crm, record: Crm.LineItemRecord, name: string): ReadonlyArray<object> => {
  const own = Crm.writesOf(record).filter(({ properties }) => Object.hasOwn(properties, name))
  const values =
    own.length > 0
      ? own.map(({ at, properties }) => ({ value: properties[name]!, timestamp: at }))
      : [valueOf(crm, record, name)].flatMap((value) =>
          value === null ? [] : [{ value, timestamp: record.updatedAt }]
        )
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
