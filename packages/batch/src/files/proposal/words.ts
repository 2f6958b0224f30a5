/**
 * A format as the flags of a command line.
 */
import type { FileFormat, Values } from "../FileFormat.ts"

/** A flag and its value. */
type Word = readonly [flag: string, value: string]

const words: Readonly<Record<string, string>> = {
  ",": "comma",
  ".": "dot",
  ";": "semicolon",
  "\t": "tab",
  "|": "pipe",
  " ": "space",
  "'": "apostrophe"
}

const ofValues = (values: Values, prefix: string): ReadonlyArray<Word> =>
  Object.entries(values).map(([key, value]) => [
    "--declare",
    `${prefix}${key}=${Array.isArray(value) ? value.join(",") : (words[String(value)] ?? String(value))}`
  ])

const ofFormat = (format: FileFormat): ReadonlyArray<Word> => {
  const { find = {}, ignore = [], map = {}, perColumn = {}, set = {}, ...others } = format
  return [
    ...ofValues(others, ""),
    ...Object.entries(perColumn).flatMap(([column, values]) => ofValues(values, `${column}.`)),
    ...Object.entries(map).map(([column, name]): Word => ["--map", `${column}=${name}`]),
    ...Object.entries(find).map(([column, name]): Word => ["--find", `${column}=${name}`]),
    ...ignore.map((column): Word => ["--ignore", column]),
    ...Object.entries(set).map(([name, value]): Word => ["--set", `${name}=${value}`])
  ]
}

/** The flags for what `format` says besides `given`. */
export const wordsOf = (given: FileFormat, format: FileFormat): ReadonlyArray<string> => {
  const known = new Set(ofFormat(given).map((word) => word.join(" ")))
  return ofFormat(format)
    .filter((word) => !known.has(word.join(" ")))
    .flat()
}
