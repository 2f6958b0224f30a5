/**
 * The records of the account that are no line items: parents and products that were made over the API.
 *
 * Each type of object has an account of records like that of line items, with its own definitions and its own index of
 * searches. It is made when it is first asked for.
 *
 * @since 0.1.0
 */
import type * as Association from "@effect-hubspot/schema/Association"
import * as Crm from "./Crm.ts"
import * as Definitions from "./Definitions.ts"
import * as SearchIndex from "./SearchIndex.ts"

/**
 * A type of object that is looked up for line items.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = Association.Target | "product"

/**
 * The records of a type, and what a search of them sees.
 *
 * @category models
 * @since 0.1.0
 */
export interface Records {
  readonly crm: Crm.Crm
  readonly index: SearchIndex.SearchIndex
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Objects {
  readonly of: (kind: Kind) => Records
  /** The properties of a record, `undefined` if there is none with this id. */
  readonly valuesOf: (kind: Kind, id: string) => Readonly<Record<string, string>> | undefined
}

/**
 * What the name of an object type stands for: `deals`, `deal`, `0-3`, `products`. `undefined` for line items, and for types
 * that are not served here.
 *
 * @category constructors
 * @since 0.1.0
 */
export const kindOf = (objectType: string): Kind | undefined =>
  /^(products?|0-7)$/i.test(objectType) ? "product" : Crm.targetOfObjectType(objectType)

/**
 * HubSpot's name of a type, as scopes have it: `deals`, `commerce_payments`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const nameOf = (kind: Kind): string =>
  kind === "payment"
    ? "commerce_payments"
    : `${kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}s`

/**
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (config: {
  readonly portalId: number
  readonly keep?: number | undefined
  readonly lag: SearchIndex.Lag
  readonly random: () => number
  /** Whether a record that was not made over the API exists all the same. */
  readonly exists: (kind: Kind, id: string) => boolean
}): Objects => {
  const made = new Map<Kind, Records>()
  const make = (kind: Kind): Records => {
    const index = SearchIndex.makeUnsafe(config.lag, config.random, () => crm.lineItems)
    const crm: Crm.Crm = Crm.makeUnsafe({
      ...config,
      kind,
      definitions: kind === "product" ? Definitions.products() : Definitions.others(nameOf(kind)),
      properties: [],
      isThere: (id) => config.exists(kind, id),
      changed: index.changed
    })
    return { crm, index }
  }
  return {
    of: (kind) => {
      const records = made.get(kind) ?? make(kind)
      made.set(kind, records)
      return records
    },
    valuesOf: (kind, id) => {
      const record = made.get(kind)?.crm.lineItems.get(id)
      return record === undefined || record.archived !== undefined ? undefined : record.properties
    }
  }
}
