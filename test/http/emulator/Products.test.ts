import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { api, createAll, get, post, root } from "./api.ts"

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

const seed = (
  objects: ReadonlyArray<{ readonly id: string; readonly properties?: Record<string, string> }>
) => Effect.flatMap(Emulator.Emulator, (emulator) => emulator.seedObjects("products", objects))

const product = {
  name: "Support",
  price: "19.90",
  description: "Per seat",
  hs_sku: "S-1",
  hs_cost_of_goods_sold: "3",
  recurringbillingfrequency: "monthly",
  hs_recurring_billing_period: "P12M",
  hs_url: "https://example.com/s",
  hs_images: "https://example.com/s.png",
  hs_tiers: "[]",
  cost_center: "4711"
}

describe("products", () => {
  it.effect("give line items every property that both have, unless it is set", () =>
    Effect.gen(function* () {
      yield* seed([
        {
          id: "9",
          properties: { ...product, key: "unique", hs_status: "active", createdate: "1", nonsense: "1" }
        }
      ])
      const { body, status } = yield* post(root, {
        properties: { hs_product_id: "9", price: "5", quantity: "2", name: "" }
      })
      assert.strictEqual(status, 201)
      assert.deepInclude(body.properties, { ...product, price: "5", amount: "10.00", hs_margin: "4.00" })
      assert.deepInclude(body.properties, { hs_tcv: "120.00", hs_recurring_billing_terms: "FIXED" })
      for (const name of ["key", "hs_status", "nonsense"]) assert.notProperty(body.properties, name)
      const [created] = (yield* ledger).created
      assert.deepStrictEqual(created!.properties, {
        hs_product_id: "9",
        price: "5",
        quantity: "2",
        name: ""
      })
    }).pipe(Effect.provide(Emulator.layer({ uniqueProperties: ["key"] })))
  )

  it.effect("are refused if they are bundles, unknown, or no ids; then nothing is created", () =>
    Effect.gen(function* () {
      const sent = (id: string) => post(root, { properties: { hs_product_id: id } })
      assert.strictEqual((yield* sent("8")).status, 201)
      assert.strictEqual((yield* sent("chair")).status, 400)
      yield* seed([
        { id: "9" },
        { id: "10", properties: { ...product, hs_product_classification: "bundle" } }
      ])
      const bundle = yield* sent("10")
      assert.strictEqual(bundle.status, 400)
      assert.strictEqual(
        bundle.body.message,
        "This API does not support creating line items from product bundles."
      )
      const unknown = yield* sent("8")
      assert.strictEqual(unknown.status, 400)
      assert.include(unknown.body.message, "8")
      assert.strictEqual((yield* sent("9")).status, 201)
      assert.strictEqual((yield* sent("")).status, 201)
      const inputs = ["9", "8"].map((id) => ({ properties: { hs_product_id: id }, objectWriteTraceId: id }))
      const { body, status } = yield* post(`${root}/batch/create`, { inputs })
      assert.deepStrictEqual([status, body.results.length, body.numErrors], [207, 1, 1])
      assert.strictEqual((yield* ledger).created.length, 4)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("must fit with what is set beside them, at creation and later", () =>
    Effect.gen(function* () {
      yield* seed([{ id: "9", properties: product }])
      const weekly = { hs_product_id: "9", recurringbillingfrequency: "weekly" }
      const refused = yield* post(root, { properties: weekly })
      assert.include(refused.body.message, "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH")
      const [id] = yield* createAll([{ hs_product_id: "9" }])
      const patch = (properties: object) => api("PATCH", `${root}/${id}`, { properties })
      const change = yield* patch({ recurringbillingfrequency: "weekly" })
      assert.include(change.body.message, "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH")
      const both = { recurringbillingfrequency: "weekly", hs_recurring_billing_period: "P3W" }
      const { body } = yield* patch(both)
      assert.deepInclude(body.properties, { ...both, hs_recurring_billing_number_of_payments: "3" })
      const batch = yield* post(`${root}/batch/update`, {
        inputs: [{ id, properties: { hs_recurring_billing_period: "P3M" }, objectWriteTraceId: "a" }]
      })
      assert.strictEqual(batch.body.numErrors, 1)
      const read = yield* get(`${root}/${id}?properties=hs_recurring_billing_period`)
      assert.strictEqual(read.body.properties.hs_recurring_billing_period, "P3W")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
