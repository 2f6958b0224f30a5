import * as Lookup from "@effect-hubspot/batch/doubt/Lookup"
import * as ParentLookup from "@effect-hubspot/batch/doubt/ParentLookup"
import { Credentials, HubSpotClient, LineItems, RateLimits, Retry } from "@effect-hubspot/http"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { canary } from "../../support/canary.ts"

const properties = { name: "Seat 1", import_key: "k1" }

/** It says that it has the input, under an id that is none. */
const hubspot = (id: string) =>
  LineItems.layerClient.pipe(
    Layer.provideMerge(HubSpotClient.layer()),
    Layer.provideMerge(RateLimits.layer()),
    Layer.provide(Credentials.layer(Redacted.make(canary))),
    Layer.provide(
      Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) => {
          const record = { id, properties, createdAt: "2026-11-28T10:00:00Z" }
          const body = request.url.includes("/associations/")
            ? { results: [{ toObjectId: id }] }
            : request.url.endsWith("/line_items")
              ? record
              : {
                  total: 1,
                  results: [record],
                  errors: [{ category: "OBJECT_NOT_FOUND", context: { ids: ["k1"] } }]
                }
          return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(body)))
        })
      )
    )
  )

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
