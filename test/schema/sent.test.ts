import { Association, BillingPeriod, InputIssue, LineItem, Properties } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Result, Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { holds } from "../batch/files/read.ts"

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))
const one = <const L extends ReadonlyArray<string>>(...texts: L) => Arbitrary.schema(Schema.Literals(texts))
const digits = (minLength: number, maxLength: number) =>
  Arbitrary.array(int(0, 9), { minLength, maxLength }).pipe(Arbitrary.map((some) => some.join("")))

/** Every form of a number that is read: signs, leading zeros, no digit on one side of the dot, exponents. */
const numbers = Arbitrary.all([
  one("", "-", "+"),
  digits(0, 25),
  one("", "."),
  digits(1, 25),
  one("", "e", "E", "e+", "e-", "E-"),
  int(0, 60)
]).pipe(
  Arbitrary.map(
    ([sign, whole, dot, rest, e, power]) => `${sign}${whole}${dot}${rest}${e === "" ? "" : `${e}${power}`}`
  )
)

const blanks = one("", " ", "\t", "\u00a0", " \r\n")

/** The exact value as digits and a power of ten, worked out here. */
const valueOf = (text: string) => {
  const [, sign, whole = "", rest = "", power = "0"] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE](.*))?$/.exec(text) ?? assert.fail(text)
  return BigDecimal.make(BigInt(`${sign === "-" ? "-" : ""}${whole}${rest}`), rest.length - Number(power))
}

const read = (properties: Readonly<Record<string, unknown>>) =>
  Result.getOrThrow(InputIssue.read({ properties })).properties

const messages = (properties: Readonly<Record<string, string>>) =>
  InputIssue.of({ properties }).map((issue) => `${issue.path}: ${issue.message}`)

describe("what is sent", () => {
  it.effect("a number with its exact value, without an exponent or outer blanks", () =>
    holds(
      Arbitrary.all([numbers, blanks]),
      ([text, blank]) => {
        const sent = LineItem.sent("price", `${blank}${text}${blank}`)
        return (
          /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(sent) &&
          BigDecimal.equals(valueOf(sent), valueOf(text)) &&
          LineItem.sent("price", sent) === sent &&
          (/e/i.test(text) || sent === text)
        )
      },
      { runs: 2000 }
    )
  )

  it.effect("a JavaScript number as text that reads back the same, and is sent again as it is", () =>
    holds(
      Arbitrary.schema(Schema.Finite),
      (number) => {
        const { price = "" } = read({ price: number })
        return (
          /^-?\d+(?:\.\d+)?$/.test(price) && Number(price) === number && read({ price })["price"] === price
        )
      },
      { runs: 2000 }
    )
  )

  it("exponents expanded in numbers, and nowhere else", () => {
    assert.deepStrictEqual(
      ["1e-7", "1.4210854715202004e-14", "-1.5E+3", ".5e1", "1.50e1", "0e5", "007.0", "+5"].map((text) =>
        LineItem.sent("price", text)
      ),
      ["0.0000001", "0.000000000000014210854715202004", "-1500", "5", "15.0", "0", "007.0", "+5"]
    )
    assert.strictEqual(LineItem.sent("hs_sku", "1e5"), "1e5")
    assert.strictEqual(LineItem.sent("cost_center", "1e5"), "1e5")
    assert.strictEqual(LineItem.sentNumber("cost_center", "1e5"), "100000")
    assert.strictEqual(LineItem.sentNumber("hs_sku", "1e5"), "1e5")
  })

  it("outer blanks of numbers, dates, booleans, options and ids go; text is exact", () => {
    const given = {
      quantity: " 5\n",
      hs_recurring_billing_start_date: " 2026-11-23",
      hs_is_optional: "true ",
      hs_line_item_currency_code: "\tEUR",
      hs_product_id: " 4711 ",
      name: " Chair ",
      erp_position: " 10 "
    }
    assert.deepStrictEqual(read(given), {
      quantity: "5",
      hs_recurring_billing_start_date: "2026-11-23",
      hs_is_optional: "true",
      hs_line_item_currency_code: "EUR",
      hs_product_id: "4711",
      name: " Chair ",
      erp_position: " 10 "
    })
    assert.deepStrictEqual(messages(given), [])
    const parent = { to: { id: " 4711 " }, types: Association.make("deal", "1").types }
    assert.deepStrictEqual(
      Result.getOrThrow(InputIssue.read({ properties: given, associations: [parent] })).associations,
      [Association.make("deal", "4711")]
    )
    const record = { id: " 1 ", properties: { name: "x" } }
    assert.strictEqual(
      Result.getOrThrow(InputIssue.readFields(record, ["id", "idProperty", "properties"])).id,
      "1"
    )
  })

  it("numbers and booleans of a program; NaN and the infinities are issues", () => {
    assert.deepStrictEqual(read({ price: 19.9, quantity: 1e21, hs_is_optional: false, hs_sku: 1e-7 }), {
      price: "19.9",
      quantity: "1000000000000000000000",
      hs_is_optional: "false",
      hs_sku: "0.0000001"
    })
    for (const price of [Number.NaN, Infinity, -Infinity]) {
      const [issue] = Result.getOrThrow(Result.flip(InputIssue.read({ properties: { price } })))
      assert.strictEqual(issue?.message, `${price} is not a finite number`)
    }
  })

  it("ids of association types given as text", () => {
    const associations = (associationTypeId: unknown) => [
      { to: { id: "1" }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId }] }
    ]
    const properties = { name: "x" }
    assert.deepStrictEqual(
      Result.getOrThrow(InputIssue.read({ properties, associations: associations("20") })).associations,
      [Association.make("deal", "1")]
    )
    for (const wrong of ["", "deal", "20.5", "-20", "0x14"]) {
      assert.isTrue(
        Result.isFailure(InputIssue.read({ properties, associations: associations(wrong) })),
        wrong
      )
    }
  })
})

describe("dates and billing periods", () => {
  it("days that no month has are issues; days in another form are for HubSpot to judge", () => {
    for (const day of [
      "2026-02-30",
      "2026-04-31",
      "2026-13-01",
      "2025-02-29",
      "2026-02-30T10:00:00Z",
      " 2026-02-30"
    ]) {
      assert.lengthOf(messages({ hs_recurring_billing_start_date: day }), 1, day)
    }
    for (const day of ["2026-02-28", "2024-02-29", "1786334400000", "23.11.2026"]) {
      assert.lengthOf(messages({ hs_recurring_billing_start_date: day }), 0, day)
    }
    assert.deepStrictEqual(messages({ description: "2026-02-30" }), [])
  })

  it("a billing period is PnYnMnD or PnW", () => {
    for (const term of ["P12M", "P1Y", "P1Y6M", "P7D", "P2W", "P1Y2M3D"]) {
      assert.deepStrictEqual(messages({ hs_recurring_billing_period: term }), [], term)
      const typed = Schema.decodeSync(BillingPeriod.BillingPeriod)(term)
      assert.strictEqual(Schema.encodeSync(BillingPeriod.BillingPeriod)(typed), term)
    }
    for (const term of ["24", "12 months", "P", "PT1H", "P1Y2W", "p12m", "P-1M", "P1.5M", "P1M1Y", " P1M"]) {
      assert.lengthOf(messages({ hs_recurring_billing_period: term }), 1, term)
    }
  })

  it("and fits its frequency", () => {
    const wrong = (recurringbillingfrequency: string, hs_recurring_billing_period: string) =>
      messages({ recurringbillingfrequency, hs_recurring_billing_period }).length
    // As recorded.
    for (const term of ["P7D", "P21D", "P546D", "P2W"]) assert.strictEqual(wrong("weekly", term), 0, term)
    for (const term of ["P1M", "P3M", "P1Y"]) assert.strictEqual(wrong("monthly", term), 0, term)
    assert.strictEqual(wrong("weekly", "P12M"), 1)
    assert.strictEqual(wrong("biweekly", "P1Y"), 1)
    assert.strictEqual(wrong("annually", "P52W"), 1)
    assert.strictEqual(wrong(" weekly ", "P12M"), 1)
    assert.strictEqual(wrong("every_other_moon", "P12M"), 0)
  })

  it("typed, in a line item", () => {
    const input = LineItem.make({
      recurringbillingfrequency: "monthly",
      hs_recurring_billing_period: { years: 1, months: 6 }
    })
    assert.deepStrictEqual(input.properties, {
      recurringbillingfrequency: "monthly",
      hs_recurring_billing_period: "P1Y6M"
    })
    assert.throws(() => LineItem.make({ hs_recurring_billing_period: { years: 1, weeks: 2 } }))
    assert.strictEqual(Properties.formatDecimal(Properties.decimal("1e-7")), "0.0000001")
  })
})
