/**
 * What is left of a proposal for a person to decide, and what to do about it.
 */
import { InputIssue } from "@effect-hubspot/schema"
import type { FileFormat } from "../FileFormat.ts"
import { word } from "../source/advice.ts"
import type { Column } from "./columns.ts"
import { asked } from "./exports.ts"
import { couldBe } from "./headers.ts"
import * as Numbers from "./numbers.ts"
import * as Whole from "./whole.ts"

/** Something wrong with a column, or with values of it. Nothing is sent where one is `blocking`. */
export interface Problem {
  /** What it is about: a column that is no property, a parent, or values. */
  readonly kind: "column" | "parent" | "values"
  readonly column: string
  readonly count: number
  readonly message: string
  readonly advice: string
  readonly places: ReadonlyArray<{ readonly line: number; readonly column: number }>
  readonly blocking: boolean
  /** What the command declares that is printed, where that decides it. */
  readonly decided?: string
  /** The command that is printed does not decide it: no choice is right more often than not. */
  readonly isOpen?: boolean
}

/** A value that is shown. */
export const example = (text: string | undefined): string => InputIssue.quote(text ?? "")

const parentProblem = (
  { example: value, match: { becomes, name }, values }: Column,
  note: string
): Problem => ({
  kind: "parent",
  column: name,
  count: values,
  message: `${InputIssue.quote(name)}: ${note}, such as ${example(value)}`,
  advice: `leave it out with --ignore ${word(name)}, or look each up with --find "${name}=${(becomes ?? name).replace(/_id$/, "")}.<your property>"; line items without their parent are orphans`,
  places: [],
  blocking: true
})

const nestedProblem = ({ keys, match: { name }, nested }: Column): Problem => {
  const amount = keys.find((key) => /amount|price|value/i.test(key) && !/id$/i.test(key))
  const cents = /^unit_amount$|cents|minor/.test(amount ?? "") ? " (it is in cents)" : ""
  const has = keys.length === 0 ? "an array" : `an object with ${keys.slice(0, 5).join(", ")}`
  return {
    kind: "values",
    column: name,
    count: nested,
    message: `${InputIssue.quote(name)} is ${has}`,
    advice:
      amount === undefined
        ? `write one value instead, or leave it out with --ignore ${name}`
        : `write ${name}.${amount}${cents} as one value, or leave it out with --ignore ${name}`,
    places: [],
    blocking: false
  }
}

const unmappedProblem = ({ match: { hint, isAsked, name, note }, values }: Column): Problem => {
  const ignore = `leave it out with --ignore`
  const adviceOf = (): string => {
    if (note === asked.perUnit) {
      return `divide the prices by it in the file; if they are for one piece, leave it out with --ignore ${word(name)}`
    }
    if (note === asked.cents) return `write it in units of the currency, and give --map; or ${ignore}`
    return hint === undefined
      ? `${ignore}, or give its property with --map`
      : `did you mean ${hint}? Then give --map, or ${ignore}`
  }
  return {
    kind: "column",
    column: name,
    count: values,
    message: `${InputIssue.quote(name)} is no property of a line item${note === undefined ? "" : ` (${note})`}`,
    advice: adviceOf(),
    places: [],
    blocking: true,
    ...(isAsked && hint === "hs_discount_percentage" && { decided: `${hint}.percent=strip` }),
    ...(note === asked.perUnit && { isOpen: true })
  }
}

/** The value of a column of numbers that may be as well another one. */
export const doubtful = ({ numbers, rules, type }: Column): string | undefined =>
  type === "number" || type === "money" || type === "own" ? Numbers.doubtful(numbers, rules) : undefined

/** The exact reading of a number need not be meant in a file that is not exact otherwise. */
const doubtfulProblem = (column: Column, value: string, isComma: boolean): Problem => {
  const { becomes, name } = column.match
  const own = becomes ?? name
  const digits = value.replace(/[^\d.]/g, "")
  const asDot = `${own}.decimal=dot`
  const asThousands = `${own}.thousands=dot`
  const comma = isComma ? "" : ` --declare ${own}.decimal=comma`
  return {
    kind: "values",
    column: name,
    count: column.values,
    message: `${example(value)} can be ${digits}, or ${digits.replaceAll(".", "")} with a dot between thousands`,
    advice: `declare the one that is meant: --declare ${asDot}, or${comma} --declare ${asThousands}`,
    decided: isComma ? asThousands : asDot,
    places: [],
    blocking: true
  }
}

export const doubtfulOf = (
  columns: ReadonlyArray<Column>,
  { decimal }: FileFormat,
  isExact: boolean
): ReadonlyArray<Problem> =>
  isExact
    ? []
    : columns.flatMap((column) => {
        const value = doubtful(column)
        return value === undefined ? [] : [doubtfulProblem(column, value, decimal === "comma")]
      })

/** A sign that one currency has, beside a code of another. */
export const contradicted = (columns: ReadonlyArray<Column>, format: FileFormat): ReadonlyArray<Problem> => {
  const column = columns.find(({ match }) => match.becomes === Whole.currencyCode)
  // A dollar is of several countries, unless it says of which.
  const isWritten = columns.some(
    ({ example = "", match }) => match.becomes === "price" && /[A-Z]{2}/.test(example)
  )
  const ofValues = Whole.currenciesOf(format).filter((code) => isWritten || code === "EUR" || code === "GBP")
  const signs = [...new Set([...ofValues, ...Whole.currenciesOfHeaders(columns).values()])]
  const [sign] = signs
  const is = column?.only?.trim().toUpperCase() ?? ""
  if (column === undefined || sign === undefined || !/^[A-Z]{3}$/.test(is)) return []
  if (signs.length === 1 && is === sign) return []
  return [
    {
      kind: "values",
      column: column.match.name,
      count: column.values,
      message: `${InputIssue.quote(column.match.name)} has ${example(column.only)}, and amounts are in ${signs.join(" and ")}`,
      advice: `correct the file; or leave the column out with --ignore ${word(column.match.name)}`,
      places: [],
      blocking: true
    }
  ]
}

export const ofColumns = (columns: ReadonlyArray<Column>, isComplete: boolean): ReadonlyArray<Problem> =>
  columns.flatMap((column): ReadonlyArray<Problem> => {
    const { ids, match, nested, type, values } = column
    if (values === 0) return []
    if (match.why === "own") return [parentProblem(column, match.note ?? "")]
    if (type === "parent" && ids === 0) return [parentProblem(column, "no value is an id of HubSpot")]
    if (nested > 0 && match.why !== "ignored" && match.becomes !== undefined) return [nestedProblem(column)]
    return match.why === "unmapped" && (isComplete || !couldBe(match.name.trim()) || match.note !== undefined)
      ? [unmappedProblem(column)]
      : []
  })
