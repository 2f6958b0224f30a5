/**
 * A row of the table: what was measured, what it should be, and whether it is. What is printed is what is compared.
 */

export interface Amount {
  readonly value: number
  /** Of the value: a unit such as `MB`, or what a ratio is to, such as `× floor`. */
  readonly unit: string
}

/** A measurement that shows how something grows. */
export interface Point {
  readonly series: string
  readonly x: number
  readonly y: number
}

export interface Row {
  readonly name: string
  /** Null if it was not measured; `note` says why. */
  readonly figure: Amount | null
  /** Null for what is only shown for comparison. In the figure's unit. */
  readonly target:
    | { readonly atMost: number }
    | { readonly atLeast: number }
    | { readonly text: string }
    | null
  /** Null where there is no figure or no target. */
  readonly met: boolean | null
  readonly note?: string
  /** What a plot shows of it, and the names of the axes. */
  readonly plot?: { readonly x: string; readonly y: string; readonly points: ReadonlyArray<Point> }
}

/** Three digits: more are noise. */
const rounded = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))

const amount = (value: number, unit: string): Amount => ({ value: rounded(value), unit })

type More = Pick<Row, "note" | "plot">

export const atMost = (name: string, value: number, unit: string, most: number, more: More = {}): Row => {
  const figure = amount(value, unit)
  return { name, figure, target: { atMost: most }, met: figure.value <= most, ...more }
}

export const atLeast = (name: string, value: number, unit: string, least: number, more: More = {}): Row => {
  const figure = amount(value, unit)
  return { name, figure, target: { atLeast: least }, met: figure.value >= least, ...more }
}

/** For comparison. */
export const shown = (name: string, value: number, unit: string, more: More = {}): Row => ({
  name,
  figure: amount(value, unit),
  target: null,
  met: null,
  ...more
})

export const notMeasured = (name: string, target: string, why: string): Row => ({
  name,
  figure: null,
  target: { text: target },
  met: null,
  note: why
})

const targetOf = ({ figure, target }: Row): string => {
  if (target === null) return ""
  if ("text" in target) return target.text
  const [sign, value] = "atMost" in target ? ["≤", target.atMost] : ["≥", target.atLeast]
  return `${sign} ${value} ${figure?.unit ?? ""}`.trimEnd()
}

/** Name, figure, target, met or not, note. */
export const cells = (row: Row): readonly [string, string, string, string, string] => [
  row.name,
  row.figure === null ? "not measured" : `${row.figure.value} ${row.figure.unit}`,
  targetOf(row),
  row.met === null ? "" : row.met ? "met" : "NOT met",
  row.note ?? ""
]
