/**
 * What a report says beside its findings: of which import it is, how the file was read, and what to do next.
 */
import { InputIssue } from "@effect-hubspot/schema"
import type * as FileFormat from "../../files/FileFormat.ts"
import type { Dialect } from "../../files/Dialect.ts"
import { quote } from "../Shell.ts"
import * as Words from "../Words.ts"

/** Something to do, with a command that does it if there is one. */
export interface Step {
  readonly text: string
  readonly commands: ReadonlyArray<string>
}

/** How the rows were read, as texts. */
export interface Reading {
  readonly format: string
  /** How many columns there are, and their names. */
  readonly columns?: { readonly count: number; readonly names: string } | undefined
  /** What was declared: the flags, or a format file. */
  readonly declared?: string | undefined
  /** What differs from UTF-8 with commas. */
  readonly dialect?: string | undefined
}

interface Read {
  readonly format: string
  readonly header?: ReadonlyArray<string> | undefined
  readonly declared?: FileFormat.FileFormat | undefined
  readonly dialect?: Dialect | undefined
}

/** The longest of such texts, in characters. */
const most = 4000

/** A text without secrets, as long as it may be. */
export const clipped = (text: string, redact: (text: string) => string): string =>
  InputIssue.shorten(redact(text), most)

/** A step without secrets. */
export const stepWithout =
  (redact: (text: string) => string) =>
  ({ commands, text }: Step): Step => ({
    text: clipped(text, redact),
    commands: commands.map((command) => clipped(command, redact))
  })

const names: Readonly<Record<string, string>> = { none: "none", "\t": "tab", "\r\n": "CR LF", "\r": "CR" }
const named = (text: string): string => names[text] ?? `"${text}"`

/** What differs from UTF-8 with commas, in words. */
const differences = ({ delimiter, encoding, mark, newline, quote, sep }: Dialect): ReadonlyArray<string> => [
  ...(encoding === undefined ? [] : [`encoding ${encoding}`]),
  ...(mark === undefined ? [] : ["a byte order mark"]),
  ...(sep === undefined ? [] : ["a line sep="]),
  ...(delimiter === undefined ? [] : [`delimiter ${named(delimiter)}`]),
  ...(quote === undefined ? [] : [`quote ${named(quote)}`]),
  ...(newline === undefined ? [] : [`line ends ${named(newline)}`])
]

/** How rows of this format were read. */
export const readingOf = (
  { declared = {}, dialect = {}, format, header }: Read,
  redact: (text: string) => string
): Reading => ({
  format: format.toUpperCase(),
  ...(header !== undefined && {
    columns: { count: header.length, names: clipped(header.join(", "), redact) }
  }),
  ...(Object.keys(declared).length > 0 && {
    declared: clipped(
      Words.flagsOf(declared)?.map(quote).join(" ") ?? JSON.stringify(declared, null, 2),
      redact
    )
  }),
  ...(differences(dialect).length > 0 && { dialect: differences(dialect).join(", ") })
})

export interface Facts {
  /** The name of the input. */
  readonly source: string
  readonly job?: string | undefined
  /** Of a job: its state, and why it does not go on. */
  readonly state?: string | undefined
  readonly account?: string | undefined
  /** Where requests go. */
  readonly origin: string
  readonly strategy: string
  readonly promise: string
  readonly inputs: number
  /** Rows that have no outcome yet. */
  readonly open: number
  readonly startedAtMillis: number
  readonly endedAtMillis?: number | undefined
  readonly writtenAtMillis: number
  /** Requests per ten seconds, if that is known. */
  readonly limit?: number | undefined
  readonly command: string
  readonly reading: Reading
  /** The file that has the ids of all rows. */
  readonly createdFile?: string | undefined
  /** How the ids of all rows can be written to a file, if they are not. */
  readonly allIds?: string | undefined
  readonly steps: ReadonlyArray<Step>
  readonly versions: { readonly lineItems: string; readonly node: string; readonly effect: string }
}
