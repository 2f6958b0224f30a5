/**
 * Files of rows that did not become line items, in their original columns and ready to be corrected and
 * imported again.
 *
 * A CSV file gives a CSV file, with the cells as they were read; NDJSON and JSON arrays give NDJSON, with
 * every number and text as it was written. `_line` and `_reason` are added, or replaced where the input
 * was a rejects file itself. Doubts carry `_doubt` as well, which `Source` refuses: they may exist in
 * HubSpot already. Nothing is escaped for spreadsheets.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as Json from "./source/json.ts"
import { visible } from "./source/row.ts"
import type { Original, Row, Source } from "./Source.ts"

/**
 * The file cannot be made or written. `reason` is `Exists` for a file that is there already: it is never
 * overwritten. `message` is one line.
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
 * A row and why it is here.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly row: Pick<Row, "line" | "original">
  readonly reason: string
}

/**
 * A row that may or may not exist: the trace id it was sent with, and what is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Doubt extends Entry {
  readonly traceId: string
  readonly evidence: string
}

/**
 * An open file. What `write` and `writeAll` took is in the file when they return; calls do not mix.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejects {
  readonly path: string
  readonly write: (row: Entry["row"], reason: string) => Effect.Effect<void, RejectsError>
  readonly writeAll: (entries: ReadonlyArray<Entry>) => Effect.Effect<void, RejectsError>
  /** Takes the file away again: nothing was written and nothing will be. */
  readonly discard: Effect.Effect<void>
}

/**
 * An open file of doubts, see {@link Rejects}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Doubts {
  readonly path: string
  readonly write: (
    row: Entry["row"],
    doubt: Pick<Doubt, "reason" | "traceId" | "evidence">
  ) => Effect.Effect<void, RejectsError>
  readonly writeAll: (entries: ReadonlyArray<Doubt>) => Effect.Effect<void, RejectsError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The file to make, with mode 0600. It must not exist. */
  readonly path: string
  /** Where the rows come from: its format and its header. */
  readonly source: Pick<Source, "format" | "header">
}

type Extra = ReadonlyArray<readonly [name: string, value: string]>

/**
 * What a row of a rejects file has as `_line`, as it is written there. Undefined if it has none, or more than one.
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
  { header = [] }: Pick<Source, "header">,
  { original }: Pick<Row, "original">
): string | undefined => {
  if (original._tag === "Csv") return original.cells[header.indexOf("_line")]
  const document = Json.read(original.text)
  if (Json.isError(document) || document.value.type !== "object") return undefined
  const [first, ...others] = document.value.members.filter(({ key }) => key === "_line")
  return others.length === 0 && (first?.value.type === "number" || first?.value.type === "text")
    ? first.value.text
    : undefined
}

/**
 * The line that a row of a rejects file names: in the file that was imported first. Undefined if it names none.
 *
 * @category reading
 * @since 0.1.0
 */
export const lineOf = (source: Pick<Source, "header">, row: Pick<Row, "original">): number | undefined =>
  numberOf(lineTextOf(source, row))

/**
 * The number of a line, from 1, as it is written. Undefined if the text is none.
 *
 * @category reading
 * @since 0.1.0
 */
export const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined

const isOwn = (name: string): boolean =>
  name === "_line" || name === "_reason" || name === "_doubt" || name === "_doubt_evidence"

const printed = (text: string): string => visible(text).toWellFormed()

const fail = (file: string) => (error: PlatformError) =>
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
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : "the system refused"

const csv = (records: Arr.NonEmptyReadonlyArray<ReadonlyArray<string>>): Effect.Effect<string> =>
  Stream.fromIterable(records).pipe(
    Stream.pipeThroughChannel(Csv.encodeString({ newline: "\n" })),
    Stream.mkString
  )

/** The object with its members as they were written, without our own, and with ours at the end. */
const jsonLine = (text: string, extra: Extra): string => {
  const document = Json.read(text)
  const members =
    Json.isError(document) || document.value.type !== "object"
      ? []
      : document.value.members
          .filter(({ key }) => !isOwn(key))
          .map(({ start, value }) => text.slice(start, value.end))
  const added = extra.map(
    ([name, value]) => `${JSON.stringify(name)}:${name === "_line" ? value : JSON.stringify(value)}`
  )
  return Json.oneLine(`{${[...members, ...added].join(",")}}`)
}

/** How rows of a source become text. `names` are the columns that are added. */
const writer = ({ format, header = [] }: Options["source"], names: ReadonlyArray<string>) => {
  const kept = header.flatMap((name, index) => (isOwn(name) ? [] : [index]))
  const cells = (original: Original): ReadonlyArray<string> =>
    original._tag === "Csv" ? kept.map((index) => original.cells[index] ?? "") : []
  const values = (extra: Extra): ReadonlyArray<string> => extra.map(([, value]) => value)
  if (format === "csv") {
    return {
      header: csv([[...kept.map((index) => header[index] ?? ""), ...names]]),
      text: (rows: Arr.NonEmptyReadonlyArray<readonly [Original, Extra]>) =>
        csv(Arr.map(rows, ([original, extra]) => [...cells(original), ...values(extra)]))
    }
  }
  return {
    header: Effect.succeed(""),
    text: (rows: Arr.NonEmptyReadonlyArray<readonly [Original, Extra]>) =>
      Effect.sync(() =>
        rows
          .map(([original, extra]) => `${jsonLine(original._tag === "Json" ? original.text : "{}", extra)}\n`)
          .join("")
      )
  }
}

const encoder = new TextEncoder()

/** Makes the file and its header; returns what writes rows. */
const create = Effect.fnUntraced(function* <E extends Entry>(
  { path, source }: Options,
  names: ReadonlyArray<string>,
  extra: (entry: E) => ReadonlyArray<string>
): Effect.fn.Return<
  (entries: ReadonlyArray<E>) => Effect.Effect<void, RejectsError>,
  RejectsError,
  FileSystem.FileSystem | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const rows = writer(source, names)
  const file = yield* Effect.mapError(fs.open(path, { flag: "wx", mode: 0o600 }), fail(path))
  const turn = yield* Semaphore.make(1)
  const append = (text: string) =>
    Effect.mapError(file.writeAll(encoder.encode(text)), fail(path)).pipe(
      Effect.uninterruptible,
      turn.withPermit
    )
  yield* append(yield* rows.header)
  return (entries) => {
    const records = entries.map(
      (entry) =>
        [
          entry.row.original,
          extra(entry).map((value, index) => [names[index] ?? "", printed(value)] as const)
        ] as const
    )
    return Arr.isArrayNonEmpty(records) ? Effect.flatMap(rows.text(records), append) : Effect.void
  }
})

/**
 * Makes a rejects file. It is closed with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Rejects, RejectsError, FileSystem.FileSystem | Scope.Scope> {
  const writeAll = yield* create<Entry>(options, ["_line", "_reason"], ({ reason, row }) => [
    String(row.line),
    reason
  ])
  const fs = yield* FileSystem.FileSystem
  return {
    path: options.path,
    write: (row, reason) => writeAll([{ row, reason }]),
    writeAll,
    discard: Effect.ignore(fs.remove(options.path))
  }
})

/**
 * Makes a file of doubts: a rejects file with `_doubt`, the trace id, and `_doubt_evidence`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeDoubts = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Doubts, RejectsError, FileSystem.FileSystem | Scope.Scope> {
  const writeAll = yield* create<Doubt>(
    options,
    ["_line", "_reason", "_doubt", "_doubt_evidence"],
    ({ evidence, reason, row, traceId }) => [String(row.line), reason, traceId, evidence]
  )
  return { path: options.path, write: (row, doubt) => writeAll([{ row, ...doubt }]), writeAll }
})
