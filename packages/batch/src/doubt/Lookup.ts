/**
 * Looking for inputs in HubSpot: which of them it has, and which it provably has not, at this moment.
 *
 * Three ways: by the value of a property with unique values, by a search for the value of any property,
 * and by what a parent holds. Each says only what its answer proves; an answer that is silent, or that
 * cannot be true, proves nothing.
 *
 * @since 0.1.0
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import type { Operation } from "@effect-hubspot/http/Operation"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import { BatchRequest, CrmObject, ErrorBody, Search } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Correlation from "../model/Correlation.ts"
import type { Item } from "../model/Plan.ts"

/**
 * What a look shows, by the index of an input: the record that is it, or the proof that there is none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sighting {
  readonly found: ReadonlyMap<number, CrmObject.CrmObject>
  readonly absent: ReadonlySet<number>
  /** There is a record under the input's key, but it has not the input's values. */
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
 * Asks as everyone but the runner of batches does: in a slot, again as the policy allows.
 *
 * @category asking
 * @since 0.1.0
 */
export const ask =
  (services: Dispatch.Services) =>
  <A>(operation: Effect.Effect<Operation<A>, HubSpotError>): Effect.Effect<A, HubSpotError> =>
    Effect.flatMap(operation, Dispatch.make(services))

/**
 * By the value of a property with unique values. Such a read is not the search index: it sees at once what
 * has been created. `mustEqual` says of which inputs a record under their key is theirs only if it has their values;
 * by default of none.
 *
 * @category lookups
 * @since 0.1.0
 */
export const byUniqueValue = (
  services: Dispatch.Services,
  property: string,
  mustEqual: (item: Item<unknown>) => boolean = () => false
): Lookup =>
  byKeys(
    portions(BatchRequest.maxInputs, () => 1),
    property,
    mustEqual,
    (keys, properties) =>
      Effect.map(
        ask(services)(
          Operations.batchRead({
            inputs: keys.map((id) => ({ id })),
            idProperty: property,
            properties: [...new Set([property, ...properties])]
          })
        ),
        ({ errors, results }) => {
          const found = byKey(results, property)
          // What is not there is named; an answer that is silent about a key says nothing.
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
 * By a search for the value of a property. The index behind it lags: absence counts only some time after a
 * record may have been created.
 *
 * @category lookups
 * @since 0.1.0
 */
export const bySearch = (services: Dispatch.Services, property: string): Lookup =>
  byKeys(
    portions(Search.maxBodyLength / 2, (key) => JSON.stringify(key).length + 1),
    property,
    () => false,
    (keys) =>
      Effect.map(
        ask(services)(
          Operations.search({
            // Search compares in lower case; which record is which is decided by the exact value afterwards.
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
          const found = byKey(page.results, property)
          // An answer with fewer records than it counts says nothing of what it leaves out.
          const whole = page.total === page.results.length && found.size === page.results.length
          return { found, absent: new Set(whole ? keys.filter((key) => !found.has(key)) : []) }
        }
      )
  )

interface Keys {
  readonly found: ReadonlyMap<string, CrmObject.CrmObject>
  readonly absent: ReadonlySet<string>
}

/** A lookup by keys, portion by portion. */
const byKeys =
  (
    inPortions: (keys: ReadonlyArray<string>) => ReadonlyArray<ReadonlyArray<string>>,
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
      Effect.forEach(inPortions(items.flatMap(({ key }) => key ?? [])), (keys) => look(keys, properties)),
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
            // There is something, and nothing to point to.
            continue
          } else if (mustEqual(item) && !Correlation.couldBe(input, object)) different.add(index)
          else found.set(index, object)
        }
        return { found, absent, different }
      }
    ).pipe(Effect.withSpan("Lookup.byKeys", { attributes: { property, inputs: items.length } }))
  }

/** Keys in portions that fit into a request. */
const portions =
  (capacity: number, sizeOf: (key: string) => number) =>
  (keys: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
    const all: Array<Array<string>> = []
    let size = Number.POSITIVE_INFINITY
    for (const key of keys) {
      size += sizeOf(key)
      if (size > capacity) {
        all.push([])
        size = sizeOf(key)
      }
      all.at(-1)!.push(key)
    }
    return all
  }

/** Records by their key. One id for two keys is an answer that cannot be true, and proves nothing. */
const byKey = (
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
