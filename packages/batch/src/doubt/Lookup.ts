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
    Effect.map(
      ask(services)(
        Operations.batchRead({
          inputs: keys.map((id) => ({ id })),
          idProperty: property,
          properties: [...new Set([property, ...properties])]
        })
      ),
      ({ errors, results }) => {
        const found = recordsByKey(results, property)
        // HubSpot names the keys that do not exist. Its silence about a key proves nothing.
        const named = new Set(
          (errors ?? []).flatMap(({ category, context }) =>
            category === "OBJECT_NOT_FOUND" ? ErrorBody.contextValues(context, "ids") : []
          )
        )
        return { found, absent: new Set(keys.filter((key) => !found.has(key) && named.has(key))) }
      }
    )
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
    searchable,
    property,
    () => false,
    (keys) =>
      Effect.map(
        ask(services)(
          Operations.search({
            // A search compares in lower case. The exact value decides afterwards which record is which.
            filterGroups: [
              {
                filters: [
                  { propertyName: property, operator: "IN", values: keys.map((key) => key.toLowerCase()) }
                ]
              }
            ],
            properties: [property],
            limit: 200
          })
        ),
        (page) => {
          const found = recordsByKey(page.results, property)
          // An answer with fewer records than its total proves nothing about the others.
          const whole = page.total === page.results.length && found.size === page.results.length
          return { found, absent: new Set(whole ? keys.filter((key) => !found.has(key)) : []) }
        }
      )
  )

interface Keys {
  readonly found: ReadonlyMap<string, CrmObject.CrmObject>
  readonly absent: ReadonlySet<string>
}

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
        for (const item of items) {
          const { index, input, key } = item
          if (key === undefined) continue
          const object = sightings.map((sighting) => sighting.found.get(key)).find((one) => one !== undefined)
          if (object === undefined) {
            if (sightings.some((sighting) => sighting.absent.has(key))) absent.add(index)
          } else if (!CrmObject.isId(object.id)) {
            // A record exists, but no id can be given.
            continue
          } else if (mustEqual(item) && !ContentMatch.couldBe(input, object)) different.add(index)
          else found.set(index, object)
        }
        return { found, absent, different }
      }
    ).pipe(Effect.withSpan("Lookup.byKeys", { attributes: { property, inputs: items.length } }))
  }

/** Keys in chunks that fit into a search. */
const searchable = (keys: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
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

/** Records by their key. An answer with one id for two keys cannot be true, and proves nothing about them. */
const recordsByKey = (
  objects: ReadonlyArray<CrmObject.CrmObject>,
  property: string
): ReadonlyMap<string, CrmObject.CrmObject> => {
  const found = new Map<string, CrmObject.CrmObject>()
  const keys = new Map<string, Set<string>>()
  for (const object of objects) {
    const key = object.properties?.[property]
    if (typeof key !== "string") continue
    if (!found.has(key)) found.set(key, object)
    keys.set(object.id, (keys.get(object.id) ?? new Set()).add(key))
  }
  for (const [key, { id }] of found) if (keys.get(id)!.size > 1) found.delete(key)
  return found
}
