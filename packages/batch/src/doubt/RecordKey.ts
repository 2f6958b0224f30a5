/**
 * Keys by which parents and products are found: their form, what HubSpot answers to them, and what is said of keys without a
 * record, or with several. An answer is only what HubSpot's reply proves.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as HubSpotError from "@effect-hubspot/http/HubSpotError"
import { Association, CrmObject, InputIssue } from "@effect-hubspot/schema"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Lookup from "./Lookup.ts"

/** What can be found: a parent of line items, or a product. */
export type ObjectType = Association.Parent | "product"

/** A property by which records are found. `path` is how issues name the place of a key. */
export interface FoundBy {
  readonly object: ObjectType
  readonly property: string
  readonly path: string
  readonly isUnique: boolean
  readonly isNumber: boolean
}

export const objectTypeOf = (object: ObjectType): string =>
  object === "product" ? "0-7" : Association.objectTypeIds[object]

/** The ids of the records that have a key: one where it is found, none where nothing has it, the first few of several. */
export type Answer = string | ReadonlyArray<string>

/** No record has the key. */
export const nothing: Answer = []

/** Keys in one request. */
export const perRequest = 100

/** The longest key as JSON, in UTF-16 code units: the body of a search is bounded. */
const longest = 1000

/** The key of a text in the form in which it is compared, or why it cannot be one. A blank text is no key. */
export const read = (
  find: FoundBy,
  given: string | undefined
): { readonly key: string } | { readonly issue: InputIssue.InputIssue } | undefined => {
  const text = given?.trim()
  if (text === undefined || text === "") return undefined
  const wrong = (message: string, advice: string) => ({ issue: { path: find.path, message, advice } })
  const { length } = JSON.stringify(text)
  if (length > longest || !text.isWellFormed()) {
    return wrong(
      length > longest ? `${length} characters are too long to be looked up` : "it is not valid Unicode",
      `give the value of ${find.object}.${find.property}, with up to ${longest} characters`
    )
  }
  if (find.isNumber && !plainNumber.test(text)) {
    return wrong(
      `${InputIssue.quote(text)} is no number, and ${find.object}.${find.property} is one`,
      "write it with digits only"
    )
  }
  return { key: formOf(find)(text) }
}

const plainNumber = /^-?\d{1,100}(?:\.\d{1,100})?$/

/** Numbers are the same without the zeros that say nothing. */
const formOf =
  ({ isNumber }: FoundBy) =>
  (text: string): string => {
    if (!isNumber || !plainNumber.test(text)) return text
    const [whole = "", fraction = ""] = text.replace("-", "").split(".")
    let end = fraction.length
    while (end > 0 && fraction[end - 1] === "0") end--
    const digits = `${whole.replace(/^0+(?=\d)/, "")}${end === 0 ? "" : `.${fraction.slice(0, end)}`}`
    return text.startsWith("-") && digits !== "0" ? `-${digits}` : digits
  }

/** What is wrong with a key that is not the key of one record. */
export const issueOf = (
  { object, path, property }: FoundBy,
  key: string,
  ids: ReadonlyArray<string>
): InputIssue.InputIssue => {
  const value = `${property} ${InputIssue.quote(key)}`
  return ids.length === 0
    ? {
        path,
        message: `no ${object} has ${value}`,
        advice: "make it in HubSpot, or correct the value; then import the row again"
      }
    : {
        path,
        message: `more than one ${object} has ${value}: ${ids.slice(0, 3).join(", ")}${ids.length > 3 ? ", …" : ""}`,
        advice: `give each ${object} a value of its own, or find it by a property with unique values`
      }
}

/** The answers to keys, each of which HubSpot must give. */
export const lookUp = Effect.fnUntraced(function* (
  services: Dispatch.Services,
  by: FoundBy,
  keys: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, Answer>, HubSpotError.HubSpotError> {
  const answers = new Map<string, Answer>()
  const of: Lookup.Of = { objectType: objectTypeOf(by.object), property: by.property, formOf: formOf(by) }
  const take = ({ absent, found }: Lookup.Keys): void => {
    for (const key of absent) answers.set(key, nothing)
    for (const [key, records] of found) {
      const ids = records.map(({ id }) => id)
      if (ids.every(CrmObject.isId)) answers.set(key, ids.length === 1 ? ids[0]! : ids.slice(0, 4))
    }
  }
  const search = Effect.fnUntraced(function* (
    some: ReadonlyArray<string>
  ): Effect.fn.Return<void, HubSpotError.HubSpotError> {
    for (const chunk of Lookup.searchable(some)) {
      const answer = yield* Lookup.searchKeys(services, of, chunk)
      if (answer.isWhole) take(answer)
      // More records have these keys than one answer holds.
      else if (chunk.length > 1) {
        const half = Math.ceil(chunk.length / 2)
        yield* search(chunk.slice(0, half))
        yield* search(chunk.slice(half))
      } else if ((answer.found.get(chunk[0]!)?.length ?? 0) > 1) take(answer)
    }
  })
  if (by.isUnique) {
    for (const chunk of Arr.chunksOf(keys, perRequest)) take(yield* Lookup.readKeys(services, of, chunk))
  }
  yield* search(keys.filter((key) => !answers.has(key)))
  if (keys.every((key) => answers.has(key))) return answers
  return yield* new HubSpotError.HubSpotError({
    operation: "search",
    reason: new HubSpotError.ProtocolViolation({
      kind: "shape",
      status: 200,
      detail: `the answer does not say which ${by.object} has a ${by.property} that was asked for`
    })
  })
})
