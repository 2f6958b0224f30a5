/**
 * Rows to text, in the dialect of the file that they come from, with columns added.
 */
import * as Arr from "effect/Array"
import type { Dialect } from "../Dialect.ts"
import { characterOf } from "../FileFormat.ts"
import * as Encode from "./encode.ts"
import * as Json from "./json.ts"
import type { Format } from "./open.ts"
import type { Original } from "./row.ts"

/** The file that rows come from. Without a dialect it has UTF-8, commas and LF. */
export interface Origin {
  readonly format: Format
  readonly header?: ReadonlyArray<string> | undefined
  readonly dialect?: Dialect | undefined
}

/**
 * How a file of rows is written: as their own file, with two exceptions. Some encodings of East Asia, and those that lack a
 * character of the header, become UTF-8. Where no character is a quote, `"` is, because a reason needs one.
 */
export const dialectOf = ({ dialect = {}, format, header = [] }: Origin): Dialect => {
  const { encoding, mark, quote, ...others } = dialect
  const isWritten = Encode.canWrite(encoding, header.join(""))
  return {
    ...(format === "csv" ? others : {}),
    ...(isWritten && encoding !== undefined && { encoding }),
    ...(isWritten && mark !== undefined && { mark }),
    ...(quote !== undefined && quote !== "none" && { quote })
  }
}

/** The columns of a file of rejects or doubts, which may be the input. */
const own = ["_line", "_reason", "_text", "_doubt", "_doubt_evidence"]

/** A row as it was, and the texts of the columns that are added. */
export type Line = readonly [original: Original, added: ReadonlyArray<string>]

/** The members of an object as they were written, without those that are added here. */
const membersOf = (text: string, replaced: ReadonlySet<string>): ReadonlyArray<string> => {
  const document = Json.read(text)
  return Json.isError(document) || document.value.type !== "object"
    ? []
    : document.value.members
        .filter(({ key }) => !replaced.has(key))
        .map(({ start, value }) => text.slice(start, value.end))
}

const endOf = ({ newline }: Dialect): string => newline ?? "\n"

/** Records as text, also with quotes and line ends that Effect's `Csv` does not write. A cell is in quotes where it has to be. */
const csvWriter = (dialect: Dialect) => {
  const { delimiter = ",", quote: word = '"' } = dialect
  const end = endOf(dialect)
  const quote = characterOf(word)
  const isQuoted = (cell: string): boolean =>
    cell.includes(quote) || cell.includes(delimiter) || cell.includes("\n") || cell.includes("\r")
  const text = (cell: string): string =>
    isQuoted(cell) ? `${quote}${cell.replaceAll(quote, quote + quote)}${quote}` : cell
  return (cells: ReadonlyArray<string>): string => cells.map(text).join(delimiter) + end
}

/** How rows of a source become text. `names` are the columns that are added. */
export const make = (source: Origin, names: ReadonlyArray<string>) => {
  const { format, header = [] } = source
  const dialect = dialectOf(source)
  const replaced = new Set([...own, ...names])
  if (format === "csv") {
    const kept = header.flatMap((name, index) => (replaced.has(name) ? [] : [index]))
    const write = csvWriter(dialect)
    const hasText = dialect.broken === true || header.includes("_text")
    const record = (cells: ReadonlyArray<string>, added: ReadonlyArray<string>, text: string) =>
      write([...kept.map((index) => cells[index] ?? ""), ...added, ...(hasText ? [text] : [])])
    const textAt = header.indexOf("_text")
    const sep = dialect.sep === true ? `sep=${dialect.delimiter ?? ","}${endOf(dialect)}` : ""
    return {
      header: `${sep}${record(header, names, "_text")}`,
      text: ([row, added]: Line): string => {
        const cells = row._tag === "Csv" ? row.cells : []
        return record(cells, added, row._tag === "Broken" ? row.text : (cells[textAt] ?? ""))
      }
    }
  }
  return {
    header: "",
    text: ([row, added]: Line): string => {
      const members = Arr.zipWith(
        names,
        added,
        (name, value) => `${JSON.stringify(name)}:${name === "_line" ? value : JSON.stringify(value)}`
      )
      const own = row._tag === "Json" ? membersOf(row.text, replaced) : []
      const text = row._tag === "Broken" ? [`"_text":${JSON.stringify(row.text)}`] : []
      return `${Json.oneLine(`{${[...own, ...members, ...text].join(",")}}`)}\n`
    }
  }
}
