/**
 * What a report says beside its findings: of which import it is, how the file was read, and what to do next.
 */
import type * as FileFormat from "../../files/FileFormat.ts"
import type { Dialect } from "../../files/Dialect.ts"

/** Something to do, with a command that does it if there is one. */
export interface Step {
  readonly text: string
  readonly commands: ReadonlyArray<string>
}

/** How the rows were read. */
export interface Reading {
  readonly format: "csv" | "ndjson" | "json"
  readonly header?: ReadonlyArray<string> | undefined
  readonly declared?: FileFormat.FileFormat | undefined
  readonly dialect?: Dialect | undefined
}

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
