import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { api, createAll, get, post, root } from "./api.ts"

/*
 * Where HubSpot is not known, the emulator can be told to behave either way. Each setting is tested in each of its values.
 */

const createdCount = Effect.flatMap(Emulator.Emulator, (emulator) =>
  Effect.map(emulator.ledger, ({ created }) => created.length)
)

const batch = (
  all: ReadonlyArray<{ readonly associations?: ReadonlyArray<object> } & Record<string, unknown>>,
  path = root
) =>
  post(`${path}/batch/create`, {
    inputs: all.map(({ associations = [], ...properties }, n) => ({
      properties,
      associations,
      objectWriteTraceId: `t${n}`
    }))
  })

const untraced = (all: ReadonlyArray<object>) =>
  post(`${root}/batch/create`, { inputs: all.map((properties) => ({ properties })) })

const nowhere = [Association.make("deal", "1234567890123")]

const withBehaviour = (behaviour: Behaviour.Given, options: Emulator.Options = {}) =>
  Effect.provide(Emulator.layer({ behaviour, ...options }))

describe("a duplicate of a unique value", () => {
  const key = { uniqueProperties: ["key"] }

  it.effect("is a conflict with the id in the message", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ key: "A" }])
      const { body, status } = yield* post(root, { properties: { key: "A" } })
      assert.deepStrictEqual([status, body.category], [409, "CONFLICT"])
      assert.include(body.message, `Existing ID: ${id}`)
      assert.strictEqual((yield* batch([{ key: "A" }])).body.errors[0]!.category, "CONFLICT")
      assert.strictEqual(yield* createdCount, 1)
    }).pipe(withBehaviour({ duplicateValue: "conflict" }, key))
  )

  it.effect("is an invalid value", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ key: "A" }])
      const { body, status } = yield* post(root, { properties: { key: "A" } })
      assert.deepStrictEqual([status, body.category], [400, "VALIDATION_ERROR"])
      assert.include(JSON.stringify(body.errors), '"code":"CONFLICTING_UNIQUE_VALUE"')
      assert.include(body.message, id!)
      const { errors } = (yield* batch([{ key: "A" }, { key: "B" }])).body
      assert.deepStrictEqual([errors.length, errors[0]!.category], [1, "VALIDATION_ERROR"])
      assert.strictEqual(yield* createdCount, 2)
    }).pipe(withBehaviour({ duplicateValue: "invalidValue" }, key))
  )

  it.effect("in a batch with trace ids refuses the batch", () =>
    Effect.gen(function* () {
      yield* createAll([{ key: "A" }])
      assert.strictEqual((yield* batch([{ key: "A" }, { key: "B" }])).status, 409)
      assert.strictEqual((yield* batch([{ key: "C" }, { key: "C" }])).status, 409)
      assert.strictEqual(yield* createdCount, 1)
    }).pipe(withBehaviour({ duplicateInBatch: "batch" }, key))
  )

  it.effect("in a batch with trace ids is an error of its input", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* batch([{ key: "C" }, { key: "C" }])).status, 207)
      assert.strictEqual(yield* createdCount, 1)
    }).pipe(withBehaviour({ duplicateInBatch: "input" }, key))
  )
})

describe("required properties", () => {
  const requiredProperties = [
    { name: "hs_sku" },
    { name: "cost_center", when: { name: "recurringbillingfrequency", value: "monthly" } }
  ]
  const message = "Error creating LINE_ITEM. Some required properties were not set."
  const monthly = { name: "A", recurringbillingfrequency: "monthly" }

  it.effect("are named in the context", () =>
    Effect.gen(function* () {
      const { body, status } = yield* post(root, { properties: monthly })
      assert.deepStrictEqual([status, body.category, body.message], [400, "VALIDATION_ERROR", message])
      assert.deepStrictEqual(body.context, { properties: ["hs_sku", "cost_center"] })
      const mixed = yield* batch([{ name: "B" }, { ...monthly, hs_sku: "S", cost_center: "1" }])
      assert.strictEqual(mixed.status, 207)
      assert.deepInclude(mixed.body.errors[0], {
        message,
        context: { properties: ["hs_sku"], objectWriteTraceId: ["t0"] }
      })
      assert.strictEqual(yield* createdCount, 1)
    }).pipe(withBehaviour({ requiredProperties }))
  )

  it.effect("are named in one entry each", () =>
    Effect.gen(function* () {
      const { body, status } = yield* post(root, { properties: monthly })
      assert.deepStrictEqual([status, body.message], [400, message])
      assert.deepStrictEqual<ReadonlyArray<object>>(
        body.errors.map((error) => ({ ...error })),
        [
          {
            message: "hs_sku is required",
            in: "hs_sku",
            code: "REQUIRED_PROPERTY_MISSING",
            context: { propertyName: ["hs_sku"] }
          },
          {
            message: "cost_center is required when recurringbillingfrequency is monthly",
            in: "cost_center",
            code: "REQUIRED_PROPERTY_MISSING",
            context: { propertyName: ["cost_center"] }
          }
        ]
      )
      assert.include(JSON.stringify((yield* batch([monthly])).body.errors), "cost_center is required when")
      assert.strictEqual(yield* createdCount, 0)
    }).pipe(withBehaviour({ requiredProperties, missingProperties: "errors" }))
  )

  it.effect("may come from the product, and may be set later", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.seedObjects("products", [{ id: "9", properties: { hs_sku: "S" } }])
      const { body, status } = yield* post(root, { properties: { hs_product_id: "9" } })
      assert.strictEqual(status, 201)
      const change = { properties: { recurringbillingfrequency: "monthly" } }
      assert.strictEqual((yield* api("PATCH", `${root}/${body.id}`, change)).status, 200)
    }).pipe(withBehaviour({ requiredProperties }))
  )
})

describe("a bad association in a batch with trace ids", () => {
  const two = [{ name: "A" }, { name: "B", associations: nowhere }]

  it.effect("is an error of its input", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* batch(two)).status, 207)
      assert.strictEqual(yield* createdCount, 1)
    }).pipe(withBehaviour({ badAssociation: "input" }))
  )

  it.effect("refuses the batch", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* batch(two)).status, 400)
      assert.strictEqual(yield* createdCount, 0)
      assert.strictEqual((yield* batch([{ name: "A" }, { prise: "1" }])).status, 207)
    }).pipe(withBehaviour({ badAssociation: "batch" }))
  )

  it.effect("leaves a line item that exists without it, alone too", () =>
    Effect.gen(function* () {
      const { body, status } = yield* batch(two)
      assert.deepStrictEqual([status, body.results.length, body.numErrors], [207, 1, 1])
      assert.strictEqual(yield* createdCount, 2)
      const one = yield* post(root, { properties: { name: "C" }, associations: nowhere })
      assert.strictEqual(one.status, 400)
      const all = yield* get(`${root}?properties=name&associations=deals`)
      assert.deepStrictEqual(all.body.results.map((_) => _.properties.name).sort(), ["A", "B", "C"])
      assert.notInclude(all.text, "1234567890123")
    }).pipe(withBehaviour({ badAssociation: "orphan" }))
  )
})

describe("a batch", () => {
  const bad = { prise: "1" }

  for (const [allInvalid, expected] of [
    ["partial", 207],
    ["refused", 400]
  ] as const) {
    it.effect(`of bad inputs only is a ${expected}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* batch([bad, bad])).status, expected)
        assert.strictEqual((yield* batch([bad, { name: "A" }])).status, 207)
        assert.strictEqual(yield* createdCount, 1)
      }).pipe(withBehaviour({ allInvalid }))
    )
  }

  for (const [refusedBatch, expected] of [
    ["nothing", 0],
    ["goodInputs", 2]
  ] as const) {
    it.effect(`without trace ids that is refused creates ${expected} of 2 good inputs`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* untraced([{ name: "A" }, bad, { name: "B" }])
        assert.strictEqual(status, 400)
        assert.include(body.message, "PROPERTY_DOESNT_EXIST")
        assert.strictEqual(yield* createdCount, expected)
      }).pipe(withBehaviour({ refusedBatch }))
    )
  }

  for (const [partialIn202609, expected] of [
    ["folded", 201],
    ["multiStatus", 207]
  ] as const) {
    it.effect(`that partly fails in 2026-09 is a ${expected}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch([bad, { name: "A" }], "/crm/objects/2026-09/line_items")
        assert.deepStrictEqual([status, body.numErrors], [expected, 1])
      }).pipe(withBehaviour({ partialIn202609 }))
    )
  }

  for (const [emptyInputs, expected] of [
    ["refused", 400],
    ["accepted", 201]
  ] as const) {
    it.effect(`of nothing is a ${expected}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch([])
        assert.strictEqual(status, expected)
        if (expected === 201) assert.deepStrictEqual([body.status, body.results], ["COMPLETE", []])
      }).pipe(withBehaviour({ emptyInputs }))
    )
  }

  for (const [traceIds, expected] of [
    ["repeated", "t0"],
    ["absent", undefined]
  ] as const) {
    it.effect(`has results with trace ids ${traceIds}`, () =>
      Effect.gen(function* () {
        const { body } = yield* batch([{ name: "A" }])
        assert.strictEqual(body.results[0]!.objectWriteTraceId, expected)
      }).pipe(withBehaviour({ traceIds }))
    )
  }
})

describe("hs_external_id", () => {
  for (const [externalId, expected] of [
    ["kept", "A"],
    ["lost", null]
  ] as const) {
    it.effect(`is ${externalId}`, () =>
      Effect.gen(function* () {
        const [id] = yield* createAll([{ hs_external_id: "A" }])
        const change = { properties: { hs_external_id: "A" } }
        assert.strictEqual((yield* api("PATCH", `${root}/${id}`, change)).status, 200)
        const { body } = yield* get(`${root}/${id}?properties=hs_external_id`)
        assert.strictEqual(body.properties.hs_external_id, expected)
      }).pipe(withBehaviour({ externalId }))
    )
  }
})

describe("a refused request", () => {
  for (const [retryAfter, expected] of [
    ["absent", undefined],
    ["present", "10"]
  ] as const) {
    it.effect(`has Retry-After ${retryAfter}`, () =>
      Effect.gen(function* () {
        assert.notProperty((yield* get(root)).headers, "retry-after")
        const { headers, status } = yield* get(root)
        assert.deepStrictEqual([status, headers["retry-after"]], [429, expected])
      }).pipe(withBehaviour({ retryAfter }, { limit: 1 }))
    )
  }

  for (const [refusedRequests, expected] of [
    ["free", 200],
    ["counted", 429]
  ] as const) {
    it.effect(`is ${refusedRequests}`, () =>
      Effect.gen(function* () {
        yield* get(root)
        yield* TestClock.adjust("6 seconds")
        const refused = yield* get(root)
        assert.deepStrictEqual([refused.status, refused.headers["x-hubspot-ratelimit-remaining"]], [429, "0"])
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* get(root)).status, expected)
      }).pipe(withBehaviour({ refusedRequests }, { limit: 1 }))
    )
  }
})

describe("the settings", () => {
  it("have their first value by default", () => {
    const { requiredProperties, ...words } = Behaviour.make()
    assert.deepStrictEqual(requiredProperties, [])
    for (const [name, value] of Object.entries(words)) {
      assert.strictEqual(value, Behaviour.settings[name as keyof typeof Behaviour.settings][0])
    }
  })

  it.effect("can be read and changed by the admin API, one by one", () =>
    Effect.gen(function* () {
      const { adminKey } = yield* Emulator.Emulator
      const admin = (method: "GET" | "PUT", body?: object) =>
        api(method, "/_emulator/behaviour", body, { authorization: `Bearer ${Redacted.value(adminKey)}` })
      assert.deepStrictEqual<object>((yield* admin("GET")).body, Behaviour.make())
      assert.strictEqual((yield* admin("PUT", { allInvalid: "refused" })).status, 204)
      const requiredProperties = [{ name: "hs_sku" }]
      assert.strictEqual((yield* admin("PUT", { requiredProperties })).status, 204)
      const expected = Behaviour.make({ allInvalid: "refused", requiredProperties })
      assert.deepStrictEqual<object>((yield* admin("GET")).body, expected)
      assert.strictEqual((yield* admin("PUT", { allInvalid: "perhaps" })).status, 400)
      assert.strictEqual((yield* batch([{ hs_sku: "1", prise: "1" }])).status, 400)
      const stranger = yield* api("PUT", "/_emulator/behaviour", { allInvalid: "partial" })
      assert.strictEqual(stranger.status, 401)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
