import { Credentials, Dispatch, HubSpotClient, LineItems, Operations, RateLimits } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as HubSpotApi from "@effect-hubspot/http/HubSpotApi"
import { ApiVersion } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema, SchemaAST, Stream } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import { inVirtualTime } from "../support/virtualTime.ts"

interface Seen {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: unknown
}

/** A transport to an emulator that keeps every success. */
const recording = (seen: Array<Seen>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request, url) =>
        Effect.gen(function* () {
          const response = yield* client.execute(request)
          const text = yield* response.text
          const { headers, status } = response
          if (status < 300) {
            const { method } = request
            seen.push({
              method,
              path: url.pathname,
              status,
              body: text === "" ? undefined : JSON.parse(text)
            })
          }
          return HttpClientResponse.fromWeb(
            request,
            new Response(status === 204 ? null : text, { status, headers: { ...headers } })
          )
        })
      )
    )
  ).pipe(Layer.provideMerge(Emulator.layer({ uniqueProperties: ["import_key"] })))

/** What the client does not ask of the properties API. */
const definitions = Effect.gen(function* () {
  const property = {
    name: "weight",
    label: "Weight",
    type: "number",
    fieldType: "number",
    groupName: "shipping"
  }
  const names = { inputs: [{ name: "height" }, { name: "nonsense" }] }
  for (const [method, path, body] of [
    ["POST", "/groups", { name: "shipping", label: "Shipping" }],
    ["GET", "/groups"],
    ["GET", "/groups/shipping"],
    ["PATCH", "/groups/shipping", { displayOrder: 2 }],
    ["POST", "/batch/create", { inputs: [property, { ...property, name: "height" }] }],
    ["POST", "/batch/read", names],
    ["PATCH", "/weight", { label: "Weight in kg" }],
    ["GET", "/weight"],
    ["DELETE", "/weight"],
    ["POST", "/batch/archive", names],
    ["DELETE", "/groups/shipping"]
  ] as const) {
    const request = HttpClientRequest.make(method)(
      `https://api.hubapi.com/crm/v3/properties/line_items${path}`
    ).pipe(HttpClientRequest.bearerToken("pat-eu1-contract"))
    yield* HttpClient.execute(body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body))
  }
})

/** Everything the client can ask in a version, once at least. */
const everything = (apiVersion: ApiVersion.ApiVersion) =>
  Effect.gen(function* () {
    const lineItems = yield* LineItems.LineItems
    const { results } = yield* lineItems.createBatch({
      inputs: [
        { properties: { name: "A", import_key: "a" }, objectWriteTraceId: "a" },
        { properties: { name: "B", price: "cheap" }, objectWriteTraceId: "b" }
      ]
    })
    const id = results[0]!.id
    const { id: other } = yield* lineItems.create({ properties: { name: "C" } })
    yield* lineItems.get(id, { properties: ["name"], associations: ["deals"] })
    yield* lineItems.update(id, { properties: { price: "2" } })
    yield* lineItems.readBatch({ inputs: [{ id }], properties: ["name"] })
    yield* lineItems.updateBatch({ inputs: [{ id, properties: { price: "3" } }] })
    yield* lineItems.upsertBatch({
      inputs: [{ id: "a", idProperty: "import_key", properties: { price: "4" } }]
    })
    yield* Stream.runDrain(lineItems.list({ properties: ["name"] }))
    yield* lineItems.searchPage({ filterGroups: [] })
    const target = { id, toObjectType: "deals", toObjectId: "7" }
    yield* lineItems.associate(target)
    if (apiVersion !== "v3") {
      yield* lineItems.associate(target, [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }])
      yield* lineItems.dissociate(target)
    }
    const ask = Dispatch.make({
      client: yield* HubSpotClient.HubSpotClient,
      limits: yield* RateLimits.RateLimits
    })
    const types = [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }] as const
    for (const one of [
      { id, toObjectId: "7" },
      { id, toObjectId: "8", types }
    ]) {
      yield* ask(yield* Operations.batchAssociate("deals", [one]))
    }
    yield* ask(Operations.lineItemsOf("deal", "7"))
    yield* ask(Operations.listProperties)
    yield* ask(
      yield* Operations.createProperty({
        name: `key_${apiVersion.replaceAll("-", "_")}`,
        label: "Key",
        type: "string",
        fieldType: "text",
        groupName: "lineiteminformation"
      })
    )
    yield* definitions
    yield* ask(Operations.accountDetails)
    yield* lineItems.archive(other)
    yield* lineItems.archiveBatch([id])
  })

/** The status of a success: what a schema says of itself, or of its place. */
const statusOf = (ast: SchemaAST.AST): unknown =>
  ast.context?.annotations?.["httpApiStatus"] ??
  SchemaAST.resolve(ast)?.["httpApiStatus"] ??
  (HttpApiSchema.isNoContent(ast) ? 204 : 200)

const templates = (path: string) => new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`)

describe("the emulator answers as its contract says", () => {
  for (const version of ApiVersion.ApiVersion.literals) {
    it.effect(`in version ${version}, at every endpoint`, () =>
      Effect.gen(function* () {
        const seen: Array<Seen> = []
        const hubspot = LineItems.layer({ apiVersion: version }).pipe(
          Layer.provide(Credentials.layer(Redacted.make("pat-eu1-contract"))),
          Layer.provideMerge(recording(seen))
        )
        yield* inVirtualTime(Effect.provide(everything(version), hubspot))

        const met = new Set<string>()
        // The more special of two that fit has fewer parameters.
        const all = Object.entries(HubSpotApi.endpoints(version)).sort(
          ([, a], [, b]) => a.path.split(":").length - b.path.split(":").length
        )
        for (const { body, method, path, status } of seen) {
          const found = all.find(
            ([, endpoint]) => endpoint.method === method && templates(endpoint.path).test(path)
          )
          assert.isDefined(found, `${method} ${path}`)
          const [name, { success }] = found!
          met.add(name)
          const fits = [...success].filter(({ ast }) => statusOf(ast) === status)
          assert.isNotEmpty(fits, `${name} ${status}`)
          for (const schema of fits) {
            if (HttpApiSchema.isNoContent(schema.ast)) {
              assert.isUndefined(body, name)
              continue
            }
            const decode = Schema.decodeUnknownExit(schema as Schema.Codec<unknown, unknown>)
            assert.strictEqual(decode(body)._tag, "Success", `${name} ${status} ${JSON.stringify(body)}`)
          }
        }
        const helpers = ["associate", "associateDefault", "dissociate"]
        const names = all.map(([name]) => name).filter((name) => version !== "v3" || !helpers.includes(name))
        assert.deepStrictEqual([...met].sort(), names.sort())
      })
    )
  }
})
