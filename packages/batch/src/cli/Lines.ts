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
import * as Colour from "./Colour.ts"
import { Verbosity } from "./Verbosity.ts"

/** The input as a whole. */
export type From = Pick<Source.Source, "name" | "header">

/** So many notices of a kind are printed, and so many ids in one. */
const mostNotices = 20

/** The lines for the events of an import named `shown`: equal ones once, and of a kind twenty at most. */
export const noticesOf = (shown: string) => {
  const said = new Set<string>()
  const counts = new Map<string, number>()
  /** The line, if it is new, and not one too many. */
  const once = (kind: string, line: string): string | undefined => {
    if (said.has(line)) return undefined
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    if (count > mostNotices) {
      return count === mostNotices + 1 ? `${shown}: more such messages are not printed` : undefined
    }
    said.add(line)
    return line
  }
  return (event: BatchRunner.Event): string | undefined => {
    switch (event._tag) {
      case "Requested":
      case "Asked":
        return undefined
      case "Surplus": {
        const ids = event.ids.slice(0, mostNotices).map((id) => ErrorBody.showable(id, 64))
        const more = event.ids.length - ids.length
        return once(
          event._tag,
          `${shown}: HubSpot answered with records that match no row: ${ids.join(", ")}${more > 0 ? ` and ${Report.format(more)} more` : ""}; look at them in HubSpot`
        )
      }
      case "Unattributed":
        return once(
          event._tag,
          `${shown}: HubSpot answered with errors that name no row: ${[...new Set(event.messages)].slice(0, mostNotices).join("; ")}`
        )
      case "Unanswered":
        return `${shown}: HubSpot does not answer: ${event.error.message}; ${event.count < event.most ? "waiting" : "stopping"}, ${event.count} of ${event.most}`
      case "Waiting":
        return counts.has(event.why) ? undefined : once(event.why, `${shown}: ${waitingFor(event)}`)
    }
  }
}

/** A wait must not look like a hang. */
const waitingFor = ({ inputs, millis, why }: BatchRunner.Event & { readonly _tag: "Waiting" }): string => {
  const rows = Report.count(inputs, "row")
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

/** The outcome in a line about a row, in its colour. */
const painted = (paint: Colour.Paint, line: string): string =>
  line.replace(
    /: (rejected|in doubt): /,
    (_, outcome: string) => `: ${paint(outcome === "rejected" ? "bad" : "unsure", outcome)}: `
  )

/** So many rows of one cause are named, and so many of all. */
const mostOfCause = 3
const mostNamed = 20

/** More causes than this are counted together. */
const mostCauses = 1000

/** A text without the values in it. */
const general = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"/g, '"…"').replace(/\d{4,}/g, "…")

/** What the lines about a row say, without the place. */
const sayingOf = (lines: ReadonlyArray<string>, at: string): ReadonlyArray<string> =>
  lines.map((line) => line.slice(at.length).replace(/^(?::\d+)?: /, ""))

/** Rows of a kind that were not named, by their cause. */
interface Unnamed {
  named: number
  unnamed: number
  readonly line: number
  readonly what: string
}

/**
 * Names rows as their outcomes come: the first of a cause. `rest` counts the others, at the end. With `--verbose` all are named.
 */
export const naming = Effect.fnUntraced(function* (options: {
  readonly source: From
  readonly files: { readonly [K in "rejects" | "doubts"]: string | undefined }
  readonly line: (text: string) => Effect.Effect<void>
  /** Default 20. */
  readonly most?: number | undefined
}) {
  const isVerbose = (yield* Verbosity) === "verbose"
  const paint = yield* Colour.of("stderr")
  const most = isVerbose ? Number.POSITIVE_INFINITY : (options.most ?? mostNamed)
  const causes = { rejects: new Map<string, Unnamed>(), doubts: new Map<string, Unnamed>() }
  const named = { rejects: 0, doubts: 0 }
  const shown = Source.visible(options.source.name)
  const name = Effect.fnUntraced(function* (outcome: Outcome.Outcome<Source.Row>) {
    const lines = linesOf(options.source, outcome)
    if (lines.length === 0) return
    if (outcome._tag !== "Created") {
      const kind = outcome._tag === "InDoubt" ? "doubts" : "rejects"
      const { line } = outcome.source
      const known = causes[kind]
      const said = sayingOf(lines, `${shown}:${line}`)
      // Rows with the same advice have one cause.
      const own = general(said.join(" | "))
      const cause = known.has(own) || known.size < mostCauses ? own : ""
      const what = said.map((text) => general(text.split("; ", 1)[0]!)).join(" | ")
      const seen = known.get(cause) ?? {
        named: 0,
        unnamed: 0,
        line,
        what: cause === "" ? "other causes" : what
      }
      known.set(cause, seen)
      if (named[kind] >= most || (!isVerbose && seen.named >= mostOfCause)) {
        seen.unnamed++
        return
      }
      seen.named++
      named[kind]++
    }
    yield* Effect.forEach(lines, (line) => options.line(painted(paint, line)), { discard: true })
  })
  const restOf = (kind: "rejects" | "doubts"): ReadonlyArray<string> => {
    const left = Array.from(causes[kind].values()).filter(({ unnamed }) => unnamed > 0)
    if (left.length === 0) return []
    const others = left.slice(mostNamed).reduce((sum, { unnamed }) => sum + unnamed, 0)
    const rows = (count: number) => Report.count(count, "more row")
    return [
      ...left
        .slice(0, mostNamed)
        .map(
          ({ line, named, unnamed, what }) =>
            `${shown}: ${rows(unnamed)}${named === 0 ? ` (the first on line ${line})` : ` like line ${line}`}: ${what}`
        ),
      ...(others === 0
        ? []
        : [
            `${shown}: ${rows(others)} of ${left.length - mostNamed}${causes[kind].has("") ? " and more" : ""} other causes`
          ]),
      `… and so on; ${options.files[kind] ?? `--${kind} <file>`} keeps every one of them with its reason, --verbose prints them`
    ]
  }
  return { name, rest: () => [...restOf("rejects"), ...restOf("doubts")] }
})

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
