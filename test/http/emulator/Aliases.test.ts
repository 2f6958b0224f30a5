import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { api, createAll, get, post, root } from "./api.ts"
import { send } from "./calls.ts"

const toDeal = { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }
const toLineItem = { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 19 }

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

describe("other paths of an endpoint", () => {
  it.effect("a line item is created and read by each name of its type, in each version", () =>
    Effect.gen(function* () {
      const places = ["/crm/v3/objects", "/crm/v4/objects"].concat(
        ["2025-09", "2026-03", "2026-09"].map((version) => `/crm/objects/${version}`)
      )
      for (const place of places) {
        for (const name of ["line_items", "line_item", "0-8"]) {
          const path = `${place}/${name}`
          const { body, status } = yield* post(path, { properties: { name: path } })
          assert.strictEqual(status, 201, path)
          const read = yield* get(`${path}/${body.id}?properties=name`)
          assert.deepStrictEqual([read.status, read.body.properties.name], [200, path])
          const batch = yield* post(`${path}/batch/read`, { inputs: [{ id: body.id }] })
          assert.deepStrictEqual([batch.status, batch.body.results.length], [200, 1], path)
        }
      }
      const { created, requests } = yield* ledger
      assert.lengthOf(created, 15)
      // The ledger has the paths as they were asked.
      assert.strictEqual(requests[0]!.path, "/crm/v3/objects/line_items")
      assert.strictEqual(requests.at(-1)!.path, "/crm/objects/2026-09/0-8/batch/read")
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("a batch create of 2025-09 is a 200, with its errors in it", () =>
    Effect.gen(function* () {
      const inputs = [
        { properties: { name: "a" }, objectWriteTraceId: "a" },
        { properties: { prise: "1" }, objectWriteTraceId: "b" }
      ]
      const { body, status } = yield* post("/crm/objects/2025-09/line_items/batch/create", { inputs })
      assert.deepStrictEqual([status, body.results.length, body.numErrors], [200, 1, 1])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("a batch becomes a task at every path of the create, and is followed there", () =>
    Effect.gen(function* () {
      const path = "/crm/objects/2026-09/0-8/batch/create"
      const { body } = yield* post(path, { inputs: [{ properties: { name: "a" } }] })
      assert.strictEqual(body.status, "PENDING")
      const link = (body as unknown as { readonly links: { readonly status: string } }).links.status
      assert.include(link, `${path}/tasks/`)
      const followed = yield* get(link.replace("https://api.hubapi.com", ""))
      assert.deepStrictEqual([followed.status, followed.body.status], [200, "PENDING"])
    }).pipe(Effect.provide(Emulator.layer({ asynchronous: { pendingMillis: 1000, processingMillis: 1000 } })))
  )

  it.effect("properties, the account and its requests of the day are known by their versions", () =>
    Effect.gen(function* () {
      for (const path of [
        "/crm/v3/properties/line_item",
        "/crm/v3/properties/0-8",
        "/crm/properties/2026-03/line_items",
        "/crm/properties/2026-09/0-8"
      ]) {
        const { body, status } = yield* get(path)
        assert.strictEqual(status, 200, path)
        assert.include(
          body.results.map(({ name }) => name),
          "price"
        )
      }
      for (const version of ["v3", "2025-09", "2026-03", "2026-09"]) {
        assert.strictEqual((yield* get(`/account-info/${version}/details`)).status, 200, version)
        const { body, status } = yield* get(`/account-info/${version}/api-usage/daily/private-apps`)
        assert.strictEqual(status, 200, version)
        const { requests } = yield* ledger
        assert.deepInclude(body.results[0] as object, {
          usageLimit: 1_000_000,
          currentUsage: requests.length,
          fetchStatus: "SUCCESS",
          resetsAt: "1970-01-02T00:00:00.000Z"
        })
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("associations as other programs ask for them", () => {
  const places = ["/crm/v4/objects"].concat(
    ["2025-09", "2026-03", "2026-09"].map((version) => `/crm/objects/${version}`)
  )
  for (const place of places) {
    it.effect(`one by one, from either side, at ${place}`, () =>
      Effect.gen(function* () {
        const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }])
        const forward = yield* api("PUT", `${place}/line_items/${a}/associations/default/deals/7`)
        assert.strictEqual(forward.status, 200)
        const back = yield* api("PUT", `${place}/deals/7/associations/default/line_items/${b}`)
        assert.strictEqual(back.status, 200)
        assert.deepStrictEqual<object>(back.body.results, [
          { from: { id: "7" }, to: { id: b }, associationSpec: toLineItem },
          { from: { id: b }, to: { id: "7" }, associationSpec: toDeal }
        ])
        const deal = yield* get(`${place}/0-3/7/associations/line_item`)
        assert.deepStrictEqual<object>(deal.body.results, [
          {
            toObjectId: Number(a),
            associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 19, label: null }]
          },
          {
            toObjectId: Number(b),
            associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 19, label: null }]
          }
        ])
        const gone = yield* api("DELETE", `${place}/deal/7/associations/0-8/${b}`)
        assert.deepStrictEqual([gone.status, gone.text], [204, ""])
        const own = yield* get(`${place}/line_item/${a}/associations/deal`)
        assert.deepStrictEqual<object>(own.body.results, [
          { toObjectId: 7, associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 20, label: null }] }
        ])
        assert.deepStrictEqual((yield* get(`${place}/0-8/${b}/associations/deals`)).body.results, [])
        // From the deal, the type of the other direction is none.
        const wrong = yield* api("PUT", `${place}/deals/7/associations/line_items/${b}`, [toDeal])
        assert.deepStrictEqual(
          [wrong.status, wrong.body.subCategory],
          [400, "crm.associations.INVALID_ASSOCIATION_TYPE"]
        )
        const right = yield* api("PUT", `${place}/deals/7/associations/line_items/${b}`, [toLineItem])
        assert.strictEqual(right.status, 201)
        assert.deepInclude(right.body, { fromObjectTypeId: "0-3", toObjectId: b } as object)
      }).pipe(Effect.provide(Emulator.layer()))
    )
  }

  it.effect("in batches of v4, and as dated versions call them", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }], [Association.make("deal", "7")])
      for (const [place, removed] of [
        ["/crm/v4/associations", 204],
        ["/crm/associations/2026-03", 200]
      ] as const) {
        const read = yield* post(`${place}/deals/line_items/batch/read`, {
          inputs: [{ id: "7" }, { id: "8" }]
        })
        assert.strictEqual(read.status, 207)
        const [{ from, to }] = read.body.results as unknown as [{ from: object; to: Array<object> }]
        assert.deepStrictEqual([from, to.length], [{ id: "7" }, 2])
        assert.deepInclude(read.body.errors[0], {
          category: "OBJECT_NOT_FOUND",
          subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND"
        })
        const pair = { from: { id: a }, to: { id: "7" }, types: [toDeal] }
        const labels = yield* post(`${place}/line_items/deals/batch/labels/archive`, { inputs: [pair] })
        assert.strictEqual(labels.status, removed)
        const all = yield* post(`${place}/deals/line_items/batch/archive`, {
          inputs: [{ from: { id: "7" }, to: [{ id: b }] }]
        })
        assert.strictEqual(all.status, removed)
        assert.deepStrictEqual(
          (yield* get("/crm/v4/objects/deals/7/associations/line_items")).body.results,
          []
        )
        const again = yield* post(`${place}/deals/line_items/batch/create`, {
          inputs: [a, b].map((id) => ({ from: { id: "7" }, to: { id }, types: [toLineItem] }))
        })
        assert.deepStrictEqual([again.status, again.body.results.length], [201, 2])
        const known = yield* get(`${place}/line_items/deals/labels`)
        assert.deepStrictEqual<object>(known.body.results, [
          { category: "HUBSPOT_DEFINED", typeId: 20, label: null }
        ])
      }
      const newest = yield* post("/crm/associations/2026-09/line_items/deals/batch/create", {
        inputs: [{ from: { id: a }, to: { id: "9" }, types: [toDeal] }]
      })
      assert.strictEqual(newest.status, 200)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("by the names of v3, one by one and in batches", () =>
    Effect.gen(function* () {
      const [a, b] = yield* createAll([{ name: "a" }, { name: "b" }])
      const one = yield* api("PUT", `${root}/${a}/associations/deals/7/line_item_to_deal`)
      assert.deepStrictEqual([one.status, one.body.id], [200, a])
      assert.deepStrictEqual<object>(one.body.associations, {
        deals: { results: [{ id: "7", type: "line_item_to_deal" }] }
      })
      const byId = yield* api("PUT", `/crm/v3/objects/deals/7/associations/line_item/${b}/19`)
      assert.strictEqual(byId.status, 200)
      const listed = yield* get("/crm/v3/objects/deal/7/associations/line_items")
      assert.deepStrictEqual<object>(listed.body.results, [
        { id: a, type: "deal_to_line_item" },
        { id: b, type: "deal_to_line_item" }
      ])
      assert.strictEqual(
        (yield* api("DELETE", `${root}/${a}/associations/deals/7/line_item_to_deal`)).status,
        204
      )
      assert.strictEqual((yield* api("PUT", `${root}/${a}/associations/deals/7/contact_to_deal`)).status, 400)
      const v3 = "/crm/v3/associations/line_items/deals"
      const input = { from: { id: a }, to: { id: "7" }, type: "line_item_to_deal" }
      const made = yield* post(`${v3}/batch/create`, { inputs: [input] })
      assert.deepStrictEqual([made.status, made.body.results], [201, [input as never]])
      const read = yield* post(`${v3}/batch/read`, { inputs: [{ id: a }] })
      assert.deepStrictEqual<object>(read.body.results, [
        { from: { id: a }, to: [{ id: "7", type: "line_item_to_deal" }] }
      ])
      assert.deepStrictEqual<object>((yield* get(`${v3}/types`)).body.results, [
        { id: "20", name: "line_item_to_deal" }
      ])
      assert.strictEqual((yield* post(`${v3}/batch/archive`, { inputs: [input] })).status, 204)
      assert.strictEqual((yield* post(`${v3}/batch/read`, { inputs: [{ id: a }] })).status, 207)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("requests that no endpoint answers", () => {
  it.effect("an unknown type is a 400 of HubSpot's without category, whatever is asked of it", () =>
    Effect.gen(function* () {
      for (const [name, message] of [
        ["widgets", "Unable to infer object type from: widgets"],
        ["0-9999", "Invalid object or event type id: 0-9999"]
      ] as const) {
        for (const [method, path] of [
          ["GET", `/crm/v3/objects/${name}`],
          ["POST", `/crm/v3/objects/${name}/batch/create`],
          ["GET", `/crm/objects/2026-09/${name}/1`],
          ["GET", `/crm/v3/properties/${name}`],
          ["GET", `/crm/v4/objects/line_items/1/associations/${name}`],
          ["POST", `/crm/v4/associations/${name}/line_items/batch/create`]
        ] as const) {
          const { body, headers, status } = yield* api(
            method,
            path,
            method === "POST" ? { inputs: [] } : undefined
          )
          assert.strictEqual(status, 400, path)
          assert.deepStrictEqual<object>(Object.entries(body), [
            ["status", "error"],
            ["message", message],
            ["correlationId", headers["x-hubspot-correlation-id"]]
          ])
        }
      }
      const stranger = yield* send(HttpClientRequest.get("https://api.hubapi.com/crm/v3/objects/widgets"))
      assert.strictEqual(stranger.status, 401)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("a type that HubSpot has and the emulator has not is still HTML", () =>
    Effect.gen(function* () {
      for (const path of ["/crm/v3/objects/contacts", "/crm/v3/objects/deals/1", "/crm/v3/nothing"]) {
        const { headers, status } = yield* get(path)
        assert.strictEqual(status, 404, path)
        assert.match(headers["content-type"]!, /^text\/html/)
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("a wrong method is a 405 that says which are right, and nothing else", () =>
    Effect.gen(function* () {
      for (const [method, path, allow] of [
        ["PUT", root, "GET,POST"],
        ["DELETE", `${root}/batch/create`, "POST"],
        ["GET", "/crm/objects/2026-09/0-8/search", undefined],
        ["PATCH", "/account-info/2026-03/details", "GET"]
      ] as const) {
        const { headers, status, text } = yield* api(method, path)
        if (allow === undefined) assert.strictEqual(status, 404, "an id, by its path")
        else assert.deepStrictEqual([status, headers["allow"], text], [405, allow, ""], path)
      }
      const { created, requests } = yield* ledger
      assert.deepStrictEqual(
        [created.length, requests.map(({ status }) => status)],
        [0, [405, 405, 404, 405]]
      )
    }).pipe(Effect.provide(Emulator.layer()))
  )
})
