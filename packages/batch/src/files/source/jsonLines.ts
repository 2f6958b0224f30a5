/**
 * Text to JSON inputs: one object per line (NDJSON), or one array of objects that is read element by
 * element. No more than one line or element is held.
 */
import type { Declared } from "./declared.ts"
import * as Json from "./json.ts"
import * as JsonInput from "./jsonInput.ts"
import type * as Pull from "./pull.ts"
import * as Row from "./row.ts"

const isRow = (result: Row.Row | Row.Failure): result is Row.Row => "input" in result

const noComma = "remove the comma at the end of the line"

/** Whether an object is right but for the comma behind it. */
const isFollowed = (text: string, { column }: Row.Failure): boolean =>
  /,\s*$/.test(text) && column === text.lastIndexOf(",") + 1

/** One object per line; blank lines are skipped. */
export const ndjson = (limit: number, declared?: Declared): Pull.Machine<string, Row.Row, Row.Failure> => {
  let carry = ""
  let line = 1
  let index = 0
  const long = (): Row.Failure =>
    Row.failure({ line }, `line ${line} is longer than ${Row.size(limit)}`, "one line is one line item")
  const take = (text: string, out: Array<Row.Row>): Row.Failure | undefined => {
    if (text.length > limit) return long()
    if (/[^ \t\r]/.test(text)) {
      const result = JsonInput.decode(text, { line, column: 1 }, index, declared)
      if (!isRow(result)) return isFollowed(text, result) ? { ...result, advice: noComma } : result
      out.push(result)
      index++
    }
    line++
    return undefined
  }
  return {
    step: (text, out) => {
      let from = 0
      for (let lf = text.indexOf("\n"); lf !== -1; lf = text.indexOf("\n", from)) {
        const wrong = take(carry + text.slice(from, lf), out)
        if (wrong !== undefined) return wrong
        carry = ""
        from = lf + 1
      }
      carry += text.slice(from)
      return carry.length > limit ? long() : undefined
    },
    end: (out) => take(carry, out)
  }
}

/**
 * One array of objects. It counts brackets outside of texts to find where an element ends. Whether the element is JSON is
 * for `Json`.
 */
export const array = (limit: number, declared?: Declared): Pull.Machine<string, Row.Row, Row.Failure> => {
  let state: "start" | "first" | "value" | "element" | "after" | "end" = "start"
  let place: JsonInput.Place = { line: 1, column: 1 }
  let carry = "" // the unused text, which begins at `place`
  let depth = 0
  let inText = false
  let escaped = false
  let scanned = 0
  let index = 0

  const used = (count: number): void => {
    place = JsonInput.advance(place, carry, 0, count)
    carry = carry.slice(count)
    scanned = 0
  }

  /** The length of the element at the beginning of the carry, as soon as its end has come. */
  const extent = (): number | undefined => {
    for (; scanned < carry.length; scanned++) {
      const c = carry.charCodeAt(scanned)
      if (inText) {
        if (escaped) escaped = false
        else if (c === 92) escaped = true
        else if (c === 34) inText = false
        // No text goes over a line break: the reader reports the place.
        else if (c === 10) return scanned + 1
      } else if (c === 34) inText = true
      else if (c === 123 || c === 91) depth++
      else if (c === 125 || c === 93) {
        depth--
        if (depth === 0) return scanned + 1
      }
    }
    return undefined
  }

  const long = (): Row.Failure =>
    Row.failure(
      place,
      `the element that begins on line ${place.line} is longer than ${Row.size(limit)}`,
      "one element is one line item"
    )

  const element = (length: number, out: Array<Row.Row>): Row.Failure | undefined => {
    if (length > limit) return long()
    const result = JsonInput.decode(carry.slice(0, length), place, index, declared)
    if (!isRow(result)) return result
    out.push(result)
    index++
    used(length)
    state = "after"
    return undefined
  }

  const unexpected = (advice: string): Row.Failure => {
    const character = String.fromCodePoint(carry.codePointAt(0) ?? 0)
    return Row.failure(place, `unexpected ${Json.shown(character)}`, advice)
  }

  return {
    step: (text, out) => {
      carry += text
      for (;;) {
        if (state === "element") {
          const length = extent()
          if (length === undefined) return carry.length > limit ? long() : undefined
          const wrong = element(length, out)
          if (wrong !== undefined) return wrong
          continue
        }
        let blank = 0
        while (blank < carry.length && Json.isBlank(carry.charCodeAt(blank))) blank++
        if (blank > 0) used(blank)
        const c = carry[0]
        if (c === undefined) return undefined
        if (state === "start") {
          if (c !== "[") return unexpected("a JSON file is one array: [ {…}, {…} ]")
          state = "first"
          used(1)
        } else if (state === "end") {
          return unexpected("remove what follows the closing ]")
        } else if (state === "after") {
          if (c !== "," && c !== "]")
            return unexpected("separate the objects with commas, close the array with ]")
          state = c === "," ? "value" : "end"
          used(1)
        } else if (c === "{") {
          state = "element"
          depth = 0
          inText = false
          escaped = false
        } else if (c === "]" && state === "first") {
          state = "end"
          used(1)
        } else {
          const kind = Json.kindOf(c)
          if (kind !== undefined) return JsonInput.notAnObject(place, kind)
          return unexpected(c === "]" ? "remove the comma before it" : "each line item is one { … }")
        }
      }
    },
    end: (out) => {
      if (state === "element") return element(carry.length, out)
      if (state === "start" || state === "end") return undefined
      return Row.failure(place, "the file ends inside the array", "close it with ]; the file may be cut off")
    }
  }
}
