/**
 * The records of the emulated account: which properties a line item may have, which parents and products
 * exist, and the line items that were created.
 *
 * It keeps what it is given, or the last part of it, and checks nothing: `Rules` decides whether an input is good. It is in
 * memory, and its changes are synchronous, so a batch is committed at one instant. A record is never changed in place: a
 * change makes a new version.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import type * as Property from "@effect-hubspot/schema/Property"
import * as Behaviour from "../Behaviour.ts"
import * as Definitions from "./Definitions.ts"
import * as Links from "./Links.ts"
import * as Records from "./Records.ts"

import type { LineItemRecord, Moment } from "./Records.ts"

export type { LineItemRecord, Moment } from "./Records.ts"

type Values = Readonly<Record<string, string>>

/**
 * A page of records, and the cursor of the next one.
 *
 * @category models
 * @since 0.1.0
 */
interface RecordPage {
  readonly records: ReadonlyArray<LineItemRecord>
  readonly after: string | undefined
}

/**
 * The writes of a record with their times, the newest last. Before the first update it is the creation alone.
 *
 * @category reading
 * @since 0.1.0
 */
export const writesOf = ({ createdAt, properties, writes }: LineItemRecord): LineItemRecord["writes"] =>
  writes.length > 0 ? writes : [{ at: createdAt, properties }]

/**
 * An object to seed. Properties are kept for products only.
 *
 * @category models
 * @since 0.1.0
 */
export interface SeedObject {
  readonly id: string
  readonly properties?: Values | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Crm {
  readonly portalId: number
  /** How the account behaves where HubSpot is not known. It can be replaced at run time. */
  behaviour: Behaviour.Behaviour
  readonly properties: ReadonlyMap<string, Definitions.Definition>
  readonly definitions: Definitions.Definitions
  /** Whose records these are. HubSpot computes values of line items. */
  readonly kind: "lineItem" | "product" | Association.Target
  readonly lineItems: Records.Known
  readonly links: Links.Links
  /** Whether a parent with this id is in the account. */
  readonly exists: (target: Association.Target, id: string) => boolean
  /** From now on, only seeded ids of this type exist. */
  readonly seed: (target: Association.Target, ids: ReadonlyArray<string>) => void
  /** Products whose properties line items inherit. From now on, only seeded products exist. */
  readonly seedProducts: (products: ReadonlyArray<SeedObject>) => void
  /** The properties of a product, `undefined` if it does not exist. */
  readonly productOf: (id: string) => Values | undefined
  /** What a line item is created with: the sent properties, and those of its product that it does not set. */
  readonly inherit: (sent: Values) => Values
  /** Defines a property of line items, or replaces its definition. */
  readonly define: (definition: Definitions.Definition) => void
  /** Values of an archived definition stay, but are shown by no read. */
  readonly undefine: (definition: Definitions.Definition, at: string) => void
  /** The names of the properties with unique values by which a record can be named. */
  readonly uniqueNames: () => Iterable<string>
  readonly isUnique: (name: string) => boolean
  /** The id of the line item that has this value of a unique property. */
  readonly holderOf: (name: string, value: string) => string | undefined
  /** The line item with this id. Archived line items are found for 90 days. */
  readonly find: (id: string, at: number) => LineItemRecord | undefined
  /** Line items in order of their ids. */
  readonly page: (after: string | undefined, limit: number, archived: boolean, at: number) => RecordPage
  readonly create: (
    properties: Values,
    associations: ReadonlyArray<Association.Association>,
    now: Moment
  ) => LineItemRecord
  readonly update: (record: LineItemRecord, properties: Values, now: Moment) => LineItemRecord
  readonly archive: (record: LineItemRecord, now: Moment) => void
  readonly associate: (
    record: LineItemRecord,
    to: string,
    spec: Association.AssociationSpec,
    now: Moment
  ) => LineItemRecord
  readonly dissociate: (record: LineItemRecord, target: Association.Target, to: string, now: Moment) => void
}

/**
 * The association target that the name of an object type stands for: `deal`, `deals`, `abandoned_cart`,
 * `paymentLinks`, `0-3`. `undefined` if a line item cannot be associated with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const targetOfObjectType = (objectType: string): Association.Target | undefined =>
  targets.get(objectType.toLowerCase()) ??
  targets.get(objectType.toLowerCase().replace(/[_-]/g, "").replace(/s$/, ""))

const targets: ReadonlyMap<string, Association.Target> = new Map([
  ...Object.keys(Association.typeIds).map(
    (name) => [name.toLowerCase(), name as Association.Target] as const
  ),
  // The carts of both kinds have one id.
  ...Object.entries(Association.objectTypeIds).map(([name, id]) => [id, name as Association.Target] as const)
])

/**
 * Makes objects exist: parents, or products with the properties that line items inherit. From now on, only seeded parents
 * of this type exist. Returns false for a type that is neither.
 *
 * @category seeding
 * @since 0.1.0
 */
export const seedObjects = (crm: Crm, objectType: string, objects: ReadonlyArray<SeedObject>): boolean => {
  const target = targetOfObjectType(objectType)
  if (target !== undefined) {
    crm.seed(
      target,
      objects.map(({ id }) => id)
    )
    return true
  }
  if (!/^(products?|0-7)$/i.test(objectType)) return false
  crm.seedProducts(objects)
  return true
}

/** How long an archived line item can be read, in milliseconds. Documentation: 90 days. */
const recycleMillis = 90 * 86_400_000

const unseen = (id: string): LineItemRecord => ({
  id,
  version: 0,
  properties: {},
  associations: [],
  createdAt: "2019-08-06T02:41:08.029Z",
  updatedAt: "2019-08-06T02:41:08.029Z",
  archived: undefined,
  writes: []
})

/**
 * An account without line items, or without records of another type. `properties` and `uniqueProperties` are names of further custom
 * properties. `changed` is called with every new version of a record. The account holds the last `keep` line items, by
 * default all, and as many writes of each. A forgotten line item stays forgotten, even if a request still changes it.
 *
 * A parent exists if its id is decimal and has up to 12 digits. This rule is the emulator's own, so that there are unknown
 * parents without seeding. It does not apply to a type of which objects were seeded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (config: {
  readonly portalId: number
  readonly properties: ReadonlyArray<string>
  readonly uniqueProperties?: ReadonlyArray<string> | undefined
  readonly propertyDefinitions?: ReadonlyArray<Property.Property> | undefined
  readonly keep?: number | undefined
  readonly changed?: ((record: LineItemRecord, at: number, before?: LineItemRecord) => void) | undefined
  /** Another type of records than line items, with its definitions. */
  readonly kind?: Crm["kind"] | undefined
  readonly definitions?: Definitions.Definitions | undefined
  /** The properties of a parent or product that was made over the API, if there is one. */
  readonly valuesOf?: ((kind: "product" | Association.Target, id: string) => Values | undefined) | undefined
  /** Records that exist and have no properties, by id: parents that were seeded, or that the rule for parents lets exist. */
  readonly isThere?: ((id: string) => boolean) | undefined
  readonly behaviour?: Behaviour.Behaviour | undefined
}): Crm => {
  const lineItems = Records.makeUnsafe()
  const seeded = new Map<Association.Target, Set<string>>()
  const products = new Map<string, Values>()
  const { definitions = Definitions.lineItems(), kind = "lineItem", valuesOf = () => undefined } = config
  const properties = definitions.all
  const holders = new Map<string, Map<string, string>>()
  const links = Links.makeUnsafe(() => lineItems.values())
  const { changed = () => {}, isThere = () => false, keep = Infinity } = config

  const define = (definition: Definitions.Definition): void => {
    const { name, unique } = definition
    properties.set(name, definition)
    definitions.archived.delete(name)
    // Observation: a record cannot be named by hs_object_id as by a unique property.
    if (unique && name !== "hs_object_id" && !holders.has(name)) holders.set(name, new Map())
  }
  for (const one of properties.values()) define(one)
  if (kind === "lineItem") for (const one of Definitions.customOf(config)) define(one)

  // Assumption: values are compared exactly, and archiving sets a value free.
  const release = (record: LineItemRecord): void => {
    for (const [name, values] of holders) {
      const value = record.properties[name]
      if (value && values.get(value) === record.id) values.delete(value)
    }
  }
  const hold = (record: LineItemRecord): void => {
    for (const [name, values] of holders) {
      const value = record.properties[name]
      if (value) values.set(value, record.id)
    }
  }
  const put = (record: LineItemRecord, at: number): LineItemRecord => {
    const before = record.version === 1 ? undefined : lineItems.get(record.id)
    lineItems.put(record)
    changed(record, at, before)
    return record
  }
  const isForgotten = ({ id }: LineItemRecord): boolean => !lineItems.has(id)
  const forgetOldest = (): void => {
    const record = lineItems.oldest()!
    release(record)
    for (const { target, to } of Links.linksOf(record.associations)) links.remove(target, to, record.id)
    lineItems.forget()
  }
  const madeOrSeeded = (id: string): Values | undefined => products.get(id) ?? valuesOf("product", id)
  const inherit = (sent: Values): Values => {
    const product = sent.hs_product_id ? madeOrSeeded(sent.hs_product_id) : undefined
    if (product === undefined) return sent
    const all: Record<string, string> = { ...sent }
    // Documentation: every property that both have, unless it is set. Assumption: a unique value is not inherited.
    for (const [name, value] of Object.entries(product)) {
      const definition = properties.get(name)
      if (value && !all[name] && definition?.readOnly === false && !definition.unique) all[name] = value
    }
    return all
  }
  // Assumptions: values that are not text are stored without outer blanks, and a value that does not persist is gone at once.
  const stored = (sent: Values): Values => {
    let changed: Record<string, string> | undefined
    for (const name in sent) {
      const isLost = name === "hs_external_id" && crm.behaviour.externalId === "lost"
      const value = isLost ? "" : properties.get(name)?.type === "string" ? sent[name]! : sent[name]!.trim()
      if (value !== sent[name]) changed = { ...(changed ?? sent), [name]: value }
    }
    return changed ?? sent
  }
  const isGone = ({ archived }: LineItemRecord, at: number): boolean =>
    archived !== undefined && archived.millis + recycleMillis <= at

  const crm: Crm = {
    portalId: config.portalId,
    behaviour: config.behaviour ?? Behaviour.make(),
    properties,
    definitions,
    kind,
    lineItems,
    links,
    define,
    undefine: (definition, at) => {
      properties.delete(definition.name)
      definitions.archived.set(definition.name, { ...definition, archivedAt: at })
      holders.delete(definition.name)
    },
    inherit,
    // The same rule as for parents.
    productOf: (id) => madeOrSeeded(id) ?? (products.size === 0 && /^\d{1,12}$/.test(id) ? {} : undefined),
    exists: (target, id) =>
      (seeded.get(target)?.has(id) ?? /^\d{1,12}$/.test(id)) || valuesOf(target, id) !== undefined,
    seed: (target, ids) => {
      const all = seeded.get(target) ?? new Set()
      for (const id of ids) all.add(id)
      seeded.set(target, all)
    },
    seedProducts: (given) => {
      for (const { id, properties } of given) products.set(id, properties ?? {})
    },
    uniqueNames: () => holders.keys(),
    isUnique: (name) => holders.has(name),
    holderOf: (name, value) => holders.get(name)?.get(value),
    find: (id, at) => {
      const record = lineItems.get(id)
      if (record === undefined) return isThere(id) ? unseen(id) : undefined
      return isGone(record, at) ? undefined : record
    },
    page: (after, limit, archived, at) => {
      const records: Array<LineItemRecord> = []
      for (const record of lineItems.after(after)) {
        if ((record.archived !== undefined) !== archived || isGone(record, at)) continue
        if (records.length === limit) return { records, after: records[limit - 1]!.id }
        records.push(record)
      }
      return { records, after: undefined }
    },
    create: (sent, associations, now) => {
      const id = lineItems.nextId()
      const properties = inherit(stored(sent))
      const record: LineItemRecord = {
        id,
        version: 1,
        properties,
        associations,
        createdAt: now.iso,
        updatedAt: now.iso,
        archived: undefined,
        writes: []
      }
      for (const { target, to, typeId } of Links.linksOf(associations)) links.add(target, to, id, typeId)
      hold(record)
      put(record, now.millis)
      if (lineItems.size() > keep) forgetOldest()
      return record
    },
    update: (record, sent, now) => {
      if (isForgotten(record)) return { ...record, properties: { ...record.properties, ...sent } }
      release(record)
      const values = stored(sent)
      const next: LineItemRecord = {
        ...record,
        version: record.version + 1,
        properties: { ...record.properties, ...values },
        updatedAt: now.iso,
        writes: [...writesOf(record), { at: now.iso, properties: values }].slice(-keep)
      }
      hold(next)
      return put(next, now.millis)
    },
    archive: (record, now) => {
      if (isForgotten(record)) return
      release(record)
      put({ ...record, version: record.version + 1, archived: now, updatedAt: now.iso }, now.millis)
    },
    associate: (record, to, spec, now) => {
      if (isForgotten(record)) return record
      const target = Association.targetOf(spec)
      if (target !== undefined) links.add(target, to, record.id, spec.associationTypeId)
      const has = record.associations.some(
        (one) =>
          one.to.id === to && one.types.some((type) => type.associationTypeId === spec.associationTypeId)
      )
      if (has) return record
      const associations = [...record.associations, { to: { id: to }, types: [spec] }]
      return put({ ...record, version: record.version + 1, associations }, now.millis)
    },
    dissociate: (record, target, to, now) => {
      if (isForgotten(record)) return
      links.remove(target, to, record.id)
      const associations = record.associations.flatMap((one) => {
        const types =
          one.to.id === to ? one.types.filter((spec) => Association.targetOf(spec) !== target) : one.types
        return types.length === 0 ? [] : [{ ...one, types }]
      })
      put({ ...record, version: record.version + 1, associations }, now.millis)
    }
  }
  return crm
}
