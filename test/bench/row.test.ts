import { assert, describe, it } from "@effect/vitest"
import * as Row from "./row.ts"

describe("a row of pnpm bench", () => {
  it("is met up to its bound, and compares what it prints", () => {
    assert.isTrue(Row.atMost("cost", 1.3, "× floor", 1.3).met)
    assert.isTrue(Row.atMost("cost", 1.304, "× floor", 1.3).met)
    assert.isFalse(Row.atMost("cost", 1.306, "× floor", 1.3).met)
    assert.isTrue(Row.atLeast("speed", 190.4, "batches/s", 190).met)
    assert.isFalse(Row.atLeast("speed", 189.4, "batches/s", 190).met)
  })

  it("is neither met nor not where nothing was measured, or nothing is demanded", () => {
    assert.isNull(Row.shown("floor", 5.2, "µs").met)
    const tests = Row.notMeasured("pnpm test", "≤ 5 min", "it is not run here")
    assert.isNull(tests.met)
    assert.deepStrictEqual(Row.cells(tests), [
      "pnpm test",
      "not measured",
      "≤ 5 min",
      "",
      "it is not run here"
    ])
  })

  it("prints name, figure, target and result", () => {
    const bound = (row: Row.Row) => Row.cells(row).slice(0, 4)
    assert.deepStrictEqual(bound(Row.atMost("start", 12.34, "ms", 50)), [
      "start",
      "12.3 ms",
      "≤ 50 ms",
      "met"
    ])
    assert.deepStrictEqual(bound(Row.atLeast("seeds", 3, "per s", 60)), [
      "seeds",
      "3 per s",
      "≥ 60 per s",
      "NOT met"
    ])
  })
})
