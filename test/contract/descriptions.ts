/**
 * HubSpot's public descriptions of its API, as far as they say what a reply looks like: read from HubSpot's own SDK, which
 * is generated from them, or from a folder of OpenAPI files. Nothing of theirs is kept here.
 *
 * A reply is compared by what the descriptions say of it: fields that must be there, fields that are known, and types.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly required?: ReadonlyArray<string>
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly nullable?: boolean
}

export interface Operation {
  readonly method: string
  readonly path: string
  /** By status; `default` is every refusal, `undefined` a reply without a body. */
  readonly replies: ReadonlyMap<string, Schema | undefined>
  readonly resolve: (name: string) => Schema | undefined
}

/** The operation that answers a request, the one with fewer parameters first. */
export const find = (
  operations: ReadonlyArray<Operation>,
  method: string,
  path: string
): Operation | undefined =>
  operations
    .filter(
      (operation) =>
        operation.method === method &&
        new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path)
    )
    .sort((a, b) => a.path.split("{").length - b.path.split("{").length)[0]

/** Every way in which a reply is not as described: `StandardError.links is missing`. */
export const differences = (operation: Operation, status: number, text: string): ReadonlyArray<string> => {
  const described = operation.replies.has(String(status))
  if (!described && (status < 400 || !operation.replies.has("default"))) {
    return [`${operation.method} ${operation.path}: status ${status} is not described`]
  }
  const schema = operation.replies.get(described ? String(status) : "default")
  if (schema === undefined) return text === "" ? [] : ["a body is not described"]
  if (text === "") return ["the body is missing"]
  const found = new Set<string>()
  compare(operation, schema, JSON.parse(text), "", found)
  return [...found]
}

const nameOf = ({ $ref }: Schema): string | undefined => $ref?.split("/").at(-1)

const compare = (
  operation: Operation,
  given: Schema,
  value: unknown,
  where: string,
  found: Set<string>
): void => {
  const name = nameOf(given)
  const schema = name === undefined ? given : operation.resolve(name)
  const place = name ?? where
  const say = (what: string) => found.add(`${place} ${what}`)
  if (schema === undefined) return
  if (value === null) {
    if (schema.nullable !== true) say("is null")
    return
  }
  const { properties = {} } = schema
  switch (schema.type) {
    case "array": {
      if (!Array.isArray(value)) return void say("is no list")
      for (const one of value) compare(operation, schema.items ?? {}, one, `${place}[]`, found)
      return
    }
    case "object": {
      if (typeof value !== "object" || Array.isArray(value)) return void say("is no object")
      for (const field of schema.required ?? [])
        if (!(field in value)) found.add(`${place}.${field} is missing`)
      for (const [field, one] of Object.entries(value)) {
        const known = properties[field]
        if (known !== undefined) compare(operation, known, one, `${place}.${field}`, found)
        else if (typeof schema.additionalProperties === "object") {
          compare(operation, schema.additionalProperties, one, `${place}.*`, found)
        } else if (Object.keys(properties).length > 0) found.add(`${place}.${field} is not described`)
      }
      return
    }
    case "string":
      if (typeof value !== "string") return void say(`is a ${typeof value}, not text`)
      if (schema.format === "date-time" && Number.isNaN(Date.parse(value))) say("is no time")
      break
    case "integer":
    case "number":
      if (typeof value !== "number") return void say(`is a ${typeof value}, not a number`)
      break
    case "boolean":
      if (typeof value !== "boolean") return void say(`is a ${typeof value}, not true or false`)
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) say(`is ${JSON.stringify(value)}`)
}

// -----------------------------------------------------------------------------
// From OpenAPI
// -----------------------------------------------------------------------------

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly responses?: Readonly<Record<string, Response>>
  }
}

interface Response {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

interface DocumentOperation {
  readonly responses: Readonly<Record<string, Response>>
}

/** The operations of every OpenAPI file in a folder. */
export const fromFolder = (folder: string): ReadonlyArray<Operation> =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const { components, paths } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Document
      const contentOf = ({ $ref, content }: Response): Schema | undefined =>
        $ref === undefined
          ? Object.values(content ?? {})[0]?.schema
          : contentOf(components.responses?.[$ref.split("/").at(-1)!] ?? {})
      return Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, operation]) =>
          operation.responses === undefined
            ? []
            : {
                method: method.toUpperCase(),
                path,
                replies: new Map(
                  Object.entries(operation.responses).map(([status, response]) => [
                    status,
                    contentOf(response)
                  ])
                ),
                resolve: (name: string) => components.schemas[name]
              }
        )
      )
    })

// -----------------------------------------------------------------------------
// From the SDK
// -----------------------------------------------------------------------------

const require = createRequire(import.meta.url)
const codegen = join(dirname(require.resolve("@hubspot/api-client")), "codegen")

interface Attribute {
  readonly name: string
  readonly baseName: string
  readonly type: string
}

/** A type as the SDK writes it: `Array<{ [key: string]: Foo; }>`. */
const schemaOf = (type: string): Schema => {
  if (type.endsWith(" | null")) return { ...schemaOf(type.slice(0, -" | null".length)), nullable: true }
  if (type.startsWith("Array<")) return { type: "array", items: schemaOf(type.slice(6, -1)) }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map !== null) return { type: "object", additionalProperties: schemaOf(map[1]!) }
  switch (type) {
    case "Date":
      return { type: "string", format: "date-time" }
    case "string":
    case "number":
    case "boolean":
      return { type }
    case "any":
      return {}
    default:
      return { $ref: type }
  }
}

const modelsOf =
  (folder: string) =>
  (name: string): Schema | undefined => {
    const file = join(folder, "models", name === "Error" ? "ModelError" : name.replace(/(?:\w+)Enum$/, ""))
    const model = name === "Error" ? "ModelError" : name
    if (name.endsWith("Enum")) return { type: "string", enum: enumOf(folder, name) }
    const declared = readFileSync(`${file}.d.ts`, "utf8")
    const attributes = (
      require(`${file}.js`) as Record<string, { getAttributeTypeMap: () => ReadonlyArray<Attribute> }>
    )[model]!.getAttributeTypeMap()
    return {
      type: "object",
      required: attributes
        .filter(({ name }) => declared.includes(`\n    '${name}': `))
        .map(({ baseName }) => baseName),
      properties: Object.fromEntries(attributes.map(({ baseName, type }) => [baseName, schemaOf(type)]))
    }
  }

const enumOf = (folder: string, name: string): ReadonlyArray<unknown> => {
  for (const file of readdirSync(join(folder, "models"))) {
    if (!file.endsWith(".js") || file === "all.js" || !name.startsWith(file.slice(0, -3))) continue
    const values = (require(join(folder, "models", file)) as Record<string, object>)[name]
    if (values !== undefined) return Object.values(values)
  }
  return []
}

const operationsOf = (folder: string): ReadonlyArray<Operation> => {
  const resolve = modelsOf(folder)
  return readdirSync(join(folder, "apis")).flatMap((file) => {
    if (!file.endsWith("Api.js")) return []
    const source = readFileSync(join(folder, "apis", file), "utf8")
    const asked = new Map(
      [
        ...source.matchAll(
          /\n {4}(\w+)\([^)]*_options\) \{[^]*?localVarPath = '([^']+)'[^]*?HttpMethod\.([A-Z]+)/g
        )
      ].map(([, name, path, method]) => [name!, { path: path!, method: method! }])
    )
    return source
      .split(/\n {4}(?=\w+WithHttpInfo\(response\))/)
      .slice(1)
      .flatMap((block) => {
        const operation = asked.get(/^(\w+)WithHttpInfo/.exec(block)![1]!)
        if (operation === undefined) return []
        const replies = new Map(
          block
            .split("isCodeInRange)(")
            .slice(1)
            .map((part): [string, Schema | undefined] => {
              const status = /^"(\d+)"/.exec(part)![1]!
              const type = /contentType\), "([^"]+)"/.exec(part.split("return new http_1.HttpInfo")[0]!)?.[1]
              return [status === "0" ? "default" : status, type === undefined ? undefined : schemaOf(type)]
            })
        )
        return { ...operation, replies, resolve }
      })
  })
}

/** The operations of the SDK that have to do with line items. */
export const fromSdk = (): ReadonlyArray<Operation> =>
  ["line_items", "associations", "associations/v4", "associations/schema", "properties"]
    .map((name) => join(codegen, "crm", name))
    .flatMap(operationsOf)
