/**
 * A format as the flags that declare it, quoted for a shell.
 */
import * as Result from "effect/Result"
import type { DoubtStrategy } from "../doubt/DoubtStrategy.ts"
import * as FileFormat from "../files/FileFormat.ts"
import { wordsOf } from "../files/proposal/words.ts"
import { quote } from "./Shell.ts"

/** The flags that declare a format. Undefined if a format file alone can say it, such as an empty word with a comma. */
export const flagsOf = (format: FileFormat.FileFormat): ReadonlyArray<string> | undefined => {
  const flags = wordsOf({}, format)
  const given = flags.flatMap((flag, index) =>
    index % 2 === 0 ? [] : [flags[index - 1] === "--declare" ? flag : `${flags[index - 1]?.slice(2)}=${flag}`]
  )
  const read = Result.map(FileFormat.fromWords(given), canonical)
  return Result.isSuccess(read) && read.success === canonical(format) ? flags : undefined
}

/** A strategy, as `--strategy` names it. */
export const ofStrategy = ({ _tag }: DoubtStrategy): string =>
  _tag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The same text for two formats that say the same. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "string"
      ? FileFormat.characterOf(inner)
      : typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner
  )

/** The command that imports a file under a format, with other flags, which are quoted. */
export const importOf = (
  path: string,
  format: FileFormat.FileFormat,
  others: ReadonlyArray<string> = []
): string => {
  const file = quote(path.startsWith("-") ? `./${path}` : path)
  const flags = flagsOf(format)
  const words = ["line-items import", file, ...others]
  return flags === undefined
    ? `${words.join(" ")} --format-file <file>, where the file is ${JSON.stringify(format)}`
    : [...words, ...flags.map(quote)].join(" ")
}
