import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Random, Result, Stream } from "effect"
import { gateway, good, hubspot, type Input, key, rule, run, some } from "../../support/doubt.ts"

describe("atLeastOnce", () => {
  const strategy = DoubtStrategy.atLeastOnce()

  it.effect("sends what is in doubt again, and marks what may be twice", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(150), { strategy, concurrency: 1 })
      assert.deepStrictEqual(counts, { "response?": 100, response: 50 })
      assert.lengthOf(created, 250)
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway })])))
  )

  it.effect("does not take a refusal after a doubt for a rejection", () =>
    Effect.gen(function* () {
      const { counts } = yield* run(some(3), { strategy })
      assert.deepStrictEqual(counts, { InDoubt: 3 })
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "afterCommit", reply: gateway }),
          rule({ place: "rejectInputs" }, { path: "*/batch/create", nth: 2 })
        ])
      )
    )
  )
})

describe("reconcile", () => {
  const strategy = DoubtStrategy.reconcile()
  const options = { strategy, keyProperty: "line_item_key" }

  it.effect("finds what was created, after the quiet period, and sends nothing again", () =>
    Effect.gen(function* () {
      const { counts, created, requests } = yield* run(some(100), options)
      assert.deepStrictEqual(counts, { reconciled: 100 })
      assert.lengthOf(created, 100)
      const [create, search] = requests
      assert.isAtLeast(search!.at - create!.at, 150_000)
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway })], 20_000)))
  )

  it.effect("waits for what is applied late, and sends again what is absent three times", () =>
    Effect.gen(function* () {
      const late = yield* run(some(10), options)
      assert.deepStrictEqual(late.counts, { reconciled: 10 })
      assert.lengthOf(late.created, 10)
    }).pipe(
      Effect.provide(hubspot([rule({ place: "lateApply", delayMillis: 100_000, reply: gateway })], 20_000)),
      Effect.andThen(
        Effect.gen(function* () {
          const lost = yield* run(some(10), options)
          assert.deepStrictEqual(lost.counts, { response: 10 })
          assert.lengthOf(lost.created, 10)
          const searches = lost.requests.filter((request) => request.path.endsWith("/search"))
          assert.lengthOf(searches, 3)
          assert.isAtLeast(searches[2]!.at - searches[1]!.at, 10_000)
        }).pipe(Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway })])))
      )
    )
  )

  it.effect("a search that leaves records out proves nothing", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(10), options)
      assert.lengthOf(created, 10)
      assert.deepStrictEqual(counts, { InDoubt: 10 })
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "afterCommit", reply: gateway }),
          rule(
            { place: "afterCommit", reply: { kind: "tamper", tampering: [{ do: "emptyResults" }] } },
            { path: "*/search" }
          )
        ])
      )
    )
  )
})

describe("guard", () => {
  const options = { strategy: DoubtStrategy.guard(), keyProperty: key }

  it.effect("sends again at once; what exists is refused, and its id read", () =>
    Effect.gen(function* () {
      const { counts, created, outcomes } = yield* run(some(100), options)
      assert.deepStrictEqual(counts, { conflict: 100 })
      assert.lengthOf(created, 100)
      const ids = new Map(created.map((record) => [record.objectWriteTraceId, record.id]))
      for (const outcome of outcomes) {
        assert.strictEqual(
          outcome._tag === "Created" ? outcome.id : "",
          ids.get(`job-${outcome.index.toString(36)}`)
        )
      }
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway })])))
  )

  it.effect("half applied, it creates the other half", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(100), options)
      assert.deepStrictEqual(counts, { conflict: 40, response: 60 })
      assert.lengthOf(created, 100)
    }).pipe(Effect.provide(hubspot([rule({ place: "partialCommit", inputs: 40, reply: gateway })])))
  )

  it.effect("applied late, HubSpot refuses the late one", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(10), options)
      assert.deepStrictEqual(counts, { response: 10 })
      assert.lengthOf(created, 10)
    }).pipe(Effect.provide(hubspot([rule({ place: "lateApply", delayMillis: 60_000, reply: gateway })])))
  )

  it.effect("a conflict without a record proves nothing before the quiet period is over", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(5), options)
      assert.deepStrictEqual(counts, { conflict: 5 })
      assert.lengthOf(created, 5)
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "lateApply", delayMillis: 60_000, reply: gateway }),
          rule({ place: "rejectInputs", category: "CONFLICT" }, { path: "*/batch/create", nth: 2 })
        ])
      )
    )
  )

  it.effect("a rejection after a doubt is looked for after the quiet period, and verified", () =>
    Effect.gen(function* () {
      const bad = [{ properties: { name: "bad", price: "-1" } }, good(1)]
      const { counts, created, outcomes } = yield* run(bad, options)
      assert.deepStrictEqual(counts, { Rejected: 1, conflict: 1 })
      assert.lengthOf(created, 1)
      assert.isTrue(outcomes.some((outcome) => outcome._tag === "Rejected" && outcome.verifiedAbsent))
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway })])))
  )

  it.effect("the same job again creates nothing and knows every id", () =>
    Effect.gen(function* () {
      const first = yield* run(some(30), options)
      const second = yield* run(some(30), options)
      assert.deepStrictEqual(second.counts, { conflict: 30 })
      assert.lengthOf(second.created, 30)
      const idsOf = (outcomes: ReadonlyArray<Outcome.Outcome<Input>>) =>
        outcomes.map((outcome) => [outcome.index, outcome._tag === "Created" ? outcome.id : ""]).sort()
      assert.deepStrictEqual(idsOf(second.outcomes), idsOf(first.outcomes))
    }).pipe(Effect.provide(hubspot([])))
  )
})

describe("keys", () => {
  it.effect("empty ones, blank ones and those used twice are invalid; the others go", () =>
    Effect.gen(function* () {
      const outcomes = yield* Stream.make("A", "", "B ", "A", "C").pipe(
        BulkCreate.outcomesWith({
          strategy: DoubtStrategy.guard(),
          keyProperty: key,
          keyOf: (sku) => sku,
          toInput: (sku) => Result.succeed({ properties: { name: `Chair ${sku}` } })
        }),
        Stream.runCollect
      )
      const told = outcomes.map((outcome) => [outcome.index, outcome._tag]).sort()
      assert.deepStrictEqual(told, [
        [0, "Created"],
        [1, "Invalid"],
        [2, "Invalid"],
        [3, "Invalid"],
        [4, "Created"]
      ])
      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.deepStrictEqual(created.map((record) => record.properties[key]).sort(), ["A", "C"])
    }).pipe(Effect.provide(hubspot([])), Random.withSeed("keys"))
  )

  it.effect("what an input has in the key property is its key; none of the others can take a made one", () =>
    Effect.gen(function* () {
      const outcomes = yield* Stream.make("A", undefined, "A", "job:1", "job:4", "other:4").pipe(
        Stream.map((own) => ({ properties: { name: "Chair", ...(own !== undefined && { [key]: own }) } })),
        BulkCreate.outcomes({ jobId: "job", strategy: DoubtStrategy.guard(), keyProperty: key }),
        Stream.runCollect
      )
      const issues = outcomes.flatMap((outcome) => (outcome._tag === "Invalid" ? [outcome.issues] : []))
      assert.deepStrictEqual(
        issues.flat().map(({ message }) => message),
        ['key "A" is used twice, first in input 1', 'key "job:1" looks like one made for this job']
      )
      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.deepStrictEqual(created.map((record) => record.properties[key]).sort(), [
        "A",
        "job:1",
        "job:4",
        "other:4"
      ])
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("a strategy that goes by a key does not run without one", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        // @ts-expect-error: nor does it compile
        Stream.runDrain(BulkCreate.outcomes({ strategy: DoubtStrategy.guard() })(Stream.make(good(1))))
      )
      assert.isTrue(Exit.hasDies(exit))
    }).pipe(Effect.provide(hubspot([])))
  )
})
