/**
 * CSV as a reader of its own sees it, so that what is tested does not judge itself. Python's and Excel's
 * rules: a quote is doubled inside a quoted cell, which may hold line breaks.
 */

/** A row by column, and the line where it begins. */
interface Record {
  readonly line: number
  readonly cells: ReadonlyMap<string, string>
}

export interface Table {
  readonly header: ReadonlyArray<string>
  readonly records: ReadonlyArray<Record>
}

export const parse = (text: string): Table => {
  const rows: Array<{ readonly line: number; readonly cells: Array<string> }> = []
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/y
  let line = 1
  let row = { line, cells: [] as Array<string> }
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [whole, quoted, plain = "", end] = match
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain)
    line += whole.split("\n").length - 1
    if (end === "\n") {
      rows.push(row)
      row = { line, cells: [] }
    }
    if (cell.lastIndex === text.length) break
  }
  const [header, ...records] = rows
  return {
    header: header?.cells ?? [],
    records: records.map(({ cells, line }) => {
      if (cells.length !== header?.cells.length) throw new Error(`line ${line} has ${cells.length} cells`)
      return { line, cells: new Map(cells.map((cell, index) => [header.cells[index] ?? "", cell])) }
    })
  }
}

export const write = (
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyMap<string, string>>
): string =>
  [header, ...rows.map((row) => header.map((name) => row.get(name) ?? ""))]
    .map((cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\n`)
    .join("")
