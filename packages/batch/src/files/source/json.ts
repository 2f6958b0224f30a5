/**
 * A strict JSON reader (RFC 8259) that keeps what `JSON.parse` loses: the exact text of numbers, the place of every value
 * and of the first error, and keys that are given twice. It makes no JavaScript objects of the input's objects, so
 * `__proto__` is a key like any other.
 */
import { visible } from "./row.ts"

/** A value, and the offsets where its text begins and ends. */
export type Json = { readonly start: number; readonly end: number } & (
  | { readonly type: "null" }
  | { readonly type: "boolean" | "number" | "text"; readonly text: string }
  | { readonly type: "array"; readonly items: ReadonlyArray<Json> }
  | { readonly type: "object"; readonly members: ReadonlyArray<Member> }
)

export type JsonObject = Extract<Json, { readonly type: "object" }>

/** One `key: value`; `start` is where the key begins. */
interface Member {
  readonly key: string
  readonly start: number
  readonly value: Json
}

/** A key that is given again in the same object. */
interface Twice {
  readonly path: string
  readonly key: string
  readonly at: number
}

export interface Document {
  readonly value: Json
  readonly twice: ReadonlyArray<Twice>
}

/** A problem of the text, and the offset of the character that shows it. */
export interface JsonError {
  readonly at: number
  readonly problem: string
}

export const isError = (result: Document | JsonError): result is JsonError => "problem" in result

/** Objects and arrays may be nested so deep. */
const maxDepth = 32

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t"
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// Everything but quotes, backslashes and control characters.
const plain = /[ !#-[\]-\uffff]*/y

/** Unwinds to {@link read}; never leaves this module. */
class Stop {
  readonly error: JsonError
  constructor(at: number, problem: string) {
    this.error = { at, problem }
  }
}

/** The kind of value that begins with a character. Undefined for an object, and where none does. */
export const kindOf = (c: string): string | undefined => {
  if (c === '"') return "text"
  if (c === "[") return "array"
  if (c === "n") return "null"
  if (c === "t" || c === "f") return "boolean"
  return c === "-" || (c >= "0" && c <= "9") ? "number" : undefined
}

export const isBlank = (c: number): boolean => c === 32 || c === 10 || c === 13 || c === 9

/** A character in quotes, safe to print. */
export const shown = (character: string): string => visible(JSON.stringify(character))

/** Reads a text that is one JSON value. */
export const read = (text: string): Document | JsonError => {
  let i = 0
  const path: Array<string> = []
  const twice: Array<Twice> = []

  const unexpected = (): Stop => {
    const code = text.codePointAt(i)
    return new Stop(
      i,
      code === undefined ? "unexpected end" : `unexpected ${shown(String.fromCodePoint(code))}`
    )
  }

  const blank = (): void => {
    while (isBlank(text.charCodeAt(i))) i++
  }

  const string = (): string => {
    let value = ""
    i++
    for (;;) {
      plain.lastIndex = i
      plain.test(text)
      const from = i
      i = plain.lastIndex
      value = value === "" ? text.slice(from, i) : value + text.slice(from, i)
      const c = text[i]
      if (c === '"') {
        i++
        return value
      }
      if (c !== "\\") {
        if (c === undefined) throw new Stop(i, "unexpected end of a text")
        throw c === "\n" || c === "\r" ? new Stop(i, "unexpected line break in a text") : unexpected()
      }
      i++
      const escape = text[i]
      if (escape === "u") {
        const digits = text.slice(i + 1, i + 5)
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Stop(i - 1, "a broken \\u escape")
        value += String.fromCharCode(Number.parseInt(digits, 16))
        i += 5
      } else {
        const character = escape === undefined ? undefined : escapes[escape]
        if (character === undefined)
          throw escape === undefined ? unexpected() : new Stop(i - 1, "an unknown \\ escape")
        value += character
        i++
      }
    }
  }

  const word = (expected: string): void => {
    for (const character of expected) {
      if (text[i] !== character) throw unexpected()
      i++
    }
  }

  /** Reads elements between brackets, separated by commas. */
  const list = (close: "}" | "]", one: () => void): void => {
    i++
    blank()
    if (text[i] === close) {
      i++
      return
    }
    for (;;) {
      one()
      blank()
      const c = text[i]
      if (c !== "," && c !== close) throw unexpected()
      i++
      if (c === close) return
      blank()
    }
  }

  const members = (depth: number): ReadonlyArray<Member> => {
    const found: Array<Member> = []
    const keys = new Set<string>()
    list("}", () => {
      if (text[i] !== '"') throw unexpected()
      const start = i
      const key = string()
      path.push(path.length === 0 ? key : `.${key}`)
      if (keys.has(key)) twice.push({ path: path.join(""), key, at: start })
      keys.add(key)
      blank()
      if (text[i] !== ":") throw unexpected()
      i++
      found.push({ key, start, value: value(depth) })
      path.pop()
    })
    return found
  }

  const items = (depth: number): ReadonlyArray<Json> => {
    const found: Array<Json> = []
    list("]", () => {
      path.push(`[${found.length}]`)
      found.push(value(depth))
      path.pop()
    })
    return found
  }

  const value = (depth: number): Json => {
    blank()
    const start = i
    const c = text[i]
    switch (c) {
      case '"':
        return { type: "text", text: string(), start, end: i }
      case "{":
      case "[":
        if (depth === maxDepth) throw new Stop(i, `nested deeper than ${maxDepth} levels`)
        // The end is known once the content is read, so it comes last.
        return c === "{"
          ? { type: "object", members: members(depth + 1), start, end: i }
          : { type: "array", items: items(depth + 1), start, end: i }
      case "t":
      case "f": {
        const content = c === "t" ? "true" : "false"
        word(content)
        return { type: "boolean", text: content, start, end: i }
      }
      case "n":
        word("null")
        return { type: "null", start, end: i }
      default: {
        number.lastIndex = i
        if (!number.test(text)) {
          if (c === "-") i++
          throw unexpected()
        }
        i = number.lastIndex
        return { type: "number", text: text.slice(start, i), start, end: i }
      }
    }
  }

  try {
    const found = value(0)
    blank()
    if (i < text.length) throw unexpected()
    return { value: found, twice }
  } catch (stop) {
    if (stop instanceof Stop) return stop.error
    throw stop
  }
}

/** The text of a value in one line: where it has more, without the blanks between its tokens. */
export const oneLine = (text: string): string =>
  /[\n\r]/.test(text) ? text.replace(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g, "$1") : text
