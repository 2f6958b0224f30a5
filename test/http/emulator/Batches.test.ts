import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { ApiVersion } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { api, createAll, get, post, root } from "./api.ts"

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

const withKeys = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: `K${n}`, name: `Item ${n}` }))

const layer = () => Emulator.layer({ uniqueProperties: ["key"] })

describe("batch read", () => {
  it.effect("answers 207 with one error that names all ids it did not find", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "Chair" }, { name: "Table" }])
      yield* api("DELETE", `${root}/${b}`)
      const inputs = [{ id: a }, { id: b }, { id: "5" }, { id: a }]
      const { body, status } = yield* post(`${root}/batch/read`, { inputs, properties: ["name"] })
      assert.strictEqual(status, 207)
      assert.deepStrictEqual(
        body.results.map((_) => [_.id, _.properties.name]),
        [[a!, "Chair"]]
      )
      assert.strictEqual(body.numErrors, 1)
      const [error] = body.errors
      assert.strictEqual(error!.category, "OBJECT_NOT_FOUND")
      assert.strictEqual(
        error!.message,
        "Could not get some LINE_ITEM objects, they may be deleted or not exist. Check that ids are valid."
      )
      assert.deepStrictEqual([...error!.context.ids!].sort(), [b!, "5"].sort())
      const archived = yield* post(`${root}/batch/read?archived=true`, { inputs: [{ id: b }] })
      assert.deepStrictEqual([archived.status, archived.body.results.length], [200, 1])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("reads a hundred by a unique property, in an order of its own", () =>
    Effect.gen(function* () {
      yield* createAll(withKeys(100))
      const inputs = withKeys(100).map(({ key }) => ({ id: key }))
      const { body, status } = yield* post(`${root}/batch/read`, {
        inputs,
        idProperty: "key",
        properties: ["key"]
      })
      assert.strictEqual(status, 200)
      assert.notProperty(body, "errors")
      const keys = body.results.map((_) => _.properties.key)
      assert.notDeepEqual(
        keys,
        inputs.map((_) => _.id)
      )
      assert.deepStrictEqual([...keys].sort(), inputs.map((_) => _.id).sort())
    }).pipe(
      Effect.provide(Emulator.layer({ uniqueProperties: ["key"], limit: 1000 })),
      Random.withSeed("read")
    )
  )

  it.effect("refuses 101 inputs, 51 with histories and a property that is not unique", () =>
    Effect.gen(function* () {
      const inputs = (count: number) => Array.from({ length: count }, (_, n) => ({ id: String(n) }))
      const message = (body: object) =>
        Effect.map(post(`${root}/batch/read`, body), (_) => [_.status, _.body.message])
      assert.deepStrictEqual(yield* message({ inputs: inputs(101) }), [
        400,
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again"
      ])
      assert.deepStrictEqual(yield* message({ inputs: inputs(51), propertiesWithHistory: ["name"] }), [
        400,
        "The maximum number of inputs supported in a batch request for property histories is 50. Please reduce the number of items and try again"
      ])
      assert.deepStrictEqual(yield* message({ inputs: inputs(1), idProperty: "name" }), [
        400,
        "Unable to perform read by non-unique 0-8 property name in portal ID 891936587"
      ])
      const fifty = yield* post(`${root}/batch/read`, { inputs: inputs(50), propertiesWithHistory: ["name"] })
      assert.strictEqual(fifty.status, 207)
      assert.strictEqual((yield* post(`${root}/batch/read`, { inputs: [{ name: "x" }] })).status, 400)
    }).pipe(Effect.provide(layer()))
  )
})

describe("batch update", () => {
  it.effect("changes what exists and leaves out in silence what does not", () =>
    Effect.gen(function* () {
      const ids = yield* createAll(withKeys(20))
      yield* api("DELETE", `${root}/${ids[0]}`)
      const inputs = [
        ...ids.map((id) => ({ id, properties: { name: `New ${id}` } })),
        { id: "5", properties: { name: "Nobody" } }
      ]
      const { body, status } = yield* post(`${root}/batch/update`, { inputs })
      assert.strictEqual(status, 200)
      assert.notProperty(body, "errors")
      assert.strictEqual(body.results.length, 19)
      assert.notDeepEqual(
        body.results.map((_) => _.id),
        ids.slice(1)
      )
      for (const one of body.results) assert.strictEqual(one.properties.name, `New ${one.id}`)
      const byKey = [{ id: "K5", idProperty: "key", properties: { hs_sku: "S" } }]
      yield* post(`${root}/batch/update`, { inputs: byKey })
      assert.strictEqual((yield* get(`${root}/${ids[5]}?properties=hs_sku`)).body.properties.hs_sku, "S")
      assert.strictEqual((yield* ledger).created.length, 20)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses ids that come twice in HubSpot's words", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll(withKeys(2))
      const inputs = [a, b, a].map((id) => ({ id, properties: { name: "x" } }))
      const { body, status } = yield* post(`${root}/batch/update`, { inputs })
      assert.strictEqual(status, 400)
      assert.strictEqual(body.message, `Duplicate IDs found in batch input: [${a}]. IDs must be unique`)
      assert.deepStrictEqual(body.context, { ids: [a!] })
      assert.strictEqual(body.category, "VALIDATION_ERROR")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("is partial with trace ids and all or nothing without", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll(withKeys(2))
      const inputs = [
        { id: a, properties: { name: "Good" } },
        { id: b, properties: { key: "K0" } }
      ]
      const whole = yield* post(`${root}/batch/update`, { inputs })
      assert.strictEqual(whole.status, 400)
      assert.include(whole.body.message, "CONFLICTING_UNIQUE_VALUE")
      assert.strictEqual((yield* get(`${root}/${a}?properties=name`)).body.properties.name, "Item 0")
      const traced = inputs.map((input, n) => ({ ...input, objectWriteTraceId: `t${n}` }))
      const part = yield* post(`${root}/batch/update`, { inputs: traced })
      assert.strictEqual(part.status, 207)
      assert.deepStrictEqual(
        part.body.results.map((_) => [_.id, _.objectWriteTraceId]),
        [[a!, "t0"]]
      )
      assert.deepStrictEqual(
        part.body.errors.map((_) => _.context),
        [{ objectWriteTraceId: ["t1"] }]
      )
    }).pipe(Effect.provide(layer()))
  )
})

describe("batch upsert", () => {
  const upsert = (inputs: ReadonlyArray<object>, path = root) => post(`${path}/batch/upsert`, { inputs })
  const input = (id: string, properties: object = {}, traceId?: string) => ({
    id,
    idProperty: "key",
    properties,
    ...(traceId !== undefined && { objectWriteTraceId: traceId })
  })

  it.effect("creates what is not there and updates what is, and is safe to repeat", () =>
    Effect.gen(function* () {
      const [a] = yield* createAll([{ key: "A", name: "Old", price: "1" }])
      const batch = [input("A", { name: "New" }), input("B", { name: "B" }, "tb")]
      const first = yield* upsert(batch)
      assert.strictEqual(first.status, 200)
      const byNew = new Map(first.body.results.map((_) => [_.new, _]))
      assert.deepInclude(byNew.get(false)!.properties, { name: "New", key: "A" })
      assert.strictEqual(byNew.get(false)!.id, a)
      assert.deepInclude(byNew.get(true)!.properties, { name: "B", key: "B" })
      const again = yield* upsert(batch)
      assert.deepStrictEqual(
        again.body.results.map((_) => _.new),
        [false, false]
      )
      assert.deepStrictEqual(
        again.body.results.map((_) => _.id).sort(),
        first.body.results.map((_) => _.id).sort()
      )
      const { created } = yield* ledger
      assert.deepStrictEqual(
        created.map((_) => [_.objectWriteTraceId, _.properties, _.associations]),
        [
          [null, { key: "A", name: "Old", price: "1" }, []],
          ["tb", { key: "B", name: "B" }, []]
        ]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("passes associations over, which its inputs do not have", () =>
    Effect.gen(function* () {
      const { body } = yield* upsert([{ ...input("A"), associations: [{ nonsense: true }] }])
      const read = yield* get(`${root}/${body.results[0]!.id}?associations=deals`)
      assert.notProperty(read.body, "associations")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("is partial by trace ids, and refuses as a whole without", () =>
    Effect.gen(function* () {
      const part = yield* upsert([input("A", {}, "a"), input("B", { prise: "1" }, "b")])
      assert.strictEqual(part.status, 207)
      assert.deepStrictEqual(
        part.body.errors.map((_) => _.context.objectWriteTraceId),
        [["b"]]
      )
      const whole = yield* upsert([input("C"), input("D", { prise: "1" })])
      assert.strictEqual(whole.status, 400)
      assert.strictEqual((yield* ledger).created.length, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses a property that is not unique, none at all, and the same record twice", () =>
    Effect.gen(function* () {
      const { body, status } = yield* upsert([{ id: "1", idProperty: "hs_object_id", properties: {} }])
      assert.strictEqual(status, 400)
      assert.strictEqual(
        body.message,
        "Unable to perform update/upsert by non-unique 0-8 property hs_object_id in portal ID 891936587"
      )
      assert.include((yield* upsert([{ id: "1", properties: {} }])).body.message, "[idProperty]")
      assert.include((yield* upsert([input("A"), input("A")])).body.message, "Duplicate IDs")
      assert.deepStrictEqual((yield* ledger).created, [])
    }).pipe(Effect.provide(layer()))
  )
})

describe("unique values", () => {
  const input = (key: string, traceId?: string) => ({
    properties: { name: "Chair", key },
    ...(traceId !== undefined && { objectWriteTraceId: traceId })
  })
  const create = (...inputs: ReadonlyArray<object>) => post(`${root}/batch/create`, { inputs })

  it.effect("that are taken are a conflict, which names the one that has them", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ key: "A" }])
      const traced = yield* create(input("A", "a"), input("B", "b"))
      assert.strictEqual(traced.status, 207)
      const [error] = traced.body.errors
      assert.strictEqual(error!.category, "CONFLICT")
      assert.include(error!.message, `Existing ID: ${id}`)
      assert.deepStrictEqual(error!.context, { objectWriteTraceId: ["a"] })
      assert.deepStrictEqual(
        traced.body.results.map((_) => _.objectWriteTraceId),
        ["b"]
      )
      const whole = yield* create(input("A"), input("C"))
      assert.strictEqual(whole.status, 409)
      assert.strictEqual(whole.body.category, "CONFLICT")
      assert.include(whole.body.message, `Existing ID: ${id}`)
      const single = yield* post(root, { properties: { key: "A" } })
      assert.deepStrictEqual([single.status, single.body.category], [409, "CONFLICT"])
      assert.deepStrictEqual(
        (yield* ledger).created.map((_) => _.properties.key),
        ["A", "B"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("that come twice in a batch are given once, to whichever comes first", () =>
    Effect.gen(function* () {
      const winners = new Set<string>()
      for (let n = 0; n < 20; n++) {
        const { body, status } = yield* create(input(`K${n}`, "a"), input(`K${n}`, "b"))
        assert.strictEqual(status, 207)
        assert.include(body.errors[0]!.message, `Existing ID: ${body.results[0]!.id}`)
        winners.add(body.results[0]!.objectWriteTraceId)
      }
      assert.deepStrictEqual([...winners].sort(), ["a", "b"])
      assert.strictEqual((yield* create(input("X"), input("X"))).status, 409)
      assert.strictEqual((yield* ledger).created.length, 20)
    }).pipe(Effect.provide(layer()), Random.withSeed("twice"))
  )

  it.effect("are free again once they are archived, emptied or changed", () =>
    Effect.gen(function* () {
      const [a, b, c] = yield* createAll([{ key: "A" }, { key: "B" }, { key: "C" }])
      yield* api("DELETE", `${root}/${a}`)
      yield* api("PATCH", `${root}/${b}`, { properties: { key: "" } })
      yield* api("PATCH", `${root}/${c}`, { properties: { key: "D" } })
      const { body, status } = yield* create(
        input("A", "a"),
        input("B", "b"),
        input("C", "c"),
        input("D", "d")
      )
      assert.strictEqual(status, 207)
      assert.deepStrictEqual(
        body.errors.map((_) => _.context.objectWriteTraceId),
        [["d"]]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are enforced for a property from the moment it is defined", () =>
    Effect.gen(function* () {
      const definition = {
        name: "erp_key",
        label: "ERP key",
        type: "string",
        fieldType: "text",
        groupName: "lineiteminformation",
        hasUniqueValue: true
      }
      assert.strictEqual((yield* post(root, { properties: { erp_key: "1" } })).status, 400)
      assert.strictEqual((yield* post("/crm/v3/properties/line_items", definition)).status, 201)
      const statuses = yield* Effect.forEach(["1", "1", "2"], (erp_key) =>
        Effect.map(post(root, { properties: { erp_key } }), (_) => _.status)
      )
      assert.deepStrictEqual(statuses, [201, 409, 201])
    }).pipe(Effect.provide(layer()))
  )
})

describe("the versions", () => {
  it.effect("agree on everything but 2026-09, which has the errors in the plain reply", () =>
    Effect.gen(function* () {
      const seen: Record<string, ReadonlyArray<unknown>> = {}
      for (const version of ApiVersion.ApiVersion.literals) {
        const path = ApiVersion.objectPath(version, "line_items")
        const good = { properties: { name: "Chair" }, objectWriteTraceId: "a" }
        const bad = { properties: { prise: "1" }, objectWriteTraceId: "b" }
        const full = yield* post(`${path}/batch/create`, { inputs: [good] })
        const part = yield* post(`${path}/batch/create`, { inputs: [good, bad] })
        const id = full.body.results[0]!.id
        const read = yield* post(`${path}/batch/read`, {
          inputs: [{ id }, { id: "1" }],
          properties: ["hs_sku"]
        })
        const one = yield* get(`${path}/${id}?properties=hs_sku`)
        const search = yield* post(`${path}/search`, {})
        assert.notProperty(full.body, "errors")
        assert.deepStrictEqual(
          [part.body.numErrors, part.body.errors.length, part.body.results.length],
          [1, 1, 1]
        )
        assert.strictEqual(read.body.errors.length, 1)
        assert.isNull(one.body.properties.hs_sku)
        seen[version] = [full, part, read, one, search].map((_) => _.status)
      }
      assert.deepStrictEqual(seen, {
        v3: [201, 207, 207, 200, 200],
        "2026-03": [201, 207, 207, 200, 200],
        "2026-09": [201, 201, 200, 200, 200]
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
