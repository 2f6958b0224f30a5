/**
 * JSON documents whose line items are not at the top to rows: the objects where a path such as `data` or `[].line_items`
 * leads. Documents may follow each other, on one line or many. No more than one row, or one text beside them, is held; what
 * stands beside the path is skipped.
 */
import { InputIssue } from "@effect-hubspot/schema"
import type { Declared } from "./declared.ts"
import * as Json from "./json.ts"
import * as JsonInput from "./jsonInput.ts"
import type * as Pull from "./pull.ts"
import * as Row from "./row.ts"

/** An object or array that is open. `matched` parts of the path lead to it; undefined beside the path. */
interface Frame {
  readonly close: "}" | "]"
  readonly matched: number | undefined
  expects: "first" | "key" | "colon" | "value" | "next"
  key: string
  found: boolean
}

const scalar = /^[^\s,:{}[\]"]+/
const text = /^"(?:[^"\\\n]|\\[^\n])*"/

/**
 * Where the rows are that a text begins with, if they are not one on each line: `inputs` in HubSpot's own request, and the top
 * where an object goes over several lines. `unknown` until enough of the text is there.
 */
export const begins = (text: string): "" | "inputs" | "unknown" | undefined => {
  const first = text.trimStart().slice(0, 100).replace(/\s+/g, "")
  if ('{"inputs":['.startsWith(first)) return text.length > 1000 ? undefined : "unknown"
  if (first.startsWith('{"inputs":[')) return "inputs"
  const line = /^\s*([^\n]*)\n/.exec(text)?.[1]
  if (line === undefined) return first.startsWith("{") && text.length < 64 * 1024 ? "unknown" : undefined
  if (!line.startsWith("{") || !/[,{[]\s*$/.test(line)) return undefined
  const outside = line.replace(/"(?:[^"\\]|\\.)*"/g, "")
  return outside.split(/[{[]/).length > outside.split(/[}\]]/).length ? "" : undefined
}

export const rows = (
  root: string,
  limit: number,
  declared: Declared
): Pull.Machine<string, Row.Row, Row.Failure> => {
  const path = root === "" ? [] : root.split(".")
  const open: Array<Frame> = []
  let place: JsonInput.Place = { line: 1, column: 1 }
  let carry = "" // the unused text, which begins at `place`
  let offset = 0 // of what is read of it
  let index = 0
  /** How far the row at the offset is scanned. */
  let scan: { at: number; depth: number; inText: boolean } | undefined

  const here = (): JsonInput.Place => {
    place = JsonInput.advance(place, carry, 0, offset)
    carry = carry.slice(offset)
    offset = 0
    return place
  }

  const unexpected = (advice: string): Row.Failure => {
    const at = here()
    return Row.failure(
      at,
      `unexpected ${Json.shown(String.fromCodePoint(carry.codePointAt(0) ?? 0))}`,
      advice
    )
  }

  /** The parts of the path that lead to the next value. */
  const matched = (): number | undefined => {
    const frame = open.at(-1)
    if (frame === undefined) return 0
    const { matched } = frame
    if (matched === undefined || matched === path.length) return matched
    if (path[matched] !== (frame.close === "]" ? "[]" : frame.key)) return undefined
    frame.found = true
    return matched + 1
  }

  const valueEnds = (): void => {
    const frame = open.at(-1)
    if (frame !== undefined) frame.expects = "next"
  }

  /** The offset behind the row that begins at the offset, as soon as its end has come. */
  const extent = (): number | undefined => {
    scan ??= { at: offset, depth: 0, inText: false }
    for (; scan.at < carry.length; scan.at++) {
      const c = carry[scan.at]
      if (scan.inText) {
        if (c === "\\") {
          if (scan.at + 1 === carry.length) return undefined
          scan.at++
        } else if (c === '"') scan.inText = false
        else if (c === "\n") return scan.at + 1 // the reader reports the place
      } else if (c === '"') scan.inText = true
      else if (c === "{" || c === "[") scan.depth++
      else if ((c === "}" || c === "]") && --scan.depth === 0) return scan.at + 1
    }
    return undefined
  }

  const row = (end: number, out: Array<Row.Row>): Row.Failure | undefined => {
    const length = end - offset
    const at = here()
    if (length > limit) return long()
    const result = JsonInput.decode(carry.slice(0, length), at, index, declared)
    if (!("input" in result)) return result
    out.push(result)
    index++
    offset = length
    scan = undefined
    valueEnds()
    return undefined
  }

  const long = (): Row.Failure => {
    const at = here()
    return Row.failure(
      at,
      `what begins here is longer than ${Row.size(limit)}`,
      "one object is one line item"
    )
  }

  const close = (frame: Frame): Row.Failure | undefined => {
    const { close, found, matched } = frame
    if (close === "}" && matched !== undefined && matched < path.length && !found) {
      return Row.failure(
        here(),
        `the object that ends here has no ${InputIssue.quote(path[matched] ?? "")}`,
        `declare another root than ${InputIssue.quote(root)}`
      )
    }
    open.pop()
    offset++
    valueEnds()
    return undefined
  }

  /** Reads the value at the offset. `false` if its end has not come. */
  const value = (out: Array<Row.Row>, ended: boolean): Row.Failure | boolean => {
    const leads = matched()
    const c = carry[offset]
    if (c === "{" && leads === path.length) {
      const end = extent() ?? (ended ? carry.length : undefined)
      return end === undefined ? false : (row(end, out) ?? true)
    }
    if (c === "{" || c === "[") {
      const close = c === "{" ? "}" : "]"
      const isRows = leads === path.length && open.at(-1)?.matched !== path.length
      if (leads === path.length ? !isRows : leads !== undefined && (path[leads] === "[]") !== (c === "[")) {
        const kind = c === "{" ? "an object" : "an array"
        return Row.failure(here(), `${kind} where ${InputIssue.quote(root)} has none`, "declare another root")
      }
      open.push({ close, matched: leads, expects: "first", key: "", found: false })
      offset++
      return true
    }
    const found = c === '"' ? text.exec(carry.slice(offset)) : scalar.exec(carry.slice(offset))
    if (found === null && c === '"' && !ended && !carry.includes("\n", offset)) return false
    if (found === null) return unexpected("correct the JSON there")
    if (c !== '"' && !ended && offset + found[0].length === carry.length) return false
    if (leads !== undefined && found[0] !== "null") {
      return JsonInput.notAnObject(here(), Json.kindOf(c ?? "") ?? found[0])
    }
    offset += found[0].length
    valueEnds()
    return true
  }

  const key = (frame: Frame): Row.Failure | boolean => {
    const found = text.exec(carry.slice(offset))
    if (found === null) {
      return carry[offset] === '"' && !carry.includes("\n", offset) ? false : unexpected("a key is in quotes")
    }
    const read = Json.read(found[0])
    if (Json.isError(read)) return unexpected("correct the JSON there")
    frame.key = read.value.type === "text" ? read.value.text : ""
    frame.expects = "colon"
    offset += found[0].length
    return true
  }

  const token = (out: Array<Row.Row>, ended: boolean): Row.Failure | boolean => {
    const frame = open.at(-1)
    const c = carry[offset]
    if (frame === undefined)
      return c === "{" || c === "[" ? value(out, ended) : unexpected("write { … } or [ … ]")
    if ((frame.expects === "first" || frame.expects === "next") && c === frame.close)
      return close(frame) ?? true
    const isObject = frame.close === "}"
    if (frame.expects === "next" || frame.expects === "colon") {
      if (c !== (frame.expects === "next" ? "," : ":")) return unexpected("correct the JSON there")
      frame.expects = frame.expects === "next" && isObject ? "key" : "value"
      offset++
      return true
    }
    return isObject && frame.expects !== "value" ? key(frame) : value(out, ended)
  }

  const run = (out: Array<Row.Row>, ended: boolean): Row.Failure | undefined => {
    for (;;) {
      while (offset < carry.length && Json.isBlank(carry.charCodeAt(offset))) offset++
      if (offset === carry.length) break
      const went = token(out, ended)
      if (went === false) break
      if (went !== true) return went
    }
    const begins = offset
    if (scan === undefined || begins > 0) {
      here()
      if (scan !== undefined) scan.at -= begins
    }
    return carry.length > limit ? long() : undefined
  }

  return {
    step: (part, out) => {
      carry += part
      return run(out, false)
    },
    end: (out) => {
      const wrong = run(out, true)
      if (wrong !== undefined) return wrong
      return open.length > 0 || carry !== ""
        ? Row.failure(
            here(),
            `the file ends inside the ${carry !== "" ? "text" : "JSON"}`,
            "the file may be cut off"
          )
        : undefined
    }
  }
}
