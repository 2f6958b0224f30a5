import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { api, createAll, get, post, root } from "./api.ts"

const v4 = "/crm/v4/associations/line_items"
const types = [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }]
const ofDeal = (id: string, query = "") => get(`/crm/v4/objects/deals/${id}/associations/line_items${query}`)
const ids = (id: string) =>
  Effect.map(ofDeal(id), ({ body }) => body.results.map((_) => String(_.toObjectId)))

describe("associating in batches", () => {
  it.effect("takes what a create has left out, and may be repeated", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }])
      const inputs = [a, b].map((id) => ({ from: { id }, to: { id: "7" }, types }))
      for (let n = 0; n < 2; n++) {
        const { body, status } = yield* post(`${v4}/deals/batch/create`, { inputs })
        assert.strictEqual(status, 201)
        assert.strictEqual(body.status, "COMPLETE")
        assert.deepStrictEqual<object>(body.results[0]!, {
          fromObjectTypeId: "0-8",
          fromObjectId: a,
          toObjectTypeId: "0-3",
          toObjectId: "7",
          labels: []
        })
      }
      assert.deepStrictEqual(yield* ids("7"), [a!, b!])
      const read = yield* get(`${root}/${a}?associations=deals`)
      assert.deepStrictEqual<object>(read.body.associations, {
        deals: { results: [{ id: "7", type: "line_item_to_deal" }] }
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("knows the default type, and answers both directions of it", () =>
    Effect.gen(function* () {
      const [a] = yield* createAll([{ name: "a" }])
      const { body, status } = yield* post(`${v4}/deals/batch/associate/default`, {
        inputs: [{ from: { id: a }, to: { id: 7 } }]
      })
      assert.strictEqual(status, 200)
      assert.deepStrictEqual<object>(body.results, [
        { from: { id: a }, to: { id: "7" }, associationSpec: types[0] },
        { from: { id: "7" }, to: { id: a }, associationSpec: { ...types[0], associationTypeId: 19 } }
      ])
      assert.deepStrictEqual(yield* ids("7"), [a!])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("answers 207 for a part that cannot be", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }])
      yield* api("DELETE", `${root}/${b}`)
      const input = (from: string | undefined, to: string, typeId = 20) => ({
        from: { id: from },
        to: { id: to },
        types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: typeId }]
      })
      const inputs = [
        input(a, "7"),
        input(b, "7"),
        input("1", "7"),
        input(a, "1234567890123"),
        input(a, "7", 68)
      ]
      const { body, status } = yield* post(`${v4}/deal/batch/create`, { inputs })
      assert.strictEqual(status, 207)
      assert.strictEqual(body.results.length, 1)
      assert.deepStrictEqual(
        body.errors.map((_) => [_.category, _.context.fromObjectId![0], _.context.toObjectId![0]]),
        [
          ["VALIDATION_ERROR", b, "7"],
          ["VALIDATION_ERROR", "1", "7"],
          ["VALIDATION_ERROR", a, "1234567890123"],
          ["VALIDATION_ERROR", a, "7"]
        ]
      )
      assert.deepStrictEqual(
        body.errors.slice(0, 3).map((_) => _.context.INVALID_OBJECT_IDS),
        [[`LINE_ITEM=${b} is not valid`], ["LINE_ITEM=1 is not valid"], ["DEAL=1234567890123 is not valid"]]
      )
      assert.deepInclude(body.errors[3], {
        subCategory: "crm.associations.INVALID_ASSOCIATION_TYPE",
        message: "68 is not a valid association type between line_items and deal"
      })
      assert.deepStrictEqual(yield* ids("7"), [a!])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("takes two thousand at once and no more, and no unknown type of object", () =>
    Effect.gen(function* () {
      const [a] = yield* createAll([{ name: "a" }])
      const inputs = Array.from({ length: 2001 }, (_, n) => ({
        from: { id: a },
        to: { id: String(n + 1) },
        types
      }))
      assert.strictEqual((yield* post(`${v4}/deals/batch/create`, { inputs })).status, 400)
      const { body, status } = yield* post(`${v4}/deals/batch/create`, { inputs: inputs.slice(1) })
      assert.deepStrictEqual([status, body.results.length], [201, 2000])
      assert.strictEqual(
        (yield* post(`${v4}/contacts/batch/create`, { inputs: inputs.slice(0, 1) })).status,
        400
      )
      const untyped = { inputs: [{ from: { id: a }, to: { id: "1" } }] }
      assert.strictEqual((yield* post(`${v4}/deals/batch/create`, untyped)).status, 400)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("the line items of a parent", () => {
  it.effect("come by their ids as numbers, in pages of up to five hundred", () =>
    Effect.gen(function* () {
      const all: Array<string> = []
      for (let n = 0; n < 6; n++) {
        const inputs = Array.from({ length: 100 }, () => ({
          properties: { name: "x" },
          associations: [Association.make("deal", "7")]
        }))
        all.push(...(yield* post(`${root}/batch/create`, { inputs })).body.results.map((_) => _.id))
      }
      all.sort()
      const first = yield* ofDeal("7")
      assert.strictEqual(first.body.results.length, 500)
      assert.deepStrictEqual<object>(first.body.results[0]!, {
        toObjectId: Number(all[0]),
        associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 19, label: null }]
      })
      const { after } = first.body.paging!.next
      const second = yield* ofDeal("7", `?after=${after}`)
      assert.isUndefined(second.body.paging)
      assert.deepStrictEqual(
        [...first.body.results, ...second.body.results].map((_) => String(_.toObjectId)),
        all
      )
      assert.strictEqual((yield* ofDeal("7", "?limit=501")).status, 400)
      assert.strictEqual((yield* ofDeal("7", "?limit=3")).body.results.length, 3)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("are those of that object only, without archived ones", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }], [Association.make("deal", "7")])
      const [c] = yield* createAll([{ name: "c" }], [Association.make("quote", "7")])
      assert.deepStrictEqual(yield* ids("7"), [a!, b!])
      yield* api("DELETE", `${root}/${a}`)
      assert.deepStrictEqual(yield* ids("7"), [b!])
      assert.deepStrictEqual(yield* ids("8"), [])
      const quote = yield* get("/crm/v4/objects/quotes/7/associations/line_items")
      assert.deepStrictEqual(
        quote.body.results.map((_) => String(_.toObjectId)),
        [c!]
      )
      const [d] = yield* createAll([{ name: "d" }], [Association.make("deal", "7")])
      assert.deepStrictEqual(yield* ids("7"), [b!, d!])
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe.each(["2026-03", "2026-09"])("the helpers of %s", (version) => {
  const path = (id: string | undefined) => `/crm/objects/${version}/line_items/${id}/associations`

  it.effect("associate by type, by the default type, and take away", () =>
    Effect.gen(function* () {
      const [a] = yield* createAll([{ name: "a" }])
      const pair = yield* api("PUT", `${path(a)}/deals/7`, types)
      assert.strictEqual(pair.status, 201)
      assert.deepInclude(pair.body, { fromObjectId: a, toObjectId: "7", labels: [] } as object)
      const byDefault = yield* api("PUT", `${path(a)}/default/quotes/8`)
      assert.deepStrictEqual([byDefault.status, byDefault.body.status], [200, "COMPLETE"])
      assert.deepStrictEqual(yield* ids("7"), [a!])
      const gone = yield* api("DELETE", `${path(a)}/deals/7`)
      assert.deepStrictEqual([gone.status, gone.text], [204, ""])
      assert.deepStrictEqual(yield* ids("7"), [])
      const read = yield* get(`${root}/${a}?associations=deals,quotes`)
      assert.deepStrictEqual(Object.keys(read.body.associations), ["quotes"])
      assert.strictEqual((yield* api("DELETE", `${path("1")}/deals/7`)).status, 204)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("refuse what does not exist and types that do not fit", () =>
    Effect.gen(function* () {
      const [a] = yield* createAll([{ name: "a" }])
      const put = (end: string, body?: unknown) =>
        Effect.map(api("PUT", `${path(a)}/${end}`, body), (_) => _.status)
      assert.strictEqual(yield* put("quotes/7", types), 400)
      assert.strictEqual(yield* put("contacts/7", types), 400)
      assert.strictEqual(yield* put("deals/7", []), 400)
      assert.strictEqual(yield* put("deals/1234567890123", types), 400)
      assert.strictEqual(yield* put("default/deals/1234567890123"), 400)
      const { body, headers, status } = yield* api("PUT", `${path("1")}/default/deals/7`)
      assert.strictEqual(status, 400)
      assert.deepStrictEqual<object>(Object.entries(body), [
        ["status", "error"],
        ["message", "One or more associations are invalid"],
        ["correlationId", headers["x-hubspot-correlation-id"]],
        [
          "context",
          { INVALID_OBJECT_IDS: ["LINE_ITEM=1 is not valid"], objectId: ["1"], objectType: ["LINE_ITEM"] }
        ],
        ["category", "VALIDATION_ERROR"]
      ])
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
