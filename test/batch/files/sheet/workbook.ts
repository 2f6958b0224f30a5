/**
 * Workbooks from XML that is written by hand, for what a library does not write.
 */
import * as Zip from "effect/encoding/Zip"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
const types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
const related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

export const zip = (parts: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> =>
  Stream.fromIterable(Object.entries(parts)).pipe(
    Stream.map(([path, content]) => Zip.file(path, content)),
    Stream.pipeThroughChannel(Zip.encode()),
    Stream.runCollect,
    Effect.map((chunks) => new Uint8Array(Buffer.concat(chunks))),
    Effect.runPromise
  )

export interface Sheet {
  readonly name?: string
  readonly state?: string
  /** The content of `sheetData`. */
  readonly rows: string
  /** What comes behind it. */
  readonly after?: string
  /** What comes before it, such as the widths of columns. */
  readonly before?: string
}

export interface Options {
  /** The items of the shared texts. */
  readonly texts?: string
  /** The content of the styles. */
  readonly styles?: string
  readonly is1904?: boolean
  /** Parts in place of those that are made, or besides; undefined leaves one out. */
  readonly parts?: Readonly<Record<string, string | Uint8Array | undefined>>
}

/** The parts as Excel orders them: the texts come last. */
export const workbook = (
  sheets: string | ReadonlyArray<Sheet>,
  { is1904 = false, parts = {}, styles = "", texts = "" }: Options = {}
): Promise<Uint8Array> => {
  const all = typeof sheets === "string" ? [{ rows: sheets }] : sheets
  const override = (part: string, type: string) =>
    `<Override PartName="${part}" ContentType="${types}.${type}+xml"/>`
  const made = {
    "[Content_Types].xml": `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${override("/xl/workbook.xml", "sheet.main")}${all
      .map((_, index) => override(`/xl/worksheets/sheet${index + 1}.xml`, "worksheet"))
      .join(
        ""
      )}${override("/xl/styles.xml", "styles")}${override("/xl/sharedStrings.xml", "sharedStrings")}</Types>`,
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${related}"><workbookPr${is1904 ? ' date1904="1"' : ""}/><sheets>${all
      .map(
        ({ name, state }: Sheet, index) =>
          `<sheet name="${name ?? `Sheet${index + 1}`}" sheetId="${index + 1}"${state === undefined ? "" : ` state="${state}"`} r:id="rId${index + 1}"/>`
      )
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships>${all
      .map(
        (_, index) =>
          `<Relationship Id="rId${index + 1}" Type="${related}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`
      )
      .join("")}</Relationships>`,
    ...Object.fromEntries(
      all.map(({ after = "", before = "", rows }: Sheet, index) => [
        `xl/worksheets/sheet${index + 1}.xml`,
        `<worksheet xmlns="${main}">${before}<sheetData>${rows}</sheetData>${after}</worksheet>`
      ])
    ),
    "xl/styles.xml": `<styleSheet xmlns="${main}">${styles}</styleSheet>`,
    "xl/sharedStrings.xml": `<sst xmlns="${main}">${texts}</sst>`,
    ...parts
  }
  return zip(
    Object.fromEntries(Object.entries(made).filter((part): part is [string, string] => part[1] !== undefined))
  )
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** A cell with a text in it. */
export const text = (value: string): string => `<c t="inlineStr"><is><t>${escaped(value)}</t></is></c>`
export const number = (value: string | number): string => `<c><v>${value}</v></c>`
export const row = (...cells: ReadonlyArray<string>): string => `<row>${cells.join("")}</row>`
