/**
 * Units at the end of a header: `Price (EUR)`, `Preis in €`, `Qty (pcs)`.
 */

/** Signs that only one currency has. */
const signs: ReadonlyMap<string, string> = new Map([
  ["€", "EUR"],
  ["£", "GBP"]
])

const codes = new Set(Intl.supportedValuesOf("currency"))

/** Codes that need no brackets: other three letters can be a word. */
const common = new Set("EUR USD GBP CHF SEK NOK DKK PLN CZK HUF CAD AUD NZD JPY".split(" "))

const piece = /^(?:pcs?|pieces?|units?|ea|each|stk|stück|st|uds?|szt|ks|db|pz|pzs|un)\.?$/i

const ends = /^(.*\S)\s*[([]\s*(?:in\s+)?([^\s()[\]]{1,6})\s*[)\]]$|^(.*\S)\s+([A-Z]{3}|[€$£])$/u

export interface Split {
  /** The header without its unit; undefined if it has none. */
  readonly rest: string | undefined
  /** The unit is a currency: its code, empty for a sign of several. */
  readonly currency: string | undefined
  readonly pieces: boolean
}

export const split = (header: string): Split => {
  const none: Split = { rest: undefined, currency: undefined, pieces: false }
  if (header.length > 100) return none
  const [, before, inner, start, last] = ends.exec(header.trim()) ?? []
  const unit = inner ?? last
  const rest = (before ?? start)?.replace(/\s+in$/i, "")
  if (unit === undefined || rest === undefined) return none
  if (inner !== undefined && piece.test(inner)) return { rest, currency: undefined, pieces: true }
  if (unit === "$") return { rest, currency: "", pieces: false }
  const sign = signs.get(unit)
  const isCode = inner === undefined ? common.has(unit) : codes.has(unit)
  return sign === undefined && !isCode ? none : { rest, currency: sign ?? unit, pieces: false }
}
