import { Correlation, type Plan } from "@effect-hubspot/batch"
import type { BatchResponse, CrmObject, ErrorBody } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

/**
 * A recipe of a batch and of what HubSpot truly did, and of how its reply tells it. Few names, so that
 * identical inputs are common.
 */
const Recipe = Schema.Struct({
  inputs: Schema.Array(
    Schema.Struct({
      name: Schema.Literals(["a", "b"]),
      price: Schema.Literals(["none", "1", "1.0", "2"]),
      fate: Schema.Literals([
        "created",
        "created",
        "rejected",
        "silent",
        "contradicted",
        "twoIds",
        "idOfNext"
      ]),
      traced: Schema.Boolean,
      echoed: Schema.Boolean,
      repeated: Schema.Boolean
    })
  ).check(Schema.isBetweenLength(1, 6)),
  surplus: Schema.Literals(["none", "none", "traced", "loose"]),
  unattributed: Schema.Boolean,
  order: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 }))),
  status: Schema.Literals(["COMPLETE", "COMPLETE", "PENDING", "CANCELED", "ODD"])
})

const traceOf = (index: number) => `t-${index}`

const inputsOf = (recipe: typeof Recipe.Type): ReadonlyArray<Plan.TracedInput> =>
  recipe.inputs.map(({ name, price }, index) => ({
    properties: { name, ...(price !== "none" && { price }) },
    objectWriteTraceId: traceOf(index)
  }))

const replyOf = (recipe: typeof Recipe.Type): BatchResponse.BatchResponse => {
  const results: Array<CrmObject.CrmObject> = []
  const errors: Array<ErrorBody.StandardError> = []
  const last = recipe.inputs.length - 1
  for (const [index, input] of recipe.inputs.entries()) {
    const { properties } = inputsOf(recipe)[index]!
    const object = (id: string, traced = input.traced): CrmObject.CrmObject => ({
      id,
      properties: { ...(input.echoed && properties), createdate: "2026-11-23" },
      ...(traced && { objectWriteTraceId: traceOf(index) })
    })
    const error = { message: "no", context: { objectWriteTraceId: [traceOf(index)] } }
    switch (input.fate) {
      case "created":
        results.push(object(`id-${index}`))
        if (input.repeated && input.traced) results.push(object(`id-${index}`))
        break
      case "rejected":
        errors.push(error)
        break
      case "silent":
        break
      case "contradicted":
        results.push(object(`id-${index}`, true))
        errors.push(error)
        break
      case "twoIds":
        results.push(object(`id-${index}`, true), object(`id-${index}-again`, true))
        break
      case "idOfNext":
        results.push(object(`id-${index < last ? index + 1 : 0}`, true))
        break
    }
  }
  if (recipe.surplus !== "none") {
    results.push({ id: "surplus", ...(recipe.surplus === "traced" && { objectWriteTraceId: "t-foreign" }) })
  }
  if (recipe.unattributed) errors.push({ message: "somewhere" })
  const shuffled = results
    .map((result, index) => ({ result, key: recipe.order[index] ?? index }))
    .sort((a, b) => a.key - b.key)
    .map(({ result }) => result)
  return { status: recipe.status, results: shuffled, ...(errors.length > 0 && { errors }) }
}

const key = (input: Plan.TracedInput) => JSON.stringify(Object.entries(input.properties).sort())

/**
 * The oracle, written without a look at the module: it goes through every way the results can belong to
 * inputs, and an input is settled when all ways agree.
 */
const oracle = (inputs: ReadonlyArray<Plan.TracedInput>, reply: BatchResponse.BatchResponse) => {
  const traced = reply.results.filter((result) => result.objectWriteTraceId !== undefined)
  const loose = reply.results.filter((result) => result.objectWriteTraceId === undefined)
  const owners = (id: string) => {
    const named = new Set(
      traced.filter((result) => result.id === id).map((result) => result.objectWriteTraceId)
    )
    return named.size + loose.filter((result) => result.id === id).length
  }
  // What HubSpot is still at work on is not refused yet.
  const unfinished = reply.status === "PENDING"
  const blamed = new Set(
    (unfinished ? [] : (reply.errors ?? [])).flatMap(
      (error) =>
        (error.context as { objectWriteTraceId?: ReadonlyArray<string> } | undefined)?.objectWriteTraceId ??
        []
    )
  )
  const settled = inputs.map(({ objectWriteTraceId }) => {
    const ids = new Set(
      traced.filter((result) => result.objectWriteTraceId === objectWriteTraceId).map((result) => result.id)
    )
    if (ids.size === 0) return blamed.has(objectWriteTraceId) ? "rejected" : "open"
    const [id] = ids
    return ids.size === 1 && !blamed.has(objectWriteTraceId) && owners(id!) === 1 ? `created ${id}` : "doubt"
  })

  const open = inputs.flatMap((_, index) => (settled[index] === "open" ? [index] : []))
  const usable = loose.filter((result) => owners(result.id) === 1)
  const fits = (result: CrmObject.CrmObject, index: number) =>
    Object.entries(inputs[index]!.properties).every(([name, value]) => {
      const got = result.properties?.[name]
      return got === value || (name === "price" && got != null && Number(got) === Number(value))
    })
  const single = inputs.length === 1 && open.length === 1 && usable.length === 1
  const placeable = usable.filter((result) => single || open.some((index) => fits(result, index)))
  const ways: Array<ReadonlyArray<number>> = []
  const go = (chosen: ReadonlyArray<number>): void => {
    if (chosen.length === placeable.length) {
      ways.push(chosen)
      return
    }
    for (const index of open) {
      if (!chosen.includes(index) && (single || fits(placeable[chosen.length]!, index)))
        go([...chosen, index])
    }
  }
  go([])
  // Which class of identical inputs each result belongs to, if all ways agree on it.
  const certain = placeable.map((_, result) => {
    const classes = new Set(ways.map((way) => key(inputs[way[result]!]!)))
    return classes.size === 1 ? [...classes][0]! : undefined
  })
  return { settled, open, placeable, certain }
}

describe("correlation", () => {
  it.prop(
    "agrees with the oracle on every reply, and holds its promises",
    [Recipe],
    ([recipe]) => {
      const inputs = inputsOf(recipe)
      const reply = replyOf(recipe)
      const account = Correlation.correlate(inputs, reply)
      const expected = oracle(inputs, reply)

      assert.lengthOf(account.verdicts, inputs.length)

      // No id twice, and every id one that HubSpot answered with.
      const ids = account.verdicts.flatMap((verdict) => (verdict._tag === "Done" ? [verdict.object.id] : []))
      assert.strictEqual(new Set(ids).size, ids.length)
      const answered = new Set(reply.results.map((result) => result.id))
      assert.isTrue(ids.every((id) => answered.has(id)))

      for (const [index, verdict] of account.verdicts.entries()) {
        const settled = expected.settled[index]!
        if (settled === "rejected") assert.strictEqual(verdict._tag, "Rejected")
        else if (settled === "doubt") assert.strictEqual(verdict._tag, "Unaccounted")
        else if (settled !== "open") {
          assert.strictEqual(verdict._tag === "Done" ? `created ${verdict.object.id}` : verdict._tag, settled)
        } else assert.notStrictEqual(verdict._tag, "Rejected")
      }

      // Each class of identical inputs has just the ids that are certain to be of it: no doubt too many,
      // no certainty too many.
      const byClass = new Map<string, Array<string>>()
      for (const [result, of] of expected.certain.entries()) {
        if (of !== undefined) byClass.set(of, [...(byClass.get(of) ?? []), expected.placeable[result]!.id])
      }
      const given = new Map<string, Array<string>>()
      for (const index of expected.open) {
        const verdict = account.verdicts[index]!
        const of = key(inputs[index]!)
        if (verdict._tag === "Done") given.set(of, [...(given.get(of) ?? []), verdict.object.id])
      }
      const sorted = (map: Map<string, Array<string>>) =>
        [...map].map(([of, list]) => [of, [...list].sort()] as const).sort(([a], [b]) => (a < b ? -1 : 1))
      assert.deepStrictEqual(sorted(given), sorted(byClass))

      // What fits no input is reported.
      const reported = new Set(account.surplus.map((object) => object.id))
      if (recipe.surplus === "traced") assert.isTrue(reported.has("surplus"))
      assert.lengthOf(account.unattributed, recipe.unattributed ? 1 : 0)
    },
    { arbitrary: { runs: 3000 } }
  )

  it.prop(
    "tells the truth whenever HubSpot does",
    [Recipe],
    ([recipe]) => {
      const honest = {
        ...recipe,
        surplus: "none" as const,
        inputs: recipe.inputs.map((input) => ({
          ...input,
          echoed: true,
          fate: ["created", "rejected", "silent"].includes(input.fate) ? input.fate : ("silent" as const)
        }))
      }
      const inputs = inputsOf(honest)
      const account = Correlation.correlate(inputs, replyOf(honest))
      for (const [index, verdict] of account.verdicts.entries()) {
        const input = honest.inputs[index]!
        if (verdict._tag === "Done" && inputs.length > 1) {
          const source = Number(verdict.object.id.slice("id-".length))
          assert.strictEqual(honest.inputs[source]!.fate, "created")
          assert.strictEqual(key(inputs[source]!), key(inputs[index]!), "an identical input at least")
        }
        if (verdict._tag === "Rejected") assert.strictEqual(input.fate, "rejected")
        if (input.traced && input.fate === "created") assert.strictEqual(verdict._tag, "Done")
        if (input.fate === "rejected" && honest.status !== "PENDING")
          assert.strictEqual(verdict._tag, "Rejected")
      }
    },
    { arbitrary: { runs: 1000 } }
  )

  it("errors of the server's own are no refusals, odd ids no evidence", () => {
    const inputs = [{ properties: { name: "a" }, objectWriteTraceId: "t-0" }]
    const tagOf = (response: BatchResponse.BatchResponse) =>
      Correlation.correlate(inputs, response).verdicts.map((verdict) => verdict._tag)[0]
    for (const category of ["INTERNAL_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"]) {
      const error = { category, message: "m", context: { objectWriteTraceId: ["t-0"] } }
      assert.strictEqual(tagOf({ status: "COMPLETE", results: [], errors: [error] }), "Unaccounted")
    }
    for (const id of ["", " ", "../x", "7\u001b[2J", "x".repeat(65)]) {
      assert.strictEqual(tagOf({ results: [{ id, objectWriteTraceId: "t-0" }] }), "Unaccounted", id)
    }
  })

  it("says why an input is not accounted for", () => {
    const inputs = ["a", "b"].map((name, index) => ({
      properties: { name },
      objectWriteTraceId: traceOf(index)
    }))
    const why = (response: BatchResponse.BatchResponse) =>
      Correlation.correlate(inputs, response).verdicts.map((verdict) =>
        verdict._tag === "Unaccounted" ? verdict.why : verdict._tag
      )
    assert.deepStrictEqual(why({ status: "COMPLETE", results: [] }), ["missing", "missing"])
    assert.deepStrictEqual(why({ results: [] }), ["missing", "missing"])
    assert.deepStrictEqual(why({ status: "PENDING", results: [] }), ["unfinished", "unfinished"])
    assert.deepStrictEqual(why({ status: "CANCELED", results: [{ id: "1", objectWriteTraceId: "t-0" }] }), [
      "Done",
      "unfinished"
    ])
    const both = { name: "a", x: "y" }
    const twins = [1, 2, 3].map((id) => ({ id: String(id), properties: both }))
    assert.deepStrictEqual(why({ status: "COMPLETE", results: twins }), ["ambiguous", "missing"])
  })

  it("a full batch of equals without trace ids takes milliseconds, not minutes", () => {
    const inputs = Array.from({ length: 100 }, (_, index) => ({
      properties: { name: "same", ...(index % 2 === 0 && { price: String(index) }) },
      objectWriteTraceId: traceOf(index)
    }))
    const results = inputs.map((input, index) => ({
      id: String(index),
      properties: { price: "0", ...input.properties }
    }))
    const { verdicts } = Correlation.correlate(inputs, { status: "COMPLETE", results: results.toReversed() })
    assert.lengthOf(verdicts, 100)
  })
})

describe("the key property", () => {
  const inputs = ["A", "B", "C"].map((key) => ({
    properties: { name: "Chair", import_key: key },
    objectWriteTraceId: `t-${key}`
  }))
  const idsOf = (results: BatchResponse.BatchResponse["results"], keyProperty?: string) =>
    Correlation.correlate(inputs, { status: "COMPLETE", results }, keyProperty).verdicts.map((verdict) =>
      verdict._tag === "Done" ? verdict.object.id : verdict._tag === "Unaccounted" ? verdict.why : "Rejected"
    )
  const seenOf = (results: BatchResponse.BatchResponse["results"]) =>
    Correlation.correlate(inputs, { status: "COMPLETE", results }, "import_key").verdicts.map((verdict) =>
      verdict._tag === "Unaccounted" ? verdict.seen : undefined
    )
  const record = (id: string, key: string, more: object = {}) => ({
    id,
    // HubSpot has changed the name, so that content is no evidence.
    properties: { name: "CHAIR", import_key: key },
    ...more
  })

  it("gives results without trace ids to their inputs, whatever else was changed", () => {
    const results = [record("3", "C"), record("1", "A"), record("2", "B")]
    assert.deepStrictEqual(idsOf(results, "import_key"), ["1", "2", "3"])
    assert.deepStrictEqual(idsOf(results), ["missing", "missing", "missing"])
  })

  it("that is another input's under a trace id leaves both in doubt, with what was seen", () => {
    const results = [record("1", "B", { objectWriteTraceId: "t-A" }), record("2", "B")]
    assert.deepStrictEqual(idsOf(results, "import_key"), ["contradiction", "contradiction", "missing"])
    assert.deepStrictEqual(seenOf(results), [
      "id 1 came under its trace id with the key of t-B",
      "id 1 came with its key under the trace id t-A",
      undefined
    ])
  })

  it("that is nobody's does not outweigh a trace id", () => {
    const results = [
      record("1", "a", { objectWriteTraceId: "t-A" }),
      record("2", " B ", { objectWriteTraceId: "t-B" }),
      { id: "3", properties: { import_key: null }, objectWriteTraceId: "t-C" }
    ]
    assert.deepStrictEqual(idsOf(results, "import_key"), ["1", "2", "3"])
  })

  it("that is the input's own outweighs all other values", () => {
    const own = inputs.map(({ objectWriteTraceId, properties }, n) => ({
      id: String(n),
      // As the next input's.
      properties: { ...properties, name: inputs[(n + 1) % 3]!.properties.name },
      objectWriteTraceId
    }))
    assert.deepStrictEqual(idsOf(own, "import_key"), ["0", "1", "2"])
  })

  it("with two ids is a contradiction, with a stranger's value nobody's", () => {
    const results = [record("1", "A"), record("2", "A"), record("9", "Z")]
    assert.deepStrictEqual(idsOf(results, "import_key"), ["contradiction", "missing", "missing"])
    const { surplus } = Correlation.correlate(inputs, { status: "COMPLETE", results }, "import_key")
    assert.deepStrictEqual(
      surplus.map(({ id }) => id),
      ["9"]
    )
  })

  it("that one id has twice gives it to nobody", () => {
    assert.deepStrictEqual(idsOf([record("1", "A"), record("1", "B")], "import_key"), [
      "duplicateId",
      "duplicateId",
      "missing"
    ])
  })
})

describe("records that are known", () => {
  const judge = (identities: ReadonlyArray<Correlation.Identity>, response: BatchResponse.BatchResponse) =>
    Correlation.judge(identities, response).verdicts.map((verdict) => verdict._tag)

  it("are recognised by their id, and errors by the id they name", () => {
    assert.deepStrictEqual(
      judge([{ id: "7" }, { id: "8" }, { id: "9" }], {
        status: "COMPLETE",
        results: [{ id: "8" }],
        errors: [{ category: "OBJECT_NOT_FOUND", message: "no", context: { ids: ["7"] } }]
      }),
      ["Rejected", "Done", "Unaccounted"]
    )
  })

  it("that answer under a trace id with another record's id contradict themselves", () => {
    assert.deepStrictEqual(
      judge([{ id: "7", objectWriteTraceId: "t" }], {
        status: "COMPLETE",
        results: [{ id: "8", objectWriteTraceId: "t" }]
      }),
      ["Unaccounted"]
    )
  })
})

describe("what an error names", () => {
  const inputs = ["a", "b", "c"].map((name) => ({
    properties: { name, import_key: `K-${name}` },
    objectWriteTraceId: `t-${name}`
  }))
  const judged = (error: ErrorBody.StandardError) => {
    const { unattributed, verdicts } = Correlation.correlate(
      inputs,
      { status: "COMPLETE", results: [], errors: [error] },
      "import_key"
    )
    return [...verdicts.map((verdict) => verdict._tag), unattributed.length]
  }
  const none = ["Unaccounted", "Unaccounted", "Unaccounted", 1]
  const onlyA = ["Rejected", "Unaccounted", "Unaccounted", 0]

  it("is its trace ids where it has any; an id beside them is about something else", () => {
    for (const name of ["id", "ids"]) {
      assert.deepStrictEqual(
        judged({ message: "no", context: { objectWriteTraceId: ["t-a"], [name]: ["K-b"] } }),
        onlyA
      )
      assert.deepStrictEqual(
        judged({
          message: "no",
          context: { objectWriteTraceId: ["t-a"] },
          errors: [{ message: "no", context: { [name]: ["K-b"] } }]
        }),
        onlyA
      )
      assert.deepStrictEqual(
        judged({
          message: "no",
          context: { [name]: ["K-b"] },
          errors: [{ message: "no", context: { objectWriteTraceId: ["t-a"] } }]
        }),
        onlyA
      )
      assert.deepStrictEqual(
        judged({ message: "no", context: `{objectWriteTraceId=[t-a], ${name}=[K-b]}` }),
        onlyA
      )
    }
  })

  it("is nobody of this batch where its trace id is foreign, whatever else it carries", () => {
    assert.deepStrictEqual(
      judged({ message: "no", context: { objectWriteTraceId: ["t-x"], ids: ["K-b"] } }),
      none
    )
    assert.deepStrictEqual(
      judged({
        message: "no",
        context: { ids: ["K-b"] },
        errors: [{ message: "no", context: { objectWriteTraceId: ["t-x"] } }]
      }),
      none
    )
    // A number that has lost digits names somebody, too.
    assert.deepStrictEqual(
      judged({ message: "no", context: { objectWriteTraceId: [2 ** 60], ids: ["K-b"] } }),
      none
    )
  })

  it("is its ids and keys where no trace id is named", () => {
    for (const objectWriteTraceId of [undefined, null, []]) {
      assert.deepStrictEqual(judged({ message: "no", context: { objectWriteTraceId, ids: ["K-a"] } }), onlyA)
    }
  })

  it("is every input whose trace id it has, in its own context or a detail's", () => {
    assert.deepStrictEqual(
      judged({
        message: "no",
        context: { objectWriteTraceId: ["t-a"] },
        errors: [{ message: "nor this", context: { objectWriteTraceId: ["t-c"] } }]
      }),
      ["Rejected", "Unaccounted", "Rejected", 0]
    )
  })

  it("is nobody where two inputs have that name", () => {
    const { unattributed, verdicts } = Correlation.judge(
      [{ id: "7" }, { key: { property: "import_key", value: "7" } }, { id: "8" }],
      { status: "COMPLETE", results: [], errors: [{ message: "no", context: { ids: ["7", "8"] } }] }
    )
    assert.deepStrictEqual(
      verdicts.map((verdict) => verdict._tag),
      ["Unaccounted", "Unaccounted", "Rejected"]
    )
    assert.lengthOf(unattributed, 0)
  })

  it("is not read from a number that has lost digits", () => {
    const id = String(2 ** 60)
    const { verdicts } = Correlation.judge([{ id }], {
      status: "COMPLETE",
      results: [],
      errors: [{ message: "no", context: { ids: [2 ** 60] } }]
    })
    assert.deepStrictEqual(
      verdicts.map((verdict) => verdict._tag),
      ["Unaccounted"]
    )
  })
})

describe("a result under a trace id", () => {
  type Properties = Readonly<Record<string, string>>
  const inputsOf = (all: ReadonlyArray<Properties>): ReadonlyArray<Plan.TracedInput> =>
    all.map((properties, index) => ({ properties, objectWriteTraceId: traceOf(index) }))
  /** `shown[n]` came under the trace id of input `under[n]`; the ids are `0`, `1`, `2`. */
  const account = (
    all: ReadonlyArray<Properties>,
    shown: ReadonlyArray<Readonly<Record<string, string | null>>>,
    under: ReadonlyArray<number> = shown.map((_, index) => index)
  ) =>
    Correlation.correlate(inputsOf(all), {
      status: "COMPLETE",
      results: shown.map((properties, n) => ({
        id: String(n),
        properties,
        objectWriteTraceId: traceOf(under[n]!)
      }))
    })
  const told = (...given: Parameters<typeof account>) =>
    account(...given).verdicts.map((verdict) =>
      verdict._tag === "Done" ? verdict.object.id : verdict._tag === "Unaccounted" ? verdict.why : "Rejected"
    )
  const both = ["contradiction", "contradiction"]
  const own = ["0", "1"]

  it("that has the values of another input, and not its own, leaves both in doubt, with what was seen", () => {
    const [a, b] = [
      { name: "a", price: "1" },
      { name: "b", price: "2" }
    ]
    assert.deepStrictEqual(told([a, b], [a, b], [1, 0]), both)
    assert.deepStrictEqual(
      account([a, b], [a, b], [1, 0]).verdicts.map((verdict) =>
        verdict._tag === "Unaccounted" ? verdict.seen : undefined
      ),
      [
        "id 1 came under its trace id with the values of t-1; id 0 came with its values under the trace id t-1",
        "id 1 came with its values under the trace id t-0; id 0 came under its trace id with the values of t-0"
      ]
    )
    // The other one is not answered at all, or refused.
    assert.deepStrictEqual(told([a, b], [b]), both)
    const { verdicts } = Correlation.correlate(inputsOf([a, b]), {
      status: "COMPLETE",
      results: [{ id: "0", properties: b, objectWriteTraceId: "t-0" }],
      errors: [{ message: "no", context: { objectWriteTraceId: ["t-1"] } }]
    })
    assert.deepStrictEqual(
      verdicts.map((verdict) => verdict._tag),
      ["Unaccounted", "Unaccounted"]
    )
    const c = { name: "c", price: "3" }
    assert.deepStrictEqual(told([a, b, c], [a, b, c], [1, 2, 0]), [...both, "contradiction"])
    assert.deepStrictEqual(told([a, b, c], [a, b, c], [1, 0, 2]), [...both, "2"])
  })

  it("that has the values of an input whose own result has them too says nothing against that one", () => {
    const [a, b] = [{ name: "a" }, { name: "b" }]
    assert.deepStrictEqual(told([a, b], [b, b]), ["contradiction", "1"])
    // A result that shows too little to tell them apart may be of either.
    const [c, d] = [
      { name: "c", quantity: "1" },
      { name: "d", quantity: "1" }
    ]
    assert.deepStrictEqual(told([c, d], [d, {}]), both)
    assert.deepStrictEqual(told([c, d], [d, { quantity: "1" }]), both)
    // Of equal inputs, only the one whose result is elsewhere can be meant.
    assert.deepStrictEqual(told([a, b, b, b], [a, b, b, b], [2, 1, 0, 3]), [
      "contradiction",
      "1",
      "contradiction",
      "3"
    ])
  })

  it("keeps its word where the values fit its input: numbers by value, dates by instant, texts normalised", () => {
    for (const [sent, shown, other] of [
      ["2.50", "2.5", "3"],
      ["1e3", "1000", "1"],
      ["2026-01-01", "1767225600000", "2026-01-02"],
      ["2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00Z"],
      ["TRUE", "true", "false"],
      [" a\r\nb ", "a\nb", "a b"],
      ["e\u0301", "\u00e9", "e"]
    ] as const) {
      assert.deepStrictEqual(told([{ x: sent }, { x: other }], [{ x: shown }, { x: other }]), own, sent)
      assert.deepStrictEqual(told([{ x: sent }, { x: other }], [{ x: shown }, { x: other }], [1, 0]), both, sent)
    }
  })

  it("keeps its word where its values fit no input, or fit both", () => {
    const [a, b] = [
      { name: "a", price: "1.005" },
      { name: "a", quantity: "1" }
    ]
    // Rounded; nobody else has asked for this price.
    assert.deepStrictEqual(told([a, b], [{ name: "a", price: "1.01", quantity: "1" }, b]), own)
    assert.deepStrictEqual(told([a, b], [{ name: "other" }, { name: "another" }]), own)
    // From a product, and computed.
    assert.deepStrictEqual(
      told([{ name: "a" }, { name: "a", price: "5" }], [{ name: "a", price: "5", amount: "5" }]),
      ["0", "missing"]
    )
    assert.deepStrictEqual(told([a, a], [a, a], [1, 0]), ["1", "0"])
  })

  it("keeps its word where nothing is shown that can be compared", () => {
    const [a, b] = [{ name: "a" }, { name: "b", price: "" }]
    assert.deepStrictEqual(told([a, b], [{}, { price: "7" }]), own)
    assert.deepStrictEqual(told([a, b], [{ price: null }, { name: null, price: null }]), own)
    assert.deepStrictEqual(told([{ sku: "1" }, b], [b]), ["0", "missing"])
  })

  it("is doubted although a product has filled in what its true input left out", () => {
    const [a, b] = [
      { name: "a", price: "1" },
      { name: "b", hs_product_id: "7" }
    ]
    assert.deepStrictEqual(told([a, b], [{ name: "b", price: "5", hs_product_id: "7" }, a]), both)
  })

  it("takes what has none along: it may be of an input in doubt, and is given to no other", () => {
    const [a, b, c] = [{ name: "a", price: "1" }, { name: "b", price: "2" }, { name: "a" }]
    const { surplus, verdicts } = Correlation.correlate(inputsOf([a, b, c]), {
      status: "COMPLETE",
      results: [
        { id: "8", properties: b, objectWriteTraceId: "t-0" },
        { id: "9", properties: a }
      ]
    })
    assert.deepStrictEqual(
      verdicts.map((verdict) => (verdict._tag === "Unaccounted" ? verdict.why : verdict._tag)),
      [...both, "ambiguous"]
    )
    assert.deepStrictEqual(
      surplus.map(({ id }) => id),
      ["9"]
    )
  })

  it("with the id of a record that another input is about leaves both in doubt", () => {
    const { verdicts } = Correlation.judge(
      [
        { id: "7", objectWriteTraceId: "t-7" },
        { id: "8", objectWriteTraceId: "t-8" }
      ],
      { status: "COMPLETE", results: [{ id: "8", objectWriteTraceId: "t-7" }] }
    )
    assert.deepStrictEqual(
      verdicts.map((verdict) => (verdict._tag === "Unaccounted" ? verdict.why : verdict._tag)),
      both
    )
  })

  it("without an id that can be one says that its input exists, and not where", () => {
    for (const id of ["", "../x", "x".repeat(65)]) {
      const { surplus, verdicts } = Correlation.correlate(inputsOf([{ name: "a" }, { name: "b" }]), {
        status: "COMPLETE",
        results: [{ id, objectWriteTraceId: "t-0" }]
      })
      assert.deepStrictEqual(
        verdicts.map((verdict) => (verdict._tag === "Unaccounted" ? verdict.why : verdict._tag)),
        ["noId", "missing"]
      )
      assert.lengthOf(surplus, 0)
    }
  })

  it("of a full batch that HubSpot has changed altogether is looked into in milliseconds", () => {
    const all = Array.from({ length: 100 }, (_, n) => ({
      name: `Seat ${n} é`,
      description: "x".repeat(2000),
      price: `${n}.995`
    }))
    const shown = all.map(({ name }, n) => ({ name: `${name} (EUR)`, description: "y", price: String(n + 1) }))
    assert.deepStrictEqual(
      told(all, shown),
      all.map((_, n) => String(n))
    )
  })
})
