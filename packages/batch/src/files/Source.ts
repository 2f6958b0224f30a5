/**
 * Reads input files: bytes in, a stream of rows out. CSV, one JSON object per line (NDJSON), JSON arrays, and
 * spreadsheets (.xlsx) as if they were CSV.
 *
 * A row that cannot be sent has issues, and the rows after it are read. A `SourceError` ends the stream where the rest of the
 * file is unreadable, after the rows before it. It corrects nothing: numbers keep their exact text, cells keep their blanks.
 * It holds at most one chunk and one row; of a spreadsheet also the texts, up to 64 MiB, which its cells name by number.
 *
 * @since 0.1.0
 */
import { InputIssue, type Property } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { isPlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { Dialect } from "./Dialect.ts"
import * as FileFormat from "./FileFormat.ts"
import * as Declared from "./source/declared.ts"
import * as Names from "./source/names.ts"
import * as Open from "./source/open.ts"
import * as Pipe from "./source/pipe.ts"
import * as Refused from "./source/refused.ts"
import * as Warnings from "./source/warnings.ts"
import type { Chunks } from "./source/pull.ts"
import { type Failure, type Row, type RowIssue, visible } from "./source/row.ts"

export { isParentColumn, visible } from "./source/row.ts"
export type { Original, Row, RowIssue } from "./source/row.ts"

/**
 * The format of a file: `csv` has a header of internal property names, `ndjson` has one object per line, `json` is one
 * array of objects. A spreadsheet is read, and its rows are written, as `csv`.
 *
 * @category models
 * @since 0.1.0
 */
export type Format = Open.Format

/**
 * The file cannot be read at all (`Access`), or not beyond `line` and `column` (`Syntax`; both from 1). The column is the
 * number of the cell in a CSV file or a sheet, and the byte where the text is not UTF-8. `message` is one line: where, what is
 * wrong, what to do.
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
  advice: Schema.String,
  /** Lines about further places, as far as the file was read beyond this one: see {@link check}. */
  also: Schema.optionalKey(Schema.Array(Schema.String))
}) {
  override get message(): string {
    const where =
      this.reason === "Access" ? `cannot read ${visible(this.file)}` : at(this.file, this.line, this.column)
    return `${where}: ${this.problem}; ${this.advice}`
  }
}

/**
 * An open file, and how its text is written. A CSV file that is not empty has a `header`. The rows of a `replayable` source, a regular file, can be
 * read any number of times; all others once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly name: string
  readonly format: Format
  readonly header: ReadonlyArray<string> | undefined
  readonly dialect: Dialect
  readonly rows: Stream.Stream<Row, SourceError>
  readonly replayable: boolean
  /** The rows, with those that break the syntax where the file stops at them. Only of a regular file that is declared. */
  readonly tolerant?: Stream.Stream<Row, SourceError> | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The format, which name and content do not overrule. Default: by the file's extension, else by its first character. */
  readonly format?: Format | undefined
  /** The longest record, line or array element, in UTF-16 code units. Default 1,048,576 (1 MiB). */
  readonly maxLineLength?: number | undefined
  /** What is declared of the file. Default: nothing, it is read exactly. */
  readonly declared?: FileFormat.FileFormat | undefined
  /** The account's definitions, for the types and options of its own properties. Default: the standard types only. */
  readonly definitions?: ReadonlyArray<Property.Property> | undefined
  /** The most bytes that a gzip file or a spreadsheet may hold; only a declared file may be one. Default 4,294,967,296 (4 GiB). */
  readonly maxInflatedBytes?: number | undefined
}

const at = (file: string, line?: number, column?: number): string =>
  [visible(file), line, column].filter((part) => part !== undefined).join(":")

const show = (path: string): string =>
  path.length <= 60 && /^[\w.[\]]+$/.test(path) ? path : InputIssue.quote(path)

/**
 * An issue of a row in one line, without its place: `price: "12,50" is not a finite number; write …`. A rejects file has
 * it as the reason.
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

const optionsOf = (
  name: string,
  {
    declared,
    definitions,
    format,
    maxInflatedBytes = 4 * 1024 ** 3,
    maxLineLength = 1024 * 1024
  }: Options = {}
): Result.Result<Open.Options, SourceError> => {
  const guess = Names.guess(name)
  const options = { format, guess, maxLineLength, maxInflated: maxInflatedBytes }
  if (declared === undefined) return Result.succeed({ ...options, declared })
  const isTabbed = Names.isTabbed(name) && declared.delimiter === undefined
  return Result.mapBoth(FileFormat.check(isTabbed ? { ...declared, delimiter: "tab" } : declared), {
    onFailure: ({ advice, problem }) => new SourceError({ reason: "Syntax", file: name, problem, advice }),
    onSuccess: (format) => ({
      ...options,
      declared: Declared.make(format, definitions)
    })
  })
}

const toError = (name: string) => (error: Failure | SourceError) =>
  error instanceof SourceError ? error : new SourceError({ reason: "Syntax", file: name, ...error })

/** Opens a file for one reading: the rows follow the header that was read. */
const openOnce = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  options: Open.Options,
  again?: Stream.Stream<Uint8Array, SourceError>
) {
  const scope = yield* Scope.Scope
  const pull = yield* Stream.toPull(bytes)
  return yield* Effect.mapError(Open.open(pull, options, scope, again), toError(name))
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
  const settings = yield* Effect.fromResult(optionsOf(name, options))
  const opened = yield* openOnce(name, bytes, settings)
  let read = false
  const rows = Stream.suspend(() => {
    if (read) {
      return Stream.fail(unreadable(name, "it can be read only once", "give a regular file to read it again"))
    }
    read = true
    return streamOf(name, opened.rows)
  })
  const { dialect, format, header } = opened
  return { name, format, header, dialect, rows, replayable: false }
})

/**
 * The rows of a file that is in memory, or of a stream of bytes, read as it is declared.
 *
 * **Example**
 *
 * ```ts
 * import { Source } from "@effect-hubspot/batch"
 * import { Effect, Result, Stream } from "effect"
 *
 * const bytes = new TextEncoder().encode("Artikel;Preis\nStuhl;1.149,90 €\n")
 * const rows = Source.rows(bytes, {
 *   delimiter: "semicolon",
 *   decimal: "comma",
 *   thousands: "dot",
 *   currency: "EUR",
 *   map: { Artikel: "name", Preis: "price" }
 * })
 * const inputs = await Effect.runPromise(Stream.runCollect(Stream.map(rows, ({ input }) => Result.getOrThrow(input).properties)))
 * inputs // => [{ name: "Stuhl", price: "1149.90" }]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const rows = (
  bytes: Uint8Array | Stream.Stream<Uint8Array, SourceError>,
  declared: FileFormat.FileFormat,
  options?: Omit<Options, "declared"> & {
    /** The name of the file in messages, whose extension counts. Default: `input`. */
    readonly name?: string | undefined
  }
): Stream.Stream<Row, SourceError> =>
  Stream.unwrap(
    Effect.map(
      fromBytes(options?.name ?? "input", bytes instanceof Uint8Array ? Stream.make(bytes) : bytes, {
        ...options,
        declared
      }),
      (source) => source.rows
    )
  )

const unreadable = (file: string, problem: string, advice: string): SourceError =>
  new SourceError({ reason: "Access", file, problem, advice })

const fromPlatform = (name: string) => (error: unknown) => {
  return unreadable(name, ...Refused.of(isPlatformError(error) ? error.reason._tag : undefined))
}

/**
 * A source from bytes that can be read any number of times. It reads as far as the header.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFile = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  options?: Options
): Effect.fn.Return<Source, SourceError> {
  const settings = yield* Effect.fromResult(optionsOf(name, options))
  const { dialect, format, header } = yield* Effect.scoped(openOnce(name, bytes, settings, bytes))
  const rowsOf = (settings: Open.Options) =>
    Stream.unwrap(
      Effect.map(openOnce(name, bytes, { ...settings, format, isWhole: true }, bytes), (opened) =>
        streamOf(name, opened.rows)
      )
    )
  const { declared } = settings
  const tolerant =
    declared !== undefined && declared.format.broken !== "rejects"
      ? rowsOf({ ...settings, declared: Declared.tolerant(declared) })
      : undefined
  return { name, format, header, dialect, rows: rowsOf(settings), replayable: true, tolerant }
})

/**
 * The bytes of a regular file, which can be read any number of times.
 *
 * @category constructors
 * @since 0.1.0
 */
export const bytesOf = (path: string, fs: FileSystem.FileSystem): Stream.Stream<Uint8Array, SourceError> =>
  Stream.mapError(fs.stream(path), fromPlatform(path))

/**
 * Whether an input is a pipe or a device, which can be read once. Nothing of it is read.
 *
 * @category checking
 * @since 0.1.0
 */
export const isPipe = Effect.fnUntraced(function* (
  input: { readonly path: string } | "stdin"
): Effect.fn.Return<boolean, never, FileSystem.FileSystem> {
  if (input === "stdin") return true
  const fs = yield* FileSystem.FileSystem
  // What is wrong with it is found when it is opened.
  const isOther = Effect.map(fs.stat(input.path), ({ type }) => type !== "File" && type !== "Directory")
  return yield* Effect.orElseSucceed(isOther, () => false)
})

/**
 * Opens a file, or the standard input, and reads as far as its header. Each run of `rows` opens a regular file again;
 * pipes and devices are read once.
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
  const stdin = 'give a file, or "-" for the standard input'
  if (name === "") return yield* unreadable('""', "the path is empty", stdin)
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.mapError(fs.stat(name), fromPlatform(name))
  if (info.type === "Directory") return yield* unreadable(name, "it is a directory", "give a file")
  if (info.type !== "File") {
    return yield* fromBytes(name, Stream.mapError(Pipe.stream(name), fromPlatform(name)), options)
  }
  return yield* fromFile(name, bytesOf(name, fs), options)
})

/**
 * Reads a regular file to its end, and counts its rows and those that cannot be sent. `warnings` are lines about values that are
 * sent as they are and may not be meant, one for each property, such as `#N/A` in a text. Fails with the first syntax error,
 * which has the lines of 49 more in a file that is declared, and for a source that can be read only once, of which it takes
 * nothing. `see` gets every row.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (
  source: Source,
  see: (row: Row) => void = () => {}
): Effect.Effect<Checked, SourceError> =>
  source.replayable
    ? Effect.catch(
        Effect.suspend(() => {
          const warnings = Warnings.make()
          let rows = 0
          let invalid = 0
          return source.rows.pipe(
            Stream.runForEachArray((some) =>
              Effect.sync(() => {
                rows += some.length
                for (const row of some) {
                  if (Result.isFailure(row.input)) invalid++
                  warnings.add(row)
                  see(row)
                }
              })
            ),
            Effect.map((): Checked => ({ rows, invalid, warnings: warnings.lines(source.name) }))
          )
        }),
        (error) => Effect.flatMap(placesAfter(source, error), (also) => Effect.fail(withPlaces(error, also)))
      )
    : Effect.fail(
        unreadable(source.name, "it can be read only once, so it is not checked first", "give a regular file")
      )

interface Checked {
  readonly rows: number
  readonly invalid: number
  readonly warnings: ReadonlyArray<string>
}

const withPlaces = (error: SourceError, also: ReadonlyArray<string>): SourceError =>
  also.length === 0 ? error : new SourceError({ ...error, also })

/** So many places of a file are told. */
const maxPlaces = 20

/** The places behind the first one where a file breaks the syntax. */
const placesAfter = Effect.fnUntraced(function* (source: Source, first: SourceError) {
  if (first.reason !== "Syntax" || first.line === undefined || source.tolerant === undefined) return []
  const places: Array<string> = []
  let count = 0
  const add = (place: string): void => {
    if (++count > 1 && count <= maxPlaces) places.push(place)
  }
  yield* source.tolerant.pipe(
    Stream.runForEach(({ input, original }) =>
      Effect.sync(() => {
        if (original._tag === "Broken" && Result.isFailure(input)) add(format(source, input.failure[0]))
      })
    ),
    Effect.catch(({ message }) => Effect.sync(() => add(message)))
  )
  return count > maxPlaces
    ? [
        ...places,
        `${visible(source.name)}: … and ${(count - maxPlaces).toLocaleString("en-US")} more such places`
      ]
    : places
})
