/**
 * The lines about a row: its place, its outcome, the reason, and what to do.
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import type * as Job from "../jobs/Job.ts"
import * as Outcome from "../model/Outcome.ts"
import * as Report from "./Report.ts"
import * as Source from "../files/Source.ts"
import * as Advice from "./Advice.ts"

/** The input as a whole. */
export type From = Pick<Source.Source, "name" | "header">

/** The lines for the events of an import named `shown`; each kind of wait once. */
export const noticesOf = (shown: string) => {
  const waited = new Set<string>()
  return (event: BatchRunner.Event): string | undefined => {
    switch (event._tag) {
      case "Requested":
      case "Asked":
        return undefined
      case "Surplus":
        return `${shown}: HubSpot answered with records that match no row: ${event.ids.map((id) => ErrorBody.showable(id, 64)).join(", ")}; look at them in HubSpot`
      case "Unattributed":
        return `${shown}: HubSpot answered with errors that name no row: ${event.messages.join("; ")}`
      case "Unanswered":
        return `${shown}: HubSpot does not answer: ${event.error.message}; ${event.count < event.most ? "waiting" : "stopping"}, ${event.count} of ${event.most}`
      case "Waiting":
        if (waited.has(event.why)) return undefined
        waited.add(event.why)
        return `${shown}: ${waitingFor(event)}`
    }
  }
}

/** A wait must not look like a hang. */
const waitingFor = ({ inputs, millis, why }: BatchRunner.Event & { readonly _tag: "Waiting" }): string => {
  const rows = `${Report.format(inputs)} ${inputs === 1 ? "row" : "rows"}`
  const time = Report.formatMillis(millis)
  switch (why) {
    case "unanswered":
      return `${rows} wait until HubSpot answers a read`
    case "unfinished":
      return `HubSpot has not finished with ${rows}; looking again until it has`
    case "doubt":
      return `${rows} in doubt; looking for ${inputs === 1 ? "it" : "them"} in ${time}, the others go on`
    case "search":
      return `${rows} ${inputs === 1 ? "names" : "name"} records that HubSpot's search does not find; searching again in ${time}, because new ones appear late`
    case "verification":
      return `${rows} rejected; checking in ${time} that HubSpot does not have ${inputs === 1 ? "it" : "them"}`
  }
}

export const reasonOf = (outcome: Outcome.Outcome<Source.Row>): string => {
  if (outcome._tag === "Invalid" && Result.isFailure(outcome.source.input)) {
    return outcome.source.input.failure.map(Source.describe).join(" | ")
  }
  if (outcome._tag !== "Rejected") return Outcome.describe(outcome)
  return rejection(outcome.problems)
}

/** The problems of a row, without advice. */
export const problemsOf = (problems: ReadonlyArray<ErrorBody.Problem>): string =>
  problems.map(ErrorBody.describe).join(" | ")

const rejection = (problems: ReadonlyArray<ErrorBody.Problem>): string =>
  problems.map((problem) => `${ErrorBody.describe(problem)}; ${Advice.forProblem(problem)}`).join(" | ")

/** The key in a row's column, also in a column that is not sent because its name begins with `_`. */
export const keyOf = ({ header }: From, row: Source.Row, column: string): string => {
  if (header !== undefined && row.original._tag === "Csv") {
    return row.original.cells[header.indexOf(column)] ?? ""
  }
  return Result.isSuccess(row.input) ? (row.input.success.properties[column] ?? "") : ""
}

/** The number of the cell a problem is about, of a CSV row. */
const cellOf = (source: From, row: Source.Row, problem: ErrorBody.Problem): number | undefined => {
  const { header } = source
  if (header === undefined || row.original._tag !== "Csv") return undefined
  const { cells } = row.original
  const cell = Advice.isAboutParent(problem)
    ? header.findIndex((name, index) => Source.isParentColumn(name) && cells[index] !== "")
    : header.indexOf(problem.property ?? "")
  return cell < 0 ? undefined : cell + 1
}

/** One line for each thing in a row that needs attention: place, outcome, reason, what to do. */
export const linesOf = (source: From, outcome: Outcome.Outcome<Source.Row>): ReadonlyArray<string> => {
  const { source: row } = outcome
  const at = (column?: number) =>
    `${Source.visible(source.name)}:${row.line}${column === undefined ? "" : `:${column}`}`
  switch (outcome._tag) {
    case "Invalid":
      return Result.isFailure(row.input)
        ? row.input.failure.map((issue) => Source.format(source, issue))
        : outcome.issues.map(
            (issue) =>
              `${at(row.keys?.find(({ path }) => path === issue.path)?.column)}: ${issue.path}: ${issue.message}; ${issue.advice}`
          )
    case "Rejected":
      return outcome.problems.map((problem) => {
        return `${at(cellOf(source, row, problem))}: rejected: ${ErrorBody.describe(problem)}; ${Advice.forProblem(problem)}`
      })
    case "InDoubt":
      return [`${at()}: in doubt: ${Outcome.describe(outcome)}; look in HubSpot before you send it again`]
    case "Created":
      return outcome.possibleDuplicate
        ? [`${at()}: created as ${outcome.id}, and possibly twice; look in HubSpot for a second one`]
        : []
    case "NotSent":
      return []
  }
}

/** Names rows one by one as their outcomes come. Of those that a file keeps, only the first are named. */
export const naming = (options: {
  readonly source: From
  readonly files: { readonly [K in "rejects" | "doubts"]: string | undefined }
  readonly line: (text: string) => Effect.Effect<void>
  /** Default: all; twenty of those that a file keeps. */
  readonly most?: number | undefined
}) => {
  const named = { rejects: 0, doubts: 0 }
  return Effect.fnUntraced(function* (outcome: Outcome.Outcome<Source.Row>) {
    const lines = linesOf(options.source, outcome)
    if (lines.length === 0) return
    if (outcome._tag !== "Created") {
      const kind = outcome._tag === "InDoubt" ? "doubts" : "rejects"
      const file = options.files[kind]
      const most = options.most ?? (file === undefined ? Number.POSITIVE_INFINITY : 20)
      if (++named[kind] > most + 1) return
      if (named[kind] > most) {
        return yield* options.line(
          `… and so on; ${file ?? `--${kind} <file>`} keeps every one of them with its reason`
        )
      }
    }
    yield* Effect.forEach(lines, options.line, { discard: true })
  })
}

/** The same of a row whose outcome was written down. */
export const reasonOfEntry = (row: Source.Row, entry: Job.Entry | undefined): string => {
  switch (entry?._tag) {
    case "Invalid":
      return Result.isFailure(row.input)
        ? row.input.failure.map(Source.describe).join(" | ")
        : entry.issues.map((issue) => `${issue.path}: ${issue.message}; ${issue.advice}`).join(" | ")
    case "Rejected":
      return rejection(entry.problems)
    case "NotSent":
      return entry.reason.text
    default:
      return ""
  }
}
