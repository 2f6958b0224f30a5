/**
 * Parents and products by keys: against the emulator, in virtual time.
 */
import * as BulkCreate from "@effect-hubspot/batch/bulk/BulkCreate"
import * as FindRecords from "@effect-hubspot/batch/bulk/FindRecords"
import * as Import from "@effect-hubspot/batch/jobs/Import"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { inVirtualTime } from "../../support/virtualTime.ts"

interface Line {
  readonly name: string
  readonly order?: string
  readonly sku?: string
}

const post = (path: string, body: unknown) =>
  HttpClientRequest.post(`https://api.hubapi.com${path}`).pipe(
    HttpClientRequest.bearerToken("pat-eu1-0000"),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
    Effect.flatMap((response) => Effect.map(response.json, (json) => [response.status, json] as const)),
    Effect.map(([status, json]) => {
      assert.strictEqual(status, 201, JSON.stringify(json))
      return (json as { readonly id: string }).id
    }),
    Effect.orDie
  )

const define = (objectType: string, name: string, more: object = { hasUniqueValue: true }) =>
  post(`/crm/v3/properties/${objectType}`, {
    name,
    label: name,
    type: "string",
    fieldType: "text",
    groupName: objectType === "products" ? "productinformation" : `${objectType.slice(0, -1)}information`,
    ...more
  })

const make = (objectType: string, properties: object) => post(`/crm/v3/objects/${objectType}`, { properties })

const finds: ReadonlyArray<FindRecords.Find<Line>> = [
  { object: "deal", property: "erp_number", keyOf: ({ order }) => order },
  { object: "product", property: "hs_sku", keyOf: ({ sku }) => sku }
]

const toInput = ({ name }: Line) => Result.succeed({ properties: { name } })

const importing =
  (finder: FindRecords.Finder<Line>, options: BulkCreate.Options = {}) =>
  (lines: Iterable<Line>) =>
    Stream.fromIterable(lines).pipe(
      BulkCreate.outcomesWith({ ...options, toInput, finder }),
      Stream.runCollect,
      Effect.map((all) => [...all].sort((a, b) => a.index - b.index))
    )

const said = (outcome: { readonly _tag: string }) =>
  "issues" in outcome
    ? (outcome.issues as ReadonlyArray<{ readonly message: string }>)[0]!.message
    : outcome._tag

const ledger = Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)

/** The requests to paths that end so. */
const asked = (end: string) =>
  Effect.map(ledger, ({ requests }) => requests.filter(({ path }) => path.endsWith(end)).length)

const on = (options: Emulator.Options = {}) => Effect.provide(Emulator.layerLineItems({ emulator: options }))

describe("records with unique keys and records that are searched", () => {
  it.effect("become the parent and the product of each line", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      const a = yield* make("deals", { dealname: "A", erp_number: "4711" })
      const b = yield* make("deals", { dealname: "B", erp_number: "4712" })
      const chair = yield* make("products", { name: "Chair", hs_sku: "C-1" })
      yield* make("products", { name: "Twin", hs_sku: "T" })
      yield* make("products", { name: "Twin", hs_sku: "T" })
      const finder = yield* FindRecords.make(finds, { quiet: 0 })
      const all = yield* importing(finder)([
        { name: "one", order: " 4711 ", sku: "C-1" },
        { name: "two", order: "4712" },
        { name: "three", sku: "C-1" },
        { name: "four" },
        { name: "five", order: "4713" },
        { name: "six", sku: "c-1" },
        { name: "seven", order: "4711", sku: "T" },
        { name: "eight", order: "" }
      ])
      assert.deepStrictEqual(all.map(said).slice(0, 6), [
        "Created",
        "Created",
        "Created",
        "Created",
        'no deal has erp_number "4713"',
        'no product has hs_sku "c-1"'
      ])
      assert.match(said(all[6]!), /^more than one product has hs_sku "T": \d+, \d+$/)
      assert.strictEqual(said(all[7]!), "Created")
      const { created } = yield* ledger
      const of = (name: string) => {
        const { associations, properties } = created.find(({ properties }) => properties.name === name)!
        return [associations.map(({ to }) => to.id).join(), properties.hs_product_id]
      }
      assert.deepStrictEqual(["one", "two", "three", "four"].map(of), [
        [a, chair],
        [b, undefined],
        ["", chair],
        ["", undefined]
      ])
      assert.lengthOf(created, 5)
    }).pipe(on())
  )

  it.effect("of number properties are the same number however it is written", () =>
    Effect.gen(function* () {
      yield* define("orders", "erp", { type: "number", fieldType: "number", hasUniqueValue: true })
      yield* make("orders", { erp: "42" })
      const finder = yield* FindRecords.make<Line>([
        { object: "order", property: "erp", keyOf: ({ order }) => order }
      ])
      const all = yield* importing(finder)(["42", "042.0", "43", "4x"].map((order) => ({ name: "n", order })))
      assert.deepStrictEqual(all.map(said), [
        "Created",
        "Created",
        'no order has erp "43"',
        '"4x" is no number, and order.erp is one'
      ])
    }).pipe(on())
  )

  it.effect("are told apart also where more of them have a key than an answer holds", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 3; n++) {
        yield* post("/crm/v3/objects/products/batch/create", {
          inputs: Array.from({ length: 90 }, () => ({ properties: { name: "x", hs_sku: "many" } }))
        }).pipe(Effect.ignore)
      }
      yield* make("products", { name: "x", hs_sku: "one" })
      const finder = yield* FindRecords.make(finds.slice(1), { quiet: 0 })
      const all = yield* importing(finder)(["one", "many", "none"].map((sku) => ({ name: "n", sku })))
      assert.deepStrictEqual(
        all.map((one) => said(one).replace(/:.*/, "")),
        ["Created", 'more than one product has hs_sku "many"', 'no product has hs_sku "none"']
      )
    }).pipe(on())
  )
})

describe("what a search does not have at first", () => {
  it.effect("is searched again after the quiet period, once in a run", () =>
    Effect.gen(function* () {
      const waits: Array<unknown> = []
      yield* TestClock.adjust("1 hour")
      const finder = yield* FindRecords.make(finds.slice(1))
      yield* make("products", { name: "late", hs_sku: "late" })
      const lines = function* () {
        yield { name: "a", sku: "late" }
        for (let n = 0; n < 150; n++) yield { name: "b", sku: `missing ${n}` }
      }
      const started = yield* Clock.currentTimeMillis
      const all = yield* importing(finder, {
        onEvent: (event) => Effect.sync(() => void (event._tag === "Waiting" && waits.push(event)))
      })(lines())
      assert.strictEqual(said(all[0]!), "Created")
      assert.strictEqual(said(all[150]!), 'no product has hs_sku "missing 149"')
      assert.isAtMost((yield* Clock.currentTimeMillis) - started, 75_000)
      assert.lengthOf(waits, 1)
      assert.deepInclude(waits[0], { _tag: "Waiting", inputs: 100, why: "search" })
    }).pipe(on({ searchLag: 20_000 }), inVirtualTime)
  )

  it.effect("with unique values is final at once", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      const finder = yield* FindRecords.make(finds.slice(0, 1))
      const started = yield* Clock.currentTimeMillis
      const [one] = yield* importing(finder)([{ name: "a", order: "1" }])
      assert.strictEqual(said(one!), 'no deal has erp_number "1"')
      assert.strictEqual(yield* Clock.currentTimeMillis, started)
    }).pipe(on({ searchLag: 20_000 }))
  )
})

describe("the requests", () => {
  it.effect("ask each key once, a hundred at a time, within the limit", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      for (let n = 0; n < 3; n++) {
        yield* post("/crm/v3/objects/deals/batch/create", {
          inputs: Array.from({ length: 100 }, (_, i) => ({ properties: { erp_number: String(n * 100 + i) } }))
        })
      }
      const finder = yield* FindRecords.make(finds)
      // Three lines of each order, in no order.
      const lines = Array.from({ length: 900 }, (_, n) => ({ name: `${n}`, order: String((n * 7) % 300) }))
      let events = 0
      const all = yield* importing(finder, {
        onEvent: (event) => Effect.sync(() => void (event._tag === "Asked" && events++))
      })(lines)
      assert.isTrue(all.every(({ _tag }) => _tag === "Created"))
      assert.strictEqual(yield* asked("/0-3/batch/read"), 3)
      assert.strictEqual(events, 3)
      assert.strictEqual(yield* asked("/line_items/batch/create"), 9)
    }).pipe(on(), inVirtualTime)
  )

  it.effect("remember a bounded number of keys, and stay within the rate limit", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      const finder = yield* FindRecords.make(finds, { capacity: 100 })
      const round = Array.from({ length: 2000 }, (_, n) => ({ name: `${n}`, order: String(n) }))
      const all = yield* importing(finder)([...round, ...round, ...round.slice(-50), ...round.slice(-50)])
      assert.lengthOf(all, 4100)
      // The last keys were still known.
      assert.strictEqual(yield* asked("/0-3/batch/read"), 40)
      const { requests } = yield* ledger
      assert.isTrue(requests.every(({ status }) => status !== 429))
    }).pipe(on({ limit: 10 }), inVirtualTime)
  )

  it.effect("let what comes before a failure of the stream pass first", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      const finder = yield* FindRecords.make(finds)
      const seen: Array<string> = []
      const end = yield* Stream.make({ name: "a", order: "1" }, { name: "b" }).pipe(
        Stream.concat(Stream.fail("cut off")),
        FindRecords.through(finder),
        Stream.runForEach(({ records }) => Effect.sync(() => void seen.push(records._tag))),
        Effect.flip
      )
      assert.deepStrictEqual([end, ...seen], ["cut off", "Invalid", "Found"])
    }).pipe(on())
  )
})

describe("where HubSpot cannot be asked", () => {
  it.effect("a property that does not exist, and a type without its scope, are told before", () =>
    Effect.gen(function* () {
      const { setScopes } = yield* Emulator.Emulator
      const unknown = yield* Effect.flip(FindRecords.make(finds))
      assert.match(
        unknown.message,
        /^deal.erp_number: this account has no such property; give the internal name/
      )
      yield* setScopes(["crm.objects.line_items.write"])
      const forbidden = yield* Effect.flip(FindRecords.make(finds))
      assert.strictEqual("ends" in forbidden && forbidden.ends, "credentials")
    }).pipe(on())
  )

  for (const [what, status, tag] of [
    ["a scope is taken away", 403, "Halted"],
    ["an outage does not end", 502, "Suspended"]
  ] as const) {
    it.effect(`in the middle (${what}): the rows are not sent, and none is invalid`, () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator.Emulator
        yield* define("deals", "erp_number")
        for (let n = 0; n < 2; n++) {
          yield* post("/crm/v3/objects/deals/batch/create", {
            inputs: Array.from({ length: 100 }, (_, i) => ({ properties: { erp_number: `${n}-${i}` } }))
          })
        }
        const finder = yield* FindRecords.make(finds)
        yield* emulator.setFaults({
          rules: [
            {
              match: { path: "/crm/v3/objects/0-3/batch/read" },
              fault: { place: "beforeCommit", reply: { kind: "status", status, body: "hubspot" } }
            }
          ]
        })
        const all = yield* importing(finder)(
          Array.from({ length: 250 }, (_, n) => ({ name: "n", order: `${n % 2}-${n % 100}` }))
        )
        assert.lengthOf(all, 250)
        for (const outcome of all) {
          assert.strictEqual(outcome._tag, "NotSent")
          if (outcome._tag === "NotSent") assert.strictEqual(outcome.reason._tag, tag)
        }
        assert.lengthOf((yield* ledger).created, 0)
      }).pipe(on(), inVirtualTime)
    )
  }
})

describe("a durable import", () => {
  it.effect("writes down what was found, and asks no more", () =>
    Effect.gen(function* () {
      yield* define("deals", "erp_number")
      const deal = yield* make("deals", { erp_number: "1" })
      const Line = Schema.Struct({ name: Schema.String, order: Schema.String })
      const finder = yield* FindRecords.make<typeof Line.Type>([
        { object: "deal", property: "erp_number", keyOf: ({ order }) => order }
      ])
      const submit = Import.submit({ id: "orders", codec: Line, finder, toInput })
      yield* submit(Stream.make({ name: "a", order: "1" }, { name: "b", order: "2" }))
      assert.strictEqual(yield* asked("/0-3/batch/read"), 1)
      yield* Import.run("orders")
      assert.strictEqual(yield* asked("/0-3/batch/read"), 1)
      const { counts } = yield* Import.status("orders")
      assert.deepInclude(counts, { created: 1, invalid: 1 })
      const { created } = yield* ledger
      assert.deepStrictEqual(
        created[0]!.associations.map(({ to }) => to.id),
        [deal]
      )
    }).pipe(Effect.provide(Stores.layerMemory), on())
  )
})
