import * as Crm from "../../../packages/http/src/emulator/state/Crm.ts"
import * as Rules from "../../../packages/http/src/emulator/answering/Rules.ts"
import * as Definitions from "../../../packages/http/src/emulator/state/Definitions.ts"
import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
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
    ["a number with an exponent", { price: "1.4210854715202004e-14" }, "INVALID_INTEGER"],
    ["a small number with an exponent", { quantity: "1e-7" }, "INVALID_INTEGER"],
    ["a date in another order", { hs_recurring_billing_start_date: "31.12.2026" }, "INVALID_DATE"],
    ["an instant that is not midnight", { hs_recurring_billing_start_date: "1795000000000" }, "INVALID_DATE"],
    ["a truth value in words", { hs_is_optional: "yes" }, "INVALID_OPTION"],
    ["an option the enumeration lacks", { recurringbillingfrequency: "hourly" }, "INVALID_OPTION"],
    ["a currency that is not enabled", { hs_line_item_currency_code: "XXX" }, "INVALID_OPTION"],
    ["a currency in lower case", { hs_line_item_currency_code: "eur" }, "INVALID_OPTION"],
    ["an unknown delay type", { hs_billing_start_delay_type: "later" }, "INVALID_OPTION"],
    ["an owner that is no id", { hubspot_owner_id: "ann" }, "INVALID_OPTION"],
    ["a term in digits", { hs_recurring_billing_period: "24" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["a term in words", { hs_recurring_billing_period: "12 months" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["a term of nothing", { hs_recurring_billing_period: "P" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["a term with a time", { hs_recurring_billing_period: "PT24H" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["weeks among months", { hs_recurring_billing_period: "P1M2W" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["a term of no length", { hs_recurring_billing_period: "P0D" }, "INVALID_RECURRING_BILLING_DURATION"],
    ["a day that no month has", { hs_recurring_billing_start_date: "2026-02-30" }, "INVALID_DATE"],
    [
      "an ISO time that is not midnight",
      { hs_billing_period_end_date: "2026-08-10T04:00:00Z" },
      "INVALID_DATE"
    ],
    ["text beyond 65,536 characters", { description: "x".repeat(65_537) }, "PROPERTY_VALUE_TOO_LONG"]
  ])("refuses %s", (_what, properties, code) => {
    assert.deepStrictEqual(codes(properties as Record<string, string>), [code])
  })

  it.each([
    ["weekly", "P12M"],
    ["biweekly", "P1Y"],
    ["monthly", "P30D"],
    ["annually", "P52W"]
  ])("refuses %s for %s", (recurringbillingfrequency, hs_recurring_billing_period) => {
    assert.deepStrictEqual(codes({ recurringbillingfrequency, hs_recurring_billing_period }), [
      "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH"
    ])
  })

  it.each([
    ["1786334400000", "1786334400000 is at 4:0:0.0 UTC, not midnight!"],
    ["2026-08-10T04:00:00Z", "1786334400000 is at 4:0:0.0 UTC, not midnight!"],
    ["2026-08-10T23:59:58.070", "1786406398070 is at 23:59:58.70 UTC, not midnight!"],
    ["-1", "-1 is at 23:59:59.999 UTC, not midnight!"],
    ["tomorrow", "tomorrow was not a valid date."]
  ])("says in HubSpot's words what is wrong with the date %s", (value, message) => {
    const [error] = check({ hs_recurring_billing_start_date: value })!.errors
    assert.deepInclude(error, { code: "INVALID_DATE", message })
  })

  it.each([
    "2026-12-01",
    "2026-12-01T00:00:00Z",
    "2026-12-01T00:00:00.000Z",
    "2026-12-01T02:00:00+02:00",
    "2026-12-01T00:00",
    "1796083200000",
    "0"
  ])("takes the midnight %s", (value) =>
    assert.isUndefined(check({ hs_recurring_billing_start_date: value }))
  )

  it.each(["P12M", "P1Y", "P2Y3M", "P3W", "P546D", "P1Y2M3D"])("takes the term %s", (period) =>
    assert.isUndefined(check({ hs_recurring_billing_period: period }))
  )

  it("takes an instant in ISO or milliseconds, and reports other text as no long", () => {
    const own = Crm.makeUnsafe({ portalId: 42, properties: [] })
    own.define(Definitions.make({ name: "seen_at", type: "datetime" }))
    const errorsOf = (value: string) => Rules.checkNew(own, { seen_at: value })?.errors
    for (const value of ["2026-08-10T04:00:00.5Z", "1786334400001", "2026-08-10"]) {
      assert.isUndefined(errorsOf(value), value)
    }
    for (const value of ["10 Aug 2026", "2026-08-32T04:00:00Z", "1.5"]) {
      const message = `${value} was not a valid long.`
      assert.deepInclude(errorsOf(value)![0], { code: "INVALID_LONG", message })
    }
  })

  it("trims values that are not text, or refuses outer blanks if the account is told so", () => {
    const blank = { price: " 5 ", hs_is_optional: "true ", name: " Chair ", hubspot_owner_id: "\t7" }
    assert.isUndefined(check(blank))
    const strict = Crm.makeUnsafe({
      portalId: 42,
      properties: [],
      behaviour: Behaviour.make({ outerBlanks: "refused" })
    })
    const names = Rules.checkNew(strict, blank)!.errors.map(({ code, context }) => ({ code, context }))
    assert.deepStrictEqual(names, [
      { code: "LEADING_TRAILING_WHITESPACE", context: { propertyName: ["price"] } },
      { code: "LEADING_TRAILING_WHITESPACE", context: { propertyName: ["hs_is_optional"] } },
      { code: "LEADING_TRAILING_WHITESPACE", context: { propertyName: ["hubspot_owner_id"] } }
    ])
    const now = { millis: 0, iso: "1970-01-01T00:00:00.000Z" }
    assert.deepInclude(crm.create(blank, [], now).properties, { price: "5", name: " Chair " })
  })

  it("takes what is right", () => {
    assert.isUndefined(
      check({
        name: "Chair",
        price: "0",
        quantity: "100",
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
    const associations = [
      Association.make("paymentLink", "1234567890123"),
      Association.make("deal", "7654321098765")
    ]
    assert.deepStrictEqual(check({}, associations), {
      category: "VALIDATION_ERROR",
      about: "association",
      message: "One or more associations are invalid",
      context: {
        INVALID_OBJECT_IDS: ["PAYMENT_LINK=1234567890123 is not valid", "DEAL=7654321098765 is not valid"],
        objectId: ["1234567890123", "7654321098765"],
        objectType: ["PAYMENT_LINK", "DEAL"]
      },
      errors: []
    })
  })

  it("are refused in the words of older creates, if the account is told to", () => {
    const older = Crm.makeUnsafe({
      portalId: 42,
      properties: [],
      behaviour: Behaviour.make({ unknownTarget: "older" })
    })
    const input = { properties: {}, associations: [Association.make("deal", "1234567890123")] }
    assert.deepStrictEqual(Rules.check(older, { ...input, objectWriteTraceId: undefined }), {
      category: "VALIDATION_ERROR",
      about: "association",
      message: "one or more associations are not valid",
      errors: []
    })
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
