/**
 * How the days, the booleans and the options of a column are written. A way of writing is kept as long as it reads every value.
 */
import { InputIssue, type Property } from "@effect-hubspot/schema"
import * as Dates from "../source/dates.ts"
import * as Values from "../source/values.ts"
import { digit } from "./numbers.ts"

const orders = {
  ymd: ["yyyy/MM/dd", "yyyy.MM.dd", "yyyyMMdd", "yyyy-M-d", "yyyy/M/d"],
  dmy: [
    "dd.MM.yyyy",
    "d.M.yyyy",
    "dd/MM/yyyy",
    "d/M/yyyy",
    "dd-MM-yyyy",
    "d-M-yyyy",
    "dd.MM.yy",
    "dd/MM/yy",
    "d/M/yy",
    "d MMM yyyy",
    "d MMMM yyyy",
    "d-MMM-yyyy"
  ],
  mdy: ["M/d/yyyy", "M-d-yyyy", "MM/dd/yy", "M/d/yy", "MMM d, yyyy", "MMMM d, yyyy", "MMM d yyyy"]
} as const

type Order = keyof typeof orders

interface Pattern {
  readonly pattern: string
  readonly order: Order
  readonly read: Dates.Reader
}

/** Years of two digits are recent ones: `26/02/01` begins with its year, and is no day of 2001. */
const lately =
  (read: Dates.Reader): Dates.Reader =>
  (text) => {
    const day = read(text)
    return day !== undefined && day >= "2015" ? day : undefined
  }

const patterns: ReadonlyArray<Pattern> = (Object.keys(orders) as ReadonlyArray<Order>).flatMap((order) =>
  ["", " HH:mm", " HH:mm:ss"].flatMap((time) =>
    [...orders[order], ...(time === "" || order !== "ymd" ? [] : ["yyyy-MM-dd"])].flatMap((day) => {
      const pattern = `${day}${time}`
      const read = Dates.readerOf(pattern)
      return read === undefined ? [] : [{ pattern, order, read: /yyyy/.test(day) ? read : lately(read) }]
    })
  )
)

/** What is known of a column's days. */
export interface Days {
  values: number
  exact: number
  alive: ReadonlyArray<Pattern>
  example: string | undefined
}

export const days = (): Days => ({
  values: 0,
  exact: 0,
  alive: patterns,
  example: undefined
})

const exactDay = /^\d{4}-\d{2}-\d{2}(?:T.*)?$|^\d{9,}$/

export const takeDay = (days: Days, cell: string): void => {
  const text = cell.trim()
  if (!digit.test(text)) return
  days.values++
  if (exactDay.test(text)) {
    days.exact++
    return
  }
  days.example ??= cell
  if (days.alive.length === 0) return
  const alive = days.alive.filter(({ read }) => read(text) !== undefined)
  if (alive.length < days.alive.length) days.alive = alive
}

/** The pattern that alone reads all days, if there is one and it reads them in one way. */
export const patternOf = ({ alive, exact, values }: Days): string | undefined => {
  // ISO days beside others are mixed.
  if (exact > 0 || values === 0) return undefined
  // Also where all days are the same in both orders, such as 01/01/2026: the next file has others.
  return new Set(alive.map(({ order }) => order)).size > 1 ? undefined : alive[0]?.pattern
}

const pairs = [
  "yes/no",
  "y/n",
  "ja/nein",
  "j/n",
  "oui/non",
  "o/n",
  "si/no",
  "sí/no",
  "sì/no",
  "s/n",
  "sim/não",
  "ja/nee",
  "ja/nej",
  "tak/nie",
  "ano/ne",
  "wahr/falsch",
  "vrai/faux",
  "verdadero/falso",
  "vero/falso",
  "verdadeiro/falso",
  "waar/onwaar",
  "t/f",
  "on/off",
  "1/0"
].map((pair) => ({ pair, words: new Set(pair.split("/")) }))

/** The words of a column of booleans, in lower case. Only so many are kept. */
export type Words = Set<string>

const mostWords = 10

export const takeWord = (words: Words, cell: string): void => {
  if (words.size <= mostWords) words.add(cell.trim().toLowerCase())
}

/** The pair of words that a column has; undefined if none has all of them, or if several have. */
export const pairOf = (words: Words): string | undefined => {
  if (words.size === 0 || [...words].every((word) => word === "true" || word === "false")) return undefined
  const found = pairs.filter(({ words: pair }) => [...words].every((word) => pair.has(word)))
  // Of "no" alone, or of "n", the pair does not matter, but which of the two it is.
  const readings = new Set(
    found.map(({ pair }) => [...words].map((word) => pair.startsWith(`${word}/`)).join())
  )
  return readings.size === 1 ? found[0]?.pair : undefined
}

/** What is known of a column of options. */
export interface Options {
  exact: number
  labels: number
  unknown: string | undefined
  example: string | undefined
}

export const options = (): Options => ({ exact: 0, labels: 0, unknown: undefined, example: undefined })

/** Reads the values of a property that has options; undefined if nobody knows them. */
export const optionTaker = (definition: Property.Property | undefined) => {
  const all = definition?.options ?? []
  if (all.length === 0) return undefined
  const values = new Set(all.map(({ value }) => value))
  const read = Values.readerOf({ type: "enumeration", own: false, options: all }, {}, true)
  return (options: Options, cell: string): void => {
    if (values.has(cell.trim())) options.exact++
    else if (typeof read?.(cell) === "string") {
      options.labels++
      options.example ??= cell
    } else options.unknown ??= InputIssue.quote(cell)
  }
}
