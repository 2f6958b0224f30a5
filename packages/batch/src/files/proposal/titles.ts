/**
 * The titles above the table of a sheet: its header is the first row of which names are known.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FileFormat } from "../FileFormat.ts"
import * as Source from "../Source.ts"
import { type Found, nothing } from "./found.ts"

/** Rows from the beginning that may be the header. */
const mostRows = 20

/** The widest row that is looked at. */
const columns = ["1", ...Array.from({ length: 499 }, (_, index) => String(index + 2))] as const

const withoutEnd = (cells: ReadonlyArray<string>): ReadonlyArray<string> =>
  cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== "") + 1)

export const sniff = Effect.fnUntraced(function* (
  name: string,
  bytes: Stream.Stream<Uint8Array, Source.SourceError>,
  { columns: names, sheet, skipLines }: FileFormat,
  score: (names: ReadonlyArray<string>) => number
): Effect.fn.Return<Found> {
  if (names !== undefined || skipLines !== undefined) return nothing
  const declared: FileFormat = { columns, ignore: ["unmapped"], ...(sheet !== undefined && { sheet }) }
  const rows = yield* Source.fromFile(name, bytes, { declared }).pipe(
    Effect.flatMap(({ rows }) => Stream.runCollect(Stream.take(rows, mostRows))),
    Effect.map((rows) =>
      rows.flatMap(({ line, original }) =>
        original._tag === "Csv" ? [{ line, cells: withoutEnd(original.cells) }] : []
      )
    ),
    // What is broken is reported when it is read.
    Effect.orElseSucceed(() => [])
  )
  const [first, ...others] = rows
  if (first === undefined) return nothing
  const widest = Math.max(...rows.map(({ cells }) => cells.length))
  const isTitle = first.cells.length < widest || first.cells.some((cell) => cell.trim() === "")
  if (!isTitle || score(first.cells) > 1) return nothing
  const least = first.cells.length < 2 ? 1 : 2
  const header = others.find(({ cells }) => cells.length > 1 && score(cells) >= least)
  return header === undefined
    ? nothing
    : {
        format: { skipLines: header.line - 1 },
        assumptions: [`header in line ${header.line}: the lines above it have no columns`]
      }
})
