import { Association, ErrorBody, InputIssue } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const messages = (input: Parameters<typeof InputIssue.of>[0]) =>
  InputIssue.of(input).map((issue) => `${issue.path}: ${issue.message}`)

describe("what is wrong with an input before it is sent", () => {
  it("nothing, for an ordinary one", () => {
    const input = { properties: { name: 'Größe "L", 2×\nneu 🪑', price: "-1.5e3" } }
    assert.deepStrictEqual(
      messages({ ...input, associations: [Association.make("deal", "9223372036854775807")] }),
      []
    )
  })

  it("names that no property can have", () => {
    for (const name of [
      "Unit Price",
      "__proto__",
      "constructor",
      "prototype",
      "1st",
      "",
      "x".repeat(101),
      "prïce"
    ]) {
      const properties = Object.fromEntries([[name, "x"]])
      assert.lengthOf(InputIssue.of({ properties }), 1, name)
    }
  })

  it("numbers that are none", () => {
    for (const price of ["NaN", "Infinity", "1e999", "12,50", "1 000", "€5", "", " ", "0x10", "1.", " 5 "]) {
      const expected = price === "1." || price === " 5 " ? 0 : 1
      assert.lengthOf(InputIssue.of({ properties: { price } }), expected, price)
    }
  })

  it("texts that are too long, not Unicode, or hold control characters", () => {
    assert.deepStrictEqual(messages({ properties: { description: "x".repeat(70_001) } }), [
      "properties.description: 70,001 characters, the limit is 65,536"
    ])
    assert.deepStrictEqual(messages({ properties: { name: "a\u0007b" } }), [
      "properties.name: control character U+0007 at position 2"
    ])
    assert.lengthOf(InputIssue.of({ properties: { name: "\ud800" } }), 1)
    assert.lengthOf(InputIssue.of({ properties: { name: "tab\tline\r\nend" } }), 0)
  })

  it("ids that are none, associations without a type, two parents", () => {
    for (const id of ["", "0", "-1", "1.5", "12a", "9223372036854775808", "https://x/1"]) {
      const input = { properties: { name: "x" }, associations: [Association.make("deal", id)] }
      assert.lengthOf(InputIssue.of(input), 1, id)
    }
    assert.deepStrictEqual(
      messages({ properties: { name: "x" }, associations: [{ to: { id: "1" }, types: [] }] }),
      ["associations[0].types: no association type"]
    )
    const both = [Association.make("deal", "1"), Association.make("quote", "2")]
    assert.deepStrictEqual(messages({ properties: { name: "x" }, associations: both }), [
      "associations: 2 parents (deal, quote), a line item has one"
    ])
    const discounted = [Association.make("deal", "1"), Association.make("discount", "2")]
    assert.deepStrictEqual(messages({ properties: { name: "x" }, associations: discounted }), [])
  })

  it("nothing to send, and trace ids that are too long", () => {
    assert.deepStrictEqual(messages({ properties: {} }), [
      "properties: nothing to send: no property has a value"
    ])
    assert.lengthOf(InputIssue.of({ properties: { name: "x" }, objectWriteTraceId: "x".repeat(65) }), 1)
  })

  it("no message shows more than forty characters of a value, or a raw control character", () => {
    const [issue] = InputIssue.of({ properties: { price: `${"9".repeat(39)}\u001b[31m${"x".repeat(50)}` } })
    assert.isUndefined(issue && /[\u0000-\u001f]/.exec(issue.message)?.[0])
    assert.isAtMost(InputIssue.quote("\u202e".repeat(100)).length, 6 * 40 + 2)
    assert.isFalse(InputIssue.quote("\u202eabc").includes("\u202e"))
  })
  it.prop(
    "a text is shortened to its beginning, and no character of it is cut in two",
    [Schema.String, Schema.Int],
    ([text, n]) => {
      const most = 1 + (Math.abs(n) % 12)
      const whole = text.toWellFormed()
      const short = InputIssue.shorten(whole, most)
      const characters = [...whole]
      if (characters.length <= most) assert.strictEqual(short, whole)
      else assert.deepStrictEqual([...short], [...characters.slice(0, most - 1), "…"])
    }
  )

  it("a character of two units is one, wherever a text is shortened", () => {
    assert.strictEqual(InputIssue.shorten("🪑🪑🪑", 3), "🪑🪑🪑")
    assert.strictEqual(InputIssue.shorten("🪑🪑🪑", 2), "🪑…")
    assert.isFalse(InputIssue.quote("🪑".repeat(40)).includes("\\u"))
    assert.isTrue(ErrorBody.showable("🪑".repeat(9), 4).isWellFormed())
  })
})
