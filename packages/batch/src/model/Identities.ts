/**
 * Finds the input of a batch to which a result or an error belongs, by trace id, record id, key, or values.
 *
 * Pure. `Correlation` decides what that means for the input.
 */
import { type CrmObject, ErrorBody, Properties } from "@effect-hubspot/schema"

/**
 * What identifies an input in a reply: the trace id it was sent with, the id of the record it is about, and the value of a
 * key property. Each of them must be unique among the inputs. The `properties` it was sent with need not be: they may show
 * that a result under its trace id belongs to another input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly objectWriteTraceId?: string | undefined
  readonly id?: string | undefined
  readonly key?: { readonly property: string; readonly value: string } | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/** To which input of a batch a result or an error belongs. */
export interface Registry {
  /** The position of a result's input, `foreign` if it belongs to none of them, and undefined if nothing identifies it. */
  readonly ofObject: (object: CrmObject.CrmObject) => number | "foreign" | undefined
  readonly ofError: (error: ErrorBody.StandardError) => ReadonlySet<number>
  /** The inputs that a result belongs to by its content, and by which part, though its trace id names the one at `position`. */
  readonly others: (
    object: CrmObject.CrmObject,
    position: number
  ) => { readonly by: "id" | "key" | "values"; readonly positions: ReadonlyArray<number> } | undefined
}

export const registryOf = (identities: ReadonlyArray<Identity>): Registry => {
  const byTraceId = new Map<string, number>()
  const byId = new Map<string, number>()
  const byKey = new Map<string, Map<string, number>>()
  for (const [position, { id, key, objectWriteTraceId }] of identities.entries()) {
    if (objectWriteTraceId !== undefined) byTraceId.set(objectWriteTraceId, position)
    if (id !== undefined) byId.set(id, position)
    if (key === undefined) continue
    const values = byKey.get(key.property) ?? new Map<string, number>()
    byKey.set(key.property, values.set(key.value, position))
  }
  /** Made when a result differs from its input, which is rare. */
  let index: ReturnType<typeof indexOfValues> | undefined
  const byValues = (object: CrmObject.CrmObject, position: number): ReadonlyArray<number> => {
    const differing = differences(identities[position]!.properties, object)
    if (differing.length === 0) return []
    const sent = (index ??= indexOfValues(identities))
    const candidates = differing.flatMap((name) => sent.get(valueKey(name, object.properties![name]!)) ?? [])
    return [...new Set(candidates.map(({ position }) => position))].filter(
      (other) => differences(identities[other]!.properties, object).length === 0
    )
  }
  const ofKey = ({ properties }: CrmObject.CrmObject): number | undefined => {
    for (const [property, values] of byKey) {
      const value = properties?.[property]
      const position = typeof value === "string" ? values.get(value) : undefined
      if (position !== undefined) return position
    }
    return undefined
  }
  /** The input whose request named a record so, by its id or by its key. None if two inputs have that name. */
  const ofName = (name: string): ReadonlyArray<number> => {
    const named = new Set([byId, ...byKey.values()].flatMap((positions) => positions.get(name) ?? []))
    return named.size === 1 ? [...named] : []
  }
  return {
    ofObject: (object) =>
      byTraceId.size > 0 && typeof object.objectWriteTraceId === "string"
        ? (byTraceId.get(object.objectWriteTraceId) ?? "foreign")
        : (byId.get(object.id) ?? ofKey(object)),
    ofError: (error) => {
      const named = namesIn(error)
      const traceIds = named("objectWriteTraceId")
      // Beside any trace id, an id belongs to a parent, a product or another record.
      return new Set(
        traceIds.length > 0
          ? traceIds.flatMap((traceId) => byTraceId.get(traceId) ?? [])
          : [...named("ids"), ...named("id")].flatMap(ofName)
      )
    },
    others: (object, position) => {
      const { key } = identities[position]!
      const holder = byId.get(object.id)
      if (holder !== undefined) return holder === position ? undefined : { by: "id", positions: [holder] }
      const shown = key === undefined ? undefined : object.properties?.[key.property]
      if (!isShown(shown)) {
        const positions = byValues(object, position)
        return positions.length === 0 ? undefined : { by: "values", positions }
      }
      // A key that HubSpot has changed belongs to no input.
      const owner = byKey.get(key!.property)!.get(shown)
      return owner === undefined || Properties.isSameValue(key!.value, shown)
        ? undefined
        : { by: "key", positions: [owner] }
    }
  }
}

const namesIn = ({ context, errors }: ErrorBody.StandardError) => {
  const contexts = [context, ...(errors ?? []).map((detail) => detail.context)]
  return (name: string) => contexts.flatMap((one) => ErrorBody.contextValues(one, name))
}

/** Whether an error names nothing that could be an input, known or not. */
export const isAnonymous = (error: ErrorBody.StandardError): boolean =>
  ["objectWriteTraceId", "ids", "id"].flatMap(namesIn(error)).length === 0

const isShown = (value: string | null | undefined): value is string =>
  value !== undefined && value !== null && value !== ""

/** The properties of an input that a record shows with another value. Properties that are not shown, or were sent empty, do not count. */
export const differences = (
  sent: Readonly<Record<string, string>> | undefined,
  { properties }: CrmObject.CrmObject
): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (const name in sent) if (isOther(sent[name], properties?.[name])) names.push(name)
  return names
}

/** Whether a record shows no property of an input with another value. */
export const repeats = (
  sent: Readonly<Record<string, string>> | undefined,
  { properties }: CrmObject.CrmObject
): boolean => {
  for (const name in sent) if (isOther(sent[name], properties?.[name])) return false
  return true
}

const isOther = (own: string | undefined, shown: string | null | undefined): boolean =>
  own !== shown && isShown(own) && isShown(shown) && !Properties.isSameValue(own, shown)

const valueKey = (name: string, value: string): string => `${name}\u0000${Properties.canonical(value)}`

/** Positions of inputs by the values they were sent with. */
const indexOfValues = (identities: ReadonlyArray<Identity>) =>
  Map.groupBy(
    identities.flatMap(({ properties = {} }, position) =>
      Object.entries(properties).map(([name, value]) => ({ position, key: valueKey(name, value) }))
    ),
    ({ key }) => key
  )

/** The `hs_object_id` of a record, if it differs from the id under which HubSpot returned the record. */
export const otherIdOf = ({ id, properties }: CrmObject.CrmObject): string | undefined => {
  const own = properties?.["hs_object_id"]
  return isShown(own) && own !== id ? own : undefined
}
