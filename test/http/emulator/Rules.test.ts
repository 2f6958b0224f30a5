import * as Crm from "../../../packages/http/src/emulator/state/Crm.ts"
import * as Rules from "../../../packages/http/src/emulator/answering/Rules.ts"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"

const crm = Crm.makeUnsafe({ portalId: 42, properties: ["my_property"] })

const check = (
  properties: Record<string, string>,
  associations: ReadonlyArray<Association.Association> = []
) => Rules.check(crm, { properties, associations, objectWriteTraceId: undefined })

const codes = (properties: Record<string, string>) => check(properties)?.errors.map((_) => _.code) ?? []

describe("properties", () => {
  it.each([
    ["a property the account does not have", { prise: "1" }, "PROPERTY_DOESNT_EXIST"],
    ["a property name with upper case", { Name: "Chair" }, "PROPERTY_DOESNT_EXIST"],
    ["a computed property", { hs_margin: "1" }, "READ_ONLY_VALUE"],
    ["amount", { amount: "1" }, "READ_ONLY_VALUE"],
    ["a number with words", { quantity: "two" }, "INVALID_INTEGER"],
    ["a decimal comma", { price: "12,50" }, "INVALID_INTEGER"],
    ["a number too great to be finite", { price: "1e999" }, "INVALID_INTEGER"],
    ["a negative price", { price: "-0.01" }, "NEGATIVE_PRICE"],
    ["a negative price with an exponent", { price: "-1e2" }, "NEGATIVE_PRICE"],
    ["a date in another order", { hs_recurring_billing_start_date: "31.12.2026" }, "INVALID_DATE"],
    ["an instant that is not midnight", { hs_recurring_billing_start_date: "1795000000000" }, "INVALID_DATE"],
    ["a truth value in words", { hs_is_optional: "yes" }, "INVALID_OPTION"],
    ["an option the enumeration lacks", { recurringbillingfrequency: "hourly" }, "INVALID_OPTION"],
    ["a currency that is not enabled", { hs_line_item_currency_code: "XXX" }, "INVALID_OPTION"],
    ["a currency in lower case", { hs_line_item_currency_code: "eur" }, "INVALID_OPTION"],
    ["an unknown delay type", { hs_billing_start_delay_type: "later" }, "INVALID_OPTION"],
    ["an owner that is no id", { hubspot_owner_id: "ann" }, "INVALID_OPTION"],
    ["text beyond 65,536 characters", { description: "x".repeat(65_537) }, "PROPERTY_VALUE_TOO_LONG"]
  ])("refuses %s", (_what, properties, code) => {
    assert.deepStrictEqual(codes(properties as Record<string, string>), [code])
  })

  it("takes what is right", () => {
    assert.isUndefined(
      check({
        name: "Chair",
        price: "0",
        quantity: "1e2",
        discount: "-5.50",
        hs_recurring_billing_start_date: "2026-12-31",
        hs_billing_period_end_date: "1798675200000",
        hs_is_optional: "TRUE",
        recurringbillingfrequency: "monthly",
        hs_line_item_currency_code: "EUR",
        hs_billing_start_delay_type: "hs_billing_start_delay_days",
        hubspot_owner_id: "123",
        description: "x".repeat(65_536),
        hs_sku: "",
        tax: "",
        erp_position: "10",
        my_property: "anything"
      })
    )
    assert.isUndefined(check({ price: "-0.00" }))
    assert.isUndefined(check({}))
  })

  it("reports all problems of an input in one error, with the details as JSON in the message", () => {
    const rejection = check({ prise: "1", quantity: "two", name: "Chair" })!
    assert.strictEqual(rejection.category, "VALIDATION_ERROR")
    const [words, ...json] = rejection.message.split(": [")
    assert.strictEqual(words, "Property values were not valid")
    assert.deepStrictEqual(JSON.parse(`[${json.join(": [")}`), [
      {
        isValid: false,
        message: 'Property "prise" does not exist',
        error: "PROPERTY_DOESNT_EXIST",
        name: "prise",
        localizedErrorMessage: 'Property "prise" does not exist',
        portalId: 42
      },
      {
        isValid: false,
        message: "two was not a valid number.",
        error: "INVALID_INTEGER",
        name: "quantity",
        localizedErrorMessage: "two was not a valid number.",
        portalId: 42
      }
    ])
    assert.deepStrictEqual(
      rejection.errors.map((_) => _.context),
      [{ propertyName: ["prise"] }, { propertyName: ["quantity"] }]
    )
  })
})

describe("associations", () => {
  it("are good when type and object exist", () => {
    const targets = Object.keys(Association.typeIds) as ReadonlyArray<Association.Target>
    for (const target of targets) assert.isUndefined(check({}, [Association.make(target, "1")]))
  })

  it("are refused for an object that does not exist", () => {
    assert.include(check({}, [Association.make("deal", "1234567890123")])!.message, "1234567890123")
  })

  it("are refused for a type that does not exist, also in another category", () => {
    const specs = [
      { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 19 },
      { associationCategory: "USER_DEFINED", associationTypeId: 20 }
    ]
    for (const spec of specs) {
      const rejection = check({}, [{ to: { id: "1" }, types: [spec] }])!
      assert.strictEqual(rejection.category, "VALIDATION_ERROR")
      assert.strictEqual(rejection.subCategory, "crm.associations.INVALID_ASSOCIATION_TYPE")
    }
  })

  it("are refused without any type", () => {
    assert.isDefined(check({}, [{ to: { id: "1" }, types: [] }]))
  })

  it("are known by several names of their object type", () => {
    const names = ["deal", "Deals", "abandoned_carts", "paymentLinks", "payment-link"]
    assert.deepStrictEqual(names.map(Crm.targetOfObjectType), [
      "deal",
      "deal",
      "abandonedCart",
      "paymentLink",
      "paymentLink"
    ])
    assert.isUndefined(Crm.targetOfObjectType("contacts"))
  })
})
