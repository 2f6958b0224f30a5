/**
 * Values that are sent and yet may not be meant: invisible characters, words for nothing, and numbers of which a spreadsheet
 * has lost digits, in texts. They are counted, once for each property. So are rows and columns that a spreadsheet hides.
 */
import { InputIssue, LineItem } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Advice from "./advice.ts"
import { type Row, visible } from "./row.ts"
import * as Shown from "./shown.ts"

/** As spreadsheets show numbers of more than eleven digits. */
const scientific = /^\d(?:[.,]\d+)?E\+\d{2}$/i

/** How programs keep a spreadsheet from reading a text as a number. */
const guarded = /^="[^"]*"$/

const kinds = {
  guarded: (count: number, found: string) =>
    `${values(count, "is", "are")} written as a formula (${found}), and sent so; take the equals sign and the quotes away if they are not meant`,
  invisible: (count: number, found: string) =>
    `${values(count, "has", "have")} invisible characters (${found}), with which ${count === 1 ? "it is" : "they are"} sent; remove them if they are not meant`,
  nothing: (count: number, found: string) =>
    `${values(count, "is a word", "are words")} for no value, and ${count === 1 ? "is" : "are"} sent as text; to send nothing, declare ${JSON.stringify(`empty=${found}`)}`,
  scientific: (count: number, found: string) =>
    `${values(count, "is", "are")} in scientific notation (${found}): a spreadsheet may have lost digits; format the column as text there, and export again`
}

const values = (count: number, one: string, many: string): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? `value ${one}` : `values ${many}`}`

/** So many different texts are shown. */
const maxShown = 5

const ofRows = (count: number, first: number): string =>
  count === 1
    ? `row ${first} is hidden, and is read like the others; delete it in the workbook if it is not meant`
    : `${count.toLocaleString("en-US")} rows are hidden, the first is row ${first}, and are read like the others; delete them in the workbook if they are not meant`

const ofColumns = (names: ReadonlyArray<string>): string => {
  const shown = names.slice(0, maxShown).map((name) => InputIssue.quote(name))
  const more = names.length > maxShown ? ` and ${names.length - maxShown} more` : ""
  const [is, them] = names.length === 1 ? ["column", "it"] : ["columns", "them"]
  return `the hidden ${is} ${shown.join(", ")}${more} ${names.length === 1 ? "is" : "are"} read like the others; leave ${them} out with --ignore if not meant`
}

/** What is seen of the rows that are added, which need not be held. */
export const make = () => {
  const seen = new Map<string, { count: number; readonly texts: Set<string> }>()
  let hiddenRows = 0
  let firstHidden = 0
  let hiddenColumns: ReadonlyArray<string> = []
  const add = (name: string, kind: keyof typeof kinds, texts: ReadonlyArray<string>): void => {
    const key = `${kind} ${name}`
    const known = seen.get(key) ?? { count: 0, texts: new Set() }
    known.count++
    for (const text of texts) if (known.texts.size < maxShown) known.texts.add(text)
    seen.set(key, known)
  }
  return {
    add: ({ hidden, input, line, unsent }: Pick<Row, "hidden" | "input" | "line" | "unsent">): void => {
      if (hidden !== undefined) {
        hiddenColumns = hidden.columns
        if (hidden.isRow && hiddenRows++ === 0) firstHidden = line
      }
      const properties = Result.isSuccess(input) ? input.success.properties : (unsent ?? {})
      for (const name in properties) {
        if ((LineItem.knownProperties.get(name)?.type ?? "string") !== "string") continue
        const text = properties[name]!
        if (Shown.isUnseen(text)) add(name, "invisible", Shown.invisibleOf(text))
        if (text.length > 16) continue
        if (Advice.isNothing(text)) add(name, "nothing", [text.trim()])
        else if (scientific.test(text)) add(name, "scientific", [text])
        else if (guarded.test(text)) add(name, "guarded", [text])
      }
    },
    /** One line for hidden rows, one for hidden columns, and one for each property and kind. */
    lines: (file: string): ReadonlyArray<string> => [
      ...(hiddenRows === 0 ? [] : [`${visible(file)}: ${ofRows(hiddenRows, firstHidden)}`]),
      ...(hiddenColumns.length === 0 ? [] : [`${visible(file)}: ${ofColumns(hiddenColumns)}`]),
      ...Array.from(seen, ([key, { count, texts }]) => {
        const [kind = "", ...name] = key.split(" ")
        const found = [...texts].join(kind === "nothing" ? "," : ", ")
        return `${visible(file)}: ${name.join(" ")}: ${kinds[kind as keyof typeof kinds](count, visible(found))}`
      })
    ]
  }
}
