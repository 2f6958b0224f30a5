/**
 * What would have to be declared so that a value is read. It finds readings by trying declarations on the value, with the
 * readers that files are read with, so it names no declaration that would not read it.
 */
import * as DateTime from "effect/DateTime"
import type * as FileFormat from "../FileFormat.ts"
import * as Dates from "./dates.ts"
import * as Shown from "./shown.ts"
import * as Values from "./values.ts"

/** A word of a command in an advice, in quotes where it needs them. */
export const word = (text: string): string => (/^[\w=./-]+$/.test(text) ? text : JSON.stringify(text))

/** A declaration, and the value that a cell is under it: empty if nothing is sent. */
export interface Reading {
  readonly declare: FileFormat.Values
  readonly value: string
}

const characters = { comma: ",", dot: ".", space: " ", apostrophe: "'" } as const

interface Separators {
  readonly decimal?: "comma"
  readonly thousands?: keyof typeof characters
}

/** Separators, those that say least first. */
const separators: ReadonlyArray<Separators> = [
  {},
  { decimal: "comma" },
  { thousands: "comma" },
  { thousands: "space" },
  { thousands: "apostrophe" },
  { decimal: "comma", thousands: "dot" },
  { decimal: "comma", thousands: "space" },
  { decimal: "comma", thousands: "apostrophe" }
]

/** Days as programs write them, the more exact patterns first. */
const patterns: ReadonlyArray<string> = [
  "dd.MM.yyyy",
  "d.M.yyyy",
  "dd/MM/yyyy",
  "MM/dd/yyyy",
  "d/M/yyyy",
  "M/d/yyyy",
  "dd-MM-yyyy",
  "MM-dd-yyyy",
  "d-M-yyyy",
  "M-d-yyyy",
  "yyyy/MM/dd",
  "yyyy/M/d",
  "yyyy.MM.dd",
  "yyyyMMdd",
  "MMM d, yyyy",
  "MMMM d, yyyy",
  "d MMM yyyy",
  "d MMMM yyyy",
  "d-MMM-yyyy",
  "d. MMMM yyyy",
  "dd.MM.yy",
  "d.M.yy",
  "dd/MM/yy",
  "MM/dd/yy",
  "d/M/yy",
  "M/d/yy",
  "d-MMM-yy"
]
const dayPatterns = ["", " HH:mm", " HH:mm:ss"].flatMap((time) =>
  [...patterns, ...(time === "" ? [] : ["yyyy-MM-dd"])].map((day) => `${day}${time}`)
)

const booleans = [
  "yes/no",
  "y/n",
  "1/0",
  "t/f",
  "on/off",
  "ja/nein",
  "j/n",
  "wahr/falsch",
  "oui/non",
  "vrai/faux",
  "sí/no",
  "si/no",
  "verdadero/falso",
  "sim/não",
  "vero/falso",
  "waar/onwaar"
]

/** Words that programs write where there is no value. */
const nothing = /^(?:#?n\/?a|#n\/a|null|none|nil|nan|-+|–|—|#(?:ref|value|div\/0|name|null|num)[!?])$/i

/** Whether a text is a word for no value, such as `#N/A` or `NULL`. */
export const isNothing = (text: string): boolean => nothing.test(text.trim())

/** The codes of currencies by their signs in English, which are theirs alone, and by those that several have. */
let currencies: ReadonlyMap<string, ReadonlySet<string>> | undefined
const currenciesOf = (sign: string): ReadonlyArray<string> => {
  if (/^[a-z]{3}$/i.test(sign)) {
    return Intl.supportedValuesOf("currency").includes(sign.toUpperCase()) ? [sign.toUpperCase()] : []
  }
  if (currencies === undefined) {
    const found = new Map<string, Set<string>>()
    for (const display of ["symbol", "narrowSymbol"] as const) {
      const known = new Set(found.keys())
      for (const code of Intl.supportedValuesOf("currency")) {
        const format = new Intl.NumberFormat("en-US", {
          style: "currency",
          currency: code,
          currencyDisplay: display
        })
        const text = format.formatToParts(0).find(({ type }) => type === "currency")?.value ?? code
        if (known.has(text)) continue
        found.set(text, (found.get(text) ?? new Set()).add(code))
      }
    }
    currencies = found
  }
  return [...(currencies.get(sign) ?? [])]
}

type Candidates = ReadonlyArray<readonly [declare: FileFormat.Values, read: Values.Reader | undefined]>

const candidates = new Map<string, Candidates>()

/** All separators with what else an amount has, and the reader of each, which is made once. */
const candidatesOf = (type: "number" | "money", others: FileFormat.Values): Candidates => {
  const { currency, negatives, percent } = others
  const key = [type, currency, negatives, percent].join(" ")
  const known = candidates.get(key)
  if (known !== undefined) return known
  const made = separators.map((separator) => {
    const { decimal, thousands } = separator
    const rules: Values.Rules = {
      ...(decimal !== undefined && { decimal: characters[decimal] }),
      ...(thousands !== undefined && { thousands: characters[thousands] }),
      ...(currency !== undefined && { currency }),
      ...(percent !== undefined && { percent: true }),
      ...(negatives !== undefined && { negatives: true })
    }
    const read = Values.readerOf({ type, own: true, options: undefined }, rules, false)
    return [{ ...separator, ...others }, read] as const
  })
  candidates.set(key, made)
  return made
}

/** The texts of a separator. */
const written = new Map<string | undefined, RegExp>([
  ["comma", /,/],
  ["dot", /\./],
  ["space", /\s/],
  ["apostrophe", /['’]/]
])

const occurs = (text: string, separator: string | undefined): boolean =>
  written.get(separator)?.test(text) !== false

/** Digits and separators, with a sign or a code before or behind. */
const amount =
  /^[-+(\s]*([^\d\s.,'’()+-]{1,5})?\s*[-+(]?[\d.,'’\s]+(?:[eE][+-]?\d{1,4})?\)?\s*([^\d\s.,'’()]{1,5})?\s*\)?$/

const ofNumber = ({ own, type }: Values.Target, cell: string, isLeast: boolean): ReadonlyArray<Reading> => {
  const text = cell.trim()
  const sign = text.length > 60 ? null : amount.exec(text)
  if (sign === null) return []
  const around = [sign[1], sign[2]].filter((part) => part !== undefined)
  const isPercent = around.length === 1 && sign[2] === "%"
  const isMoney = around.length === 1 && !isPercent
  if (around.length > 1 || (isPercent && type === "money") || (isMoney && type === "number" && !own))
    return []
  const negatives = /[()]/.test(text) ? ({ negatives: "parentheses" } as const) : {}
  const signs = isMoney
    ? currenciesOf(around[0]!).map((currency) => ({ currency }))
    : [isPercent ? ({ percent: "strip" } as const) : {}]
  return signs.flatMap((sign) =>
    candidatesOf(type === "money" ? "money" : "number", { ...sign, ...negatives }).flatMap(
      ([declare, read]): ReadonlyArray<Reading> => {
        const { decimal, thousands } = declare
        if (isLeast && !(occurs(text, decimal) && occurs(text, thousands))) return []
        const value = read?.(cell)
        return typeof value === "string" ? [{ declare, value }] : []
      }
    )
  )
}

let days: ReadonlyArray<readonly [pattern: string, read: Dates.Reader]> | undefined

const ofDay = (target: Values.Target, cell: string): ReadonlyArray<Reading> => {
  const text = cell.trim()
  if (text.length > 40 || !/\d/.test(text)) return []
  days ??= dayPatterns.map((pattern) => [pattern, Dates.readerOf(pattern)!] as const)
  const exact = Values.readerOf(target, {}, false)?.(cell)
  const asIs = typeof exact === "string" ? [{ declare: {}, value: exact }] : []
  return asIs.length > 0
    ? asIs
    : days.flatMap(([dates, read]): ReadonlyArray<Reading> => {
        const value = read(text)
        return value === undefined ? [] : [{ declare: { dates }, value }]
      })
}

const ofOthers = (target: Values.Target, cell: string): ReadonlyArray<Reading> => {
  const words = target.type === "bool" ? booleans : []
  const labels = target.type === "enumeration" && (target.options?.length ?? 0) > 0
  const candidates: ReadonlyArray<FileFormat.Values> = [
    {},
    ...words.map((booleans) => ({ booleans })),
    ...(labels ? [{ options: "labels" } as const] : [])
  ]
  return candidates.flatMap((declare): ReadonlyArray<Reading> => {
    const { booleans } = declare
    const rules = booleans === undefined ? {} : { booleans }
    const value = Values.readerOf(target, rules, declare.options === "labels")?.(cell)
    return typeof value === "string" ? [{ declare, value }] : []
  })
}

/**
 * Every declaration that would read a cell as a property of this type, and as which value; `{}` if it is right as it is. The
 * declarations that say least come first; later ones, such as `{decimal, thousands}` for `2,50`, matter where other cells of a
 * column need more. Cells with two values have two readings: `1,234` is 1234 or 1.234, `01/02/2026` a day of January or of
 * February. Empty where none reads it, and for texts. `isLeast` leaves out separators that do not occur in the cell.
 */
export const readings = (target: Values.Target, cell: string, isLeast = false): ReadonlyArray<Reading> => {
  switch (target.type) {
    case "number":
    case "money":
    case "date":
    case "datetime":
    case "bool":
    case "enumeration": {
      const isNumber = target.type === "number" || target.type === "money"
      const isDay = target.type === "date" || target.type === "datetime"
      const found = isNumber
        ? ofNumber(target, cell, isLeast)
        : isDay
          ? ofDay(target, cell)
          : ofOthers(target, cell)
      return found.length === 0 && isNothing(cell)
        ? [{ declare: { empty: [cell.trim()] }, value: "" }]
        : found
    }
    default:
      return []
  }
}

/** One declaration for each value that a cell may be, that which says least. */
export const shortest = (readings: ReadonlyArray<Reading>): ReadonlyArray<Reading> => {
  const byValue = new Map<string, Reading>()
  for (const reading of readings) {
    const known = byValue.get(reading.value)
    if (known === undefined || sizeOf(reading) < sizeOf(known)) byValue.set(reading.value, reading)
  }
  return [...byValue.values()]
}

const sizeOf = ({ declare }: Reading): number => Object.keys(declare).length

/** A declaration as words: `decimal=comma, thousands=dot`. */
const wordsOf = (declare: FileFormat.Values): string =>
  Object.entries(declare)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join(",") : String(value)}`)
    .map(word)
    .join(", ")

/** The first and last days that spreadsheets count as five digits, 1927 to 2173. */
const dayNumber = /^[1-9]\d{4}(?:\.\d+)?$/

/** What to do about a value that is not right as it is. */
const adviceOf = (target: Values.Target, cell: string, otherwise: string): string => {
  const text = cell.trim()
  if ((target.type === "date" || target.type === "datetime") && dayNumber.test(text)) {
    // Spreadsheets count from the 30th of December 1899.
    const day = DateTime.makeUnsafe((Math.floor(Number(text)) - 25_569) * Dates.millisecondsOfDay)
    return `this is a spreadsheet's number of the day ${DateTime.formatIsoDateUtc(day)}: format the column as a date, and export again`
  }
  const codes = Shown.invisibleOf(text)
  const all = readings(target, cell, true)
  const found = shortest(all)
  if (found.length === 0) {
    if (codes.length > 0) return `remove the invisible ${codes.join(" and ")}`
    return target.type === "money" && /\d\s*%$/.test(text)
      ? "10% is no amount of money; write the amount"
      : otherwise
  }
  const [first, second] = found
  if (second === undefined) {
    const { currency } = first!.declare
    const others = new Set(all.flatMap(({ declare }) => declare.currency ?? []))
    others.delete(currency ?? "")
    const also = others.size === 0 ? "" : ` (the sign is also that of ${[...others].slice(0, 5).join(", ")})`
    return `${otherwise}, or declare ${wordsOf(first!.declare)}${also}`
  }
  const values = found.slice(0, 3).map(({ declare, value }) => `${value} with ${wordsOf(declare)}`)
  return `it can be ${values.join(", or ")}; declare the one that is meant`
}

/** The reader, whose advice names the declarations that would read a value, where nothing is declared of such values. */
export const advised = (target: Values.Target, read: Values.Reader): Values.Reader => {
  return (cell) => {
    const value = read(cell)
    return typeof value === "string" || value.exact !== true
      ? value
      : { message: value.message, advice: adviceOf(target, cell, value.advice) }
  }
}
