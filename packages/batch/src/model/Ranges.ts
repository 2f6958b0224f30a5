/**
 * Lists of indices as text: `0-99,104` means 0 to 99 and 104. The order is kept, so `5,3-4` means 5, 3, 4.
 *
 * @since 0.1.0
 */

/** The most indices in a text. A batch has a hundred, so a text with millions does not come from {@link format}. */
export const most = 100_000

/** The text of whole numbers from 0. */
export const format = (indices: ReadonlyArray<number>): string => {
  const parts: Array<string> = []
  for (let start = 0, end = 0; start < indices.length; start = end) {
    end = start + 1
    while (end < indices.length && indices[end] === indices[end - 1]! + 1) end++
    parts.push(end - start === 1 ? `${indices[start]}` : `${indices[start]}-${indices[end - 1]}`)
  }
  return parts.join(",")
}

/** The indices in a text of {@link format}, or undefined if the text has another form. */
export const parse = (text: string): ReadonlyArray<number> | undefined => {
  const indices: Array<number> = []
  if (text === "") return indices
  for (const part of text.split(",")) {
    const match = /^(\d{1,16})(?:-(\d{1,16}))?$/.exec(part)
    if (match === null) return undefined
    const first = Number(match[1])
    const last = Number(match[2] ?? first)
    if (last < first || !Number.isSafeInteger(last)) return undefined
    if (indices.length + (last - first) >= most) return undefined
    for (let index = first; index <= last; index++) indices.push(index)
  }
  return indices
}
