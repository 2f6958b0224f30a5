import { BatchState } from "@effect-hubspot/batch"
import * as Correlation from "@effect-hubspot/batch/model/Correlation"
import type * as Plan from "@effect-hubspot/batch/model/Plan"
import { BatchResponse, type CrmObject, type ErrorBody } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"

/** A reply is the end of its batch where nobody follows it. */
const correlateReply = (
  inputs: ReadonlyArray<Plan.TracedInput>,
  reply: BatchResponse.BatchResponse,
  keyProperty?: string
) => Correlation.correlate(inputs, BatchState.endOf(reply), keyProperty)

const judgeReply = (
  identities: ReadonlyArray<Correlation.Identity>,
  reply: BatchResponse.BatchResponse,
  place?: Parameters<typeof Correlation.judge>[2]
) => Correlation.judge(identities, BatchState.endOf(reply), place)

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
      keyEchoed: Schema.Boolean,
      repeated: Schema.Boolean,
      /** What its error names, if it has one. */
      named: Schema.Literals([
        "trace",
        "trace",
        "traceBesideKey",
        "detail",
        "detailBesideKey",
        "foreignBesideKey",
        "key",
        "traceAndNext"
      ])
    })
  ).check(Schema.isBetweenLength(1, 6)),
  /** Whether inputs have a key, and the reply is read by it. */
  keyed: Schema.Boolean,
  /** HubSpot writes numbers its own way. */
  normalised: Schema.Boolean,
  /** Ids are JSON numbers. */
  numeric: Schema.Boolean,
  /** Results have the trace ids of others: of the first two, or of all. */
  swap: Schema.Literals(["none", "none", "pair", "cycle"]),
  surplus: Schema.Literals(["none", "none", "traced", "loose"]),
  unattributed: Schema.Boolean,
  order: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 }))),
  status: Schema.Literals(["COMPLETE", "COMPLETE", "PENDING", "CANCELED", "ODD"])
})

type Recipe = typeof Recipe.Type

const traceOf = (index: number) => `t-${index}`
const keyOf = (index: number) => `K-${index}`
const keyProperty = "import_key"

const inputsOf = (recipe: Recipe): ReadonlyArray<Plan.TracedInput> =>
  recipe.inputs.map(({ name, price }, index) => ({
    properties: {
      name,
      ...(price !== "none" && { price }),
      ...(recipe.keyed && { [keyProperty]: keyOf(index) })
    },
    objectWriteTraceId: traceOf(index)
  }))

const idOf = (index: number) => String(1000 + index)

const errorOf = (recipe: Recipe, index: number): ErrorBody.StandardError => {
  const next = index + 1 < recipe.inputs.length ? index + 1 : 0
  const trace = { objectWriteTraceId: [traceOf(index)] }
  const error = (context: object | undefined, detail?: object): ErrorBody.StandardError => ({
    message: "no",
    ...(context !== undefined && { context }),
    ...(detail !== undefined && { errors: [{ message: "no", context: detail }] })
  })
  switch (recipe.inputs[index]!.named) {
    case "trace":
      return error(trace)
    case "traceBesideKey":
      return error({ ...trace, id: keyOf(next) })
    case "detail":
      return error(undefined, trace)
    case "detailBesideKey":
      return error({ ids: [keyOf(next)] }, trace)
    case "foreignBesideKey":
      return error({ objectWriteTraceId: ["t-foreign"], ids: [keyOf(index)] })
    case "key":
      return error({ ids: [keyOf(index)] })
    case "traceAndNext":
      return error({ objectWriteTraceId: [traceOf(index), traceOf(next)] })
  }
}

/** The results with their trace ids moved on: between the first two that have one, or around all that have. */
const swapped = (
  results: ReadonlyArray<CrmObject.CrmObject>,
  swap: Recipe["swap"]
): ReadonlyArray<CrmObject.CrmObject> => {
  const traced = results.flatMap((result, n) => (result.objectWriteTraceId === undefined ? [] : [n]))
  const moved = swap === "none" ? [] : swap === "pair" ? traced.slice(0, 2) : traced
  const traceIds = new Map(
    moved.map((n, place) => [n, results[moved[(place + 1) % moved.length]!]!.objectWriteTraceId!])
  )
  return results.map((result, n) => ({
    ...result,
    ...(traceIds.has(n) && { objectWriteTraceId: traceIds.get(n)! })
  }))
}

const replyOf = (recipe: Recipe): BatchResponse.BatchResponse => {
  const results: Array<CrmObject.CrmObject> = []
  const errors: Array<ErrorBody.StandardError> = []
  const last = recipe.inputs.length - 1
  for (const [index, input] of recipe.inputs.entries()) {
    const { [keyProperty]: key, price, ...properties } = inputsOf(recipe)[index]!.properties
    const object = (id: string, traced = input.traced): CrmObject.CrmObject => ({
      id,
      properties: {
        ...(input.echoed && properties),
        ...(input.echoed &&
          price !== undefined && { price: recipe.normalised ? String(Number(price)) : price }),
        ...(input.keyEchoed && key !== undefined && { [keyProperty]: key }),
        createdate: "2026-11-23"
      },
      ...(traced && { objectWriteTraceId: traceOf(index) })
    })
    switch (input.fate) {
      case "created":
        results.push(object(idOf(index)))
        if (input.repeated && input.traced) results.push(object(idOf(index)))
        break
      case "rejected":
        errors.push(errorOf(recipe, index))
        break
      case "silent":
        break
      case "contradicted":
        results.push(object(idOf(index), true))
        errors.push(errorOf(recipe, index))
        break
      case "twoIds":
        results.push(object(idOf(index), true), object(idOf(index + 100), true))
        break
      case "idOfNext":
        results.push(object(idOf(index < last ? index + 1 : 0), true))
        break
    }
  }
  if (recipe.surplus !== "none") {
    results.push({ id: "9999", ...(recipe.surplus === "traced" && { objectWriteTraceId: "t-foreign" }) })
  }
  if (recipe.unattributed) errors.push({ message: "somewhere" })
  const shuffled = swapped(results, recipe.swap)
    .map((result, index) => ({ result, key: recipe.order[index] ?? index }))
    .sort((a, b) => a.key - b.key)
    .map(({ result }) => (recipe.numeric ? { ...result, id: Number(result.id) } : result))
  // As it comes from the wire.
  return Option.getOrThrow(
    BatchResponse.salvage({
      status: recipe.status,
      results: shuffled,
      ...(errors.length > 0 && { errors })
    })
  ).response
}

const key = (input: Plan.TracedInput) => JSON.stringify(Object.entries(input.properties).sort())

/** The trace ids or the keys that a context has under a name. */
const valuesIn = (context: unknown, name: string): ReadonlyArray<string> =>
  [(context as Readonly<Record<string, string | ReadonlyArray<string>>> | undefined)?.[name] ?? []].flat()

/**
 * The oracle, written without a look at the module: it goes through every way the results can belong to
 * inputs, and an input is settled when all ways agree.
 */
const oracle = (
  inputs: ReadonlyArray<Plan.TracedInput>,
  reply: BatchResponse.BatchResponse,
  keyed: boolean
) => {
  const indices = inputs.map((_, index) => index)
  const byKey = (value: unknown) => (keyed ? indices.filter((index) => keyOf(index) === value) : [])
  const equal = (name: string, a: string, b: string) =>
    a === b || (name === "price" && Number(a) === Number(b))
  /** The input a result is of by its word: that of its trace id, or else that of its key. */
  const ownerOf = ({ objectWriteTraceId, properties }: CrmObject.CrmObject): string | undefined =>
    objectWriteTraceId ?? byKey(properties?.[keyProperty]).map(traceOf)[0]
  const loose = reply.results.filter((result) => ownerOf(result) === undefined)
  const resultsOf = (index: number) => reply.results.filter((result) => ownerOf(result) === traceOf(index))
  const owners = (id: string) =>
    new Set(reply.results.filter((result) => result.id === id).flatMap((result) => ownerOf(result) ?? []))
      .size + loose.filter((result) => result.id === id).length

  const namedBy = ({ context, errors }: ErrorBody.StandardError): ReadonlyArray<number> => {
    const contexts = [context, ...(errors ?? []).map((detail) => detail.context)]
    const all = (name: string) => contexts.flatMap((one) => valuesIn(one, name))
    const traceIds = all("objectWriteTraceId")
    return traceIds.length > 0
      ? indices.filter((index) => traceIds.includes(traceOf(index)))
      : [...all("id"), ...all("ids")].flatMap(byKey)
  }
  // What HubSpot is still at work on is not refused yet.
  const unfinished = reply.status === "PENDING"
  const blamed = new Set(unfinished ? [] : (reply.errors ?? []).flatMap(namedBy))
  const unattributed = (reply.errors ?? []).filter((error) => namedBy(error).length === 0).length

  // Results that are another input's than their trace ids say.
  const shown = (index: number, { properties }: CrmObject.CrmObject) =>
    Object.entries(inputs[index]!.properties).filter(([name]) => typeof properties?.[name] === "string")
  const names = (index: number, result: CrmObject.CrmObject, agree: boolean) =>
    shown(index, result)
      .filter(([name, value]) => equal(name, value, result.properties![name]!) === agree)
      .map(([name]) => name)
  const same = (index: number, result: CrmObject.CrmObject) => names(index, result, true)
  const other = (index: number, result: CrmObject.CrmObject) => names(index, result, false)
  const doubted = new Set<number>()
  for (const index of indices) {
    for (const result of reply.results.filter((one) => one.objectWriteTraceId === traceOf(index))) {
      const shownKey = result.properties?.[keyProperty]
      if (keyed && typeof shownKey === "string") {
        for (const owner of byKey(shownKey)) if (owner !== index) doubted.add(index).add(owner)
        continue
      }
      const meant = indices.filter(
        (one) =>
          other(one, result).length === 0 &&
          same(one, result).some((name) => other(index, result).includes(name))
      )
      if (meant.length > 0) doubted.add(index)
      for (const one of meant) {
        const hasOwn = resultsOf(one).some(
          (own) => other(one, own).length === 0 && other(index, own).length > 0
        )
        if (!hasOwn) doubted.add(one)
      }
    }
  }

  const settled = indices.map((index) => {
    if (doubted.has(index)) return "contradiction"
    const ids = new Set(resultsOf(index).map((result) => result.id))
    if (ids.size === 0) return blamed.has(index) ? "rejected" : "open"
    const [id] = ids
    return ids.size === 1 && !blamed.has(index) && owners(id!) === 1 ? `created ${id}` : "doubt"
  })

  const open = indices.filter((index) => settled[index] === "open" || settled[index] === "contradiction")
  const usable = loose.filter((result) => owners(result.id) === 1)
  const isIn = (result: CrmObject.CrmObject, index: number, hidden: boolean) =>
    Object.entries(inputs[index]!.properties).every(([name, value]) => {
      const got = result.properties?.[name]
      return got == null ? hidden : got === value || (name === "price" && Number(got) === Number(value))
    })
  const fits = (result: CrmObject.CrmObject, index: number) => isIn(result, index, false)
  const single = inputs.length === 1 && open.length === 1 && usable.length === 1
  const mayFit = (result: CrmObject.CrmObject, index: number) => single || isIn(result, index, true)
  const waysFor = (some: ReadonlyArray<CrmObject.CrmObject>): ReadonlyArray<ReadonlyArray<number>> => {
    const ways: Array<ReadonlyArray<number>> = []
    const go = (chosen: ReadonlyArray<number>): void => {
      if (chosen.length === some.length) {
        ways.push(chosen)
        return
      }
      for (const index of open) {
        if (!chosen.includes(index) && mayFit(some[chosen.length]!, index)) go([...chosen, index])
      }
    }
    go([])
    return ways
  }
  const possible = usable.filter((result) => open.some((index) => mayFit(result, index)))
  const isTooMany = waysFor(possible).length === 0
  const placeable = isTooMany
    ? possible.filter((result) => open.some((index) => fits(result, index)))
    : possible
  const ways = waysFor(placeable)
  // As many records as inputs that nothing is said of, and nothing that is odd: each of them is one of these.
  const foreign = reply.results.some(
    ({ objectWriteTraceId }) =>
      objectWriteTraceId != null && !indices.some((index) => traceOf(index) === objectWriteTraceId)
  )
  const counted =
    !foreign &&
    unattributed === 0 &&
    doubted.size === 0 &&
    reply.results.every(({ id }) => owners(id) === 1) &&
    placeable.length === loose.length &&
    loose.length === open.length
  // Which class of identical inputs each result belongs to, if all ways agree on it, and it says so or the count does.
  const certain = placeable.map((result, n) => {
    const classes = new Set(ways.map((way) => key(inputs[way[n]!]!)))
    const isSaid = ways.length > 0 && (single || counted || fits(result, ways[0]![n]!))
    return classes.size === 1 && isSaid ? [...classes][0]! : undefined
  })
  // As many errors as inputs that name nothing, and nothing else.
  const refused =
    reply.status === "COMPLETE" &&
    reply.results.length === 0 &&
    reply.errors?.length === inputs.length &&
    reply.errors.every(({ context, errors }) => context === undefined && errors === undefined)
  return { settled, open, placeable, certain, unattributed, counted, refused }
}

describe("correlation", () => {
  const correlate = (recipe: Recipe) =>
    correlateReply(inputsOf(recipe), replyOf(recipe), recipe.keyed ? keyProperty : undefined)

  it.prop(
    "agrees with the oracle on every reply, and holds its promises",
    [Recipe],
    ([recipe]) => {
      const inputs = inputsOf(recipe)
      const reply = replyOf(recipe)
      const account = correlate(recipe)
      const expected = oracle(inputs, reply, recipe.keyed)

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
        else if (settled === "contradiction") {
          assert.strictEqual(verdict._tag === "Unaccounted" ? verdict.why : verdict._tag, settled)
          assert.isDefined(verdict._tag === "Unaccounted" ? verdict.seen : undefined)
        } else if (settled !== "open") {
          assert.strictEqual(verdict._tag === "Done" ? `created ${verdict.object.id}` : verdict._tag, settled)
        } else assert.strictEqual(verdict._tag === "Rejected", expected.refused)
        const why = verdict._tag === "Unaccounted" ? verdict.why : verdict._tag
        if (why === "unassigned") assert.isTrue(expected.counted)
        if (expected.counted) assert.notInclude(["missing", "ambiguous"], why)
      }

      // Each class of identical inputs has just the ids that are certain to be of it, as far as its inputs are not in doubt for
      // other reasons: no doubt too many, no certainty too many.
      const byClass = new Map<string, Array<string>>()
      for (const [result, of] of expected.certain.entries()) {
        if (of !== undefined) byClass.set(of, [...(byClass.get(of) ?? []), expected.placeable[result]!.id])
      }
      const given = new Map<string, Array<string>>()
      const room = new Map<string, number>()
      for (const index of expected.open) {
        const verdict = account.verdicts[index]!
        const of = key(inputs[index]!)
        if (verdict._tag === "Done") given.set(of, [...(given.get(of) ?? []), verdict.object.id])
        if (expected.settled[index] === "open") room.set(of, (room.get(of) ?? 0) + 1)
      }
      for (const [of, certain] of byClass) {
        const own = given.get(of) ?? []
        assert.isTrue(own.every((id) => certain.includes(id)))
        assert.lengthOf(own, Math.min(certain.length, room.get(of) ?? 0))
      }
      for (const of of given.keys()) assert.isTrue(byClass.has(of))

      // What fits no input is reported.
      const reported = new Set(account.surplus.map((object) => object.id))
      if (recipe.surplus === "traced" && recipe.swap === "none") assert.isTrue(reported.has("9999"))
      assert.lengthOf(account.unattributed, expected.unattributed)
    },
    { arbitrary: { runs: 4000 } }
  )

  it.prop(
    "tells the truth whenever HubSpot does",
    [Recipe],
    ([recipe]) => {
      const honest = {
        ...recipe,
        surplus: "none" as const,
        swap: "none" as const,
        // An error for the only input of a batch is of that input.
        unattributed: recipe.unattributed && recipe.inputs.length > 1,
        inputs: recipe.inputs.map((input) => ({
          ...input,
          echoed: true,
          fate: ["created", "rejected", "silent"].includes(input.fate) ? input.fate : ("silent" as const),
          named: input.named === "traceAndNext" ? ("trace" as const) : input.named
        }))
      }
      const inputs = inputsOf(honest)
      const account = correlate(honest)
      for (const [index, verdict] of account.verdicts.entries()) {
        const input = honest.inputs[index]!
        if (verdict._tag === "Done" && inputs.length > 1) {
          const source = Number(verdict.object.id) - 1000
          assert.strictEqual(honest.inputs[source]!.fate, "created")
          assert.strictEqual(key(inputs[source]!), key(inputs[index]!), "an identical input at least")
        }
        if (verdict._tag === "Rejected") assert.strictEqual(input.fate, "rejected")
        if (input.traced && input.fate === "created") assert.strictEqual(verdict._tag, "Done")
        if (input.fate !== "rejected" || honest.status === "PENDING") continue
        const isNamed = input.named !== "foreignBesideKey" && (honest.keyed || input.named !== "key")
        assert.strictEqual(verdict._tag === "Rejected", isNamed)
      }
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "gives no input the id of another record, however trace ids are mixed up, where values or keys are shown",
    [Recipe],
    ([recipe]) => {
      const mixed = {
        ...recipe,
        surplus: "none" as const,
        inputs: recipe.inputs.map((input) => ({
          ...input,
          price: input.price === "none" ? ("2" as const) : input.price,
          traced: true,
          echoed: true,
          keyEchoed: true,
          repeated: false,
          fate: ["created", "silent"].includes(input.fate) ? input.fate : ("created" as const)
        }))
      }
      const valueOf = (index: number) => {
        const { name, price } = mixed.inputs[index]!
        return recipe.keyed ? keyOf(index) : `${name} ${Number(price)}`
      }
      for (const [index, verdict] of correlate(mixed).verdicts.entries()) {
        if (verdict._tag === "Done") {
          assert.strictEqual(valueOf(Number(verdict.object.id) - 1000), valueOf(index))
        } else if (recipe.swap === "none") assert.strictEqual(mixed.inputs[index]!.fate, "silent")
      }
    },
    { arbitrary: { runs: 2000 } }
  )

  it("as many errors as inputs, and nothing else, refuse all of them", () => {
    const inputs = ["a", "b"].map((name, index) => ({
      properties: { name },
      objectWriteTraceId: traceOf(index)
    }))
    const error = { category: "VALIDATION_ERROR", message: "no" }
    const tagsOf = (response: Partial<BatchResponse.BatchResponse>) =>
      correlateReply(inputs, { status: "COMPLETE", results: [], ...response }).verdicts.map(
        ({ _tag }) => _tag
      )
    const refused = ["Rejected", "Rejected"]
    const open = ["Unaccounted", "Unaccounted"]
    assert.deepStrictEqual(tagsOf({ errors: [error, error] }), refused)
    assert.deepStrictEqual(tagsOf({ errors: [error, { message: "of another kind" }] }), refused)
    assert.deepStrictEqual(tagsOf({ errors: [error] }), open)
    assert.deepStrictEqual(tagsOf({ errors: [error, error, error] }), open)
    assert.deepStrictEqual(tagsOf({ errors: [error, error], results: [{ id: "1" }] }), open)
    for (const status of ["PENDING", "PROCESSING", "CANCELED", "ODD"]) {
      assert.deepStrictEqual(tagsOf({ status, errors: [error, error] }), open, status)
    }
    for (const category of ["INTERNAL_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"]) {
      assert.deepStrictEqual(tagsOf({ errors: [error, { ...error, category }] }), open, category)
    }
    for (const context of [{ objectWriteTraceId: ["t-foreign"] }, { ids: ["7"] }]) {
      assert.deepStrictEqual(tagsOf({ errors: [error, { ...error, context }] }), open)
    }
    const { verdicts } = correlateReply(inputs, { status: "COMPLETE", results: [], errors: [error, error] })
    assert(verdicts[0]?._tag === "Rejected")
    assert.lengthOf(verdicts[0].errors, 1, "what is said of all is said once")
  })

  it("says which records have to be read, and what of them", () => {
    const inputs = [{ name: "a" }, { name: "b", price: "2" }, { name: "c" }].map((properties, index) => ({
      properties,
      objectWriteTraceId: traceOf(index)
    }))
    const ids = ["1", "2", "3"]
    const reply = (
      of: (id: string) => CrmObject.CrmObject,
      more: Partial<BatchResponse.BatchResponse> = {}
    ) => {
      const end = BatchState.endOf({ status: "COMPLETE", results: ids.map(of), ...more })
      return { end, account: Correlation.correlate(inputs, end) }
    }
    const whys = ({ verdicts }: Correlation.Account) =>
      verdicts.map((verdict) => (verdict._tag === "Unaccounted" ? verdict.why : verdict._tag))

    const bare = reply((id) => ({ id, properties: { createdate: "2026-11-23" } }))
    assert.deepStrictEqual(whys(bare.account), ["unassigned", "unassigned", "unassigned"])
    assert.deepStrictEqual(bare.account.unread, { ids, properties: ["name", "price"] })
    assert.lengthOf(bare.account.surplus, 0)

    // One record of three is read: it is of its input, and the others stay as they were.
    const seen = Correlation.withRecords(bare.end, [{ id: "2", properties: { name: "c", price: null } }])
    const later = Correlation.refined(bare.account, Correlation.correlate(inputs, seen))
    assert.deepStrictEqual(whys(later), ["unassigned", "unassigned", "Done"])
    assert.strictEqual(
      later.verdicts[0]?._tag === "Unaccounted" && later.verdicts[0].seen,
      "created under one of 1, 3"
    )

    // A count that does not come out proves nothing, and neither does a reply that contradicts itself.
    for (const odd of [
      reply((id) => ({ id }), { results: [{ id: "1" }, { id: "2" }] }),
      reply((id) => ({ id }), { errors: [{ message: "of no input" }] }),
      reply((id) => ({ id: id === "3" ? "2" : id })),
      reply((id) => ({ id, ...(id === "3" && { objectWriteTraceId: "t-foreign" }) }))
    ]) {
      assert.notInclude(whys(odd.account), "unassigned")
      assert.notInclude(whys(odd.account), "Done")
    }

    // A record with the content of none of them is not given away.
    const strange = Correlation.withRecords(
      bare.end,
      ids.map((id) => ({ id, properties: { name: "z" } }))
    )
    assert.deepStrictEqual(whys(Correlation.refined(bare.account, Correlation.correlate(inputs, strange))), [
      "unassigned",
      "unassigned",
      "unassigned"
    ])
  })

  it("errors of the server's own are no refusals, odd ids no evidence", () => {
    const inputs = [{ properties: { name: "a" }, objectWriteTraceId: "t-0" }]
    const tagOf = (response: BatchResponse.BatchResponse) =>
      correlateReply(inputs, response).verdicts.map((verdict) => verdict._tag)[0]
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
      correlateReply(inputs, response).verdicts.map((verdict) =>
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
    const { verdicts } = correlateReply(inputs, { status: "COMPLETE", results: results.toReversed() })
    assert.lengthOf(verdicts, 100)
  })
})

describe("the key property", () => {
  const inputs = ["A", "B", "C"].map((key) => ({
    properties: { name: "Chair", import_key: key },
    objectWriteTraceId: `t-${key}`
  }))
  const idsOf = (results: BatchResponse.BatchResponse["results"], keyProperty?: string) =>
    correlateReply(inputs, { status: "COMPLETE", results }, keyProperty).verdicts.map((verdict) =>
      verdict._tag === "Done" ? verdict.object.id : verdict._tag === "Unaccounted" ? verdict.why : "Rejected"
    )
  const seenOf = (results: BatchResponse.BatchResponse["results"]) =>
    correlateReply(inputs, { status: "COMPLETE", results }, "import_key").verdicts.map((verdict) =>
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
    const { surplus } = correlateReply(inputs, { status: "COMPLETE", results }, "import_key")
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
    judgeReply(identities, response).verdicts.map((verdict) => verdict._tag)

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
    const { unattributed, verdicts } = correlateReply(
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
    const { unattributed, verdicts } = judgeReply(
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
    const { verdicts } = judgeReply([{ id }], {
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
    correlateReply(inputsOf(all), {
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
    const { verdicts } = correlateReply(inputsOf([a, b]), {
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
      assert.deepStrictEqual(
        told([{ x: sent }, { x: other }], [{ x: shown }, { x: other }], [1, 0]),
        both,
        sent
      )
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
    const { surplus, verdicts } = correlateReply(inputsOf([a, b, c]), {
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
    const { verdicts } = judgeReply(
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
      const { surplus, verdicts } = correlateReply(inputsOf([{ name: "a" }, { name: "b" }]), {
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

  it("that is an error's as well, or another record's, contradicts itself, and all of it is told", () => {
    const seen = (results: BatchResponse.BatchResponse["results"], refused: boolean) => {
      const [verdict] = correlateReply(inputsOf([{ name: "a" }]), {
        status: "COMPLETE",
        results: results.map((result) => ({ ...result, objectWriteTraceId: "t-0" })),
        ...(refused && { errors: [{ message: "no", context: { objectWriteTraceId: ["t-0"] } }] })
      }).verdicts
      return verdict?._tag === "Unaccounted" ? `${verdict.why}: ${verdict.seen}` : verdict?._tag
    }
    assert.strictEqual(seen([{ id: "1" }], true), "contradiction: id 1 and an error came for it")
    assert.strictEqual(seen([{ id: "1" }, { id: "2" }], false), "contradiction: id 1 and id 2 came for it")
    assert.strictEqual(
      seen([{ id: "" }], true),
      "contradiction: no id that can be read and an error came for it"
    )
    assert.strictEqual(seen([{ id: "\u001b[2J" }, { id: "\u001b[2J" }], false), "noId: undefined")
  })

  it("whose own hs_object_id is another one is not believed to be under its id", () => {
    const why = (id: string, own: string | null, traced = true) => {
      const { surplus, verdicts } = correlateReply(inputsOf([{ name: "a" }]), {
        status: "COMPLETE",
        results: [{ id, properties: { hs_object_id: own }, ...(traced && { objectWriteTraceId: "t-0" }) }]
      })
      return verdicts.map((verdict) =>
        verdict._tag === "Unaccounted"
          ? [verdict.why, verdict.seen, surplus.length]
          : [verdict._tag, surplus.length]
      )[0]
    }
    assert.deepStrictEqual(why("5", "2000"), ["contradiction", "id 5 and id 2000 came for it", 0])
    assert.deepStrictEqual(why("5", "2000", false), ["missing", undefined, 1])
    assert.deepStrictEqual(why("5", "5"), ["Done", 0])
    assert.deepStrictEqual(why("5", null), ["Done", 0])
    // It is said at least.
    assert.deepStrictEqual(why("", "2000"), ["noId", "its hs_object_id is 2000", 0])
  })

  it("of a full batch that HubSpot has changed altogether is looked into in milliseconds", () => {
    const all = Array.from({ length: 100 }, (_, n) => ({
      name: `Seat ${n} é`,
      description: "x".repeat(2000),
      price: `${n}.995`
    }))
    const shown = all.map(({ name }, n) => ({
      name: `${name} (EUR)`,
      description: "y",
      price: String(n + 1)
    }))
    assert.deepStrictEqual(
      told(all, shown),
      all.map((_, n) => String(n))
    )
  })
})

describe("the end of a batch", () => {
  const ended = (_tag: "Complete" | "Canceled" | "UnknownStatus" | "Stuck" | "Left") => {
    const inputs = ["a", "b", "c"].map((name) => ({ properties: { name }, objectWriteTraceId: `t-${name}` }))
    const response = {
      results: [{ id: "7", objectWriteTraceId: "t-a" }],
      errors: [{ message: "no", context: { objectWriteTraceId: ["t-b"] } }]
    }
    return Correlation.correlate(inputs, { _tag, response }).verdicts.map((verdict) =>
      verdict._tag === "Unaccounted" ? verdict.why : verdict._tag
    )
  }

  it("decides what its errors prove, and why an input is left out; what was created counts", () => {
    assert.deepStrictEqual(ended("Complete"), ["Done", "Rejected", "missing"])
    for (const tag of ["Canceled", "UnknownStatus"] as const) {
      assert.deepStrictEqual(ended(tag), ["Done", "Rejected", "unfinished"])
    }
    for (const tag of ["Stuck", "Left"] as const) {
      assert.deepStrictEqual(ended(tag), ["Done", "unfinished", "unfinished"])
    }
  })
})
