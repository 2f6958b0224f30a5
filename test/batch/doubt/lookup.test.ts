import * as Lookup from "@effect-hubspot/batch/doubt/Lookup"
import * as ParentLookup from "@effect-hubspot/batch/doubt/ParentLookup"
import { Credentials, HubSpotClient, LineItems, RateLimits, Retry } from "@effect-hubspot/http"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { canary } from "../../support/canary.ts"

const properties = { name: "Seat 1", import_key: "k1" }

/** Answers a request by its url. */
const answering = (bodyOf: (url: string) => unknown) =>
  LineItems.layerClient.pipe(
    Layer.provideMerge(HubSpotClient.layer()),
    Layer.provideMerge(RateLimits.layer()),
    Layer.provide(Credentials.layer(Redacted.make(canary))),
    Layer.provide(
      Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(bodyOf(request.url))))
        )
      )
    )
  )

/** It says that it has the input, under an id that is none. */
const hubspot = (id: string) => {
  const record = { id, properties, createdAt: "2026-11-28T10:00:00Z" }
  return answering((url) =>
    url.includes("/associations/")
      ? { results: [{ toObjectId: id }] }
      : url.endsWith("/line_items")
        ? record
        : {
            total: 1,
            results: [record],
            errors: [{ category: "OBJECT_NOT_FOUND", context: { ids: ["k1"] } }]
          }
  )
}

const items = [
  {
    source: 0,
    index: 0,
    key: "k1",
    objectWriteTraceId: "t-0",
    input: { properties, associations: [Association.make("deal", "7")], objectWriteTraceId: "t-0" }
  }
]

describe("a record whose id cannot be one", () => {
  for (const [what, id] of [
    ["is the token", canary],
    ["is a text", "no id"]
  ] as const) {
    it.effect(`such as one that ${what} is neither found nor absent`, () =>
      Effect.gen(function* () {
        const client = yield* HubSpotClient.HubSpotClient
        const services = { client, limits: yield* RateLimits.RateLimits, policy: Retry.defaults }
        const family = ParentLookup.make(services)
        family.recall({ created: [], open: items.map((item) => ({ item, sinceMillis: 0 })) })
        for (const lookup of [
          Lookup.byUniqueValue(services, "import_key"),
          Lookup.bySearch(services, "import_key"),
          family.lookup
        ]) {
          const { absent, found } = yield* lookup(items)
          assert.deepStrictEqual([[...found], [...absent]], [[], []])
        }
        const error = yield* Effect.flip(
          Effect.flatMap(LineItems.LineItems, (lineItems) => lineItems.create({ properties }))
        )
        assert.deepStrictEqual([error.reason._tag, error.acceptance], ["ProtocolViolation", "InDoubt"])
      }).pipe(Effect.provide(hubspot(id)))
    )
  }
})

describe("an answer that cannot be true", () => {
  const three = ["k1", "k2", "k3"].map((key, index) => ({
    source: index,
    index,
    key,
    objectWriteTraceId: `t-${index}`,
    input: { properties: { name: "Seat", import_key: key }, objectWriteTraceId: `t-${index}` }
  }))
  const record = (id: string, key: string) => ({ id, properties: { name: "Seat", import_key: key } })

  for (const [what, results] of [
    ["has one id under two keys", [record("5", "k1"), record("5", "k2"), record("6", "k3")]],
    ["has them in another order", [record("6", "k3"), record("5", "k2"), record("5", "k1")]]
  ] as const) {
    it.effect(`such as one that ${what} proves nothing about those keys`, () =>
      Effect.gen(function* () {
        const client = yield* HubSpotClient.HubSpotClient
        const services = { client, limits: yield* RateLimits.RateLimits, policy: Retry.defaults }
        for (const unique of [true, false]) {
          const { absent, found } = yield* Lookup.byKey(services, { property: "import_key", unique })(three)
          assert.deepStrictEqual([[...found.keys()], [...absent]], [[2], []])
          assert.strictEqual(found.get(2)?.id, "6")
        }
      }).pipe(Effect.provide(answering(() => ({ total: results.length, results }))))
    )
  }
})
