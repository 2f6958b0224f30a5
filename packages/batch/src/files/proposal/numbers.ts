/**
 * How the numbers of a column are written: which separators read all of them, whether these read them in one way, and the
 * currencies, percent signs and parentheses around them. It holds counters, not values.
 */
import { InputIssue } from "@effect-hubspot/schema"
import { characterOf, type Values } from "../FileFormat.ts"
import { type Found, nothing } from "./found.ts"

type Decimal = "dot" | "comma"
type Thousands = "none" | "comma" | "dot" | "space" | "apostrophe"

interface Style {
  readonly decimal: Decimal
  readonly thousands: Thousands
  readonly pattern: RegExp
}

const blank = "[ \\u00a0\\u2009\\u202f]"

const style = (decimal: Decimal, thousands: Thousands): Style => {
  const group = { none: "", comma: ",", dot: "\\.", space: blank, apostrophe: "['’]" }[thousands]
  const integer = group === "" ? "\\d*" : `(?:[1-9]\\d{0,2}(?:${group}\\d{3})+|\\d*)`
  return {
    decimal,
    thousands,
    pattern: new RegExp(`^${integer}(?:${decimal === "dot" ? "\\." : ","}\\d*)?$`)
  }
}

/** The exact one first; of two that read the same, the first is meant. */
const styles: ReadonlyArray<Style> = [
  style("dot", "none"),
  style("comma", "none"),
  style("dot", "comma"),
  style("comma", "dot"),
  style("dot", "space"),
  style("comma", "space"),
  style("dot", "apostrophe"),
  style("comma", "apostrophe")
]

const characters = { dot: ".", comma: ",", space: " ", apostrophe: "'", none: "" } as const
const maskOf = (decimal: Decimal): number =>
  styles.reduce((mask, style, index) => (style.decimal === decimal ? mask | (1 << index) : mask), 0)
const dots = maskOf("dot")
const commas = maskOf("comma")

/** Signs of currencies, with the code whose declaration takes them away. */
const signs: ReadonlyMap<string, string> = new Map([
  ["€", "EUR"],
  ["$", "USD"],
  ["US$", "USD"],
  ["£", "GBP"],
  ["¥", "JPY"],
  ["₹", "INR"],
  ["₩", "KRW"],
  ["₽", "RUB"],
  ["₺", "TRY"],
  ["₪", "ILS"],
  ["R$", "BRL"],
  ["CA$", "CAD"],
  ["A$", "AUD"],
  ["zł", "PLN"],
  ["Kč", "CZK"],
  ["kr", "SEK"]
])

const codes = new Set(Intl.supportedValuesOf("currency"))

const currencyOf = (text: string): string | undefined => {
  const code = text.toUpperCase()
  return signs.get(text) ?? (codes.has(code) ? code : undefined)
}

const whole = /^\s*[-+]?\d{1,15}\s*$/
const parts =
  /^([-+]?)\s*(\(?)\s*([^\d\s.,'’()+-]{0,3}?)\s*([-+]?)([\d.,'’ \u00a0\u2009\u202f]*?)([eE][-+]?\d{1,4})?\s*(%?)\s*([^\d\s.,'’()+%-]{0,3})\s*(\)?)$/

/** What is known of a column's numbers. */
export interface Numbers {
  values: number
  /** The styles that read all values, as bits. */
  alive: number
  /** A value that a dot and a comma as decimal sign both read, as different numbers. */
  ambiguous: string | undefined
  /** A value that only one of the two reads. */
  evidence: string | undefined
  /** The first value that is not exact. */
  example: string | undefined
  currency: string | undefined
  signed: number
  percents: number
  negatives: number
  /** A value that is no number at all, or has a second currency. */
  broken: string | undefined
  /** Numbers between 0 and 1. */
  fractions: number
  /** Plain digits. */
  whole: number
}

const declaredStyles = (rules: Values): number =>
  styles.reduce((mask, style, index) => {
    const fits =
      (rules.decimal === undefined || characters[style.decimal] === characterOf(rules.decimal)) &&
      (rules.thousands === undefined || characters[style.thousands] === characterOf(rules.thousands))
    return fits ? mask | (1 << index) : mask
  }, 0)

export const make = (rules: Values): Numbers => ({
  values: 0,
  alive: declaredStyles(rules),
  ambiguous: undefined,
  evidence: undefined,
  example: undefined,
  currency: undefined,
  signed: 0,
  percents: 0,
  negatives: 0,
  broken: undefined,
  fractions: 0,
  whole: 0
})

/** A number or a day has one. A value without is invalid however the others are written, so it decides nothing. */
export const digit = /\d/

/** No number is longer. */
const longest = 60

export const take = (numbers: Numbers, cell: string): void => {
  if (!digit.test(cell)) return
  numbers.values++
  if (whole.test(cell)) {
    numbers.whole++
    return
  }
  if (numbers.broken !== undefined) return
  const found = cell.length > longest ? null : parts.exec(cell.trim())
  if (found === null) {
    numbers.broken = cell
    return
  }
  const [, sign, opens, before = "", inner, core = "", exponent, percent, after = "", closes] = found
  const symbol = before + after
  const currency = symbol === "" ? undefined : currencyOf(symbol)
  const isWrong =
    (symbol !== "" && currency === undefined) ||
    (currency !== undefined && numbers.currency !== undefined && currency !== numbers.currency) ||
    (opens === "(") !== (closes === ")") ||
    (opens === "(" && (sign !== "" || inner !== "")) ||
    (sign !== "" && inner !== "") ||
    !digit.test(core)
  if (isWrong) {
    numbers.broken = cell
    return
  }
  if (currency !== undefined) {
    numbers.currency = currency
    numbers.signed++
  }
  if (percent !== "") numbers.percents++
  if (opens === "(") numbers.negatives++
  if (/^0?[.,]\d*[1-9]\d*$/.test(core)) numbers.fractions++
  if (exponent !== undefined && /[,'’\s]/.test(core)) numbers.broken = cell
  count(numbers, core.trim(), cell)
}

const count = (numbers: Numbers, core: string, cell: string): void => {
  let reads = 0
  for (const [index, { pattern }] of styles.entries()) if (pattern.test(core)) reads |= 1 << index
  numbers.alive &= reads
  if ((reads & 1) === 0 || cell.trim().length > core.length) numbers.example ??= cell
  if (/[.,]/.test(core)) {
    if ((reads & dots) !== 0 && (reads & commas) !== 0) numbers.ambiguous ??= cell
    else numbers.evidence ??= cell
  }
}

/** Whether all values are fractions of one, which percentages are written as. */
export const areFractions = ({ fractions, values, whole }: Numbers): boolean =>
  fractions > 0 && fractions + whole === values

/**
 * A value that is exact and as well a number with thousands, such as `1.000`, where no other value of the column says which of
 * the two is meant, and nothing is declared.
 */
export const doubtful = ({ alive, ambiguous, broken }: Numbers, rules: Values): string | undefined =>
  broken === undefined &&
  rules.decimal === undefined &&
  rules.thousands === undefined &&
  (alive & 1) === 1 &&
  (alive & commas) !== 0
    ? ambiguous
    : undefined

/** A column of numbers, and which signs may stand around them. */
export interface Column {
  readonly name: string
  readonly property: string
  readonly hasCurrency: boolean
  readonly hasPercent: boolean
  readonly numbers: Numbers
  /** What is declared already. */
  readonly rules: Values
}

/** The declaration of all signs around the numbers; undefined if there is none that reads them all. */
const around = ({ hasCurrency, hasPercent, numbers }: Column): Values | undefined => {
  const { currency, negatives, percents, values } = numbers
  if (percents > 0 && (!hasPercent || percents < values)) return undefined
  if (currency !== undefined && !hasCurrency) return undefined
  return {
    ...(currency !== undefined && { currency }),
    ...(percents > 0 && { percent: "strip" as const }),
    ...(negatives > 0 && { negatives: "parentheses" as const })
  }
}

/** A column and what makes its values readable. */
interface Read {
  readonly column: Column
  readonly style: number
  readonly values: Values
}

const declarationOf = ({ decimal, thousands }: Style): Values => ({
  ...(decimal === "comma" && { decimal }),
  ...(thousands !== "none" && { thousands })
})

/** The separators that alone read a column, and read it in one way. */
const separatorsOf = ({ alive, ambiguous }: Numbers): number | undefined => {
  const isOpen = ambiguous !== undefined && (alive & dots) !== 0 && (alive & commas) !== 0
  if (isOpen) return (alive & 1) === 1 ? 0 : undefined
  const found = styles.findIndex((_, index) => (alive & (1 << index)) !== 0)
  return found === -1 ? undefined : found
}

const readOf = (column: Column): Read | undefined => {
  const { numbers } = column
  if (numbers.broken !== undefined || numbers.values === 0) return undefined
  const signs = around(column)
  const style = separatorsOf(numbers)
  return signs === undefined || style === undefined
    ? undefined
    : { column, style, values: undeclared({ ...declarationOf(styles[style]!), ...signs }, column.rules) }
}

const undeclared = (values: Values, rules: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([key]) => rules[key as keyof Values] === undefined))

const shown = (values: Values): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ")

/** The separators that are right for all columns, if there are such. */
const sharedOf = (columns: ReadonlyArray<Column>, needed: ReadonlyArray<Read>): Values | undefined => {
  const merged = Object.assign({}, ...needed.map(({ style }) => declarationOf(styles[style]!))) as Values
  const index = styles.findIndex(
    ({ decimal, thousands }) =>
      decimal === (merged.decimal ?? "dot") && thousands === (merged.thousands ?? "none")
  )
  const bit = index === -1 ? 0 : 1 << index
  const isShared = needed.every(({ column }) => (column.numbers.alive & bit) !== 0)
  const others = columns.filter((column) => !needed.some((read) => read.column === column))
  return isShared && others.every(({ numbers }) => allows(numbers, merged)) ? merged : undefined
}

/** Whether separators for the whole file leave another column as it is meant. */
const allows = ({ alive, ambiguous, broken, evidence, values }: Numbers, shared: Values): boolean => {
  if (values === 0 || broken !== undefined) return true
  // "25,000" would become 25.
  if (ambiguous !== undefined && (alive & 1) === 0) return false
  // "12.50" could not be read any more.
  return shared.decimal !== "comma" || evidence === undefined || (alive & commas) !== 0
}

/**
 * What is declared of the numbers of all columns: for the whole file, where that leaves every other column as it is meant, else
 * for the columns that need it.
 */
export const declare = (columns: ReadonlyArray<Column>): Found => {
  const needed = columns
    .flatMap((column) => readOf(column) ?? [])
    .filter(({ values }) => Object.keys(values).length > 0)
  if (needed.length === 0) return nothing
  const shared = sharedOf(columns, needed)
  const currencies = new Set(needed.flatMap(({ values }) => values.currency ?? []))
  const file: Record<string, unknown> = { ...shared }
  const perColumn: Record<string, Values> = {}
  for (const { column, values } of needed) {
    const own: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(values)) {
      const isSeparator = key === "decimal" || key === "thousands"
      const isOwn = isSeparator
        ? shared === undefined
        : key === "percent" || (key === "currency" && currencies.size > 1)
      ;(isOwn ? own : file)[key] = value
    }
    if (Object.keys(own).length > 0) perColumn[column.property] = own as Values
  }
  const first = new Map(needed.toReversed().map((read) => [shown(read.values), read]))
  return {
    format: { ...file, ...(Object.keys(perColumn).length > 0 && { perColumn }) },
    assumptions: [...first].map(
      ([declared, { column }]) =>
        `${declared}: nothing else reads every number of ${InputIssue.quote(column.name)}, such as ${InputIssue.quote(column.numbers.example ?? "")}`
    )
  }
}
