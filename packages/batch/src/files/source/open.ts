/**
 * Bytes to rows of whichever format: looks at the first bytes, then at the first character that is not
 * blank, then reads on as CSV, NDJSON or a JSON array.
 */
import * as Effect from "effect/Effect"
import * as EffectPull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Csv from "./csv.ts"
import * as JsonLines from "./jsonLines.ts"
import * as Pull from "./pull.ts"
import { type Failure, type Row } from "./row.ts"
import * as Utf8 from "./utf8.ts"

export type Format = "csv" | "ndjson" | "json"

/** A format that is given holds; one that is a guess (a file's extension) may be corrected by the text. */
export interface Options {
  readonly format: Format | undefined
  readonly guess: Format | undefined
  readonly maxLineLength: number
}

/** What begins like a blank text of this size is no longer looked at. */
const maxBlank = 1024 * 1024

/** Pulls until `enough`, or until the input ends. */
const peek = Effect.fnUntraced(function* <A, E>(
  upstream: Pull.Chunks<A, E>,
  enough: (seen: ReadonlyArray<A>) => boolean
) {
  const seen: Array<A> = []
  const more = EffectPull.matchEffect(upstream, {
    onSuccess: (elements) => {
      seen.push(...elements)
      return Effect.succeed(!enough(seen))
    },
    onFailure: Effect.failCause,
    onDone: () => Effect.succeed(false)
  })
  while (yield* more) {
    // Pull on.
  }
  return seen
})

const formatOf = (first: string | undefined, { format, guess }: Options): Format => {
  if (format !== undefined) return format
  if (guess === "json") return first === "{" ? "ndjson" : "json"
  if (guess !== undefined) return guess
  return first === "[" ? "json" : first === "{" ? "ndjson" : "csv"
}

const join = (chunks: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const joined = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    const part = chunk.subarray(0, length - offset)
    joined.set(part, offset)
    offset += part.length
  }
  return joined.subarray(0, offset)
}

export interface Opened<E> {
  readonly format: Format
  readonly header: ReadonlyArray<string> | undefined
  readonly rows: Pull.Chunks<Row, E | Failure>
}

export const open = Effect.fnUntraced(function* <E>(
  bytes: Pull.Chunks<Uint8Array, E>,
  options: Options,
  scope: Scope.Scope
): Effect.fn.Return<Opened<E>, E | Failure> {
  const start = yield* peek(
    bytes,
    (seen) => seen.reduce((length, chunk) => length + chunk.length, 0) >= Utf8.prefixLength
  )
  const refused = Utf8.refuse(join(start, Utf8.prefixLength))
  if (refused !== undefined) return yield* Effect.fail(refused)

  const texts = Pull.run(Pull.prepend(start, bytes), Utf8.machine())
  let blank = 0
  let checked = 0
  const begin = yield* peek(texts, (seen) => {
    for (; checked < seen.length; checked++) {
      const text = seen[checked] ?? ""
      if (/\S/.test(text)) return true
      blank += text.length
    }
    return blank > maxBlank
  })
  const format = formatOf(/\S/.exec(begin.join(""))?.[0], options)
  const rest = Pull.prepend(begin, texts)
  if (format !== "csv") {
    const machine = format === "json" ? JsonLines.array : JsonLines.ndjson
    return { format, header: undefined, rows: Pull.run(rest, machine(options.maxLineLength)) }
  }
  const csv = yield* Csv.decode(rest, options.maxLineLength, scope)
  // The header is read with the first rows, or with the end.
  const first = yield* EffectPull.matchEffect(csv.rows, {
    onSuccess: Effect.succeed,
    onFailure: (cause) =>
      csv.header() === undefined ? Effect.failCause(cause) : Effect.succeed<ReadonlyArray<Row>>([]),
    onDone: () => Effect.succeed<ReadonlyArray<Row>>([])
  })
  return { format, header: csv.header(), rows: Pull.prepend(first, csv.rows) }
})
