import type { Source } from "@effect-hubspot/batch"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Bins from "../../../../packages/batch/src/cli/report/Bins.ts"
import * as Findings from "../../../../packages/batch/src/cli/report/Findings.ts"
import * as Latencies from "../../../../packages/batch/src/cli/report/Latencies.ts"

const natural = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const Told = Schema.Struct({
  tag: Schema.Literals(["Created", "Rejected", "Invalid", "NotSent", "InDoubt"]),
  cause: Schema.Literals(["A", "B", "C"]),
  atMillis: natural(100_000_000),
  order: natural(1_000_000)
})

const rowOf = (index: number): Source.Row => ({
  index,
  line: index + 2,
  original: { _tag: "Csv", cells: [] },
  input: Result.succeed({ properties: {} })
})

const entryOf = (index: number, { cause, tag }: typeof Told.Type): Job.Entry => {
  switch (tag) {
    case "Created":
      return { _tag: tag, index, id: String(index), via: "response", possibleDuplicate: cause === "C" }
    case "Rejected":
      return {
        _tag: tag,
        index,
        category: "VALIDATION_ERROR",
        problems: [{ message: cause, code: cause }],
        verifiedAbsent: false
      }
    case "Invalid":
      return { _tag: tag, index, issues: [{ path: "price", message: cause, advice: "a number" }] }
    case "NotSent":
      return { _tag: tag, index, reason: { _tag: "Stopped", text: cause } }
    case "InDoubt":
      return { _tag: tag, index, evidence: { _tag: "NoAnswer", text: cause } }
  }
}

describe("the findings of a report", () => {
  it.prop("are those of the outcomes, in whatever order they are told", [Schema.Array(Told)], ([told]) => {
    const rows = told.map((one, index) => ({ ...one, index, entry: entryOf(index, one) }))
    const findingsOf = (some: typeof rows) => {
      const growing = Findings.make(0, (text) => text)
      for (const { atMillis, entry, index } of some) {
        growing.settled(Findings.kindOf[entry._tag], 1, atMillis)
        growing.row({ row: rowOf(index), entry, traceId: `t-${index}` })
        growing.attempted({ begunAtMillis: atMillis, millis: index, inputs: 1, acceptance: "Accepted" })
      }
      return growing.findings()
    }
    const findings = findingsOf(rows)
    assert.deepStrictEqual(findings, findingsOf(rows.toSorted((a, b) => a.order - b.order)))

    for (const [tag, kind] of Object.entries(Findings.kindOf)) {
      const expected = rows.filter((row) => row.tag === tag)
      assert.strictEqual(findings.counts[kind], expected.length)
      const over = findings.over[kind].counts.reduce((sum, count) => sum + count, 0)
      assert.strictEqual(over, expected.length)
    }
    const ids = rows.filter(({ tag }) => tag === "Created").map(({ index }) => String(index))
    assert.deepStrictEqual(
      findings.created.map(({ id }) => id),
      ids.slice(0, Findings.mostIds)
    )
    for (const { count, kind, rows: named } of findings.causes) {
      assert.lengthOf(named, Math.min(count, 100), kind)
      assert.deepStrictEqual(
        named.map(({ line }) => line),
        named.map(({ line }) => line).toSorted((a, b) => a - b)
      )
    }
    const caused = findings.causes.reduce((sum, { count }) => sum + count, 0)
    const twice = rows.filter(({ cause, tag }) => tag === "Created" && cause === "C").length
    assert.strictEqual(caused, rows.length - ids.length + twice)
  })

  it("hold no more of a cause, and no more causes, than a page shows", () => {
    const growing = Findings.make(0, (text) => text)
    for (let index = 0; index < 20_000; index++) {
      const problem = { message: `wrong ${"x".repeat(1000)}`, code: `CODE_${index % 1000}` }
      const entry = {
        _tag: "Rejected",
        index,
        category: "VALIDATION_ERROR",
        problems: [problem],
        verifiedAbsent: false
      } as const
      growing.settled("rejected", 1, index)
      growing.row({ row: rowOf(index), entry })
    }
    const { causes, counts } = growing.findings()
    assert.strictEqual(counts.rejected, 20_000)
    assert.strictEqual(
      causes.reduce((sum, { count }) => sum + count, 0),
      20_000
    )
    assert.isAtMost(causes.length, 61)
    assert.isTrue(causes.every(({ rows }) => rows.every(({ text }) => text.length <= 240)))
  })

  it("remove secrets before they shorten", () => {
    const secret = "s3cr3t-that-is-long-enough"
    const growing = Findings.make(0, (text) => text.replaceAll(secret, "<redacted>"))
    const text = `${"x".repeat(225)}${secret}`
    growing.row({ row: rowOf(0), entry: { _tag: "InDoubt", index: 0, evidence: { _tag: "NoAnswer", text } } })
    assert.notInclude(JSON.stringify(growing.findings()), "s3cr3t")
  })
})

describe("counts over time", () => {
  it.prop(
    "in the window of the limit are never more than there were, and right to a bin",
    [Schema.Array(natural(300_000)), natural(310_000)],
    ([times, at]) => {
      const bins = Bins.make(0)
      for (const time of times) Bins.add(bins, time)
      const width = Bins.widthOf(bins)
      const rolling = Bins.rolling(bins, 320_000)
      const end = (Math.floor(at / width) + 1) * width
      const expected = times.filter((time) => time < end && time >= end - Bins.windowMillis).length
      assert.strictEqual(rolling[Math.floor(at / width)], expected)
    }
  )

  it("are kept in the same number of bins for years, and none is lost", () => {
    const bins = Bins.make(0)
    const year = 365 * 86_400_000
    for (let n = 0; n < 1000; n++) Bins.add(bins, (n * 3 * year) / 1000)
    assert.isAtMost(bins.counts.length, 2400)
    const width = Bins.shownWidth([bins], 3 * year, 110)
    const shown = Bins.sums(bins, 3 * year, width)
    assert.strictEqual(
      shown.reduce((sum, { count }) => sum + count, 0),
      1000
    )
  })

  it("have gaps where nothing was counted", () => {
    const bins = Bins.make(0)
    for (const time of [0, 1000, 61_000, 61_500, 80_000]) Bins.add(bins, time)
    assert.deepStrictEqual(Bins.gaps(bins, 10_000, 10), [
      { from: 1250, to: 61_000 },
      { from: 61_750, to: 80_000 }
    ])
  })
})

describe("latencies", () => {
  it.prop(
    "have quantiles that are right to a tenth",
    [Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 600_000 })))],
    ([times]) => {
      const latencies = Latencies.make()
      for (const time of times) Latencies.add(latencies, time)
      const sorted = times.toSorted((a, b) => a - b)
      for (const share of [0.5, 0.95, 1]) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1]!
        const found = Latencies.quantile(latencies, share)
        assert.isAtLeast(found, exact * 0.999)
        assert.isAtMost(found, exact * 1.101)
      }
      const inBars = Latencies.bars(latencies).reduce((sum, { count }) => sum + count, 0)
      assert.strictEqual(inBars, times.length)
    }
  )
})
