/**
 * Columns whose values are looked up: the record that `deal.erp_number` names, and what becomes of it.
 */
import { type Association, InputIssue } from "@effect-hubspot/schema"
import { parentColumns } from "./row.ts"

/** A record that a column names by a property of the record's own. */
export interface Find {
  readonly object: Association.Parent | "product"
  readonly property: string
  /** The name that the id would have as a column: `deal_id`, `hs_product_id`. */
  readonly becomes: string
}

/** The types of objects by their words, and the name of the column that has their id. */
const columns: ReadonlyMap<string, Omit<Find, "property">> = new Map(
  [
    ...Object.entries(parentColumns).map(([becomes, object]): Omit<Find, "property"> => ({
      object,
      becomes
    })),
    { object: "product", becomes: "hs_product_id" } as const
  ].map((one) => [one.object, one])
)

interface Problem {
  readonly problem: string
  readonly advice: string
}

/** Reads `deal.erp_number`, or says what is wrong with it. */
export const read = (text: string): Find | Problem => {
  const dot = text.indexOf(".")
  const [word, property] = [text.slice(0, Math.max(0, dot)), text.slice(dot + 1)]
  const found = columns.get(word)
  if (found === undefined) {
    const words = [...columns.keys()].join(", ").replace(/, (?=\w+$)/, " or ")
    return {
      problem: `find ${InputIssue.quote(text)} names no object type`,
      advice: `write ${words}, a dot, and a property of it`
    }
  }
  const issue = InputIssue.ofName(property, "")[0]
  return issue === undefined
    ? { ...found, property }
    : { problem: `find ${InputIssue.quote(text)}: ${issue.message}`, advice: issue.advice }
}

/** The columns that are looked up, of a format that is not refused. */
export const all = (find: Declared["find"] = {}): ReadonlyArray<Find & { readonly column: string }> =>
  Object.entries(find).flatMap(([column, text]) => {
    const found = read(text)
    return "problem" in found ? [] : [{ column, ...found }]
  })

/** The part of a format that says what becomes of columns. */
interface Declared {
  readonly find?: Readonly<Record<string, string>>
  readonly map?: Readonly<Record<string, string>>
  readonly ignore?: ReadonlyArray<string>
}

/** Why columns cannot be looked up. `taken` are the columns by what they become; those that are looked up are added. */
export const refuse = (
  { find = {}, ignore = [], map = {} }: Declared,
  taken: Map<string, string>
): Problem | undefined => {
  for (const [column, text] of Object.entries(find)) {
    const found = read(text)
    if ("problem" in found) return found
    const shown = InputIssue.quote(column)
    const is = Object.hasOwn(map, column) ? "mapped" : ignore.includes(column) ? "ignored" : undefined
    if (is !== undefined) {
      return { problem: `column ${shown} is ${is} and looked up`, advice: "keep one of the two" }
    }
    const first = taken.get(found.becomes)
    if (first !== undefined) {
      return {
        problem: `two columns for ${found.becomes}: ${InputIssue.quote(first)} and ${shown}`,
        advice: "keep one of the two, and ignore the other"
      }
    }
    taken.set(found.becomes, column)
  }
  return undefined
}
