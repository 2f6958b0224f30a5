import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { api, get, post, root } from "./api.ts"

const deals = "/crm/v3/objects/deals"

const unique = {
  name: "erp_number",
  label: "ERP number",
  type: "string",
  fieldType: "text",
  groupName: "dealinformation",
  hasUniqueValue: true
}

const define = (objectType: string, property: object) =>
  Effect.map(post(`/crm/v3/properties/${objectType}`, property), ({ status, text }) =>
    assert.strictEqual(status, 201, text)
  )

const byNumber = (...numbers: ReadonlyArray<string>) => ({
  idProperty: "erp_number",
  properties: ["erp_number", "dealname"],
  inputs: numbers.map((id) => ({ id }))
})

const ledgerOf = Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)

describe("other objects", () => {
  it.effect(
    "are made over the API, and read by a property with unique values, under all names of the type",
    () =>
      Effect.gen(function* () {
        yield* define("deals", unique)
        const inputs = ["A", "B"].map((number) => ({
          properties: { dealname: `Deal ${number}`, erp_number: number },
          objectWriteTraceId: number
        }))
        assert.strictEqual((yield* post(`${deals}/batch/create`, { inputs })).status, 201)
        const single = yield* post(deals, { properties: { dealname: "Deal C", erp_number: "C" } })
        assert.strictEqual(single.status, 201)
        for (const name of ["deals", "deal", "0-3"]) {
          for (const version of [`/crm/v3/objects/${name}`, `/crm/objects/2026-03/${name}`]) {
            const { body, status } = yield* post(`${version}/batch/read`, byNumber("A", "C", "Z"))
            assert.strictEqual(status, 207)
            assert.deepStrictEqual(body.results.map(({ properties }) => properties.dealname).sort(), [
              "Deal A",
              "Deal C"
            ])
            assert.deepStrictEqual(body.errors[0]!.context.ids, ["Z"])
            assert.notProperty(body.results[0]!.properties, "price")
          }
        }
        const again = yield* post(deals, { properties: { erp_number: "C" } })
        assert.strictEqual(again.status, 409)
        // They are no line items.
        assert.lengthOf((yield* ledgerOf).created, 0)
        assert.deepStrictEqual((yield* get(root)).body.results, [])
        const { seedObjects } = yield* Emulator.Emulator
        yield* seedObjects("orders", ["71"])
        const ids = ["71", single.body.id].map((id) => ({ id }))
        const orders = yield* post("/crm/v3/objects/orders/batch/read", { inputs: ids })
        assert.deepStrictEqual(
          orders.body.results.map(({ id }) => id),
          ["71"]
        )
        assert.deepStrictEqual(orders.body.errors[0]!.context.ids, [single.body.id])
        // Without seeds, those exist that may be named as parents.
        const carts = yield* post("/crm/v3/objects/carts/batch/read", { inputs: ids })
        assert.lengthOf(carts.body.results, 2)
      }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("are found by a search after its lag", () =>
    Effect.gen(function* () {
      yield* post(deals, { properties: { dealname: "Alpha" } })
      const search = Effect.map(
        post(`${deals}/search`, {
          filterGroups: [{ filters: [{ propertyName: "dealname", operator: "IN", values: ["alpha"] }] }],
          properties: ["dealname"]
        }),
        ({ body }) => body.total
      )
      assert.strictEqual(yield* search, 0)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* search, 1)
      const unknown = yield* post(`${deals}/search`, {
        filterGroups: [{ filters: [{ propertyName: "price", operator: "HAS_PROPERTY" }] }]
      })
      assert.strictEqual(unknown.status, 400)
    }).pipe(Effect.provide(Emulator.layer({ searchLag: 30_000 })))
  )

  it.effect("are parents and products of line items", () =>
    Effect.gen(function* () {
      const { seedObjects } = yield* Emulator.Emulator
      yield* seedObjects("deals", ["1"])
      const deal = yield* post(deals, { properties: { dealname: "Alpha" } })
      const product = yield* post("/crm/v3/objects/products", { properties: { name: "Chair", price: "7" } })
      assert.strictEqual(product.status, 201, product.text)
      const made = yield* post(root, {
        properties: { hs_product_id: product.body.id },
        associations: [Association.make("deal", deal.body.id)]
      })
      assert.strictEqual(made.status, 201, made.text)
      const { body } = yield* get(`${root}/${made.body.id}?properties=name,price`)
      assert.deepInclude(body.properties, { name: "Chair", price: "7" })
      const orphan = yield* post(root, { properties: {}, associations: [Association.make("deal", "2")] })
      assert.strictEqual(orphan.status, 400)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("need scopes of their own", () =>
    Effect.gen(function* () {
      const { setScopes } = yield* Emulator.Emulator
      yield* setScopes(["e-commerce", "crm.objects.line_items.write"])
      for (const [path, scope] of [
        [`${deals}/batch/read`, "crm.objects.deals.read"],
        ["/crm/v3/objects/commerce_payments/search", undefined],
        ["/crm/v3/objects/0-101/search", "crm.objects.commerce_payments.read"]
      ] as const) {
        const { body, status } = yield* post(path, { inputs: [] })
        assert.strictEqual(status, scope === undefined ? 400 : 403, path)
        if (scope !== undefined) assert.include(JSON.stringify(body), scope)
      }
      assert.strictEqual((yield* get("/crm/v3/properties/deals")).status, 403)
      assert.strictEqual((yield* get("/crm/v3/properties/products")).status, 200)
      yield* setScopes(["crm.objects.deals.read"])
      assert.strictEqual((yield* post(`${deals}/batch/read`, byNumber("A"))).status, 400)
      assert.strictEqual((yield* get("/crm/v3/properties/deals")).status, 200)
      assert.strictEqual((yield* post(deals, { properties: {} })).status, 403)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("of other types are refused as they were, and a wrong method is a 405", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* post("/crm/v3/objects/contacts/search", {})).status, 404)
      assert.strictEqual((yield* post("/crm/v3/objects/widgets/search", {})).status, 400)
      assert.strictEqual((yield* api("GET", `${deals}/search`)).status, 405)
      assert.strictEqual((yield* get("/crm/v3/objects/contacts/search")).status, 404)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
