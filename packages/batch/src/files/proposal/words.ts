/**
 * A format as the flags of a command line.
 */
import type { FileFormat } from "../FileFormat.ts"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const entries = (record: unknown): ReadonlyArray<readonly [string, unknown]> =>
  isRecord(record) ? Object.entries(record) : []

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(",") : String(value))

/** The flags for what `format` says besides `given`. */
export const wordsOf = (given: FileFormat, format: FileFormat): ReadonlyArray<string> => {
  const words: Array<string> = []
  const declare = (key: string, before: unknown, value: unknown): void => {
    if (textOf(before) !== textOf(value)) words.push("--declare", `${key}=${textOf(value)}`)
  }
  for (const [key, value] of entries(format)) {
    const before = (given as Readonly<Record<string, unknown>>)[key]
    if (key === "map" || key === "set") {
      const known = new Map(entries(before))
      for (const [name, other] of entries(value)) {
        if (known.get(name) !== other) words.push(`--${key}`, `${name}=${String(other)}`)
      }
    } else if (key === "ignore") {
      const known = new Set(given.ignore)
      for (const name of format.ignore ?? []) if (!known.has(name)) words.push("--ignore", name)
    } else if (key === "perColumn") {
      for (const [column, values] of entries(value)) {
        const known = new Map(entries((before as Readonly<Record<string, unknown>> | undefined)?.[column]))
        for (const [name, one] of entries(values)) declare(`${column}.${name}`, known.get(name), one)
      }
    } else declare(key, before, value)
  }
  return words
}
