/**
 * `line-items undo`: archives the line items of a file of `--created` that are still as their rows made them.
 *
 * It compares first, shows how many there are, and asks. What it does is kept in a record beside the file, from which a later
 * run goes on; it archives nothing that is not in the record's plan.
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { InputIssue } from "@effect-hubspot/schema"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type * as Terminal from "effect/Terminal"
import * as Undoing from "../bulk/Undoing.ts"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import type * as FileFormat from "../files/FileFormat.ts"
import * as Source from "../files/Source.ts"
import * as UndoRecord from "../files/UndoRecord.ts"
import * as Outcome from "../model/Outcome.ts"
import * as Json from "./Json.ts"
import { Exit, refused, refusedBefore, usage } from "./Exit.ts"
import * as Question from "./Question.ts"
import * as Output from "./Output.ts"
import * as Report from "./Report.ts"
import { Verbosity } from "./Verbosity.ts"

export interface Options {
  readonly path: string
  readonly format: Source.Format | undefined
  readonly declared: FileFormat.FileFormat
  readonly yes: boolean
  readonly json: boolean
}

/** The counts of rows. `planned` ones are archived, or would be. */
interface Counts {
  inputs: number
  planned: number
  archived: number
  /** Rows that stay in HubSpot. */
  left: number
  /** Those of them that are not as their row made them. */
  unlike: number
  requests: number
}

/** So many rows that are left for one cause are named. */
const mostNamed = 20

/** Rows that are compared, archived and written down together. */
const together = 1000

const columns = ["_id", "_account", "_how"] as const

/** Opens a file of created rows, which no import takes. */
const open = Effect.fnUntraced(function* ({ declared, format, path }: Options) {
  const ignore = [...(declared.ignore ?? []), "_how"]
  const input = { path }
  const none = `${Source.visible(path)}: this is no file of --created: it has no ${columns.join(", ")}`
  const opened = yield* Effect.result(Source.open(input, { format, declared: { ...declared, ignore } }))
  if (Result.isFailure(opened)) {
    // The file is readable as an input, so that it does not have the column that no input has.
    const plain = yield* Effect.result(Source.open(input, { format, declared }))
    return yield* Result.isSuccess(plain) ? usage(none) : refused(opened.failure)
  }
  const source = opened.success
  if (!source.replayable) return yield* usage("undo reads the file more than once; give a regular file")
  const { header } = source
  if (header !== undefined && !columns.every((name) => header.includes(name))) return yield* usage(none)
  return source
})

/** The columns that were added to a row. */
const addedTo = ({ header }: Source.Source) => {
  const at = columns.map((name) => header?.indexOf(name) ?? -1)
  return ({ original }: Source.Row): readonly [id: string, account: string, how: string] => {
    const all: ReadonlyArray<unknown> =
      original._tag === "Csv"
        ? at.map((index) => original.cells[index])
        : ((object) => columns.map((name) => object[name]))(JSON.parse(original.text))
    const [id, account, how] = all.map((value) => (typeof value === "string" ? value.trim() : ""))
    return [id ?? "", account ?? "", how ?? ""]
  }
}

/** So many names of properties are compared. */
const maxProperties = 1000

/** Reads the file to its end: how many rows, of which accounts, with which properties. */
const lookThrough = Effect.fnUntraced(function* (source: Source.Source, added: ReturnType<typeof addedTo>) {
  const accounts = new Set<string>()
  const properties = new Set<string>()
  const { rows } = yield* Effect.mapError(
    Source.check(source, (row) => {
      const [, account] = added(row)
      if (accounts.size < 3) accounts.add(account)
      if (Result.isFailure(row.input) || properties.size >= maxProperties) return
      for (const name in row.input.success.properties) properties.add(name)
    }),
    refused
  )
  return { rows, accounts, properties: [...properties] }
})

/** Refuses a file of another account. */
const checkAccount = Effect.fnUntraced(function* (name: string, accounts: ReadonlySet<string>) {
  const { portalId } = yield* Effect.flatMap(AccountInfo.AccountInfo, ({ details }) => details).pipe(
    Effect.provide(AccountInfo.layer),
    Effect.mapError(refusedBefore)
  )
  const own = String(portalId)
  const other = [...accounts].find((account) => account !== own)
  if (other === undefined) return own
  const is =
    other === ""
      ? "a row does not say of which account it is"
      : `a row is of account ${InputIssue.quote(other)}`
  return yield* usage(`${name}: ${is}, and the token is of account ${own}; nothing was archived`)
})

/** A record that cannot be read or written. */
const unwritable = (path: string) => (error: PlatformError) =>
  new Exit({
    code: Report.exitCodes.store,
    lines: [
      `${Source.visible(path)}: the record of the undo cannot be kept (${error.reason._tag}); check the path and the space on its disk`
    ]
  })

/** HubSpot did not answer, or the token is refused. */
const unanswered = (name: string, { reason }: Undoing.Unanswered): Exit => {
  const ending = { interrupted: false, reason, unreadable: false, unwritable: false }
  const code =
    reason === undefined ? Report.exitCodes.inDoubt : Report.exitCode({ ...Report.zero, notSent: 1 }, ending)
  const why =
    reason === undefined
      ? "HubSpot did not answer"
      : Outcome.describeNotSent(reason).replace("not sent: ", "")
  return new Exit({ code, lines: [`${name}: ${why}; give the same command again to go on`] })
}

const plural = (count: number): string => Report.count(count, "line item")

/** Runs an undo. Succeeds with its exit code. */
export const run = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  number,
  Exit,
  FileSystem.FileSystem | Stdio.Stdio | Terminal.Terminal | HubSpotClient | RateLimits | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const counts: Counts = { inputs: 0, planned: 0, archived: 0, left: 0, unlike: 0, requests: 1 }
  const print = (status: "COMPLETE" | "PENDING" | "PROCESSING") => {
    const { unlike: _, ...shown } = counts
    return options.json ? Output.line(Json.text(Json.Undone, { status, ...shown })) : Effect.void
  }
  const name = Source.visible(options.path)
  const path = `${options.path}.undo.csv`
  const shownPath = Source.visible(path)
  const source = yield* open(options)
  const added = addedTo(source)
  const { accounts, properties, rows } = yield* lookThrough(source, added)
  counts.inputs = rows
  const account = yield* checkAccount(name, accounts)
  const onEvent = (event: BatchRunner.Event) =>
    Effect.sync(() => {
      if (event._tag === "Requested" || event._tag === "Asked") counts.requests++
    })
  const known = yield* Effect.mapError(UndoRecord.read(path), unwritable(path))
  if (known !== undefined && (known.account !== account || known.rows !== rows)) {
    return yield* usage(
      `${name}: it is not the file that ${shownPath} was made for; remove the record to begin anew`
    )
  }
  const createdRows = Stream.mapError(source.rows, refused).pipe(
    Stream.map((row): Undoing.Created => {
      const [id, , how] = added(row)
      return { row, id, how }
    })
  )
  const judge = (some: ReadonlyArray<Undoing.Created>) =>
    Effect.mapError(Undoing.judge(some, { properties, onEvent }), (error) => unanswered(name, error))
  const isVerbose = (yield* Verbosity) === "verbose"
  const said = new Map<string, number>()
  const say = ({ created: { row }, left }: Undoing.Judged) =>
    Effect.suspend(() => {
      if (left === undefined) return Effect.void
      counts.left++
      if (left.why === "unlike") counts.unlike++
      const count = (said.get(left.why) ?? 0) + 1
      said.set(left.why, count)
      return isVerbose || count <= mostNamed
        ? Console.error(`${name}:${row.line}: left: ${left.reason}`)
        : count === mostNamed + 1
          ? Console.error("… and so on; --verbose prints a line for every one of them")
          : Effect.void
    })

  /** Compares every row, and writes the plan down if it may be carried out. */
  const plan = Effect.fnUntraced(function* (record: UndoRecord.Writer | undefined) {
    yield* createdRows.pipe(
      Stream.rechunk(together),
      Stream.runForEachArray((some) =>
        Effect.gen(function* () {
          const judged = yield* judge(some)
          yield* Effect.forEach(judged, say, { discard: true })
          counts.planned += judged.filter(({ left }) => left === undefined).length
          yield* Effect.mapError(
            record?.plan(
              judged.map(({ created: { id, row }, left }) => ({
                index: row.index,
                id: InputIssue.isRecordId(id) ? id : "",
                isPlanned: left === undefined
              }))
            ) ?? Effect.void,
            unwritable(path)
          )
        })
      )
    )
  })

  const begin = Effect.fnUntraced(function* () {
    const decides = options.yes || (yield* Question.canBeAsked)
    const record = decides
      ? yield* Effect.mapError(UndoRecord.open(path, "anew"), unwritable(path))
      : undefined
    yield* plan(record)
    const what = `${plural(counts.planned)} of account ${account}`
    const agrees = options.yes || (yield* Question.ask(`${name}: archive ${what}?`))
    if (agrees === true && record !== undefined) {
      yield* Effect.mapError(record.agree(account, rows), unwritable(path))
      return true
    }
    if (record !== undefined) yield* Effect.ignore(fs.remove(path))
    yield* Console.error(
      `${name}: would archive ${what}; ${agrees === undefined ? "nothing was archived: give --yes to do it" : "nothing was archived"}`
    )
    return false
  })

  /** Archives what is planned and not archived yet, if it still is as its row made it. */
  const carryOut = Effect.fnUntraced(function* (done: ReadonlySet<number>) {
    const record = yield* Effect.mapError(UndoRecord.open(path, "goOn"), unwritable(path))
    const planned = Stream.mapError(UndoRecord.plan(path), unwritable(path))
    yield* Stream.zip(createdRows, planned).pipe(
      Stream.rechunk(together),
      Stream.runForEachArray((some) =>
        Effect.gen(function* () {
          const foreign = some.find(
            ([{ id, row }, plan]) => row.index !== plan.index || (plan.id !== "" && plan.id !== id)
          )
          if (foreign !== undefined) {
            return yield* usage(
              `${name}:${foreign[0].row.line}: the row is not in the plan of ${shownPath}; nothing more was archived`
            )
          }
          const open = some.flatMap(([created, { index, isPlanned }]) =>
            isPlanned && !done.has(index) ? [created] : []
          )
          const judged = yield* judge(open)
          yield* Effect.forEach(judged, say, { discard: true })
          const asked = judged.flatMap(({ created, left }) => (left === undefined ? [created] : []))
          const end = yield* Undoing.archive(
            asked.map(({ id }) => id),
            { onEvent }
          )
          const written = asked.filter(({ id }) => end.archived.has(id))
          yield* Effect.mapError(
            record.archived(written.map(({ id, row }) => ({ id, index: row.index }))),
            unwritable(path)
          )
          counts.archived += written.length
          if (end.unanswered !== undefined) return yield* unanswered(name, end.unanswered)
        })
      )
    )
  })

  const whole = Effect.gen(function* () {
    if (known === undefined) {
      if (!(yield* Effect.scoped(begin()))) {
        yield* print("PENDING")
        return Report.exitCodes.usage
      }
    } else {
      counts.archived = known.archived.size
      yield* Console.error(
        `${name}: ${plural(counts.archived)} archived before, as ${shownPath} says; going on`
      )
    }
    yield* Effect.scoped(carryOut(known?.archived ?? new Set()))
    yield* options.json
      ? print("COMPLETE")
      : Output.line(
          `${name}: ${plural(counts.archived)} archived, ${Report.format(counts.left)} left; see ${shownPath}`
        )
    return counts.unlike > 0 ? Report.exitCodes.rejected : Report.exitCodes.done
  })
  return yield* Effect.tapError(whole, () => print("PROCESSING"))
})
