/**
 * What the columns become once their values are known: values may contradict a name, or answer what it leaves open.
 */
import type { FileFormat } from "../FileFormat.ts"
import type { Column } from "./columns.ts"
import { asked } from "./exports.ts"
import type { Match, Matching } from "./headers.ts"
import * as Numbers from "./numbers.ts"
import * as Whole from "./whole.ts"

/** Names that say what a column is without being the property's own. */
export const notExact: ReadonlyArray<Match["why"]> = ["export", "name", "label", "header"]

/** A property that the values contradict: the column becomes none. */
const contradiction = ({
  example,
  longIds,
  match,
  numbers,
  numerals,
  periods,
  values
}: Column): string | undefined => {
  if (!notExact.includes(match.why) || values === 0) return undefined
  switch (match.becomes) {
    case "name":
      return match.why === "header" && numerals === values ? "numbers, not names" : undefined
    case "discount":
      return numbers.percents > 0
        ? "percentages, and discount is an amount of money"
        : Numbers.areFractions(numbers)
          ? "amounts or fractions: which of them is not certain"
          : undefined
    case "hs_discount_percentage":
      return Numbers.areFractions(numbers) && numbers.percents === 0
        ? "percentages or fractions: which of them is not certain"
        : undefined
    case "hs_recurring_billing_period":
      return periods === 0 ? "no value is a billing period, such as P12M" : undefined
    case "hs_sku":
      return match.why === "header" && numerals === values && (example ?? "").trim().length < 3
        ? "numbers of lines, not of products"
        : undefined
    case "hs_product_id":
      return longIds < values ? "a shop's own numbers, not ids of HubSpot's products" : undefined
    default:
      return undefined
  }
}

/** What is asked of a column may be answered by its values: a unit of measure, a price for one and no discount change nothing. */
const answered = ({ amounts, example = "", match, numerals, only, zeros, values }: Column): Match => {
  const { hint, name, note = "" } = match
  const isForOne = note === asked.perUnit && (only?.trim() === "1" || numerals === 0)
  const isNone = note === asked.discount && zeros === values
  if (isForOne || isNone) return { name, why: "ignored", note }
  const isNumber = hint === "quantity" || hint === "price"
  if (isNumber && (numerals + amounts === 0 || example.trim().endsWith("%"))) return { name, why: "ignored" }
  if (hint === "name" && numerals === values) return { name, why: "ignored" }
  // Cents have no cents.
  if (note === asked.cents && amounts > 0) return { name, why: "unmapped", hint: "price", isAsked: true }
  return note === asked.discount && example.trim().endsWith("%")
    ? { ...match, hint: "hs_discount_percentage" }
    : match
}

/** What the columns become, once their values are known. */
const judged = (columns: ReadonlyArray<Column>, { isForeign }: Matching): ReadonlyArray<Column> =>
  columns.map((column) => {
    const { match } = column
    if (match.isAsked) return { ...column, match: answered(column) }
    const note = contradiction(column)
    return note === undefined
      ? column
      : { ...column, match: { name: match.name, why: isForeign ? "ignored" : "unmapped", note } }
  })

/** Whether a property is there, or a column that a person may say is it. */
const isFound =
  (columns: ReadonlyArray<Column>, declared: FileFormat) =>
  (property: string): boolean =>
    Whole.has(columns, declared)(property) || columns.some(({ match }) => match.hint === property)

/** Where nothing else is the name, a description is: many invoices have no other text. */
const described = (columns: ReadonlyArray<Column>, declared: FileFormat): ReadonlyArray<Column> => {
  const [description, ...others] = columns.filter(({ match }) => match.becomes === "description")
  const isName = isFound(columns, declared)("name")
  if (description === undefined || others.length > 0 || isName || !notExact.includes(description.match.why)) {
    return columns
  }
  const { name } = description.match
  const match = { name, why: "header", becomes: "name", note: "nothing else is the name" } as const
  return columns.map((column) => (column === description ? { ...column, match } : column))
}

/**
 * Columns of another program's file of which one may be the name or the price that no column is: left out silently, line items
 * would be created without. What its own program says of a column is certain.
 */
const withCandidates = (
  columns: ReadonlyArray<Column>,
  { isForeign, known }: Matching,
  declared: FileFormat
): ReadonlyArray<Column> => {
  // A product has both.
  const isProduct = columns.some(({ match }) => match.becomes === "hs_product_id")
  if (!isForeign || known !== undefined || isProduct) return columns
  const has = isFound(columns, declared)
  const isName = ({ amounts, example = "", numerals }: Column): boolean =>
    numerals + amounts === 0 && /\p{L}{4}|\p{Lo}/u.test(example)
  const isPrice = ({ amounts }: Column): boolean => amounts > 0
  const missing = [
    ...(has("name") ? [] : [["name", isName] as const]),
    ...(has("price") ? [] : [["price", isPrice] as const])
  ]
  return columns.map((column) => {
    const { name, note, why } = column.match
    if (why !== "ignored" || note !== undefined) return column
    const [property] = missing.find(([, fits]) => fits(column)) ?? []
    return property === undefined
      ? column
      : { ...column, match: { name, why: "unmapped", note: `no column is the ${property}` } }
  })
}

/** What the columns become. */
export const judge = (
  columns: ReadonlyArray<Column>,
  matching: Matching,
  declared: FileFormat
): ReadonlyArray<Column> => withCandidates(described(judged(columns, matching), declared), matching, declared)
