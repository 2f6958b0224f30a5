/**
 * How the rows that an import did not create are imported again.
 */
import type { FileFormat } from "../files/FileFormat.ts"
import * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
import * as Next from "./Next.ts"
import * as Words from "./Words.ts"

export interface Options {
  /** The arguments of the import. */
  readonly args: ReadonlyArray<string>
  readonly declared: FileFormat | undefined
  /** Whether there are rows with nothing wrong. */
  readonly isUnsent: boolean
  readonly source: Source.Source
}

/** The lines that name the command for a file of rejects: into the same account, as it was declared. */
export const lines = (
  name: string,
  rejects: string,
  { args, declared, isUnsent, source }: Options
): ReadonlyArray<string> => {
  const format = Rejects.formatOf(source, declared)
  const { encoding } = source.dialect
  return [
    ...(encoding !== format.encoding
      ? [`${Source.visible(rejects)}: it is UTF-8, because ${encoding ?? ""} cannot be written for it`]
      : []),
    // What is plain needs no declaration, and may have to be corrected first.
    ...(isUnsent || Object.keys(format).length > 0
      ? [
          `${name}: ${isUnsent ? "send what was not sent" : "import it again"} with: ${Words.importOf(rejects, format, Next.flagsOf(args, "import"))}`
        ]
      : [])
  ]
}
