/**
 * Rows of a sheet to rows of inputs, as if they were CSV: the first one that is not empty is the header, unless the columns are
 * declared.
 */
import { Properties } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as CsvRows from "../csvRows.ts"
import type { Column, Declared } from "../declared.ts"
import * as Footer from "../footer.ts"
import type * as Pull from "../pull.ts"
import { type Failure, failure, nothingBelow, type Row } from "../row.ts"
import type { Wrong } from "../values.ts"
import type { Bad, Cell, Hidden, Merged, SheetRow } from "./cells.ts"

/** The shortest text that reads back as the same number, in plain decimals. */
const plain = (number: number): string => Properties.plainDecimal(String(number))

/** A number as a column writes numbers, so that a file of rejects reads back the same. */
const written = (number: number, { decimal, read }: Column): string => {
  const text = plain(number)
  return read === undefined || decimal === "." || read(text) === text ? text : text.replace(".", decimal)
}

const nothing = { bad: undefined }

const isBlank = ({ cells }: SheetRow): boolean =>
  cells.every((cell) => cell === undefined || (typeof cell === "string" && cell.trim() === ""))

const isBad = (cell: Cell | undefined): cell is Bad => typeof cell === "object"

/** The names in the header; a column at the end without one is none. */
const namesOf = ({ cells, line }: SheetRow): ReadonlyArray<string> | Failure => {
  const bad = cells.findIndex(isBad)
  const cell = cells[bad]
  if (isBad(cell)) return failure({ line, column: bad + 1 }, cell.message, cell.advice)
  return Array.from(cells, (cell) => (typeof cell === "number" ? plain(cell) : ((cell ?? "") as string)))
}

/**
 * Makes rows of the rows of a sheet. `merged` are the ranges of several rows, by their first, `hiddenColumns` are known before
 * the first row.
 */
export const table = (
  declared: Declared,
  merged: ReadonlyArray<Merged>,
  hiddenColumns: ReadonlyArray<Hidden>
) => {
  const { columns: names, skipLast = 0, skipLines = 0 } = declared.format
  let header: ReadonlyArray<string> | undefined
  let columns: ReadonlyArray<Column> = []
  let read: CsvRows.Reader
  let index = 0
  let ranges = merged
  /** Where a row that is read is hidden. */
  let hidden: { readonly [K in "shown" | "hidden"]: Row["hidden"] } = { shown: undefined, hidden: undefined }
  let above = 0 // the ranges that end above the row
  const last: Array<SheetRow> = []
  const below = skipLast > 0 ? Footer.watch() : undefined

  const begin = (found: ReadonlyArray<string>, line: number): Failure | undefined => {
    const wrong =
      CsvRows.checkHeader(found, line, ",", (name) => declared.column(name).ignored) ?? declared.refuse(found)
    if (wrong !== undefined) return "line" in wrong ? wrong : failure({ line }, wrong.problem, wrong.advice)
    header = found
    columns = found.map(declared.column)
    read = CsvRows.asDeclared(found, declared)
    ranges = merged.filter(({ left, right }) =>
      columns.slice(left - 1, right).some(({ ignored }) => !ignored)
    )
    const names = found.filter(
      (_, at) =>
        columns[at]?.ignored === false && hiddenColumns.some(({ max, min }) => min <= at + 1 && at + 1 <= max)
    )
    hidden = {
      shown: names.length === 0 ? undefined : { isRow: false, columns: names },
      hidden: { isRow: true, columns: names }
    }
    return undefined
  }

  const rowOf = (sheetRow: SheetRow, out: Array<Row>): Failure | undefined => {
    const { cells, line } = sheetRow
    while (above < ranges.length && ranges[above]!.last < line) above++
    const range = ranges[above]
    if (range !== undefined && range.first <= line) {
      return failure(
        { line, column: range.left },
        `the cells ${range.ref} are merged over ${range.last - range.first + 1} rows, and only the first has their value`,
        "unmerge them and fill each cell, or ignore the column"
      )
    }
    for (let i = columns.length; i < cells.length; i++) {
      if (cells[i] === undefined) continue
      return failure(
        { line, column: i + 1 },
        `column ${i + 1} has a value, the header has ${columns.length} columns`,
        "name it in the header, or empty it"
      )
    }
    let bad: Map<number, Wrong> | undefined
    const texts = columns.map((column, at) => {
      const cell = cells[at]
      if (cell === undefined) return ""
      if (typeof cell === "string") return cell
      if (typeof cell === "number") return written(cell, column)
      bad = (bad ?? new Map<number, Wrong>()).set(at, cell)
      return cell.text
    })
    const where = sheetRow.hidden === true ? hidden.hidden : hidden.shown
    out.push({
      index: index++,
      line,
      ...read(texts, line, bad === undefined ? nothing : { bad }),
      ...(where !== undefined && { hidden: where }),
      original: { _tag: "Csv", cells: texts }
    })
    return undefined
  }

  /** Refuses rows that are left out at the end and could be sent. */
  const refuseRows = ({ length }: ReadonlyArray<string>): Failure | undefined => {
    const valid = new Set<number>()
    const lines = last.map((row): Footer.LeftOut => {
      const rows: Array<Row> = []
      const wrong = rowOf(row, rows)
      const [read] = rows
      if (wrong === undefined && read !== undefined && Result.isSuccess(read.input)) valid.add(row.line)
      return { line: row.line, cells: read?.original._tag === "Csv" ? read.original.cells : [] }
    })
    return below?.refuse(lines, length, ({ line }) => valid.has(line))
  }

  const machine: Pull.Machine<SheetRow, Row, Failure> = {
    step: (row, out) => {
      if (row.line <= skipLines || isBlank(row)) return undefined
      if (header === undefined) {
        const found = names ?? namesOf(row)
        const wrong = "problem" in found ? found : begin(found, row.line)
        if (wrong !== undefined || names === undefined) return wrong
      }
      if (below === undefined) return rowOf(row, out)
      last.push(row)
      if (last.length <= skipLast) return undefined
      const wrong = rowOf(last.shift()!, out)
      const original = wrong === undefined ? out.at(-1)?.original : undefined
      if (original?._tag === "Csv") below.take(original.cells)
      return wrong
    },
    end: () => (header === undefined ? nothingBelow(skipLines) : refuseRows(header))
  }
  return { machine, header: () => header }
}
