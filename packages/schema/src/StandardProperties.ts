/**
 * The definitions of the properties that every account has, as the properties API would show them: for who cannot ask the
 * account. Its own answer is the authority.
 *
 * @since 0.1.0
 */
import * as Shown from "./internal/labels.ts"
import type { Property } from "./Property.ts"

/**
 * The currencies of an account that nobody asked, the company's own first.
 *
 * @category constants
 * @since 0.1.0
 */
export const currencies: ReadonlyArray<string> = Shown.currencies

const definitionsOf = ({ labels, rows }: Shown.Shown): ReadonlyArray<Property> =>
  Object.entries(rows).map(([name, [type, ...traits]]) => {
    const [label, options] = typeof labels[name] === "object" ? labels[name] : [labels[name] ?? name]
    const isReadOnly = traits.includes("set") || traits.includes("computed")
    return {
      name,
      label,
      // Documentation: money is a number that is shown with a currency sign.
      type: type === "money" ? "number" : type,
      ...(type === "money" && { showCurrencySymbol: true }),
      ...(traits.includes("long") && { fieldType: "textarea" }),
      ...(options !== undefined && {
        options: Object.entries(options).map(([value, label]) => ({ value, label }))
      }),
      ...(traits.includes("ids") && { externalOptions: true }),
      hasUniqueValue: traits.includes("unique"),
      calculated: traits.includes("computed"),
      hubspotDefined: true,
      modificationMetadata: { archivable: false, readOnlyDefinition: true, readOnlyValue: isReadOnly }
    }
  })

/**
 * The standard properties of line items.
 *
 * **Example**
 *
 * ```ts
 * import { StandardProperties } from "@effect-hubspot/schema"
 *
 * const price = StandardProperties.lineItems.find(({ name }) => name === "price")
 * price?.label // => "Unit price"
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const lineItems: ReadonlyArray<Property> = definitionsOf(Shown.lineItems)

/**
 * The standard properties of products.
 *
 * @category constants
 * @since 0.1.0
 */
export const products: ReadonlyArray<Property> = definitionsOf(Shown.products)

/**
 * Standard properties of the parents of line items: the names that one or another of them has, and what HubSpot keeps of every
 * record.
 *
 * @category constants
 * @since 0.1.0
 */
export const parents: ReadonlyArray<Property> = definitionsOf(Shown.parents)
