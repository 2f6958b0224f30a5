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

  for (const [emptyInputs, expected, words] of [
    ["refused", 400, "The list of inputs is empty"],
    ["unset", 400, "Some required fields were not set: [inputs]"],
    ["accepted", 201, undefined]
  ] as const) {
    it.effect(`of nothing is a ${expected}: ${emptyInputs}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch([])
        assert.strictEqual(status, expected)
        if (words === undefined) assert.deepStrictEqual([body.status, body.results], ["COMPLETE", []])
        else assert.include(body.message, words)
        assert.strictEqual((yield* post(`${root}/batch/create`, {})).status, 400)
      }).pipe(withBehaviour({ emptyInputs }))
    )
  }

  for (const [noInputs, expected] of [
    ["refused", 400],
    ["accepted", 201]
  ] as const) {
    it.effect(`without the list of inputs is a ${expected}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* post(`${root}/batch/create`, {})
        assert.strictEqual(status, expected)
        if (expected === 201) assert.deepStrictEqual([body.status, body.results], ["COMPLETE", []])
        assert.strictEqual((yield* batch([])).status, 400)
      }).pipe(withBehaviour({ noInputs }))
    )
  }

  for (const [tooManyInputs, words, category] of [
    ["counted", "The maximum number of inputs supported in a batch is 100.", "VALIDATION_ERROR"],
    ["unreadable", "Invalid input JSON on line 1, column 2: inputs has more than 100", undefined]
  ] as const) {
    it.effect(`of 101 inputs is refused: ${tooManyInputs}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* batch(Array.from({ length: 101 }, () => ({ name: "A" })))
        assert.deepStrictEqual([status, body.category], [400, category])
        assert.include(body.message, words)
        assert.strictEqual(yield* createdCount, 0)
      }).pipe(withBehaviour({ tooManyInputs }))
    )
  }

  for (const [bodyCeiling, expected] of [
    ["10MiB", [201, 413]],
    ["1MiB", [413, 413]]
  ] as const) {
    it.effect(`may have a body of ${bodyCeiling}`, () =>
      Effect.gen(function* () {
        const large = { name: "A", description: "x".repeat(60_000) }
        assert.strictEqual((yield* batch([large])).status, 201)
        const { status } = yield* batch(Array.from({ length: 20 }, () => large))
        const most = yield* batch(
          Array.from({ length: 90 }, () => ({ ...large, hs_sku: "x".repeat(60_000) }))
        )
        assert.deepStrictEqual([status, most.status], [...expected])
        assert.strictEqual(yield* createdCount, expected[0] === 201 ? 21 : 1)
      }).pipe(withBehaviour({ bodyCeiling }))
    )
  }

  for (const [tooLarge, type] of [
    ["json", "application/json"],
    ["html", "text/html"]
  ] as const) {
    it.effect(`that is too large is a 413 with ${tooLarge}`, () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* batch([{ name: "A", description: "x".repeat(2 ** 20) }])
        assert.strictEqual(status, 413)
        assert.isTrue(headers["content-type"]?.startsWith(type))
        assert.strictEqual(text.includes('"category":"VALIDATION_ERROR"'), tooLarge === "json")
        assert.strictEqual(yield* createdCount, 0)
      }).pipe(withBehaviour({ tooLarge, bodyCeiling: "1MiB" }))
    )
  }

  for (const [someTraceIds, expected] of [
    ["untraced", [400, 400, 0]],
    ["traced", [207, 207, 2]]
  ] as const) {
    it.effect(`with trace ids of some inputs, or the same of two, is ${someTraceIds}`, () =>
      Effect.gen(function* () {
        const some = yield* post(`${root}/batch/create`, {
          inputs: [{ properties: { name: "A" } }, { properties: bad, objectWriteTraceId: "b" }]
        })
        const same = yield* post(`${root}/batch/create`, {
          inputs: [
            { properties: { name: "A" }, objectWriteTraceId: "a" },
            { properties: bad, objectWriteTraceId: "a" }
          ]
        })
        assert.deepStrictEqual([some.status, same.status, yield* createdCount], [...expected])
        assert.strictEqual((yield* untraced([bad])).status, 400)
        if (someTraceIds === "traced")
          assert.deepInclude(some.body.errors[0]!.context, { objectWriteTraceId: ["b"] })
      }).pipe(withBehaviour({ someTraceIds }))
    )
  }

  for (const [longTraceIds, expected] of [
    ["taken", 201],
    ["refused", 400]
  ] as const) {
    it.effect(`with a trace id of 101 characters is ${longTraceIds}`, () =>
      Effect.gen(function* () {
        const of = (length: number) =>
          post(`${root}/batch/create`, {
            inputs: [{ properties: { name: "A" }, objectWriteTraceId: "x".repeat(length) }]
          })
        assert.deepStrictEqual([(yield* of(100)).status, (yield* of(101)).status], [201, expected])
      }).pipe(withBehaviour({ longTraceIds }))
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

describe("the results of a batch", () => {
  it.effect("have and have no trace ids", () =>
    Effect.gen(function* () {
      const { body } = yield* batch([{ name: "A" }, { name: "B" }, { name: "C" }, { name: "D" }])
      const traceIds = body.results.map((_) => _.objectWriteTraceId)
      assert.lengthOf(
        traceIds.filter((traceId) => traceId === undefined),
        2
      )
      assert.strictEqual(yield* createdCount, 4)
    }).pipe(withBehaviour({ traceIds: "mixed" }))
  )
})

describe("values that are empty", () => {
  const dated = "/crm/objects/2026-09/line_items"
  for (const [emptyIn202609, expected] of [
    ["null", { hs_sku: null }],
    ["absent", {}],
    ["text", { hs_sku: "" }]
  ] as const) {
    it.effect(`are ${emptyIn202609} in 2026-09, and null in v3`, () =>
      Effect.gen(function* () {
        const [id] = yield* createAll([{ name: "A" }])
        const wanted = { properties: ["name", "hs_sku"], inputs: [{ id }] }
        const query = `${id}?properties=name&properties=hs_sku`
        const shown = (properties: Readonly<Record<string, unknown>>) =>
          Object.fromEntries(Object.entries(properties).filter(([name]) => name === "hs_sku"))
        const one = yield* get(`${dated}/${query}`)
        const read = yield* post(`${dated}/batch/read`, wanted)
        const searched = yield* post(`${dated}/search`, { properties: ["name", "hs_sku"] })
        const changed = yield* api("PATCH", `${dated}/${id}`, { properties: { hs_sku: "" } })
        for (const { properties } of [
          one.body,
          read.body.results[0]!,
          searched.body.results[0]!,
          changed.body
        ]) {
          assert.deepStrictEqual<object>(shown(properties), expected)
        }
        assert.strictEqual(one.body.properties.name, "A")
        assert.deepStrictEqual(shown((yield* get(`${root}/${query}`)).body.properties), { hs_sku: null })
      }).pipe(withBehaviour({ emptyIn202609 }))
    )
  }
})

describe("a computed amount", () => {
  for (const [rounding, expected] of [
    ["halfAway", ["0.13", "-0.13", "11"]],
    ["halfEven", ["0.12", "-0.12", "10"]],
    ["down", ["0.12", "-0.12", "10"]]
  ] as const) {
    it.effect(`is rounded ${rounding}`, () =>
      Effect.gen(function* () {
        const amountOf = (price: string, more: object = {}) =>
          Effect.map(
            post(root, { properties: { price, quantity: "1", ...more } }),
            ({ body }) => body.properties.amount
          )
        const yen = { hs_line_item_currency_code: "JPY" }
        assert.deepStrictEqual(
          [
            yield* amountOf("0.125"),
            yield* amountOf("0", { discount: "0.125" }),
            yield* amountOf("10.5", yen)
          ],
          [...expected]
        )
        assert.strictEqual(yield* amountOf("0.126"), rounding === "down" ? "0.12" : "0.13")
      }).pipe(withBehaviour({ rounding, decimals: "currency" }))
    )
  }

  for (const [decimals, expected] of [
    ["two", "10.50"],
    ["currency", "11"]
  ] as const) {
    it.effect(`has decimals by ${decimals} in a currency without decimals`, () =>
      Effect.gen(function* () {
        const properties = { price: "10.5", quantity: "1", hs_line_item_currency_code: "JPY" }
        assert.strictEqual((yield* post(root, { properties })).body.properties.amount, expected)
      }).pipe(withBehaviour({ decimals }))
    )
  }
})

describe("hs_unique_creation_key", () => {
  for (const [creationKey, expected] of [
    ["readOnly", [400, undefined]],
    ["writable", [201, "K"]]
  ] as const) {
    it.effect(`is ${creationKey}`, () =>
      Effect.gen(function* () {
        const { body, status } = yield* post(root, { properties: { hs_unique_creation_key: "K" } })
        const kept = status === 201 ? body.properties.hs_unique_creation_key : undefined
        assert.deepStrictEqual<ReadonlyArray<unknown>>([status, kept], expected)
      }).pipe(withBehaviour({ creationKey }))
    )
  }
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
