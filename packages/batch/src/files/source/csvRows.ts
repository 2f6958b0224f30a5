/**
 * CSV records to rows: what each column becomes, and the inputs of cells. How values are written is declared, or exact.
 */
import { Association, InputIssue, LineItem } from "@effect-hubspot/schema"
import type * as Csv from "effect/encoding/Csv"
import * as Result from "effect/Result"
import type { Text } from "./csvText.ts"
import type { Declared } from "./declared.ts"
import type * as Finds from "./finds.ts"
import * as Footer from "./footer.ts"
import type * as Pull from "./pull.ts"
import * as Row from "./row.ts"
import type { Wrong } from "./values.ts"

/**
 * The records of one batch, and whether one of them goes over several lines. Where broken records are rows, each batch is one
 * record with its `text`, and `wrong` if it breaks the syntax.
 */
export interface Records {
  readonly cells: ReadonlyArray<Csv.Row>
  readonly folded: boolean
  readonly text?: string
  readonly wrong?: Row.Failure
}

/** How far the reading is: the line where the next record begins, and the header once it is read. */
export interface Position {
  line: number
  header?: Csv.Row
}

interface Column {
  readonly name: string
  readonly kind: "property" | "parent" | "traceId" | "key" | "ignored" | "nameless"
  readonly target: Association.Parent
  /** False if no value in this column is valid. */
  readonly legal: boolean
  /** The record that its values name. */
  readonly find?: Finds.Find
}

export const columnOf = (name: string): Column => {
  const column = (kind: Column["kind"], legal = true, target: Association.Parent = "deal"): Column => ({
    name,
    kind,
    target,
    legal
  })
  if (name === "") return column("nameless", false)
  if (name.startsWith("_")) return column("ignored")
  if (Row.isParentColumn(name)) return column("parent", true, Row.parentColumns[name])
  if (name === "objectWriteTraceId") return column("traceId")
  return column("property", InputIssue.ofName(name, "").length === 0)
}

export const checkHeader = (
  header: Csv.Row,
  line: number,
  delimiter: string,
  ignored: (name: string) => boolean
): Row.Failure | undefined => {
  const seen = new Map<string, number>()
  for (const [index, name] of header.entries()) {
    const column = index + 1
    if (ignored(name)) continue
    if (Row.isRefusedColumn(name)) return Row.ofRefusedColumn(name, { line, column })
    const first = seen.get(name)
    if (first !== undefined && name !== "") {
      return Row.failure(
        { line, column },
        `column ${InputIssue.quote(name)} appears twice (${first} and ${column})`,
        "rename or remove one"
      )
    }
    seen.set(name, column)
  }
  const only = header[0] ?? ""
  const others = delimiter === "," ? /[;\t|]/ : /[,;\t|]/
  if (header.length === 1 && others.test(only)) {
    const one = `the header is one column, ${InputIssue.quote(only)}`
    const word = /;/.test(only) ? "semicolon" : /\t/.test(only) ? "tab" : "pipe"
    return delimiter === ","
      ? Row.failure(
          { line, column: 1 },
          one,
          `separate the columns with commas, or declare delimiter=${word}`
        )
      : Row.failure(
          { line, column: 1 },
          `${one}: the delimiter ${InputIssue.quote(delimiter)} does not occur`,
          "declare the delimiter that the file has"
        )
  }
  return undefined
}

/** The lines where cells begin, by their number. They are counted once, as far as they are asked for. */
const linesOf = (cells: Csv.Row, line: number): ((index: number) => number) => {
  const lines = [line]
  return (index) => {
    for (let n = lines.length; n <= index; n++) lines.push(lines[n - 1]! + Row.breaks(cells[n - 1] ?? ""))
    return lines[index]!
  }
}

/** All issues of a row that has some. */
const issuesOf = (
  columns: ReadonlyArray<Column>,
  cells: Csv.Row,
  line: number,
  original: Csv.Row
): ReadonlyArray<Row.RowIssue> => {
  const issues: Array<Row.RowIssue> = []
  const lineOf = linesOf(original, line)
  const add = (index: number, path: string, message: string, advice: string): void => {
    issues.push({ line: lineOf(index), column: index + 1, path, message, advice })
  }
  const indices = new Map<string, number>()
  const properties: Record<string, string> = Object.create(null)
  const associations: Array<Association.Association> = []
  const parents: Array<number> = []
  let traceId: string | undefined
  let nameless = false
  let hasProduct = false
  for (const [index, { find, kind, name, target }] of columns.entries()) {
    const cell = cells[index]
    if (!indices.has(name)) indices.set(name, index)
    if (cell === undefined || cell === "" || kind === "ignored") continue
    if (kind === "nameless") {
      nameless = true
      add(index, "", `column ${index + 1} has a value and no name`, "name it in the header, or empty it")
    } else if (kind === "parent" || (kind === "key" && find?.object !== "product")) {
      associations.push(Association.make(target, kind === "key" ? anyId : cell))
      parents.push(index)
    } else if (kind === "key") hasProduct = true
    else if (kind === "traceId") traceId = cell
    else properties[name] = cell
  }
  for (const { advice, message, path } of InputIssue.of(Row.inputOf(properties, associations, traceId))) {
    if (path === "properties" && hasProduct) continue
    const parent = /^associations\[(\d+)\]/.exec(path)
    const named = path.startsWith("properties.") ? path.slice(11) : path
    const index =
      path === "properties"
        ? undefined
        : path === "associations"
          ? parents[1]
          : parent !== null
            ? parents[Number(parent[1])]
            : (indices.get(named) ?? -1)
    if (index !== undefined) add(index, columns[index]?.name ?? "", message, advice)
    else if (!nameless) add(0, "", message, advice)
  }
  return issues
}

const inputOf = (
  columns: ReadonlyArray<Column>,
  cells: Csv.Row,
  line: number,
  original: Csv.Row
): Row.Row["input"] => {
  const properties: Record<string, string> = {}
  let good = true
  let filled = false
  let associations: ReadonlyArray<Association.Association> = []
  let parents = 0
  let traceId: string | undefined
  for (let i = 0; i < columns.length; i++) {
    const cell = cells[i] as string
    const column = columns[i] as Column
    if (cell === "" || column.kind === "ignored") continue
    if (column.kind === "property") {
      const value = LineItem.sent(column.name, cell)
      if (!column.legal || InputIssue.ofValue(column.name, value, "").length > 0) {
        good = false
        break
      }
      filled = true
      properties[column.name] = value
    } else if (column.find?.object === "product") filled = true
    else if (column.kind === "key" && parents++ === 0) continue
    else if (column.kind === "parent" && parents++ === 0 && InputIssue.isRecordId(cell.trim())) {
      associations = [Association.make(column.target, cell.trim())]
    } else if (column.kind === "traceId" && cell.length <= InputIssue.maxTraceIdLength) {
      traceId = cell
    } else {
      good = false
      break
    }
  }
  const input = Row.inputOf(properties, associations, traceId)
  return good && filled && InputIssue.ofPairs(properties).length === 0
    ? Result.succeed(input)
    : Row.checked(input, issuesOf(columns, cells, line, original))
}

/** Stands for the id of a parent that is not looked up yet. */
const anyId = "1"

/** What a row of cells becomes. A row of a sheet is one line, and some of its cells may have no value. */
export type Reader = (
  cells: Csv.Row,
  line: number,
  sheet?: { readonly bad: ReadonlyMap<number, Wrong> | undefined }
) => Pick<Row.Row, "input" | "keys" | "unsent">

/** Reads cells as they are. */
const exact = (header: Csv.Row): Reader => {
  const columns = header.map(columnOf)
  return (cells, line) => ({ input: inputOf(columns, cells, line, cells) })
}

/** The records that a good row names. */
const keysOf = (columns: ReadonlyArray<Column>, header: Csv.Row, cells: Csv.Row, line: number) =>
  columns.flatMap(({ find }, index): ReadonlyArray<Row.Key> => {
    const value = (find === undefined ? undefined : cells[index])?.trim()
    if (find === undefined || value === undefined || value === "") return []
    const { object, property } = find
    return [{ object, property, path: header[index] ?? "", value, line, column: index + 1 }]
  })

/** The values that a row has, also if it cannot be sent. */
const propertiesOf = (columns: ReadonlyArray<Column>, cells: Csv.Row) => {
  const properties: Record<string, string> = {}
  for (const [index, cell] of cells.entries()) {
    const column = columns[index]
    if (cell !== "" && column?.kind === "property") properties[column.name] = cell
  }
  return properties
}

/** Reads cells as they are declared, and adds what every row has. */
export const asDeclared = (header: Csv.Row, { column, constants }: Declared): Reader => {
  const declared = header.map(column)
  const readers = declared.map(({ read }) => read)
  const columns = [
    ...declared.map(({ find, ignored, name }): Column => {
      const made = columnOf(name)
      if (find !== undefined) return { ...made, kind: "key", find }
      return ignored ? { ...made, kind: "ignored" } : made
    }),
    ...constants.map(([name]) => columnOf(name))
  ]
  const values = constants.map(([, value]) => value)
  const none = constants.map(() => "")
  const finds = columns.some(({ find }) => find !== undefined)
  const rowOf = (input: Row.Row["input"], cells: Csv.Row, line: number) =>
    finds && Result.isSuccess(input) ? { input, keys: keysOf(columns, header, cells, line) } : { input }
  const isExact = constants.length === 0 && readers.every((read) => read === undefined)
  return (cells, line, sheet) => {
    const original = sheet === undefined ? cells : []
    const bad = sheet?.bad
    if (isExact && bad === undefined) return rowOf(inputOf(columns, cells, line, original), cells, line)
    const issues: Array<Row.RowIssue> = []
    const lineOf = linesOf(original, line)
    let filled = false
    const read = cells.map((cell, index) => {
      const reader = readers[index]
      const given = reader === undefined || cell === "" ? cell : reader(cell)
      const wrong =
        columns[index]?.kind === "ignored" || (given === "" && cell !== "") ? undefined : bad?.get(index)
      const value = wrong ?? given
      if (typeof value === "string") {
        const column = columns[index]
        filled ||= value !== "" && (column?.kind === "property" || column?.find?.object === "product")
        return value
      }
      const path = columns[index]?.name ?? ""
      const { advice, message } = value
      issues.push({ line: lineOf(index), column: index + 1, path, message, advice })
      return ""
    })
    const withUnsent = (row: Pick<Row.Row, "input" | "keys">) =>
      Result.isSuccess(row.input) ? row : { ...row, unsent: propertiesOf(columns, read) }
    // What every row has makes no line item of a row that has nothing.
    const all = [...read, ...(filled ? values : none)]
    const input = inputOf(columns, all, line, original)
    if (issues.length === 0) return withUnsent(rowOf(input, all, line))
    const others = Result.isFailure(input) && filled ? input.failure : []
    return withUnsent({ input: Row.checked({ properties: {} }, [...issues, ...others]) })
  }
}

/** Makes rows of records; the first record is the header, unless the columns are declared. */
export const rower = (
  position: Position,
  { delimiter, leftOut, swap = (text) => text }: Pick<Text<never>, "delimiter" | "leftOut" | "swap">,
  declared?: Declared
): Pull.Machine<Records, Row.Row, Row.Failure> => {
  const below = leftOut === undefined ? undefined : Footer.watch()
  let read: Reader = () => ({ input: Row.checked({ properties: {} }, []) })
  let index = 0
  const separator = delimiter === "," ? "comma" : `delimiter (${InputIssue.quote(delimiter)})`
  const begin = (header: Csv.Row, line: number): Row.Failure | undefined => {
    const wrong =
      checkHeader(header, line, delimiter, (name) => declared?.column(name).ignored === true) ??
      declared?.refuse(header)
    if (wrong !== undefined) {
      return "line" in wrong ? wrong : Row.failure({ line }, wrong.problem, wrong.advice)
    }
    position.header = header
    read = declared === undefined ? exact(header) : asDeclared(header, declared)
    return undefined
  }
  return {
    step: (batch, out) => {
      if (batch.wrong !== undefined) {
        // A header that is broken says nothing of the rows.
        if (position.header === undefined && declared?.format.columns === undefined) return batch.wrong
        const { text = "", wrong } = batch
        out.push(Row.broken(index++, position.line, text, wrong))
        position.line += Row.breaks(text) + 1
        return undefined
      }
      for (const cells of batch.cells) {
        if (position.header === undefined && declared?.format.columns !== undefined) {
          const wrong = begin(declared.format.columns, position.line)
          if (wrong !== undefined) return wrong
        }
        const { header } = position
        const begins = position.line++
        if (batch.folded) for (const cell of cells) position.line += Row.breaks(cell)
        if (cells.length === 1 && (cells[0] === "" || (header?.length !== 1 && cells[0]?.trim() === "")))
          continue
        if (declared !== undefined && cells.length > 1 && cells.every((cell) => cell.trim() === "")) continue
        if (header === undefined) {
          const wrong = begin(cells, begins)
          if (wrong !== undefined) return wrong
        } else if (cells.length !== header.length) {
          const few = cells.length < header.length
          const wrong = Row.failure(
            { line: begins, column: few ? cells.length : header.length + 1 },
            `${cells.length} ${cells.length === 1 ? "column" : "columns"}, the header has ${header.length}`,
            few ? "add the missing cells" : `put a cell that holds a ${separator} in quotes`
          )
          if (batch.text === undefined) return wrong
          out.push(Row.broken(index++, begins, batch.text, wrong))
        } else {
          below?.take(cells)
          out.push({
            index: index++,
            line: begins,
            original: { _tag: "Csv", cells },
            ...read(cells, begins)
          })
        }
      }
      return undefined
    },
    end: () => {
      const { header, line } = position
      if (header === undefined) return Row.nothingBelow(declared?.format.skipLines)
      const lines = (leftOut?.() ?? "")
        .split(/\r\n|\r|\n/)
        .flatMap((text, at): ReadonlyArray<Footer.LeftOut> => {
          const cells = Footer.cellsOf(swap(text), delimiter).map(swap)
          return text.trim() === "" ? [] : [{ line: line + at, cells }]
        })
      return below?.refuse(lines, header.length, ({ cells, line }) =>
        Result.isSuccess(read(cells, line).input)
      )
    }
  }
}
