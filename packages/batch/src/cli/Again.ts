/**
 * How the rows that an import did not create are imported again.
 */
import type { FileFormat } from "../files/FileFormat.ts"
import * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
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
  const isPlain = Object.keys(format).length === 0
  return [
    ...(encoding !== format.encoding
      ? [`${Source.visible(rejects)}: it is UTF-8, because ${encoding ?? ""} cannot be written for it`]
      : []),
    ...(isUnsent && isPlain ? [`${name}: import ${rejects} to send what was not sent`] : []),
    ...(isPlain
      ? []
      : [`${name}: import it again with: ${Words.importOf(rejects, format, Words.lastingOf(args))}`])
  ]
}
