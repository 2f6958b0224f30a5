/**
 * What reports write below their table: totals, who made it and when, and whose it is. It is told from rows, and from a row
 * that is cut off, by words. Lines that are declared to be left out are told from rows also by what they lack.
 */
import { type Failure, failure } from "./row.ts"

/** A line at the end of a table. */
export interface Line {
  readonly cells: ReadonlyArray<string>
  /** It has not as many cells as the header. */
  readonly isRagged: boolean
  /** It has nothing in a column that all rows above it fill. */
  readonly lacks: boolean
  /** It has a number, and nothing in two such columns. */
  readonly isPartial?: boolean
  /** Its quantity is the sum of those above it. */
  readonly isSum?: boolean
}

/** The most lines at the end that are taken for a footer. */
export const most = 20

/** What a row that sums the others up begins with. A line item may have the name, so it has to lack something, or be the sum. */
const totals =
  /^(?:(?:grand |sub|net |invoice )?totals?|sum|summe|gesamt(?:summe|betrag)?|(?:rechnungs|end)(?:summe|betrag)|(?:netto|brutto|zwischen)summe|total(?:e|es)?|total (?:général|general|geral|net|ht|ttc|due|amount|neto|netto|ex(?:cl)?\.?.{0,20}|incl\.?.{0,20})|sous-total|subtotaal|amount due|balance due|somme|suma|razem|celkem|totaal|totalt|yhteensä)\s*(?:\([^)]*\)\s*)?:?$/i

/** The same where it lacks what rows have: a tax, and the total of a group. */
const partial =
  /^(?:(?:zzgl\.?|inkl\.?|plus|incl\.?)\s*)?(?:\d+(?:[.,]\d+)?\s?%\s*)?(?:mwst\.?|ust\.?|umsatzsteuer|mehrwertsteuer|vat|(?:sales )?tax|gst|tva|iva|btw|moms|dph)(?:\s*\(?\d+(?:[.,]\d+)?\s?%\)?)?\s*:?$|^totals? (?:for|of) .+$/i

/** What a line with a count begins with, that is no row by its cells. */
const counts =
  /^(?:(?:grand |sub)?totals?|summe|gesamt\S*)\s*(?:records?|rows?|items?|lines?|zeilen|positionen)?\s*:|^\d+ (?:records?|rows?|items?|entries|zeilen|datensätze)\.?$/i

const words =
  /^(?:©|\(c\) |copyright\s*(?:\(c\)|©|\d{4})|confidential(?: information\b|\s*[-–—.:]|$)|vertraulich\b|confidentiel\b|(?:report )?(?:generated|printed|exported|created|run) (?:by|on|at)\b|(?:erstellt|gedruckt|exportiert|erzeugt) (?:am|von|durch)\b|(?:généré|édité|imprimé|exporté) (?:le|par)\b|generado (?:el|por)\b|(?:page|seite|página) \d+ ?(?:of|von|de|sur|\/) ?\d+|end of (?:report|file)\b)|\ball rights reserved\b/i

type Kind = "said" | "alone" | "row"

const kindOf = ({ cells, isPartial, isRagged, isSum, lacks }: Line): Kind => {
  const filled = cells.map((cell) => cell.trim()).filter((cell) => cell !== "")
  const [word = ""] = filled
  // Lines are counted where they are skipped.
  if (/[\r\n]/.test(word)) return "row"
  const text = word.slice(0, 400)
  const isAlone = filled.length <= 1
  if ((isAlone || isRagged) && words.test(text)) return "said"
  if (isPartial || ((lacks || isRagged || isSum) && totals.test(text))) return "said"
  if ((lacks || isRagged) && partial.test(text)) return "said"
  if ((isAlone || isRagged) && counts.test(text)) return "said"
  return isAlone ? "alone" : "row"
}

/** How many of the last lines are a footer: at least one has its words, and the others one cell each. */
export const lengthOf = (lines: ReadonlyArray<Line>): number => {
  let begins = lines.length
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at]!
    const kind = kindOf(line)
    if (kind === "row") break
    // A name alone that is as long as the header may be a row, unless it is below the footer's words.
    if (kind === "said" || (line.isRagged && saidFrom(lines, at + 1))) begins = at
  }
  return lines.length - begins
}

const saidFrom = (lines: ReadonlyArray<Line>, from: number): boolean =>
  lines.slice(from).some((line) => kindOf(line) === "said")

/** The cells of a line that is no record, forgivingly. */
export const cellsOf = (text: string, delimiter: string): ReadonlyArray<string> => {
  const cells = [""]
  let quoted = false
  for (const c of text) {
    if (c === '"') quoted = !quoted
    else if (c === delimiter && !quoted) cells.push("")
    else cells[cells.length - 1] += c
  }
  return cells
}

/** A line that is left out: its place, and its cells. */
export interface LeftOut {
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/**
 * Sees the rows of a table whose last lines are left out. Where the footer is missing, these lines are rows, which must not be
 * lost: a line is one if it has the words of no footer, fills every column that all rows fill, and can be sent.
 */
export const watch = () => {
  /** Whether all rows have a value, of each column. */
  let filled: Array<boolean> | undefined
  const isFilled = (cell: string | undefined): boolean => cell !== undefined && cell.trim() !== ""
  return {
    take: (cells: ReadonlyArray<string>): void => {
      if (filled === undefined) filled = cells.map(isFilled)
      else for (let at = 0; at < filled.length; at++) filled[at] &&= isFilled(cells[at])
    },
    /** Refuses the lines if one of them is a row. */
    refuse: (
      lines: ReadonlyArray<LeftOut>,
      width: number,
      isValid: (line: LeftOut) => boolean
    ): Failure | undefined => {
      const isRagged = ({ cells }: LeftOut): boolean => cells.length !== width
      const footer = lengthOf(lines.map((line) => ({ ...line, isRagged: isRagged(line), lacks: true })))
      const rows = lines
        .slice(0, lines.length - footer)
        .filter(
          (line) =>
            !isRagged(line) &&
            (filled ?? []).every((is, at) => !is || isFilled(line.cells[at])) &&
            isValid(line)
        )
      const [first] = rows
      const last = rows.at(-1)
      if (first === undefined || last === undefined) return undefined
      return failure(
        { line: first.line },
        `skipLast=${lines.length} is declared, and this line is a row like those above it, so the footer may be missing`,
        `to import it, add --declare skipLast=${lines.length - 1 - lines.indexOf(last)}; if it is no line item, take the line away`
      )
    }
  }
}
