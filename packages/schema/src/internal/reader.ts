/**
 * Reads the fields of an input that code gives, whose types nothing may have checked: each field once, as it is sent.
 */
import * as Result from "effect/Result"
import * as Association from "../Association.ts"
import * as LineItem from "../LineItem.ts"
import * as Properties from "../Properties.ts"

interface Issue {
  readonly path: string
  readonly message: string
  readonly advice: string
}

const issue = (path: string, message: string, advice: string): Issue => ({ path, message, advice })

/** A reader of fields that adds what is wrong with them to `issues`. */
export const readerOf = (issues: Array<Issue>) => {
  const wrong = (path: string, expected: string, value: unknown): undefined => {
    issues.push(issue(path, `expected ${expected}, got ${kindOf(value)}`, `pass ${expected}`))
    return undefined
  }
  const field = (object: object, name: string, path: string): unknown =>
    Result.getOrElse(
      Result.try(() => (object as Record<string, unknown>)[name]),
      (thrown) => {
        const why = thrown instanceof Error ? thrown.name : kindOf(thrown)
        issues.push(issue(path, `cannot be read (${why})`, "pass plain values"))
        return unreadable
      }
    )
  const text = (value: unknown, path: string): string =>
    typeof value === "string"
      ? value
      : ((value === unreadable ? undefined : wrong(path, "text", value)) ?? "")
  const list = (value: unknown, path: string): ReadonlyArray<unknown> =>
    Array.isArray(value)
      ? [...value]
      : ((value === unreadable ? undefined : wrong(path, "a list", value)) ?? [])

  const valueOf = (name: string, value: unknown, path: string): string => {
    if (typeof value === "string") return LineItem.sent(name, value)
    if (typeof value !== "number" && typeof value !== "boolean") return text(value, path)
    const plain = Properties.textOf(value)
    if (plain === undefined) {
      issues.push(issue(path, `${value} is not a finite number`, "pass a finite number, or leave it out"))
    }
    return plain ?? ""
  }

  const properties = (given: unknown): Readonly<Record<string, string>> => {
    const all: Record<string, string> = {}
    if (isRecord(given)) {
      for (const name of Object.keys(given)) {
        const value = valueOf(name, field(given, name, `properties.${name}`), `properties.${name}`)
        Object.defineProperty(all, name, { value, enumerable: true, writable: true, configurable: true })
      }
    } else if (given !== unreadable) wrong("properties", "an object", given)
    return all
  }

  const spec = (given: unknown, at: string): Association.AssociationSpec => {
    if (!isRecord(given)) {
      wrong(at, "an object", given)
      return { associationCategory: "", associationTypeId: 0 }
    }
    const stated = field(given, "associationTypeId", `${at}.associationTypeId`)
    const typeId = typeof stated === "string" ? Association.typeIdOf(stated) : stated
    if (!Number.isInteger(typeId)) wrong(`${at}.associationTypeId`, "a whole number", stated)
    const category = `${at}.associationCategory`
    return {
      associationCategory: text(field(given, "associationCategory", category), category),
      associationTypeId: Number.isInteger(typeId) ? (typeId as number) : 0
    }
  }

  const associations = (given: unknown): ReadonlyArray<Association.Association> =>
    list(given, "associations").map((entry, index) => {
      const path = `associations[${index}]`
      if (!isRecord(entry)) {
        wrong(path, "an object", entry)
        return { to: { id: "" }, types: [] }
      }
      const to = field(entry, "to", `${path}.to`)
      const id = isRecord(to)
        ? text(field(to, "id", `${path}.to.id`), `${path}.to.id`).trim()
        : (wrong(`${path}.to`, "an object", to) ?? "")
      const types = list(field(entry, "types", `${path}.types`), `${path}.types`)
      return { to: { id }, types: types.map((given, position) => spec(given, `${path}.types[${position}]`)) }
    })

  return {
    field,
    properties,
    associations,
    id: (given: unknown) => text(given, "id"),
    idProperty: (given: unknown) => text(given, "idProperty"),
    objectWriteTraceId: (given: unknown) => text(given, "objectWriteTraceId")
  }
}

const unreadable = Symbol("unreadable")

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : value === undefined ? "nothing" : typeof value
