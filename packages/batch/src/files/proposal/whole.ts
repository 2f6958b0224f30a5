/**
 * What a file says as a whole: the program it comes from, its currency, an index, and what no column has.
 */
import { InputIssue } from "@effect-hubspot/schema"
import type { FileFormat } from "../FileFormat.ts"
import { isParentColumn } from "../source/row.ts"
import type { Column } from "./columns.ts"
import { type Found, nothing } from "./found.ts"
import type { Matching } from "./headers.ts"
import * as Units from "./units.ts"

/** What the file as a whole says, where it is a known export. */
export const ofProgram = (
  columns: ReadonlyArray<Column>,
  { known }: Matching,
  declared: FileFormat
): ReadonlyArray<Found> => {
  if (known === undefined) return []
  const program: Found = { format: {}, assumptions: [`${known.program}: the header has its columns`] }
  const currency = columns.find(({ match }) => match.name === known.currency)
  const code = currency?.only?.trim()
  const isSet = declared.set?.["hs_line_item_currency_code"] !== undefined
  if (currency === undefined || isSet || currency.values === 0) return [program]
  return code !== undefined && /^[A-Z]{3}$/.test(code)
    ? [
        program,
        {
          format: { set: { hs_line_item_currency_code: code } },
          assumptions: [
            `currency ${code} in every row: ${InputIssue.quote(currency.match.name)} has no other`
          ]
        }
      ]
    : [
        program,
        {
          format: {},
          assumptions: [
            `${InputIssue.quote(currency.match.name)} has several currencies, and only in the first line of an order: amounts would be taken in the account's own`
          ]
        }
      ]
}

/** A first column without a name that numbers the rows, as an index does. */
export const indexOf = (columns: ReadonlyArray<Column>, { ignore = [] }: FileFormat): Found => {
  const column = columns.find(({ match: { name }, next = 0 }) => name.trim() === "" && next > 0)
  return column === undefined || ignore.includes("") || ignore.includes("unmapped")
    ? nothing
    : {
        format: { ignore: [column.match.name.trim()] },
        assumptions: ["column 1 has no name and numbers the rows: it is left out"]
      }
}

/** The property that has a line item's currency. */
export const currencyCode = "hs_line_item_currency_code"

/** Currencies that are taken off amounts. */
export const currenciesOf = ({ currency, perColumn = {} }: FileFormat): ReadonlyArray<string> => [
  ...new Set(
    [currency, ...Object.values(perColumn).map(({ currency }) => currency)].flatMap((code) => code ?? [])
  )
]

/** Currencies that headers of prices name, by the header. */
export const currenciesOfHeaders = (columns: ReadonlyArray<Column>): ReadonlyMap<string, string> =>
  new Map(
    columns.flatMap(({ match: { becomes, name } }) => {
      const currency = becomes === "price" ? Units.split(name).currency : undefined
      return currency === undefined || currency === "" ? [] : [[name, currency] as const]
    })
  )

/** Whether a column, or a constant, is a property. */
export const has =
  (columns: ReadonlyArray<Column>, { set }: FileFormat) =>
  (property: string): boolean =>
    set?.[property] !== undefined || columns.some(({ match }) => match.becomes === property)

/** Currencies of amounts and of their headers where nothing gives them to the line item. */
export const lostCurrencies = (
  columns: ReadonlyArray<Column>,
  format: FileFormat,
  declared: FileFormat
): ReadonlyArray<string> => {
  const code = currencyCode
  const isGiven = has(columns, declared)(code) || format.set?.[code] !== undefined
  const advice = (currency: string): string =>
    `amounts are taken in the account's own currency: --set ${code}=${currency} gives it to the line items`
  const found = currenciesOf(format)
  return isGiven
    ? []
    : [
        ...found.map((currency) => `currency=${currency} is only taken off, and ${advice(currency)}`),
        ...[...currenciesOfHeaders(columns)]
          .filter(([, currency]) => !found.includes(currency))
          .map(([name, currency]) => `${InputIssue.quote(name)} names a currency, and ${advice(currency)}`)
      ]
}

/** What every file is told: which of the things that matter no column has. */
export const missing = (columns: ReadonlyArray<Column>, declared: FileFormat): ReadonlyArray<string> => {
  const hasParent = columns.some(({ match: { becomes } }) => becomes !== undefined && isParentColumn(becomes))
  const sets = Object.keys(declared.set ?? {}).some(isParentColumn)
  const none = ["name", "price"].filter((property) => !has(columns, declared)(property))
  return [
    ...(none.length === 0
      ? []
      : [`no column is the ${none.join(" or the ")}: line items are created without`]),
    ...(hasParent || sets
      ? []
      : [
          "no column names a parent: line items are created without a deal; if one holds a key of the deals, give it with --find"
        ])
  ]
}
