/**
 * What the cells of a sheet need of the other parts of its workbook: the texts, which styles show days, and which cells are
 * merged. It takes two readings of the workbook, and a third of the sheet where cells are merged.
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import type * as Xml from "effect/encoding/Xml"
import * as Stream from "effect/Stream"
import { word } from "../advice.ts"
import { type Failure, failure } from "../row.ts"
import * as Archive from "./archive.ts"
import { type Merged, mergedOf, type Shared } from "./cells.ts"
import * as Days from "./days.ts"
import * as Texts from "./texts.ts"

/** A sheet of a workbook. `path` is its part. */
export interface Workbook extends Shared {
  readonly path: string
  /** Ranges of several rows, by their first. */
  readonly merged: ReadonlyArray<Merged>
}

const types = "[content_types].xml"
const asXlsx = "save it as .xlsx, or the sheet as CSV UTF-8"
const maxSheets = 10_000
const maxStyles = 100_000
const maxMerged = 100_000

/** The types of the parts, or why it is no workbook that can be read. */
const typesOf = Effect.fnUntraced(function* <E>(bytes: Stream.Stream<Uint8Array, E>, limit: number) {
  const found = new Map<string, string>()
  let mimetype = ""
  const readerOf = (path: string): Archive.Reader<never> | undefined =>
    path === types
      ? Archive.elements(path, (name, { attributes }) => {
          if (name === "Override") {
            found.set(Archive.pathOf(attributes["PartName"] ?? ""), attributes["ContentType"] ?? "")
          }
          return undefined
        })
      : path === "mimetype"
        ? (body) =>
            Stream.drain(
              Stream.map(body, (chunk) => {
                if (mimetype.length < 100) mimetype += new TextDecoder().decode(chunk.subarray(0, 100))
              })
            )
        : undefined
  yield* Stream.runDrain(Archive.read(bytes, limit, readerOf, types))
  const workbook = [...found].find(([, type]) =>
    /\.(?:sheet|template)(?:\.macroEnabled)?\.main\+xml$/i.test(type)
  )
  if (workbook !== undefined) return { workbook: workbook[0], types: found }
  return yield* Effect.fail(
    /opendocument\.spreadsheet/.test(mimetype)
      ? failure({}, "an OpenDocument spreadsheet (.ods) is not read", asXlsx)
      : [...found.values()].some((type) => type.includes(".sheet.binary."))
        ? failure({}, "a binary workbook (.xlsb) is not read", asXlsx)
        : failure({}, "a zip file that holds no workbook", "unpack it first, and give the file in it")
  )
})

/** The path of a target, which is given from the folder of `from`. */
const resolve = (from: string, target: string): string => {
  if (target.startsWith("/")) return Archive.pathOf(target)
  const parts: Array<string> = from.split("/").slice(0, -1)
  for (const part of Archive.pathOf(target).split("/")) {
    if (part === "..") parts.pop()
    else if (part !== ".") parts.push(part)
  }
  return parts.join("/")
}

interface Sheet {
  readonly name: string
  readonly id: string
  readonly visible: boolean
}

const sheetOf = ({ attributes }: Xml.StartElement): Sheet => ({
  name: attributes["name"] ?? "",
  id: Object.entries(attributes).find(([name]) => name.endsWith(":id"))?.[1] ?? "",
  visible: (attributes["state"] ?? "visible") === "visible"
})

const isTrue = (value: string | undefined): boolean => value === "1" || value === "true"

const listed = (sheets: ReadonlyArray<Sheet>): string => {
  const shown = sheets.slice(0, 10).map(({ name }) => InputIssue.quote(name))
  return `${shown.join(", ")}${sheets.length > 10 ? `, and ${sheets.length - 10} more` : ""}`
}

/** The sheet that is declared, or the only one that is visible. */
const choose = (sheets: ReadonlyArray<Sheet>, declared: string | undefined): Sheet | Failure => {
  const visible = sheets.filter((sheet) => sheet.visible)
  if (declared !== undefined) {
    return (
      sheets.find(({ name }) => name === declared) ??
      failure(
        {},
        `the workbook has no sheet ${InputIssue.quote(declared)}`,
        `its sheets are ${listed(sheets)}`
      )
    )
  }
  const [only, ...others] = visible
  if (only !== undefined && others.length === 0) return only
  return only === undefined
    ? Archive.broken("the workbook has no visible sheet with cells")
    : failure(
        {},
        `the workbook has ${visible.length} sheets: ${listed(visible)}`,
        `declare the one to read: --declare ${word(`sheet=${only.name}`)}`
      )
}

/** Reads the styles of cells. */
const styles = (path: string, kinds: Array<Days.Kind>): Archive.Reader<never> => {
  const codes = new Map<number, string>()
  let ofCells = false
  return Archive.elements(path, (name, { attributes }) => {
    if (name === "numFmt") codes.set(Number(attributes["numFmtId"]), attributes["formatCode"] ?? "")
    else if (name === "cellXfs" || name === "cellStyleXfs" || name === "cellStyles")
      ofCells = name === "cellXfs"
    else if (name === "xf" && ofCells) {
      const id = Number(attributes["numFmtId"] ?? 0)
      const code = codes.get(id)
      kinds.push(code === undefined ? Days.kindOfNumber(id) : Days.kindOf(code))
    }
    return kinds.length + codes.size > maxStyles
      ? Archive.broken(`the workbook has more than ${maxStyles} styles`)
      : undefined
  })
}

const mergeCell = new TextEncoder().encode("mergeCell")

/** Whether these bytes may be of cells that are merged. A part that speaks of them otherwise is only read once more. */
const mayMerge = (chunk: Uint8Array): boolean => {
  const first = mergeCell[0]!
  for (let at = chunk.indexOf(first); at !== -1; at = chunk.indexOf(first, at + 1)) {
    let same = 1
    while (same < mergeCell.length && at + same < chunk.length && chunk[at + same] === mergeCell[same]) same++
    if (same === mergeCell.length || at + same === chunk.length) return true
  }
  return false
}

export const read = Effect.fnUntraced(function* <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  limit: number,
  declared: string | undefined
): Effect.fn.Return<Workbook, E | Failure> {
  const { types, workbook } = yield* typesOf(bytes, limit)
  const sheets: Array<Sheet> = []
  const targets = new Map<string, string>()
  const kinds: Array<Days.Kind> = []
  const merging = new Set<string>()
  const shared = Texts.make()
  let is1904 = false
  const readerOf = (path: string): Archive.Reader<never> => {
    if (path === workbook) {
      return Archive.elements(path, (name, element) => {
        if (name === "workbookPr") is1904 = isTrue(element.attributes["date1904"])
        if (name === "sheet") sheets.push(sheetOf(element))
        return sheets.length > maxSheets
          ? Archive.broken(`the workbook has more than ${maxSheets} sheets`)
          : undefined
      })
    }
    if (path === workbook.replace(/[^/]*$/, "_rels/$&.rels")) {
      return Archive.elements(path, (name, { attributes }) => {
        if (name === "Relationship" && attributes["Type"]?.endsWith("/worksheet") === true) {
          targets.set(attributes["Id"] ?? "", resolve(workbook, attributes["Target"] ?? ""))
        }
        return undefined
      })
    }
    const type = types.get(path) ?? ""
    if (type.endsWith(".sharedStrings+xml")) return Archive.xml(path, shared.machine)
    if (type.endsWith(".styles+xml")) return styles(path, kinds)
    return (body) =>
      Stream.drain(
        Stream.map(body, (chunk) => {
          if (!merging.has(path) && mayMerge(chunk)) merging.add(path)
        })
      )
  }
  yield* Stream.runDrain(Archive.read(bytes, limit, readerOf))
  const chosen = choose(
    sheets.filter(({ id }) => targets.has(id)),
    declared
  )
  if (!("id" in chosen)) return yield* Effect.fail(chosen)
  const path = targets.get(chosen.id) ?? ""
  const merged: Array<Merged> = []
  if (merging.has(path)) {
    const ranges = Archive.elements(path, (name, { attributes }) => {
      const range = name === "mergeCell" ? mergedOf(attributes["ref"] ?? "") : undefined
      if (range !== undefined && range.last > range.first) merged.push(range)
      return merged.length > maxMerged
        ? failure({}, `more than ${maxMerged} cells are merged over rows`, "unmerge them, and fill each cell")
        : undefined
    })
    yield* Stream.runDrain(Archive.read(bytes, limit, (part) => (part === path ? ranges : undefined), path))
  }
  merged.sort((a, b) => a.first - b.first)
  return { path, is1904, kinds, texts: shared.texts, merged }
})
