/**
 * What sniffing finds of a file, and what it cannot tell.
 */
import type { FileFormat } from "../FileFormat.ts"

/** A declaration that makes the file readable, and why. */
export interface Found {
  readonly format: FileFormat
  readonly assumptions: ReadonlyArray<string>
}

/** Nothing that could be declared makes the file readable. */
export interface Refusal {
  readonly line?: number
  readonly problem: string
  readonly advice: string
}

export const isRefusal = (result: Found | Refusal): result is Refusal => "problem" in result

export const nothing: Found = { format: {}, assumptions: [] }
