/**
 * The definitions of the properties that every account has, as the properties API would show them: for who cannot ask the
 * account. Its own answer is the authority.
 *
 * @since 0.1.0
 */
import * as Standard from "./internal/standard.ts"
import type { Property } from "./Property.ts"

/**
 * The currencies of an account that nobody asked, the company's own first.
 *
 * @category constants
 * @since 0.1.0
 */
export const currencies: ReadonlyArray<string> = Standard.currencies

const definitionsOf = (rows: Readonly<Record<string, Standard.Row>>): ReadonlyArray<Property> =>
  Object.entries(rows).map(([name, [type, label, ...traits]]) => {
    const options = traits.find((trait) => typeof trait === "object")
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
export const lineItems: ReadonlyArray<Property> = definitionsOf(Standard.lineItems)

/**
 * The standard properties of products.
 *
 * @category constants
 * @since 0.1.0
 */
export const products: ReadonlyArray<Property> = definitionsOf(Standard.products)

/**
 * Standard properties of the parents of line items: the names that one or another of them has, and what HubSpot keeps of every
 * record.
 *
 * @category constants
 * @since 0.1.0
 */
export const parents: ReadonlyArray<Property> = definitionsOf(Standard.parents)
