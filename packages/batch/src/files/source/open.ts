/**
 * Bytes to rows of any format: the first bytes and the first character that is not blank decide between CSV, NDJSON and a
 * JSON array. The formats themselves are read elsewhere.
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

/** A given `format` holds. The text may overrule a `guess`, which comes from the file's extension. */
export interface Options {
  readonly format: Format | undefined
  readonly guess: Format | undefined
  readonly maxLineLength: number
}

/** Characters at the beginning, all of them blank, after which the search for the first other one stops. */
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
  const refused = Utf8.refuse(Utf8.concat(...start).subarray(0, Utf8.prefixLength))
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
  // The header comes with the first rows, or with the end.
  const first = yield* EffectPull.matchEffect(csv.rows, {
    onSuccess: Effect.succeed,
    onFailure: (cause) =>
      csv.header() === undefined ? Effect.failCause(cause) : Effect.succeed<ReadonlyArray<Row>>([]),
    onDone: () => Effect.succeed<ReadonlyArray<Row>>([])
  })
  return { format, header: csv.header(), rows: Pull.prepend(first, csv.rows) }
})
