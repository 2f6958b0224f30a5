/**
 * What a person declares of a file, on the command line and in a format file. Where both say something of the same thing, the
 * command line holds.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Flag from "effect/cli/Flag"
import type * as FileFormat from "../files/FileFormat.ts"
import { type Exit, usage } from "./Exit.ts"
import { load } from "./load.ts"

const words = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.atLeast(0),
    Flag.withMetavar(metavar),
    Flag.withDescription(`${description}; can be given several times`)
  )

/** What can be declared of a file with `--declare`; the other flags say the rest. */
export const keys =
  "encoding, delimiter, quote, blanks, skipLines, skipLast, columns, decimal, thousands, currency, percent, negatives, dates, empty, booleans, options, perColumn, sheet, root, records, broken"

/** The flags for reading a file. */
export const flags = {
  declare: words(
    "declare",
    "key=value",
    `How the file is written, such as delimiter=semicolon; keys: ${keys}`
  ),
  map: words("map", "column=property", "The property that a column becomes"),
  ignore: words("ignore", "column", "A column that is not read; unmapped: all that are no property"),
  find: words(
    "find",
    "column=object.property",
    "A column that names a deal, an order, …, or a product by a property of its own, such as deal.erp_number"
  ),
  set: words("set", "property=value", "A property that every row gets"),
  formatFile: Flag.String("format-file").pipe(
    Flag.optional,
    Flag.withMetavar("file"),
    Flag.withDescription("A file with declarations, see docs/files.md")
  )
}

export interface Given {
  readonly declare: ReadonlyArray<string>
  readonly map: ReadonlyArray<string>
  readonly ignore: ReadonlyArray<string>
  readonly find: ReadonlyArray<string>
  readonly set: ReadonlyArray<string>
  readonly formatFile: Option.Option<string>
}

/** The declarations of a format file. */
const read = Effect.fnUntraced(function* (path: string) {
  const [FileFormat, { visible }] = yield* load(() => [
    import("../files/FileFormat.ts"),
    import("../files/source/row.ts")
  ])
  const fs = yield* FileSystem.FileSystem
  const at = visible(path)
  const text = yield* Effect.mapError(fs.readFileString(path), () =>
    usage(`${at}: the format file cannot be read; check the path`)
  )
  const json = Result.try(() => JSON.parse(text) as unknown)
  if (Result.isFailure(json)) {
    return yield* usage(`${at}: the format file is no JSON; write {"delimiter": "semicolon", …}`)
  }
  return yield* Effect.mapError(Effect.fromResult(FileFormat.fromUnknown(json.success)), ({ message }) =>
    usage(`${at}: ${message}`)
  )
})

/** Everything that is declared, or the first contradiction. */
export const formatOf = Effect.fnUntraced(function* ({
  declare,
  find,
  formatFile,
  ignore,
  map,
  set
}: Given): Effect.fn.Return<FileFormat.FileFormat, Exit, FileSystem.FileSystem> {
  const [FileFormat] = yield* load(() => [import("../files/FileFormat.ts")])
  const file = Option.isSome(formatFile) ? yield* read(formatFile.value) : {}
  const given = FileFormat.fromWords([
    ...declare,
    ...map.map((text) => `map=${text}`),
    ...ignore.map((text) => `ignore=${text}`),
    ...find.map((text) => `find=${text}`),
    ...set.map((text) => `set=${text}`)
  ])
  return yield* Effect.fromResult(Result.flatMap(given, (given) => FileFormat.merge(file, given))).pipe(
    Effect.mapError(({ message }) => usage(message))
  )
})
