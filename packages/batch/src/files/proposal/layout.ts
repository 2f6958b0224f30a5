/**
 * The layout of a CSV file from its first lines: delimiter, quote, blanks, and the line of the header. One layout is found if
 * it makes all records alike, and no other one does.
 */
import { InputIssue } from "@effect-hubspot/schema"
import { characterOf, type FileFormat } from "../FileFormat.ts"
import * as Footer from "../source/footer.ts"
import { type Found, nothing, type Refusal } from "./found.ts"

type Record = ReadonlyArray<string>

const isBlankRecord = (record: Record): boolean => record.every((cell) => cell.trim() === "")

/** Cells of text, forgivingly: what breaks the rules of quotes is for the reader. */
const recordsOf = (text: string, delimiter: string, quote: string, blanks: boolean, whole: boolean) => {
  const records: Array<Record> = []
  let cells: Array<string> = []
  let cell = ""
  let quoted = false
  let closed = false
  let broken = false
  const endCell = (): void => {
    cells.push(cell)
    cell = ""
    closed = false
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quoted) {
      if (c !== quote) cell += c
      else if (text[i + 1] === quote) {
        cell += c
        i++
      } else {
        quoted = false
        closed = true
      }
    } else if (c === delimiter) endCell()
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++
      endCell()
      records.push(cells)
      cells = []
    } else if (c === quote && cell === "" && !closed) quoted = true
    else if (blanks && cell === "" && !closed && (c === " " || c === "\t")) continue
    else {
      if (closed || c === quote) broken = true
      cell += c
    }
  }
  if (quoted && whole) broken = true
  if (whole && (cell !== "" || cells.length > 0 || closed)) {
    endCell()
    records.push(cells)
  }
  return { records, broken }
}

interface Layout {
  readonly delimiter: string
  readonly quote: string
  readonly blanks: boolean
  readonly skipped: number
  readonly header: Record
  readonly rows: ReadonlyArray<Record>
  /** Records as long as the header, of all. */
  readonly alike: number
}

/** The rows above a footer, if there are some. */
const withoutFooter = (rows: ReadonlyArray<Record>, width: number): ReadonlyArray<Record> => {
  const last = rows.slice(-Footer.most)
  const lines = last.map((cells) => ({ cells, isRagged: cells.length !== width, lacks: false }))
  const length = Footer.lengthOf(lines)
  return length === 0 || length === rows.length ? rows : rows.slice(0, -length)
}

const layoutOf = (
  text: string,
  skipped: number,
  [delimiter, quote, blanks]: readonly [string, string, boolean],
  whole: boolean
): Layout | undefined => {
  const { broken, records } = recordsOf(text, delimiter, quote, blanks, whole)
  if (broken) return undefined
  const filled = records.filter((record) => !isBlankRecord(record))
  const [header, ...below] = filled
  if (header === undefined || header.length < 2) return undefined
  const rows = whole ? withoutFooter(below, header.length) : below
  const alike = rows.filter((row) => row.length === header.length).length
  return { delimiter, quote, blanks, skipped, header, rows, alike }
}

const isAlike = ({ alike, rows }: Layout): boolean => alike === rows.length

/** A header and rows that are nearly all as long: the others are broken. */
const isNearlyAlike = ({ alike, rows }: Layout): boolean => rows.length >= 10 && alike >= rows.length * 0.9

const numeral =
  /^[-+(]?\s*(?:[$€£¥]|[A-Z]{3})?\s*[-+]?(?:\d[\d.,'’ \u00a0\u202f]*|[.,]\d+)\s*(?:%|[$€£¥]|[A-Z]{3})?\s*\)?$/
const isNumeral = (cell: string): boolean => numeral.test(cell.trim())

/** Lines before the header that are tried. */
const maxSkipped = 20

const words: ReadonlyMap<string, string> = new Map([
  [",", "comma"],
  [";", "semicolon"],
  ["\t", "tab"],
  ["|", "pipe"]
])

const nameOf = (delimiter: string): string => words.get(delimiter) ?? delimiter

/** The offset behind the first line. */
const nextLine = (text: string, from: number): number => {
  const found = /\r\n|\r|\n/g
  found.lastIndex = from
  return found.exec(text) === null ? text.length : found.lastIndex
}

/** A `sep=` line, and the text after it. */
const withoutSep = (text: string): readonly [said: string | undefined, rest: string] => {
  const found = /^("?)sep=([^\r\n])\1(?:\r\n|\r|\n|$)/i.exec(text)
  return found === null ? [undefined, text] : [found[2], text.slice(found[0].length)]
}

export interface Given {
  /** The first text of the file, and whether it is all of it. */
  readonly text: string
  readonly whole: boolean
  readonly declared: FileFormat
  /** How many of these names a line item's columns have. */
  readonly known: (header: ReadonlyArray<string>) => number
}

/** A number that a decimal comma cut in two, if that happened in every row. */
const splitNumber = ({ header, rows }: Layout): string | undefined => {
  if (rows.length === 0 || rows.some((row) => row.length <= header.length)) return undefined
  const split = rows.map((row) => {
    const pairs = row.flatMap((cell, index) =>
      /^-?\d+$/.test(cell) && /^\d+$/.test(row[index + 1] ?? "") ? [`${cell},${row[index + 1]}`] : []
    )
    const fraction = pairs.find((pair) => /,\d{2}$/.test(pair)) ?? pairs[0]
    return pairs.length >= row.length - header.length ? fraction : undefined
  })
  return split.every((pair) => pair !== undefined) ? split[0] : undefined
}

const namesFor = (row: Record): string => {
  const left = ["name", "quantity", "price"]
  const take = (name: string, index: number): string => {
    const at = left.indexOf(name)
    return at === -1 ? `column${index + 1}` : left.splice(at, 1)[0]!
  }
  return row
    .map((cell, index) =>
      take(!isNumeral(cell) ? "name" : /^\d+$/.test(cell.trim()) ? "quantity" : "price", index)
    )
    .join(",")
}

/** Why the first record cannot be a header. */
const headless = ({ header, skipped }: Layout, { declared, known }: Given): Refusal | undefined => {
  if (declared.columns !== undefined || known(header) > 0) return undefined
  const value = header.find(isNumeral)
  return value === undefined
    ? undefined
    : {
        line: skipped + 1,
        problem: `no header: the first line looks like data (${InputIssue.quote(value)} is no name of a column)`,
        advice: `name the columns: --declare columns=${namesFor(header)}`
      }
}

/** The layout that reads the text, of the declared ones or all. */
export const sniff = (given: Given): Found | Refusal => {
  const { declared, known } = given
  const [said, text] = withoutSep(given.text)
  const fixed = declared.delimiter === undefined ? said : characterOf(declared.delimiter)
  const delimiters = fixed === undefined ? [...words.keys()] : [fixed]
  const quote = declared.quote === undefined ? undefined : characterOf(declared.quote)
  const styles = delimiters.flatMap((delimiter) => {
    const quotes = quote === undefined ? ['"', ...(quotesWith(text, delimiter, "'") ? ["'"] : [])] : [quote]
    return quotes.flatMap((quote) => {
      const blank =
        declared.blanks === "skip" || (hasBlanks(text, delimiter) && !delimiter.trim().startsWith(quote))
      const both = declared.blanks === "skip" ? [true] : blank ? [false, true] : [false]
      return both.map((blanks) => [delimiter, quote, blanks] as const)
    })
  })
  const sep = said === undefined ? 0 : 1
  const skip = declared.skipLines
  const at = (offset: number, skipped: number): ReadonlyArray<Layout> =>
    styles.flatMap((style) => layoutOf(text.slice(offset), skipped, style, given.whole) ?? [])

  let offset = 0
  for (let n = 0; n < (skip ?? 0); n++) offset = nextLine(text, offset)
  const first = at(offset, (skip ?? 0) + sep)
  const alike = first.filter(isAlike)
  const top = best(alike.length > 0 ? alike : first.filter(isNearlyAlike), known)
  const layout =
    skip !== undefined || (top !== undefined && !isTitle(top, known))
      ? top
      : (titled(text, given, at, top === undefined ? 1 : 2) ?? top)
  if (layout === undefined) return unclear(first, alike)
  return headless(layout, given) ?? found(layout, given, fixed, sep)
}

/** Cells of a delimiter in another quote than `"`. */
const quotesWith = (text: string, delimiter: string, quote: string): boolean =>
  text.startsWith(quote) ||
  [delimiter, `${delimiter} `, "\n", "\r"].some((before) => text.includes(before + quote))

const hasBlanks = (text: string, delimiter: string): boolean => text.includes(`${delimiter} `)

/** One layout of several that read the text. The exact one comes first, unless its header says nothing and another's does. */
const best = (layouts: ReadonlyArray<Layout>, known: Given["known"]): Layout | undefined => {
  if (layouts.length === 0) return undefined
  const scored = layouts.map((layout) => ({ layout, score: known(layout.header) }))
  const most = Math.max(...scored.map(({ score }) => score))
  const top = scored.filter(({ score }) => score === most).map(({ layout }) => layout)
  const delimiters = new Set(top.map(({ delimiter }) => delimiter))
  if (delimiters.size > 1)
    return top.find(({ delimiter, quote, blanks }) => delimiter === "," && quote === '"' && !blanks)
  return top.find(isTidy) ?? top.find(({ blanks, quote }) => quote === '"' && !blanks) ?? top[0]
}

/** Whether no cell shows a quote or a blank that its layout should have taken away, and that all cells have. */
const isTidy = ({ blanks, header, quote, rows }: Layout): boolean => {
  const records = [header, ...rows]
  const cells = records.flat()
  const others = records.flatMap((record) => record.slice(1)).filter((cell) => cell !== "")
  const isQuoted = quote !== "'" && cells.some((cell) => /^\s*'[^]*'$/.test(cell))
  const isBlank = !blanks && others.length > 0 && others.every((cell) => cell.startsWith(" "))
  const isHalf = !blanks && others.some((cell) => /^\s+["']/.test(cell))
  return !isQuoted && !isBlank && !isHalf && !(blanks && others.length === 0)
}

/** Whether a header may be a title that a spreadsheet filled up with empty cells. */
const isTitle = ({ header }: Layout, known: Given["known"]): boolean =>
  header.some((cell) => cell.trim() === "") && known(header) <= 1

/** A layout after lines that are no records: of its header at least so many names are known. */
const titled = (
  text: string,
  given: Given,
  at: (offset: number, skipped: number) => ReadonlyArray<Layout>,
  least: number
): Layout | undefined => {
  let offset = 0
  for (let skipped = 1; skipped <= maxSkipped; skipped++) {
    const end = nextLine(text, offset)
    if (end >= text.length) return undefined
    offset = end
    if (/^[\s,;|]*$/.test(text.slice(offset, nextLine(text, offset)))) continue
    const layouts = at(offset, skipped).filter(
      (layout) =>
        layout.rows.length > 0 &&
        (isAlike(layout) || isNearlyAlike(layout)) &&
        given.known(layout.header) >= least
    )
    const layout = best(layouts, given.known)
    if (layout !== undefined) return layout
  }
  return undefined
}

const unclear = (first: ReadonlyArray<Layout>, alike: ReadonlyArray<Layout>): Found | Refusal => {
  const split = first.map(splitNumber).find((pair) => pair !== undefined)
  if (split !== undefined && alike.length === 0) {
    return {
      problem: `every row has more cells than the header: a decimal comma splits ${InputIssue.quote(split)} into two cells`,
      advice:
        "no declaration can help: export it again with semicolons or tabs between the cells, or with numbers in quotes"
    }
  }
  if (alike.length > 1) {
    const ways = [...new Set(alike.map(({ delimiter }) => nameOf(delimiter)))].join(" or ")
    return {
      problem: `the delimiter cannot be told: ${ways}`,
      advice: `declare it, such as --declare delimiter=${nameOf(alike[0]!.delimiter)}`
    }
  }
  return nothing
}

const found = (layout: Layout, { declared }: Given, fixed: string | undefined, sep: number): Found => {
  const { blanks, delimiter, quote } = layout
  const lines = layout.skipped - sep
  const skips = declared.skipLines === undefined && lines > 0
  const quotes = declared.quote === undefined && quote === "'"
  const delimits = fixed === undefined && delimiter !== ","
  const skipsBlanks = declared.blanks === undefined && blanks
  return {
    format: {
      ...(delimits && { delimiter: nameOf(delimiter) }),
      ...(quotes && { quote: "apostrophe" }),
      ...(skipsBlanks && { blanks: "skip" as const }),
      ...(skips && { skipLines: lines })
    },
    assumptions: [
      ...(delimits
        ? [
            `delimiter ${nameOf(delimiter)}: it divides the header and the rows into ${layout.header.length} cells each`
          ]
        : []),
      ...(quotes ? ["apostrophes around cells"] : []),
      ...(skipsBlanks ? ["blanks after the delimiter: every cell has one, and it belongs to none"] : []),
      ...(skips ? [`header in line ${layout.skipped + 1}: the lines above it have no columns`] : [])
    ]
  }
}
