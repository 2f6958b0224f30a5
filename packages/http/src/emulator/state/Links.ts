/**
 * Which line items an object has: the associations of the emulated account, from the other side.
 *
 * It keeps ids only. It does not know whether an object or a line item exists.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"

/**
 * The line items from which the links are built at the first question.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = () => Iterable<{
  readonly id: string
  readonly associations: ReadonlyArray<Association.Association>
}>

/**
 * @category models
 * @since 0.1.0
 */
export interface Links {
  /** Idempotent. `typeId` is the type from the line item to the object. */
  readonly add: (target: Association.Target, id: string, lineItem: string, typeId: number) => void
  readonly remove: (target: Association.Target, id: string, lineItem: string) => void
  /** The ids of an object's line items, ascending. */
  readonly lineItemsOf: (target: Association.Target, id: string) => ReadonlyArray<string>
  /** The number of objects with line items, as far as links were built. */
  readonly size: () => number
  /** The types by which a line item is associated with an object. */
  readonly typesOf: (target: Association.Target, id: string, lineItem: string) => ReadonlyArray<number>
}

/**
 * The links of these associations, one for each type.
 *
 * @category reading
 * @since 0.1.0
 */
export const linksOf = (associations: ReadonlyArray<Association.Association>) =>
  associations.flatMap(({ to, types }) =>
    types.flatMap((spec) => {
      const target = Association.targetOf(spec)
      return target === undefined ? [] : [{ target, to: to.id, typeId: spec.associationTypeId }]
    })
  )

interface Entry {
  readonly types: Map<string, Array<number>>
  sorted: ReadonlyArray<string> | undefined
}

/**
 * Nothing is kept before the first question, so an account without such questions has no cost.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (source: Source): Links => {
  let known: Map<string, Entry> | undefined
  const keyOf = (target: Association.Target, id: string): string => `${target}/${id}`
  const put = (entries: Map<string, Entry>, key: string, lineItem: string, typeId: number): void => {
    let entry = entries.get(key)
    if (entry === undefined) entries.set(key, (entry = { types: new Map(), sorted: undefined }))
    const types = entry.types.get(lineItem)
    if (types === undefined) {
      entry.types.set(lineItem, [typeId])
      entry.sorted = undefined
    } else if (!types.includes(typeId)) types.push(typeId)
  }
  const build = (): Map<string, Entry> => {
    const entries = new Map<string, Entry>()
    for (const { associations, id } of source()) {
      for (const { target, to, typeId } of linksOf(associations)) put(entries, keyOf(target, to), id, typeId)
    }
    return entries
  }
  return {
    add: (target, id, lineItem, typeId) => {
      if (known !== undefined) put(known, keyOf(target, id), lineItem, typeId)
    },
    remove: (target, id, lineItem) => {
      const entry = known?.get(keyOf(target, id))
      if (entry?.types.delete(lineItem) !== true) return
      entry.sorted = undefined
      if (entry.types.size === 0) known?.delete(keyOf(target, id))
    },
    lineItemsOf: (target, id) => {
      known ??= build()
      const entry = known.get(keyOf(target, id))
      if (entry === undefined) return []
      entry.sorted ??= [...entry.types.keys()].sort((a, b) => Number(a) - Number(b))
      return entry.sorted
    },
    size: () => known?.size ?? 0,
    typesOf: (target, id, lineItem) => {
      known ??= build()
      return known.get(keyOf(target, id))?.types.get(lineItem) ?? []
    }
  }
}

/**
 * The type id of the opposite direction, from the other object to the line item. Documentation for the listed types;
 * assumption for the others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inverse = (typeId: number): number => typeId - 1

/**
 * The type id from the line item, of the opposite direction: {@link inverse} turned round.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forward = (typeId: number): number => typeId + 1
