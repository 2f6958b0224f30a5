/**
 * The XML of a sheet to rows of cells: the values that are stored, not what a program shows of them.
 */
import { InputIssue } from "@effect-hubspot/schema"
import type * as Xml from "effect/encoding/Xml"
import type * as Pull from "../pull.ts"
import { type Failure, failure, size } from "../row.ts"
import type { Wrong } from "../values.ts"
import { broken, local, type Node } from "./archive.ts"
import * as Days from "./days.ts"
import * as Texts from "./texts.ts"

/** A cell without a value, and why. `text` is what stands in it. */
export interface Bad extends Wrong {
  readonly text: string
}

/** A text, a number, or neither. */
export type Cell = string | number | Bad

/** A row that has cells, with its number in the sheet. Cells without a value are left out. */
export interface SheetRow {
  readonly line: number
  readonly cells: ReadonlyArray<Cell | undefined>
  readonly hidden?: true
}

/** Columns that are hidden, by their numbers. */
export interface Hidden {
  readonly min: number
  readonly max: number
}

/** What cells need of their workbook: the kind of each style, and the texts. */
export interface Shared {
  readonly is1904: boolean
  readonly kinds: ReadonlyArray<Days.Kind>
  readonly texts: Texts.Texts
}

/** Cells that are merged: from row `first` to `last`, from column `left` to `right`, from 1. */
export interface Merged {
  readonly ref: string
  readonly first: number
  readonly last: number
  readonly left: number
  readonly right: number
}

/** Excel's own. */
const maxColumns = 16_384

/** The number of a column from its letters, at the beginning of a place such as `AB12`; 0 if it has none. */
const columnOf = (ref: string): number => {
  let column = 0
  for (let i = 0; i < ref.length && i < 4; i++) {
    const letter = ref.charCodeAt(i) & ~32
    if (letter < 65 || letter > 90) break
    column = column * 26 + letter - 64
  }
  return column
}

/** The range of a text such as `A2:B7`. */
export const mergedOf = (ref: string): Merged | undefined => {
  const found = /^\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})$/i.exec(ref)
  if (found === null) return undefined
  const [, left = "", first, right = "", last] = found
  return { ref, first: Number(first), last: Number(last), left: columnOf(left), right: columnOf(right) }
}

export const noValue: Bad = {
  text: "",
  message: "a formula without a value",
  advice: "open the workbook in a spreadsheet program and save it, or write the value"
}

const errorOf = (text: string): Bad => ({
  text,
  message: `${InputIssue.quote(text)} is an error of the spreadsheet`,
  advice: `correct the cell, or declare empty=${text}`
})

const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

const numberOf = (text: string, kind: Days.Kind, is1904: boolean): Cell => {
  const number = isNumber.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(number)) {
    return {
      text,
      message: `${InputIssue.quote(text)} is in a cell for numbers`,
      advice: "correct the cell, or make it text"
    }
  }
  if (kind !== undefined) {
    return (
      Days.textOf(number, kind, is1904) ?? {
        text,
        message: `${InputIssue.quote(text)} is shown as a day, and is none`,
        advice: "correct the cell, or show it as a number"
      }
    )
  }
  // Digits that no double has are of an id that another program wrote. They are kept.
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text) ? text : number
}

/** A day of a cell that has it as a text. */
const dayOf = (text: string): string => text.replace(/^(\d{4}-\d\d-\d\d)T00:00(?::00(?:\.0+)?)?Z?$/, "$1")

const isHidden = ({ attributes }: Xml.StartElement): boolean =>
  attributes["hidden"] === "1" || attributes["hidden"] === "true"

/** Reads the rows of a sheet, each at most so many characters. The columns that are hidden are added to `hidden`. */
export const machine = (
  { is1904, kinds, texts }: Shared,
  limit: number,
  hidden: Array<Hidden>
): Pull.Machine<Node, SheetRow, Failure> => {
  const inline = Texts.collector()
  let inData = false
  let line = 0
  let cells: Array<Cell | undefined> = []
  let rowIsHidden = false
  let length = 0
  let column = 0
  let cell: Xml.StartElement["attributes"] | undefined
  let value: string | undefined
  let reading = false
  let formula = false

  const valueOf = (type: string, style: string | undefined): Cell | Failure => {
    if (type === "inlineStr") return inline.take()
    if (formula && (value === undefined || (value === "" && type !== "str"))) return noValue
    if (value === undefined) return ""
    if (type === "str") return Texts.unescaped(value)
    const text = value.trim()
    if (text === "") return ""
    switch (type) {
      case "s":
        return (
          (/^\d+$/.test(text) ? texts(Number(text)) : undefined) ??
          broken(`a cell has the text ${InputIssue.quote(text)} of the workbook, which it does not have`, {
            line,
            column
          })
        )
      case "b":
        return text === "1" || text === "true" ? "true" : text === "0" || text === "false" ? "false" : text
      case "e":
        return errorOf(text)
      case "d":
        return dayOf(text)
      default:
        return numberOf(text, kinds[Number(style ?? 0)], is1904)
    }
  }

  const begin = (name: string, element: Xml.StartElement): Failure | undefined => {
    const { attributes } = element
    if (name === "row") {
      rowIsHidden = isHidden(element)
      const given = attributes["r"]
      const next = given === undefined ? line + 1 : Number(given)
      if (!Number.isSafeInteger(next) || next <= line)
        return broken(`row ${InputIssue.quote(given ?? "")} follows row ${line}`)
      line = next
      cells = []
      length = 0
      column = 0
    } else if (name === "c") {
      const given = attributes["r"]
      const next = given === undefined ? column + 1 : columnOf(given)
      if (next <= column || next > maxColumns) {
        return broken(`the cell ${InputIssue.quote(given ?? "")} follows column ${column}`, { line })
      }
      column = next
      cell = attributes
      value = undefined
      formula = false
    } else if (cell !== undefined) {
      if (name === "v") {
        reading = true
        value = ""
      } else if (name === "f") formula = true
    }
    return undefined
  }

  const end = (name: string, out: Array<SheetRow>): Failure | undefined => {
    if (name === "v") reading = false
    else if (name === "c" && cell !== undefined) {
      const found = valueOf(cell["t"] ?? "n", cell["s"])
      cell = undefined
      if (typeof found === "object" && "problem" in found) return found
      if (found === "") return undefined
      cells[column - 1] = found
      length += typeof found === "string" ? found.length : 20
      if (length > limit) {
        return failure(
          { line },
          `row ${line} is longer than ${size(limit)}`,
          "split it; one row is one line item"
        )
      }
    } else if (name === "row") {
      if (cells.length > 0) out.push({ line, cells, ...(rowIsHidden && { hidden: true }) })
    } else if (name === "sheetData") inData = false
    return undefined
  }

  return {
    step: (node, out) => {
      if (node._tag === "Text") {
        if (reading) value += node.text
        else if (cell !== undefined) inline.step("", node)
        return undefined
      }
      const name = local(node.name)
      if (!inData) {
        if (node._tag === "StartElement") {
          inData = name === "sheetData"
          if (name === "col" && isHidden(node) && hidden.length < maxColumns) {
            hidden.push({ min: Number(node.attributes["min"]), max: Number(node.attributes["max"]) })
          }
        }
        return undefined
      }
      if (cell !== undefined && (name === "t" || name === "rPh")) inline.step(name, node)
      return node._tag === "StartElement" ? begin(name, node) : end(name, out)
    }
  }
}
