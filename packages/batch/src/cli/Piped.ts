/**
 * A pipe is read once, so nothing of it is guessed: it is exact, or declared. Where it is neither, its beginning tells what it
 * probably is, and the command that declares it.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type * as FileFormat from "../files/FileFormat.ts"
import * as Proposal from "../files/Proposal.ts"
import * as Source from "../files/Source.ts"
import type * as BeforeImport from "./BeforeImport.ts"
import { Exit } from "./Exit.ts"
import * as ProposalText from "./ProposalText.ts"
import * as Report from "./Report.ts"

/** So much of a pipe is looked at, in bytes. */
const most = 64 * 1024

/** A pipe that brings nothing more is not waited for. */
const patience = "2 seconds"

export interface Options {
  readonly format: Source.Format | undefined
  readonly declared: FileFormat.FileFormat
  readonly account: BeforeImport.Definitions
}

/** The standard input, of which the beginning is kept. */
export const make = Effect.map(Stdio.Stdio, (stdio) => {
  const chunks: Array<Uint8Array> = []
  let length = 0
  const keep = (chunk: Uint8Array): Uint8Array => {
    if (length < most) chunks.push(chunk.slice(0, most - length))
    length += chunk.length
    return chunk
  }

  /** Reads on until the beginning is known. */
  const fill = (source: Source.Source | undefined) =>
    source === undefined
      ? Effect.void
      : Effect.ignore(
          Effect.timeoutOption(Stream.runDrain(Stream.takeWhile(source.rows, () => length < most)), patience)
        )

  /** Whole lines, unless it is all there is. */
  const beginning = (): Uint8Array => {
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return length <= most ? bytes : bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
  }

  return {
    service: { ...stdio, stdin: Stream.map(stdio.stdin, keep) },
    /** Fails with what the pipe probably is, or as it was refused if that cannot be told. */
    refuse: Effect.fnUntraced(function* (
      refused: Exit,
      source: Source.Source | undefined,
      { account, declared, format }: Options
    ) {
      yield* fill(source)
      const { args } = stdio
      const words = yield* args
      const text = yield* Proposal.make("stdin", Stream.make(beginning()), {
        format,
        declared,
        ...account
      }).pipe(
        Effect.map((proposal) =>
          proposal.words.length === 0
            ? undefined
            : ProposalText.toText(proposal, ProposalText.commandOf(words, proposal))
        ),
        Effect.orElseSucceed(() => undefined)
      )
      if (text === undefined) return yield* refused
      yield* Console.error(text)
      return yield* new Exit({
        code: Report.exitCodes.usage,
        lines: [
          `stdin: nothing was sent; a pipe is read once, so it is read as it is declared only: pipe it into the command above`
        ]
      })
    })
  }
})
