/**
 * Reads the fields of an input that code gives, whose types nothing may have checked: each field once, as it is sent.
 */
import * as Association from "../Association.ts"
import * as LineItem from "./known.ts"
import * as Properties from "./values.ts"

interface Issue {
  readonly path: string
  readonly message: string
  readonly advice: string
}

const issue = (path: string, message: string, advice: string): Issue => ({ path, message, advice })

/** A path is put together only where something is wrong. */
const pathOf = (of: string, name: string): string => (of === "" ? name : `${of}.${name}`)

/** What is wrong with the fields that were read. A field is named by its object's path and its own name. */
type Issues = Array<Issue>

const wrong = (issues: Issues, of: string, name: string, expected: string, value: unknown): undefined => {
  if (value === unreadable) return undefined
  issues.push(issue(pathOf(of, name), `expected ${expected}, got ${kindOf(value)}`, `pass ${expected}`))
  return undefined
}
export const field = (issues: Issues, object: object, name: string, of = ""): unknown => {
  try {
    return (object as Record<string, unknown>)[name]
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.name : kindOf(thrown)
    issues.push(issue(pathOf(of, name), `cannot be read (${why})`, "pass plain values"))
    return unreadable
  }
}
const text = (issues: Issues, of: string, name: string, value: unknown): string =>
  typeof value === "string" ? value : (wrong(issues, of, name, "text", value) ?? "")
const list = (issues: Issues, of: string, name: string, value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) ? [...value] : (wrong(issues, of, name, "a list", value) ?? [])

const valueOf = (issues: Issues, name: string, value: unknown): string => {
  if (typeof value === "string") return LineItem.sent(name, value)
  if (typeof value !== "number" && typeof value !== "boolean") return text(issues, "properties", name, value)
  const plain = Properties.textOf(value)
  if (plain !== undefined) return plain
  const path = pathOf("properties", name)
  issues.push(issue(path, `${value} is not a finite number`, "pass a finite number, or leave it out"))
  return ""
}

const properties = (issues: Issues, given: unknown): Readonly<Record<string, string>> => {
  const all: Record<string, string> = {}
  if (!isRecord(given)) {
    wrong(issues, "", "properties", "an object", given)
    return all
  }
  for (const name of Object.keys(given)) {
    const value = valueOf(issues, name, field(issues, given, name, "properties"))
    if (name === "__proto__") {
      Object.defineProperty(all, name, { value, enumerable: true, writable: true, configurable: true })
    } else all[name] = value
  }
  return all
}

const spec = (issues: Issues, of: string, name: string, given: unknown): Association.AssociationSpec => {
  if (!isRecord(given)) {
    wrong(issues, of, name, "an object", given)
    return { associationCategory: "", associationTypeId: 0 }
  }
  const at = `${of}.${name}`
  const stated = field(issues, given, "associationTypeId", at)
  const typeId = typeof stated === "string" ? Association.typeIdOf(stated) : stated
  if (!Number.isInteger(typeId)) wrong(issues, at, "associationTypeId", "a whole number", stated)
  const category = field(issues, given, "associationCategory", at)
  return {
    associationCategory: text(issues, at, "associationCategory", category),
    associationTypeId: Number.isInteger(typeId) ? (typeId as number) : 0
  }
}

const associations = (issues: Issues, given: unknown): ReadonlyArray<Association.Association> =>
  list(issues, "", "associations", given).map((entry, index) => {
    const at = `associations[${index}]`
    if (!isRecord(entry)) {
      wrong(issues, "", at, "an object", entry)
      return { to: { id: "" }, types: [] }
    }
    const to = field(issues, entry, "to", at)
    const id = isRecord(to)
      ? text(issues, `${at}.to`, "id", field(issues, to, "id", `${at}.to`)).trim()
      : (wrong(issues, at, "to", "an object", to) ?? "")
    const types = list(issues, at, "types", field(issues, entry, "types", at))
    return { to: { id }, types: types.map((given, n) => spec(issues, at, `types[${n}]`, given)) }
  })

/** Reads each field of an input. */
export const readers = {
  properties,
  associations,
  id: (issues: Issues, given: unknown) => text(issues, "", "id", given),
  idProperty: (issues: Issues, given: unknown) => text(issues, "", "idProperty", given),
  objectWriteTraceId: (issues: Issues, given: unknown) => text(issues, "", "objectWriteTraceId", given)
}

const unreadable = Symbol("unreadable")

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : value === undefined ? "nothing" : typeof value
