/**
 * JSON values that are alike, such as records, by columns: names are written once, and so is what all of them have in common.
 */

type Column =
  /** All are this. */
  | { readonly same: unknown }
  /** All are objects with these names, in this order. */
  | { readonly names: ReadonlyArray<string>; readonly of: ReadonlyArray<Column> }
  /** All are arrays of one length. */
  | { readonly of: ReadonlyArray<Column> }
  | { readonly all: ReadonlyArray<unknown> }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The column of some values, at least one. */
export const make = (values: ReadonlyArray<unknown>): Column => {
  const [first] = values
  if (values.every((value) => value === first)) return { same: first }
  if (isObject(first)) {
    const names = Object.keys(first)
    const isAlike = (value: unknown): boolean => {
      if (!isObject(value)) return false
      const own = Object.keys(value)
      return own.length === names.length && own.every((name, at) => name === names[at])
    }
    if (values.every(isAlike)) {
      const objects = values as ReadonlyArray<Readonly<Record<string, unknown>>>
      return { names, of: names.map((name) => make(objects.map((object) => object[name]))) }
    }
  } else if (Array.isArray(first)) {
    const { length } = first
    if (values.every((value) => Array.isArray(value) && value.length === length)) {
      const arrays = values as ReadonlyArray<ReadonlyArray<unknown>>
      return { of: first.map((_, at) => make(arrays.map((array) => array[at]))) }
    }
  }
  return { all: values }
}

/** So many values of a column. A value that all have is one object. */
export const read = (column: Column, count: number): ReadonlyArray<unknown> => {
  if ("all" in column) return column.all
  if (!("of" in column)) return Array.from({ length: count }, () => column.same)
  const columns = column.of.map((one) => read(one, count))
  return Array.from({ length: count }, (_, at) =>
    "names" in column
      ? Object.fromEntries(column.names.map((name, n) => [name, columns[n]![at]]))
      : columns.map((values) => values[at])
  )
}
