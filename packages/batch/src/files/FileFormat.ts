/**
 * What a file is: its encoding, its delimiter, how it writes numbers and days, and which property each column becomes. A
 * format is plain data, of which a JSON Schema can be derived. It says what a person declared; it guesses nothing, and reads
 * no file itself.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Dates from "./source/dates.ts"
import * as Finds from "./source/finds.ts"
import * as Records from "./source/records.ts"
import { isParentColumn } from "./source/row.ts"

/** Words for characters that a shell or an eye would take for something else. */
const characters: ReadonlyMap<string, string> = new Map(
  Object.entries({ comma: ",", dot: ".", semicolon: ";", tab: "\t", pipe: "|", space: " ", apostrophe: "'" })
)

/**
 * The character that a word such as `semicolon` stands for; any other text is itself.
 *
 * @category reading
 * @since 0.1.0
 */
export const characterOf = (word: string): string => characters.get(word) ?? word

const text = Schema.optionalKey(Schema.NonEmptyString)
const lines = Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })))
const pattern = (expression: RegExp, expected: string) =>
  Schema.optionalKey(Schema.String.check(Schema.isPattern(expression, { expected })))

/** A separator or its word. */
const separators = "a character, or comma, dot, semicolon, tab, pipe, space or apostrophe"
const separator = pattern(
  /^(?:[^"\r\n\u{10000}-\u{10FFFF}]|comma|dot|semicolon|tab|pipe|space|apostrophe)$/u,
  separators
)

/**
 * How values are written: in the whole file, or in one column.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Values = Schema.Struct({
  /** What stands before the fraction. Default: the dot. */
  decimal: Schema.optionalKey(Schema.Literals(["comma", "dot", ",", "."])),
  /** What stands between groups of three digits. Default: nothing may. `space` is any blank, also one that does not break. */
  thousands: Schema.optionalKey(Schema.Literals(["comma", "dot", "space", "apostrophe", ",", ".", " ", "'"])),
  /** The code of the currency whose sign or code is taken away. */
  currency: pattern(/^[A-Za-z]{3}$/u, "the code of a currency, such as EUR"),
  /** `strip` takes `%` away: `10 %` is 10. Amounts of money keep it, and are invalid. */
  percent: Schema.optionalKey(Schema.Literal("strip")),
  /** `(12.50)` is −12.50. */
  negatives: Schema.optionalKey(Schema.Literal("parentheses")),
  /** `dd.MM.yyyy`; also `d`, `M`, `MMM` (Jan), `MMMM` (January), `yy` (20yy), and `HH`, `mm`, `ss`, which must be midnight. */
  dates: text,
  /** Cells that mean that nothing is sent. */
  empty: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  /** The words for true and false, in any case. */
  booleans: pattern(/^[^/]+\/[^/]+$/u, "the words for true and false, such as yes/no"),
  /** `labels` takes an option's label, in any case, for its value, where the account's definitions are known. */
  options: Schema.optionalKey(Schema.Literal("labels"))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Values = typeof Values.Type

/**
 * All that can be declared of a file. Every key is optional; without any, only what is recognised with certainty differs from
 * reading without a format: gzip, a `sep=` line, and rows of nothing but delimiters, which are skipped.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileFormat = Schema.Struct({
  ...Values.fields,
  /** Any label of the Encoding standard. Default: `utf-8`. */
  encoding: text,
  /** Default: the comma, or what a `sep=` line says. */
  delimiter: separator,
  /** The character around cells, or `none`. Default: `"`. */
  quote: pattern(/^(?:[^\r\n\u{10000}-\u{10FFFF}]|apostrophe|none)$/u, "a character, apostrophe or none"),
  /** `skip` takes away the blanks after a delimiter, also before a quote. */
  blanks: Schema.optionalKey(Schema.Literal("skip")),
  /** Lines before the header. */
  skipLines: lines,
  /** Lines at the end, such as a total. Blank ones do not count. */
  skipLast: lines,
  /** The names of the columns of a file without a header. */
  columns: Schema.optionalKey(Schema.NonEmptyArray(Schema.NonEmptyString)),
  /** How single columns write their values, by the column's name or its property. */
  perColumn: Schema.optionalKey(Schema.Record(Schema.String, Values)),
  /** Column → property, parent (`deal_id`) or `objectWriteTraceId`. */
  map: Schema.optionalKey(Schema.Record(Schema.String, Schema.NonEmptyString)),
  /** The sheet of a spreadsheet (.xlsx), by its name. Default: the only one that is visible. */
  sheet: text,
  /** Column → a record by a property of its own: `deal.erp_number`, `product.hs_sku`. Its id becomes the parent or product. */
  find: Schema.optionalKey(Schema.Record(Schema.String, Schema.NonEmptyString)),
  /** Where the objects of a JSON file are: names and `[]` joined by dots, such as `data` or `[].line_items`. */
  root: pattern(
    /^(?:\[\]|[^.]+)(?:\.(?:\[\]|[^.]+))*$/u,
    "names and [] joined by dots, such as [].line_items"
  ),
  /** `hubspot` takes the properties of HubSpot's own records, without those that HubSpot computes. */
  records: Schema.optionalKey(Schema.Literal("hubspot")),
  /** `rejects` makes invalid rows of records that break the syntax; by default they stop the file. */
  broken: Schema.optionalKey(Schema.Literals(["stop", "rejects"])),
  /** Columns that are not read; `unmapped` stands for all that are neither mapped nor a known property. */
  ignore: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Property → a value for every row. */
  set: Schema.optionalKey(Schema.Record(Schema.String, Schema.NonEmptyString))
})

/**
 * @category models
 * @since 0.1.0
 */
export type FileFormat = typeof FileFormat.Type

/**
 * A declaration that cannot be meant. `message` is one line: what is wrong, what to do.
 *
 * @category errors
 * @since 0.1.0
 */
export class FormatError extends Schema.TaggedError<FormatError>()("FormatError", {
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `${this.problem}; ${this.advice}`
  }
}

const wrong = (problem: string, advice: string): Result.Result<never, FormatError> =>
  Result.fail(new FormatError({ problem, advice }))

const isEncoding = (label: string): boolean => Result.isSuccess(Result.try(() => new TextDecoder(label)))

const entriesOf = <A>(record: Readonly<Record<string, A>> = {}): ReadonlyArray<[string, A]> =>
  Object.entries(record)

/** What is wrong with values, `prefix` is the column that they are for. */
const checkValues = (values: Values, prefix: string, above: Values): Result.Result<void, FormatError> => {
  const decimal = characterOf(values.decimal ?? above.decimal ?? "dot")
  const thousands = values.thousands ?? above.thousands
  if (thousands !== undefined && characterOf(thousands) === decimal) {
    const is = decimal === "," ? "comma" : "dot"
    const other = decimal === "," ? "dot" : "comma"
    return wrong(
      `${prefix}thousands=${is} and ${prefix}decimal=${is} are the same character`,
      `declare ${prefix}decimal=${other}, or other thousands`
    )
  }
  if (values.dates !== undefined && Dates.readerOf(values.dates) === undefined) {
    return wrong(
      `${prefix}dates=${InputIssue.quote(values.dates)} has no day, month and year once each`,
      "write it as dd.MM.yyyy or MM/dd/yyyy"
    )
  }
  const [yes, no] = (values.booleans ?? "true/false").toLowerCase().split("/")
  return yes?.trim() === no?.trim() || no?.trim() === "true" || yes?.trim() === "false"
    ? wrong(
        `${prefix}booleans=${InputIssue.quote(values.booleans ?? "")} has no word for each`,
        "write true's first: yes/no"
      )
    : Result.void
}

/**
 * The format itself, or the first thing that its parts contradict each other in: two columns for one property, a constant for a
 * mapped column, an encoding nobody knows.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (format: FileFormat): Result.Result<FileFormat, FormatError> => {
  if (format.encoding !== undefined && !isEncoding(format.encoding)) {
    return wrong(
      `encoding ${InputIssue.quote(format.encoding)} is not known`,
      "give a label of the Encoding standard, such as utf-8, utf-16 or windows-1252"
    )
  }
  if (format.delimiter !== undefined && characterOf(format.delimiter) === characterOf(format.quote ?? '"')) {
    return wrong("delimiter and quote are the same character", "declare the one that the file has")
  }
  for (const [column, values] of [["", format] as const, ...entriesOf(format.perColumn)]) {
    const checked = checkValues(values, column === "" ? "" : `${column}.`, format)
    if (Result.isFailure(checked)) return Result.fail(checked.failure)
  }
  const taken = new Map<string, string>()
  for (const [column, property] of entriesOf(format.map)) {
    const illegal = InputIssue.ofName(property, "")[0]
    if (illegal !== undefined && property !== traceId) return wrong(illegal.message, illegal.advice)
    const first = taken.get(property)
    if (first !== undefined) return twoColumns(property, first, column)
    taken.set(property, column)
    if (format.ignore?.includes(column) === true) {
      return wrong(`column ${InputIssue.quote(column)} is mapped and ignored`, "keep one of the two")
    }
  }
  const find = Finds.refuse(format, taken)
  if (find !== undefined) return wrong(find.problem, find.advice)
  for (const [property, value] of entriesOf(format.set)) {
    const column = taken.get(property)
    if (column !== undefined) return constantForColumn(property, column)
    const issue = constantIssue(property, value)
    if (issue !== undefined) return wrong(`set ${property}: ${issue.message}`, issue.advice)
  }
  const repeated = format.columns?.find((name, index, all) => all.indexOf(name) !== index)
  return repeated === undefined
    ? Result.succeed(format)
    : wrong(`columns has ${InputIssue.quote(repeated)} twice`, "give every column a name of its own")
}

/**
 * The columns whose values are looked up.
 *
 * @category reading
 * @since 0.1.0
 */
export const findsOf = ({ find }: FileFormat) => Finds.all(find)

const traceId = "objectWriteTraceId"

/** Why a value cannot be the same for every row. */
const constantIssue = (name: string, value: string): Omit<InputIssue.InputIssue, "path"> | undefined =>
  name === traceId
    ? { message: "a trace id belongs to one line item", advice: "leave it out" }
    : isParentColumn(name)
      ? InputIssue.ofRecord({ id: value })[0]
      : (InputIssue.ofName(name, "")[0] ?? InputIssue.ofValue(name, value, "")[0])

/**
 * Two columns would become one property.
 *
 * @category errors
 * @since 0.1.0
 */
export const twoColumns = (property: string, first: string, second: string) =>
  wrong(
    `two columns for ${property}: ${InputIssue.quote(first)} and ${InputIssue.quote(second)}`,
    "ignore one, or map it to another property"
  )

/**
 * A property has a constant and a column.
 *
 * @category errors
 * @since 0.1.0
 */
export const constantForColumn = (property: string, column: string) =>
  wrong(
    `${property} is set for every row, and column ${InputIssue.quote(column)} becomes it too`,
    "ignore the column, or do not set it"
  )

/**
 * A format from plain data, such as the content of a format file. Unknown keys are refused; `$schema` is for editors.
 *
 * **Example**
 *
 * ```ts
 * import { FileFormat } from "@effect-hubspot/batch"
 * import { Result } from "effect"
 *
 * const read = FileFormat.fromUnknown({ delimiter: "semicolon", decimals: "comma" })
 * const problem = Result.match(read, { onFailure: ({ problem }) => problem, onSuccess: () => "none" })
 * problem // => "unknown key \"decimals\""
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromUnknown = (given: unknown): Result.Result<FileFormat, FormatError> => {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return wrong("a format is an object of keys", 'write {"delimiter": "semicolon", …}')
  }
  const { $schema: _, ...keys } = given as FileFormat & { readonly $schema?: unknown }
  const foreign = Object.keys(keys).find((key) => !Object.hasOwn(FileFormat.fields, key))
  if (foreign !== undefined) return unknownKey(foreign)
  for (const [column, values] of Object.entries(keys.perColumn ?? {})) {
    const key = Object.keys(values ?? {}).find((key) => !Object.hasOwn(Values.fields, key))
    if (key !== undefined) return unknownKey(`${column}.${key}`)
  }
  return Result.match(decode(keys), {
    onFailure: (error) => wrong(oneLine(error.message), "see the keys of a format"),
    onSuccess: check
  })
}

const decode = Schema.decodeUnknownResult(FileFormat)

const oneLine = (message: string): string => message.replace(/\s*\n\s*/g, " ")

const unknownKey = (key: string) =>
  wrong(`unknown key ${InputIssue.quote(key)}`, `the keys are ${Object.keys(FileFormat.fields).join(", ")}`)

/**
 * Two formats as one. Where both have a single value, that of `over` holds; columns, constants and lists are taken together.
 *
 * @category combining
 * @since 0.1.0
 */
export const merge = (format: FileFormat, over: FileFormat): Result.Result<FileFormat, FormatError> => {
  const merged: Record<string, unknown> = { ...format }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] =
      key === "ignore"
        ? [...new Set([...(format.ignore ?? []), ...(over.ignore ?? [])])]
        : Records.isRecord(before) && Records.isRecord(value)
          ? Records.merge(before, value)
          : value
  }
  return check(merged as FileFormat)
}

const lists = new Set(["empty", "columns", "ignore"])
const numbers = new Set(["skipLines", "skipLast"])
const sides: ReadonlyMap<string, string> = new Map([
  ["map", '"column=property"'],
  ["find", '"column=object.property"'],
  ["set", '"property=value"']
])

/** The key and the value of a word, as they stand in a format. */
const read = (
  word: string
): Result.Result<readonly [path: ReadonlyArray<string>, value: unknown], FormatError> => {
  const split = word.indexOf("=")
  if (split <= 0) return wrong(`${InputIssue.quote(word)} is not key=value`, "write delimiter=semicolon")
  const key = word.slice(0, split)
  const value = word.slice(split + 1)
  // The column of an index has no name.
  if (value === "" && key !== "ignore") return wrong(`${key} has no value`, `write ${key}=…, or leave it out`)
  const example = sides.get(key)
  if (example !== undefined) {
    const at = key === "set" ? value.indexOf("=") : value.lastIndexOf("=")
    return at > 0 && at < value.length - 1
      ? Result.succeed([[key, value.slice(0, at)], value.slice(at + 1)])
      : wrong(`${key} ${InputIssue.quote(value)} has two sides, with = between`, `write ${example}`)
  }
  const dot = key.lastIndexOf(".")
  const path = dot > 0 ? ["perColumn", key.slice(0, dot), key.slice(dot + 1)] : [key]
  const name = path.at(-1) ?? key
  if (name === "ignore") return Result.succeed([path, [value]])
  if (lists.has(name)) return Result.succeed([path, value.split(",")])
  return Result.succeed([path, numbers.has(name) && /^\d+$/.test(value) ? Number(value) : value])
}

/**
 * A format from words as they stand on a command line: `delimiter=semicolon`, `price.decimal=comma`, `map=Unit Price=price`,
 * `find=Order No=deal.erp_number`, `ignore=Notes`, `set=name=Chair`, `empty=NULL,-`. A key of one value is given once.
 *
 * **Example**
 *
 * ```ts
 * import { FileFormat } from "@effect-hubspot/batch"
 * import { Result } from "effect"
 *
 * const read = FileFormat.fromWords(["delimiter=semicolon", "decimal=comma", "map=Unit Price=price"])
 * const format = Result.getOrThrow(read)
 * format // => { delimiter: "semicolon", decimal: "comma", map: { "Unit Price": "price" } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWords = (words: ReadonlyArray<string>): Result.Result<FileFormat, FormatError> => {
  const format: Record<string, unknown> = {}
  for (const word of words) {
    const found = read(word)
    if (Result.isFailure(found)) return Result.fail(found.failure)
    const [path, value] = found.success
    const key = path.at(-1) ?? ""
    let target = format
    for (const part of path.slice(0, -1)) {
      const inner = Object.hasOwn(target, part) ? target[part] : {}
      Object.defineProperty(target, part, { value: inner, enumerable: true })
      target = inner as Record<string, unknown>
    }
    const before = Object.hasOwn(target, key) ? target[key] : undefined
    if (before !== undefined && !Array.isArray(before) && before !== value) {
      return wrong(`${path.join(".").replace("perColumn.", "")} is declared twice`, "keep one")
    }
    const all = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
    Object.defineProperty(target, key, { value: all, enumerable: true, configurable: true })
  }
  return fromUnknown(format)
}
