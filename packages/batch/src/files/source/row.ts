/**
 * The results of reading an input file: rows, the issues of a row, and the failure that makes a file unreadable. Text is
 * read elsewhere.
 */
import type { Association, BatchRequest } from "@effect-hubspot/schema"
import type * as Arr from "effect/Array"
import * as Result from "effect/Result"

/**
 * One thing wrong with a row, and its place: `line` and `column` in the file, both from 1 (in CSV the column is the number
 * of the cell), and `path`: the column's name or the path in the object, empty for the whole row.
 *
 * @category models
 * @since 0.1.0
 */
export interface RowIssue {
  readonly line: number
  readonly column: number
  readonly path: string
  readonly message: string
  readonly advice: string
}

/**
 * A row as the file has it: the cells of a CSV record, the text of a JSON object, or the text of a record that breaks the
 * syntax.
 *
 * @category models
 * @since 0.1.0
 */
export type Original =
  | { readonly _tag: "Csv"; readonly cells: ReadonlyArray<string> }
  | { readonly _tag: "Json"; readonly text: string }
  | { readonly _tag: "Broken"; readonly text: string }

/**
 * A record that a row names by a property of the record's own, to be looked up: `value` in the column `path`, at its place.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key {
  readonly object: Association.Parent | "product"
  readonly property: string
  readonly path: string
  readonly value: string
  readonly line: number
  readonly column: number
}

/**
 * One row of a file: its number from 0, the physical line where it begins from 1, the input or all its issues, and the
 * original, to write it back exactly.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly index: number
  readonly line: number
  readonly input: Result.Result<BatchRequest.CreateInput, Arr.NonEmptyReadonlyArray<RowIssue>>
  readonly original: Original
  /** The records that it names by keys, where the input is good and the format has some to find. They are not in the input. */
  readonly keys?: ReadonlyArray<Key>
  /** The values of a row of a declared CSV file that is not good. */
  readonly unsent?: Readonly<Record<string, string>>
  /** What nobody sees of a row of a spreadsheet: the row itself, or columns, by their names. */
  readonly hidden?: { readonly isRow: boolean; readonly columns: ReadonlyArray<string> }
}

/** The rest of the file cannot be read. `Source` adds the file's name. */
export interface Failure {
  readonly line?: number
  readonly column?: number
  readonly problem: string
  readonly advice: string
}

export const failure = (
  at: { readonly line?: number; readonly column?: number },
  problem: string,
  advice: string
): Failure => ({ ...at, problem, advice })

/** A record that breaks the syntax, as a row that cannot be sent. `begins` is its line. */
export const broken = (
  index: number,
  begins: number,
  text: string,
  { advice, column = 1, line = begins, problem }: Failure
): Row => ({
  index,
  line: begins,
  input: Result.fail([{ line, column, path: "", message: problem, advice }]),
  original: { _tag: "Broken", text }
})

/** Refuses lines to skip behind which there is no header. */
export const nothingBelow = (skipLines = 0): Failure | undefined =>
  skipLines === 0
    ? undefined
    : failure(
        {},
        `skipLines=${skipLines} is declared, and no line behind them has anything in it`,
        "declare fewer"
      )

/** Columns of files whose rows HubSpot has, or may have. */
const refusedColumns = new Map([
  [
    "_doubt",
    [
      'a "_doubt" column: this is a file of inputs in doubt, importing it could create them twice',
      "look for each in HubSpot first (`line-items resolve` will do that for jobs)"
    ]
  ],
  [
    "_how",
    [
      'a "_how" column: this is a file of rows that were created, importing it would create them twice',
      "import the rows that were not created, from the file of --rejects"
    ]
  ]
] as const)

/** Whether a file with this column must not be imported. */
export const isRefusedColumn = (name: string): name is "_doubt" | "_how" =>
  refusedColumns.has(name as "_doubt" | "_how")

export const ofRefusedColumn = (
  name: "_doubt" | "_how",
  at: { readonly line: number; readonly column: number }
): Failure => {
  const [problem, advice] = refusedColumns.get(name)!
  return failure(at, problem, advice)
}

/** An input of the parts that a row has. */
export const inputOf = (
  properties: Readonly<Record<string, string>>,
  associations: ReadonlyArray<Association.Association>,
  objectWriteTraceId: string | undefined
): BatchRequest.CreateInput => ({
  properties,
  ...(associations.length > 0 && { associations }),
  ...(objectWriteTraceId !== undefined && { objectWriteTraceId })
})

/** The input, or its issues in the order of their places. */
export const checked = (input: BatchRequest.CreateInput, issues: ReadonlyArray<RowIssue>): Row["input"] => {
  const [first, ...rest] = [...issues].sort((a, b) => a.line - b.line || a.column - b.column)
  return first === undefined ? Result.succeed(input) : Result.fail([first, ...rest])
}

/** The names that a flat object or a CSV header has for the input's parent. */
export const parentColumns = {
  deal_id: "deal",
  quote_id: "quote",
  invoice_id: "invoice",
  order_id: "order",
  cart_id: "cart",
  subscription_id: "subscription",
  payment_id: "payment"
} as const

export const isParentColumn = (name: string): name is keyof typeof parentColumns =>
  Object.hasOwn(parentColumns, name)

/** `1 MiB` for 1,048,576; otherwise `1,000 characters`. */
export const size = (limit: number): string => {
  const mebibytes = limit / (1024 * 1024)
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${limit.toLocaleString("en-US")} characters`
}

/** Counts the line breaks (LF, CRLF or CR) in a part of a text. */
export const breaks = (text: string, start = 0, end = text.length): number => {
  let count = 0
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (c === 10 ? i === 0 || text.charCodeAt(i - 1) !== 13 : c === 13) count++
  }
  return count
}

/** A text that is safe to print: control characters and marks of direction are escaped. */
export const visible = (text: string): string =>
  text.replace(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
