/**
 * Writes files of rows in their original columns: rows that did not become line items, ready to be corrected and imported
 * again, and rows that did, with their ids.
 *
 * The rows of a CSV file become CSV with the same cells. The rows of JSON become NDJSON, with every number and text as it was
 * written. Encoding, byte order mark, delimiter, quotes and line ends are those of the input; `formatOf` says what differs.
 * `_line` and `_reason` are added, or replaced where the input was a rejects file itself, and `_text` for records that break
 * the syntax. Doubts have `_doubt`, and created rows `_how`, which `Source` refuses: HubSpot may have them already. It escapes
 * nothing for spreadsheets.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Created } from "../model/Outcome.ts"
import type { FileFormat } from "./FileFormat.ts"
import * as Encode from "./source/encode.ts"
import * as Json from "./source/json.ts"
import { visible } from "./source/row.ts"
import * as Writer from "./source/writer.ts"
import type { Row, Source } from "./Source.ts"

/**
 * The file cannot be made or written. `reason` is `Exists` where there is a file of this name, which is never overwritten.
 * `message` is one line.
 *
 * @category errors
 * @since 0.1.0
 */
export class RejectsError extends Schema.TaggedError<RejectsError>()("RejectsError", {
  file: Schema.String,
  reason: Schema.Literals(["Exists", "Unwritable"]),
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `${visible(this.file)} ${this.problem}; ${this.advice}`
  }
}

/**
 * A row, and why it did not become a line item.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly row: Pick<Row, "line" | "original">
  readonly reason: string
}

/**
 * A row in doubt: the trace id it was sent with, and the evidence.
 *
 * @category models
 * @since 0.1.0
 */
export interface Doubt extends Entry {
  readonly traceId: string
  readonly evidence: string
}

/**
 * A row that was created, the id of its line item, and how that is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface CreatedRow extends Pick<Created<unknown>, "id" | "via"> {
  readonly row: Pick<Row, "line" | "original">
}

/**
 * An open file. The rows of `writeAll` are in the file when it returns; concurrent calls do not mix.
 *
 * @category models
 * @since 0.1.0
 */
export interface Written<E> {
  readonly path: string
  readonly writeAll: (entries: ReadonlyArray<E>) => Effect.Effect<void, RejectsError>
  /** Removes the file. For a file without rows. */
  readonly discard: Effect.Effect<void>
}

/**
 * An open file of rejects.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejects extends Written<Entry> {
  readonly write: (row: Entry["row"], reason: string) => Effect.Effect<void, RejectsError>
}

/**
 * An open file of doubts, see {@link Rejects}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Doubts extends Written<Doubt> {
  readonly write: (row: Entry["row"], doubt: Omit<Doubt, "row">) => Effect.Effect<void, RejectsError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The file to make, with mode 0600. It must not exist. */
  readonly path: string
  /** The format and the header of the rows, and how their file is written. Default: UTF-8, commas and LF. */
  readonly source: Writer.Origin
}

/**
 * What is to be declared of a file of rows, so that it is read as the file that they come from: the same, without what it does
 * not have, such as lines before the header, or objects around the rows.
 *
 * **Example**
 *
 * ```ts
 * import { Rejects } from "@effect-hubspot/batch"
 *
 * const source = { format: "csv", header: ["name", "price"], dialect: { delimiter: ";" } } as const
 * const format = Rejects.formatOf(source, { delimiter: "semicolon", decimal: "comma", skipLines: 2 })
 * format // => { decimal: "comma", delimiter: ";" }
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const formatOf = (source: Options["source"], declared: FileFormat = {}): FileFormat => {
  const {
    blanks: _blanks,
    columns: _columns,
    delimiter: _delimiter,
    encoding: _encoding,
    quote: _quote,
    root: _root,
    sheet: _sheet,
    skipLast: _skipLast,
    skipLines: _skipLines,
    ...others
  } = declared
  const { delimiter, encoding, quote, sep } = Writer.dialectOf(source)
  return {
    ...others,
    ...(encoding !== undefined && { encoding }),
    ...(delimiter !== undefined && sep === undefined && { delimiter }),
    ...(quote !== undefined && { quote })
  }
}

/**
 * The text of `_line` in a row of a rejects file. Undefined if the row has none, or more than one.
 *
 * **Example**
 *
 * ```ts
 * import { Rejects } from "@effect-hubspot/batch"
 *
 * const row = { original: { _tag: "Json", text: '{"name":"Chair","_line":7}' } } as const
 * const line = Rejects.lineTextOf({ header: undefined }, row)
 * line // => "7"
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const lineTextOf = (
  { header = [] }: { readonly header?: Source["header"] },
  { original }: Pick<Row, "original">
): string | undefined => {
  if (original._tag === "Broken") return undefined
  if (original._tag === "Csv") return original.cells[header.indexOf("_line")]
  const document = Json.read(original.text)
  if (Json.isError(document) || document.value.type !== "object") return undefined
  const [first, ...others] = document.value.members.filter(({ key }) => key === "_line")
  return others.length === 0 && (first?.value.type === "number" || first?.value.type === "text")
    ? first.value.text
    : undefined
}

/**
 * The line that a row of a rejects file names, in the file that was imported first. Undefined if it names none.
 *
 * @category reading
 * @since 0.1.0
 */
export const lineOf = (
  source: { readonly header?: Source["header"] },
  row: Pick<Row, "original">
): number | undefined => numberOf(lineTextOf(source, row))

/**
 * The number of a line, from 1, that a text is. Undefined if the text is no such number.
 *
 * @category reading
 * @since 0.1.0
 */
export const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined

const printed = (text: string): string => visible(text).toWellFormed()

/**
 * Why a file cannot be made or written.
 *
 * @internal
 */
export const failedOn = (file: string) => (error: PlatformError) =>
  error.reason._tag === "AlreadyExists"
    ? new RejectsError({
        file,
        reason: "Exists",
        problem: "exists",
        advice: "choose another name or remove it"
      })
    : new RejectsError({
        file,
        reason: "Unwritable",
        problem: `cannot be written: ${problems.get(error.reason._tag) ?? visible(error.reason.description ?? code(error))}`,
        advice: "check the path and the space on its disk"
      })

const problems: ReadonlyMap<string, string> = new Map([
  ["NotFound", "no such directory"],
  ["PermissionDenied", "permission denied"],
  ["WriteZero", "the disk takes no more"]
])

const code = ({ reason: { cause } }: PlatformError): string =>
  Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : "the system refused"

/** The longest reason, in characters. */
const maxReason = 200

/** A reason as it is written: in one line. What is cut off anyway is not looked at. */
const shortened = (reason: string): string =>
  InputIssue.shorten(printed(reason.slice(0, maxReason * 2 + 1)), maxReason)

/** Makes the file and its header. */
const create = Effect.fnUntraced(function* <E extends Pick<Entry, "row">>(
  { path, source }: Options,
  names: ReadonlyArray<string>,
  added: (entry: E) => ReadonlyArray<string>
): Effect.fn.Return<Written<E>, RejectsError, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const rows = Writer.make(source, names)
  const { encoding, mark } = Writer.dialectOf(source)
  const encode = Encode.encoderOf(encoding) ?? ((text) => new TextEncoder().encode(text))
  const file = yield* Effect.mapError(fs.open(path, { flag: "wx", mode: 0o600 }), failedOn(path))
  const turn = yield* Semaphore.make(1)
  const append = (text: string) =>
    Effect.mapError(file.writeAll(encode(text)), failedOn(path)).pipe(Effect.uninterruptible, turn.withPermit)
  yield* append(`${mark === true ? "\ufeff" : ""}${rows.header}`)
  return {
    path,
    writeAll: (entries) =>
      entries.length === 0
        ? Effect.void
        : Effect.suspend(() =>
            append(
              entries.map((entry) => rows.text([entry.row.original, added(entry).map(printed)])).join("")
            )
          ),
    discard: Effect.ignore(fs.remove(path))
  }
})

/**
 * Makes a rejects file. The scope closes it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<Rejects, RejectsError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.map(
    create<Entry>(options, ["_line", "_reason"], ({ reason, row }) => [String(row.line), shortened(reason)]),
    (file) => ({ ...file, write: (row, reason) => file.writeAll([{ row, reason }]) })
  )

/**
 * Makes a file of doubts: a rejects file with `_doubt`, the trace id, and `_doubt_evidence`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeDoubts = (
  options: Options
): Effect.Effect<Doubts, RejectsError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.map(
    create<Doubt>(
      options,
      ["_line", "_reason", "_doubt", "_doubt_evidence"],
      ({ evidence, reason, row, traceId }) => [String(row.line), shortened(reason), traceId, evidence]
    ),
    (file) => ({ ...file, write: (row, doubt) => file.writeAll([{ row, ...doubt }]) })
  )

/**
 * Makes a file of rows that were created: their original columns, the id of the line item, the account, and how the row got
 * it: `created`, `found` in HubSpot after a doubt, or `updated` by an upsert.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeCreated = (
  options: Options & { readonly account: string | undefined }
): Effect.Effect<Written<CreatedRow>, RejectsError, FileSystem.FileSystem | Scope.Scope> =>
  create<CreatedRow>(options, ["_id", "_account", "_how"], ({ id, via }) => [
    id,
    options.account ?? "",
    via === "response" ? "created" : via === "updated" ? "updated" : "found"
  ])
