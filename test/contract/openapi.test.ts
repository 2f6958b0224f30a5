import * as HubSpotApi from "@effect-hubspot/http/HubSpotApi"
import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"

/*
 * The generated OpenAPI against HubSpot's contract, by meaning: paths, methods, statuses, fields and
 * which of them must be there, enumerations. The facts are written here by hand.
 */

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: ReadonlyArray<string>
  readonly items?: Schema
  readonly anyOf?: ReadonlyArray<Schema>
  readonly allOf?: ReadonlyArray<Schema>
  readonly enum?: ReadonlyArray<unknown>
  readonly minItems?: number
  readonly maxItems?: number
}

interface Operation {
  readonly summary?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}

const documentOf = (api: unknown) =>
  JSON.parse(JSON.stringify(OpenApi.fromApi(api as never))) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
    readonly components: {
      readonly schemas: Readonly<Record<string, Schema>>
      readonly securitySchemes?: { readonly bearer: { readonly scheme: string } }
    }
    readonly security?: unknown
  }

const document = documentOf(HubSpotApi.HubSpotApi)

const resolve = (schema: Schema | undefined): Schema => {
  if (schema?.$ref === undefined) return schema ?? {}
  return resolve(document.components.schemas[schema.$ref.split("/").at(-1)!])
}

const bodyOf = (operation: Operation): Schema =>
  resolve(Object.values(operation.requestBody?.content ?? {})[0]?.schema)

const answerOf = (operation: Operation, status: number): Schema =>
  resolve(Object.values(operation.responses[String(status)]?.content ?? {})[0]?.schema)

const fieldsOf = (schema: Schema): ReadonlyArray<string> =>
  Object.keys(resolve(schema).properties ?? {}).sort()

/** Every literal a schema allows by name. */
const literalsOf = (schema: Schema | undefined): ReadonlyArray<unknown> => {
  const resolved = resolve(schema)
  return [
    ...(resolved.enum ?? []),
    ...[...(resolved.anyOf ?? []), ...(resolved.allOf ?? [])].flatMap(literalsOf)
  ]
}

const root = "/crm/v3/objects/line_items"
const operation = (method: string, path: string): Operation => document.paths[`${root}${path}`]![method]!

describe("the OpenAPI of the contract", () => {
  it("has the eleven operations on line items, with HubSpot's success statuses", () => {
    const expected: ReadonlyArray<readonly [method: string, path: string, statuses: ReadonlyArray<number>]> =
      [
        ["get", "", [200]],
        ["post", "", [201]],
        ["get", "/{id}", [200]],
        ["patch", "/{id}", [200]],
        ["delete", "/{id}", [204]],
        ["post", "/batch/create", [200, 201, 207]],
        ["post", "/batch/read", [200, 201, 207]],
        ["post", "/batch/update", [200, 201, 207]],
        ["post", "/batch/upsert", [200, 201, 207]],
        ["post", "/batch/archive", [204]],
        ["post", "/search", [200]]
      ]
    for (const [method, path, statuses] of expected) {
      const found = Object.keys(operation(method, path).responses)
        .map(Number)
        .filter((status) => status < 300)
      assert.deepStrictEqual(
        found.sort((a, b) => a - b),
        [...statuses],
        `${method} ${path}`
      )
    }
    const lineItemPaths = Object.keys(document.paths).filter((path) => path.startsWith(root))
    assert.lengthOf(lineItemPaths, 8)
  })

  it("asks for a bearer token, and has a summary for each operation", () => {
    assert.deepStrictEqual(document.security, [{ bearer: [] }])
    assert.strictEqual(document.components.securitySchemes?.bearer.scheme, "bearer")
    for (const methods of Object.values(document.paths)) {
      for (const operation of Object.values(methods)) assert.isString(operation.summary)
    }
  })

  it("names every refusal that comes with an error body", () => {
    const found = Object.keys(operation("post", "/batch/create").responses).map(Number)
    for (const status of [400, 401, 403, 404, 409, 413, 415, 423, 429, 477, 500, 502, 503, 504]) {
      assert.include(found, status)
    }
  })

  it("the batch create takes 1 to 100 inputs with HubSpot's fields", () => {
    const inputs = resolve(bodyOf(operation("post", "/batch/create")).properties?.["inputs"])
    const bounds = [inputs, ...(inputs.allOf ?? [])]
    assert.isTrue(bounds.some((schema) => schema.minItems === 1))
    assert.isTrue(bounds.some((schema) => schema.maxItems === 100))
    const input = resolve(inputs.items)
    assert.deepStrictEqual(fieldsOf(input), ["associations", "objectWriteTraceId", "properties"])
    assert.deepStrictEqual(input.required, ["properties"])
    const association = resolve(resolve(input.properties?.["associations"]).items)
    assert.deepStrictEqual([...(association.required ?? [])].sort(), ["to", "types"])
    const spec = resolve(resolve(association.properties?.["types"]).items)
    assert.deepStrictEqual([...(spec.required ?? [])].sort(), ["associationCategory", "associationTypeId"])
    const categories = literalsOf(spec.properties?.["associationCategory"])
    for (const category of ["HUBSPOT_DEFINED", "INTEGRATOR_DEFINED", "USER_DEFINED", "WORK"]) {
      assert.include(categories, category)
    }
  })

  it("the batch reply has HubSpot's fields and four statuses, and asks for results only", () => {
    const reply = answerOf(operation("post", "/batch/create"), 207)
    for (const field of [
      "completedAt",
      "errors",
      "links",
      "numErrors",
      "requestedAt",
      "results",
      "startedAt",
      "status"
    ]) {
      assert.include(fieldsOf(reply), field)
    }
    assert.deepStrictEqual(reply.required, ["results"])
    const statuses = literalsOf(reply.properties?.["status"])
    for (const status of ["CANCELED", "COMPLETE", "PENDING", "PROCESSING"]) assert.include(statuses, status)
    const result = resolve(resolve(reply.properties?.["results"]).items)
    for (const field of [
      "archived",
      "archivedAt",
      "createdAt",
      "id",
      "new",
      "objectWriteTraceId",
      "properties",
      "propertiesWithHistory",
      "updatedAt",
      "url",
      "warnings"
    ]) {
      assert.include(fieldsOf(result), field)
    }
    assert.deepStrictEqual(result.required, ["id"])
  })

  it("a search has HubSpot's operators and bounds", () => {
    const search = bodyOf(operation("post", "/search"))
    assert.deepStrictEqual(fieldsOf(search), [
      "after",
      "filterGroups",
      "limit",
      "properties",
      "query",
      "sorts"
    ])
    assert.isUndefined(
      search.required,
      "the server takes a search without what the description calls required"
    )
    const text = JSON.stringify(document)
    for (const operator of [
      "BETWEEN",
      "CONTAINS_TOKEN",
      "HAS_PROPERTY",
      "IN",
      "NOT_CONTAINS_TOKEN",
      "NOT_IN"
    ]) {
      assert.include(text, `"${operator}"`)
    }
  })

  it("the dated versions have the same operations under their own paths", () => {
    for (const version of ["2026-03", "2026-09"] as const) {
      const { paths } = documentOf(HubSpotApi.dated(version))
      assert.lengthOf(Object.keys(paths), 10)
      assert.isTrue(Object.keys(paths).every((path) => path.startsWith(`/crm/objects/${version}/line_items`)))
      assert.deepStrictEqual(
        Object.entries(paths)
          .filter(([path]) => path.includes("/associations/"))
          .map(
            ([path, methods]) =>
              `${Object.keys(methods).sort().join(",")} ${path.slice(path.indexOf("{id}"))}`
          )
          .sort(),
        [
          "delete,put {id}/associations/{toObjectType}/{toObjectId}",
          "put {id}/associations/default/{toObjectType}/{toObjectId}"
        ]
      )
    }
  })
})
