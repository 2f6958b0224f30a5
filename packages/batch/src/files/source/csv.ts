/**
 * Text to CSV rows. Effect's `Csv` reads the cells; this module cuts the text into whole records before
 * it and counts physical lines behind it, so that every row and every error knows its place.
 */
import { Association, type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Pull from "./pull.ts"
import {
  breaks,
  type Failure,
  failure,
  isParentColumn,
  ofDoubts,
  parentColumns,
  type Row,
  type RowIssue,
  settle,
  size
} from "./row.ts"

const QUOTE = 34
const LF = 10
const CR = 13

/** Whole records, and whether one of them goes over several lines. */
interface Batch {
  readonly text: string
  readonly folded: boolean
}

/**
 * Cuts text behind the last line break that is outside quotes. A record that grows over the limit is
 * passed on unfinished: the reader behind says what is wrong with it.
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
            // Whether a LF belongs to it is not known yet.
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

/** The offset where a physical line begins, counted from the line the text begins with. */
const offsetOf = (text: string, lines: number): number => {
  let offset = 0
  for (let n = 0; n < lines; n++) {
    while (offset < text.length && text.charCodeAt(offset) !== LF && text.charCodeAt(offset) !== CR) offset++
    offset += text.charCodeAt(offset) === CR && text.charCodeAt(offset + 1) === LF ? 2 : 1
  }
  return offset
}

/** What is wrong with the record that begins the text, in words and with its place. */
const explain = (text: string, line: number, error: Csv.CsvError, limit: number): Failure => {
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
        if (i + 1 < text.length && next !== 44 && next !== LF && next !== CR) break
        opened = undefined
        i++
      }
      continue
    }
    if (c === LF || c === CR) break
    if (c === QUOTE && fieldStart) {
      opened = i
      fieldStart = false
    } else if (c === 44) {
      column++
      fieldStart = true
    } else if (c === QUOTE) break
    else fieldStart = false
    i++
  }
  const at = line + breaks(text, 0, opened ?? i)
  const place = { line: at, column }
  if (error.kind === "RecordSize" && opened === undefined) {
    return failure(
      { line },
      `line ${line} is longer than ${size(limit)}`,
      "split it; one row is one line item"
    )
  }
  if (error.kind === "RecordSize") {
    return failure(
      place,
      `the quote opened on line ${at} is not closed within ${size(limit)}`,
      "close it; inside a quoted cell a quote is written twice"
    )
  }
  if (opened !== undefined && error.message.startsWith("Unterminated")) {
    return failure(
      place,
      `the quote opened on line ${at} is never closed`,
      "close it; inside a quoted cell a quote is written twice"
    )
  }
  if (opened !== undefined) {
    const closed = line + breaks(text, 0, i)
    return failure(
      place,
      `text after the quote that closes a cell${closed === at ? "" : `; it was opened on line ${at}, closed on line ${closed}`}`,
      "inside a quoted cell a quote is written twice"
    )
  }
  return failure(
    place,
    "a quote inside a cell that is not quoted",
    "put the cell in quotes, and write the quote twice"
  )
}

/** The line where the next record begins; advanced by the last step, read when a batch fails. */
interface Position {
  line: number
}

/** Records by batch; what is good before a syntax error is put out before it. */
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
  let broken: Failure | undefined
  const found = (cells: ReadonlyArray<Csv.Row>): Arr.NonEmptyReadonlyArray<Records> => [
    { cells, folded: batch.folded }
  ]
  const next: Pull.Chunks<Records, E | Csv.CsvError> = Effect.map(cells, found)
  const pull: Pull.Chunks<Records, E | Failure> = Effect.suspend(() => {
    if (broken !== undefined) return Effect.fail(broken)
    return Effect.catch(next, (error): Pull.Chunks<Records, E | Failure> => {
      if (!Csv.isCsvError(error)) return Effect.fail(error)
      const offset = offsetOf(batch.text, error.line - position.line)
      broken = explain(batch.text.slice(offset), error.line, error, limit)
      if (offset === 0) return Effect.fail(broken)
      // The blank first line keeps a mark at the beginning from being dropped.
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
  /** Whether a value in this column may be good. */
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
  if (isParentColumn(name)) return column("parent", true, parentColumns[name])
  if (name === "objectWriteTraceId") return column("traceId")
  return column("property", InputIssue.ofName(name, "").length === 0)
}

const checkHeader = (header: Csv.Row, line: number): Failure | undefined => {
  const seen = new Map<string, number>()
  for (const [index, name] of header.entries()) {
    const column = index + 1
    if (name === "_doubt") return ofDoubts({ line, column })
    const first = seen.get(name)
    if (first !== undefined && name !== "") {
      return failure(
        { line, column },
        `column ${InputIssue.quote(name)} appears twice (${first} and ${column})`,
        "rename or remove one"
      )
    }
    seen.set(name, column)
  }
  const only = header[0] ?? ""
  if (header.length === 1 && /[;\t|]/.test(only)) {
    return failure(
      { line, column: 1 },
      `the header is one column, ${InputIssue.quote(only)}`,
      "separate the columns with commas"
    )
  }
  return undefined
}

/** All that is wrong with a row of which something is. */
const issuesOf = (columns: ReadonlyArray<Column>, cells: Csv.Row, line: number): ReadonlyArray<RowIssue> => {
  const lineOf = (index: number): number =>
    cells.slice(0, index).reduce((sum, cell) => sum + breaks(cell), line)
  const issues: Array<RowIssue> = []
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
      issues.push({
        line: lineOf(index),
        column: index + 1,
        path: "",
        message: `column ${index + 1} has a value and no name`,
        advice: "name it in the header, or empty it"
      })
    } else if (kind === "parent") {
      associations.push(Association.make(target, cell))
      parents.push(index)
    } else if (kind === "traceId") traceId = cell
    else properties[name] = cell
  }
  const found = InputIssue.of({
    properties,
    associations,
    ...(traceId !== undefined && { objectWriteTraceId: traceId })
  })
  for (const { advice, message, path } of found) {
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
    if (index !== undefined) {
      const name = columns[index]?.name ?? ""
      issues.push({ line: lineOf(index), column: index + 1, path: name, message, advice })
    } else if (!nameless) {
      issues.push({ line, column: 1, path: "", message, advice })
    }
  }
  return issues
}

const clean = (name: string, cell: string): boolean => InputIssue.ofValue(name, cell, "").length === 0

const inputOf = (columns: ReadonlyArray<Column>, cells: Csv.Row, line: number): Row["input"] => {
  const properties: Record<string, string> = {}
  let good = true
  let filled = false
  let parent: Association.Association | undefined
  let traceId: string | undefined
  for (let i = 0; i < columns.length; i++) {
    const cell = cells[i] as string
    const column = columns[i] as Column
    if (cell === "" || column.kind === "ignored") continue
    if (column.kind === "property") {
      if (!column.legal || !clean(column.name, cell)) {
        good = false
        break
      }
      filled = true
      properties[column.name] = cell
    } else if (column.kind === "parent" && parent === undefined && InputIssue.isRecordId(cell)) {
      parent = Association.make(column.target, cell)
    } else if (column.kind === "traceId" && cell.length <= InputIssue.maxTraceIdLength) {
      traceId = cell
    } else {
      good = false
      break
    }
  }
  const input = (): BatchRequest.CreateInput => ({
    properties,
    ...(parent !== undefined && { associations: [parent] }),
    ...(traceId !== undefined && { objectWriteTraceId: traceId })
  })
  return good && filled ? Result.succeed(input()) : settle(input, issuesOf(columns, cells, line))
}

/** Makes rows of records; the first record is the header. */
const rower = (
  position: Position,
  onHeader: (header: Csv.Row) => void
): Pull.Machine<Records, Row, Failure> => {
  let header: Csv.Row | undefined
  let columns: ReadonlyArray<Column> = []
  let index = 0
  return {
    step: (batch, out) => {
      for (const cells of batch.cells) {
        const begins = position.line++
        if (batch.folded) for (const cell of cells) position.line += breaks(cell)
        if (cells.length === 1 && (cells[0] === "" || (header?.length !== 1 && cells[0]?.trim() === "")))
          continue
        if (header === undefined) {
          const wrong = checkHeader(cells, begins)
          if (wrong !== undefined) return wrong
          header = cells
          columns = cells.map(columnOf)
          onHeader(cells)
        } else if (cells.length !== header.length) {
          const few = cells.length < header.length
          return failure(
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
  let header: ReadonlyArray<string> | undefined
  const rows = Pull.run(
    yield* records(texts, limit, position, scope),
    rower(position, (cells) => {
      header = cells
    })
  )
  return { rows, header: () => header }
})
