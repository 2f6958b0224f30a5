/**
 * A format made ready for the columns of a file: what each becomes and how its values are read, and the values that every row
 * has. Where the file and the format contradict each other, the file is refused.
 */
import { InputIssue, LineItem, Properties, type Property } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as FileFormat from "../FileFormat.ts"
import * as Advice from "./advice.ts"
import * as Row from "./row.ts"
import * as Values from "./values.ts"

/** A column as declared. `name` is what it becomes. */
export interface Column {
  readonly name: string
  readonly ignored: boolean
  readonly read: Values.Reader | undefined
}

export interface Declared {
  readonly format: FileFormat.FileFormat
  readonly column: (name: string) => Column
  /** Whether HubSpot computes a property, or lets nobody write it. */
  readonly isReadOnly: (name: string) => boolean
  /** Why these columns cannot be what the format says. */
  readonly refuse: (header: ReadonlyArray<string>) => FileFormat.FormatError | undefined
  /** Which declared column is not among these, of which there may be none. */
  readonly missing: (names: ReadonlyArray<string>) => FileFormat.FormatError | undefined
  /** The names that {@link column} was asked for; none if they are too many to keep. */
  readonly names: () => ReadonlyArray<string>
  /** What every row has, by property. */
  readonly constants: ReadonlyArray<readonly [name: string, value: string]>
}

const rulesOf = ({
  booleans,
  currency,
  dates,
  decimal,
  empty,
  negatives,
  percent,
  thousands
}: FileFormat.Values): Values.Rules => ({
  ...(booleans !== undefined && { booleans }),
  ...(currency !== undefined && { currency }),
  ...(dates !== undefined && { dates }),
  ...(decimal !== undefined && { decimal: FileFormat.characterOf(decimal) }),
  ...(empty !== undefined && { empty }),
  ...(negatives !== undefined && { negatives: true }),
  ...(percent !== undefined && { percent: true }),
  ...(thousands !== undefined && { thousands: FileFormat.characterOf(thousands) })
})

/** The names of columns that are kept. */
const maxNames = 10_000

const isType = (type: string): type is Properties.PropertyType =>
  ["string", "number", "date", "datetime", "bool", "enumeration"].includes(type)

/** The value of a record's own key, `__proto__` included. */
const own = <A>(record: Readonly<Record<string, A>> | undefined, key: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined

export const make = (
  format: FileFormat.FileFormat,
  definitions: ReadonlyArray<Property.Property> = []
): Declared => {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]))
  const ignored = new Set(format.ignore)
  const ignoresUnmapped = ignored.has("unmapped")
  const fileRules = rulesOf(format)
  const constants = Object.entries(format.set ?? {})

  const isKnown = (name: string): boolean =>
    Row.isParentColumn(name) ||
    name === "objectWriteTraceId" ||
    byName.has(name) ||
    LineItem.knownProperties.has(name)

  const targetOf = (name: string): Values.Target => {
    const definition = byName.get(name)
    const standard = LineItem.knownProperties.get(name)?.type
    const type = Row.isParentColumn(name)
      ? "id"
      : (standard ?? (definition !== undefined && isType(definition.type) ? definition.type : undefined))
    return { type, own: standard === undefined, options: definition?.options }
  }

  const make = (key: string): Column => {
    const name = own(format.map, key) ?? own(format.map, key.trim())
    const becomes = name ?? key
    const drops =
      name === undefined &&
      (ignored.has(key) || ignored.has(key.trim()) || (ignoresUnmapped && !isKnown(key)))
    if (drops) return { name: becomes, ignored: true, read: undefined }
    const values =
      own(format.perColumn, key) ?? own(format.perColumn, key.trim()) ?? own(format.perColumn, becomes)
    const rules = values === undefined ? fileRules : { ...fileRules, ...rulesOf(values) }
    const target = targetOf(becomes)
    const type = target.type ?? (values === undefined ? undefined : Values.typeOf(rulesOf(values)))
    const labels = (values?.options ?? format.options) === "labels"
    const known = { ...target, type }
    const read = Values.readerOf(known, rules, labels)
    return { name: becomes, ignored: false, read: read && Advice.advised(known, read) }
  }

  const columns = new Map<string, Column>()
  const column = (key: string): Column => {
    const known = columns.get(key)
    if (known !== undefined) return known
    const made = make(key)
    // The names of JSON objects could be without end.
    if (columns.size < maxNames) columns.set(key, made)
    return made
  }

  const names = (): ReadonlyArray<string> => (columns.size < maxNames ? [...columns.keys()] : [])

  const refuse = (header: ReadonlyArray<string>): FileFormat.FormatError | undefined => {
    const becomes = new Map<string, string>()
    for (const name of header) {
      const made = column(name)
      if (made.ignored || name === "") continue
      const first = becomes.get(made.name)
      if (first !== undefined && first !== name) return failed(FileFormat.twoColumns(made.name, first, name))
      becomes.set(made.name, name)
    }
    for (const [property] of constants) {
      const name = becomes.get(property)
      if (name !== undefined) return failed(FileFormat.constantForColumn(property, name))
    }
    return missing(header)
  }

  const missing = (header: ReadonlyArray<string>): FileFormat.FormatError | undefined => {
    const names = new Set(header.flatMap((name) => [name, name.trim()]))
    const becomes = new Set(header.map((name) => column(name).name))
    for (const [what, given] of [
      ["mapped", Object.keys(format.map ?? {})],
      ["ignored", (format.ignore ?? []).filter((name) => name !== "unmapped")],
      ["declared", Object.keys(format.perColumn ?? {}).filter((name) => !becomes.has(name))]
    ] as const) {
      const missing = given.find((name) => !names.has(name))
      if (missing !== undefined) {
        return new FileFormat.FormatError({
          problem: `column ${InputIssue.quote(missing)} is ${what}, and the file has no such column`,
          advice: `its columns are ${listed(header)}`
        })
      }
    }
    return undefined
  }

  const isReadOnly = (name: string): boolean => {
    const definition = byName.get(name)
    return definition === undefined
      ? LineItem.knownProperties.get(name)?.readOnly === true
      : definition.calculated === true || definition.modificationMetadata?.readOnlyValue === true
  }

  return { format, column, isReadOnly, refuse, missing, names, constants }
}

/** The same, where records that break the syntax are rows. */
export const tolerant = (declared: Declared): Declared => ({
  ...declared,
  format: { ...declared.format, broken: "rejects" }
})

const failed = (result: Result.Result<never, FileFormat.FormatError>): FileFormat.FormatError | undefined =>
  Result.isFailure(result) ? result.failure : undefined

const listed = (names: ReadonlyArray<string>): string => {
  const shown = names.slice(0, 10).map(InputIssue.quote).join(", ")
  return names.length > 10 ? `${shown}, and ${names.length - 10} more` : shown
}
