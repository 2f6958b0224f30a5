/**
 * Tables written in any format that can be declared, with what they mean.
 */
import type { FileFormat } from "@effect-hubspot/batch/files/FileFormat"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { isAscii, isUtf8 } from "node:buffer"
import { gzipSync } from "node:zlib"
import { bytesOf } from "./read.ts"

const oneOf = <const A extends ReadonlyArray<string>>(values: A) => Arbitrary.schema(Schema.Literals(values))
const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** Texts with all that means something to a format. Every character is one of Windows-1252 and of UTF-16. */
const text = Arbitrary.map(
  Arbitrary.array(
    oneOf([
      "a",
      "B",
      "ü",
      "é",
      " ",
      ",",
      ";",
      "\t",
      "|",
      '"',
      "'",
      ".",
      "-",
      "\n",
      "\r\n",
      "€",
      "%",
      "(",
      "="
    ]),
    { minLength: 0, maxLength: 8 }
  ),
  (characters) => `x${characters.join("")}x`
)

const row = Arbitrary.all([text, int(-9_999_999, 9_999_999), int(0, 99), int(1, 28), int(1, 12), int(0, 1)])
export const rows = Arbitrary.array(row, { minLength: 1, maxLength: 6 })

export const layout = Arbitrary.all([
  oneOf(["comma", "semicolon", "tab", "pipe"]),
  oneOf(['"', "'"]),
  oneOf(["dot", "comma"]),
  oneOf(["none", "space", "apostrophe", "other"]),
  oneOf(["none", "before", "after"]),
  oneOf(["minus", "parentheses"]),
  oneOf(["yyyy-MM-dd", "dd.MM.yyyy", "MM/dd/yyyy", "d MMM yyyy"]),
  oneOf(["utf-8", "windows-1252", "utf-16le", "utf-16be"]),
  oneOf(["\n", "\r\n", "\r"]),
  int(0, 3),
  int(0, 2),
  oneOf(["plain", "gzip", "sep", "headless", "blanks"])
])

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const two = (number: number): string => String(number).padStart(2, "0")

/** The characters of Windows-1252 that Unicode has elsewhere. */
const high: Readonly<Record<string, number>> = { "€": 0x80 }

const encoded = (content: string, encoding: string): Uint8Array => {
  if (encoding === "utf-8") return bytesOf(content)
  const codes = Array.from({ length: content.length }, (_, index) => content.charCodeAt(index))
  return Uint8Array.from(
    encoding === "windows-1252"
      ? [...content].map((character) => high[character] ?? character.charCodeAt(0))
      : codes.flatMap((code) => (encoding === "utf-16le" ? [code & 255, code >> 8] : [code >> 8, code & 255]))
  )
}

type Value<A> = A extends Arbitrary.Arbitrary<infer B> ? B : never

/** The bytes of a table, the format that they are written in, and its inputs. */
export const written = (table: Value<typeof rows>, parts: Value<typeof layout>) => {
  const [delimiter, quote, decimal, groups, currency, negatives, dates, encoding, newline, ...rest] = parts
  const [skipLines, skipLast, extra] = rest
  const separator = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" }[delimiter]
  const point = decimal === "comma" ? "," : "."
  const thousands = groups === "other" ? (decimal === "comma" ? "dot" : "comma") : groups
  const group = { none: "", space: "\u00a0", apostrophe: "'", dot: ".", comma: "," }[thousands]
  const declared: FileFormat = {
    ...(extra === "sep" ? {} : { delimiter }),
    quote,
    decimal,
    dates,
    encoding,
    skipLines,
    skipLast,
    booleans: "wahr/falsch",
    map: { "Preis (netto)": "price", Start: "hs_recurring_billing_start_date" },
    ignore: ["unmapped"],
    set: { hs_line_item_currency_code: "EUR" },
    ...(thousands !== "none" && { thousands }),
    ...(currency !== "none" && { currency: "EUR" }),
    ...(negatives === "parentheses" && { negatives }),
    ...(extra === "blanks" && { blanks: "skip" as const })
  }
  const names = ["name", "Preis (netto)", "Start", "hs_is_optional", "Notiz"]
  const format: FileFormat =
    extra === "headless" ? { ...declared, columns: ["name", ...names.slice(1)] } : declared
  const money = (units: number, cents: number): string => {
    const whole = String(Math.abs(units)).replace(/\B(?=(?:\d{3})+$)/g, group)
    const amount = `${whole}${point}${two(cents)}`
    const priced = { none: amount, before: `€${amount}`, after: `${amount} EUR` }[currency]
    return units >= 0 ? priced : negatives === "parentheses" ? `(${priced})` : `-${priced}`
  }
  const day = (d: number, m: number): string =>
    ({
      "yyyy-MM-dd": `2026-${two(m)}-${two(d)}`,
      "dd.MM.yyyy": `${two(d)}.${two(m)}.2026`,
      "MM/dd/yyyy": `${two(m)}/${two(d)}/2026`,
      "d MMM yyyy": `${d} ${months[m - 1]} 2026`
    })[dates]
  const record = (cells: ReadonlyArray<string>): string =>
    cells
      .map((cell) =>
        cell.includes(separator) || /["'\r\n]/.test(cell)
          ? `${quote}${cell.replaceAll(quote, quote + quote)}${quote}`
          : cell
      )
      .join(extra === "blanks" ? `${separator} ` : separator)
  const lines = [
    ...(extra === "sep" ? [`sep=${separator}`] : []),
    ...Array.from({ length: skipLines }, (_, index) => `Title ${quote} ${index}`),
    ...(extra === "headless" ? [] : [record(names)]),
    ...table.flatMap(([name, units, cents, d, m, optional]) => [
      record([name, money(units, cents), day(d, m), optional === 1 ? "Wahr" : "falsch", "note"]),
      separator.repeat(4)
    ]),
    ...Array.from({ length: skipLast }, () => `Total${separator}1`),
    ""
  ]
  const bytes = encoded(lines.join(newline), encoding)
  const expected = table.map(([name, units, cents, d, m, optional]) => ({
    properties: {
      name,
      price: `${units}.${two(cents)}`,
      hs_recurring_billing_start_date: `2026-${two(m)}-${two(d)}`,
      hs_is_optional: String(optional === 1),
      hs_line_item_currency_code: "EUR"
    }
  }))
  return {
    bytes: extra === "gzip" ? new Uint8Array(gzipSync(bytes)) : bytes,
    format,
    expected,
    /** Bytes of Windows-1252 that are UTF-8 as well, those of `é€€` among them: nobody can tell. */
    isAmbiguous: encoding === "windows-1252" && isUtf8(bytes) && !isAscii(bytes)
  }
}
