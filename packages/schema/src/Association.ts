/**
 * What a line item belongs to: association specs as sent in a create, and the type ids by name.
 *
 * A line item has one parent (a deal, a quote, an invoice, …). Associations are given when the line
 * item is created; neither update nor upsert can change them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The origin of an association type.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Category = Schema.Literals(["HUBSPOT_DEFINED", "INTEGRATOR_DEFINED", "USER_DEFINED", "WORK"])

/**
 * @category models
 * @since 0.1.0
 */
export type Category = typeof Category.Type

/**
 * `{ associationCategory, associationTypeId }`. A category this version does not know is kept.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociationSpec = Schema.Struct({
  associationCategory: Schema.Union([Category, Schema.String]),
  associationTypeId: Schema.Int
})

/**
 * @category models
 * @since 0.1.0
 */
export type AssociationSpec = typeof AssociationSpec.Type

/**
 * `{ to: { id }, types: [AssociationSpec] }`, as one entry of an input's `associations`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Association = Schema.Struct({
  to: Schema.Struct({ id: Schema.String }),
  types: Schema.Array(AssociationSpec)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Association extends Schema.Schema.Type<typeof Association> {}

/**
 * The same as a program may give it: with the id of a type as text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Given {
  readonly to: { readonly id: string }
  readonly types: ReadonlyArray<{
    readonly associationCategory: string
    readonly associationTypeId: number | string
  }>
}

/**
 * The association type ids from a line item to other objects, all `HUBSPOT_DEFINED`.
 *
 * Source: HubSpot's associations guide, November 2026.
 *
 * @category constants
 * @since 0.1.0
 */
export const typeIds = {
  deal: 20,
  quote: 68,
  subscription: 302,
  discount: 368,
  payment: 396,
  invoice: 410,
  order: 514,
  abandonedCart: 571,
  cart: 591,
  paymentLink: 759,
  project: 1345
} as const

/**
 * The name of a HubSpot-defined association target.
 *
 * @category models
 * @since 0.1.0
 */
export type Target = keyof typeof typeIds

/**
 * The ids of the object types that line items can be associated with, as paths take them. Source: HubSpot's
 * documentation, except those of abandoned carts and projects, which are assumptions.
 *
 * @category constants
 * @since 0.1.0
 */
export const objectTypeIds: Readonly<Record<Target, string>> = {
  deal: "0-3",
  quote: "0-14",
  subscription: "0-69",
  discount: "0-84",
  payment: "0-101",
  invoice: "0-53",
  order: "0-123",
  abandonedCart: "0-142",
  cart: "0-142",
  paymentLink: "0-118",
  project: "0-970"
}

/**
 * The targets that can own a line item. A line item has at most one of them.
 *
 * @category constants
 * @since 0.1.0
 */
export const parents = [
  "deal",
  "quote",
  "invoice",
  "order",
  "cart",
  "subscription",
  "payment"
] as const satisfies ReadonlyArray<Target>

/**
 * @category models
 * @since 0.1.0
 */
export type Parent = (typeof parents)[number]

/**
 * The id of an association type in its text, `undefined` if there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const typeIdOf = (text: string): number | undefined =>
  /^[1-9]\d{0,9}$/.test(text.trim()) ? Number(text) : undefined

const names: ReadonlyMap<number, Target> = new Map(
  Object.entries(typeIds).map(([name, id]) => [id, name as Target])
)

/**
 * The name of a HubSpot-defined type id, `undefined` for all others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const targetOf = (spec: AssociationSpec): Target | undefined =>
  spec.associationCategory === "HUBSPOT_DEFINED" ? names.get(spec.associationTypeId) : undefined

/**
 * The association of a line item with one object by HubSpot's default label.
 *
 * **Example**
 *
 * ```ts
 * import { Association } from "@effect-hubspot/schema"
 *
 * const association = Association.make("deal", "4711")
 * association.types // => [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (target: Target, id: string): Association => ({
  to: { id },
  types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: typeIds[target] }]
})

/**
 * The parents that an input names: the associations whose type is one of {@link parents}.
 *
 * @category predicates
 * @since 0.1.0
 */
export const parentsOf = (associations: ReadonlyArray<Association>): ReadonlyArray<Parent> =>
  associations.flatMap((association) =>
    association.types.flatMap((spec) => {
      const target = targetOf(spec)
      return target !== undefined && isParent(target) ? [target] : []
    })
  )

/**
 * @category predicates
 * @since 0.1.0
 */
export const isParent = (target: string): target is Parent =>
  (parents as ReadonlyArray<string>).includes(target)
