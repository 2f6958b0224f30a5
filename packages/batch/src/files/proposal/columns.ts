/**
 * What is known of the columns of a file from its values: counters and a few examples for each column, however long the file is.
 */
import { InputIssue, LineItem, type Property } from "@effect-hubspot/schema"
import type { FileFormat, Values } from "../FileFormat.ts"
import * as Json from "../source/json.ts"
import { isParentColumn, type Row } from "../source/row.ts"
import * as Encoding from "./encoding.ts"
import * as Footer from "../source/footer.ts"
import type { Match, Matching } from "./headers.ts"
import * as Numbers from "./numbers.ts"
import * as Sniffed from "./values.ts"

/** The values of one column. What does not concern its type is not counted. */
export interface Column {
  readonly match: Match
  readonly rules: Values
  readonly type: "number" | "money" | "own" | "day" | "bool" | "options" | "parent" | "text"
  /** Cells with something in them. */
  values: number
  /** Of those, texts that are numbers, amounts of money or numbers with decimals, and ids of HubSpot's form. */
  numerals: number
  amounts: number
  /** Texts without a digit other than zero. */
  zeros: number
  ids: number
  /** Ids as long as HubSpot's are. */
  longIds: number
  /** Texts that begin as periods do: P1Y. */
  periods: number
  example: string | undefined
  /** Objects and arrays of a JSON file, with the keys of the first one. */
  nested: number
  keys: ReadonlyArray<string>
  /** The one value that all cells have. */
  only: string | undefined
  /** The number that the next row has, if all before it were numbered; undefined before the first, NaN if they were not. */
  next: number | undefined
  readonly numbers: Numbers.Numbers
  readonly days: Sniffed.Days
  readonly words: Sniffed.Words
  readonly options: Sniffed.Options
  readonly takeOption: ReturnType<typeof Sniffed.optionTaker>
}

export interface Context {
  readonly format: FileFormat
  readonly definitions: ReadonlyMap<string, Property.Property>
}

const typeOf = ({ becomes, isKey }: Match, { definitions }: Context): Column["type"] => {
  if (becomes === undefined || isKey === true) return "text"
  if (isParentColumn(becomes)) return "parent"
  const standard = LineItem.knownProperties.get(becomes)?.type
  switch (standard ?? definitions.get(becomes)?.type) {
    case "money":
      return "money"
    case "number":
      return standard === undefined ? "own" : "number"
    case "date":
    case "datetime":
      return "day"
    case "bool":
      return "bool"
    case "enumeration":
      return "options"
    default:
      return "text"
  }
}

const own = <A>(record: Readonly<Record<string, A>> | undefined, key: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined

const rulesOf = (name: string, becomes: string | undefined, format: FileFormat): Values => ({
  ...format,
  ...(own(format.perColumn, name) ??
    own(format.perColumn, name.trim()) ??
    (becomes === undefined ? undefined : own(format.perColumn, becomes)))
})

export const make = (match: Match, context: Context): Column => {
  const rules = rulesOf(match.name, match.becomes, context.format)
  return {
    match,
    rules,
    type: typeOf(match, context),
    values: 0,
    numerals: 0,
    amounts: 0,
    zeros: 0,
    ids: 0,
    longIds: 0,
    periods: 0,
    example: undefined,
    nested: 0,
    keys: [],
    only: undefined,
    next: undefined,
    numbers: Numbers.make(rules),
    days: Sniffed.days(),
    words: new Set(),
    options: Sniffed.options(),
    takeOption:
      match.becomes === undefined ? undefined : Sniffed.optionTaker(context.definitions.get(match.becomes))
  }
}

const numeral = /^\s*[-+]?\d[\d.,]*\s*%?\s*$/
// Days have two dots, and no cents.
const amount =
  /^\s*[-+]?(?!\d+([.,])\d+\1)(?:\d[\d.,'’ \u00a0]*[.,]\d{1,2}|\p{Sc}\s?\d[\d.,]*|\d[\d.,]*\s?\p{Sc})\s*$/u

export const take = (column: Column, cell: string): void => {
  const { rules, type } = column
  if (rules.empty?.includes(cell.trim()) === true) return
  if (column.values === 0) column.only = cell
  else if (column.only !== cell) column.only = undefined
  column.values++
  column.example ??= cell
  switch (type) {
    case "number":
    case "money":
    case "own":
      return Numbers.take(column.numbers, cell)
    case "day":
      return Sniffed.takeDay(column.days, cell)
    case "bool":
      return Sniffed.takeWord(column.words, cell)
    case "options":
      return column.takeOption?.(column.options, cell)
    default: {
      if (cell.length > 60) return
      // They tell what a column may be that is nothing.
      if (column.match.becomes === undefined) {
        if (amount.test(cell)) column.amounts++
        if (!/[1-9]/.test(cell)) column.zeros++
      }
      if (numeral.test(cell)) column.numerals++
      else if (/^\s*P\d/.test(cell)) column.periods++
      if (!InputIssue.isRecordId(cell.trim())) return
      column.ids++
      if (cell.trim().length >= 8) column.longIds++
    }
  }
}

/** A quantity, roughly, to be compared with a sum. */
const quantity = (cell: string): number => Number(cell.replace(",", ".")) || 0

/** Rows are numbered from 0 or 1. */
const takeNumber = (column: Column, cell: string): void => {
  const isNext = column.next === undefined ? cell === "0" || cell === "1" : cell === String(column.next)
  column.next = isNext ? Number(cell) + 1 : Number.NaN
}

/** The most columns that are kept; the keys of JSON objects could be without end. */
const most = 2000

/** Reads the rows of a file as they are written. */
export const reader = (
  header: ReadonlyArray<string> | undefined,
  known: ReadonlyArray<string>,
  context: Context,
  matching: (names: ReadonlyArray<string>) => Matching
) => {
  const columns = new Map<string, Column>()
  let isForeign = false
  let isPlausible = true
  // The last rows, the next one in the place of the first.
  const tail: Array<Row["original"]> = []
  let rows = 0
  let broken = 0
  let sum = 0

  const add = (names: ReadonlyArray<string>): void => {
    const all = [...columns.keys(), ...names]
    for (const match of matching(all).matches) {
      const column = columns.get(match.name)
      if (column === undefined || column.match.becomes !== match.becomes) {
        columns.set(match.name, make(match, context))
      }
    }
  }
  add(header ?? known)
  const ofHeader = header?.map((name) => columns.get(name)!)
  const isNameless = (name: string): boolean => name.trim() === ""
  const numbered =
    header?.[0] !== undefined && header.findLastIndex(isNameless) === 0 ? columns.get(header[0]) : undefined

  const quantityAt = ofHeader?.findIndex(({ match }) => match.becomes === "quantity") ?? -1
  const quantityOf = (original: Row["original"]): number =>
    original._tag === "Csv" ? quantity(original.cells[quantityAt] ?? "") : 0

  const see = (cell: string): void => {
    if (isForeign && context.format.encoding === undefined) return
    if (!Encoding.isForeign(cell)) return
    isForeign = true
    isPlausible &&= Encoding.isPlausible(cell)
  }

  const object = (text: string): void => {
    const read = Json.read(text)
    if (Json.isError(read) || read.value.type !== "object") return
    const properties = read.value.members.find(({ key }) => key === "properties")?.value
    const { members } =
      properties?.type === "object"
        ? properties
        : context.format.records === "hubspot"
          ? { members: [] }
          : read.value
    const fresh = members.filter(({ key }) => !columns.has(key)).map(({ key }) => key)
    if (fresh.length > 0 && columns.size < most) add([...new Set(fresh)])
    for (const { key, value } of members) {
      const column = columns.get(key)
      if (column === undefined || value.type === "null") continue
      if (value.type === "object" || value.type === "array") {
        if (column.nested++ === 0 && value.type === "object")
          column.keys = value.members.map(({ key }) => key)
        column.values++
      } else if (value.text !== "") take(column, value.text)
      if (value.type === "text") see(value.text)
    }
  }

  return {
    take: ({ original }: Row): void => {
      if (original._tag === "Json") return object(original.text)
      tail[rows++ % Footer.most] = original
      if (original._tag === "Broken") {
        broken++
        return
      }
      const { cells } = original
      if (numbered !== undefined) takeNumber(numbered, cells[0] ?? "")
      for (let at = 0; at < cells.length; at++) {
        const cell = cells[at] as string
        const column = ofHeader?.[at]
        if (cell === "" || column === undefined) continue
        if (at === quantityAt) sum += quantity(cell)
        see(cell)
        if (column.type !== "text" || column.match.why !== "exact") take(column, cell)
        else column.values++
      }
    },
    columns: (): ReadonlyArray<Column> => [...columns.values()],
    /** The texts of the footer below the table, if there is one and every record above it can be read. */
    footer: (delimiter: string): ReadonlyArray<string> => {
      const begins = rows % Footer.most
      const last = rows > Footer.most ? [...tail.slice(begins), ...tail.slice(0, begins)] : tail
      const mapped = (ofHeader ?? []).flatMap(({ match, values }, at) =>
        match.becomes === undefined ? [] : [{ at, values }]
      )
      const isBare = (original: Row["original"], at: number): boolean =>
        original._tag === "Csv" && !original.cells[at]?.trim()
      // Columns that rows fill down to a line, and the line: what is missing below it, all rows above have.
      const ends = mapped.flatMap(({ at, values }) => {
        const bare = last.filter((line) => isBare(line, at)).length
        const first = last.findIndex((line) => isBare(line, at))
        return first >= 0 && rows - broken - values === bare && rows - last.length + first > 0
          ? [{ at, first }]
          : []
      })
      const lines = last.map((original, index): Footer.Line => {
        if (original._tag !== "Csv") {
          return { cells: Footer.cellsOf(original.text, delimiter), isRagged: true, lacks: true }
        }
        const { cells } = original
        const below = last.slice(index)
        const above = rows - below.length
        const missing = ends.filter(
          ({ at, first }) =>
            index >= first &&
            last.slice(first, index + 1).every((line) => line._tag !== "Csv" || isBare(line, at))
        )
        const sumAbove = sum - below.reduce((all, line) => all + quantityOf(line), 0)
        const isSum = above > 1 && sumAbove > 0 && Math.abs(sumAbove - quantityOf(original)) < 1e-6
        const hasNumber = cells.some((cell) => numeral.test(cell) || amount.test(cell))
        return {
          cells,
          isRagged: false,
          lacks: missing.length > 0,
          isSum,
          isPartial: above > 1 && missing.length > 1 && hasNumber
        }
      })
      const length = ofHeader === undefined || ofHeader.length < 2 ? 0 : Footer.lengthOf(lines)
      const footer = last.slice(last.length - length)
      return footer.filter(({ _tag }) => _tag === "Broken").length < broken
        ? []
        : lines
            .slice(lines.length - length)
            .map(({ cells }) => cells.find((cell) => cell.trim() !== "")?.trim() ?? "")
    },
    /** Whether a text has more than ASCII, and whether all that has can be Windows-1252. */
    isForeign: () => isForeign,
    isPlausible: () => isPlausible
  }
}
