/**
 * `line-items check`, and what `import` and `submit` do with a file that is not exact: they show what it probably is, and go on
 * only if that is accepted.
 */
import { StandardProperties } from "@effect-hubspot/schema"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import type * as FileFormat from "../files/FileFormat.ts"
import * as Proposal from "../files/Proposal.ts"
import * as Source from "../files/Source.ts"
import { Exit, refused, usage } from "./Exit.ts"
import * as ProposalText from "./ProposalText.ts"
import * as Report from "./Report.ts"

export interface Options<R> {
  readonly path: string
  readonly format: Source.Format | undefined
  readonly declared: FileFormat.FileFormat
  readonly definitions: Effect.Effect<Proposal.Definitions, Exit, R>
  readonly observe?: Proposal.Options["observe"]
}

/** What a regular file probably is. */
export const propose = Effect.fnUntraced(function* <R>({ path, ...options }: Options<R>): Effect.fn.Return<
  Proposal.Proposal,
  Exit,
  R | FileSystem.FileSystem | Stdio.Stdio | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const bytes = Stream.provideService(Source.bytesOf(path), FileSystem.FileSystem, fs)
  return yield* Effect.mapError(Proposal.make(path, bytes, options), (error) =>
    error._tag === "Exit" ? error : refused(error)
  )
})

/** The standard definitions, for who cannot ask the account. */
export const standard = (isEmulated = false): Effect.Effect<Proposal.Definitions> =>
  Effect.succeed({ definitions: StandardProperties.lineItems, isComplete: isEmulated })

/** Whether an input is a regular file: only that one can be read before it is sent. */
export const isRegular = Effect.fnUntraced(function* (input: { readonly path: string } | "stdin") {
  if (input === "stdin" || input.path === "") return false
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.match(fs.stat(input.path), {
    // What is wrong with it is said when it is opened.
    onFailure: () => false,
    onSuccess: ({ type }) => type === "File"
  })
})

/** The text of a proposal, with the command to run. */
const textOf = Effect.fnUntraced(function* (proposal: Proposal.Proposal) {
  const { args } = yield* Stdio.Stdio
  return ProposalText.toText(proposal, ProposalText.commandOf(yield* args, proposal))
})

/** A question on a terminal, once. Anything but yes is no. */
const asks = Effect.fnUntraced(function* (question: string) {
  const { stderrIsTerminal, stdinIsTerminal } = yield* Stdio.Stdio
  if (!(yield* stdinIsTerminal) || !(yield* stderrIsTerminal)) return false
  const terminal = yield* Terminal.Terminal
  yield* Effect.ignore(terminal.display(`${question} [y/N] `))
  const answer = yield* Effect.orElseSucceed(terminal.readLine, () => "")
  return /^\s*y(?:es)?\s*$/i.test(answer)
})

/**
 * What is declared of a file, if it is exact or its proposal is accepted. Else the proposal is printed, and nothing is sent.
 */
export const settle = Effect.fnUntraced(function* <R>(
  options: Options<R>,
  accept: boolean
): Effect.fn.Return<
  Proposal.Proposal,
  Exit,
  R | FileSystem.FileSystem | Stdio.Stdio | Terminal.Terminal | Scope.Scope
> {
  const proposal = yield* propose(options)
  if (Proposal.isExact(proposal)) return proposal
  const isBlocked = Proposal.isBlocked(proposal)
  if (accept && !isBlocked) return proposal
  const name = Source.visible(proposal.name)
  if (isBlocked && (accept || proposal.words.length === 0)) {
    const lines = proposal.problems.filter(({ blocking }) => blocking).map(ProposalText.problemLine)
    return yield* new Exit({ code: Report.exitCodes.usage, lines: lines.map((line) => `${name}: ${line}`) })
  }
  yield* Console.error(yield* textOf(proposal))
  if (!isBlocked && (yield* asks("Import it so?"))) return proposal
  return yield* usage(
    isBlocked
      ? `${name}: nothing was sent; decide what the columns under Problems are, and run the command above`
      : `${name}: nothing was sent; run the command above, or the same one as before with --accept`
  )
})

/** Writes what is declared as a format file. It overwrites none. */
export const save = Effect.fnUntraced(function* (path: string, { declared }: Proposal.Proposal) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(fs.writeFileString(path, `${JSON.stringify(declared, null, 2)}\n`, { flag: "wx" }), (error) =>
    usage(
      `${Source.visible(path)}: ${error.reason._tag === "AlreadyExists" ? "the file exists already; give another name" : "the file cannot be written; check the path"}`
    )
  )
})

/** A proposal for a script: the same content. */
const toJson = (proposal: Proposal.Proposal, command: string): string =>
  JSON.stringify({ ...proposal, exact: Proposal.isExact(proposal), blocked: Proposal.isBlocked(proposal), command })

/** `line-items check`: the exit code, once the proposal is shown. */
export const check = Effect.fnUntraced(function* <R>(
  options: Options<R>,
  show: { readonly json: boolean; readonly save: string | undefined; readonly print: (line: string) => Effect.Effect<void, Exit, Stdio.Stdio> }
) {
  if (!(yield* isRegular({ path: options.path }))) {
    // A path that is wrong is said as for an import.
    if (options.path !== "-") yield* Effect.mapError(Effect.scoped(Source.open({ path: options.path })), refused)
    return yield* usage("check reads a file twice, and a pipe can be read once; give a regular file")
  }
  const proposal = yield* propose(options)
  const { args } = yield* Stdio.Stdio
  const command = ProposalText.commandOf(yield* args, proposal)
  yield* show.print(show.json ? toJson(proposal, command) : ProposalText.toText(proposal, command))
  if (show.save !== undefined) yield* save(show.save, proposal)
  return Proposal.isBlocked(proposal) ? Report.exitCodes.usage : Report.exitCodes.done
})
