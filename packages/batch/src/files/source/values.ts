/**
 * Values as a declaration says they are written, to values as HubSpot takes them. What does not fit the declaration is wrong,
 * and never read in another way.
 */
import { Properties, type Property } from "@effect-hubspot/schema"
import * as Dates from "./dates.ts"
import * as Shown from "./shown.ts"

/** What a value is not, and what to do. `exact`: nothing is declared of how such values are written. */
export interface Wrong {
  readonly message: string
  readonly advice: string
  readonly exact?: true
}

/** The value of a cell that is not empty; empty if nothing is sent. */
export type Reader = (cell: string) => string | Wrong

/** The declarations for one column, with characters for words. */
export interface Rules {
  readonly decimal?: string
  readonly thousands?: string
  readonly currency?: string
  readonly percent?: boolean
  readonly negatives?: boolean
  readonly dates?: string
  readonly empty?: ReadonlyArray<string>
  readonly booleans?: string
}

/** What a column's property is: its type, if it is known, and its options. `own` types are the account's. */
export interface Target {
  readonly type: Properties.PropertyType | "id" | undefined
  readonly own: boolean
  readonly options: ReadonlyArray<typeof Property.Option.Type> | undefined
}

/** Its message is made when it is asked for: readers are also tried on values, to find one that fits. */
const wrong = (cell: string, what: string, advice = "correct the value, or the declaration"): Wrong => ({
  get message() {
    return `${Shown.quote(cell)} is not ${what}, as declared`
  },
  advice
})

/** Thousands of which nothing is declared. */
const grouped = /^[-+]?[1-9]\d{0,2}(?:([.,])\d{3})+$/

const inexact = (cell: string, what: string, advice: string): Wrong => ({
  message: `${Shown.quote(cell)} is not ${what}`,
  advice,
  exact: true
})

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

/** Any blank between digits, also those that do not break, and both apostrophes. */
const groups: ReadonlyMap<string, string> = new Map([
  [" ", "[ \\u00a0\\u2009\\u202f]"],
  ["'", "['\\u2019]"]
])

/** The code of a currency and its signs, as they stand in amounts. */
export const signsOf = (currency: string): ReadonlyArray<string> => {
  const code = currency.toUpperCase()
  // Only elsewhere are the dollars of the United States told from others: US$.
  const signs = ["en-US", "en-GB"].flatMap((locale) =>
    (["code", "symbol", "narrowSymbol"] as const).map((currencyDisplay) => {
      const format = new Intl.NumberFormat(locale, { style: "currency", currency: code, currencyDisplay })
      return format.formatToParts(0).find(({ type }) => type === "currency")?.value ?? code
    })
  )
  return [...new Set(signs)].sort((a, b) => b.length - a.length)
}

const words = { ",": "comma", ".": "dot", " ": "blank", "'": "apostrophe" } as const
const wordOf = (character: string): string => (words as Record<string, string>)[character] ?? character

const plain = /^-?\d+(?:\.\d+)?$/
const loose = /^([+-]?)(\d*)(?:\.(\d+))?((?:[eE][+-]?\d{1,4})?)$/

/** A number of HubSpot's own form, also with an exponent, a plus, or nothing before its dot. */
const exactNumber: Reader = (cell) => {
  if (plain.test(cell)) return cell
  const [found, sign = "", whole = "", fraction, exponent = ""] = loose.exec(cell.trim()) ?? []
  return found === undefined || (whole === "" && fraction === undefined) || !Number.isFinite(Number(found))
    ? inexact(
        cell,
        "a finite number",
        "write digits with a dot, without thousands separators, currency or blanks"
      )
    : numberOf(sign, whole, fraction, exponent)
}

/** The text of a number of these parts. */
const numberOf = (sign: string, whole: string, fraction: string | undefined, exponent: string): string => {
  const digits = `${sign === "-" ? "-" : ""}${whole === "" ? "0" : whole}`
  return Properties.plainDecimal(`${digits}${fraction === undefined ? "" : `.${fraction}`}${exponent}`)
}

/** A day, or an instant, of HubSpot's own form: ISO, or milliseconds since 1970. A day is a midnight of them. */
const exactDay =
  (isDay: boolean): Reader =>
  (cell) => {
    const text = cell.trim()
    const isRight =
      Dates.isIsoDay(text, isDay) ||
      (/^-?\d+$/.test(text) && (isDay ? Number(text) % Dates.millisecondsOfDay === 0 : text.length > 8))
    return isRight
      ? text
      : inexact(
          cell,
          isDay ? "a day of the calendar" : "a time",
          `write ${isDay ? "a day that exists, as 2026-11-23 (year-month-day)" : "it as 2026-11-23T10:00:00Z"}`
        )
  }

const exactBoolean: Reader = (cell) => {
  const text = cell.trim().toLowerCase()
  return text === "true" || text === "false" ? text : inexact(cell, "true or false", "write true or false")
}

/** An option's own value, or several of them with semicolons between. */
const exactOption = (options: NonNullable<Target["options"]>): Reader => {
  const values = new Set(options.map(({ value }) => value))
  return (cell) => {
    const text = cell.trim()
    return values.has(text) || text.split(";").every((part) => values.has(part))
      ? text
      : inexact(cell, "an option of the property", "write the internal value of one of its options")
  }
}

/** The reader of a type of which nothing is declared. Undefined where every text is right. */
const exactReader = ({ options = [], type }: Target): Reader | undefined => {
  switch (type) {
    case "number":
    case "money":
      return exactNumber
    case "date":
    case "datetime":
      return exactDay(type === "date")
    case "bool":
      return exactBoolean
    case "enumeration":
      return options.length > 0 ? exactOption(options) : undefined
    default:
      return undefined
  }
}

/** Numbers of these rules, to digits with a dot. */
const numberReader = ({ currency, decimal = ".", negatives, percent, thousands }: Rules): Reader => {
  const group = thousands === undefined ? undefined : (groups.get(thousands) ?? escaped(thousands))
  const integer = group === undefined ? "\\d*" : `(?:[1-9]\\d{0,2}(?:${group}\\d{3})+|\\d*)`
  const number = new RegExp(`^([+-]?)(${integer})(?:${escaped(decimal)}(\\d*))?([eE][+-]?\\d{1,4})?$`)
  const signs = currency === undefined ? undefined : signsOf(currency).map(escaped).join("|")
  const sign = signs === undefined ? undefined : new RegExp(`^(?:${signs})\\s*|\\s*(?:${signs})$`, "i")
  const what = [
    `a number with a decimal ${wordOf(decimal)}`,
    ...(thousands === undefined ? [] : [`thousands by ${wordOf(thousands)}`]),
    ...(currency === undefined ? [] : [`amounts in ${currency.toUpperCase()}`])
  ].join(" and ")
  return (cell) => {
    let text = cell.trim()
    let minus = ""
    // A sign, a currency and parentheses may stand in any order, each once.
    const currencyAway = (): void => {
      if (sign !== undefined) text = text.replace(sign, "")
    }
    const outer = /^[+-]\s*(?=[^\d\s])/.exec(text)
    if (outer !== null && sign?.test(text.slice(outer[0].length)) === true) {
      minus = text[0] === "-" ? "-" : ""
      text = text.slice(outer[0].length)
    }
    const before = text
    currencyAway()
    const inner = negatives === true ? /^\(\s*([^()+-]+?)\s*\)$/.exec(text)?.[1] : undefined
    if (inner !== undefined) {
      if (outer !== null) return wrong(cell, what)
      minus = "-"
      const once = text === before
      text = inner
      if (once) currencyAway()
    }
    if (percent === true) text = text.replace(/\s*%$/, "")
    const found = number.exec(text)
    if (found === null) {
      const mark = thousands === undefined ? grouped.exec(text)?.[1] : undefined
      return mark === undefined || mark === decimal
        ? wrong(cell, what)
        : wrong(cell, what, `if it is thousands, declare thousands=${wordOf(mark)} as well`)
    }
    const [, own = "", whole = "", fraction, exponent = ""] = found
    if ((minus !== "" || outer !== null) && own !== "") return wrong(cell, what)
    if (fraction === "" || (whole === "" && fraction === undefined)) return wrong(cell, what)
    const digits = whole.replace(/\D/g, "")
    if (!Number.isFinite(Number(`${digits}.${fraction ?? 0}${exponent}`))) return wrong(cell, what)
    return numberOf(minus === "" ? own : minus, digits, fraction, exponent)
  }
}

const dateReader = (pattern: string): Reader => {
  const day = Dates.readerOf(pattern)
  return (cell) => day?.(cell.trim()) ?? wrong(cell, `a day written as ${pattern}`)
}

const booleanReader = (words: string): Reader => {
  const [yes = "", no = ""] = words.split("/").map((word) => word.trim().toLowerCase())
  const values = new Map([
    ["true", "true"],
    ["false", "false"],
    [yes, "true"],
    [no, "false"]
  ])
  return (cell) => values.get(cell.trim().toLowerCase()) ?? wrong(cell, `${yes} or ${no}`)
}

/** An option by its value, else by its label. A label that two options have names neither. */
const optionReader = (options: NonNullable<Target["options"]>): Reader => {
  const values = new Map(options.map(({ value }) => [value, value]))
  const found = new Map<string, string | undefined>()
  for (const part of ["label", "value"] as const) {
    const keys = options.map((option) => option[part].trim().toLowerCase())
    for (const [index, key] of keys.entries()) {
      if (part === "label" || !found.has(key)) {
        found.set(key, keys.indexOf(key) === keys.lastIndexOf(key) ? options[index]?.value : undefined)
      }
    }
  }
  return (cell) => {
    const text = cell.trim()
    return values.get(text) ?? found.get(text.toLowerCase()) ?? wrong(cell, "an option or its label")
  }
}

/** The reader of a type, where its rules declare something of it. */
const typeReader = (target: Target, rules: Rules, labels: boolean): Reader | undefined => {
  switch (target.type) {
    case "number":
    case "money": {
      // Ten percent of a price is no amount of money, and a percentage has no currency.
      const { currency, percent, ...others } = rules
      const own = {
        ...others,
        ...(currency !== undefined && (target.own || target.type === "money") && { currency }),
        ...(percent === true && (target.own || target.type === "number") && { percent })
      }
      const declared =
        (own.decimal ?? ".") !== "." ||
        own.thousands !== undefined ||
        own.currency !== undefined ||
        own.percent === true ||
        own.negatives === true
      return declared ? numberReader(own) : undefined
    }
    case "date":
    case "datetime":
      return rules.dates === undefined ? undefined : dateReader(rules.dates)
    case "bool":
      return rules.booleans === undefined ? undefined : booleanReader(rules.booleans)
    case "enumeration":
      return labels && target.options !== undefined && target.options.length > 0
        ? optionReader(target.options)
        : undefined
    default:
      return undefined
  }
}

/** The reader of a column; undefined if nothing is declared that concerns it. */
export const readerOf = (target: Target, rules: Rules, labels: boolean): Reader | undefined => {
  const read = typeReader(target, rules, labels) ?? exactReader(target)
  if (rules.empty === undefined || rules.empty.length === 0) return read
  const empty = new Set(rules.empty)
  return (cell) => (empty.has(cell.trim()) ? "" : read === undefined ? cell : read(cell))
}

/** The type that rules for a single column speak of, for a property whose type nobody knows. */
export const typeOf = (rules: Rules): Target["type"] =>
  rules.decimal !== undefined ||
  rules.thousands !== undefined ||
  rules.currency !== undefined ||
  rules.percent === true ||
  rules.negatives === true
    ? "number"
    : rules.dates !== undefined
      ? "date"
      : rules.booleans !== undefined
        ? "bool"
        : undefined
