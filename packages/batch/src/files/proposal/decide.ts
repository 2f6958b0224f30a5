/**
 * The declaration that columns need, from their names and their values, and what is left for a person to decide.
 */
import { InputIssue, LineItem } from "@effect-hubspot/schema"
import type { FileFormat, Values } from "../FileFormat.ts"
import { isParentColumn } from "../source/row.ts"
import type { Column } from "./columns.ts"
import type { Found } from "./found.ts"
import type { Matching } from "./headers.ts"
import { judge, notExact } from "./judge.ts"
import * as Numbers from "./numbers.ts"
import * as Problems from "./problems.ts"
import { example } from "./problems.ts"
import * as Sniffed from "./values.ts"
import * as Whole from "./whole.ts"

/** The name as it is declared: without outer blanks, which may be invisible. */
const keyOf = (name: string, names: ReadonlySet<string>): string => {
  const trimmed = name.trim()
  return trimmed === "" || (trimmed !== name && names.has(trimmed)) ? name : trimmed
}

/** More ignored columns than this are named together. */
const mostIgnored = 3

const naming = (columns: ReadonlyArray<Column>, declared: FileFormat): FileFormat => {
  const names = new Set(columns.map(({ match }) => match.name))
  const mapped = columns.flatMap(({ match: { becomes, name, why } }) =>
    notExact.includes(why) && becomes !== undefined ? [[keyOf(name, names), becomes] as const] : []
  )
  const ignored = columns
    .filter(
      ({ match: { name, note, why } }) =>
        why === "ignored" && note !== "declared" && note !== "" && !name.startsWith("_")
    )
    .map(({ match: { name } }) => keyOf(name, names))
  const isKnown = (name: string): boolean => LineItem.knownProperties.has(name) || isParentColumn(name)
  const together = ignored.length > mostIgnored
  const ignore = together ? ["unmapped", ...ignored.filter(isKnown)] : ignored
  // Of the account's own properties only the account knows that they are mapped.
  const kept =
    together || declared.ignore?.includes("unmapped") === true
      ? columns.flatMap(({ match: { becomes, name, why } }) =>
          why === "exact" && becomes !== undefined && !isKnown(name) && name !== "objectWriteTraceId"
            ? [[name, name] as const]
            : []
        )
      : []
  const map = [...mapped, ...kept]
  return {
    ...(map.length > 0 && { map: Object.fromEntries(map) }),
    ...(ignore.length > 0 && { ignore })
  }
}

/** One declaration for the whole file, or one for each column that needs it. */
const perColumn = <K extends "dates" | "booleans">(
  key: K,
  found: ReadonlyArray<readonly [column: Column, value: string | undefined]>,
  why: (column: Column, value: string) => string
): Found => {
  const needed = found.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
  if (needed.length === 0) return { format: {}, assumptions: [] }
  const values = new Set(needed.map(([, value]) => value))
  const [first] = values
  return {
    format:
      values.size === 1 && needed.length === found.length
        ? { [key]: first }
        : {
            perColumn: Object.fromEntries(
              needed.map(([column, value]) => [column.match.becomes ?? column.match.name, { [key]: value }])
            )
          },
    assumptions: [...values].map((value) => {
      const [column] = needed.find(([, other]) => other === value)!
      return `${key}=${value}: ${why(column, value)}`
    })
  }
}

const valuesOf = (columns: ReadonlyArray<Column>): ReadonlyArray<Found> => {
  const numbers = columns
    .filter(({ type }) => type === "money" || type === "number" || type === "own")
    .map((column) => ({
      name: column.match.name,
      property: column.match.becomes ?? column.match.name,
      hasCurrency: column.type !== "number",
      hasPercent: column.type !== "money",
      numbers: column.numbers,
      rules: column.rules
    }))
  const days = columns.filter(
    ({ rules, type, values }) => type === "day" && values > 0 && rules.dates === undefined
  )
  const words = columns.filter(
    ({ rules, type, values }) => type === "bool" && values > 0 && rules.booleans === undefined
  )
  const options = columns.filter(
    ({ rules, takeOption, type }) =>
      type === "options" && takeOption !== undefined && rules.options === undefined
  )
  const labelled = options.find(({ options }) => options.labels > 0)
  const isLabelled = labelled !== undefined && options.every(({ options }) => options.unknown === undefined)
  return [
    Numbers.declare(numbers),
    perColumn(
      "dates",
      days.map((column) => [column, Sniffed.patternOf(column.days)]),
      ({ days, match }) =>
        `nothing else reads every day of ${InputIssue.quote(match.name)}, such as ${example(days.example)}`
    ),
    perColumn(
      "booleans",
      words.map((column) => [column, Sniffed.pairOf(column.words)]),
      ({ match }) => `the words of ${InputIssue.quote(match.name)}`
    ),
    isLabelled
      ? {
          format: { options: "labels" as const },
          assumptions: [
            `options=labels: ${InputIssue.quote(labelled.match.name)} has labels of options, such as ${example(labelled.options.example)}`
          ]
        }
      : { format: {}, assumptions: [] }
  ]
}

const mergeColumns = (formats: ReadonlyArray<FileFormat>): FileFormat => {
  const columns: Record<string, Values> = {}
  for (const { perColumn } of formats) {
    for (const [name, values] of Object.entries(perColumn ?? {}))
      columns[name] = { ...columns[name], ...values }
  }
  return {
    ...Object.assign({}, ...formats),
    ...(Object.keys(columns).length > 0 && { perColumn: columns })
  }
}

export interface Decision extends Found {
  readonly columns: ReadonlyArray<Column>
  readonly problems: ReadonlyArray<Problems.Problem>
  readonly notes: ReadonlyArray<string>
}

/** Whether the account has no other properties, and whether the file's structure had to be sniffed. */
export interface Known {
  readonly isComplete: boolean
  readonly isSniffed: boolean
}

/** What is to be declared besides `declared`, and why. */
export const decide = (
  all: ReadonlyArray<Column>,
  matching: Matching,
  declared: FileFormat,
  { isComplete, isSniffed }: Known
): Decision => {
  const columns = judge(all, matching, declared)
  const found = [...Whole.ofProgram(columns, matching, declared), ...valuesOf(columns)]
  const open = Problems.ofColumns(columns, isComplete)
  const parents = new Set(open.flatMap(({ column, kind }) => (kind === "parent" ? [column] : [])))
  const names = naming(
    columns.filter(({ match }) => !parents.has(match.name)),
    declared
  )
  const index = Whole.indexOf(columns, declared)
  const ignore = [
    ...(names.ignore ?? []),
    ...(names.ignore?.[0] === "unmapped" ? [] : (index.format.ignore ?? []))
  ]
  const format = mergeColumns([
    names,
    ...found.map(({ format }) => format),
    ignore.length > 0 ? { ignore } : {}
  ])
  return {
    columns,
    format,
    assumptions: [
      ...[...found, index].flatMap(({ assumptions }) => assumptions),
      ...Whole.lostCurrencies(columns, format, declared)
    ],
    problems: [
      ...open,
      ...Problems.contradicted(columns, format),
      ...Problems.doubtfulOf(columns, format, !isSniffed && Object.keys(format).length === 0)
    ],
    notes: Whole.missing(columns, { ...declared, set: { ...declared.set, ...format.set } })
  }
}
