import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { api, createAll, get, post, root } from "./api.ts"
import { batch, withBehaviour } from "./behaving.ts"

/*
 * Where HubSpot is not known, the emulator can be told to behave either way. Each setting is tested in each of its values.
 * Here: values of properties.
 */

describe("ids and numbers", () => {
  for (const numbers of ["text", "json"] as const) {
    it.effect(`are ${numbers}`, () =>
      Effect.gen(function* () {
        const properties = { name: "7", price: "12.5" }
        const one = yield* post(root, { properties })
        const batched = yield* batch([properties])
        const read = yield* get(`${root}/${one.body.id}?properties=name,price,quantity`)
        for (const { id, properties } of [one.body, batched.body.results[0]!, read.body]) {
          const kind = numbers === "text" ? "string" : "number"
          assert.deepStrictEqual([typeof id, typeof properties.price, properties.name], [kind, kind, "7"])
        }
        assert.isNull(read.body.properties.quantity)
        assert.equal(Number(read.body.properties.price), 12.5)
      }).pipe(withBehaviour({ numbers }))
    )
  }
})

describe("the details of bad values", () => {
  for (const [details, words] of [
    ["inline", 'not valid: [{"isValid":false'],
    ["apart", 'not valid: \n\n[{"isValid":false']
  ] as const) {
    it.effect(`are ${details}`, () =>
      Effect.gen(function* () {
        const one = yield* post(root, { properties: { price: "cheap" } })
        const [error] = (yield* batch([{ price: "cheap" }])).body.errors
        for (const { message } of [one.body, error!]) {
          assert.include(message, words)
          assert.strictEqual(message.includes('"propertyValue":"cheap"'), details === "apart")
        }
      }).pipe(withBehaviour({ details }))
    )
  }
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
