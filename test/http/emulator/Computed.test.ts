import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Computed from "../../../packages/http/src/emulator/answering/Computed.ts"
import { api, createAll, get, post, root } from "./api.ts"

const of = (properties: Record<string, string>, behaviour: Behaviour.Given = {}) =>
  Computed.of(properties, Behaviour.make(behaviour))

const recorded = {
  name: "Chair",
  price: "400.00",
  quantity: "8",
  amount: "3200.00",
  hs_acv: "3200.00",
  hs_arr: "0.00",
  hs_mrr: "0.00",
  hs_tcv: "3200.00",
  hs_margin: "3200.00",
  hs_margin_acv: "3200.00",
  hs_margin_arr: "0.00",
  hs_margin_mrr: "0.00",
  hs_margin_tcv: "3200.00",
  hs_pre_discount_amount: "3200.00",
  hs_post_tax_amount: "3200.00",
  hs_total_discount: "0.00",
  hs_position_on_quote: "0",
  hs_recurring_billing_number_of_payments: "1",
  hs_object_source: "INTEGRATION",
  hs_object_source_label: "INTEGRATION"
}

describe("the answer to a create", () => {
  it.effect("has the 24 properties of the recorded reply, alone, in a batch and when it is read", () =>
    Effect.gen(function* () {
      const properties = { name: "Chair", price: "400.00", quantity: "8" }
      const one = yield* post(root, { properties })
      assert.lengthOf(Object.keys(one.body.properties), 24)
      assert.deepInclude(one.body.properties, recorded)
      assert.match(one.body.properties.hs_object_source_id!, /^\d+$/)
      const inputs = [{ properties, objectWriteTraceId: "a" }]
      const many = yield* post(`${root}/batch/create`, { inputs })
      assert.lengthOf(Object.keys(many.body.results[0]!.properties), 24)
      assert.deepInclude(many.body.results[0]!.properties, recorded)
      const read = yield* get(`${root}/${one.body.id}?properties=${Object.keys(recorded).join()}`)
      assert.deepInclude(read.body.properties, recorded)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("is computed again by an update, which answers with it", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ price: "400.00", quantity: "8" }])
      const { body } = yield* api("PATCH", `${root}/${id}`, { properties: { discount: "10" } })
      const changed = { amount: "3120.00", hs_total_discount: "80.00", hs_pre_discount_amount: "3200.00" }
      assert.deepInclude(body.properties, { discount: "10", ...changed })
      assert.deepInclude((yield* get(`${root}/${id}?properties=amount`)).body.properties, {
        amount: "3120.00"
      })
      const filterGroups = [{ filters: [{ propertyName: "hs_tcv", operator: "EQ", value: "3120" }] }]
      assert.strictEqual((yield* post(`${root}/search`, { filterGroups })).body.total, 1)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("shows HubSpot's defaults, without trace ids, if the account is told so", () =>
    Effect.gen(function* () {
      const inputs = [{ properties: { name: "Chair", price: "1", quantity: "1" }, objectWriteTraceId: "a" }]
      const { body } = yield* post(`${root}/batch/create`, { inputs })
      assert.notProperty(body.results[0], "objectWriteTraceId")
      assert.deepStrictEqual(Object.keys(body.results[0]!.properties).sort(), [
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "hs_object_source",
        "hs_object_source_id",
        "hs_object_source_label"
      ])
    }).pipe(
      Effect.provide(Emulator.layer({ behaviour: { createdProperties: "default", traceIds: "absent" } }))
    )
  )
})

describe("amounts", () => {
  it("have two decimals, rounded once, half away from zero", () => {
    assert.strictEqual(of({ price: "25", quantity: "1" }).amount, "25.00")
    assert.strictEqual(of({ price: "13.339333", quantity: "3" }).amount, "40.02")
    assert.strictEqual(of({ price: "0.005", quantity: "1" }).amount, "0.01")
    assert.strictEqual(of({ price: "1", quantity: "1", discount: "1.005" }).amount, "-0.01")
    assert.strictEqual(of({ price: "99999999999999999.99", quantity: "3" }).amount, "299999999999999999.97")
  })

  it("take the discount and the cost per unit, the tax for all", () => {
    const item = { price: "100", quantity: "3", hs_cost_of_goods_sold: "60.5", tax: "57" }
    assert.deepInclude(of({ ...item, hs_discount_percentage: "12.5" }), {
      amount: "262.50",
      hs_pre_discount_amount: "300.00",
      hs_total_discount: "37.50",
      hs_margin: "81.00",
      hs_margin_tcv: "81.00",
      hs_margin_mrr: "0.00",
      hs_post_tax_amount: "319.50"
    })
    assert.strictEqual(of({ ...item, discount: "10", hs_discount_percentage: "50" }).amount, "270.00")
  })

  it("read every plain decimal", () => {
    for (const [price, amount] of [
      [".5", "1.00"],
      ["-.5", "-1.00"],
      ["+5.", "10.00"],
      ["007", "14.00"]
    ] as const) {
      assert.strictEqual(of({ price, quantity: "2" }).amount, amount)
    }
  })

  it("are not there without price or quantity, or if a seeded product has none that is a number", () => {
    for (const properties of [
      {},
      { price: "1" },
      { quantity: "1" },
      { price: "", quantity: "2" },
      { price: "-", quantity: "2" },
      { price: ".", quantity: "2" },
      { price: "1e2", quantity: "2" }
    ]) {
      assert.notProperty(of(properties), "amount")
      assert.notProperty(of(properties), "hs_tcv")
    }
  })

  it("have no decimals in a currency without them, if the account is told so", () => {
    const item = { price: "3980", quantity: "2", hs_line_item_currency_code: "JPY" }
    assert.strictEqual(of(item).amount, "7960.00")
    const whole = of(item, { decimals: "currency" })
    assert.deepInclude(whole, { amount: "7960", hs_tcv: "7960", hs_mrr: "0" })
    const euros = { ...item, hs_line_item_currency_code: "EUR" }
    assert.strictEqual(of(euros, { decimals: "currency" }).amount, "7960.00")
  })

  it.effect("can be written where the account is told so", () =>
    Effect.gen(function* () {
      const properties = { price: "10", quantity: "2", amount: "15" }
      assert.include((yield* post(root, { properties })).body.message, "READ_ONLY_VALUE")
      yield* Effect.flatMap(Emulator.Emulator, (_) => _.setBehaviour({ amount: "writable" }))
      const { body, status } = yield* post(root, { properties })
      assert.strictEqual(status, 201)
      assert.deepInclude(body.properties, {
        amount: "15.00",
        hs_tcv: "15.00",
        hs_pre_discount_amount: "20.00"
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("billing", () => {
  it.each([
    ["weekly", "P7D", "1"],
    ["weekly", "P21D", "3"],
    ["weekly", "P546D", "78"],
    ["weekly", "P3W", "3"],
    ["biweekly", "P4W", "2"],
    ["monthly", "P3M", "3"],
    ["monthly", "P1M", "1"],
    ["monthly", "P1Y6M", "18"],
    ["quarterly", "P12M", "4"],
    ["annually", "P1Y", "1"],
    ["annually", "P18M", "2"],
    ["per_five_years", "P10Y", "2"]
  ])("%s for %s is paid in %s, and its terms are fixed", (recurringbillingfrequency, period, payments) => {
    assert.deepInclude(of({ recurringbillingfrequency, hs_recurring_billing_period: period }), {
      hs_recurring_billing_number_of_payments: payments,
      hs_recurring_billing_terms: "FIXED"
    })
  })

  it("without a term keeps what was sent, and has no end otherwise", () => {
    const open = of({ recurringbillingfrequency: "monthly" })
    assert.notProperty(open, "hs_recurring_billing_number_of_payments")
    assert.notProperty(open, "hs_recurring_billing_terms")
    const sent = of({
      recurringbillingfrequency: "monthly",
      hs_recurring_billing_number_of_payments: "6",
      price: "10",
      quantity: "1"
    })
    assert.notProperty(sent, "hs_recurring_billing_number_of_payments")
    assert.strictEqual(sent.hs_tcv, "60.00")
  })

  const monthly = {
    price: "100",
    quantity: "2",
    hs_cost_of_goods_sold: "25",
    recurringbillingfrequency: "monthly"
  }

  it("makes yearly and total revenue as HubSpot defines it for people", () => {
    assert.deepInclude(of({ ...monthly, hs_recurring_billing_period: "P24M" }), {
      amount: "200.00",
      hs_mrr: "200.00",
      hs_arr: "2400.00",
      hs_acv: "2400.00",
      hs_tcv: "4800.00",
      hs_margin: "150.00",
      hs_margin_mrr: "150.00",
      hs_margin_tcv: "3600.00"
    })
    assert.deepInclude(of({ ...monthly, hs_recurring_billing_period: "P6M" }), {
      hs_arr: "2400.00",
      hs_acv: "1200.00",
      hs_tcv: "1200.00"
    })
    const weekly = { ...monthly, recurringbillingfrequency: "weekly", hs_recurring_billing_period: "P78W" }
    assert.deepInclude(of(weekly), { hs_mrr: "866.67", hs_arr: "10400.00", hs_tcv: "15600.00" })
    const twoYears = { ...monthly, recurringbillingfrequency: "per_two_years" }
    assert.deepInclude(of(twoYears), { hs_mrr: "8.33", hs_arr: "100.00", hs_acv: "100.00" })
  })

  it("or none, if the account is told so", () => {
    const item = of({ ...monthly, hs_recurring_billing_period: "P24M" }, { recurringRevenue: "empty" })
    assert.strictEqual(item.amount, "200.00")
    for (const name of ["hs_mrr", "hs_arr", "hs_acv", "hs_tcv", "hs_margin_tcv"]) {
      assert.notProperty(item, name)
    }
    assert.strictEqual(of({ price: "1", quantity: "1" }, { recurringRevenue: "empty" }).hs_tcv, "1.00")
  })
})
