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

/** Flags that say where an import goes and how rows are told apart, and whether they have a value. */
const lasting = new Map([
  ["--emulator", false],
  ["--emulator-properties", true],
  ["--base-url", true],
  ["--token-file", true],
  ["--strategy", true],
  ["--verify-rejections", false],
  ["--key-property", true],
  ["--key-column", true]
])

/** Of the arguments of a command, those that hold for the next one into the same account too. */
export const lastingOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => flagsIn(args, lasting)

/** Of the arguments of a command, these flags with their values. */
export const given = (args: ReadonlyArray<string>, flags: ReadonlyArray<string>): ReadonlyArray<string> =>
  flagsIn(args, new Map(flags.map((flag) => [flag, true] as const)))

const flagsIn = (args: ReadonlyArray<string>, flags: ReadonlyMap<string, boolean>): ReadonlyArray<string> =>
  args.flatMap((word, at) => {
    const hasValue = flags.get(word.split("=", 1)[0]!)
    if (hasValue === undefined) return []
    const value = args[at + 1]
    return hasValue && !word.includes("=") && value !== undefined ? [word, value] : [word]
  })

/** The command that imports a file under a format. */
export const importOf = (
  path: string,
  format: FileFormat.FileFormat,
  others: ReadonlyArray<string> = []
): string => {
  const file = quote(path.startsWith("-") ? `./${path}` : path)
  const flags = flagsOf(format)
  const words = ["line-items import", file, ...others.map(quote)]
  return flags === undefined
    ? `${words.join(" ")} --format-file <file>, where the file is ${JSON.stringify(format)}`
    : [...words, ...flags.map(quote)].join(" ")
}
