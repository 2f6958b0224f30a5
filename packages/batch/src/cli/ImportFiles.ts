/**
 * The files that an import writes while it runs: rows that were not created, rows in doubt, rows that were created, and the
 * report.
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import * as Effect from "effect/Effect"
import type { FileFormat } from "../files/FileFormat.ts"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
import { refused } from "./Exit.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Outcome from "../model/Outcome.ts"
import * as Lines from "./Lines.ts"
import { load } from "./load.ts"

interface Options extends JobFiles.Paths {
  readonly strategy?: DoubtStrategy.DoubtStrategy | undefined
  readonly emulated?: ReadonlyArray<unknown> | undefined
}

/** Why the names of the files cannot be meant, if they cannot. */
export const misnamed = (paths: JobFiles.Paths, source: Source.Source): string | undefined => {
  const files = JobFiles.all(paths)
  if (new Set(files).size < files.length) {
    return "two of --rejects, --doubts, --created and --report are the same file; give each its own"
  }
  const written = source.format === "csv" ? "csv" : "ndjson"
  for (const file of files) {
    const extension = /\.(csv|ndjson|jsonl|json)$/i.exec(file)?.[1]?.toLowerCase()
    if (extension === undefined || (extension === "csv") === (written === "csv")) continue
    return `${Source.visible(file)}: rows of this input are written as ${written.toUpperCase()}; name it .${written}`
  }
  return undefined
}

/** Whether the account is asked for its id, which is a request. */
export const asksAccount = ({ created, report }: JobFiles.Paths): boolean =>
  created !== undefined || report !== undefined

/** Makes the files that are wanted. An import that does not take place writes none. */
export const open = Effect.fnUntraced(function* (
  options: Options,
  source: Source.Source,
  declared: FileFormat
) {
  const made: Array<Effect.Effect<void>> = []
  const make = <E extends { readonly discard: Effect.Effect<void> }, R>(
    path: string | undefined,
    file: (options: Rejects.Options) => Effect.Effect<E, Rejects.RejectsError, R>
  ) =>
    path === undefined
      ? Effect.undefined
      : file({ path, source }).pipe(
          Effect.tap(({ discard }) => Effect.sync(() => made.push(discard))),
          Effect.tapError(() => Effect.all(made)),
          Effect.mapError(refused)
        )
  const rejects = yield* make(options.rejects, Rejects.make)
  const doubts = yield* make(options.doubts, Rejects.makeDoubts)
  const account = asksAccount(options) ? yield* portalId : undefined
  const created = yield* make(options.created, (file) => Rejects.makeCreated({ ...file, account }))
  const report = yield* recording(options, source, declared, account).pipe(
    Effect.tapError(() => Effect.all(made)),
    Effect.mapError(refused)
  )
  return { rejects, doubts, created, report }
})

/** The files for rows, as far as they are wanted. */
type Files = Pick<Effect.Success<ReturnType<typeof open>>, "rejects" | "doubts" | "created">

/**
 * Writes rows into their files. What a file cannot take is said, so that nothing is lost with a full disk; `unwritable` is run
 * then.
 */
export const writing = (
  { created, doubts, rejects }: Files,
  how: {
    readonly line: (text: string) => Effect.Effect<void>
    readonly shown: string
    readonly unwritable: Effect.Effect<unknown>
  }
) => {
  const said = new Set<string>()
  const write = <A extends { readonly row: Pick<Source.Row, "line"> }>(
    file:
      | { readonly writeAll: (all: ReadonlyArray<A>) => Effect.Effect<void, Rejects.RejectsError> }
      | undefined,
    all: ReadonlyArray<A>,
    textOf: (one: A) => string
  ) =>
    Effect.catch(
      file?.writeAll(all) ?? Effect.void,
      Effect.fnUntraced(function* ({ message }) {
        yield* how.unwritable
        if (!said.has(message)) yield* how.line(`${message}; stopping, and saying here what it lacks`)
        said.add(message)
        for (const one of all) yield* how.line(`${how.shown}:${one.row.line}: ${textOf(one)}`)
      })
    )
  return Effect.fnUntraced(function* (outcomes: ReadonlyArray<Outcome.Outcome<Source.Row>>) {
    const notCreated: Array<Rejects.Entry> = []
    const doubtful: Array<Rejects.Doubt> = []
    const ids: Array<Rejects.CreatedRow> = []
    for (const outcome of outcomes) {
      const { source: row } = outcome
      if (outcome._tag === "Created") {
        if (created !== undefined) ids.push({ row, id: outcome.id, via: outcome.via })
      } else if (outcome._tag === "InDoubt") {
        const evidence = Outcome.describe(outcome)
        doubtful.push({ row, reason: "in doubt", traceId: outcome.objectWriteTraceId, evidence })
      } else notCreated.push({ row, reason: Lines.reasonOf(outcome) })
    }
    yield* write(rejects, notCreated, ({ reason }) => reason)
    yield* write(doubts, doubtful, ({ evidence }) => `in doubt: ${evidence}`)
    yield* write(created, ids, ({ id }) => `created as ${id}`)
  })
}

const recording = Effect.fnUntraced(function* (
  { emulated, report: path, strategy = DoubtStrategy.failVisible, ...files }: Options,
  source: Source.Source,
  declared: FileFormat,
  account: string | undefined
) {
  if (path === undefined) return undefined
  yield* JobFiles.mustBePossible({ report: path, rejects: undefined, doubts: undefined })
  const [Recording] = yield* load(() => [import("./report/Recording.ts")])
  return yield* Recording.make({
    path,
    files,
    source,
    declared,
    account,
    strategy,
    isEmulated: emulated !== undefined
  })
})

/** The account, where the token may ask for it. */
const portalId = Effect.flatMap(AccountInfo.AccountInfo, ({ details }) => details).pipe(
  Effect.map(({ portalId }) => String(portalId)),
  Effect.orElseSucceed(() => undefined),
  Effect.provide(AccountInfo.layer)
)
