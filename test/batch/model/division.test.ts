/**
 * Batches that a HubSpot of this file refuses as a whole, because of single inputs, and how they are divided until every
 * input is created or refused.
 */
import type { ErrorBody } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Division from "../../../packages/batch/src/model/Division.ts"
import { holds } from "../files/read.ts"

interface Input {
  readonly objectWriteTraceId: string
  readonly properties: Readonly<Record<string, string>>
}

type Problem = ErrorBody.Problem

const inputsOf = (all: ReadonlyArray<Readonly<Record<string, string>>>): ReadonlyArray<Input> =>
  all.map((properties, n) => ({ objectWriteTraceId: `t-${n}`, properties }))

const creating: Division.Reading<Input> = { propertiesOf: ({ properties }) => properties, creates: true }

const saying = (...problems: ReadonlyArray<Problem>): Division.Refusal => ({
  traceIds: [],
  blamed: [],
  problems
})

const unknown = (property: string): Problem => ({
  message: `Property "${property}" does not exist`,
  code: "PROPERTY_DOESNT_EXIST",
  property
})

const negative: Problem = { message: "Enter a number greater than 0", code: "MIN_VALUE", property: "price" }

/** What is wrong with an input, as this HubSpot sees it. */
type Judge = (input: Input) => ReadonlyArray<Problem>

/** How it says so, of a batch. */
type Wording = (guilty: ReadonlyArray<Input>, judge: Judge) => Division.Refusal

/** It stops at the first input that is wrong. */
const first: Wording = ([one], judge) => saying(...judge(one!))

const all: Wording = (guilty, judge) => saying(...guilty.flatMap(judge))

/** Sends inputs until each is created or refused. Every division is checked. */
const send = (inputs: ReadonlyArray<Input>, judge: Judge, wording: Wording = first, reading = creating) => {
  const created: Array<Input> = []
  const refused = new Map<Input, ReadonlyArray<Problem>>()
  const open = [inputs]
  let requests = 0
  for (let batch = open.shift(); batch !== undefined; batch = open.shift()) {
    requests++
    const guilty = batch.filter((input) => judge(input).length > 0)
    if (guilty.length === 0) {
      created.push(...batch)
      continue
    }
    const division = Division.divide(batch, wording(guilty, judge), reading)
    check(batch, division)
    for (const { input, problems } of division.refused) refused.set(input, problems)
    open.unshift(...division.parts)
  }
  return { created, refused, requests }
}

/** Each input is refused or in one part, no part is empty, and none is the batch itself. */
const check = (batch: ReadonlyArray<Input>, { parts, refused }: Division.Division<Input>) => {
  const seen = [...refused.map(({ input }) => input), ...parts.flat()]
  assert.sameMembers(seen, [...batch])
  for (const { problems } of refused) assert.isNotEmpty(problems)
  for (const part of parts) {
    assert.isNotEmpty(part)
    assert.isBelow(part.length, batch.length)
    const places = part.map((input) => batch.indexOf(input))
    assert.deepStrictEqual(
      places,
      places.toSorted((a, b) => a - b)
    )
  }
}

const times = <A>(length: number, make: (n: number) => A) => Array.from({ length }, (_, n) => make(n))

/** Says of inputs that they have properties that do not exist. */
const existing =
  (...names: ReadonlyArray<string>): Judge =>
  ({ properties }) =>
    Object.keys(properties).flatMap((name) => (names.includes(name) ? [] : [unknown(name)]))

const positive: Judge = ({ properties: { price = "0" } }) => (Number(price) < 0 ? [negative] : [])

describe("a property that does not exist", () => {
  it("refuses a hundred rows that have it with one request", () => {
    const rows = inputsOf(times(100, (n) => ({ name: `Seat ${n}`, prise: "1" })))
    const { refused, requests } = send(rows, existing("name"))
    assert.strictEqual(requests, 1)
    assert.deepStrictEqual(
      [...new Set(refused.values())].flat(),
      times(100, () => unknown("prise"))
    )
  })

  for (const [how, wording] of [
    ["one after the other", first],
    ["together", all]
  ] as const) {
    it(`two of them in sixty rows, named ${how}, refuse each its own rows with its own problem`, () => {
      const rows = inputsOf(
        times(60, (n) => ({
          name: `Seat ${n}`,
          ...(n % 3 === 0 ? { prise: "1" } : n % 3 === 1 && { sku: "1" })
        }))
      )
      const { created, refused, requests } = send(rows, existing("name"), wording)
      assert.isAtMost(requests, 3)
      assert.lengthOf(created, 20)
      for (const [{ properties }, problems] of refused) {
        assert.deepStrictEqual(
          [...new Set(problems.map(({ property }) => property))],
          ["prise" in properties ? "prise" : "sku"]
        )
      }
    })
  }

  it("is known by HubSpot's words where it gives no code, and no name beside them", () => {
    const rows = inputsOf(times(10, (n) => ({ name: `Seat ${n}`, ...(n < 7 && { prise: "1" }) })))
    const { refused, parts } = Division.divide(
      rows,
      saying({ message: 'Property "prise" does not exist' }),
      creating
    )
    assert.deepStrictEqual(
      refused.map(({ input }) => input),
      rows.slice(0, 7)
    )
    assert.deepStrictEqual(parts, [rows.slice(7)])
  })

  it("refuses also inputs that only another problem is told of by trace id", () => {
    const rows = inputsOf([{ prise: "1" }, { prise: "2" }, { name: "Seat" }, { prise: "4" }])
    const division = Division.divide(
      rows,
      {
        traceIds: ["t-2"],
        blamed: [{ traceIds: ["t-2"], problem: negative }],
        problems: [negative, unknown("prise")]
      },
      creating
    )
    check(rows, division)
    assert.deepStrictEqual(
      division.refused.map(({ problems }) => problems.map(({ property }) => property)),
      [["prise"], ["prise"], ["price"], ["prise"]]
    )
  })

  it("and one that is read-only refuses the rows that have it", () => {
    const rows = inputsOf([{ name: "Seat" }, { name: "Sofa", hs_margin: "1" }, { hs_margin: "2" }])
    const problem = { message: "HubSpot sets this", code: "READ_ONLY_VALUE", property: "hs_margin" }
    assert.deepStrictEqual(Division.divide(rows, saying(problem), creating), {
      refused: rows.slice(1).map((input) => ({ input, problems: [problem] })),
      parts: [rows.slice(0, 1)]
    })
  })
})

describe("a required property", () => {
  const required: Problem = {
    message: "cost_center is required",
    code: "REQUIRED_PROPERTY_MISSING",
    property: "cost_center"
  }
  const inWords: Problem = {
    message: "Error creating LINE_ITEM. Some required properties were not set",
    property: "cost_center"
  }
  const conditional: Problem = { ...required, message: "cost_center is required when name is B" }
  const rows = inputsOf([{ name: "A" }, { name: "B", cost_center: "1" }, { name: "C" }, { name: "D" }])

  for (const [how, problem] of [
    ["by its code", required],
    ["by its words", inWords]
  ] as const) {
    it(`refuses the rows without it, told ${how}`, () => {
      const { parts, refused } = Division.divide(rows, saying(problem), creating)
      assert.deepStrictEqual(
        refused.map(({ input }) => input.properties["name"]),
        ["A", "C", "D"]
      )
      assert.deepStrictEqual(parts, [[rows[1]!]])
    })
  }

  it("refuses none of several rows where it is required of some only, and none that exist already", () => {
    for (const [problem, reading] of [
      [conditional, creating],
      [required, { ...creating, creates: false }]
    ] as const) {
      const { parts, refused } = Division.divide(rows, saying(problem), reading)
      assert.deepStrictEqual(refused, [])
      assert.deepStrictEqual(parts, [[rows[1]!], [rows[0]!, rows[2]!, rows[3]!]])
    }
  })
})

describe("any other problem", () => {
  it("one bad price among a hundred rows is found with at most 15 requests, whatever the other prices are", () => {
    for (const price of [(n: number) => String(n % 7), (n: number) => String(n * n), () => "3"]) {
      for (let bad = 0; bad < 100; bad++) {
        const rows = inputsOf(times(100, (n) => ({ name: `Seat ${n}`, price: n === bad ? "-5" : price(n) })))
        const { created, refused, requests } = send(rows, positive)
        assert.isAtMost(requests, 15)
        assert.lengthOf(created, 99)
        assert.deepStrictEqual([...refused], [[rows[bad]!, [negative]]])
      }
    }
  })

  it("a wrong value that is told is found with three requests", () => {
    const rows = inputsOf(times(100, (n) => ({ price: n === 50 ? "-5" : String(n) })))
    const { requests } = send(rows, positive, ([one], judge) =>
      saying({ ...judge(one!)[0]!, value: one!.properties["price"]! })
    )
    assert.strictEqual(requests, 3)
  })

  it("ten negative prices in a row of sizes cost no more than one and what they cost alone", () => {
    const rows = inputsOf(times(100, (n) => ({ price: String(((n * 37) % 100) - 10) })))
    const { refused, requests } = send(rows, positive)
    assert.strictEqual(refused.size, 10)
    assert.isAtMost(requests, 15 + 2 * 10)
  })

  it("small values are sent before large ones, numbers by size and texts by length", () => {
    const parts = (...prices: ReadonlyArray<string>) =>
      Division.divide(inputsOf(prices.map((price) => ({ price }))), saying(negative), creating).parts.map(
        (part) => part.map(({ properties }) => properties["price"])
      )
    assert.deepStrictEqual(parts("10", "9", "2", "1e3"), [
      ["9", "2"],
      ["10", "1e3"]
    ])
    assert.deepStrictEqual(parts("aaaa", "b", "ccc", "dd"), [
      ["b", "dd"],
      ["aaaa", "ccc"]
    ])
    assert.deepStrictEqual(parts("x", "7", "x", "x", "x"), [["7"], ["x", "x", "x", "x"]])
  })

  it("rejects the rows that are named, and one that is alone, for all that is told", () => {
    const rows = inputsOf([{ name: "Seat" }, { name: "Sofa" }])
    const problems = [{ message: "no" }, { message: "never" }]
    assert.deepStrictEqual(Division.divide(rows, { ...saying(...problems), traceIds: ["t-1"] }, creating), {
      refused: [{ input: rows[1]!, problems }],
      parts: [rows.slice(0, 1)]
    })
    assert.deepStrictEqual(Division.divide(rows.slice(0, 1), saying(...problems), creating), {
      refused: [{ input: rows[0]!, problems }],
      parts: []
    })
  })

  it("rejects no row by a refusal that it shares, also if all have the same value", () => {
    const rows = inputsOf(times(4, () => ({ price: "-5" })))
    assert.deepStrictEqual(Division.divide(rows, saying(negative), creating), {
      refused: [],
      parts: [rows.slice(0, 2), rows.slice(2)]
    })
    assert.strictEqual(send(rows, positive).refused.size, 4)
  })

  it("is halved where no property is named, or one that no row has", () => {
    const rows = inputsOf(times(5, () => ({ name: "Seat" })))
    for (const problem of [{ message: "no" }, { message: "no", property: "__proto__" }, unknown("prise")]) {
      const { parts } = Division.divide(rows, saying(problem), creating)
      assert.deepStrictEqual(
        parts.map((part) => part.length),
        [2, 3]
      )
    }
  })
})

const oneOf = <const L extends ReadonlyArray<string>>(...values: L) =>
  Arbitrary.schema(Schema.Literals(values))

const rows = Arbitrary.array(
  Arbitrary.array(
    Arbitrary.all([
      oneOf("name", "price", "prise", "sku", "hs_margin", "cost_center"),
      oneOf("", "-5", "-1e3", "0", "7", "07", "Chair", "a longer text")
    ]),
    { maxLength: 4 }
  ).pipe(Arbitrary.map((cells) => Object.fromEntries(cells))),
  { minLength: 1, maxLength: 40 }
).pipe(Arbitrary.map(inputsOf))

/** Unknown and read-only names, a required one, and wrong values. */
const judge: Judge = (input) => [
  ...existing("name", "price", "hs_margin", "cost_center")(input),
  ...("hs_margin" in input.properties
    ? [{ message: "read-only", code: "READ_ONLY_VALUE", property: "hs_margin" }]
    : []),
  ...("cost_center" in input.properties
    ? []
    : [{ message: "cost_center is required", code: "REQUIRED_PROPERTY_MISSING", property: "cost_center" }]),
  ...positive(input),
  ...(input.properties["name"] === "" ? [{ message: "a nameless problem" }] : [])
]

const isByName = ({ code = "" }: Problem) =>
  ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "REQUIRED_PROPERTY_MISSING"].includes(code)

const wordings: Readonly<Record<string, Wording>> = {
  first,
  all,
  last: (guilty, judge) => first(guilty.toReversed(), judge),
  firstProblem: ([one], judge) => saying(judge(one!)[0]!),
  nothing: () => saying({ message: "Some inputs were not valid" }),
  blaming: ([one], judge) => ({
    traceIds: [one!.objectWriteTraceId],
    blamed: judge(one!).map((problem) => ({ traceIds: [one!.objectWriteTraceId], problem })),
    problems: judge(one!)
  }),
  naming: ([one], judge) => ({ ...saying(...judge(one!)), traceIds: [one!.objectWriteTraceId] })
}

describe("whatever the rows are, and however a refusal says what is wrong", () => {
  for (const [name, wording] of Object.entries(wordings)) {
    it.effect(`exactly the wrong rows are refused: ${name}`, () =>
      holds(
        rows,
        (inputs) => {
          const { created, refused, requests } = send(inputs, judge, wording)
          const wrong = inputs.filter((input) => judge(input).length > 0)
          assert.sameMembers([...refused.keys()], wrong)
          assert.strictEqual(created.length + refused.size, inputs.length)
          return requests < 2 * inputs.length
        },
        { runs: 400 }
      )
    )
  }

  it.effect("a refusal that inputs share refuses those alone that it names, or whose names it refuses", () =>
    holds(
      Arbitrary.all([rows, oneOf("first", "all", "last", "firstProblem", "blaming")]),
      ([inputs, name]) => {
        const guilty = inputs.filter((input) => judge(input).length > 0)
        if (guilty.length === 0 || inputs.length === 1) return true
        const refusal = wordings[name]!(guilty, judge)
        const { refused } = Division.divide(inputs, refusal, creating)
        for (const { input, problems } of refused) {
          if (!refusal.traceIds.includes(input.objectWriteTraceId)) {
            assert.isTrue(problems.every(isByName))
          }
          // Each has problems of its own, and not those of others.
          for (const { property } of problems) {
            assert.isTrue(judge(input).some((own) => own.property === property))
          }
        }
        return true
      },
      { runs: 1000 }
    )
  )

  it.effect("and where a refusal lies, every row still ends", () =>
    holds(
      Arbitrary.all([
        rows,
        Arbitrary.array(
          Arbitrary.all([
            oneOf("price", "nobody", "name", "cost_center"),
            oneOf("MIN_VALUE", "PROPERTY_DOESNT_EXIST", "REQUIRED_PROPERTY_MISSING")
          ]),
          { minLength: 1, maxLength: 3 }
        )
      ]),
      ([inputs, said]) => {
        const problems = said.map(([property, code]) => ({ message: "no", code, property }))
        const { created, refused } = send(
          inputs,
          () => [negative],
          () => saying(...problems)
        )
        return created.length === 0 && refused.size === inputs.length
      },
      { runs: 400 }
    )
  )
})
