/**
 * Spreadsheets (.xlsx) to rows. A sheet comes before its texts, so the bytes are read several times: a file from its disk, all
 * else from memory, up to a bound. Of the rows nothing is held but the last ones that are to be left out.
 */
import * as Effect from "effect/Effect"
import * as ScopeModule from "effect/Scope"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Declared } from "../declared.ts"
import * as Pull from "../pull.ts"
import { type Failure, failure, size } from "../row.ts"
import * as Archive from "./archive.ts"
import * as Cells from "./cells.ts"
import * as Rows from "./rows.ts"
import * as Workbook from "./workbook.ts"

export const isZip = (start: Uint8Array): boolean =>
  start[0] === 0x50 &&
  start[1] === 0x4b &&
  ((start[2] === 3 && start[3] === 4) || (start[2] === 5 && start[3] === 6))

/** The most bytes of a spreadsheet that comes only once. */
const maxHeld = 64 * 1024 * 1024

/** Bytes that come only once, held to be read again. */
export const held = Effect.fnUntraced(function* <E>(
  bytes: Pull.Chunks<Uint8Array, E>
): Effect.fn.Return<Stream.Stream<Uint8Array>, E | Failure> {
  let length = 0
  let counted = 0
  const chunks = yield* Pull.peek(bytes, (seen) => {
    for (; counted < seen.length; counted++) length += seen[counted]!.length
    return length > maxHeld
  })
  return length > maxHeld
    ? yield* Effect.fail(
        failure(
          {},
          `a spreadsheet of more than ${size(maxHeld)} is read from a file only`,
          "save it, and give the file"
        )
      )
    : Stream.fromIterable(chunks)
})

export interface Options {
  readonly declared: Declared
  readonly maxInflated: number
  readonly maxLineLength: number
}

/** Rows of a workbook's bytes, which can be read again, and the header as soon as it is read. */
export const decode = Effect.fnUntraced(function* <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  { declared, maxInflated, maxLineLength }: Options,
  scope: Scope.Scope
) {
  const book = yield* Workbook.read(bytes, maxInflated, declared.format.sheet)
  const hidden: Array<Cells.Hidden> = []
  const reader = Archive.xml(book.path, () => Cells.machine(book, maxLineLength, hidden))
  const rows = Archive.read(
    bytes,
    maxInflated,
    (path) => (path === book.path ? reader : undefined),
    book.path
  )
  const pull = yield* ScopeModule.provide(Stream.toPull(rows), scope)
  const table = Rows.table(declared, book.merged, hidden)
  return { rows: Pull.run(pull, table.machine), header: table.header }
})
