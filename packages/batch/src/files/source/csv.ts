/**
 * Text to CSV rows. Effect's `Csv` reads the cells. This module cuts the text into whole records for it, and counts
 * physical lines, so that every row and every error has its place.
 */
import { Association, InputIssue, LineItem } from "@effect-hubspot/schema"
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Pull from "./pull.ts"
import * as Row from "./row.ts"

const QUOTE = 34
const COMMA = 44
const LF = 10
const CR = 13

/** The text of whole records, and whether one of them goes over several lines. */
interface Batch {
  readonly text: string
  readonly folded: boolean
}

/**
 * Cuts text behind the last line break outside quotes. A record that grows over the limit is passed on unfinished: the
 * reader of cells refuses it.
 */
const cutter = (limit: number): Pull.Machine<string, Batch, never> => {
  let carry = ""
  let scanned = 0
  let quoted = false
  let folded = false // the record that carry begins with goes over several lines
  const emit = (end: number, folded: boolean, out: Array<Batch>): void => {
    out.push({ text: carry.slice(0, end), folded })
    carry = carry.slice(end)
  }
  return {
    step: (text, out) => {
      carry += text
      let cut = 0
      let cutFolded = false
      let i = scanned
      for (; i < carry.length; i++) {
        const c = carry.charCodeAt(i)
        if (c === QUOTE) quoted = !quoted
        else if (c === LF || c === CR) {
          if (quoted) {
            folded = true
            continue
          }
          if (c === CR) {
            // The LF that may belong to it has not come yet.
            if (i + 1 === carry.length) break
            if (carry.charCodeAt(i + 1) === LF) i++
          }
          cut = i + 1
          cutFolded ||= folded
          folded = false
        }
      }
      if (cut > 0) emit(cut, cutFolded, out)
      scanned = i - cut
      if (carry.length > limit + 1) emit(carry.length, folded, out)
      return undefined
    },
    end: (out) => {
      if (!quoted && carry !== "" && !carry.endsWith("\r")) carry += "\n"
      if (carry !== "") emit(carry.length, folded, out)
      return undefined
    },
    broken: (out) => {
      if (!quoted && carry.endsWith("\r")) emit(carry.length, folded, out)
    }
  }
}

/** The records of one batch. */
interface Records {
  readonly cells: ReadonlyArray<Csv.Row>
  readonly folded: boolean
}

/** The offset behind so many physical lines. */
const offsetOf = (text: string, lines: number): number => {
  let offset = 0
  for (let n = 0; n < lines; n++) {
    while (offset < text.length && text.charCodeAt(offset) !== LF && text.charCodeAt(offset) !== CR) offset++
    offset += text.charCodeAt(offset) === CR && text.charCodeAt(offset + 1) === LF ? 2 : 1
  }
  return offset
}

/** Explains why the record at the beginning of the text cannot be read, with the place in it. */
const explain = (text: string, line: number, error: Csv.CsvError, limit: number): Row.Failure => {
  let column = 1
  let opened: number | undefined
  let i = 0
  let fieldStart = true
  while (i < text.length && i <= limit) {
    const c = text.charCodeAt(i)
    if (opened !== undefined) {
      if (c !== QUOTE) i++
      else if (text.charCodeAt(i + 1) === QUOTE) i += 2
      else {
        const next = text.charCodeAt(i + 1)
        if (i + 1 < text.length && next !== COMMA && next !== LF && next !== CR) break
        opened = undefined
        i++
      }
      continue
    }
    if (c === LF || c === CR) break
    if (c === QUOTE && fieldStart) {
      opened = i
      fieldStart = false
    } else if (c === COMMA) {
      column++
      fieldStart = true
    } else if (c === QUOTE) break
    else fieldStart = false
    i++
  }
  const at = line + Row.breaks(text, 0, opened ?? i)
  const place = { line: at, column }
  if (opened === undefined) {
    return error.kind === "RecordSize"
      ? Row.failure(
          { line },
          `line ${line} is longer than ${Row.size(limit)}`,
          "split it; one row is one line item"
        )
      : Row.failure(
          place,
          "a quote inside a cell that is not quoted",
          "put the cell in quotes, and write the quote twice"
        )
  }
  const twice = "inside a quoted cell a quote is written twice"
  const open = `the quote opened on line ${at} is`
  if (error.kind === "RecordSize") {
    return Row.failure(place, `${open} not closed within ${Row.size(limit)}`, `close it; ${twice}`)
  }
  if (error.message.startsWith("Unterminated")) {
    return Row.failure(place, `${open} never closed`, `close it; ${twice}`)
  }
  const closed = line + Row.breaks(text, 0, i)
  const lines = closed === at ? "" : `; it was opened on line ${at}, closed on line ${closed}`
  return Row.failure(place, `text after the quote that closes a cell${lines}`, twice)
}

/** How far the reading is: the line where the next record begins, and the header once it is read. */
interface Position {
  line: number
  header?: Csv.Row
}

/** Reads the cells of each batch. The records before a syntax error come before it. */
const records = Effect.fnUntraced(function* <E>(
  texts: Pull.Chunks<string, E>,
  limit: number,
  position: Position,
  scope: Scope.Scope
) {
  let batch: Batch = { text: "", folded: false }
  const batches = Effect.map(Pull.run(texts, cutter(limit)), (parts): Arr.NonEmptyReadonlyArray<string> => {
    batch = { text: parts.map((part) => part.text).join(""), folded: parts.some((part) => part.folded) }
    return [batch.text]
  })
  const csv = Csv.decodeString<E, void>({ maxRecordSize: limit })
  const cells = yield* Channel.toTransform(csv)(batches, scope)
  let broken: Row.Failure | undefined
  const found = (cells: ReadonlyArray<Csv.Row>): Arr.NonEmptyReadonlyArray<Records> => [
    { cells, folded: batch.folded }
  ]
  const next: Pull.Chunks<Records, E | Csv.CsvError> = Effect.map(cells, found)
  const pull: Pull.Chunks<Records, E | Row.Failure> = Effect.suspend(() => {
    if (broken !== undefined) return Effect.fail(broken)
    return Effect.catch(next, (error): Pull.Chunks<Records, E | Row.Failure> => {
      if (!Csv.isCsvError(error)) return Effect.fail(error)
      const offset = offsetOf(batch.text, error.line - position.line)
      broken = explain(batch.text.slice(offset), error.line, error, limit)
      if (offset === 0) return Effect.fail(broken)
      // Without the blank line, the reader would drop a byte order mark at the beginning.
      return Stream.make(`\n${batch.text.slice(0, offset)}`).pipe(
        Stream.pipeThroughChannel(Csv.decodeString({ maxRecordSize: limit })),
        Stream.runCollect,
        Effect.orDie,
        Effect.map((cells) => found(cells.slice(1)))
      )
    })
  })
  return pull
})

interface Column {
  readonly name: string
  readonly kind: "property" | "parent" | "traceId" | "ignored" | "nameless"
  readonly target: Association.Parent
  /** False if no value in this column is valid. */
  readonly legal: boolean
}

const columnOf = (name: string): Column => {
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

const checkHeader = (header: Csv.Row, line: number): Row.Failure | undefined => {
  const seen = new Map<string, number>()
  for (const [index, name] of header.entries()) {
    const column = index + 1
    if (name === "_doubt") return Row.ofDoubts({ line, column })
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
  if (header.length === 1 && /[;\t|]/.test(only)) {
    return Row.failure(
      { line, column: 1 },
      `the header is one column, ${InputIssue.quote(only)}`,
      "separate the columns with commas"
    )
  }
  return undefined
}

/** All issues of a row that has some. */
const issuesOf = (
  columns: ReadonlyArray<Column>,
  cells: Csv.Row,
  line: number
): ReadonlyArray<Row.RowIssue> => {
  const issues: Array<Row.RowIssue> = []
  const add = (index: number, path: string, message: string, advice: string): void => {
    const above = cells.slice(0, index).reduce((sum, cell) => sum + Row.breaks(cell), line)
    issues.push({ line: above, column: index + 1, path, message, advice })
  }
  const properties: Record<string, string> = Object.create(null)
  const associations: Array<Association.Association> = []
  const parents: Array<number> = []
  let traceId: string | undefined
  let nameless = false
  for (const [index, { kind, name, target }] of columns.entries()) {
    const cell = cells[index]
    if (cell === undefined || cell === "" || kind === "ignored") continue
    if (kind === "nameless") {
      nameless = true
      add(index, "", `column ${index + 1} has a value and no name`, "name it in the header, or empty it")
    } else if (kind === "parent") {
      associations.push(Association.make(target, cell))
      parents.push(index)
    } else if (kind === "traceId") traceId = cell
    else properties[name] = cell
  }
  for (const { advice, message, path } of InputIssue.of(Row.inputOf(properties, associations, traceId))) {
    const parent = /^associations\[(\d+)\]/.exec(path)
    const named = path.startsWith("properties.") ? path.slice(11) : path
    const index =
      path === "properties"
        ? undefined
        : path === "associations"
          ? parents[1]
          : parent !== null
            ? parents[Number(parent[1])]
            : columns.findIndex(({ name }) => name === named)
    if (index !== undefined) add(index, columns[index]?.name ?? "", message, advice)
    else if (!nameless) add(0, "", message, advice)
  }
  return issues
}

const inputOf = (columns: ReadonlyArray<Column>, cells: Csv.Row, line: number): Row.Row["input"] => {
  const properties: Record<string, string> = {}
  let good = true
  let filled = false
  let associations: ReadonlyArray<Association.Association> = []
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
    } else if (column.kind === "parent" && associations.length === 0 && InputIssue.isRecordId(cell.trim())) {
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
    : Row.checked(input, issuesOf(columns, cells, line))
}

/** Makes rows of records; the first record is the header. */
const rower = (position: Position): Pull.Machine<Records, Row.Row, Row.Failure> => {
  let columns: ReadonlyArray<Column> = []
  let index = 0
  return {
    step: (batch, out) => {
      for (const cells of batch.cells) {
        const { header } = position
        const begins = position.line++
        if (batch.folded) for (const cell of cells) position.line += Row.breaks(cell)
        if (cells.length === 1 && (cells[0] === "" || (header?.length !== 1 && cells[0]?.trim() === "")))
          continue
        if (header === undefined) {
          const wrong = checkHeader(cells, begins)
          if (wrong !== undefined) return wrong
          position.header = cells
          columns = cells.map(columnOf)
        } else if (cells.length !== header.length) {
          const few = cells.length < header.length
          return Row.failure(
            { line: begins, column: few ? cells.length : header.length + 1 },
            `${cells.length} ${cells.length === 1 ? "column" : "columns"}, the header has ${header.length}`,
            few ? "add the missing cells" : "put a cell that holds a comma in quotes"
          )
        } else {
          out.push({
            index: index++,
            line: begins,
            input: inputOf(columns, cells, begins),
            original: { _tag: "Csv", cells }
          })
        }
      }
      return undefined
    }
  }
}

/** Rows from CSV text, and the header as soon as it is read. */
export const decode = Effect.fnUntraced(function* <E>(
  texts: Pull.Chunks<string, E>,
  limit: number,
  scope: Scope.Scope
) {
  const position: Position = { line: 1 }
  const rows = Pull.run(yield* records(texts, limit, position, scope), rower(position))
  return { rows, header: () => position.header }
})
