/**
 * Input files: bytes in, rows out, as a stream. CSV, one JSON object per line (NDJSON) and JSON arrays.
 *
 * A row that cannot be sent is a row with issues and never stops the file; what makes the rest of the
 * file unreadable is a `SourceError`, after the rows before it. Nothing is guessed or corrected: numbers
 * keep their exact text, cells keep their blanks. No more than one chunk and one row is held.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Open from "./source/open.ts"
import * as Pipe from "./source/pipe.ts"
import type { Chunks } from "./source/pull.ts"
import { type Failure, type Row, type RowIssue, visible } from "./source/row.ts"

export { isParentColumn, visible } from "./source/row.ts"
export type { Original, Row, RowIssue } from "./source/row.ts"

/**
 * How a file is written. `csv` has a header of internal property names, `ndjson` one object per line,
 * `json` is one array of objects.
 *
 * @category models
 * @since 0.1.0
 */
export type Format = Open.Format

/**
 * The file cannot be read (`Access`), or not beyond `line` and `column` (`Syntax`; both 1-based, of a CSV
 * file the column is the number of the cell, where text is no UTF-8 it is the byte). `message` is one
 * line that says where, what and what to do.
 *
 * @category errors
 * @since 0.1.0
 */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  reason: Schema.Literals(["Access", "Syntax"]),
  file: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  column: Schema.optionalKey(Schema.Int),
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    const where =
      this.reason === "Access" ? `cannot read ${visible(this.file)}` : at(this.file, this.line, this.column)
    return `${where}: ${this.problem}; ${this.advice}`
  }
}

/**
 * An open file. `header` is there for CSV files that are not empty. The rows of a `replayable` source, a
 * regular file, can be read again from the beginning; the others once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly name: string
  readonly format: Format
  readonly header: ReadonlyArray<string> | undefined
  readonly rows: Stream.Stream<Row, SourceError>
  readonly replayable: boolean
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The format, whatever name and content say. By default the file's extension, else its first character. */
  readonly format?: Format | undefined
  /** The longest record, line or array element, in UTF-16 code units. Default 1,048,576 (1 MiB). */
  readonly maxLineLength?: number | undefined
}

const at = (file: string, line?: number, column?: number): string =>
  [visible(file), ...(line === undefined ? [] : [line]), ...(column === undefined ? [] : [column])].join(":")

const show = (path: string): string =>
  path.length <= 60 && /^[\w.[\]]+$/.test(path) ? path : InputIssue.quote(path)

/**
 * An issue of a row in one line, without its place: `price: "12,50" is not a finite number; write …`.
 * The reason that goes into a rejects file.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = (issue: RowIssue): string =>
  `${issue.path === "" ? "" : `${show(issue.path)}: `}${issue.message}; ${issue.advice}`

/**
 * An issue of a row in one line with its place: `items.csv:7:3: price: …`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const format = (source: { readonly name: string }, issue: RowIssue): string =>
  `${at(source.name, issue.line, issue.column)}: ${describe(issue)}`

const extensions: Readonly<Record<string, Format>> = {
  csv: "csv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "json"
}

const guess = (name: string): Format | undefined => {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase()
  return extension !== undefined && Object.hasOwn(extensions, extension) ? extensions[extension] : undefined
}

const optionsOf = (name: string, options: Options | undefined): Open.Options => ({
  format: options?.format,
  guess: guess(name),
  maxLineLength: options?.maxLineLength ?? 1024 * 1024
})

const toError = (name: string) => (error: Failure | SourceError) =>
  error instanceof SourceError ? error : new SourceError({ reason: "Syntax", file: name, ...error })

/** Opens once: the rows go on where the header ended. */
const openOnce = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  options: Open.Options
) {
  const scope = yield* Scope.Scope
  const pull = yield* Stream.toPull(bytes)
  return yield* Effect.mapError(Open.open(pull, options, scope), toError(name))
})

const streamOf = (name: string, rows: Chunks<Row, SourceError | Failure>) =>
  Stream.mapError(Stream.fromPull(Effect.succeed(rows)), toError(name))

/**
 * A source from bytes that come once. `open` is this with a file or the standard input.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBytes = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  options?: Options
): Effect.fn.Return<Source, SourceError, Scope.Scope> {
  const opened = yield* openOnce(name, bytes, optionsOf(name, options))
  let read = false
  const rows = Stream.suspend(() => {
    if (read) {
      return Stream.fail(unreadable(name, "it can be read only once", "give a regular file to read it again"))
    }
    read = true
    return streamOf(name, opened.rows)
  })
  return { name, format: opened.format, header: opened.header, rows, replayable: false }
})

const unreadable = (file: string, problem: string, advice: string): SourceError =>
  new SourceError({ reason: "Access", file, problem, advice })

const causes: Readonly<Record<string, readonly [problem: string, advice: string]>> = {
  NotFound: ["no such file", "check the path"],
  PermissionDenied: ["permission denied", "make it readable for this user"],
  Busy: ["it is in use", "try again later"],
  TimedOut: ["the read timed out", "try again"]
}

const fromPlatform = (name: string) => (error: unknown) => {
  const reason = isPlatformError(error) ? error.reason : undefined
  const [problem, advice] = (reason !== undefined && Object.hasOwn(causes, reason._tag)
    ? causes[reason._tag]
    : undefined) ?? ["the system refused to read it", "check the path and the disk"]
  return unreadable(name, problem, advice)
}

const isPlatformError = (error: unknown): error is PlatformError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "PlatformError"

/**
 * Opens a file, or the standard input, and reads as far as its header. A regular file is opened again
 * for each run of `rows`; pipes and devices are read once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (
  input: { readonly path: string } | "stdin",
  options?: Options
): Effect.fn.Return<Source, SourceError, FileSystem.FileSystem | Stdio.Stdio | Scope.Scope> {
  if (input === "stdin") {
    const { stdin } = yield* Stdio.Stdio
    return yield* fromBytes("stdin", Stream.mapError(stdin, fromPlatform("stdin")), options)
  }
  const name = input.path
  if (name === "") {
    return yield* unreadable('""', "the path is empty", 'give a file, or "-" for the standard input')
  }
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.mapError(fs.stat(name), fromPlatform(name))
  if (info.type === "Directory") return yield* unreadable(name, "it is a directory", "give a file")
  if (info.type !== "File") {
    return yield* fromBytes(name, Stream.mapError(Pipe.stream(name), fromPlatform(name)), options)
  }
  const bytes = Stream.mapError(fs.stream(name), fromPlatform(name))
  const settings = optionsOf(name, options)
  const { format, header } = yield* Effect.scoped(openOnce(name, bytes, settings))
  const rows = Stream.unwrap(
    Effect.map(openOnce(name, bytes, { ...settings, format }), (opened) => streamOf(name, opened.rows))
  )
  return { name, format, header, rows, replayable: true }
})

/**
 * Reads a regular file through, and fails with its first syntax error. Says how many rows there are, and
 * how many of them cannot be sent. Takes nothing from a source that can be read only once: it fails.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (
  source: Source
): Effect.Effect<{ readonly rows: number; readonly invalid: number }, SourceError> =>
  source.replayable
    ? Stream.runFold(
        Stream.chunks(source.rows),
        () => ({ rows: 0, invalid: 0 }),
        (sum, rows) => ({
          rows: sum.rows + rows.length,
          invalid: rows.reduce((n, row) => (Result.isFailure(row.input) ? n + 1 : n), sum.invalid)
        })
      )
    : Effect.fail(
        unreadable(source.name, "it can be read only once, so it is not checked first", "give a regular file")
      )
