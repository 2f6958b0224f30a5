import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { cuts, holds, inputs, read } from "./read.ts"
import { layout, rows, written } from "./tables.ts"

describe("A table", () => {
  it.effect("that is written in a declared format reads back as the same inputs", () =>
    holds(
      Arbitrary.all([rows, layout, cuts]),
      ([table, parts, places]) => {
        const { bytes, expected, format } = written(table, parts)
        return Effect.gen(function* () {
          const reading = yield* read(bytes, { declared: format, cuts: places })
          assert.strictEqual(reading.error, undefined)
          assert.deepStrictEqual(inputs(reading), expected)
          return true
        })
      },
      { runs: 1000 }
    )
  )
})
