/**
 * Text to CSV rows. Effect's `Csv` reads the cells. This module cuts the text into whole records for it, and counts
 * physical lines, so that every row and every error has its place.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Position, type Records, rower } from "./csvRows.ts"
import * as CsvText from "./csvText.ts"
import type { Declared } from "./declared.ts"
import * as Pull from "./pull.ts"
import * as Row from "./row.ts"

const QUOTE = 34
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
const explain = (text: string, line: number, error: Csv.CsvError, options: Options): Row.Failure => {
  const { limit } = options
  const delimiter = options.delimiter.charCodeAt(0)
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
        if (i + 1 < text.length && next !== delimiter && next !== LF && next !== CR) break
        opened = undefined
        i++
      }
      continue
    }
    if (c === LF || c === CR) break
    if (c === QUOTE && fieldStart) {
      opened = i
      fieldStart = false
    } else if (c === delimiter) {
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

/** The delimiter, how long a record may be, and the lines of the file that come before. `swap` undoes another quote. */
interface Options {
  readonly delimiter: string
  readonly limit: number
  readonly skipped: number
  readonly swap: ((text: string) => string) | undefined
}

/** Reads the cells of each batch. The records before a syntax error come before it. */
const records = Effect.fnUntraced(function* <E>(
  texts: Pull.Chunks<string, E>,
  options: Options,
  position: Position,
  scope: Scope.Scope
) {
  const { delimiter, limit, skipped, swap } = options
  let batch: Batch = { text: "", folded: false }
  const batches = Effect.map(Pull.run(texts, cutter(limit)), (parts): Arr.NonEmptyReadonlyArray<string> => {
    batch = { text: parts.map((part) => part.text).join(""), folded: parts.some((part) => part.folded) }
    return [batch.text]
  })
  const csv = Csv.decodeString<E, void>({ delimiter, maxRecordSize: limit })
  const cells = yield* Channel.toTransform(csv)(batches, scope)
  let broken: Row.Failure | undefined
  const found = (cells: ReadonlyArray<Csv.Row>): Arr.NonEmptyReadonlyArray<Records> => [
    { cells: swap === undefined ? cells : cells.map((record) => record.map(swap)), folded: batch.folded }
  ]
  const next: Pull.Chunks<Records, E | Csv.CsvError> = Effect.map(cells, found)
  const pull: Pull.Chunks<Records, E | Row.Failure> = Effect.suspend(() => {
    if (broken !== undefined) return Effect.fail(broken)
    return Effect.catch(next, (error): Pull.Chunks<Records, E | Row.Failure> => {
      if (!Csv.isCsvError(error)) return Effect.fail(error)
      const offset = offsetOf(batch.text, error.line + skipped - position.line)
      broken = explain(batch.text.slice(offset), error.line + skipped, error, options)
      if (offset === 0) return Effect.fail(broken)
      // Without the blank line, the reader would drop a byte order mark at the beginning.
      return Stream.make(`\n${batch.text.slice(0, offset)}`).pipe(
        Stream.pipeThroughChannel(Csv.decodeString({ delimiter, maxRecordSize: limit })),
        Stream.runCollect,
        Effect.orDie,
        Effect.map((cells) => found(cells.slice(1)))
      )
    })
  })
  return pull
})

/** Rows from CSV text, and the header as soon as it is read. */
export const decode = Effect.fnUntraced(function* <E>(
  texts: Pull.Chunks<string, E>,
  limit: number,
  scope: Scope.Scope,
  declared?: Declared
) {
  const text =
    declared === undefined ? CsvText.exact(texts) : yield* CsvText.prepare(texts, declared.format, limit)
  const position: Position = { line: 1 + text.skipped }
  const { delimiter } = text
  const cells = yield* records(text.texts, { ...text, limit }, position, scope)
  const rows = Pull.run(cells, rower(position, delimiter, declared))
  return { rows, header: () => position.header }
})
