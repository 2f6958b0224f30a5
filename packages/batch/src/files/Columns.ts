/**
 * What is wrong with whole columns of a file, from its header or the keys of its objects, the values that they hold, and the
 * account's definitions: told once, before anything is sent. It decides nothing about single rows, and asks nobody.
 */
import { type Association, InputIssue, type Property } from "@effect-hubspot/schema"
import { isRecord } from "./source/records.ts"
import * as Declared from "./source/declared.ts"
import type * as FileFormat from "./FileFormat.ts"
import { isParentColumn, parentColumns, type Row } from "./source/row.ts"
import { nearest } from "./nearest.ts"

/**
 * A column that HubSpot would reject in every row, or a constant (`isSet`). `property` is what the column becomes. `Unknown`: the
 * account has no such property; `nearest` was perhaps meant. `ReadOnly`: HubSpot sets it; so many of the `rows` have a value.
 */
export type Problem = {
  readonly column: string
  readonly property: string
  readonly isSet: boolean
} & (
  | { readonly _tag: "Unknown"; readonly nearest: string | undefined }
  | { readonly _tag: "ReadOnly"; readonly values: number; readonly rows: number }
)

/**
 * The values of a parent column: how many there are, how many have the form of an id, and up to a hundred of those, from the
 * whole file.
 */
export interface Parents {
  readonly column: string
  readonly property: keyof typeof parentColumns
  readonly target: Association.Parent
  readonly values: number
  readonly ids: number
  readonly sample: ReadonlyArray<string>
}

/** A file has fewer columns than this; the keys of JSON objects could be without end. */
const maxKeys = 1000

const sampleSize = 100

/** Counts a parent's values. Of the ids every n-th is kept; where that is too many, every second of them. */
const parentCounter = () => {
  const sample = new Set<string>()
  let values = 0
  let ids = 0
  let step = 1
  return {
    take: (value: string): void => {
      values++
      if (!InputIssue.isRecordId(value)) return
      if (ids++ % step !== 0) return
      sample.add(value)
      if (sample.size <= sampleSize) return
      step *= 2
      let at = 0
      for (const one of sample) if (at++ % 2 === 1) sample.delete(one)
    },
    counted: () => ({ values, ids, sample: [...sample].slice(0, sampleSize) })
  }
}

interface Tally {
  readonly name: string
  readonly blank: ReadonlySet<string>
  readonly parents: ReturnType<typeof parentCounter> | undefined
  values: number
}

/** The columns of a file. */
export type Columns = ReturnType<typeof make>

/** Counts the values of the columns of a file, row by row, and judges the columns. */
export const make = (header: ReadonlyArray<string> | undefined, format: FileFormat.FileFormat) => {
  const declared = Declared.make(format)
  const ofHubSpot = format.records === "hubspot"
  const tallies = new Map<string, Tally>()
  let rows = 0

  const add = (key: string): Tally | undefined => {
    const { find, ignored, name } = declared.column(key)
    const parents = find === undefined && !ignored && isParentColumn(name) ? parentCounter() : undefined
    const own = format.perColumn?.[key] ?? format.perColumn?.[name]
    const tally = { name, blank: new Set(own?.empty ?? format.empty), parents, values: 0 }
    if (tallies.size < maxKeys || header !== undefined) tallies.set(key, tally)
    return tally
  }
  const count = (tally: Tally, text: string): void => {
    const trimmed = text.trim()
    if (trimmed === "" || (tally.blank.size > 0 && tally.blank.has(trimmed))) return
    tally.values++
    tally.parents?.take(trimmed)
  }
  const ofHeader = header?.map(add)

  /** The members of an object that would be sent. */
  const membersOf = (text: string): Readonly<Record<string, unknown>> => {
    const object: unknown = JSON.parse(text)
    if (!isRecord(object)) return {}
    const { properties } = object
    if (isRecord(properties)) return properties
    return typeof properties === "object" || ofHubSpot ? {} : object
  }

  const take = ({ original }: Row): void => {
    rows++
    if (original._tag === "Csv") {
      const { cells } = original
      for (let at = 0; at < cells.length; at++) {
        const tally = ofHeader?.[at]
        if (tally !== undefined && cells[at] !== "") count(tally, cells[at] as string)
      }
      return
    }
    if (original._tag === "Broken") return
    for (const [key, value] of Object.entries(membersOf(original.text))) {
      if (value === null) continue
      const tally = tallies.get(key) ?? add(key)
      if (tally !== undefined) count(tally, typeof value === "object" ? "…" : String(value))
    }
  }

  const problems = (account: {
    readonly definitions: ReadonlyArray<Property.Property>
    /** Whether these are all that the account has. */
    readonly isComplete: boolean
  }): ReadonlyArray<Problem> => {
    const { definitions, isComplete } = account
    const known = Declared.make(format, definitions)
    const names = new Set(definitions.map(({ name }) => name))
    const nearestTo = nearest(definitions.filter(({ name }) => !known.isReadOnly(name)))
    const judge = (
      column: string,
      property: string,
      values: number,
      isSet: boolean
    ): ReadonlyArray<Problem> => {
      if (property === "" || property === "objectWriteTraceId" || isParentColumn(property)) return []
      if (property.startsWith("_")) return []
      const place = { column, property, isSet }
      if (known.isReadOnly(property)) {
        return !ofHubSpot && values * 2 > rows && values > 0
          ? [{ _tag: "ReadOnly", ...place, values, rows }]
          : []
      }
      return names.has(property) || !isComplete
        ? []
        : [{ _tag: "Unknown", ...place, nearest: nearestTo(property) }]
    }
    return [
      ...[...tallies].flatMap(([key, { name, values }]) =>
        known.column(key).ignored || (header === undefined && values === 0)
          ? []
          : judge(key, name, values, false)
      ),
      ...known.constants.flatMap(([name]) => judge(name, name, Math.max(1, rows), true))
    ]
  }

  const parents = (): ReadonlyArray<Parents> =>
    [...tallies].flatMap(([column, { name, parents }]) =>
      parents === undefined || !isParentColumn(name)
        ? []
        : [{ column, property: name, target: parentColumns[name], ...parents.counted() }]
    )

  return { take, problems, parents }
}
