import * as HubSpotApi from "@effect-hubspot/http/HubSpotApi"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inVirtualTime } from "../support/virtualTime.ts"
import * as Descriptions from "./descriptions.ts"
import * as Recordings from "./recordings.ts"

/*
 * Every reply of the emulator to an operation of the contract, beside HubSpot's public descriptions: those of v3 and v4 from
 * the SDK, and those of every version if `HUBSPOT_DESCRIPTIONS` names a folder of HubSpot's OpenAPI files.
 */

interface Seen {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly text: string
}

const recording = (seen: Array<Seen>, options: Emulator.Options) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request, url) =>
        Effect.gen(function* () {
          const { headers, status, text } = yield* client.execute(request).pipe(
            Effect.flatMap((response) =>
              Effect.map(response.text, (text) => ({
                headers: response.headers,
                status: response.status,
                text
              }))
            )
          )
          seen.push({ method: request.method, path: url.pathname, status, text })
          return HttpClientResponse.fromWeb(
            request,
            new Response(status === 204 ? null : text, { status, headers: { ...headers } })
          )
        })
      )
    )
  ).pipe(Layer.provideMerge(Emulator.layer(options)))

type Steps = Recordings.Recording["steps"]

const step = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown
): Steps[number] => ({
  request: { method, path, ...(body !== undefined && { body }) }
})

const root = "/crm/v3/objects/line_items"
const spec = (associationTypeId: number) => ({ associationCategory: "HUBSPOT_DEFINED", associationTypeId })
const input = { from: { id: "{{id}}" }, to: { id: "7" } }
const stranger = { from: { id: "1" }, to: { id: "7" } }

/** What the recordings leave out. */
const rest: Steps = [
  { ...step("POST", root, { properties: { name: "a", price: "1" } }), keep: { id: "id" } },
  step("GET", `${root}?limit=1&properties=name,hs_sku&associations=deals`),
  step("PATCH", `${root}/{{id}}`, { properties: { price: "2" } }),
  step("PATCH", `${root}/{{id}}`, { properties: { price: "x" } }),
  step("POST", `${root}/batch/update`, {
    inputs: [
      { id: "{{id}}", properties: { price: "3" }, objectWriteTraceId: "a" },
      { id: "20000000002", properties: { price: "x" }, objectWriteTraceId: "b" }
    ]
  }),
  step("POST", `${root}/batch/read`, {
    inputs: [{ id: "{{id}}" }],
    properties: ["name"],
    propertiesWithHistory: ["price"]
  }),
  step("POST", `${root}/search`, { filterGroups: [], properties: ["name"], limit: 1 }),
  step("POST", `${root}/search`, { filterGroups: [], limit: 201 }),
  step("POST", `${root}/batch/upsert`, {
    inputs: [{ id: "k", idProperty: "import_key", properties: { name: "k" } }]
  }),
  step("POST", `${root}/batch/upsert`, {
    inputs: [
      { id: "k", idProperty: "import_key", properties: { name: "l" }, objectWriteTraceId: "a" },
      { id: "l", idProperty: "import_key", properties: { price: "x" }, objectWriteTraceId: "b" }
    ]
  }),
  step("PUT", "/crm/v4/objects/line_items/{{id}}/associations/default/deals/7"),
  step("PUT", "/crm/v4/objects/line_items/{{id}}/associations/deals/7", [spec(20)]),
  step("GET", `${root}/{{id}}?associations=deals`),
  step("GET", "/crm/v4/objects/line_items/{{id}}/associations/deals"),
  step("POST", "/crm/v4/associations/line_items/deals/batch/create", {
    inputs: [input, stranger].map((each) => ({ ...each, types: [spec(20)] }))
  }),
  step("POST", "/crm/v4/associations/line_items/deals/batch/create", {
    inputs: [{ ...input, types: [spec(20)] }]
  }),
  step("POST", "/crm/v4/associations/line_items/deals/batch/associate/default", { inputs: [input] }),
  step("POST", "/crm/v4/associations/line_items/deals/batch/read", { inputs: [{ id: "{{id}}" }] }),
  step("POST", "/crm/v4/associations/line_items/deals/batch/labels/archive", {
    inputs: [{ ...input, types: [spec(20)] }]
  }),
  step("POST", "/crm/v4/associations/line_items/deals/batch/archive", {
    inputs: [{ from: { id: "{{id}}" }, to: [{ id: "7" }] }]
  }),
  step("DELETE", "/crm/v4/objects/line_items/{{id}}/associations/deals/7"),
  step("GET", "/crm/v4/associations/line_items/deals/labels"),
  step("POST", "/crm/v3/associations/line_items/deals/batch/create", {
    inputs: [{ ...input, type: "line_item_to_deal" }]
  }),
  step("POST", "/crm/v3/associations/line_items/deals/batch/create", {
    inputs: [input, stranger].map((each) => ({ ...each, type: "line_item_to_deal" }))
  }),
  step("POST", "/crm/v3/associations/line_items/deals/batch/read", {
    inputs: [{ id: "{{id}}" }, { id: "1" }]
  }),
  step("POST", "/crm/v3/associations/line_items/deals/batch/read", { inputs: [{ id: "{{id}}" }] }),
  step("POST", "/crm/v3/associations/line_items/deals/batch/archive", {
    inputs: [{ ...input, type: "line_item_to_deal" }]
  }),
  step("GET", "/crm/v3/associations/line_items/deals/types"),
  step("GET", "/crm/v3/properties/line_items/nothing"),
  step("POST", "/crm/v3/properties/line_items/batch/read", {
    inputs: [{ name: "price" }, { name: "nothing" }]
  }),
  step("POST", "/crm/v3/properties/line_items/batch/read", { inputs: [{ name: "price" }] }),
  step("POST", "/crm/v3/properties/line_items/batch/create", {
    inputs: [
      { name: "one", label: "One", type: "string", fieldType: "text", groupName: "lineiteminformation" }
    ]
  }),
  step("PATCH", "/crm/v3/properties/line_items/one", { label: "Two" }),
  step("POST", "/crm/v3/properties/line_items/batch/archive", { inputs: [{ name: "one" }] }),
  step("GET", "/crm/v3/properties/line_items/groups"),
  step("POST", "/crm/v3/properties/line_items/groups", { name: "mine", label: "Mine" }),
  step("PATCH", "/crm/v3/properties/line_items/groups/mine", { label: "My own" }),
  step("GET", "/crm/v3/properties/line_items/groups/mine"),
  step("DELETE", "/crm/v3/properties/line_items/groups/mine"),
  step("DELETE", `${root}/{{id}}`),
  step("DELETE", "/crm/v3/properties/line_items/import_key")
]

/** All replies to the recordings, the questions and the rest, at the paths of a version. */
const repliesAt = (version: string) =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const at = (steps: Steps): Steps =>
      version === "v3"
        ? steps
        : (JSON.parse(
            JSON.stringify(steps)
              .replaceAll("/crm/v3/objects/line_items", `/crm/objects/${version}/line_items`)
              .replaceAll("/crm/v4/objects/", `/crm/objects/${version}/`)
              .replaceAll("/crm/v4/associations/", `/crm/associations/${version}/`)
              .replaceAll("/crm/v3/properties/", `/crm/properties/${version}/`)
              .replaceAll("/account-info/v3/", `/account-info/${version}/`)
          ) as Steps)
    const run = (steps: Steps, options: Emulator.Options = {}) =>
      Recordings.runSteps(
        {
          baseUrl: "https://api.hubapi.com",
          token: Redacted.make("contract-of-the-emulator"),
          run: "contract-test",
          made: Recordings.nothingMade()
        },
        at(steps)
      ).pipe(Effect.provide(recording(seen, { uniqueProperties: ["import_key"], ...options })), inVirtualTime)
    yield* TestClock.setTime(Date.UTC(2026, 10, 28))
    for (const { emulator = {}, steps } of Recordings.file.recordings) {
      const { behaviour, scopes, token } = emulator
      yield* run(steps, {
        ...(token !== undefined && { token: Redacted.make(token) }),
        ...(scopes !== undefined && { scopes }),
        ...(behaviour !== undefined && { behaviour })
      })
    }
    for (const { probe } of Recordings.file.unknowns) if (probe !== undefined) yield* run(probe.steps)
    yield* run(rest)
    yield* run([step("GET", root), step("GET", root)], { limit: 1 })
    return seen
  })

/** The differences of all replies, each with the replies that have it, and the operations that were met. */
const compared = (operations: ReadonlyArray<Descriptions.Operation>, seen: ReadonlyArray<Seen>) => {
  const found = new Map<string, number>()
  const met = new Set<Descriptions.Operation>()
  let compared = 0
  let exact = 0
  for (const { method, path, status, text } of seen) {
    const operation = Descriptions.find(operations, method, path)
    // An unknown path or type, or a wrong method, is no operation.
    if (operation === undefined) continue
    met.add(operation)
    compared++
    const all = Descriptions.differences(operation, status, text)
    if (all.length === 0) exact++
    for (const one of all) found.set(one, (found.get(one) ?? 0) + 1)
  }
  return { compared, exact, found, met }
}

/** The differences there are, and why HubSpot's replies are taken for the truth and not its descriptions. */
const reasons: ReadonlyArray<readonly [difference: RegExp, reason: string]> = [
  [/^Error\.status is not described$/, "every real error body has it"],
  [
    /^Error\.category is missing$/,
    "recorded without: malformed JSON, a 429, an unknown type, a missing record"
  ],
  [/^Error\.(errorType|policyName|groupName|requestId) is not described$/, "recorded of a 429"],
  [/^StandardError\.(errors|links) is missing$/, "HubSpot's own example of a 207 has neither"],
  [
    /^MultiAssociatedObjectWithLabel\.toObjectId is a number, not text$/,
    "a number in the guide and in replies"
  ],
  [/^AssociationSpecWithLabel\.label is null$/, "a type of HubSpot's has the label null in the guide"]
]

/** Those of the OpenAPI files alone: the SDK says less. */
const ofFiles: typeof reasons = [
  [/^StandardError\.subCategory is no object$/, "text in every reply that was seen"],
  [/\.properties\.\* is null$/, "a property that was asked for and has no value is null, as the guide says"]
]

const unreasoned = (found: ReadonlyMap<string, number>, known = reasons) =>
  [...found].filter(([difference]) => !known.some(([pattern]) => pattern.test(difference)))

describe("the emulator's replies beside HubSpot's descriptions", () => {
  const operations = Descriptions.fromSdk()

  it("the SDK describes the operations on line items and around them", () => {
    const known = (method: string, path: string) => Descriptions.find(operations, method, path)?.path
    assert.strictEqual(
      known("POST", HubSpotApi.paths("v3").batchCreate),
      "/crm/v3/objects/line_items/batch/create"
    )
    assert.strictEqual(known("GET", `${root}/1`), `${root}/{lineItemId}`)
    assert.isAtLeast(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size, 38)
  })

  it("a reply that is not as described is named by the field", () => {
    const create = Descriptions.find(operations, "POST", `${root}/batch/create`)!
    const reply = {
      status: "DONE",
      results: [{ id: 1, properties: { a: null }, more: true }],
      numErrors: "1"
    }
    assert.deepStrictEqual(Descriptions.differences(create, 201, JSON.stringify(reply)).toSorted(), [
      "BatchResponseSimplePublicObject.completedAt is missing",
      "BatchResponseSimplePublicObject.numErrors is not described",
      "BatchResponseSimplePublicObject.startedAt is missing",
      'BatchResponseSimplePublicObjectStatusEnum is "DONE"',
      "SimplePublicObject.createdAt is missing",
      "SimplePublicObject.id is a number, not text",
      "SimplePublicObject.more is not described",
      "SimplePublicObject.updatedAt is missing"
    ])
    assert.deepStrictEqual(Descriptions.differences(create, 202, "{}"), [
      "POST /crm/v3/objects/line_items/batch/create: status 202 is not described"
    ])
  })

  it.effect("all are as described in v3 and v4, but for differences that have a reason", () =>
    Effect.gen(function* () {
      const { compared: count, exact, found, met } = compared(operations, yield* repliesAt("v3"))
      assert.deepStrictEqual(unreasoned(found), [])
      // A reason that nothing needs any more goes.
      for (const [pattern] of reasons)
        assert.isTrue(
          [...found.keys()].some((one) => pattern.test(one)),
          String(pattern)
        )
      assert.isAtLeast(count, 130)
      assert.isAtLeast(exact, 70)
      const missed = operations
        .filter((one) => !met.has(one) && !one.path.includes("usage"))
        .map(({ path }) => path)
      // Two folders of the SDK have the same operations.
      assert.deepStrictEqual(
        missed.filter((path) => !path.includes("/groups") && !path.includes("/types")),
        []
      )
    })
  )

  const folder = process.env["HUBSPOT_DESCRIPTIONS"]
  if (folder !== undefined) {
    for (const version of ["v3", "2025-09", "2026-03", "2026-09"]) {
      it.effect(`all are as the OpenAPI files of ${version} describe them`, () =>
        Effect.gen(function* () {
          const {
            compared: count,
            exact,
            found
          } = compared(Descriptions.fromFolder(folder), yield* repliesAt(version))
          process.stdout.write(
            `${version}: ${count} replies, ${exact} exactly as described, ${JSON.stringify(Object.fromEntries(found))}\n`
          )
          assert.deepStrictEqual(unreasoned(found, [...reasons, ...ofFiles]), [])
        })
      )
    }
  }
})
