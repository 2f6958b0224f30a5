import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Midnight from "../../packages/http/src/internal/midnight.ts"

const hour = 3_600_000
const day = 24 * hour

/** The same by Effect's `DateTime`. */
const expected = (millis: number, timeZone: string): number => {
  const midnight = DateTime.startOf(DateTime.makeZonedUnsafe(millis, { timeZone }), "day")
  return DateTime.toEpochMillis(DateTime.startOf(DateTime.add(midnight, { days: 1 }), "day"))
}

/** Moments around the changes of a zone's clock, and the beginnings. */
const momentsOf = (timeZone: string, first: number, last: number, step: number): ReadonlyArray<number> => {
  const { format } = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" })
  const offsetAt = (millis: number) => format(millis).split(", ")[1]
  const moments = [first]
  for (let start = first; start < last; start += step) {
    let from = start
    let to = start + step
    const before = offsetAt(from)
    if (before === offsetAt(to)) continue
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (offsetAt(middle) === before) from = middle
      else to = middle
    }
    moments.push(to - 25 * hour, to - 1, to, to + 23 * hour)
  }
  return moments
}

const check = (timeZone: string, moments: ReadonlyArray<number>) => {
  for (const millis of moments) {
    const at = `${timeZone} ${new Date(millis).toISOString()}`
    assert.strictEqual(Midnight.after(millis, timeZone), expected(millis, timeZone), at)
  }
}

describe("the end of a day", () => {
  it("is DateTime's in every time zone, around every change of its clock", () => {
    let changed = 0
    for (const timeZone of Intl.supportedValuesOf("timeZone")) {
      const moments = momentsOf(timeZone, Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1), 25 * day)
      if (moments.length > 1) changed++
      check(timeZone, moments)
    }
    assert.isAbove(changed, 100)
  })

  it.each([
    ["clocks that go back at midnight: the day has 27 hours", "Antarctica/Casey", 2021, 2022],
    ["clocks that go forward at midnight: the day begins at 01:00", "Asia/Beirut", 2022, 2024],
    ["a change of half an hour", "Australia/Lord_Howe", 2025, 2026],
    ["a day that was left out", "Pacific/Apia", 2011, 2012]
  ])("%s", (_, timeZone, first, last) => {
    const moments = momentsOf(timeZone, Date.UTC(first, 0, 1), Date.UTC(last, 0, 1), 7 * day)
    assert.isAbove(moments.length, 4)
    check(timeZone, moments)
  })
})
