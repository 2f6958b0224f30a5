/**
 * A format as the flags that declare it, quoted for a shell.
 */
import * as Result from "effect/Result"
import * as FileFormat from "../files/FileFormat.ts"

const words: Readonly<Record<string, string>> = {
  ",": "comma",
  ".": "dot",
  ";": "semicolon",
  "\t": "tab",
  "|": "pipe",
  " ": "space",
  "'": "apostrophe"
}

const ofValues = (values: FileFormat.Values, prefix: string): ReadonlyArray<string> =>
  Object.entries(values).flatMap(([key, value]) => [
    "--declare",
    `${prefix}${key}=${Array.isArray(value) ? value.join(",") : (words[String(value)] ?? String(value))}`
  ])

/** The flags that declare a format. Undefined if a format file alone can say it, such as an empty word with a comma. */
export const flagsOf = (format: FileFormat.FileFormat): ReadonlyArray<string> | undefined => {
  const { ignore = [], map = {}, perColumn = {}, set = {}, ...others } = format
  const flags = [
    ...ofValues(others, ""),
    ...Object.entries(perColumn).flatMap(([column, values]) => ofValues(values, `${column}.`)),
    ...Object.entries(map).flatMap(([column, name]) => ["--map", `${column}=${name}`]),
    ...ignore.flatMap((column) => ["--ignore", column]),
    ...Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`])
  ]
  const given = flags.flatMap((flag, index) =>
    index % 2 === 0 ? [] : [flags[index - 1] === "--declare" ? flag : `${flags[index - 1]?.slice(2)}=${flag}`]
  )
  const read = Result.map(FileFormat.fromWords(given), canonical)
  return Result.isSuccess(read) && read.success === canonical(format) ? flags : undefined
}

/** The same text for two formats that say the same. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "string"
      ? FileFormat.characterOf(inner)
      : typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner
  )

/** A word as a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** The command that imports a file under a format. */
export const importOf = (path: string, format: FileFormat.FileFormat): string => {
  const file = quoted(path.startsWith("-") ? `./${path}` : path)
  const flags = flagsOf(format)
  return flags === undefined
    ? `line-items import ${file} --format-file <file>, where the file is ${JSON.stringify(format)}`
    : ["line-items import", file, ...flags.map(quoted)].join(" ")
}
