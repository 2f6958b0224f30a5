/**
 * `line-items check`, and what `import` and `submit` do with a file that is not exact: they show what it probably is, and go on
 * only if that is accepted.
 */
import { type Property, StandardProperties } from "@effect-hubspot/schema"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import type * as Terminal from "effect/Terminal"
import type * as FileFormat from "../files/FileFormat.ts"
import * as Columns from "../files/Columns.ts"
import * as Proposal from "../files/Proposal.ts"
import * as Source from "../files/Source.ts"
import * as Json from "./Json.ts"
import * as BeforeImport from "./BeforeImport.ts"
import { Exit, refused, usage } from "./Exit.ts"
import * as ProposalText from "./ProposalText.ts"
import * as Question from "./Question.ts"
import * as Report from "./Report.ts"
import * as Shell from "./Shell.ts"

export interface Options<R> {
  readonly path: string
  readonly format: Source.Format | undefined
  readonly declared: FileFormat.FileFormat
  /** The definitions of the emulator in this process. */
  readonly emulated?: ReadonlyArray<Property.Property> | undefined
  /** The account's definitions, asked for. */
  readonly ask: Effect.Effect<BeforeImport.Definitions, Exit, R>
}

/** What a regular file probably is, and what is wrong with its columns. */
export interface Checked {
  readonly proposal: Proposal.Proposal
  readonly columns: Columns.Columns
  readonly account: BeforeImport.Definitions
}

/** What an import knows of a file before it sends a row; of a pipe nothing. */
export interface Known {
  readonly columns: Columns.Columns | undefined
  readonly account: BeforeImport.Definitions | undefined
  readonly rows: number | undefined
  readonly warnings: ReadonlyArray<string>
}

/** Whether what is proposed by HubSpot's standard properties is to be proposed again by those of the account. */
type Needs = (proposal: Proposal.Proposal, account: BeforeImport.Definitions) => boolean

/** It has columns that only the account knows. An import refuses those that nobody knows in a line of its own. */
const needsAccount: Needs = ({ columns }, { definitions }) => {
  const names = new Set(definitions.map(({ name }) => name))
  return columns.some(({ name, why }) => why === "unmapped" && names.has(name))
}

/** A check tells of columns that the account does not know. */
const needsAllOfAccount: Needs = ({ columns }, { isComplete }) =>
  isComplete && columns.some(({ why }) => why === "unmapped")

/** Reads a regular file, and asks the account once the file is known to be readable. */
const look = Effect.fnUntraced(function* <R>(
  { ask, declared, emulated, format, path }: Options<R>,
  needs: Needs
): Effect.fn.Return<Checked, Exit, R | FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const bytes = Source.bytesOf(path, fs)
  let columns: Columns.Columns = Columns.make([], {})
  const propose = (known: Proposal.Definitions) =>
    Effect.mapError(
      Proposal.make(path, bytes, {
        format,
        declared,
        ...known,
        observe: (header, format) => {
          columns = Columns.make(header, format)
          return columns.take
        }
      }),
      refused
    )
  const first = yield* propose({
    definitions: emulated ?? StandardProperties.lineItems,
    isComplete: emulated !== undefined
  })
  const account = yield* ask
  const isKnown = emulated !== undefined || (Proposal.isExact(first) && !needs(first, account))
  const proposal = isKnown ? first : yield* propose(account)
  return { proposal, columns, account }
})

/** Whether an input is a regular file: only that one can be read before it is sent. */
export const isRegular = Effect.fnUntraced(function* (input: { readonly path: string }) {
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

/**
 * What is declared of a file, if it is exact or its proposal is accepted. Else the proposal is printed, and nothing is sent.
 */
export const settle = Effect.fnUntraced(function* <R>(
  options: Options<R>,
  proposals: "show" | "accept"
): Effect.fn.Return<
  Checked,
  Exit,
  R | FileSystem.FileSystem | Stdio.Stdio | Terminal.Terminal | Scope.Scope
> {
  const checked = yield* look(options, needsAccount)
  const { account, proposal } = checked
  if (Proposal.isExact(proposal)) return checked
  const isBlocked = Proposal.isBlocked(proposal)
  if (proposals === "accept" && !isBlocked) return checked
  const name = Source.visible(proposal.name)
  if (isBlocked && (proposals === "accept" || proposal.words.length === 0)) {
    const blocking = proposal.problems.filter(({ blocking }) => blocking)
    // Unknown columns alone are refused as those of a pipe are.
    const areUnknown = account.isComplete && blocking.every(({ kind }) => kind === "column")
    if (areUnknown && proposal.words.length === 0) return checked
    const lines = blocking.map((problem) => `${name}: ${ProposalText.problemLine(problem)}`)
    return yield* new Exit({ code: Report.exitCodes.usage, lines })
  }
  yield* Console.error(yield* textOf(proposal))
  if (!isBlocked && (yield* Question.ask("Import it so?")) === true) return checked
  return yield* usage(
    isBlocked
      ? `${name}: nothing was sent; decide what the columns under Problems are, and run the command above`
      : `${name}: nothing was sent; run the command above, or the same one as before with --accept`
  )
})

/** Where an editor finds the schema of a format file: in the package, where it is installed beside the file. */
const $schema = "./node_modules/@effect-hubspot/batch/schemas/format-file.json"

/** Writes what is declared as a format file. It overwrites none. */
export const save = Effect.fnUntraced(function* (path: string, { declared }: Proposal.Proposal) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(
    fs.writeFileString(path, `${JSON.stringify({ $schema, ...declared }, null, 2)}\n`, { flag: "wx" }),
    (error) =>
      usage(
        `${Source.visible(path)}: ${error.reason._tag === "AlreadyExists" ? "the file exists already; give another name" : "the file cannot be written; check the path"}`
      )
  )
})

/** Says what a format file is for. */
const saved = (path: string): string =>
  `\n\nSaved\n  ${Source.visible(path)}: import files like this one with --format-file ${Shell.quote(path)}`

/** A proposal for a script: the same content. */
const toJson = (proposal: Proposal.Proposal, command: string): string =>
  Json.text(Json.Checked, {
    ...proposal,
    exact: Proposal.isExact(proposal),
    blocked: Proposal.isBlocked(proposal),
    command
  })

export interface Show {
  readonly json: boolean
  readonly save: string | undefined
}

/** `line-items check`: what is to be shown, and the exit code. A declaration that is to be kept is kept. */
export const check = Effect.fnUntraced(function* <R>(options: Options<R>, { json, save: file }: Show) {
  if (options.path === "-" || !(yield* isRegular(options))) {
    // A path that is wrong is said as for an import.
    if (options.path !== "-") yield* Effect.mapError(Effect.scoped(Source.open(options)), refused)
    return yield* usage("check reads a file twice, and a pipe can be read once; give a regular file")
  }
  const { account, columns, proposal: found } = yield* look(options, needsAllOfAccount)
  const proposal = {
    ...found,
    problems: [...BeforeImport.readOnly(columns.problems(account)), ...found.problems]
  }
  const { args } = yield* Stdio.Stdio
  const command = ProposalText.commandOf(yield* args, proposal)
  if (file !== undefined) yield* save(file, proposal)
  return {
    text: json
      ? toJson(proposal, command)
      : `${ProposalText.toText(proposal, command)}${file === undefined ? "" : saved(file)}`,
    code: Proposal.isBlocked(proposal) ? Report.exitCodes.usage : Report.exitCodes.done
  }
})
