/**
 * CSV records that break the syntax: why they do, and a reader that goes on behind them. A broken record ends with the line
 * where its error is, so no text of a cell is taken for a record; a quote that is never closed ends with its own line.
 */
import type * as Csv from "effect/encoding/Csv"
import type { Records } from "./csvRows.ts"
import type * as Pull from "./pull.ts"
import * as Row from "./row.ts"

const QUOTE = 34
const LF = 10
const CR = 13

interface Options {
  readonly delimiter: string
  readonly limit: number
  /** Undoes another quote. */
  readonly swap: ((text: string) => string) | undefined
}

/** Explains why the record at the beginning of the text cannot be read, with the place in it. */
export const explain = (
  text: string,
  line: number,
  error: Pick<Csv.CsvError, "kind" | "message">,
  options: Options
): Row.Failure => {
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

const isBreak = (code: number): boolean => code === LF || code === CR

/** A record from an offset on: its cells and the offset behind them, or the offset of its error. */
type Found =
  | { readonly cells: Csv.Row; readonly end: number }
  | { readonly wrong: number; readonly why: "quote" | "open" }

/** Reads one record. Undefined if its end has not come. */
const scan = (text: string, from: number, delimiter: number, ended: boolean): Found | undefined => {
  const cells: Array<string> = []
  let i = from
  for (;;) {
    let cell = ""
    if (text.charCodeAt(i) === QUOTE) {
      let begins = i + 1
      for (;;) {
        const close = text.indexOf('"', begins)
        if (close === -1) return ended ? { wrong: i, why: "open" } : undefined
        cell += text.slice(begins, close)
        if (close + 1 === text.length && !ended) return undefined
        begins = close + 2
        if (text.charCodeAt(close + 1) !== QUOTE) {
          i = close + 1
          break
        }
        cell += '"'
      }
    } else {
      const begins = i
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (code === delimiter || code === QUOTE || isBreak(code)) break
      }
      cell = text.slice(begins, i)
    }
    if (i === text.length && !ended) return undefined
    const code = text.charCodeAt(i)
    if (i < text.length && code !== delimiter && !isBreak(code)) return { wrong: i, why: "quote" }
    cells.push(cell)
    if (code === delimiter) {
      i++
      continue
    }
    // The LF that may belong to it has not come yet.
    if (code === CR && i + 1 === text.length && !ended) return undefined
    return { cells, end: i }
  }
}

/** The offset behind a line break. */
const behind = (text: string, at: number): number =>
  Math.min(text.length, at + (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF ? 2 : 1))

/** Records one by one, with their text. Those that break the syntax have the reason instead of cells. */
export const records = (first: number, options: Options): Pull.Machine<string, Records, Row.Failure> => {
  const { limit, swap = (text: string) => text } = options
  const delimiter = options.delimiter.charCodeAt(0)
  let carry = ""
  let line = first

  const long = (rest: string): Row.Failure =>
    explain(rest, line, { kind: "RecordSize", message: "" }, options)

  const run = (out: Array<Records>, ended: boolean): Row.Failure | undefined => {
    let from = 0
    while (from < carry.length) {
      const isLong = carry.length - from > limit
      const found = scan(carry, from, delimiter, ended || isLong)
      if (found === undefined) break
      let end: number
      let wrong: Row.Failure | undefined
      if ("cells" in found) {
        end = found.end
        // Its end has not come, or came too late.
        if (end - from > limit) return long(carry.slice(from))
        out.push({ cells: [found.cells.map(swap)], folded: true, text: swap(carry.slice(from, end)) })
      } else {
        const isOpen = found.why === "open"
        end = isOpen ? from : found.wrong
        while (end < carry.length && !isBreak(carry.charCodeAt(end))) end++
        if (end === carry.length && !ended) {
          if (isLong) return long(carry.slice(from))
          break
        }
        const kind = isOpen && !ended ? "RecordSize" : "Syntax"
        const rest = carry.slice(from)
        wrong = explain(rest, line, { kind, message: isOpen ? "Unterminated" : "" }, options)
        out.push({ cells: [], folded: true, text: swap(carry.slice(from, end)), wrong })
      }
      const next = behind(carry, end)
      line += Row.breaks(carry, from, next)
      from = next
    }
    carry = carry.slice(from)
    return undefined
  }
  return {
    step: (text, out) => {
      carry += text
      return run(out, false)
    },
    end: (out) => run(out, true)
  }
}
