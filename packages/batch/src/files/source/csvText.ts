/**
 * The text of a CSV file as declared, before its cells are read: the `sep=` line, lines that are no records, blanks behind
 * delimiters, and other quotes.
 */
import * as Effect from "effect/Effect"
import { characterOf, type FileFormat } from "../FileFormat.ts"
import type { Dialect } from "../Dialect.ts"
import * as Pull from "./pull.ts"
import { type Failure, failure, size } from "./row.ts"

/** Text whose cells can be read. `skipped` lines of the file come before it. */
export interface Text<E> {
  readonly texts: Pull.Chunks<string, E>
  readonly delimiter: string
  readonly skipped: number
  readonly swap: ((text: string) => string) | undefined
  /** The lines at the end that are left out, once all is read. Undefined if none are to be. */
  readonly leftOut?: (() => string) | undefined
  /** How it is written, as far as it is read. */
  readonly dialect: () => Dialect
}

/** Looks for the first line end, which goes by unchanged. */
const lineEnd = () => {
  let found: string | undefined
  let cr = false
  const machine: Pull.Machine<string, string, never> = {
    step: (text, out) => {
      if (found === undefined) {
        const at = cr ? 0 : text.search(/[\r\n]/)
        const first = cr ? "\r" : text[at]
        const next = cr ? text[0] : text[at + 1]
        if (first === "\r" && next === undefined) cr = true
        else if (first !== undefined) found = first === "\r" && next === "\n" ? "\r\n" : first
      }
      out.push(text)
      return undefined
    }
  }
  return { machine, found: () => found ?? (cr ? "\r" : "\n") }
}

export const exact = <E>(given: Pull.Chunks<string, E>): Text<E> => {
  const end = lineEnd()
  return {
    texts: Pull.run(given, end.machine),
    delimiter: ",",
    skipped: 0,
    swap: undefined,
    dialect: () => newline(end.found())
  }
}

const newline = (found: string): Dialect => (found === "\r\n" || found === "\r" ? { newline: found } : {})

const LF = 10
const CR = 13
const isBreak = (code: number): boolean => code === LF || code === CR

/** Takes lines away at the beginning. */
const skipLines = (count: number): Pull.Machine<string, string, never> => {
  let left = count
  let cr = false
  return {
    step: (text, out) => {
      let i = 0
      for (; i < text.length && (left > 0 || cr); i++) {
        const code = text.charCodeAt(i)
        if (cr && code === LF) {
          cr = false
          continue
        }
        cr = false
        if (left === 0) break
        if (isBreak(code)) {
          left--
          cr = code === CR
        }
      }
      if (i < text.length) out.push(i === 0 ? text : text.slice(i))
      return undefined
    }
  }
}

/** Takes lines away at the end. It holds as many lines as it may have to take away. */
const skipLast = (count: number, limit: number) => {
  let held = ""
  /** Where the last lines begin. */
  const cut = (): number => {
    let lines = 0
    let filled = false
    for (let i = held.length - 1; i >= 0; i--) {
      if (isBreak(held.charCodeAt(i))) {
        if (filled && ++lines === count) return i + 1
        filled = false
      } else filled ||= held[i]!.trim() !== ""
    }
    return 0
  }
  const machine: Pull.Machine<string, string, Failure> = {
    step: (text, out) => {
      held += text
      const end = cut()
      if (end > 0) out.push(held.slice(0, end))
      held = held.slice(end)
      return held.length > limit * (count + 1)
        ? failure(
            {},
            `the last ${count} lines are longer than ${size(limit)} each`,
            "declare another skipLast"
          )
        : undefined
    },
    broken: (out) => {
      if (held !== "") out.push(held)
    }
  }
  return { machine, held: () => held }
}

/** Takes away the blanks behind delimiters, outside of quotes. */
const skipBlanks = (delimiter: string): Pull.Machine<string, string, never> => {
  let quoted = false
  let after = false
  return {
    step: (text, out) => {
      let kept = ""
      let from = 0
      for (let i = 0; i < text.length; i++) {
        const c = text[i]
        if (after && !quoted && c !== delimiter && (c === " " || c === "\t")) {
          kept += text.slice(from, i)
          from = i + 1
          continue
        }
        if (c === '"') quoted = !quoted
        after = c === delimiter && !quoted
      }
      kept += text.slice(from)
      if (kept !== "") out.push(kept)
      return undefined
    }
  }
}

/** Stands for `"` where no character is a quote. It is no character of any text. */
const none = "\uffff"

/** Exchanges the quote and `"`: the reader of cells knows only this one. Done twice, it undoes itself. */
const swapping = (quote: string) => {
  const either = new RegExp(`["${quote.replace(/[\\\]^-]/, "\\$&")}]`, "g")
  return (text: string): string => text.replace(either, (found) => (found === '"' ? quote : '"'))
}

const each = (change: (text: string) => string): Pull.Machine<string, string, never> => ({
  step: (text, out) => {
    out.push(change(text))
    return undefined
  }
})

/** A text that may become a `sep=` line. */
const sepBegin = /^"?(?:s(?:e(?:p(?:=[^\r\n]?)?)?)?)?"?\r?$/i
const sepLine = /^("?)sep=([^\r\n])\1(?:\r\n|\r|\n|$)/i

export const prepare = Effect.fnUntraced(function* <E>(
  given: Pull.Chunks<string, E>,
  format: FileFormat,
  limit: number
): Effect.fn.Return<Text<E | Failure>, E | Failure> {
  const begin = (yield* Pull.peek(given, (seen) => !sepBegin.test(seen.join("")))).join("")
  const said = sepLine.exec(begin)
  const declared = format.delimiter === undefined ? undefined : characterOf(format.delimiter)
  if (said !== null && declared !== undefined && said[2] !== declared) {
    return yield* Effect.fail(
      failure(
        { line: 1 },
        `the line ${JSON.stringify(said[0].trim())} and delimiter=${JSON.stringify(declared)} contradict each other`,
        "declare the delimiter that the file has, or none"
      )
    )
  }
  const delimiter = declared ?? said?.[2] ?? ","
  const rest = begin.slice(said?.[0].length ?? 0)
  const lines = format.skipLines ?? 0
  const last = format.skipLast ?? 0
  const quote = characterOf(format.quote ?? '"')
  const swap = quote === '"' ? undefined : swapping(quote === "none" ? none : quote)

  const end = lineEnd()
  let texts: Pull.Chunks<string, E | Failure> = Pull.run(
    Pull.prepend(rest === "" ? [] : [rest], given),
    end.machine
  )
  if (lines > 0) texts = Pull.run(texts, skipLines(lines))
  const skipped = last > 0 ? skipLast(last, limit) : undefined
  if (skipped !== undefined) texts = Pull.run(texts, skipped.machine)
  if (swap !== undefined) texts = Pull.run(texts, each(swap))
  if (format.blanks === "skip") texts = Pull.run(texts, skipBlanks(delimiter))
  const dialect = (): Dialect => ({
    ...newline(end.found()),
    ...(delimiter !== "," && { delimiter }),
    ...(said !== null && { sep: true as const }),
    ...(quote !== '"' && { quote })
  })
  return {
    texts,
    delimiter,
    skipped: lines + (said === null ? 0 : 1),
    swap,
    leftOut: skipped?.held,
    dialect
  }
})
