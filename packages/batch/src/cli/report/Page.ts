/**
 * The page of a report: one file with all it needs, no script, and a policy that lets it load nothing. It shows what is in the
 * findings and facts, and decides nothing.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Report from "../Report.ts"
import * as Bins from "./Bins.ts"
import * as Charts from "./Charts.ts"
import type { Facts } from "./Facts.ts"
import { type Findings, kinds, mostIds, type Kind } from "./Findings.ts"
import { type Html, html, type Part } from "./Html.ts"
import * as Latencies from "./Latencies.ts"
import { causes, commands, section, type Section, sentence, table } from "./Sections.ts"
import * as Style from "./Style.ts"

const labels: Record<Kind, readonly [name: string, note: string]> = {
  created: ["created", "line items in HubSpot"],
  rejected: ["rejected", "HubSpot refused them"],
  invalid: ["invalid", "wrong in the file, never sent"],
  notSent: ["not sent", "HubSpot does not have them"],
  inDoubt: ["in doubt", "HubSpot may have them"]
}

/** The page as text. */
export const render = Effect.fnUntraced(function* (
  facts: Facts,
  findings: Findings
): Effect.fn.Return<string> {
  const listed = causes(findings)
  const wrong = listed(["rejected", "invalid"])
  const doubts = listed(["inDoubt", "twice"])
  const unsent = listed(["notSent"])
  const isSent = findings.attempts.requests > 0
  const sections: ReadonlyArray<Section | false> = [
    facts.steps.length > 0 && { id: "next", title: "What to do next", body: steps(facts) },
    wrong.length > 0 && {
      id: "rejections",
      title: "Rejected and invalid rows",
      body: html`<p class="soft">Grouped by cause. A row with several problems is listed under its first.</p>
        ${wrong}`
    },
    doubts.length > 0 && {
      id: "doubts",
      title: "Rows in doubt",
      body: html`<p class="soft">
          These were sent, and it is not known for certain what HubSpot did. Sending one again could create it
          twice.
        </p>
        ${doubts}`
    },
    unsent.length > 0 && {
      id: "unsent",
      title: "Rows that were not sent",
      body: html`<p class="soft">HubSpot does not have these rows. They can be sent again.</p>
        ${unsent}`
    },
    isSent && { id: "time", title: "Outcomes over time", body: yield* overTime(facts, findings) },
    isSent && { id: "limit", title: "Requests and the limit", body: yield* window(facts, findings) },
    isSent && { id: "latency", title: "Latency", body: yield* latency(facts, findings) },
    { id: "retries", title: "Retries and pauses", body: retries(facts, findings) },
    { id: "reading", title: "How the file was read", body: reading(facts) },
    findings.created.length > 0 && { id: "ids", title: "Created line items", body: ids(facts, findings) }
  ]
  const shown = sections.filter((one) => one !== false)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${Style.policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>Import of ${facts.source}</title>
        ${Style.element}
      </head>
      <body>
        <header>
          <h1>Import of ${facts.source}</h1>
          <p class="verdict">${verdict(facts, findings)}</p>
          ${tiles(facts, findings)}${about(facts, findings)}
          <nav aria-label="On this page">
            <ul>
              ${shown.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>${shown.map(section)}</main>
        <footer>${written(facts)}</footer>
      </body>
    </html> `.text
})

/** What came of the rows, in a sentence. */
export const verdict = ({ inputs, open }: Facts, { counts }: Findings): string => {
  const others = [
    ...kinds.slice(1).map((kind) => [counts[kind], labels[kind][0]] as const),
    [open, "without an outcome yet"] as const
  ]
    .filter(([number]) => number > 0)
    .map(([number, label]) => `${Report.format(number)} ${label}`)
    .join(", ")
  const end = others === "" ? "." : `; ${others}.`
  const { created } = counts
  if (inputs === 0) return "The file has no rows."
  if (created === 0) return `None of ${Report.count(inputs, "row")} is a line item in HubSpot${end}`
  if (created === inputs) {
    return inputs === 1
      ? "The row is a line item in HubSpot."
      : `All ${Report.format(inputs)} rows are line items in HubSpot.`
  }
  return `${Report.format(created)} of ${Report.count(inputs, "row")} ${created === 1 ? "is a line item" : "are line items"} in HubSpot${end}`
}

const tiles = ({ inputs, open }: Facts, { counts }: Findings): Html => {
  const tile = (name: string, [label, note]: readonly [string, string], number: number) =>
    html`<li class="${name}${number === 0 && " none"}">
      <strong>${Report.format(number)}</strong>${label}<span class="soft"
        >${note}${number > 0 && `, ${percent(number, inputs)}`}</span
      >
    </li>`
  return html`<ul class="kinds">
    ${kinds.map((kind) => tile(kind, labels[kind], counts[kind]))}${
      open > 0 && tile("open", ["open", "without an outcome yet"], open)
    }
  </ul>`
}

/** A share, which is 0 or 100 % only where that is so. */
const percent = (part: number, whole: number): string => {
  const share = (100 * part) / whole
  if (share > 0 && share < 0.1) return "under 0.1 %"
  if (share > 99.9 && share < 100) return "over 99.9 %"
  return `${Number(share.toFixed(1))} %`
}

const moment = (millis: number): Html => {
  const iso = DateTime.formatIso(DateTime.makeUnsafe(millis))
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}

/** A long time in two units. */
const duration = (millis: number): string => {
  const minutes = Math.floor(millis / 60_000)
  if (minutes < 60) return Report.formatMillis(millis)
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const about = (facts: Facts, { attempts }: Findings): Html => {
  const { account, endedAtMillis, job, origin, startedAtMillis, state, strategy } = facts
  const fact = (name: string, value: Part) =>
    value === undefined || value === ""
      ? undefined
      : html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`
  return html`<dl>
    ${[
      fact("Account", account),
      fact("HubSpot at", origin),
      fact("Job", job),
      fact("State", state),
      fact("Began", moment(startedAtMillis)),
      fact("Ended", endedAtMillis === undefined ? "not over" : moment(endedAtMillis)),
      fact("Took", endedAtMillis === undefined ? undefined : duration(endedAtMillis - startedAtMillis)),
      fact("Requests with rows", Report.format(attempts.requests)),
      fact("Strategy", strategy)
    ]}
  </dl>`
}

const steps = (facts: Facts): Html =>
  html`<ol class="steps">
    ${facts.steps.map(
      ({ commands: some, text }) =>
        html`<li>
          <p>${sentence(text)}</p>
          ${commands(some)}
        </li>`
    )}
  </ol>`

const figure = (chart: Effect.Effect<Charts.Chart>): Effect.Effect<Html> =>
  Effect.map(
    chart,
    ({ narrow, wide }) =>
      html`<figure>
        <div class="wide">${wide}</div>
        <div class="narrow">${narrow}</div>
      </figure>`
  )

const asTable = (rows: Html): Html =>
  html`<details>
    <summary><span>The same as a table</span></summary>
    <div>${rows}</div>
  </details>`

/** A time since the start: `1 min 30 s`. */
const since = (millis: number): string => (millis === 0 ? "0 s" : duration(millis))

const overTime = Effect.fnUntraced(function* ({ job }: Facts, findings: Findings): Effect.fn.Return<Html> {
  const { chart, rows } = Charts.outcomes(findings)
  const seen = kinds.filter((kind) => kind !== "invalid" && findings.counts[kind] > 0)
  const step = rows[0]!.to - rows[0]!.from
  return html`<p class="soft">
      How many rows got their outcome in each ${since(step)}. Invalid rows are not in it: they were never
      sent.${
        job === undefined &&
        " Outcomes come in the order of the file, so a slow request holds up the rows behind it."
      }
    </p>
    <ul class="legend">
      ${seen.map((kind) => html`<li><span class="dot ${kind}"></span>${labels[kind][0]}</li>`)}
    </ul>
    ${yield* figure(chart)}${asTable(
      table(
        "Outcomes over time, as a table",
        [["From", "number"], ...seen.map((kind) => [labels[kind][0], "number"] as const)],
        rows.map(({ counts, from }) => [
          since(from),
          ...seen.map((kind) => Report.format(counts[kinds.indexOf(kind)]!))
        ])
      )
    )}`
})

const figures = (some: ReadonlyArray<readonly [name: string, value: string]>): Html =>
  html`<ul class="figures">
    ${some.map(([name, value]) => html`<li><strong>${value}</strong><span class="soft">${name}</span></li>`)}
  </ul>`

const window = Effect.fnUntraced(function* ({ limit }: Facts, findings: Findings): Effect.fn.Return<Html> {
  const { chart, rows } = Charts.rolling(findings, limit)
  const most = Math.round(Math.max(...rows.map(({ count }) => count)))
  const isAverage = Bins.widthOf(findings.sent) > Bins.windowMillis
  return html`<p class="soft">
      HubSpot counts an account's requests in the ten seconds behind each moment. This is what this import
      sent of them${isAverage && ", on average: it ran too long to show every ten seconds"}. Reads, and other
      programs on the account, are not in
      it.${
        limit === undefined &&
        " The limit is not drawn, because a job does not keep it: give line-items report --limit <n>."
      }
    </p>
    ${yield* figure(chart)}${figures([
      ["most in ten seconds", Report.format(most)],
      ...(limit === undefined ? [] : [["the limit", Report.format(limit)] as const])
    ])}${asTable(
      table(
        "Requests in ten seconds, over time",
        [
          ["From", "number"],
          ["Requests", "number"]
        ],
        rows.map(({ count, from }) => [since(from), Report.format(Math.round(count))])
      )
    )}`
})

const latency = Effect.fnUntraced(function* ({ job }: Facts, findings: Findings): Effect.fn.Return<Html> {
  const { latencies } = findings
  if (latencies.count === 0) return html`<p class="soft">No request has an answer.</p>`
  const { chart, rows } = Charts.latency(findings)
  const time = Report.formatMillis
  return html`<p class="soft">
      How long requests with rows
      took${job !== undefined && ", from the record of what is sent to the record of the answer"}. Waiting for
      a place within the limit is not in it.
    </p>
    ${figures([
      ["half took up to", `${time(Latencies.quantile(latencies, 0.5))}`],
      ["95 % up to", time(Latencies.quantile(latencies, 0.95))],
      ["99 % up to", time(Latencies.quantile(latencies, 0.99))],
      ["the longest", time(latencies.greatest)]
    ])}${rows.length > 1 && (yield* figure(chart))}${asTable(
      table(
        "Requests by the time they took",
        [
          ["Up to", "number"],
          ["Requests", "number"]
        ],
        rows.map(({ count, to }) => [time(to), Report.format(count)])
      )
    )}`
})

const acceptances = {
  NotAccepted: "no: HubSpot did not accept it",
  InDoubt: "perhaps",
  unknown: "perhaps: its end was not written down"
} as const

const waits = {
  unanswered: "until HubSpot answered a read",
  unfinished: "for HubSpot to finish them",
  doubt: "before they were looked for, in doubt",
  verification: "before a rejection was checked",
  search: "for records that a search did not find yet"
} as const

const retries = ({ job }: Facts, findings: Findings): Html => {
  const { attempts, refusals, sent, waits: waited } = findings
  const gaps = Bins.gaps(sent, 10_000, 10)
  return html`<p>
      ${
        attempts.requests === 0
          ? "No request with rows was sent."
          : `HubSpot accepted ${Report.format(attempts.accepted)} of ${Report.count(attempts.requests, "request")}.`
      }
    </p>
    ${
      refusals.length > 0 &&
      table(
        "Requests that were not accepted",
        [["Reason"], ["Requests", "number"], ["Rows in them", "number"], ["Executed?"]],
        refusals.map(({ acceptance, inputs, reason, requests }) => [
          words(reason),
          Report.format(requests),
          Report.format(inputs),
          acceptances[acceptance]
        ])
      )
    }${
      waited.length > 0 &&
      html`<h3>Rows that waited</h3>
        ${table(
          "Rows that waited",
          [["For what"], ["Times", "number"], ["Rows", "number"], ["At least", "number"]],
          waited.map(({ inputs, longestMillis, times, why }) => [
            waits[why],
            Report.format(times),
            Report.format(inputs),
            duration(longestMillis)
          ])
        )}`
    }${
      gaps.length > 0 &&
      html`<h3>Longest times in which no request began</h3>
        ${table(
          "Times without a request",
          [
            ["From", "number"],
            ["Lasted", "number"]
          ],
          gaps.map(({ from, to }) => [since(from), duration(to - from)])
        )}`
    }${job !== undefined && html`<p class="note">A job keeps its requests with their ends, and not why it waited between two of them.</p>`}`
}

/** `RateLimited` as `Rate limited`. */
const words = (tag: string): string =>
  sentence(tag.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)).replace(/\.$/, "")

const reading = ({ reading: { columns, declared, dialect, format } }: Facts): Html =>
  html`<p>
      ${format}${columns !== undefined && `, ${Report.count(columns.count, "column")}`}.
      ${
        declared === undefined
          ? "Nothing was declared: the file was read exactly as it is."
          : "It was read with this declaration:"
      }
    </p>
    ${declared !== undefined && commands([declared])}${
      dialect !== undefined && html`<p>Written with ${dialect}.</p>`
    }${columns !== undefined && html`<p class="mono soft">${columns.names}</p>`}`

const ids = ({ allIds, createdFile }: Facts, { counts, created }: Findings): Html =>
  html`<p>
      ${
        counts.created > mostIds
          ? `The first ${Report.format(mostIds)} of ${Report.format(counts.created)}, by line.`
          : `All ${Report.format(counts.created)}, by line.`
      }
      ${createdFile !== undefined && html`The file <code>${createdFile}</code> has all of them, with their rows.`}${
        createdFile === undefined &&
        allIds === undefined &&
        counts.created > mostIds &&
        "Give --created <file> to an import to have all of them."
      }
    </p>
    ${
      allIds !== undefined &&
      createdFile === undefined &&
      html`<p>This writes all of them, with their rows, into a file:</p>
        ${commands([allIds])}`
    }${table(
      "Ids by line",
      [["Line", "number"], ["Id in HubSpot"]],
      created.map(({ id, line }) => [line, html`<span class="mono">${id}</span>`]),
      "ids"
    )}`

const written = ({ command, promise, versions, writtenAtMillis }: Facts): Html =>
  html`<p>Each row ${promise}. The command:</p>
    ${commands([command])}
    <p>
      Written ${moment(writtenAtMillis)} by line-items ${versions.lineItems}, with Node ${versions.node} and
      Effect ${versions.effect}. This page holds rows of your file: it is as confidential as they are.
    </p>`
