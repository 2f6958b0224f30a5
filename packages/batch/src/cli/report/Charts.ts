/**
 * The plots of a report, drawn by Vega as SVG without script or style. Their colours are the page's own, by its variables, so
 * that they are right in light, dark and print. Each is drawn twice: for a wide page, and for a phone.
 */
import * as Effect from "effect/Effect"
import * as Vega from "vega"
import * as VegaLite from "vega-lite"
import * as Bins from "./Bins.ts"
import { type Findings, kinds } from "./Findings.ts"
import { type Html, own } from "./Html.ts"
import * as Latencies from "./Latencies.ts"

/** A plot for each width of the page. */
export interface Chart {
  readonly wide: Html
  readonly narrow: Html
}

/** A unit of time for an axis. */
export interface Unit {
  readonly name: string
  readonly millis: number
}

const units: ReadonlyArray<Unit> = [
  { name: "seconds", millis: 1000 },
  { name: "minutes", millis: 60_000 },
  { name: "hours", millis: 3_600_000 },
  { name: "days", millis: 86_400_000 }
]

/** The unit in which a time has no more than two digits, mostly. */
export const unitOf = (spanMillis: number): Unit =>
  units.find(({ millis }) => spanMillis <= 120 * millis) ?? units.at(-1)!

const widths = { wide: 880, narrow: 328 } as const
const height = { wide: 220, narrow: 180 } as const

const draw = (spec: object, size: keyof Chart, label: string): Effect.Effect<Html> => {
  const full = {
    ...spec,
    width: widths[size],
    height: height[size],
    autosize: { type: "fit", contains: "padding" },
    padding: 0,
    background: "transparent",
    config: {
      aria: false,
      font: "system-ui, sans-serif",
      view: { stroke: null },
      bar: { binSpacing: 0.5 },
      axis: {
        labelColor: "var(--soft)",
        titleColor: "var(--soft)",
        titleFontWeight: "normal",
        labelFontSize: 12,
        titleFontSize: 12,
        domainColor: "var(--line)",
        tickColor: "var(--line)",
        gridColor: "var(--line)",
        labelPadding: 6,
        titlePadding: 10
      },
      axisX: { grid: false, tickCount: size === "wide" ? 10 : 5 },
      axisY: { domain: false, ticks: false, tickCount: 4 }
    }
  } as VegaLite.TopLevelSpec
  // The page says what it shows, and as a table.
  return Effect.map(
    Effect.promise(() =>
      new Vega.View(Vega.parse(VegaLite.compile(full).spec), { renderer: "none" }).toSVG()
    ),
    (svg) => own(plain(svg).replace(/^<svg [^>]*>/, (tag) => opened(tag, label)))
  )
}

/** A plot is one picture: its parts have no roles of their own. No number needs more than two decimals. */
const plain = (svg: string): string =>
  svg
    .replaceAll(/ (?:class|role|aria-[a-z]+)="[^"]*"/g, "")
    .replaceAll(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))))

/** `label` is a text of this program. */
const opened = (tag: string, label: string): string => {
  const [, box = "0 0 0 0"] = /viewBox="([\d. ]+)"/.exec(tag) ?? []
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" role="img" aria-label="${label}"><title>${label}</title>`
}

const both = (spec: object, label: string): Effect.Effect<Chart> =>
  Effect.all({ wide: draw(spec, "wide", label), narrow: draw(spec, "narrow", label) })

const time = (unit: Unit) =>
  ({
    field: "from",
    bin: "binned",
    type: "quantitative",
    title: `${unit.name} since the start`,
    axis: { grid: false }
  }) as const

const whole = { tickMinStep: 1, format: ",d" } as const

/** The bars of a plot over time. */
const bars = 110

/** Outcomes of rows that were sent, as they became known. */
export const outcomes = ({
  over,
  spanMillis
}: Findings): { readonly rows: ReadonlyArray<OverTime>; readonly chart: Effect.Effect<Chart> } => {
  const width = Bins.shownWidth(Object.values(over), spanMillis, bars)
  const series = kinds.map((kind) => Bins.sums(over[kind], spanMillis, width))
  const rows = series[0]!.map(({ from, to }, n): OverTime => ({
    from,
    to,
    counts: kinds.map((_, kind) => series[kind]![n]!.count)
  }))
  const unit = unitOf(spanMillis)
  const values = rows.flatMap(({ counts, from, to }) =>
    kinds.flatMap((kind, n) =>
      kind === "invalid"
        ? []
        : [{ from: from / unit.millis, to: to / unit.millis, kind, order: n, count: counts[n]! }]
    )
  )
  const spec = {
    data: { values },
    mark: { type: "bar" },
    encoding: {
      x: time(unit),
      x2: { field: "to" },
      y: { field: "count", type: "quantitative", stack: "zero", title: "rows", axis: whole },
      order: { field: "order", type: "quantitative" },
      color: {
        field: "kind",
        type: "nominal",
        legend: null,
        scale: { domain: kinds, range: kinds.map((kind) => `var(--${kind})`) }
      }
    }
  }
  return { rows, chart: both(spec, "Outcomes over time, as stacked bars") }
}

/** A time, and what was counted in it, in the order of the kinds. */
export interface OverTime {
  readonly from: number
  readonly to: number
  readonly counts: ReadonlyArray<number>
}

/** Requests in the window of the limit. */
export const rolling = ({ sent, spanMillis }: Findings, limit: number | undefined) => {
  const width = Bins.shownWidth([sent], spanMillis, bars * 2)
  const peaks = Bins.peaks(Bins.rolling(sent, spanMillis), width / Bins.widthOf(sent))
  const rows = peaks.map((count, n) => ({ from: n * width, to: (n + 1) * width, count }))
  const unit = unitOf(spanMillis)
  const values = rows.map(({ count, from, to }) => ({
    from: from / unit.millis,
    to: to / unit.millis,
    count
  }))
  const most = Math.max(1, ...peaks, limit ?? 0)
  const scale = { domainMin: 0, domainMax: most * 1.12, nice: false }
  const spec = {
    layer: [
      {
        data: { values },
        mark: { type: "bar", binSpacing: 0, color: "var(--accent)" },
        encoding: {
          x: time(unit),
          x2: { field: "to" },
          y: { field: "count", type: "quantitative", title: "requests in 10 s", axis: whole, scale }
        }
      },
      ...(limit === undefined
        ? []
        : [
            {
              data: { values: [{ limit }] },
              mark: { type: "rule", color: "var(--text)", strokeDash: [5, 4] },
              encoding: { y: { field: "limit", type: "quantitative" } }
            },
            {
              data: { values: [{ limit, label: `limit ${limit}` }] },
              mark: {
                type: "text",
                color: "var(--text)",
                align: "right",
                baseline: "bottom",
                dy: -4,
                fontSize: 12,
                x: "width"
              },
              encoding: { y: { field: "limit", type: "quantitative" }, text: { field: "label" } }
            }
          ])
    ]
  }
  return { rows, chart: both(spec, "Requests in the last ten seconds, over time") }
}

/** Round times between those of the bars: 1, 2 and 5, and their multiples by ten; if there is none, the ends of the bars. */
const ticks = (rows: ReturnType<typeof Latencies.bars>): ReadonlyArray<number> => {
  const [from = 1, to = 1] = [rows[0]?.from, rows.at(-1)?.to]
  const isShown = (millis: number): boolean => millis >= from && millis <= to
  const round = Array.from({ length: 10 }, (_, n) => [1, 2, 5].map((digit) => digit * 10 ** n)).flat()
  return round.some(isShown) ? round.filter(isShown) : [Math.ceil(from), Math.floor(to)].filter(isShown)
}

/** How long requests took. */
export const latency = ({ latencies }: Findings) => {
  const rows = Latencies.bars(latencies)
  const spec = {
    data: { values: rows },
    mark: { type: "bar", color: "var(--accent)" },
    encoding: {
      x: {
        field: "from",
        bin: "binned",
        type: "quantitative",
        title: "time from sending to the answer",
        scale: { type: "log", nice: false },
        axis: {
          grid: false,
          values: ticks(rows),
          labelExpr:
            "datum.value < 1000 ? format(datum.value, ',') + ' ms' : format(datum.value / 1000, ',') + ' s'"
        }
      },
      x2: { field: "to" },
      y: { field: "count", type: "quantitative", title: "requests", axis: whole }
    }
  }
  return { rows, chart: both(spec, "Requests by the time they took") }
}
