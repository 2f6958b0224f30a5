import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inputs, issues, read } from "./read.ts"

const definitions = [
  {
    name: "recurringbillingfrequency",
    type: "enumeration",
    options: [
      { label: "Monthly", value: "monthly" },
      { label: "Annually", value: "annually" }
    ]
  },
  {
    name: "hs_line_item_currency_code",
    type: "enumeration",
    options: [
      { label: "US Dollar", value: "USD" },
      { label: "Euro", value: "EUR" }
    ]
  }
]

describe("Options of the account", () => {
  const text =
    "name,recurringbillingfrequency,hs_line_item_currency_code\nA,Monthly,USD\nB,monthly,usd\nC,annually,EUR\nD,Annually,€\n"

  it.effect(
    "are exact, and the advice names options=labels where a label or another case would be read",
    () =>
      Effect.gen(function* () {
        const reading = yield* read(text, { declared: {}, definitions })
        const no = "is not an option of the property; write the internal value of one of its options"
        assert.deepStrictEqual(issues(reading), [
          `items.csv:2:2: recurringbillingfrequency: "Monthly" ${no}, or declare options=labels`,
          `items.csv:3:3: hs_line_item_currency_code: "usd" ${no}, or declare options=labels`,
          `items.csv:5:2: recurringbillingfrequency: "Annually" ${no}, or declare options=labels`,
          `items.csv:5:3: hs_line_item_currency_code: "€" ${no}`
        ])
      })
  )

  it.effect("are read by their labels where that is declared", () =>
    Effect.gen(function* () {
      const reading = yield* read(text, { declared: { options: "labels" }, definitions })
      assert.deepStrictEqual(
        inputs(reading).map((input) =>
          input === "invalid" ? input : Object.values(input.properties).slice(1).join(" ")
        ),
        ["monthly USD", "monthly USD", "annually EUR", "invalid"]
      )
    })
  )
})
