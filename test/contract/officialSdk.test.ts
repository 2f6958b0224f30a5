import { Credentials, LineItems } from "@effect-hubspot/http"
import { Client } from "@hubspot/api-client"
import { AssociationSpecAssociationCategoryEnum as Category } from "@hubspot/api-client/lib/codegen/crm/line_items/models/AssociationSpec.js"
import { FilterOperatorEnum as Operator } from "@hubspot/api-client/lib/codegen/crm/line_items/models/Filter.js"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { serve, type Server } from "../batch/cli/run.ts"

/*
 * HubSpot's own SDK, unmodified, against `line-items serve`. What it sends and
 * what it reads is what HubSpot's customers do every day.
 */

const token = "pat-eu1-official-sdk"
const deal = {
  to: { id: "4711" },
  types: [{ associationCategory: Category.HubspotDefined, associationTypeId: 20 }]
}

interface ApiException {
  readonly code: number
  readonly body: { readonly category?: string; readonly message?: string; readonly correlationId?: string }
}

const refused = async (call: Promise<unknown>): Promise<ApiException> => {
  try {
    await call
  } catch (error) {
    return error as ApiException
  }
  throw new Error("it was not refused")
}

const property = (name: string, operator: Operator, value: string) => ({
  propertyName: name,
  operator,
  value
})

describe("the official SDK takes the emulator for HubSpot", () => {
  let emulator: Server
  let sdk: Client["crm"]["lineItems"]
  let hubspot: Client

  beforeAll(async () => {
    emulator = await serve()
    hubspot = new Client({ accessToken: token, basePath: emulator.url })
    sdk = hubspot.crm.lineItems
  })
  afterAll(() => emulator.stop())

  const ours = <A, E>(use: (lineItems: LineItems.LineItems["Service"]) => Effect.Effect<A, E>) =>
    Effect.runPromise(
      Effect.flatMap(LineItems.LineItems, use).pipe(
        Effect.provide(
          LineItems.layer({ baseUrl: emulator.url }).pipe(
            Layer.provide(Credentials.layer(Redacted.make(token))),
            Layer.provide(NodeHttpClient.layerUndici)
          )
        )
      )
    )

  it("creates, reads, updates and archives one", async () => {
    const created = await sdk.basicApi.create({
      properties: { name: "Chair", price: "12.50" },
      associations: [deal]
    })
    assert.strictEqual(created.properties["name"], "Chair")
    assert.instanceOf(created.createdAt, Date)
    const read = await sdk.basicApi.getById(created.id, ["name", "price", "hs_sku"], undefined, ["deals"])
    assert.strictEqual(read.properties["price"], "12.50")
    assert.strictEqual(Object.values(read.associations ?? {})[0]?.results[0]?.id, "4711")
    const updated = await sdk.basicApi.update(created.id, { properties: { quantity: "3" } })
    assert.strictEqual(updated.id, created.id)
    const again = await sdk.basicApi.getById(created.id, ["quantity"])
    assert.strictEqual(again.properties["quantity"], "3")
    await sdk.basicApi.archive(created.id)
    assert.strictEqual((await refused(sdk.basicApi.getById(created.id))).code, 404)
    const archived = await sdk.basicApi.getById(created.id, undefined, undefined, undefined, true)
    assert.isTrue(archived.archived)
  })

  it("lists page by page", async () => {
    await sdk.batchApi.create({
      inputs: Array.from({ length: 5 }, (_, n) => ({ properties: { name: `Listed ${n}` }, associations: [] }))
    })
    const page = await sdk.basicApi.getPage(2, undefined, ["name"])
    assert.lengthOf(page.results, 2)
    assert.isString(page.paging?.next?.after)
    const all = await sdk.getAll(3, undefined, ["name"])
    assert.isAtLeast(all.filter((object) => object.properties["name"]?.startsWith("Listed")).length, 5)
  })

  it("creates a batch, wholly (201), in part (207), and not at all (400)", async () => {
    const good = { properties: { name: "Good" }, associations: [deal], objectWriteTraceId: "g" }
    const bad = { properties: { price: "-1" }, associations: [], objectWriteTraceId: "b" }
    const whole = await sdk.batchApi.createWithHttpInfo({ inputs: [good] })
    assert.strictEqual(whole.httpStatusCode, 201)
    assert.strictEqual(whole.data.status, "COMPLETE")
    const part = await sdk.batchApi.createWithHttpInfo({ inputs: [good, bad] })
    assert.strictEqual(part.httpStatusCode, 207)
    assert.lengthOf(part.data.results, 1)
    assert.strictEqual("numErrors" in part.data ? part.data.numErrors : 0, 1)
    assert.deepStrictEqual("errors" in part.data ? part.data.errors?.[0]?.context : {}, {
      objectWriteTraceId: ["b"]
    })
    const { objectWriteTraceId: _, ...untraced } = bad
    const refusal = await refused(sdk.batchApi.create({ inputs: [untraced] }))
    assert.strictEqual(refusal.code, 400)
    assert.strictEqual(refusal.body.category, "VALIDATION_ERROR")
    assert.isString(refusal.body.correlationId)
    const many = {
      inputs: Array.from({ length: 101 }, () => ({ properties: { name: "x" }, associations: [] }))
    }
    assert.match(
      (await refused(sdk.batchApi.create(many))).body.message ?? "",
      /maximum number of inputs .* is 100/
    )
  })

  it("reads, updates and archives a batch", async () => {
    const { results } = await sdk.batchApi.create({
      inputs: [1, 2].map((n) => ({ properties: { name: `B${n}`, quantity: "1" }, associations: [] }))
    })
    const inputs = results.map(({ id }) => ({ id }))
    const read = await sdk.batchApi.readWithHttpInfo({
      inputs: [...inputs, { id: "1" }],
      properties: ["quantity"],
      propertiesWithHistory: []
    })
    assert.strictEqual(read.httpStatusCode, 207)
    assert.lengthOf(read.data.results, 2)
    await sdk.batchApi.update({ inputs: inputs.map(({ id }) => ({ id, properties: { quantity: "5" } })) })
    const after = await sdk.batchApi.read({ inputs, properties: ["quantity"], propertiesWithHistory: [] })
    assert.deepStrictEqual(
      after.results.map((result) => result.properties["quantity"]),
      ["5", "5"]
    )
    await sdk.batchApi.archive({ inputs })
    const gone = await sdk.batchApi.read({ inputs, properties: [], propertiesWithHistory: [] })
    assert.lengthOf(gone.results, 0)
  })

  it("defines a property with unique values, upserts by it, and meets the conflict", async () => {
    await hubspot.crm.properties.coreApi.create("line_items", {
      name: "erp_key",
      label: "ERP key",
      type: "string" as never,
      fieldType: "text" as never,
      groupName: "lineiteminformation",
      hasUniqueValue: true
    })
    const upsert = (name: string) =>
      sdk.batchApi.upsert({ inputs: [{ id: "A-1", idProperty: "erp_key", properties: { name } }] })
    const first = await upsert("one")
    const second = await upsert("two")
    assert.deepStrictEqual([first.results[0]?._new, second.results[0]?._new], [true, false])
    assert.strictEqual(first.results[0]?.id, second.results[0]?.id)
    const conflict = await refused(
      sdk.basicApi.create({ properties: { name: "three", erp_key: "A-1" }, associations: [] })
    )
    assert.strictEqual(conflict.code, 409)
    assert.match(conflict.body.message ?? "", new RegExp(first.results[0]!.id))
  })

  it("searches", async () => {
    const name = `Needle ${process.pid}`
    await sdk.batchApi.create({
      inputs: [3, 1, 2].map((n) => ({ properties: { name, quantity: String(n) }, associations: [] }))
    })
    const found = await sdk.searchApi.doSearch({
      filterGroups: [
        { filters: [property("name", Operator.Eq, name), property("quantity", Operator.Gte, "2")] }
      ],
      sorts: ["quantity"],
      properties: ["quantity"],
      limit: 10,
      after: "0"
    })
    assert.strictEqual(found.total, 2)
    assert.deepStrictEqual(
      found.results.map((result) => result.properties["quantity"]),
      ["2", "3"]
    )
  })

  it("meets 401 as it would live", async () => {
    const stranger = new Client({ accessToken: "x", basePath: emulator.url }).crm.lineItems
    const refusal = await refused(stranger.basicApi.getById("1"))
    assert.strictEqual(refusal.code, 401)
    assert.strictEqual(refusal.body.category, "INVALID_AUTHENTICATION")
  })

  it("reads back what our client wrote, and the other way round", async () => {
    const id = await ours((lineItems) =>
      Effect.map(lineItems.create({ properties: { name: "Ours", price: "0.10" } }), (object) => object.id)
    )
    const theirs = await sdk.basicApi.getById(id, ["name", "price"])
    assert.strictEqual(theirs.properties["name"], "Ours")
    assert.strictEqual(theirs.properties["price"], "0.10")
    const created = await sdk.basicApi.create({ properties: { name: "Theirs" }, associations: [] })
    const read = await ours((lineItems) => lineItems.get(created.id, { properties: ["name"] }))
    assert.strictEqual(read.properties?.name, "Theirs")
  })
})
