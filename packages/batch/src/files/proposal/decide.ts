/**
 * The declaration that columns need, from their names and their values, and what is left for a person to decide.
 */
import { InputIssue, LineItem } from "@effect-hubspot/schema"
import type { FileFormat, Values } from "../FileFormat.ts"
import { isParentColumn } from "../source/row.ts"
import type { Column } from "./columns.ts"
import type { Found } from "./found.ts"
import { asked } from "./exports.ts"
import { couldBe, type Match, type Matching } from "./headers.ts"
import * as Numbers from "./numbers.ts"
import * as Units from "./units.ts"
import * as Sniffed from "./values.ts"
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

const notExact: ReadonlyArray<Match["why"]> = ["export", "name", "label", "header"]

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

/** Where nothing else is the name, a description is: many invoices have no other text. */
const described = (columns: ReadonlyArray<Column>, declared: FileFormat): ReadonlyArray<Column> => {
  const has = (property: string) => columns.filter(({ match }) => match.becomes === property)
  const [description, ...others] = has("description")
  const isName =
    declared.set?.["name"] !== undefined ||
    columns.some(({ match }) => match.becomes === "name" || match.hint === "name")
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
  const isProduct = columns.some(({ match }) => match.becomes === "hs_product_id")
  if (!isForeign || known !== undefined || isProduct) return columns
  const has = (property: string): boolean =>
    declared.set?.[property] !== undefined ||
    columns.some(({ match }) => match.becomes === property || match.hint === property)
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

/** The name as it is declared: without outer blanks, which may be invisible. */
const keyOf = (name: string, names: ReadonlySet<string>): string => {
  const trimmed = name.trim()
  return trimmed === "" || (trimmed !== name && names.has(trimmed)) ? name : trimmed
}

/** More ignored columns than this are named together. */
const mostIgnored = 3

const naming = (columns: ReadonlyArray<Column>, declared: FileFormat): FileFormat => {
  const names = new Set(columns.map(({ match }) => match.name))
  const mapped = columns.flatMap(({ match: { becomes, name, why } }) =>
    notExact.includes(why) && becomes !== undefined ? [[keyOf(name, names), becomes] as const] : []
  )
  const ignored = columns
    .filter(
      ({ match: { name, note, why } }) =>
        why === "ignored" && note !== "declared" && note !== "" && !name.startsWith("_")
    )
    .map(({ match: { name } }) => keyOf(name, names))
  const isKnown = (name: string): boolean => LineItem.knownProperties.has(name) || isParentColumn(name)
  const together = ignored.length > mostIgnored
  const ignore = together ? ["unmapped", ...ignored.filter(isKnown)] : ignored
  // Of the account's own properties only the account knows that they are mapped.
  const kept =
    together || declared.ignore?.includes("unmapped") === true
      ? columns.flatMap(({ match: { becomes, name, why } }) =>
          why === "exact" && becomes !== undefined && !isKnown(name) && name !== "objectWriteTraceId"
            ? [[name, name] as const]
            : []
        )
      : []
  const map = [...mapped, ...kept]
  return {
    ...(map.length > 0 && { map: Object.fromEntries(map) }),
    ...(ignore.length > 0 && { ignore })
  }
}

const example = (text: string | undefined): string => InputIssue.quote(text ?? "")

/** One declaration for the whole file, or one for each column that needs it. */
const perColumn = <K extends "dates" | "booleans">(
  key: K,
  found: ReadonlyArray<readonly [column: Column, value: string | undefined]>,
  why: (column: Column, value: string) => string
): Found => {
  const needed = found.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
  if (needed.length === 0) return { format: {}, assumptions: [] }
  const values = new Set(needed.map(([, value]) => value))
  const [first] = values
  return {
    format:
      values.size === 1 && needed.length === found.length
        ? { [key]: first }
        : {
            perColumn: Object.fromEntries(
              needed.map(([column, value]) => [column.match.becomes ?? column.match.name, { [key]: value }])
            )
          },
    assumptions: [...values].map((value) => {
      const [column] = needed.find(([, other]) => other === value)!
      return `${key}=${value}: ${why(column, value)}`
    })
  }
}

const valuesOf = (columns: ReadonlyArray<Column>): ReadonlyArray<Found> => {
  const numbers = columns
    .filter(({ type }) => type === "money" || type === "number" || type === "own")
    .map((column) => ({
      name: column.match.name,
      property: column.match.becomes ?? column.match.name,
      hasCurrency: column.type !== "number",
      hasPercent: column.type !== "money",
      numbers: column.numbers,
      rules: column.rules
    }))
  const days = columns.filter(
    ({ rules, type, values }) => type === "day" && values > 0 && rules.dates === undefined
  )
  const words = columns.filter(
    ({ rules, type, values }) => type === "bool" && values > 0 && rules.booleans === undefined
  )
  const options = columns.filter(
    ({ rules, takeOption, type }) =>
      type === "options" && takeOption !== undefined && rules.options === undefined
  )
  const labelled = options.find(({ options }) => options.labels > 0)
  const isLabelled = labelled !== undefined && options.every(({ options }) => options.unknown === undefined)
  return [
    Numbers.declare(numbers),
    perColumn(
      "dates",
      days.map((column) => [column, Sniffed.patternOf(column.days)]),
      ({ days, match }) =>
        `nothing else reads every day of ${InputIssue.quote(match.name)}, such as ${example(days.example)}`
    ),
    perColumn(
      "booleans",
      words.map((column) => [column, Sniffed.pairOf(column.words)]),
      ({ match }) => `the words of ${InputIssue.quote(match.name)}`
    ),
    isLabelled
      ? {
          format: { options: "labels" as const },
          assumptions: [
            `options=labels: ${InputIssue.quote(labelled.match.name)} has labels of options, such as ${example(labelled.options.example)}`
          ]
        }
      : { format: {}, assumptions: [] }
  ]
}

const mergeColumns = (formats: ReadonlyArray<FileFormat>): FileFormat => {
  const columns: Record<string, Values> = {}
  for (const { perColumn } of formats) {
    for (const [name, values] of Object.entries(perColumn ?? {}))
      columns[name] = { ...columns[name], ...values }
  }
  return {
    ...Object.assign({}, ...formats),
    ...(Object.keys(columns).length > 0 && { perColumn: columns })
  }
}

const word = (name: string): string => (/^[\w.-]+$/.test(name) ? name : JSON.stringify(name))

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

const doubtfulOf = (
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
const contradicted = (columns: ReadonlyArray<Column>, format: FileFormat): ReadonlyArray<Problem> => {
  const column = columns.find(({ match }) => match.becomes === Whole.currencyCode)
  const prices = columns.filter(({ match }) => match.becomes === "price")
  // A dollar is of several countries, unless it says of which.
  const isWritten = prices.some(({ example = "" }) => /[A-Z]{2}/.test(example))
  const ofHeaders = prices.flatMap(({ match }) => Units.split(match.name).currency || [])
  const ofValues = Whole.currenciesOf(format).filter((code) => isWritten || code === "EUR" || code === "GBP")
  const signs = [...new Set([...ofValues, ...ofHeaders])]
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

const problemsOf = (columns: ReadonlyArray<Column>, isComplete: boolean): ReadonlyArray<Problem> =>
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

export interface Decision extends Found {
  readonly columns: ReadonlyArray<Column>
  readonly problems: ReadonlyArray<Problem>
  readonly notes: ReadonlyArray<string>
}

/** Whether the account has no other properties, and whether the file's structure had to be sniffed. */
export interface Known {
  readonly isComplete: boolean
  readonly isSniffed: boolean
}

/** What is to be declared besides `declared`, and why. */
export const decide = (
  all: ReadonlyArray<Column>,
  matching: Matching,
  declared: FileFormat,
  { isComplete, isSniffed }: Known
): Decision => {
  const columns = withCandidates(described(judged(all, matching), declared), matching, declared)
  const found = [...Whole.ofProgram(columns, matching, declared), ...valuesOf(columns)]
  const open = problemsOf(columns, isComplete)
  const parents = new Set(open.flatMap(({ column, kind }) => (kind === "parent" ? [column] : [])))
  const names = naming(
    columns.filter(({ match }) => !parents.has(match.name)),
    declared
  )
  const index = Whole.indexOf(columns, declared)
  const ignore = [
    ...(names.ignore ?? []),
    ...(names.ignore?.[0] === "unmapped" ? [] : (index.format.ignore ?? []))
  ]
  const format = mergeColumns([
    names,
    ...found.map(({ format }) => format),
    ignore.length > 0 ? { ignore } : {}
  ])
  return {
    columns,
    format,
    assumptions: [
      ...[...found, index].flatMap(({ assumptions }) => assumptions),
      ...Whole.lostCurrencies(columns, format, declared)
    ],
    problems: [
      ...open,
      ...contradicted(columns, format),
      ...doubtfulOf(columns, format, !isSniffed && Object.keys(format).length === 0)
    ],
    notes: Whole.missing(columns, { ...declared, set: { ...declared.set, ...format.set } })
  }
}
