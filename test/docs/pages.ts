/**
 * The pages that people read: README and `docs/`. A page answers one question in at most 1,200 words, unless it is a
 * reference, which is looked things up in.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../..")

export const read = (file: string): string => readFileSync(join(root, file), "utf8")

/** Looked things up in; all other pages are guides. */
export const references = [
  "docs/cli.md",
  "docs/emulator.md",
  "docs/failures.md",
  "docs/files.md",
  "docs/performance.md"
]

export const pages: ReadonlyArray<string> = ["README.md", ...globSync("docs/*.md", { cwd: root }).sort()]

export const guides = pages.filter((page) => !references.includes(page))

/** The text without its code. */
export const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "")

export interface Block {
  readonly language: string
  readonly text: string
  /** Where its text begins in the page. */
  readonly at: number
}

export const blocksOf = (text: string): ReadonlyArray<Block> =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    at: match.index + "```".length + match[1]!.length + 1
  }))
