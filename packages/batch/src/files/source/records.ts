/**
 * Plain records as one: what the second has holds, and records in records are merged too.
 */
type Fields = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const merge = (before: Fields, over: Fields): Fields =>
  Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(over)])].map((key) => {
      const [first, second] = [before[key], over[key]]
      return [
        key,
        !Object.hasOwn(over, key)
          ? first
          : isRecord(first) && isRecord(second)
            ? merge(first, second)
            : second
      ]
    })
  )
