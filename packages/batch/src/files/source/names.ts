/**
 * What the name of a file says about its format.
 */
import type { Format } from "./open.ts"

const extensions: ReadonlyMap<string | undefined, Format> = new Map([
  ["csv", "csv"],
  ["tsv", "csv"],
  ["ndjson", "ndjson"],
  ["jsonl", "ndjson"],
  ["json", "json"]
])

const extensionOf = (name: string): string | undefined =>
  /\.([a-z]+)(?:\.gz)?$/i.exec(name)?.[1]?.toLowerCase()

/** The format that the extension says; the content may say another. */
export const guess = (name: string): Format | undefined => extensions.get(extensionOf(name))

/** Whether the cells of the file are divided by tabs, unless something else is declared. */
export const isTabbed = (name: string): boolean => extensionOf(name) === "tsv"
