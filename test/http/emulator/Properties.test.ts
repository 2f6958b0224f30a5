import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { LineItem, StandardProperties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Definitions from "../../../packages/http/src/emulator/state/Definitions.ts"
import { api, createAll, get, post, root } from "./api.ts"

const ofLineItems = "/crm/v3/properties/line_items"
const ofProducts = "/crm/v3/properties/products"

interface Shown {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly fieldType: string
  readonly hidden: boolean
  readonly archived: boolean
  readonly calculated: boolean
  readonly createdAt: string
  readonly updatedAt: string
  readonly options: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly modificationMetadata: { readonly readOnlyValue: boolean }
}

const shown = (path: string) => Effect.map(get(path), ({ body }) => body as unknown as Shown)

const definition = {
  name: "colour",
  label: "Colour",
  type: "enumeration",
  fieldType: "select",
  groupName: "lineiteminformation",
  options: [
    { label: "Ten", value: "10" },
    { label: "Two", value: "2" }
  ]
}

describe("the catalogue", () => {
  it("has about a hundred properties, each once, and all that the library knows in the same types", () => {
    const { all } = Definitions.lineItems()
    assert.strictEqual(all.size, StandardProperties.lineItems.length)
    assert.isAtLeast(all.size, 95)
    for (const [name, { readOnly, type }] of LineItem.knownProperties) {
      const found = all.get(name)
      assert.deepStrictEqual([found?.type, found?.readOnly], [type, readOnly], name)
    }
    for (const { label, name } of all.values()) assert.notStrictEqual(label, name)
  })

  it.effect("shows HubSpot's labels, options and flags", () =>
    Effect.gen(function* () {
      const labels = {
        hs_recurring_billing_period: "Term",
        discount: "Unit discount",
        hs_cost_of_goods_sold: "Unit cost",
        amount: "Net price",
        price: "Unit price",
        hs_sku: "SKU"
      }
      for (const [name, label] of Object.entries(labels)) {
        assert.strictEqual((yield* shown(`${ofLineItems}/${name}`)).label, label)
      }
      const values = (name: string) =>
        Effect.map(shown(`${ofLineItems}/${name}`), ({ options }) => options.map(({ value }) => value))
      assert.deepStrictEqual(yield* values("hs_pricing_model"), ["flat", "tiered"])
      assert.deepStrictEqual(yield* values("hs_product_type"), ["inventory", "non-inventory", "service"])
      assert.strictEqual((yield* values("hs_recurring_billing_terms"))[0], "FIXED")
      for (const name of "hs_tiers hs_tier_amount hs_origin_key hs_group_key hs_object_source_detail_1 hs_object_source_detail_2 hs_object_source_detail_3 hs_all_owner_ids hs_all_team_ids hs_all_accessible_team_ids hs_owning_teams hs_shared_team_ids hs_shared_user_ids hs_all_assigned_business_unit_ids hs_user_ids_of_all_notification_followers hs_user_ids_of_all_notification_unfollowers hs_user_ids_of_all_owners hs_sync_amount hs_buyer_selected_quantity_min hs_buyer_selected_quantity_max hs_read_only hubspot_owner_assigneddate".split(
        " "
      )) {
        assert.strictEqual((yield* get(`${ofLineItems}/${name}`)).status, 200, name)
      }
      const flags = yield* shown(`${ofLineItems}/hs_mrr`)
      assert.deepStrictEqual([flags.calculated, flags.modificationMetadata.readOnlyValue], [true, true])
      const product = yield* shown(`${ofProducts}/hs_product_classification`)
      assert.deepStrictEqual(
        product.options.map(({ value }) => value),
        ["standalone", "variant", "bundle"]
      )
      assert.strictEqual((yield* get(`${ofProducts}/quantity`)).status, 404)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("is found by other names of the type, and not for types that are not there", () =>
    Effect.gen(function* () {
      for (const name of ["line_item", "0-8", "products", "product", "0-7"]) {
        assert.strictEqual((yield* get(`/crm/v3/properties/${name}`)).status, 200, name)
      }
      const { body, status } = yield* get("/crm/v3/properties/widgets")
      assert.strictEqual(status, 400)
      assert.strictEqual(body.message, "Unable to infer object type from: widgets")
      assert.notProperty(body, "category")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("a definition", () => {
  it.effect("keeps the order of its options, and can be changed, but not HubSpot's own", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* post(ofLineItems, definition)).status, 201)
      const made = yield* shown(`${ofLineItems}/colour`)
      assert.deepStrictEqual(
        made.options.map(({ label, value }) => ({ label, value })),
        definition.options
      )
      yield* TestClock.adjust("1 second")
      const options = [...definition.options, { label: "Red", value: "red" }]
      const change = yield* api("PATCH", `${ofLineItems}/colour`, { label: "Color", hidden: true, options })
      assert.strictEqual(change.status, 200)
      const changed = yield* shown(`${ofLineItems}/colour`)
      assert.deepInclude(changed, {
        label: "Color",
        hidden: true,
        createdAt: "1970-01-01T00:00:01.000Z",
        updatedAt: "1970-01-01T00:00:02.000Z"
      })
      assert.strictEqual((yield* post(root, { properties: { colour: "red" } })).status, 201)
      for (const [path, body, status] of [
        [`${ofLineItems}/price`, { label: "Cost" }, 400],
        [`${ofLineItems}/nonsense`, { label: "Cost" }, 404],
        [`${ofLineItems}/colour`, { groupName: "nonsense" }, 400],
        [`${ofLineItems}/colour`, { type: "text" }, 400]
      ] as const) {
        assert.strictEqual((yield* api("PATCH", path, body)).status, status, path)
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("with unique values keeps them apart after it is changed", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ key: "A" }])
      assert.strictEqual((yield* api("PATCH", `${ofLineItems}/key`, { label: "Key" })).status, 200)
      assert.strictEqual((yield* post(root, { properties: { key: "A" } })).status, 409)
      assert.strictEqual((yield* get(`${root}/A?idProperty=key`)).body.id, id)
    }).pipe(Effect.provide(Emulator.layer({ uniqueProperties: ["key"] })))
  )

  it.effect("can be archived, and is then shown to who asks for archived ones only", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ key: "A" }])
      assert.strictEqual((yield* api("DELETE", `${ofLineItems}/key`)).status, 204)
      assert.strictEqual((yield* api("DELETE", `${ofLineItems}/key`)).status, 404)
      assert.strictEqual((yield* api("DELETE", `${ofLineItems}/price`)).status, 400)
      assert.strictEqual((yield* get(`${ofLineItems}/key`)).status, 404)
      const archived = yield* shown(`${ofLineItems}/key?archived=true`)
      assert.deepInclude(archived, { archived: true, archivedAt: "1970-01-01T00:00:00.000Z" } as object)
      const names = (path: string) => Effect.map(get(path), ({ body }) => body.results.map((_) => _.name))
      assert.deepStrictEqual(yield* names(`${ofLineItems}?archived=true`), ["key"])
      assert.notInclude(yield* names(ofLineItems), "key")
      assert.include((yield* post(root, { properties: { key: "B" } })).body.message, "PROPERTY_DOESNT_EXIST")
      assert.notProperty((yield* get(`${root}/${id}?properties=key`)).body.properties, "key")
      const again = { ...definition, name: "key", type: "string", fieldType: "text", options: [] }
      assert.strictEqual((yield* post(ofLineItems, again)).status, 201)
      assert.deepStrictEqual(yield* names(`${ofLineItems}?archived=true`), [])
    }).pipe(Effect.provide(Emulator.layer({ uniqueProperties: ["key"] })))
  )
})

describe("batches of definitions", () => {
  it.effect("are created, read and archived, with what is wrong beside", () =>
    Effect.gen(function* () {
      const inputs = ["a", "b", "price"].map((name) => ({ ...definition, name }))
      const made = yield* post(`${ofLineItems}/batch/create`, { inputs })
      assert.deepStrictEqual([made.status, made.body.status, made.body.numErrors], [207, "COMPLETE", 1])
      assert.deepStrictEqual(
        made.body.results.map((_) => _.name),
        ["a", "b"]
      )
      assert.deepInclude(made.body.errors[0], {
        category: "OBJECT_ALREADY_EXISTS",
        context: { name: ["price"] }
      })
      const read = (names: ReadonlyArray<string>, archived = false) =>
        post(`${ofLineItems}/batch/read`, { archived, inputs: names.map((name) => ({ name })) })
      assert.strictEqual((yield* read(["a", "price"])).status, 200)
      assert.deepStrictEqual((yield* read(["a", "nonsense"])).body.numErrors, 1)
      const gone = yield* post(`${ofLineItems}/batch/archive`, {
        inputs: [{ name: "a" }, { name: "price" }, { name: "nonsense" }]
      })
      assert.strictEqual(gone.status, 204)
      assert.strictEqual((yield* read(["a"], true)).status, 200)
      assert.strictEqual((yield* read(["b", "price"])).status, 200)
      const again = yield* post(`${ofLineItems}/batch/create`, { inputs: inputs.slice(0, 1) })
      assert.strictEqual(again.status, 201)
      assert.strictEqual((yield* post(`${ofLineItems}/batch/read`, { inputs: [{}] })).status, 400)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("groups", () => {
  it.effect("can be added, used, changed and archived when they are empty", () =>
    Effect.gen(function* () {
      const groups = `${ofLineItems}/groups`
      const group = { name: "erp", label: "ERP", displayOrder: 3 }
      assert.strictEqual((yield* post(groups, group)).status, 201)
      assert.strictEqual((yield* post(groups, group)).status, 409)
      assert.strictEqual((yield* post(groups, { name: "x" })).status, 400)
      assert.strictEqual((yield* post(ofLineItems, { ...definition, groupName: "erp" })).status, 201)
      assert.deepInclude((yield* get(`${groups}/erp`)).body, { ...group, archived: false } as object)
      assert.strictEqual((yield* api("PATCH", `${groups}/erp`, { label: "SAP" })).status, 200)
      const { body } = yield* get(groups)
      assert.deepStrictEqual<ReadonlyArray<object>>(body.results, [
        {
          name: "lineiteminformation",
          label: "Line item information",
          displayOrder: 0,
          archived: false
        },
        { ...group, label: "SAP", archived: false }
      ])
      assert.strictEqual((yield* api("DELETE", `${groups}/erp`)).status, 400)
      yield* api("DELETE", `${ofLineItems}/colour`)
      assert.strictEqual((yield* api("DELETE", `${groups}/erp`)).status, 204)
      assert.strictEqual((yield* get(`${groups}/erp`)).status, 404)
      assert.strictEqual((yield* get(`${ofProducts}/groups/productinformation`)).status, 200)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
