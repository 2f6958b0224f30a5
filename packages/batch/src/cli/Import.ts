/**
 * `line-items import`: rows of a file become line items, and every row is accounted for.
 *
 * The file's syntax and the files to write are checked before the first request. Ctrl-C stops sending and waits for
 * the requests under way; a second Ctrl-C abandons them, and their rows are in doubt.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import type { Property } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import * as GracefulStop from "../engine/GracefulStop.ts"
import * as BulkCreate from "../bulk/BulkCreate.ts"
import * as FindRecords from "../bulk/FindRecords.ts"
import * as FindRows from "../bulk/FindRows.ts"
import * as Option from "effect/Option"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import * as KeyProperty from "../doubt/KeyProperty.ts"
import * as Outcome from "../model/Outcome.ts"
import type { NotSentReason } from "../model/Outcome.ts"
import * as Advice from "./Advice.ts"
import * as Again from "./Again.ts"
import * as BeforeImport from "./BeforeImport.ts"
import * as Check from "./Check.ts"
import * as Piped from "./Piped.ts"
import * as Progress from "./Progress.ts"
import * as Columns from "../files/Columns.ts"
import type * as FileFormat from "../files/FileFormat.ts"
import * as Report from "./Report.ts"
import * as Source from "../files/Source.ts"
import { type Exit, refused, usage } from "./Exit.ts"
import * as ImportFiles from "./ImportFiles.ts"
import type * as JobFiles from "./JobFiles.ts"
import * as Lines from "./Lines.ts"
import * as Next from "./Next.ts"
import { Process } from "./Process.ts"
import type { Secrets } from "./Secrets.ts"
import * as Warnings from "../files/source/warnings.ts"

/** What to import, and the files for rows that were not created. */
export interface Options
  extends JobFiles.Paths, Pick<BulkCreate.Settings, "batchSize" | "concurrency" | "stopWhenAllRejected"> {
  readonly strategy?: DoubtStrategy.DoubtStrategy | undefined
  readonly keyProperty?: string | undefined
  /** The column with a row's own key. */
  readonly keyColumn?: string | undefined
  readonly input: { readonly path: string } | "stdin"
  readonly format: Source.Format | undefined
  /** What is declared of the input. Default: nothing. */
  readonly declared?: FileFormat.FileFormat | undefined
  /** What to do with a file that is not exact: read it as declared, or show what it probably is, or accept that. */
  readonly proposals?: "none" | "show" | "accept" | undefined
  /** The definitions of the emulator in this process, which is not asked for them. Default: the account is asked. */
  readonly emulated?: ReadonlyArray<Property.Property> | undefined
  /** How many wrong rows are named one by one. Default 20. */
  readonly named?: number | undefined
}

/** An import that took place. An obstacle before it fails with `Exit`. */
export interface Imported {
  readonly name: string
  readonly summary: Report.Summary
  /** The promise of the strategy. */
  readonly promise: string
  readonly code: number
}

/** Why an import of this source cannot be meant, if it cannot. */
const misused = (options: Options, source: Source.Source, setUp: string): string | undefined => {
  const { keyColumn, keyProperty, strategy = DoubtStrategy.failVisible } = options
  const misnamed = ImportFiles.misnamed(options, source)
  if (misnamed !== undefined) return misnamed
  if (keyColumn !== undefined && keyProperty === undefined) return "--key-column needs --key-property"
  if (keyColumn !== undefined && source.header !== undefined && !source.header.includes(keyColumn)) {
    return `${Source.visible(source.name)}: no column "${keyColumn}"; name the key column as the header does`
  }
  if (Option.isSome(DoubtStrategy.choose(strategy, keyProperty))) return undefined
  const what = strategy._tag === "failVisible" ? "--verify-rejections" : strategy._tag
  return `${what} needs --key-property; if the account has no such property, make one with: ${setUp}`
}

/** An input that is ready to be sent, and what was asked for it. */
export interface Prepared {
  readonly source: Source.Source
  readonly declared: FileFormat.FileFormat
  readonly total: number | undefined
  readonly choice: DoubtStrategy.Choice
  /** Finds the records that rows name by keys, if there are such columns. */
  readonly finder: FindRecords.Finder<Source.Row> | undefined
  readonly requests: number
  /** Lines about the rows of a pipe, once they are read. Those about a file are printed before. */
  readonly warnings: () => ReadonlyArray<string>
}

const prepared = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  Prepared,
  Exit,
  FileSystem.FileSystem | Stdio.Stdio | Terminal.Terminal | HubSpotClient | RateLimits | Scope.Scope
> {
  const { format, input, keyProperty, proposals = "none", strategy = DoubtStrategy.failVisible } = options
  let declared = options.declared ?? {}
  const open = (definitions?: ReadonlyArray<Property.Property>) =>
    Effect.mapError(Source.open(input, { format, declared, definitions }), refused)
  const setUp = yield* Next.command("setup-key", { words: ["--key-property", "import_key"] })
  const refuseMisuse = (source: Source.Source) => {
    const why = misused(options, source, setUp)
    return why === undefined ? Effect.void : Effect.fail(usage(why))
  }
  const ask = BeforeImport.definitions(input === "stdin" ? "stdin" : input.path, options.emulated)
  let file: Check.Known = { columns: undefined, account: undefined, rows: undefined, warnings: [] }
  if (input !== "stdin" && proposals !== "none" && (yield* Check.isRegular(input))) {
    const path = input.path
    const settled = yield* Check.settle({ ...options, path, declared, ask }, proposals)
    file = { ...settled.proposal, ...settled }
    declared = settled.proposal.declared
  } else if (!(yield* Source.isPipe(input))) {
    const source = yield* open()
    yield* refuseMisuse(source)
    const columns = Columns.make(source.header, declared)
    file = { ...file, ...(yield* Effect.mapError(Source.check(source, columns.take), refused)), columns }
  }
  yield* Effect.forEach(file.warnings, (line) => Console.error(line), { discard: true })
  const account = file.account ?? (yield* ask)
  const piped = input === "stdin" && proposals !== "none" ? yield* Piped.make : undefined
  const orProposal = <A, R>(effect: Effect.Effect<A, Exit, R>, source?: Source.Source) =>
    piped === undefined
      ? effect
      : Effect.catch(effect, (exit) => piped.refuse(exit, source, { format, declared, account }))
  const opened = open(account.definitions)
  const source = yield* orProposal(
    piped === undefined ? opened : Effect.provideService(opened, Stdio.Stdio, piped.service)
  )
  yield* refuseMisuse(source)
  const columns = file.columns ?? Columns.make(source.header, declared)
  yield* orProposal(BeforeImport.refuseColumns(source.name, columns.problems(account), account), source)
  const requests =
    account.requests + (yield* BeforeImport.refuseParents(source.name, columns.parents(), account))
  const needs = DoubtStrategy.keyNeeded(strategy)
  if (needs !== undefined && keyProperty !== undefined) {
    yield* Effect.mapError(KeyProperty.prove(keyProperty, needs), refused)
  }
  const choice = Option.getOrThrow(DoubtStrategy.choose(strategy, keyProperty))
  const finds = FindRows.ofFormat(declared)
  const finder = finds.length === 0 ? undefined : yield* Effect.mapError(FindRecords.make(finds), refused)
  const ready = { declared, total: file.rows, choice, finder, requests: requests + finds.length }
  if (source.replayable) return { ...ready, source, warnings: () => [] }
  const warnings = Warnings.make()
  const rows = Stream.mapArray(source.rows, (some) => {
    for (const row of some) warnings.add(row)
    return some
  })
  return { ...ready, source: { ...source, rows }, warnings: () => warnings.lines(source.name) }
})

/**
 * Opens the input and checks it without sending anything but the canaries of a key property. A file is read to its end before
 * the account is asked for its properties; a pipe is opened after that.
 */
export const prepare = (options: Options) =>
  Effect.onInterrupt(prepared(options), () => Console.error("line-items: interrupted; no row was sent"))

/**
 * Runs an import. `finish` receives the result also when the import was interrupted; the interrupted caller does not.
 */
export const run = Effect.fnUntraced(function* (
  options: Options,
  finish: (imported: Imported) => Effect.Effect<void, Exit, Stdio.Stdio>
): Effect.fn.Return<
  Imported,
  Exit,
  | FileSystem.FileSystem
  | Stdio.Stdio
  | Terminal.Terminal
  | Process
  | Secrets
  | HubSpotClient
  | RateLimits
  | Scope.Scope
> {
  const { signaled } = yield* Process
  const startedAt = yield* monotonicMillis
  const { declared, choice, finder, requests, source, total, warnings } = yield* prepare(options)
  const { keyColumn, strategy = DoubtStrategy.failVisible } = options
  const { report, ...files } = yield* ImportFiles.open(options, source, declared)

  // The name as it is printed: a file's name is foreign text.
  const shown = Source.visible(source.name)
  let counts = { ...Report.zero, requests: requests + (ImportFiles.asksAccount(options) ? 1 : 0) }
  const ending = { interrupted: false, unreadable: false, unwritable: false } as {
    -readonly [K in keyof Report.Ending]: Report.Ending[K]
  }
  const stop = yield* Deferred.make<void>()
  const abandon = yield* Deferred.make<void>()
  /** Nothing more will be sent, whatever the reason. */
  const over = yield* Deferred.make<void>()
  /** What is left of a file is not read any more. */
  const enough = yield* Deferred.make<void>()
  const { columns } = yield* Terminal.Terminal
  const limits = yield* RateLimits
  const progress = yield* Progress.make({
    name: shown,
    total,
    counts: () => counts,
    limit: limits.limit,
    columns: yield* columns
  })

  const notices = Lines.noticesOf(shown)
  const onEvent = (event: BatchRunner.Event): Effect.Effect<unknown> =>
    Effect.andThen(report?.event(event) ?? Effect.void, happened(event))
  const happened = (event: BatchRunner.Event): Effect.Effect<unknown> => {
    switch (event._tag) {
      case "Requested":
        counts = { ...counts, requests: counts.requests + 1 }
        // It ends the job also when every row was sent already.
        if (event.error?.ends !== "job") return Effect.void
        ending.reason ??= { _tag: "Halted", error: event.error }
        return Deferred.succeed(over, undefined)
      case "Asked":
        counts = { ...counts, requests: counts.requests + 1 }
        return Effect.void
      default: {
        const notice = notices(event)
        return notice === undefined ? Effect.void : progress.note(notice)
      }
    }
  }

  const { name, rest } = yield* Lines.naming({
    source,
    files: options,
    line: progress.note,
    most: options.named
  })

  const write = ImportFiles.writing(files, {
    line: progress.line,
    shown,
    unwritable: Effect.suspend(() => {
      ending.unwritable = true
      return Effect.andThen(Deferred.succeed(stop, undefined), Deferred.succeed(over, undefined))
    })
  })

  const take = Effect.fnUntraced(function* (outcomes: ReadonlyArray<Outcome.Outcome<Source.Row>>) {
    counts = Report.add(counts, outcomes)
    yield* report?.outcomes(outcomes) ?? Effect.void
    for (const outcome of outcomes) {
      yield* name(outcome)
      if (outcome._tag === "NotSent") {
        ending.reason = graver(ending.reason, outcome.reason)
        if (outcome.reason._tag !== "RetriesExhausted") yield* Deferred.succeed(over, undefined)
      }
    }
    yield* write(outcomes)
  })

  const args = yield* Effect.flatMap(Stdio.Stdio, ({ args }) => args)
  let lastLine = 0
  const rows = source.rows.pipe(
    // A pipe may never end, so it is not read on when nothing more will be sent. A file is, to say of every row that it was not
    // sent; a third Ctrl-C ends that.
    Stream.interruptWhen(Deferred.await(source.replayable ? enough : over)),
    Stream.catch((error) =>
      Stream.unwrap(
        Effect.as(
          Effect.suspend(() => {
            ending.unreadable = true
            const from = lastLine === 0 ? "" : `; go on with the rows after line ${lastLine}`
            return progress.line(`${error.message} (nothing after this was read${from})`)
          }),
          Stream.empty
        )
      )
    ),
    Stream.mapArray((chunk) => {
      counts = { ...counts, inputs: counts.inputs + chunk.length }
      lastLine = chunk.at(-1)?.line ?? lastLine
      return chunk
    })
  )

  const times = Effect.all([monotonicMillis, Clock.currentTimeMillis])
  const summarize = Effect.map(times, ([now, nowMillis]): Imported => ({
    name: source.name,
    summary: Report.summarize(counts, ending, { elapsedMs: now - startedAt, nowMillis }),
    promise: DoubtStrategy.promise(strategy),
    code: Report.exitCode(counts, ending)
  }))
  const written = Effect.catch(
    Effect.suspend(() => report?.write(counts.inputs) ?? Effect.void),
    (error) => {
      ending.unwritable = true
      return progress.line(error.message)
    }
  )
  const end = Effect.tap(Effect.andThen(Effect.andThen(progress.end, written), summarize), (imported) =>
    Effect.andThen(
      Effect.andThen(
        Effect.forEach([...rest(), ...warnings()], progress.note, { discard: true }),
        Effect.forEach(
          closing(shown, { ...options, declared }, source, imported, ending, { args, total }),
          progress.line,
          { discard: true }
        )
      ),
      finish(imported)
    )
  )

  const job = rows.pipe(
    BulkCreate.outcomesWith({
      toInput: (row) => row.input,
      where: { unit: "line", of: (row) => row.line },
      batchSize: options.batchSize,
      concurrency: options.concurrency,
      stopWhenAllRejected: options.stopWhenAllRejected,
      ...choice,
      finder,
      ...(keyColumn !== undefined && { keyOf: (row: Source.Row) => Lines.keyOf(source, row, keyColumn) }),
      stop,
      abandon,
      onEvent
    }),
    Stream.runForEachArray(take),
    Effect.andThen(Effect.suspend(() => end))
  )

  return yield* GracefulStop.run(job, {
    stop: Effect.suspend(() => {
      ending.interrupted = true
      return Effect.all([
        Deferred.succeed(stop, undefined),
        Deferred.succeed(over, undefined),
        progress.line(Progress.stopping)
      ])
    }),
    grace: signaled,
    abandon: Effect.suspend(() =>
      Effect.all([
        Deferred.succeed(abandon, undefined),
        Effect.forkDetach(Effect.andThen(signaled, Deferred.succeed(enough, undefined))),
        total === undefined || counts.inputs >= total ? Effect.void : progress.line(Progress.counting)
      ])
    )
  })
})

// An exhausted batch is the reason only if nothing worse happened to the job.
const graver = (known: NotSentReason | undefined, next: NotSentReason): NotSentReason =>
  known === undefined || known._tag === "RetriesExhausted" ? next : known

/** The lines at the end besides the numbers. */
const closing = (
  name: string,
  { declared, rejects }: Options,
  source: Source.Source,
  { summary }: Imported,
  ending: Report.Ending,
  {
    args,
    total = summary.inputs
  }: { readonly args: ReadonlyArray<string>; readonly total: number | undefined }
): ReadonlyArray<string> => [
  ...(summary.inputs === 0 && !ending.unreadable ? [`${name}: no rows`] : []),
  ...(rejects !== undefined && summary.rejected + summary.invalid + summary.notSent > 0
    ? Again.lines(name, rejects, { args, declared, isUnsent: summary.notSent > 0, source })
    : []),
  ...(summary.notSent > 0 && ending.reason !== undefined
    ? [
        `${name}: ${Report.count(summary.notSent, "row")} ${Outcome.describeNotSent(ending.reason)}${Advice.forNotSent(ending.reason)}`
      ]
    : []),
  ...(total > summary.inputs && !ending.unreadable
    ? [`${name}: ${Report.format(total - summary.inputs)} more rows were not read, and not sent`]
    : [])
]
