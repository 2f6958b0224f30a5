import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { readFileSync } from "node:fs"
import { api, createAll, get, post, root } from "./api.ts"
import { batch, createdCount, withBehaviour } from "./behaving.ts"

/*
 * Where HubSpot is not known, the emulator can be told to behave either way. Each setting is tested in each of its values.
 * Here: refusals, limits, and the settings as a whole.
 */

const nowhere = [Association.make("deal", "1234567890123")]

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

describe("a 423", () => {
  const faults = {
    rules: [{ fault: { place: "beforeCommit", reply: { kind: "status", status: 423 } } }]
  } as const

  for (const [locked, category, type] of [
    ["categorized", "REQUEST_REFUSED", "application/json"],
    ["plain", undefined, "application/json"],
    ["html", undefined, "text/html"],
    ["empty", undefined, ""]
  ] as const) {
    it.effect(`has a body: ${locked}`, () =>
      Effect.gen(function* () {
        const { body, headers, status } = yield* get(root)
        assert.deepStrictEqual([status, body.category], [423, category])
        assert.isTrue((headers["content-type"] ?? "").startsWith(type))
        assert.strictEqual(body.status, type === "application/json" ? "error" : undefined)
      }).pipe(withBehaviour({ locked }, { faults }))
    )
  }

  for (const [retryAfter, expected] of [
    ["absent", undefined],
    ["present", "2"]
  ] as const) {
    it.effect(`has Retry-After ${retryAfter}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* get(root)).headers["retry-after"], expected)
      }).pipe(withBehaviour({ retryAfter }, { faults }))
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

  it("have a row in the documentation, with their values and how sure the default is", () => {
    const rows = readFileSync(new URL("../../../docs/emulator.md", import.meta.url), "utf8")
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
    for (const [name, values] of Object.entries(Behaviour.settings)) {
      const [row, ...others] = rows.filter(([, first]) => first === `\`${name}\``)
      assert.isEmpty(others)
      assert.lengthOf(row ?? [], 6, name)
      assert.strictEqual(row![2], values.map((value) => `\`${value}\``).join(", "))
      for (const cell of row!.slice(3, 5)) assert.isNotEmpty(cell, name)
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
      for (const [name, values] of Object.entries(Behaviour.settings)) {
        for (const value of values.toReversed()) {
          assert.strictEqual((yield* admin("PUT", { [name]: value })).status, 204, `${name}=${value}`)
          assert.deepInclude((yield* admin("GET")).body, { [name]: value })
        }
      }
      assert.strictEqual((yield* admin("PUT", { allInvalid: "refused" })).status, 204)
      assert.strictEqual((yield* batch([{ hs_sku: "1", prise: "1" }])).status, 400)
      const stranger = yield* api("PUT", "/_emulator/behaviour", { allInvalid: "partial" })
      assert.strictEqual(stranger.status, 401)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
