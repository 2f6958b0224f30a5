import { assert, describe, it } from "@effect/vitest"
import type { Dialect } from "@effect-hubspot/batch/files/Dialect"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { readingOf } from "../../../../packages/batch/src/cli/report/Facts.ts"
import * as Findings from "../../../../packages/batch/src/cli/report/Findings.ts"
import * as Page from "../../../../packages/batch/src/cli/report/Page.ts"
import * as Steps from "../../../../packages/batch/src/cli/report/Steps.ts"
import { facts, hostile, told } from "./told.ts"

/** A request that took so long. */
const accepted = (millis: number): Findings.Attempt => ({
  begunAtMillis: 0,
  millis,
  inputs: 2,
  acceptance: "Accepted",
  reason: undefined
})

describe("the page of a report", () => {
  it.effect("has no markup of anybody else's, and no control character", () =>
    Effect.gen(function* () {
      const { facts, findings } = told(20_000, hostile)
      const page = yield* Page.render(
        {
          ...facts,
          state: hostile,
          account: hostile,
          createdFile: hostile,
          steps: [{ text: hostile, commands: [hostile] }],
          reading: {
            format: "CSV",
            columns: { count: 1, names: hostile },
            declared: hostile,
            dialect: hostile
          }
        },
        findings
      )
      assert.notMatch(page, /<script|<img|onerror="|javascript:/i)
      assert.notMatch(page, /[^\P{Cc}\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
      assert.isTrue(page.isWellFormed())
      assert.lengthOf([...page.matchAll(/<\/style>/g)], 1)
      assert.include(page, "&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;")
      assert.include(page, "&amp;amp;\\u202egnp.exe\\u0000\\u001b[31m")
    })
  )

  it.effect("may load nothing, and use no style but its own", () =>
    Effect.gen(function* () {
      const { facts, findings } = told(1000, "plain")
      const page = yield* Page.render(facts, findings)
      const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? ""
      const hash = createHash("sha256").update(style).digest("base64")
      assert.include(
        page.replaceAll("&#39;", "'"),
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}';`
      )
      assert.notMatch(page, / style="| src=|url\(|@import|<link/)
      const addresses = [...page.matchAll(/\bhref="([^"]*)"/g)].map(([, address]) => address!)
      for (const address of addresses) assert.include(page, `id="${address.slice(1)}"`)
    })
  )

  it.effect("is at most 3 MB for a million rows, whatever is in them", () =>
    Effect.gen(function* () {
      const texts = [hostile.repeat(20), "\u{1f600}".repeat(500)] as const
      const { facts, findings } = told(1_000_000, ...texts)
      const page = yield* Page.render(facts, findings)
      assert.isAtMost(Buffer.byteLength(page), 3_000_000)
      assert.include(page, "978,000 of 1,000,000 rows are line items in HubSpot")
      assert.include(page, "10,000 rejected, 10,000 invalid, 1,000 not sent, 1,000 in doubt")
    })
  )

  it("says in a sentence what came of the rows", () => {
    const verdict = (counts: Partial<Findings.Findings["counts"]>, inputs: number, open = 0) => {
      const growing = Findings.make(0, (text) => text)
      for (const [kind, count] of Object.entries(counts)) {
        growing.settled(kind as Findings.Kind, count, undefined)
      }
      return Page.verdict({ ...facts, inputs, open }, growing.findings())
    }
    assert.strictEqual(
      verdict({ created: 9900, rejected: 60, invalid: 40 }, 10_000),
      "9,900 of 10,000 rows are line items in HubSpot; 60 rejected, 40 invalid."
    )
    assert.strictEqual(verdict({ created: 2 }, 2), "All 2 rows are line items in HubSpot.")
    assert.strictEqual(verdict({ created: 1 }, 1), "The row is a line item in HubSpot.")
    assert.strictEqual(
      verdict({ inDoubt: 1 }, 3, 2),
      "None of 3 rows is a line item in HubSpot; 1 in doubt, 2 without an outcome yet."
    )
    assert.strictEqual(verdict({}, 0), "The file has no rows.")
  })

  it.effect("is plain about an import of one request, or of none", () =>
    Effect.gen(function* () {
      const growing = Findings.make(0, (text) => text)
      assert.include(yield* Page.render(facts, growing.findings()), "No request with rows was sent.")
      growing.settled("created", 2, 80)
      growing.attempted(accepted(76))
      const one = yield* Page.render(facts, growing.findings())
      assert.include(one, "HubSpot accepted 1 of 1 request.")
      const label = 'aria-label="Requests by the time they took"><title'
      assert.notInclude(one, label)
      growing.attempted(accepted(90))
      // No round time is between the ends of the bars.
      const [, plot] = (yield* Page.render(facts, growing.findings())).split(label)
      assert.match(plot ?? "", />\d+ ms<\/text>/)
    })
  )

  it.effect("draws no invalid rows among the outcomes over time", () =>
    Effect.gen(function* () {
      const growing = Findings.make(0, (text) => text)
      growing.settled("created", 2, 80)
      growing.settled("invalid", 3, 80)
      growing.attempted(accepted(76))
      const page = yield* Page.render(facts, growing.findings())
      assert.include(page, 'fill="var(--created)"')
      assert.notInclude(page, 'fill="var(--invalid)"')
    })
  )

  it("says in words how the file was written", () => {
    const dialectOf = (dialect: Dialect) => readingOf({ format: "csv", dialect }, (text) => text).dialect
    assert.strictEqual(
      dialectOf({ mark: true, newline: "\r\n", delimiter: ";", encoding: "utf-16le" }),
      'encoding utf-16le, a byte order mark, delimiter ";", line ends CR LF'
    )
    assert.strictEqual(dialectOf({ delimiter: "\t", sep: true }), "a line sep=, delimiter tab")
    assert.isUndefined(dialectOf({}))
  })

  it("does not warn of rows that were created where none was", () => {
    const stepsOf = (counts: Partial<Findings.Findings["counts"]>) =>
      Steps.ofImport({
        counts: { created: 0, rejected: 0, invalid: 0, notSent: 0, inDoubt: 0, ...counts },
        files: { rejects: undefined, doubts: undefined },
        source: { format: "csv", header: undefined, dialect: {} },
        declared: undefined,
        args: []
      }).map(({ text }) => text)
    assert.deepStrictEqual(stepsOf({ invalid: 2 }), [
      "correct the file, and import it again: none of its rows was created"
    ])
    assert.match(stepsOf({ invalid: 2, created: 1 }).join(), /rows of this file that were created would be/)
    assert.match(
      stepsOf({ invalid: 2, inDoubt: 1 }).join(),
      /put the corrected rows into a file of their own/
    )
  })
})
