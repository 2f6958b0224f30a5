/**
 * Bytes to rows of any format: the first bytes and the first character that is not blank decide between a spreadsheet, CSV,
 * NDJSON and a JSON array. The formats themselves are read elsewhere.
 */
import * as Effect from "effect/Effect"
import * as EffectPull from "effect/Pull"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Csv from "./csv.ts"
import type { Dialect } from "../Dialect.ts"
import type { Declared } from "./declared.ts"
import * as Encoding from "./encoding.ts"
import * as Gzip from "./gzip.ts"
import * as JsonLines from "./jsonLines.ts"
import * as JsonRoot from "./jsonRoot.ts"
import * as Pull from "./pull.ts"
import * as Sheet from "./sheet/sheet.ts"
import { type Failure, failure, type Row } from "./row.ts"
import * as Utf8 from "./utf8.ts"

export type Format = "csv" | "ndjson" | "json"

/** A given `format` holds. The text may overrule a `guess`, which comes from the file's extension. */
export interface Options {
  readonly format: Format | undefined
  readonly guess: Format | undefined
  readonly maxLineLength: number
  /** What is declared of the file. Without, it is read exactly. */
  readonly declared: Declared | undefined
  /** The bytes that a gzip file or a spreadsheet may hold. */
  readonly maxInflated: number
  /** Whether the file is read to its end before a row is sent, so that its end may refuse it. Default: no. */
  readonly isWhole?: boolean
}

/** Characters at the beginning, all of them blank, after which the search for the first other one stops. */
const maxBlank = 1024 * 1024

/** What can be declared of CSV only. */
const ofCells = ["delimiter", "quote", "blanks", "skipLines", "skipLast", "columns"] as const

const ofJson = ["root", "records"] as const

/** What cannot be declared of each kind of file. */
const foreign = {
  CSV: [...ofJson, "sheet"],
  JSON: [...ofCells, "sheet"],
  "a spreadsheet": [...ofJson, "delimiter", "quote", "blanks", "encoding"]
} as const

/** Refuses what is declared and cannot be meant. */
const refuse = (kind: keyof typeof foreign, declared: Declared | undefined) => {
  const key = declared && foreign[kind].find((key) => declared.format[key] !== undefined)
  const other =
    kind === "JSON"
      ? ofCells.some((own) => own === key) && "CSV"
      : ofJson.some((own) => own === key) && "JSON"
  return key === undefined
    ? Effect.void
    : Effect.fail(
        failure(
          {},
          `${key} is declared, and the file is ${kind}`,
          other === false || kind === "a spreadsheet"
            ? "leave it out"
            : `leave it out, or give the format ${other}`
        )
      )
}

/** The format of a file by the first character that is not blank. */
export const formatOf = (
  first: string | undefined,
  { format, guess }: Pick<Options, "format" | "guess">
): Format => {
  if (format !== undefined) return format
  if (guess === "json") return first === "{" ? "ndjson" : "json"
  if (guess !== undefined) return guess
  return first === "[" ? "json" : first === "{" ? "ndjson" : "csv"
}

/** The first bytes of a file, and all of them. */
interface Begun<E> {
  readonly prefix: Uint8Array
  readonly all: Pull.Chunks<Uint8Array, E>
}

const begin = <E>(bytes: Pull.Chunks<Uint8Array, E>): Effect.Effect<Begun<E>, E> =>
  Effect.map(
    Pull.peek(bytes, (seen) => seen.reduce((length, chunk) => length + chunk.length, 0) >= Utf8.prefixLength),
    (seen) => ({
      prefix: Utf8.concat(...seen).subarray(0, Utf8.prefixLength),
      all: Pull.prepend(seen, bytes)
    })
  )

/** The text of a file. Only a file of which something is declared may be compressed. */
const textsOf = Effect.fnUntraced(function* <E>(
  given: Begun<E>,
  { declared, maxInflated }: Options,
  scope: Scope.Scope
): Effect.fn.Return<
  { readonly texts: Pull.Chunks<string, E | Failure>; readonly dialect: Dialect },
  E | Failure
> {
  let start: Begun<E | Failure> = given
  if (declared !== undefined && Gzip.isGzip(start.prefix)) {
    start = yield* begin(yield* Gzip.inflate(start.all, maxInflated, scope))
    if (Gzip.isGzip(start.prefix)) {
      return yield* Effect.fail(failure({}, "a gzip file in a gzip file", "unpack it once"))
    }
  }
  const label = declared?.format.encoding
  const encoding = label === undefined ? "utf-8" : Encoding.nameOf(label, start.prefix)
  const refused =
    (encoding.startsWith("utf-16") ? undefined : Utf8.refuse(start.prefix)) ??
    (label === undefined ? undefined : Encoding.refuse(encoding, start.prefix))
  if (refused !== undefined) return yield* Effect.fail(refused)
  return {
    texts: Pull.run(
      Pull.pieces(start.all),
      encoding === "utf-8" ? Utf8.machine() : Encoding.machine(encoding)
    ),
    dialect: {
      ...(encoding !== "utf-8" && { encoding }),
      ...(Encoding.markOf(start.prefix) === encoding && { mark: true as const }),
      ...(declared?.format.broken === "rejects" && { broken: true as const })
    }
  }
})

export interface Opened<E> {
  readonly format: Format
  readonly header: ReadonlyArray<string> | undefined
  readonly dialect: Dialect
  readonly rows: Pull.Chunks<Row, E | Failure>
}

/** The rows with their header, which comes with the first ones, or with the end. */
const opened = Effect.fnUntraced(function* <E>({
  dialect,
  header,
  rows
}: {
  /** Known with the header. */
  readonly dialect?: () => Dialect
  readonly header: () => ReadonlyArray<string> | undefined
  readonly rows: Pull.Chunks<Row, E | Failure>
}): Effect.fn.Return<Opened<E>, E | Failure> {
  const first = yield* EffectPull.matchEffect(rows, {
    onSuccess: Effect.succeed,
    onFailure: (cause) =>
      header() === undefined ? Effect.failCause(cause) : Effect.succeed<ReadonlyArray<Row>>([]),
    onDone: () => Effect.succeed<ReadonlyArray<Row>>([])
  })
  return { format: "csv", header: header(), dialect: dialect?.() ?? {}, rows: Pull.prepend(first, rows) }
})

/** Refuses a JSON file at its end if it has no member that was declared: the names of all its objects are its header. */
const allNamed = (
  machine: Pull.Machine<string, Row, Failure>,
  declared: Declared | undefined
): Pull.Machine<string, Row, Failure> => ({
  ...machine,
  end: (out) => {
    const wrong = machine.end?.(out)
    const names = declared?.names() ?? []
    if (wrong !== undefined || names.length === 0) return wrong
    const missing = declared?.missing(names)
    return missing === undefined ? undefined : failure({}, missing.problem, missing.advice)
  }
})

/**
 * Opens bytes. `again` are the same from their beginning, any number of times, where that is possible: a spreadsheet is read in
 * several goes.
 */
export const open = Effect.fnUntraced(function* <E>(
  bytes: Pull.Chunks<Uint8Array, E>,
  options: Options,
  scope: Scope.Scope,
  again?: Stream.Stream<Uint8Array, E>
): Effect.fn.Return<Opened<E>, E | Failure> {
  const { declared } = options
  const start = yield* begin<E | Failure>(bytes)
  if (declared !== undefined && Sheet.isZip(start.prefix)) {
    if (options.format !== undefined && options.format !== "csv") {
      return yield* Effect.fail(
        failure({}, `the format ${options.format} is given, and the file is a spreadsheet`, "leave it out")
      )
    }
    yield* refuse("a spreadsheet", declared)
    const sheet = yield* Sheet.decode(
      again ?? (yield* Sheet.held(start.all)),
      { ...options, declared },
      scope
    )
    return yield* opened(sheet)
  }
  const { dialect, texts } = yield* textsOf(start, options, scope)
  let blank = 0
  let checked = 0
  const seen = yield* Pull.peek(texts, (seen) => {
    for (; checked < seen.length; checked++) {
      const text = seen[checked] ?? ""
      if (/\S/.test(text)) return true
      blank += text.length
    }
    return blank > maxBlank
  })
  const format = formatOf(/\S/.exec(seen.join(""))?.[0], options)
  const rest = Pull.prepend(seen, texts)
  yield* refuse(format === "csv" ? "CSV" : "JSON", declared)
  if (format !== "csv") {
    const limit = options.maxLineLength
    const start = yield* Pull.peek(rest, (seen) => JsonRoot.begins(seen.join("")) !== "unknown")
    const found = JsonRoot.begins(start.join(""))
    const root = declared?.format.root ?? (format === "ndjson" && found !== "unknown" ? found : undefined)
    const machine =
      declared !== undefined && root !== undefined
        ? JsonRoot.rows(root, limit, declared)
        : (format === "json" ? JsonLines.array : JsonLines.ndjson)(limit, declared)
    const rows = Pull.run(
      Pull.prepend(start, rest),
      options.isWhole === true ? allNamed(machine, declared) : machine
    )
    return { format, header: undefined, dialect, rows }
  }
  const csv = yield* Csv.decode(rest, options.maxLineLength, scope, declared)
  return yield* opened({ ...csv, dialect: () => ({ ...dialect, ...csv.dialect() }) })
})
