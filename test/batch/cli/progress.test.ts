/**
 * The progress line: what it says at any width, and how fast it says the import is.
 */
import * as Progress from "../../../packages/batch/src/cli/Progress.ts"
import * as Report from "../../../packages/batch/src/cli/Report.ts"
import { assert, describe, it } from "@effect/vitest"

const counts = {
  ...Report.zero,
  inputs: 200_000,
  created: 123_000,
  rejected: 412,
  invalid: 73,
  inDoubt: 200,
  requests: 1240
}
const pace = { rowsPerSecond: 1850.4, requests: 187, limit: 190 }
const at = (columns: number | undefined) => Progress.render(counts, 200_000, 67_000, columns, pace)

describe("The progress line", () => {
  it("says everything where there is room, and without a terminal", () => {
    const all =
      "123,685 of 200,000 rows · 123,000 created · 200 in doubt · 412 rejected · 73 invalid · 1,850 rows/s · 42 s left · limit 187/190 · 1,240 requests · 1 min 7 s"
    assert.strictEqual(at(undefined), all)
    assert.strictEqual(at(250), `${"█".repeat(14)}${"░".repeat(10)} ${all}`)
  })

  it("is never wider than the terminal, and leaves out last what needs attention", () => {
    for (let columns = 1; columns < 220; columns++) assert.isAtMost(at(columns).length, columns)
    for (let columns = 59; columns < 220; columns++) {
      for (const part of ["200 in doubt", "412 rejected", "73 invalid"]) assert.include(at(columns), part)
    }
    assert.strictEqual(at(59), "61% · 200 in doubt · 412 rejected · 73 invalid · 42 s left")
    assert.strictEqual(at(79), "61% · 200 in doubt · 412 rejected · 73 invalid · 42 s left · limit 187/190")
    const many = { ...counts, created: 4_000_000, rejected: 99_999, inDoubt: 12_300, invalid: 1 }
    const line = Progress.render(many, 9_000_000, 1, 59, pace)
    assert.include(line, "12,300 in doubt · 99,999 rejected")
  })

  it("without a total it has no bar and no end", () => {
    assert.strictEqual(
      Progress.render({ ...Report.zero, created: 5, requests: 1 }, undefined, 2000, 80, pace),
      "5 rows · 5 created · 1,850 rows/s · limit 187/190 · 1 request · 2.0 s"
    )
  })
})

describe("The pace", () => {
  it("is that of the last ten seconds, and of the time since the beginning before", () => {
    const paceOf = Progress.pacing()
    assert.isUndefined(paceOf(0, 1000, 3))
    assert.isUndefined(paceOf(500, 1100, 4))
    assert.deepStrictEqual(paceOf(2000, 1600, 9), { rowsPerSecond: 300, requests: 6 })
    for (let second = 3; second <= 30; second++) paceOf(second * 1000, 1600, 9)
    assert.deepStrictEqual(paceOf(31_000, 2600, 29), { rowsPerSecond: 100, requests: 20 })
  })

  it("is an average where it is looked at more rarely", () => {
    const paceOf = Progress.pacing()
    paceOf(0, 0, 0)
    assert.deepStrictEqual(paceOf(30_000, 3000, 300), { rowsPerSecond: 100, requests: 100 })
    assert.deepStrictEqual(paceOf(60_000, 3000, 300), { rowsPerSecond: 0, requests: 0 })
  })
})
