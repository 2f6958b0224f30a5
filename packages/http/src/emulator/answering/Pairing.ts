/**
 * An association from either side: which of the two objects is the line item, by which type, and what it is called.
 *
 * The account keeps every association at its line item; here the direction of a request is turned into that and back. It
 * answers no request.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as LineItem from "@effect-hubspot/schema/LineItem"
import * as Result from "effect/Result"
import * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import * as Json from "../reading/Json.ts"
import * as Links from "../state/Links.ts"
import * as Query from "../reading/Query.ts"
import * as Refusal from "./Refusal.ts"
import * as Rules from "./Rules.ts"

type Spec = Association.AssociationSpec

/**
 * The two object types of a request. `forward` is from line items to `target`. `type` is the default type in the direction of
 * the request, `inverse` the one against it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sides {
  readonly target: Association.Target
  readonly forward: boolean
  readonly type: Spec
  readonly inverse: Spec
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (fromObjectType: string, toObjectType: string): Json.Reading<Sides> => {
  const forward = isLineItems(fromObjectType)
  if (!forward && !isLineItems(toObjectType)) {
    return Result.flatMap(Query.target(fromObjectType), () =>
      Result.flatMap(Query.target(toObjectType), () => Result.fail(notOfLineItems))
    )
  }
  return Result.map(Query.target(forward ? toObjectType : fromObjectType), (target) => {
    const [own] = Association.make(target, "").types
    const back = { ...own!, associationTypeId: Links.inverse(own!.associationTypeId) }
    return { target, forward, type: forward ? own! : back, inverse: forward ? back : own! }
  })
}

const isLineItems = (name: string): boolean => /^(?:line_items?|0-8)$/i.test(name)

// The emulator's own: it has no other objects.
const notOfLineItems = Refusal.invalid("This emulator has associations of line items only.")

/**
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly from: string
  readonly to: string
  readonly types: ReadonlyArray<Spec>
}

/**
 * Which associations of an object are removed: `types` only, or all.
 *
 * @category models
 * @since 0.1.0
 */
export interface Removal {
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly types: ReadonlyArray<Spec> | undefined
}

/**
 * An input of a batch. Without a reader of types, it has the given ones.
 *
 * @category reading
 * @since 0.1.0
 */
export const readInput =
  (readType: ((given: unknown) => Json.Reading<Spec>) | undefined, types: ReadonlyArray<Spec> = []) =>
  (given: unknown): Json.Reading<Input> => {
    if (!Json.isRecord(given)) return Json.mismatch("PublicAssociation", given)
    return Result.all({
      from: Body.readId(given.from),
      to: Body.readId(given.to),
      types: readType === undefined ? Result.succeed(types) : Json.readList(given.types, readType)
    })
  }

/**
 * `{ from, to: [{ id }] }`.
 *
 * @category reading
 * @since 0.1.0
 */
export const readRemoval = (given: unknown): Json.Reading<Removal> =>
  Json.isRecord(given)
    ? Result.all({
        from: Body.readId(given.from),
        to: Json.readList(given.to, Body.readId),
        types: Result.succeed(undefined)
      })
    : Json.mismatch("PublicAssociationMultiArchive", given)

/**
 * The name of the default type in v3, `line_item_to_deal`: an account without labels has no other.
 *
 * @category formatting
 * @since 0.1.0
 */
export const nameOf = ({ forward, target }: Sides): string => {
  const other = target.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return forward ? `line_item_to_${other}` : `${other}_to_line_item`
}

/**
 * The type that v3 means by a name or an id.
 *
 * @category reading
 * @since 0.1.0
 */
export const typeNamed = (sides: Sides, given: unknown): Json.Reading<Spec> => {
  const name = Json.asText(given)
  if (name === undefined) return Result.fail(Refusal.missingFields("type"))
  return name === nameOf(sides) || name === String(sides.type.associationTypeId)
    ? Result.succeed(sides.type)
    : // Assumption: the words.
      Result.fail(Refusal.invalid(`${name} is not a valid association type`))
}

/** The types as they are kept: from the line item to the other object. */
const kept = ({ forward }: Sides, spec: Spec): Spec =>
  forward ? spec : { ...spec, associationTypeId: Links.forward(spec.associationTypeId) }

/** Which of the two ids is the line item's. */
const placed = ({ forward }: Sides, { from, to }: Pick<Input, "from" | "to">) =>
  forward ? { lineItem: from, other: to } : { lineItem: to, other: from }

/**
 * Associates, or says why not.
 *
 * @category changing
 * @since 0.1.0
 */
export const link = (
  crm: Crm.Crm,
  sides: Sides,
  input: Input,
  now: Crm.Moment
): Refusal.Rejection | undefined => {
  const { lineItem, other } = placed(sides, input)
  for (const spec of input.types) {
    if (Association.targetOf(kept(sides, spec)) !== sides.target) return Rules.invalidType(spec, sides.target)
  }
  const found = crm.find(lineItem, now.millis)
  const missing = [
    ...(found === undefined || found.archived !== undefined
      ? [{ type: "lineItem" as const, id: lineItem }]
      : []),
    ...(crm.exists(sides.target, other) ? [] : [{ type: sides.target, id: other }])
  ]
  if (missing.length > 0) return Rules.unknownObjects(crm, missing)
  input.types.reduce((record, spec) => crm.associate(record, other, kept(sides, spec), now), found!)
  return undefined
}

/**
 * Removes these types of an association, or all.
 *
 * @category changing
 * @since 0.1.0
 */
export const unlink = (
  crm: Crm.Crm,
  sides: Sides,
  pair: Pick<Input, "from" | "to">,
  types: ReadonlyArray<Spec> | undefined,
  now: Crm.Moment
): void => {
  const { lineItem, other } = placed(sides, pair)
  const record = crm.find(lineItem, now.millis)
  // The account has no labels: a pair has one type, the default one.
  const isMeant =
    types === undefined ||
    types.some(({ associationTypeId }) => associationTypeId === sides.type.associationTypeId)
  if (record !== undefined && isMeant) crm.dissociate(record, sides.target, other, now)
}

/**
 * An object at the other end, with the types in the direction of the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Associated {
  readonly id: string
  readonly types: ReadonlyArray<Spec>
}

/**
 * What an object is associated with, by ascending ids, without archived line items.
 *
 * @category reading
 * @since 0.1.0
 */
export const associatedWith = (
  crm: Crm.Crm,
  { forward, target, type }: Sides,
  id: string,
  at: number
): ReadonlyArray<Associated> => {
  const typed = (typeId: number): Spec => ({ ...type, associationTypeId: typeId })
  if (!forward) {
    return crm.links
      .lineItemsOf(target, id)
      .filter((lineItem) => crm.lineItems.get(lineItem)?.archived === undefined)
      .map((lineItem) => ({
        id: lineItem,
        types: crm.links.typesOf(target, id, lineItem).map((typeId) => typed(Links.inverse(typeId)))
      }))
  }
  const record = crm.find(id, at)
  if (record === undefined || record.archived !== undefined) return []
  const found = new Map<string, Set<number>>()
  for (const link of Links.linksOf(record.associations)) {
    if (link.target !== target) continue
    found.set(link.to, (found.get(link.to) ?? new Set()).add(link.typeId))
  }
  return [...found]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([to, typeIds]) => ({ id: to, types: [...typeIds].map(typed) }))
}

/**
 * An object of a batch read that has no associations. Observation, of other objects.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noneFound = ({ forward, target }: Sides, id: string): Refusal.Rejection => {
  const [from, to] = forward ? ["line_item", target] : [target, "line_item"]
  return {
    category: "OBJECT_NOT_FOUND",
    subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
    message: `No ${to} is associated with ${from} ${id}.`,
    context: { fromObjectType: [from], toObjectType: [to] },
    errors: []
  }
}

/**
 * A pair as v4 names it. Specification: with the labels of its types; those of HubSpot have none.
 *
 * @category formatting
 * @since 0.1.0
 */
export const named = ({ forward, target }: Sides, from: string, to: string): object => {
  const other = Association.objectTypeIds[target]
  return {
    fromObjectTypeId: forward ? LineItem.objectTypeId : other,
    fromObjectId: from,
    toObjectTypeId: forward ? other : LineItem.objectTypeId,
    toObjectId: to,
    labels: []
  }
}
