/**
 * What a file probably is, found in the file itself, to be shown to a person and used when it is accepted. Nothing is proposed
 * that leaves a value of its column unread, or that reads one in two ways.
 *
 * A file is read from its beginning once to sniff its structure, and once as a whole; where the whole file tells more than its
 * beginning did, it is read again with what it tells. It holds counters and a few examples of each column.
 *
 * @since 0.1.0
 */
import { BatchRequest, InputIssue, type Property } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import * as FileFormat from "./FileFormat.ts"
import * as Columns from "./proposal/columns.ts"
import { decide, type Decision } from "./proposal/decide.ts"
import { doubtful, type Problem } from "./proposal/problems.ts"
import * as Encoding from "./proposal/encoding.ts"
import * as Footer from "./source/footer.ts"
import * as Headers from "./proposal/headers.ts"
import * as Issues from "./proposal/issues.ts"
import * as Structure from "./proposal/structure.ts"
import { wordsOf } from "./proposal/words.ts"
import * as Source from "./Source.ts"

export type { Problem } from "./proposal/problems.ts"
export type { Why } from "./proposal/headers.ts"

/**
 * A column: what it becomes, why, and what a person should know of it. `hint` is the property that was perhaps meant; nothing
 * becomes of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Column {
  readonly name: string
  readonly why: Headers.Why
  readonly becomes?: string
  readonly note?: string
  readonly hint?: string
  /** How many rows have a value. */
  readonly values: number
}

/**
 * What is proposed. `declared` is the whole format, `words` are the flags for what is added to the format that was declared
 * before, in the form of a command line. Each assumption is one line. `requests` create all valid rows, and take so many
 * `seconds` at least.
 *
 * @category models
 * @since 0.1.0
 */
export interface Proposal {
  readonly name: string
  readonly format: Source.Format
  /** Whether the rows, which are as those of CSV, are of a spreadsheet. */
  readonly isSheet: boolean
  readonly declared: FileFormat.FileFormat
  readonly words: ReadonlyArray<string>
  readonly assumptions: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Column>
  readonly preview: ReadonlyArray<Issues.Preview>
  readonly problems: ReadonlyArray<Problem>
  /** Lines about values that are sent as they are and may not be meant. */
  readonly warnings: ReadonlyArray<string>
  readonly rows: number
  readonly invalid: number
  readonly requests: number
  readonly seconds: number
}

/**
 * Whether a file needs no declaration, and nothing is left to decide: it can be imported as it is.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isExact = ({ problems, words }: Proposal): boolean =>
  words.length === 0 && !problems.some(({ blocking }) => blocking)

/**
 * Whether a person has to decide something before rows can be sent.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBlocked = ({ problems }: Proposal): boolean => problems.some(({ blocking }) => blocking)

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends Definitions {
  readonly format?: Source.Format | undefined
  /** What is declared already, and stays. Default: nothing. */
  readonly declared?: FileFormat.FileFormat | undefined
  /** Gets the rows of every reading of the whole file; the last one is that of the proposal. */
  readonly observe?:
    | ((
        header: ReadonlyArray<string> | undefined,
        format: FileFormat.FileFormat
      ) => (row: Source.Row) => void)
    | undefined
  /** Requests per ten seconds. Default 250, the most that HubSpot allows. */
  readonly limit?: number | undefined
}

/**
 * The account's properties, or the standard ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definitions {
  readonly definitions: ReadonlyArray<Property.Property>
  /** Whether the account has no others. */
  readonly isComplete: boolean
}

/** How much of a file its structure is sniffed from. */
const prefixLength = 128 * 1024

/** What is left for a person is read as if it were left out, so that the rest can be seen. */
const withoutBlocked = (format: FileFormat.FileFormat, { problems }: Decision): FileFormat.FileFormat => {
  const ignore = problems.flatMap(({ blocking, column, kind }) =>
    blocking && kind !== "values" ? [column] : []
  )
  return ignore.length === 0 ? format : merged(format, { ignore })
}

/** One reading of the whole file, or of its beginning. */
interface Reading {
  readonly format: Source.Format
  readonly header: ReadonlyArray<string> | undefined
  readonly statistics: ReturnType<typeof Columns.reader>
  readonly issues: ReturnType<typeof Issues.make>
  readonly warnings: ReadonlyArray<string>
  readonly error: Source.SourceError | undefined
}

/** What a reading wants to be declared, how the file is read to see it, and the columns that it has. */
interface Wanted {
  readonly declared: FileFormat.FileFormat
  readonly readAs: FileFormat.FileFormat
  readonly known: ReadonlyArray<string>
}

const merged = (format: FileFormat.FileFormat, over: FileFormat.FileFormat): FileFormat.FileFormat =>
  Result.getOrElse(FileFormat.merge(format, over), () => format)

/** Numbers that are exact, and may be meant otherwise. */
const doubts = (name: string, columns: ReadonlyArray<Columns.Column>): ReadonlyArray<string> =>
  columns.flatMap((column) => {
    const value = doubtful(column)
    return value === undefined
      ? []
      : [
          `${Source.visible(name)}: ${column.match.name}: ${InputIssue.quote(value)} is sent as ${value.trim()}; if the dot is between thousands, declare decimal=comma and thousands=dot`
        ]
  })

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/**
 * Reads a file and proposes what is to be declared. Fails where the file is unreadable whatever is declared, with what to do.
 * The bytes are read several times.
 *
 * **Example**
 *
 * ```ts
 * import { Proposal } from "@effect-hubspot/batch"
 * import { StandardProperties } from "@effect-hubspot/schema"
 * import { Effect, Stream } from "effect"
 *
 * const bytes = Stream.make(new TextEncoder().encode("Artikel;Menge;Preis\nStuhl;2;149,90\n"))
 * const account = { definitions: StandardProperties.lineItems, isComplete: true }
 * const { declared } = await Effect.runPromise(Proposal.make("items.csv", bytes, account))
 * declared.decimal // => "comma"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, Source.SourceError>,
  options: Options
): Effect.fn.Return<Proposal, Source.SourceError> {
  const given = options.declared ?? {}
  const refuse = (problem: string, advice: string, line?: number) =>
    new Source.SourceError({
      reason: "Syntax",
      file: name,
      problem,
      advice,
      ...(line !== undefined && { line })
    })
  const prefix = yield* Structure.prefixOf(bytes, prefixLength)
  const { definitions, isComplete } = options
  const context = new Map(definitions.map((definition) => [definition.name, definition]))
  const { match, properties } = Headers.matcher(given, definitions)

  const structure = yield* Effect.mapError(
    Structure.sniff({
      name,
      bytes,
      prefix,
      format: options.format,
      declared: given,
      propertiesOf: properties
    }),
    (error) => ("_tag" in error ? error : refuse(error.problem, error.advice, error.line))
  )
  let base = merged(given, structure.format)
  let assumptions = structure.assumptions
  let below: readonly [first: string, last: string] | undefined

  const read = Effect.fnUntraced(function* (
    stream: Stream.Stream<Uint8Array, Source.SourceError>,
    wanted: Wanted,
    isWhole: boolean
  ): Effect.fn.Return<Reading, Source.SourceError> {
    const { declared, known, readAs } = wanted
    const source = yield* Source.fromFile(name, stream, {
      format: options.format,
      declared: readAs,
      definitions
    })
    const statistics = Columns.reader(source.header, known, { format: base, definitions: context }, match)
    const issues = Issues.make(source.header)
    const observe = isWhole ? options.observe?.(source.header, declared) : undefined
    const checked = yield* Source.check(source, (row) => {
      statistics.take(row)
      issues.take(row)
      observe?.(row)
    }).pipe(
      Effect.match({
        onFailure: (error) => ({ warnings: [], error }),
        onSuccess: ({ warnings }) => ({ warnings, error: undefined })
      })
    )
    return { format: source.format, header: source.header, statistics, issues, ...checked }
  })

  const decisionOf = ({ statistics }: Reading): Decision => {
    const columns = statistics.columns()
    return decide(columns, match(columns.map(({ match }) => match.name)), base, {
      isComplete,
      isSniffed: !same(base, given)
    })
  }
  const namesOf = ({ statistics }: Reading) => statistics.columns().map(({ match }) => match.name)

  // The beginning says what the whole file is read as.
  const plain: Wanted = { declared: base, readAs: base, known: [] }
  let reading = yield* read(
    Stream.make(prefix.bytes),
    prefix.isWhole ? plain : { ...plain, readAs: { ...base, skipLast: 0 } },
    false
  ).pipe(Effect.orElseSucceed(() => undefined))
  const wantedOf = (reading: Reading): Wanted => {
    const decision = decisionOf(reading)
    const declared = merged(base, decision.format)
    return { declared, readAs: withoutBlocked(declared, decision), known: namesOf(reading) }
  }
  let wanted: Wanted = reading === undefined ? plain : wantedOf(reading)
  const footerOf = ({ statistics }: Reading): ReadonlyArray<string> =>
    given.skipLast === undefined ? statistics.footer(FileFormat.characterOf(base.delimiter ?? ",")) : []
  const isFooter = (reading: Reading): boolean => {
    const { length } = footerOf(reading)
    return length > 0 && (base.skipLast ?? 0) + length <= Footer.most
  }
  /** Blank rows count as lines: what is left of the footer then is found again. */
  const skip = (reading: Reading): void => {
    const texts = footerOf(reading)
    const skipLast = (base.skipLast ?? 0) + texts.length
    below = [texts[0] ?? "", below?.[1] ?? texts.at(-1) ?? ""]
    const [first, last] = below.map(InputIssue.quote)
    const what = below[0] === below[1] ? `${first} is` : `${first} to ${last} are`
    assumptions = [
      ...assumptions.filter((line) => !line.startsWith("skipLast=")),
      `skipLast=${skipLast}: ${what} below the table, and no line item`
    ]
    base = merged(base, { skipLast })
    wanted = { ...wantedOf(reading), known: wanted.known }
  }
  /** A reading behind the records that break the syntax, if they are a footer. */
  const belowOf = Effect.fnUntraced(function* ({ error, format, header }: Reading) {
    if (error?.reason !== "Syntax" || format !== "csv" || header === undefined) return undefined
    if (given.skipLast !== undefined || given.broken !== undefined) return undefined
    const readAs = merged(wanted.readAs, { broken: "rejects" })
    const all = yield* read(bytes, { ...wanted, readAs }, false)
    return all.error === undefined && isFooter(all) ? all : undefined
  })
  for (let pass = 1; ; pass++) {
    const whole: Reading = yield* read(bytes, wanted, true)
    reading = whole
    const { error, statistics } = whole
    if (error !== undefined) {
      const isLate = Structure.isNotUtf8(error) && base.encoding === undefined && !statistics.isForeign()
      const tolerant = isLate ? undefined : yield* belowOf(whole)
      if (tolerant !== undefined) {
        skip(tolerant)
        continue
      }
      if (!isLate || pass > 3) return yield* error
      const late = Encoding.sniffLate(error.problem)
      base = merged(base, late.format)
      wanted = {
        ...wanted,
        declared: merged(wanted.declared, late.format),
        readAs: merged(wanted.readAs, late.format)
      }
      assumptions = [...late.assumptions, ...assumptions]
      continue
    }
    if (base.encoding !== given.encoding && !statistics.isPlausible()) {
      return yield* refuse(
        "which encoding the file has cannot be told",
        `declare it: --declare encoding=${base.encoding ?? "utf-8"} may be right`
      )
    }
    if (isFooter(whole)) {
      skip(whole)
      continue
    }
    const next = wantedOf(whole)
    const isSettled =
      same(next.readAs, wanted.readAs) && (whole.header !== undefined || same(next.known, wanted.known))
    wanted = next
    if (isSettled || pass > 3 + Footer.most) break
  }
  const decision = decisionOf(reading)
  const { issues } = reading
  const valid = issues.rows() - issues.invalid()
  const requests = Math.ceil(valid / BatchRequest.maxInputs)
  const named = new Set(decision.problems.map(({ column }) => column))
  const isMapped = decision.columns.length > 0
  return {
    name,
    format: reading.format,
    isSheet: Structure.isZip(prefix.bytes),
    declared: wanted.declared,
    words: wordsOf(given, wanted.declared),
    assumptions: [...assumptions, ...decision.assumptions, ...(isMapped ? decision.notes : [])],
    columns: decision.columns.map(({ match, values }) => ({
      ...Struct.omit(match, ["isKey", "isAsked"]),
      values
    })),
    preview: issues.preview(),
    problems: [...decision.problems, ...issues.problems().filter(({ column }) => !named.has(column))],
    warnings: [...reading.warnings, ...(named.size > 0 ? [] : doubts(name, decision.columns))],
    rows: issues.rows(),
    invalid: issues.invalid(),
    requests,
    // As many as the limit allows go at once, and the last ones begin when as many windows are over.
    seconds: Math.max(1, 10 * (Math.ceil(requests / (options.limit ?? 250)) - 1))
  }
})
