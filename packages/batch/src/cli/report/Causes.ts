/**
 * Rows that are no plain line item, grouped by what is the matter with them. Each group has its count and its first rows, and
 * there are so many groups at most; what does not fit is counted in the last.
 */
import { type ErrorBody, InputIssue } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Source from "../../files/Source.ts"
import type * as Job from "../../jobs/Job.ts"
import * as Advice from "../Advice.ts"
import * as Lines from "../Lines.ts"

/** What is the matter with rows. `twice`: they were created, and possibly once more. */
export type Kind = "rejected" | "invalid" | "notSent" | "inDoubt" | "twice"

/** A row, and what is said about it alone. */
export interface Row {
  readonly line: number
  readonly text: string
  /** What to do about this row. */
  readonly advice: string
  /** The id that a row in doubt was sent with. */
  readonly traceId?: string
}

/** Rows with one cause: all of them counted, the first of them named. */
export interface Cause {
  readonly kind: Kind
  readonly title: string
  /** Left out where it differs from row to row. */
  readonly advice?: string | undefined
  readonly count: number
  readonly rows: ReadonlyArray<Row>
}

/** A row with its outcome. */
export interface Settled {
  readonly row: Source.Row
  readonly entry: Job.Entry
  /** Its line, of a retry the one in the file that was imported first. Default: that of the row. */
  readonly line?: number
  readonly traceId?: string | undefined
}

/** The rows that are named of a cause. */
export const mostRows = 100

/** The causes that are told apart. */
export const mostCauses = 60

const maxText = 240

interface Growing {
  readonly kind: Kind
  readonly title: string
  advice: string | undefined
  count: number
  readonly rows: Array<Row>
}

/** Groups rows as they come. Texts are redacted before they are shortened. */
export const make = (redact: (text: string) => string) => {
  const causes = new Map<string, Growing>()
  const shown = (text: string) => InputIssue.shorten(redact(text), maxText)
  return {
    add: (settled: Settled): void => {
      const about = aboutOf(settled)
      if (about === undefined) return
      const { entry, line = settled.row.line, traceId } = settled
      const key = nameOf(about)
      const advice = shown(about.advice)
      let cause = causes.get(key)
      if (cause === undefined) {
        const isFull = causes.size >= mostCauses
        const title = isFull ? "Other causes" : shown(about.title)
        const at = isFull ? about.kind : key
        cause = causes.get(at) ?? { kind: about.kind, title, advice, count: 0, rows: [] }
        causes.set(at, cause)
      }
      cause.count++
      if (cause.advice !== advice) cause.advice = undefined
      insert(cause.rows, line, () => ({
        line,
        advice,
        text: shown(about.text()),
        ...(entry._tag === "InDoubt" && traceId !== undefined && { traceId: shown(traceId) })
      }))
    },
    /** The largest first. */
    all: (): ReadonlyArray<Cause> =>
      [...causes.values()].sort((a, b) => b.count - a.count || (nameOf(a) < nameOf(b) ? -1 : 1))
  }
}

const nameOf = ({ kind, title }: Pick<Cause, "kind" | "title">): string => `${kind} ${title}`

/** Keeps the rows with the smallest lines, in their order. */
const insert = (rows: Array<Row>, line: number, row: () => Row): void => {
  const before = rows.findLastIndex((other) => other.line <= line)
  if (before === mostRows - 1) return
  rows.splice(before + 1, 0, row())
  if (rows.length > mostRows) rows.pop()
}

interface About {
  readonly kind: Kind
  readonly title: string
  readonly advice: string
  /** Made only for rows that are named. */
  readonly text: () => string
}

const aboutOf = ({ entry, row }: Settled): About | undefined => {
  switch (entry._tag) {
    case "Created":
      return entry.possibleDuplicate
        ? {
            kind: "twice",
            title: "Created, and possibly twice",
            advice: "look in HubSpot for a second line item with the same values",
            text: () => `created as ${entry.id}`
          }
        : undefined
    case "Rejected": {
      const [problem] = entry.problems
      return {
        kind: "rejected",
        title: problem === undefined ? entry.category : titleOf(problem, entry.category),
        advice: problem === undefined ? "look in HubSpot" : Advice.forProblem(problem),
        text: () => Lines.problemsOf(entry.problems)
      }
    }
    case "Invalid": {
      const issues = Result.isFailure(row.input) ? row.input.failure : entry.issues
      const [issue] = issues
      return {
        kind: "invalid",
        title: issue === undefined ? "Not valid" : withoutValues(whatOf(issue)),
        advice: issue?.advice ?? "correct the row",
        text: () => issues.map(whatOf).join(" | ")
      }
    }
    case "NotSent": {
      const { _tag, text } = entry.reason
      return { kind: "notSent", title: text.replace(/^not sent: /, ""), advice: unsent[_tag], text: () => "" }
    }
    case "InDoubt":
      return { kind: "inDoubt", ...doubts[entry.evidence._tag], text: () => entry.evidence.text }
  }
}

const titleOf = (problem: ErrorBody.Problem, category: string): string => {
  const what = problem.code ?? Advice.codeOf(problem) ?? category
  return problem.property === undefined ? what : `${problem.property}: ${what}`
}

const whatOf = ({ message, path }: { readonly message: string; readonly path: string }): string =>
  path === "" ? message : `${path}: ${message}`

/** What a text says about every value. */
const withoutValues = (text: string): string => text.replace(/"[^"]*"/g, "…")

const unsent: Record<(Job.Entry & { readonly _tag: "NotSent" })["reason"]["_tag"], string> = {
  Stopped: "nothing is wrong with them; send them again",
  AllRejected: "remove the cause, then send them",
  Halted: "remove the cause, then send them",
  RetriesExhausted: "nothing is wrong with them; send them again later",
  Unlogged: "make the database writable, then send them",
  Suspended: "nothing is wrong with them; send them again later"
}

const look = "look in HubSpot before you send it again"

const doubts: Record<
  (Job.Entry & { readonly _tag: "InDoubt" })["evidence"]["_tag"],
  Pick<About, "title" | "advice">
> = {
  NoAnswer: { title: "No usable answer came", advice: look },
  Unaccounted: { title: "HubSpot's answer does not account for the row", advice: look },
  Abandoned: { title: "The answer was not waited for", advice: look },
  Unverified: { title: "Refused after an earlier attempt was in doubt", advice: look },
  Unassociated: {
    title: "Created, but perhaps without its parent",
    advice: "open the line item in HubSpot, and add the parent if it is missing"
  },
  Recovered: { title: "An earlier run sent it and ended before the answer", advice: look }
}
