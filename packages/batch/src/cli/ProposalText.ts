/**
 * A proposal for people: what was found, what each column becomes, the first rows as they would be sent, what is wrong, and the
 * command to run.
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Proposal from "../files/Proposal.ts"
import * as Source from "../files/Source.ts"
import * as Report from "./Report.ts"
import * as Shell from "./Shell.ts"

/** The flags that decide what the proposal leaves open: hints are taken, other columns are left out. */
const decided = ({ columns, problems }: Proposal.Proposal): ReadonlyArray<string> =>
  problems.flatMap(({ blocking, column, decided, isOpen, kind }) => {
    if (!blocking || isOpen) return []
    const declared = decided === undefined ? [] : ["--declare", decided]
    if (kind === "values") return declared
    const hint = columns.find(({ name }) => name === column)?.hint
    return hint === undefined ? ["--ignore", column] : ["--map", `${column}=${hint}`, ...declared]
  })

/** Flags that are for one run, or that hold a secret. */
const dropped = new Set(["--json", "--accept"])

/** The command that imports the file as it is proposed, from the arguments that were given. */
export const commandOf = (args: ReadonlyArray<string>, proposal: Proposal.Proposal): string => {
  const [name = "import", ...rest] = args
  const kept: Array<string> = []
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!
    if (dropped.has(word)) continue
    if (word === "--save") i++
    else if (word === "--database-url") i++
    else if (!/^--(?:save|database-url)=/.test(word)) kept.push(word)
  }
  const words = [name === "check" ? "import" : name, ...kept, ...proposal.words, ...decided(proposal)]
  return `line-items ${words.map(Shell.quote).join(" ")}`
}

/** A text with its invisible characters by their numbers. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u00a0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000]|^ +| +$/gu, (found) => {
    if (found.startsWith(" ")) return "␣".repeat(found.length)
    return `<U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}>`
  })

/** The name of a column, as it is listed. */
const shown = (name: string): string => (name === "" ? "(no name)" : InputIssue.shorten(visible(name), 40))

const whys: Readonly<Record<Proposal.Why, string>> = {
  declared: "declared",
  exact: "exact name",
  export: "known export",
  name: "name",
  label: "label",
  header: "well-known header",
  ignored: "ignored",
  unmapped: "not mapped",
  own: "not mapped"
}

/** Texts side by side, in lines of this width at most if they have blanks. */
const wide = 100

const paragraph = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const text of texts) {
    const line = lines.at(-1)
    if (line === undefined || line.length + text.length + 2 > wide) lines.push(text)
    else lines[lines.length - 1] = `${line}, ${text}`
  }
  return lines.map((line, index) => `  ${line}${index < lines.length - 1 ? "," : ""}`)
}

/** Columns that are left out for no reason of their own. */
const isPlainlyIgnored = ({ note, why }: Proposal.Column): boolean =>
  why === "ignored" && (note === undefined || note === "" || note === "declared")

const columnLines = (columns: ReadonlyArray<Proposal.Column>): ReadonlyArray<string> => {
  const rows = columns.map(({ becomes, hint, name, note, why }) => {
    const reason = [whys[why], ...(note === undefined ? [] : [note])].join(": ")
    const asked = hint === undefined ? reason : `${reason}; did you mean ${hint}?`
    return [shown(name), becomes ?? "–", asked] as const
  })
  const width = (at: 0 | 1): number => rows.reduce((most, row) => Math.max(most, row[at].length), 0)
  const [ofName, ofProperty] = [width(0), width(1)]
  return rows.map(([name, becomes, why]) => `  ${name.padEnd(ofName)}  ${becomes.padEnd(ofProperty)}  ${why}`)
}

/** So many characters of a row are shown. */
const mostOfRow = 2000

const previewLines = ({ preview }: Proposal.Proposal): ReadonlyArray<string> =>
  preview.map(({ input, line, lookups = [] }) => {
    const values = Object.entries(input.properties).map(
      ([name, value]) => `${name}=${InputIssue.quote(value)}`
    )
    const parents = (input.associations ?? []).map(({ to }) => `parent=${to.id}`)
    const found = lookups.map(
      ({ object, property, value }) => `${object}.${property}=${InputIssue.quote(value)} → looked up`
    )
    const all = [...values, ...parents, found.join(", ")].filter((part) => part !== "").join(" ")
    return `  line ${line}: ${InputIssue.shorten(all, mostOfRow)}`
  })

const rows = (count: number): string => Report.count(count, "row")

/** One problem in one line. */
export const problemLine = ({ advice, column, count, message, places }: Proposal.Problem): string => {
  const first = places.map(({ line }) => line).join(", ")
  const where = places.length === 0 ? "" : ` (line ${first}${count > places.length ? ", …" : ""})`
  const what =
    message.includes(InputIssue.quote(column)) || column === "" ? message : `${visible(column)}: ${message}`
  return `${rows(count)}${where}: ${what}; ${advice}`
}

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", title, ...lines]

/** So many lines of a section are printed, and so many columns. */
const mostLines = 20
const mostColumns = 500

const capped = (lines: ReadonlyArray<string>, most = mostLines): ReadonlyArray<string> =>
  lines.length <= most
    ? lines
    : [
        ...lines.slice(0, most),
        `  … and ${Report.format(lines.length - most)} more; line-items check --json has all`
      ]

/** All of it, with the command at its end. */
export const toText = (proposal: Proposal.Proposal, command: string): string => {
  const { assumptions, format, invalid, isSheet, name, problems, requests, seconds, warnings } = proposal
  const isWrong = invalid === 0 ? "" : `, ${Report.format(invalid)} of them not valid`
  const decides = decided(proposal).length > 0
  const isOpen = proposal.problems.some(({ isOpen }) => isOpen)
  return [
    `${Source.visible(name)}: ${isSheet ? "spreadsheet" : format.toUpperCase()}, ${rows(proposal.rows)}${isWrong}`,
    ...section(
      "Found",
      (assumptions.length === 0 ? ["nothing to declare"] : assumptions).map((line) => `  ${visible(line)}`)
    ),
    ...section(
      "Columns",
      capped(columnLines(proposal.columns.filter((column) => !isPlainlyIgnored(column))), mostColumns)
    ),
    ...section(
      "Ignored columns",
      paragraph(proposal.columns.filter(isPlainlyIgnored).map(({ name }) => shown(name)))
    ),
    ...section("First rows as they would be sent", previewLines(proposal)),
    ...section("Warnings", capped(warnings.map((line) => `  ${line}`))),
    ...section("Problems", capped(problems.map((problem) => `  ${problemLine(problem)}`))),
    "",
    `${Report.count(requests, "request")}, ${Report.count(seconds, "second")} at least`,
    ...section(
      isOpen
        ? "Run this, with what you decide"
        : decides
          ? "Run this, once the columns above are decided as it has them"
          : "Run",
      [`  ${command}`]
    )
  ].join("\n")
}
