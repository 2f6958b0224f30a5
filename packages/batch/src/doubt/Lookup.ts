/**
 * Looks for inputs in HubSpot: which of them it has now, and which it provably does not have.
 *
 * There are three ways: by the value of a property with unique values, by a search for the value of any property, and by the
 * line items of a parent. Each concludes only what HubSpot's answer proves. An answer that is silent, or that cannot be true,
 * proves nothing.
 *
 * @since 0.1.0
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import type { Operation } from "@effect-hubspot/http/Operation"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import * as Spans from "@effect-hubspot/http/Spans"
import { BatchRequest, CrmObject, ErrorBody, Search } from "@effect-hubspot/schema"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as ContentMatch from "../model/ContentMatch.ts"
import type { Item } from "../model/Plan.ts"

/**
 * The result of a look, by the index of an input: the record of the input, or the proof that there is none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sighting {
  readonly found: ReadonlyMap<number, CrmObject.CrmObject>
  readonly absent: ReadonlySet<number>
  /** A record has the input's key, but not its values. */
  readonly different: ReadonlySet<number>
}

/**
 * One look for some inputs. It fails when HubSpot cannot be asked.
 *
 * @category models
 * @since 0.1.0
 */
export type Lookup = (items: ReadonlyArray<Item<unknown>>) => Effect.Effect<Sighting, HubSpotError>

/**
 * Sends an operation in a slot, and again as the policy allows.
 *
 * @category asking
 * @since 0.1.0
 */
export const ask =
  (services: Dispatch.Services) =>
  <A>(operation: Effect.Effect<Operation<A>, HubSpotError>): Effect.Effect<A, HubSpotError> =>
    Effect.flatMap(operation, Dispatch.make(services))

/**
 * By key: at once where the values of the property are `unique`, else by a search.
 *
 * @category lookups
 * @since 0.1.0
 */
export const byKey = (
  services: Dispatch.Services,
  { property, unique }: { readonly property: string; readonly unique: boolean }
): Lookup => (unique ? byUniqueValue : bySearch)(services, property)

/**
 * By the value of a property with unique values. Such a read does not use the search index, so it sees a new record at once.
 * Where `mustEqual` is true of an input, a record with its key is the input's only if it has the input's values. Default:
 * never.
 *
 * @category lookups
 * @since 0.1.0
 */
export const byUniqueValue = (
  services: Dispatch.Services,
  property: string,
  mustEqual: (item: Item<unknown>) => boolean = () => false
): Lookup =>
  byKeys(Arr.chunksOf(BatchRequest.maxInputs), property, mustEqual, (keys, properties) =>
    readKeys(services, { property }, keys, properties)
  )

/**
 * By a search for the value of a property. The search index lags, so absence counts only some time after a record may have
 * been created.
 *
 * @category lookups
 * @since 0.1.0
 */
export const bySearch = (services: Dispatch.Services, property: string): Lookup =>
  byKeys(
    // A page holds no more than 200 records.
    (keys) => Arr.chunksOf(keys, BatchRequest.maxInputs).flatMap(searchable),
    property,
    () => false,
    (keys) =>
      Effect.map(searchKeys(services, { property }, keys), (answer): Keys => {
        // Two records with one key make it doubtful what the others are.
        const isClear = [...answer.found.values()].every((records) => records.length === 1)
        return isClear ? answer : { ...answer, absent: new Set() }
      })
  )

/**
 * The records that are looked for: their object type, by default line items, and the property whose values are the keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Of {
  readonly objectType?: string | undefined
  readonly property: string
  /** The form in which two values are compared: equal values have the same. Default: the value itself. */
  readonly formOf?: ((value: string) => string) | undefined
}

/**
 * What HubSpot says of keys: the records of those it has, and those that it provably has not. Of a key that is in neither,
 * nothing is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keys {
  readonly found: ReadonlyMap<string, ReadonlyArray<CrmObject.CrmObject>>
  readonly absent: ReadonlySet<string>
  /** Whether HubSpot has no other records with these keys. */
  readonly isWhole: boolean
}

/**
 * Reads records by up to 100 values of a property with unique values.
 *
 * @category keys
 * @since 0.1.0
 */
export const readKeys = (
  services: Dispatch.Services,
  of: Of,
  keys: ReadonlyArray<string>,
  properties: ReadonlyArray<string> = []
): Effect.Effect<Keys, HubSpotError> =>
  Effect.map(
    ask(services)(
      Operations.batchRead(
        {
          inputs: keys.map((id) => ({ id })),
          idProperty: of.property,
          properties: [...new Set([of.property, ...properties])]
        },
        of
      )
    ),
    ({ errors, results }) => {
      const { found, isWhole } = recordsByKey(results, of)
      // HubSpot names the keys that do not exist. Its silence about a key proves nothing.
      const named = new Set(
        (errors ?? []).flatMap(({ category, context }) =>
          category === "OBJECT_NOT_FOUND" ? ErrorBody.contextValues(context, "ids") : []
        )
      )
      return { found, isWhole, absent: new Set(keys.filter((key) => !found.has(key) && named.has(key))) }
    }
  )

/**
 * Searches for records by values of any property, as many as {@link searchable} puts into a search.
 *
 * @category keys
 * @since 0.1.0
 */
export const searchKeys = (
  services: Dispatch.Services,
  of: Of,
  keys: ReadonlyArray<string>
): Effect.Effect<Keys, HubSpotError> =>
  Effect.map(
    ask(services)(
      Operations.search(
        {
          // A search compares in lower case. The exact value decides afterwards which record is which.
          filterGroups: [
            {
              filters: [
                {
                  propertyName: of.property,
                  operator: "IN",
                  values: [...new Set(keys.map((key) => key.toLowerCase()))]
                }
              ]
            }
          ],
          properties: [of.property],
          limit: Search.maxLimit
        },
        of
      )
    ),
    (page) => {
      const byKey = recordsByKey(page.results, of)
      const { found } = byKey
      // An answer with fewer records than its total proves nothing about the others.
      const isWhole = byKey.isWhole && page.total === page.results.length
      return { found, isWhole, absent: new Set(isWhole ? keys.filter((key) => !found.has(key)) : []) }
    }
  )

/** A lookup by keys, one request per chunk of keys. */
const byKeys =
  (
    chunks: (keys: ReadonlyArray<string>) => ReadonlyArray<ReadonlyArray<string>>,
    property: string,
    mustEqual: (item: Item<unknown>) => boolean,
    look: (
      keys: ReadonlyArray<string>,
      properties: ReadonlyArray<string>
    ) => Effect.Effect<Keys, HubSpotError>
  ): Lookup =>
  (items) => {
    const properties = items.flatMap((item) => (mustEqual(item) ? Object.keys(item.input.properties) : []))
    return Effect.map(
      Effect.forEach(chunks(items.flatMap(({ key }) => key ?? [])), (keys) => look(keys, properties)),
      (sightings): Sighting => {
        const found = new Map<number, CrmObject.CrmObject>()
        const absent = new Set<number>()
        const different = new Set<number>()
        const records = new Map(sightings.flatMap(({ found }) => [...found]))
        const missing = new Set(sightings.flatMap(({ absent }) => [...absent]))
        for (const item of items) {
          const { index, input, key } = item
          if (key === undefined) continue
          const object = records.get(key)?.[0]
          if (object === undefined) {
            if (missing.has(key)) absent.add(index)
          } else if (!CrmObject.isId(object.id)) {
            // A record exists, but no id can be given.
            continue
          } else if (mustEqual(item) && !ContentMatch.couldBe(input, object)) different.add(index)
          else found.set(index, object)
        }
        return { found, absent, different }
      }
    ).pipe(
      Spans.byReason,
      Effect.withSpan("Lookup.byKeys", {
        attributes: { "hubspot.property": property, "hubspot.inputs": items.length }
      })
    )
  }

/**
 * Keys in chunks that fit into a search.
 *
 * @category keys
 * @since 0.1.0
 */
export const searchable = (keys: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const chunks: Array<Array<string>> = []
  let size = Number.POSITIVE_INFINITY
  for (const key of keys) {
    const length = JSON.stringify(key).length + 1
    size += length
    if (size > Search.maxBodyLength / 2) {
      chunks.push([])
      size = length
    }
    chunks.at(-1)!.push(key)
  }
  return chunks
}

/**
 * Records by their key, and whether every record has one. An answer with one id for two keys cannot be true, and proves
 * nothing about them.
 */
const recordsByKey = (
  objects: ReadonlyArray<CrmObject.CrmObject>,
  { formOf = (value) => value, property }: Of
): { readonly found: ReadonlyMap<string, ReadonlyArray<CrmObject.CrmObject>>; readonly isWhole: boolean } => {
  const found = new Map<string, Array<CrmObject.CrmObject>>()
  const keys = new Map<string, Set<string>>()
  let isWhole = true
  for (const object of objects) {
    const value = object.properties?.[property]
    if (typeof value !== "string") {
      isWhole = false
      continue
    }
    const key = formOf(value)
    const before = found.get(key) ?? []
    if (before.some(({ id }) => id === object.id)) isWhole = false
    else found.set(key, [...before, object])
    keys.set(object.id, (keys.get(object.id) ?? new Set()).add(key))
  }
  for (const [key, records] of found) {
    if (!records.some(({ id }) => keys.get(id)!.size > 1)) continue
    found.delete(key)
    isWhole = false
  }
  return { found, isWhole }
}
