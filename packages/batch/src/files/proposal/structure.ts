/**
 * The structure of a file from its first bytes: encoding, layout, or where the objects of JSON are.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FileFormat } from "../FileFormat.ts"
import type * as Source from "../Source.ts"
import * as Gzip from "../source/gzip.ts"
import * as Names from "../source/names.ts"
import * as Open from "../source/open.ts"
import * as Pull from "../source/pull.ts"
import type { Failure } from "../source/row.ts"
import { concat } from "../source/utf8.ts"
import * as Encoding from "./encoding.ts"
import { type Found, isRefusal, nothing, type Refusal } from "./found.ts"
import * as JsonPaths from "./jsonPaths.ts"
import * as Layout from "./layout.ts"
import * as Root from "./root.ts"
import * as Titles from "./titles.ts"

/** The first bytes of a file, inflated, and whether there are no others. */
export interface Prefix {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

/** The bytes of a file, inflated if they are compressed. */
const inflatedOf = Effect.fnUntraced(function* (
  bytes: Stream.Stream<Uint8Array, Source.SourceError>
): Effect.fn.Return<Pull.Chunks<Uint8Array, Source.SourceError | Failure>, Source.SourceError, Scope.Scope> {
  const scope = yield* Scope.Scope
  const pull: Pull.Chunks<Uint8Array, Source.SourceError> = yield* Stream.toPull(bytes)
  const first = yield* Pull.peek(pull, (seen) => lengthOf(seen) >= 2)
  const all = Pull.prepend(first, pull)
  return Gzip.isGzip(concat(...first)) ? yield* Gzip.inflate(all, Number.POSITIVE_INFINITY, scope) : all
})

const lengthOf = (chunks: ReadonlyArray<Uint8Array>): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0)

export const prefixOf = (
  bytes: Stream.Stream<Uint8Array, Source.SourceError>,
  length: number
): Effect.Effect<Prefix, Source.SourceError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const pull = yield* inflatedOf(bytes)
      let seen: ReadonlyArray<Uint8Array> = []
      const isWhole = yield* Pull.peek(pull, (chunks) => {
        seen = [...chunks]
        return lengthOf(chunks) > length
      }).pipe(
        Effect.map((chunks) => lengthOf(chunks) <= length),
        // A broken gzip file is reported when it is read.
        Effect.catch((error) => ("_tag" in error ? Effect.fail(error) : Effect.succeed(false)))
      )
      return { bytes: concat(...seen).subarray(0, length), isWhole }
    })
  )

export interface Given {
  readonly name: string
  readonly bytes: Stream.Stream<Uint8Array, Source.SourceError>
  readonly prefix: Prefix
  readonly format: Source.Format | undefined
  readonly declared: FileFormat
  readonly propertiesOf: (names: ReadonlyArray<string>) => ReadonlyArray<string>
}

const markup = /^\s*<(?:!doctype|html|head|body|table|!--|div|meta|script|style)\b/i
const xml = /^\s*<(?:\?xml|[a-z]+:[a-z]+\s|svg|rss|workbook)/i

/** The error of bytes that are no UTF-8. */
export const isNotUtf8 = ({ problem }: Source.SourceError): boolean => problem.endsWith("is not valid UTF-8")

export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b
const isOld = (bytes: Uint8Array): boolean => bytes[0] === 0xd0 && bytes[1] === 0xcf

export const sniff = Effect.fnUntraced(function* ({
  bytes,
  declared,
  format,
  name,
  prefix,
  propertiesOf
}: Given): Effect.fn.Return<Found, Refusal | Source.SourceError> {
  const score = (names: ReadonlyArray<string>): number => propertiesOf(names).length
  // Spreadsheets and archives are no text.
  if (isZip(prefix.bytes)) return yield* Titles.sniff(name, bytes, declared, score)
  if (isOld(prefix.bytes)) return nothing
  const encoding = declared.encoding === undefined ? Encoding.sniff(prefix.bytes, prefix.isWhole) : nothing
  if (isRefusal(encoding)) return yield* Effect.fail(encoding)
  const text = Encoding.textOf(prefix.bytes, { ...declared, ...encoding.format })
  if (markup.test(text)) {
    return yield* Effect.fail({
      line: 1,
      problem: "an HTML page, not a table of rows",
      advice: "the download was a page, perhaps a login or an error; export the data as CSV or .xlsx"
    })
  }
  if (xml.test(text)) {
    return yield* Effect.fail({
      line: 1,
      problem: "an XML file",
      advice: "export the data as CSV, JSON or .xlsx"
    })
  }
  const isTabbed = Names.isTabbed(name) && declared.delimiter === undefined
  const kind = Open.formatOf(/\S/.exec(text)?.[0], { format, guess: Names.guess(name) })
  const found =
    kind === "csv"
      ? Layout.sniff({
          text,
          whole: prefix.isWhole,
          declared: isTabbed ? { ...declared, delimiter: "tab" } : declared,
          known: score
        })
      : Root.sniff(yield* placesOf(bytes, prefix, text), declared, propertiesOf)
  if (isRefusal(found)) return yield* Effect.fail(found)
  return {
    format: { ...encoding.format, ...found.format },
    assumptions: [...encoding.assumptions, ...found.assumptions]
  }
})

/** The places of objects: of the whole file where its top holds others. */
const placesOf = Effect.fnUntraced(function* (
  bytes: Stream.Stream<Uint8Array, Source.SourceError>,
  prefix: Prefix,
  text: string
) {
  const first = JsonPaths.make()
  first.step(text)
  const isFlat = first
    .places()
    .every(({ path }) => path.length === 0 || (path.length === 1 && path[0] === "[]"))
  if (prefix.isWhole || isFlat) return first.places()
  const whole = JsonPaths.make()
  const decoder = new TextDecoder()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const inflated = yield* inflatedOf(bytes)
      yield* Stream.fromPull(Effect.succeed(inflated)).pipe(
        Stream.runForEach((part) => Effect.sync(() => whole.step(decoder.decode(part, { stream: true })))),
        // What is broken is reported when it is read.
        Effect.catch((error) => ("_tag" in error ? Effect.fail(error) : Effect.void))
      )
    })
  )
  return whole.places()
})
