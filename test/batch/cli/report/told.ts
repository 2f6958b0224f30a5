/**
 * Reports of imports that did not take place, for tests of their pages.
 */
import type { Source } from "@effect-hubspot/batch"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import { Result } from "effect"
import type { Facts } from "../../../../packages/batch/src/cli/report/Facts.ts"
import * as Findings from "../../../../packages/batch/src/cli/report/Findings.ts"

const startedAtMillis = Date.UTC(2026, 10, 29, 9)

export const facts: Facts = {
  source: "items.csv",
  job: "q3",
  state: "done",
  account: "25012345",
  origin: "https://api.hubapi.com",
  strategy: "fail-visible",
  promise: "at most once, every doubt is reported; a refusal is believed",
  inputs: 0,
  open: 0,
  startedAtMillis,
  endedAtMillis: startedAtMillis + 540_000,
  writtenAtMillis: startedAtMillis + 600_000,
  limit: 190,
  command: "line-items import items.csv --job q3",
  reading: {
    format: "CSV",
    columns: { count: 2, names: "name, price" },
    declared: "--declare decimal=comma"
  },
  allIds: "line-items resume q3 --created q3-created.csv",
  steps: [{ text: "look for the rows in doubt", commands: ["line-items resolve q3"] }],
  versions: { lineItems: "0.0.0", node: "24.0.0", effect: "4.1.0" }
}

/** A text of which no character may reach a page as it is. */
export const hostile = `</style><script>alert(1)</script><img src=x onerror="a('b')">&amp;\u202egnp.exe\u0000\u001b[31m\u200f\u061c\ud800`

const row = (index: number): Source.Row => ({
  index,
  line: index + 2,
  original: { _tag: "Csv", cells: [] },
  input: Result.succeed({ properties: {} })
})

/** The outcomes of a long import with everything that can go wrong; `text` is what others say. */
const entryOf = (index: number, text: string): Job.Entry => {
  if (index % 100 === 7) {
    const problem = { message: text, code: `CODE_${index % 3000}`, property: text }
    return { _tag: "Rejected", index, category: text, problems: [problem], verifiedAbsent: false }
  }
  if (index % 100 === 8) {
    return { _tag: "Invalid", index, issues: [{ path: text, message: `${index % 20}`, advice: text }] }
  }
  if (index % 1000 === 9) return { _tag: "InDoubt", index, evidence: { _tag: "NoAnswer", text } }
  if (index % 1000 === 10) return { _tag: "NotSent", index, reason: { _tag: "Stopped", text } }
  return {
    _tag: "Created",
    index,
    id: String(20_000_000_000 + index),
    via: "response",
    possibleDuplicate: false
  }
}

/** An import of so many rows, at a rate as HubSpot allows it. */
export const told = (rows: number, text: string, other = text) => {
  const growing = Findings.make(startedAtMillis, (text) => text)
  for (let index = 0; index < rows; index++) {
    const entry = entryOf(index, index % 3 === 0 ? other : text)
    const atMillis = startedAtMillis + Math.floor(index / 100) * 54 + 400
    growing.settled(Findings.kindOf[entry._tag], 1, atMillis)
    growing.row({ row: row(index), entry, traceId: `q3-${index}` })
    if (index % 100 === 0) {
      const refused = index % 10_000 === 0
      growing.attempted({
        begunAtMillis: atMillis - 400 + (index % 700),
        millis: 200 + ((index / 100) % 37) * 20,
        inputs: 100,
        acceptance: refused ? "NotAccepted" : "Accepted",
        reason: refused ? "RateLimited" : undefined
      })
    }
  }
  growing.waited(300, 150_000, "verification")
  return { findings: growing.findings(), facts: { ...facts, source: text, command: text, inputs: rows } }
}
