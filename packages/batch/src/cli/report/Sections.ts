/**
 * The parts of a report's page that list something: causes with their rows, tables, and ids. What is listed is bounded, by
 * count and by size.
 */
import * as Ranges from "../../model/Ranges.ts"
import * as Report from "../Report.ts"
import { type Cause, type Kind, type Row } from "./Causes.ts"
import type { Findings } from "./Findings.ts"
import { type Html, html, type Part } from "./Html.ts"

/** A section of the page, with a name for links. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly body: Part
}

export const section = ({ body, id, title }: Section): Html =>
  html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${body}
  </section>`

/** A column of a table: its name, and whether it holds numbers. */
type Column = readonly [name: string, is?: "number"]

/** A table that scrolls in itself. The first cell of a row names it. */
export const table = (
  label: string,
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Part>>,
  className = ""
): Html => {
  const aligned = columns.map(([, is]) => (is === "number" ? "n" : ""))
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
    <table class="${className}">
      <thead>
        <tr>
          ${columns.map(([name], n) => html`<th scope="col" class="${aligned[n]!}">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell, n) =>
                n === 0
                  ? html`<th scope="row" class="${aligned[n]!}">${cell}</th>`
                  : html`<td class="${aligned[n]!}">${cell}</td>`
              )}
            </tr>`
        )}
      </tbody>
    </table>
  </div>`
}

/** The most bytes of rows on a page. */
const mostBytes = 1_500_000

const bytes = new TextEncoder()

/** Keeps rows until they are too large together. */
const makeBudget = () => {
  let left = mostBytes
  return (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
    rows.filter(({ advice, text, traceId = "" }) => {
      // A character of a text becomes five or six where it is escaped.
      const escaped = /[&<>"'\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu
      const more =
        [...text.matchAll(escaped), ...advice.matchAll(escaped), ...traceId.matchAll(escaped)].length * 6
      left -= bytes.encode(text + advice).length + traceId.length + more + 80
      return left >= 0
    })
}

const kinds: Record<Kind, string> = {
  rejected: "Rejected",
  invalid: "Invalid",
  notSent: "Not sent",
  inDoubt: "In doubt",
  twice: "Possibly twice"
}

/** Rows of some kinds by their causes. The first is open. */
export const causes = (findings: Findings) => {
  const fits = makeBudget()
  return (wanted: ReadonlyArray<Kind>): ReadonlyArray<Html> =>
    findings.causes
      .filter(({ kind }) => wanted.includes(kind))
      .map((cause, n) => causeOf({ ...cause, rows: fits(cause.rows) }, n))
}

const causeOf = ({ advice, count: rows, kind, rows: named, title }: Cause, n: number): Html => {
  const label = `${kinds[kind]} rows, cause ${n + 1}: ${title}`
  const rest = rows - named.length
  return html`<details${n === 0 && html` open`}><summary><h3><span class="dot ${kind}"></span>${title}<span class="soft"> · ${kinds[kind].toLowerCase()}</span></h3><span class="count">${Report.count(rows, "row")}</span></summary>${advice !== undefined && html`<p class="advice">${sentence(advice)}</p>`}<div>${
    named.every(({ text, traceId }) => text === "" && traceId === undefined)
      ? html`<p class="mono">${linesOf(named)}</p>`
      : table(
          label,
          [["Line", "number"], [said[kind]], ...(kind === "inDoubt" ? [["Trace id"] as const] : [])],
          named.map(({ advice: own, line, text, traceId }) => [
            line,
            advice === undefined ? html`${text}<span class="soft">; ${own}</span>` : text,
            ...(kind === "inDoubt" ? [html`<span class="mono">${traceId ?? ""}</span>`] : [])
          ])
        )
  }${rest > 0 && html`<p class="note">${named.length === 0 ? "None" : `The first ${Report.format(named.length)}`} of ${Report.count(rows, "row")}.</p>`}</div></details>`
}

const said: Record<Kind, string> = {
  rejected: "What HubSpot says",
  invalid: "What is wrong",
  notSent: "Why",
  inDoubt: "What is known",
  twice: "What is known"
}

const linesOf = (rows: ReadonlyArray<Row>): string =>
  `Lines ${Ranges.format(rows.map(({ line }) => line))
    .replaceAll(",", ", ")
    .replaceAll("-", "–")}`

/** A text that stands alone: with a capital, and a full stop. */
export const sentence = (text: string): string => {
  const begun = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`
}

/** Commands, each to be pasted. */
export const commands = (some: ReadonlyArray<string>): ReadonlyArray<Html> =>
  some.map((command) => html`<pre><code>${command}</code></pre>`)
