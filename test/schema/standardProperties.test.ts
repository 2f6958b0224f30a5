import { LineItem, Property, StandardProperties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"

const byName = new Map(StandardProperties.lineItems.map((property) => [property.name, property]))

describe("the standard properties", () => {
  it("are definitions as the properties API shows them, each once, with a label", () => {
    for (const properties of [StandardProperties.lineItems, StandardProperties.products]) {
      assert.deepStrictEqual(Schema.decodeSync(Schema.Array(Property.Property))(properties), properties)
      assert.strictEqual(new Set(properties.map(({ name }) => name)).size, properties.length)
      for (const { label, name } of properties) assert.isTrue(label !== undefined && label !== name, name)
    }
    assert.isAtLeast(StandardProperties.lineItems.length, 95)
  })

  it("have types, options, and what is read-only", () => {
    const price = byName.get("price")
    assert.deepStrictEqual([price?.type, price?.showCurrencySymbol], ["number", true])
    const frequency = byName.get("recurringbillingfrequency")
    assert.deepStrictEqual(frequency?.options?.[0], { value: "weekly", label: "Weekly" })
    assert.isTrue(byName.get("hubspot_owner_id")?.externalOptions)
    assert.isTrue(byName.get("amount")?.calculated)
    assert.isTrue(byName.get("hs_object_id")?.hasUniqueValue)
  })

  it("are what is known of a line item, in the same types", () => {
    for (const [name, { readOnly, type }] of LineItem.knownProperties) {
      const { modificationMetadata, showCurrencySymbol, type: shown } = byName.get(name)!
      assert.strictEqual(showCurrencySymbol === true ? "money" : shown, type, name)
      assert.strictEqual(modificationMetadata?.readOnlyValue, readOnly, name)
    }
    const readOnly = StandardProperties.lineItems.filter((one) => one.modificationMetadata?.readOnlyValue)
    for (const { name } of readOnly) assert.isTrue(LineItem.knownProperties.get(name)?.readOnly, name)
  })
})
