import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { type ApiAnswer, api, createAll, get, post, root } from "./api.ts"

const day = 86_400_000
const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

describe("creating one line item", () => {
  it.effect("answers 201 with the record and writes it into the ledger without a trace id", () =>
    Effect.gen(function* () {
      const association = Association.make("deal", "4711")
      const { body, status } = yield* post(root, {
        properties: { name: "Chair", price: 19.9 },
        associations: [association],
        objectWriteTraceId: "passed over"
      })
      assert.strictEqual(status, 201)
      assert.notProperty(body, "objectWriteTraceId")
      assert.deepInclude(body.properties, { name: "Chair", price: "19.9", hs_object_id: body.id })
      const { created, requests } = yield* ledger
      assert.deepStrictEqual(created, [
        {
          id: body.id,
          objectWriteTraceId: null,
          properties: { name: "Chair", price: "19.9" },
          associations: [association],
          createdAt: "1970-01-01T00:00:00.000Z"
        }
      ])
      assert.deepInclude(requests[0], { path: root, status: 201, inputs: 1 })
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("answers 400 for a bad input and creates nothing", () =>
    Effect.gen(function* () {
      for (const properties of [{ prise: "1" }, { hs_margin: "1" }, { price: "-1" }]) {
        const { body, status } = yield* post(root, { properties })
        assert.strictEqual(status, 400)
        assert.strictEqual(body.category, "VALIDATION_ERROR")
        assert.strictEqual(body.errors.length, 1)
      }
      assert.strictEqual((yield* post(root, [])).status, 400)
      assert.deepStrictEqual((yield* ledger).created, [])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("keeps hs_external_id as it is sent and refuses hs_unique_creation_key", () =>
    Effect.gen(function* () {
      const first = yield* post(root, { properties: { hs_external_id: "A" } })
      const second = yield* post(root, { properties: { hs_external_id: "A" } })
      assert.deepStrictEqual([first.status, second.status], [201, 201])
      const { body, status } = yield* post(root, { properties: { hs_unique_creation_key: "A" } })
      assert.strictEqual(status, 400)
      assert.include(body.message, "READ_ONLY_VALUE")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("reading one line item", () => {
  it.effect("shows the default properties, empty ones as null", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ name: "Chair", price: "19.90", quantity: "3", discount: "0.90" }])
      const { body, status } = yield* get(`${root}/${id}`)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual<object>(body, {
        id,
        properties: {
          amount: "57.00",
          createdate: "1970-01-01T00:00:00.000Z",
          hs_lastmodifieddate: "1970-01-01T00:00:00.000Z",
          hs_object_id: id,
          price: "19.90",
          quantity: "3"
        },
        createdAt: "1970-01-01T00:00:00.000Z",
        updatedAt: "1970-01-01T00:00:00.000Z",
        archived: false
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("shows what is asked for: empty as null, unknown not at all, in commas or repeated", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([
        { name: "Chair", tax: "", price: "10", quantity: "4", hs_discount_percentage: "25" }
      ])
      const one = yield* get(`${root}/${id}?properties=name,tax,nonsense,amount&properties=hs_sku`)
      assert.deepStrictEqual(one.body.properties, {
        createdate: "1970-01-01T00:00:00.000Z",
        hs_lastmodifieddate: "1970-01-01T00:00:00.000Z",
        hs_object_id: id!,
        name: "Chair",
        tax: null,
        amount: "30.00",
        hs_sku: null
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("shows histories, the newest value first, and associations by type", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll(
        [{ name: "Chair" }],
        [Association.make("deal", "1"), Association.make("abandonedCart", "2")]
      )
      yield* TestClock.adjust("1 minute")
      yield* api("PATCH", `${root}/${id}`, { properties: { name: "Stool" } })
      const { body } = yield* get(
        `${root}/${id}?propertiesWithHistory=name,hs_sku,hs_object_id&associations=deals,quotes,abandoned_cart`
      )
      assert.deepStrictEqual<object>(body.propertiesWithHistory, {
        name: [
          { value: "Stool", timestamp: "1970-01-01T00:01:00.000Z", sourceType: "API" },
          { value: "Chair", timestamp: "1970-01-01T00:00:00.000Z", sourceType: "API" }
        ],
        hs_sku: [],
        hs_object_id: [{ value: id, timestamp: "1970-01-01T00:01:00.000Z", sourceType: "API" }]
      })
      assert.deepStrictEqual<object>(body.associations, {
        deals: { results: [{ id: "1", type: "line_item_to_deal" }] },
        abandoned_carts: { results: [{ id: "2", type: "line_item_to_abandoned_cart" }] }
      })
      assert.strictEqual((yield* get(`${root}/${id}?associations=contacts`)).status, 400)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("finds it by a unique property, and refuses one that is not unique in HubSpot's words", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ name: "Chair", key: "A-1" }])
      assert.strictEqual((yield* get(`${root}/A-1?idProperty=key`)).body.id, id)
      assert.strictEqual((yield* get(`${root}/A-2?idProperty=key`)).status, 404)
      for (const name of ["name", "hs_object_id", "nonsense"]) {
        const { body, status } = yield* get(`${root}/${id}?idProperty=${name}`)
        assert.strictEqual(status, 400)
        assert.include(body.message, `by non-unique 0-8 property ${name} in portal ID 42`)
      }
    }).pipe(Effect.provide(Emulator.layer({ portalId: 42, uniqueProperties: ["key"] })))
  )

  it.effect("answers 404 with a body for ids that do not exist", () =>
    Effect.gen(function* () {
      const about = (id: string) => ({ context: { id: [id] }, category: "OBJECT_NOT_FOUND" })
      const words = {
        "1": { message: "resource not found" },
        "20000000001": { message: "resource not found" },
        "0": { message: "Object not found.  objectId is usually positive.", ...about("0") },
        abc: { message: "Object not found.  objectId are usually numeric.", ...about("abc") },
        ["__proto__"]: { message: "Object not found.  objectId are usually numeric.", ...about("__proto__") }
      }
      for (const [id, expected] of Object.entries(words)) {
        for (const method of ["GET", "PATCH"] as const) {
          const { body, headers, status } = yield* api(
            method,
            `${root}/${id}`,
            method === "PATCH" ? { properties: { name: "x" } } : undefined
          )
          assert.strictEqual(status, 404)
          assert.deepStrictEqual<object>(body, {
            status: "error",
            correlationId: headers["x-hubspot-correlation-id"],
            ...expected
          })
        }
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("can be told that the 404 of a numeric id has a category", () =>
    Effect.gen(function* () {
      const { body } = yield* get(`${root}/1`)
      assert.deepStrictEqual([body.message, body.category], ["resource not found", "OBJECT_NOT_FOUND"])
    }).pipe(Effect.provide(Emulator.layer({ behaviour: { missingRecord: "categorized" } })))
  )
})

describe("updating one line item", () => {
  it.effect("changes what is sent, empties what is sent empty and leaves the rest", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll(
        [{ name: "Chair", hs_sku: "S", price: "1" }],
        [Association.make("deal", "1")]
      )
      yield* TestClock.adjust("1 second")
      const { body, status } = yield* api("PATCH", `${root}/${id}`, {
        properties: { name: "Stool", hs_sku: "" }
      })
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(body.properties, {
        name: "Stool",
        hs_sku: null,
        hs_position_on_quote: "0",
        hs_recurring_billing_number_of_payments: "1",
        createdate: "1970-01-01T00:00:00.000Z",
        hs_lastmodifieddate: "1970-01-01T00:00:01.000Z",
        hs_object_id: id!
      })
      const read = yield* get(`${root}/${id}?properties=name,price,hs_sku&associations=deal`)
      assert.deepInclude(read.body.properties, { name: "Stool", price: "1", hs_sku: null })
      assert.property(read.body.associations, "deals")
      assert.strictEqual((yield* ledger).created.length, 1)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("goes by a unique property too", () =>
    Effect.gen(function* () {
      yield* createAll([{ key: "A-1" }])
      const change = { properties: { name: "Stool" } }
      assert.strictEqual(
        (yield* api("PATCH", `${root}/A-1?idProperty=key`, change)).body.properties.name,
        "Stool"
      )
      assert.strictEqual((yield* api("PATCH", `${root}/A-2?idProperty=key`, change)).status, 404)
      assert.strictEqual((yield* api("PATCH", `${root}/A-1?idProperty=name`, change)).status, 400)
    }).pipe(Effect.provide(Emulator.layer({ uniqueProperties: ["key"] })))
  )

  it.effect("refuses nothing to update, read-only and unknown properties, taken values and unknown ids", () =>
    Effect.gen(function* () {
      const [, id] = yield* createAll([{ key: "A-1" }, { key: "A-2" }])
      const patch = (properties: object) => api("PATCH", `${root}/${id}`, { properties })
      assert.strictEqual(
        (yield* patch({})).body.message,
        "No properties found to update, please provide at least one."
      )
      for (const [properties, code] of [
        [{ prise: "1" }, "PROPERTY_DOESNT_EXIST"],
        [{ createdate: "1" }, "READ_ONLY_VALUE"],
        [{ key: "A-1" }, "CONFLICTING_UNIQUE_VALUE"]
      ] as const) {
        const { body, status } = yield* patch(properties)
        assert.strictEqual(status, 400)
        assert.include(body.message, code)
      }
      assert.strictEqual((yield* patch({ key: "A-2" })).status, 200)
      assert.strictEqual((yield* api("PATCH", `${root}/1`, { properties: { name: "x" } })).status, 404)
    }).pipe(Effect.provide(Emulator.layer({ uniqueProperties: ["key"] })))
  )
})

describe("archiving", () => {
  it.effect("is idempotent and answers 204 without a body, whatever was there", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ name: "Chair" }])
      for (const one of [id, id, "1", "nonsense"]) {
        const { status, text } = yield* api("DELETE", `${root}/${one}`)
        assert.deepStrictEqual([status, text], [204, ""])
      }
      const { status, text } = yield* post(`${root}/batch/archive`, { inputs: [{ id }, { id: 7 }] })
      assert.deepStrictEqual([status, text], [204, ""])
      assert.strictEqual((yield* post(`${root}/batch/archive`, { inputs: [] })).status, 400)
      const many = Array.from({ length: 101 }, (_, index) => ({ id: index }))
      assert.include((yield* post(`${root}/batch/archive`, { inputs: many })).body.message, "is 100")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("hides a record from all but those who ask for archived ones, and 90 days later from all", () =>
    Effect.gen(function* () {
      const [id, other] = yield* createAll([{ name: "Chair" }, { name: "Table" }])
      yield* TestClock.adjust("1 hour")
      yield* api("DELETE", `${root}/${id}`)
      assert.strictEqual((yield* get(`${root}/${id}`)).status, 404)
      assert.strictEqual((yield* api("PATCH", `${root}/${id}`, { properties: { name: "x" } })).status, 404)
      const archived = get(`${root}/${id}?archived=true`)
      assert.deepInclude((yield* archived).body, {
        archived: true,
        archivedAt: "1970-01-01T01:00:00.000Z"
      })
      assert.strictEqual((yield* get(`${root}/${other}?archived=true`)).status, 404)
      const ids = (path: string) => Effect.map(get(path), ({ body }) => body.results.map((_) => _.id))
      assert.deepStrictEqual(yield* ids(root), [other!])
      assert.deepStrictEqual(yield* ids(`${root}?archived=true`), [id!])
      yield* TestClock.adjust(90 * day - 1)
      assert.strictEqual((yield* archived).status, 200)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* archived).status, 404)
      assert.deepStrictEqual(yield* ids(`${root}?archived=true`), [])
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("listing", () => {
  it.effect("gives pages of ten in order of ids, with the cursor and link of the next one", () =>
    Effect.gen(function* () {
      const ids = yield* createAll(Array.from({ length: 25 }, (_, index) => ({ name: `Item ${index}` })))
      yield* api("DELETE", `${root}/${ids[3]}`)
      const seen: Array<string> = []
      let path: string | undefined = `${root}?properties=name`
      let pages = 0
      while (path !== undefined) {
        const { body }: ApiAnswer = yield* get(path)
        seen.push(...body.results.map((_) => _.id))
        pages++
        const link: string | undefined = body.paging?.next.link
        if (link !== undefined) assert.include(link, `after=${body.paging!.next.after}`)
        path = link?.replace("https://api.hubapi.com", "")
      }
      assert.strictEqual(pages, 3)
      assert.deepStrictEqual(
        seen,
        ids.filter((id) => id !== ids[3])
      )
      const all = yield* get(`${root}?limit=100`)
      assert.strictEqual(all.body.results.length, 24)
      assert.isUndefined(all.body.paging)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("refuses more than a hundred, and limits and cursors that are none", () =>
    Effect.gen(function* () {
      for (const query of ["limit=101", "limit=0", "limit=ten", "after=x", "associations=contacts"]) {
        const { body, status } = yield* get(`${root}?${query}`)
        assert.strictEqual(status, 400, query)
        // A type that is none has no category.
        assert.strictEqual(body.category, query.startsWith("assoc") ? undefined : "VALIDATION_ERROR")
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
