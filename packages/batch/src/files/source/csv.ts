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
import * as Broken from "./csvBroken.ts"
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
      broken = Broken.explain(batch.text.slice(offset), error.line + skipped, error, options)
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
  const cells =
    declared?.format.broken === "rejects"
      ? Pull.run(text.texts, Broken.records(position.line, { ...text, limit }))
      : yield* records(text.texts, { ...text, limit }, position, scope)
  const rows = Pull.run(cells, rower(position, text, declared))
  return { rows, header: () => position.header, dialect: text.dialect }
})
