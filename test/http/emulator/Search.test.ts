import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { api, createAll, get, post, root } from "./api.ts"

const search = (body: unknown) => post(`${root}/search`, body)

const filtered = (...filters: ReadonlyArray<object>) => ({ filterGroups: [{ filters }] })

/** The names found by one filter, in order; a second apart, for the sake of the limit. */
const names = (body: object) =>
  TestClock.adjust("1 second").pipe(
    Effect.andThen(search({ properties: ["name"], ...body })),
    Effect.map(({ body, status }) => {
      assert.strictEqual(status, 200, JSON.stringify(body))
      return body.results.map((_) => _.properties.name).join()
    })
  )

const found = (
  propertyName: string,
  operator: string,
  given: string | ReadonlyArray<string> = "",
  highValue?: string
) =>
  names(
    filtered({
      propertyName,
      operator,
      ...(typeof given === "string" ? { value: given } : { values: given }),
      ...(highValue !== undefined && { highValue })
    })
  )

const items = [
  { name: "a", price: "9.90", quantity: "2", hs_sku: "Chair Blue 12", recurringbillingfrequency: "monthly" },
  {
    name: "b",
    price: "10",
    quantity: "10",
    hs_sku: "chair-red",
    hs_recurring_billing_start_date: "2026-01-31"
  },
  { name: "c", price: "10.00", hs_sku: "table", hs_recurring_billing_start_date: "1769904000000" },
  { name: "d", price: "9007199254740993", hs_is_optional: "TRUE" },
  { name: "e", price: "0.1", quantity: "-3", hs_sku: "" }
]

describe("filters", () => {
  it.effect("compare numbers as decimals", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      assert.strictEqual(yield* found("price", "EQ", "10.0"), "b,c")
      assert.strictEqual(yield* found("price", "EQ", "9007199254740992"), "")
      assert.strictEqual(yield* found("price", "GT", "9007199254740992"), "d")
      assert.strictEqual(yield* found("price", "NEQ", "10"), "a,d,e")
      assert.strictEqual(yield* found("price", "LT", "10"), "a,e")
      assert.strictEqual(yield* found("price", "LTE", "1e1"), "a,b,c,e")
      assert.strictEqual(yield* found("price", "GTE", "10"), "b,c,d")
      assert.strictEqual(yield* found("price", "BETWEEN", "0.10", "9.9"), "a,e")
      assert.strictEqual(yield* found("price", "IN", ["10", "0.10"]), "b,c,e")
      assert.strictEqual(yield* found("price", "NOT_IN", ["10", "0.10"]), "a,d")
      assert.strictEqual(yield* found("amount", "EQ", "19.8"), "a")
      assert.strictEqual(yield* found("quantity", "LT", "2"), "e")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("compare text without regard to case, but IN wants lower case", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      assert.strictEqual(yield* found("hs_sku", "EQ", "CHAIR BLUE 12"), "a")
      assert.strictEqual(yield* found("hs_sku", "NEQ", "Table"), "a,b,d,e")
      assert.strictEqual(yield* found("hs_sku", "IN", ["chair blue 12", "table"]), "a,c")
      assert.strictEqual(yield* found("hs_sku", "IN", ["Chair Blue 12", "Table"]), "")
      assert.strictEqual(yield* found("hs_sku", "NOT_IN", ["table"]), "a,b,d,e")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("tell filled properties from empty ones, and compare days, truth and options", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      assert.strictEqual(yield* found("hs_sku", "HAS_PROPERTY"), "a,b,c")
      assert.strictEqual(yield* found("hs_sku", "NOT_HAS_PROPERTY"), "d,e")
      assert.strictEqual(yield* found("hs_recurring_billing_start_date", "EQ", "2026-02-01"), "c")
      assert.strictEqual(yield* found("hs_recurring_billing_start_date", "LT", "1769904000000"), "b")
      assert.strictEqual(yield* found("hs_is_optional", "EQ", "true"), "d")
      assert.strictEqual(yield* found("recurringbillingfrequency", "EQ", "monthly"), "a")
      assert.strictEqual(yield* found("recurringbillingfrequency", "EQ", "MONTHLY"), "")
      assert.strictEqual(yield* found("createdate", "GTE", "0"), "a,b,c,d,e")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("look for words, with a star for a part of one", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      assert.strictEqual(yield* found("hs_sku", "CONTAINS_TOKEN", "chair"), "a,b")
      assert.strictEqual(yield* found("hs_sku", "CONTAINS_TOKEN", "cha"), "")
      assert.strictEqual(yield* found("hs_sku", "CONTAINS_TOKEN", "*AI*"), "a,b")
      assert.strictEqual(yield* found("hs_sku", "CONTAINS_TOKEN", "blue chair"), "a")
      assert.strictEqual(yield* found("hs_sku", "NOT_CONTAINS_TOKEN", "chair"), "c,d,e")
      assert.strictEqual(yield* names({ query: "tab" }), "c")
      assert.strictEqual(yield* names({ query: "blue 1" }), "a")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("must all hold in a group, and one of the groups", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      const cheap = { propertyName: "price", operator: "LT", value: "10" }
      const many = { propertyName: "quantity", operator: "GT", value: "5" }
      const has = { propertyName: "quantity", operator: "HAS_PROPERTY" }
      assert.strictEqual(yield* names(filtered(cheap, has)), "a,e")
      assert.strictEqual(
        yield* names({ filterGroups: [{ filters: [cheap] }, { filters: [many, has] }] }),
        "a,b,e"
      )
      assert.strictEqual(yield* names({}), "a,b,c,d,e")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("know the objects a line item is associated with", () =>
    Effect.gen(function* () {
      yield* createAll([{ name: "x" }], [Association.make("deal", "1"), Association.make("quote", "2")])
      yield* createAll([{ name: "y" }], [Association.make("deal", "2")])
      yield* createAll([{ name: "z" }])
      assert.strictEqual(yield* found("associations.deal", "EQ", "1"), "x")
      assert.strictEqual(yield* found("associations.quote", "EQ", "1"), "")
      assert.strictEqual(yield* found("associations.deal", "IN", ["1", "2"]), "x,y")
      assert.strictEqual(yield* found("associations.deal", "NOT_HAS_PROPERTY"), "z")
      assert.strictEqual(yield* found("associations.deals", "NEQ", "1"), "y,z")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("the results", () => {
  it.effect("are sorted as numbers, days or text, empty ones last", () =>
    Effect.gen(function* () {
      yield* createAll(items)
      assert.strictEqual(yield* names({ sorts: ["price"] }), "e,a,b,c,d")
      assert.strictEqual(yield* names({ sorts: ["-price"] }), "d,b,c,a,e")
      assert.strictEqual(
        yield* names({ sorts: [{ propertyName: "quantity", direction: "DESCENDING" }] }),
        "b,a,e,c,d"
      )
      assert.strictEqual(yield* names({ sorts: ["hs_sku"] }), "a,b,c,d,e")
      assert.strictEqual(yield* names({ sorts: ["-name"] }), "e,d,c,b,a")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("come in pages with the total, and the default properties", () =>
    Effect.gen(function* () {
      yield* createAll(Array.from({ length: 25 }, (_, n) => ({ name: `Item ${n}` })))
      const first = yield* search({})
      assert.deepStrictEqual([first.body.total, first.body.results.length, first.body.paging], [
        25,
        10,
        { next: { after: "10" } }
      ] as unknown as Array<number>)
      assert.hasAllKeys(first.body.results[0]!.properties, [
        "amount",
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "price",
        "quantity"
      ])
      const last = yield* search({ after: "20", limit: 10 })
      assert.deepStrictEqual([last.body.total, last.body.results.length], [25, 5])
      assert.notProperty(last.body, "paging")
      assert.strictEqual((yield* search({ limit: 200 })).body.results.length, 25)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("never have archived records", () =>
    Effect.gen(function* () {
      const [, b] = yield* createAll(items)
      yield* api("DELETE", `${root}/${b}`)
      assert.strictEqual(yield* names({}), "a,c,d,e")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("the bounds", () => {
  it.effect("are HubSpot's, beyond each is a 400", () =>
    Effect.gen(function* () {
      const filter = { propertyName: "name", operator: "HAS_PROPERTY" }
      const group = (count: number) => ({ filters: Array.from({ length: count }, () => filter) })
      const groups = (...counts: ReadonlyArray<number>) => ({ filterGroups: counts.map(group) })
      const bad: ReadonlyArray<object> = [
        groups(1, 1, 1, 1, 1, 1),
        groups(7),
        groups(6, 6, 6, 1),
        { limit: 201 },
        { limit: 0 },
        { after: "9991", limit: 10 },
        { after: "next" },
        { query: "x".repeat(3000) },
        { sorts: ["name", "price"] },
        { sorts: ["nonsense"] },
        filtered({ propertyName: "nonsense", operator: "HAS_PROPERTY" }),
        filtered({ propertyName: "associations.contact", operator: "EQ", value: "1" }),
        filtered({ propertyName: "name", operator: "LIKE", value: "x" }),
        filtered({ propertyName: "name", operator: "EQ" }),
        filtered({ propertyName: "name", operator: "IN", values: [] }),
        filtered({ propertyName: "price", operator: "BETWEEN", value: "1" }),
        filtered({ propertyName: "price", operator: "EQ", value: "ten" })
      ]
      for (const body of bad) {
        yield* TestClock.adjust("1 second")
        const { body: answer, status } = yield* search(body)
        assert.strictEqual(status, 400, JSON.stringify(body))
        assert.strictEqual(answer.category, "VALIDATION_ERROR")
      }
      for (const body of [
        groups(6, 6, 6),
        groups(3, 4, 4, 4, 3),
        { after: "9990", limit: 10 },
        { after: 20 }
      ]) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* search(body)).status, 200)
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("allow five searches a second, which the ten seconds do not count", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 5; n++) {
        const { headers, status } = yield* search({})
        assert.strictEqual(status, 200)
        assert.isFalse(Object.keys(headers).some((name) => name.startsWith("x-hubspot-ratelimit")))
      }
      const { body, headers, status } = yield* search({})
      assert.strictEqual(status, 429)
      assert.deepStrictEqual<object>(body, {
        status: "error",
        message: "You have reached your secondly limit.",
        errorType: "RATE_LIMIT",
        correlationId: headers["x-hubspot-correlation-id"],
        policyName: "SECONDLY",
        groupName: "publicapi:crm:search:oauth:1000001:891936587"
      })
      assert.notProperty(headers, "x-hubspot-ratelimit-max")
      assert.strictEqual((yield* get(root)).status, 200)
      assert.strictEqual((yield* get(root)).status, 429)
      yield* TestClock.adjust(999)
      assert.strictEqual((yield* search({})).status, 429)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* search({})).status, 200)
    }).pipe(Effect.provide(Emulator.layer({ limit: 1 })))
  )
})

describe("the lag of the index", () => {
  it.effect("hides new records and shows changed ones as they were, while direct reads do not wait", () =>
    Effect.gen(function* () {
      const [id] = yield* createAll([{ name: "old" }])
      const seen = Effect.map(search({ properties: ["name"] }), ({ body }) =>
        body.results.map((_) => _.properties.name).join()
      )
      yield* TestClock.adjust(4999)
      assert.strictEqual(yield* seen, "")
      assert.strictEqual((yield* get(`${root}/${id}`)).status, 200)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* seen, "old")
      yield* api("PATCH", `${root}/${id}`, { properties: { name: "new" } })
      yield* TestClock.adjust(2500)
      assert.strictEqual(yield* seen, "old")
      yield* TestClock.adjust(2500)
      assert.strictEqual(yield* seen, "new")
      yield* api("DELETE", `${root}/${id}`)
      assert.strictEqual(yield* seen, "new")
      yield* TestClock.adjust(5000)
      assert.strictEqual(yield* seen, "")
    }).pipe(Effect.provide(Emulator.layer({ searchLag: 5000 })))
  )

  it.effect("is drawn for each version, and an older one never replaces a newer one", () =>
    Effect.gen(function* () {
      const ids = yield* createAll(Array.from({ length: 40 }, (_, n) => ({ name: `Item ${n}` })))
      for (const id of ids) yield* api("PATCH", `${root}/${id}`, { properties: { name: "new" } })
      const total = Effect.map(search({ limit: 200 }), ({ body }) => body.total)
      yield* TestClock.adjust(3000)
      const half = yield* total
      assert.isTrue(half > 5 && half < 39, String(half))
      yield* TestClock.adjust(7000)
      assert.strictEqual(yield* total, 40)
      assert.strictEqual(
        (yield* search({ ...filtered({ propertyName: "name", operator: "EQ", value: "new" }) })).body.total,
        40
      )
    }).pipe(Effect.provide(Emulator.layer({ searchLag: { min: 0, max: 10_000 } })), Random.withSeed("lag"))
  )
})
